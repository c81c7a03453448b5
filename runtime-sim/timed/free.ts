/**
 * A free-running chip in time: who fired in a timestep, as the machines of runtime-sim/lif say it, to traffic and times.
 *
 * Cost  linear in the neurons that fire, the lists and the cores; silent neurons are counted, and visited only where some of
 *       their tile have nothing to do
 */
import type { ChipProgram } from '../../backends/program/program.ts';
import type { Target } from '../../backends/target.ts';
import type { LifStep } from '../lif/machine.ts';
import { createMesh } from '../noc/create-mesh.ts';
import { createStepEngine } from '../noc/engine.ts';
import type { Mesh } from '../noc/mesh.ts';
import type { StepTimes } from '../noc/step.ts';
import { boxSizes } from '../state.ts';
import { type BoundTerms, boundTerms, checkBound } from './bound.ts';
import { type CoreCosts, coreCosts } from './costs.ts';
import { type StepEnd, stepEnd, withEnd } from './floor.ts';
import { NO_LIST } from './lists.ts';
import { createStepFrame, type Step } from './traffic.ts';
import { listOf, type Wiring, wire } from './wiring.ts';

export interface FreeStep extends Step {
  readonly times: StepTimes;
  /** With barrier or tick. */
  readonly total: number;
  readonly terms: BoundTerms;
}

export interface FreeTimer {
  readonly wiring: Wiring;
  readonly mesh: Mesh;
  readonly end: StepEnd;
  readonly unknown: readonly string[];
  /** Times a step that was run; arrays are valid until the next one. Errors: E0730, E0731 */
  time(step: LifStep): FreeStep;
}

/** Needs: programs that a free-running machine has booted. Errors: E0732 */
export function createFreeTimer(
  programs: readonly ChipProgram[],
  target: Pick<Target, 'timing' | 'topology' | 'chips'>,
): FreeTimer {
  const { costs, unknown } = coreCosts(target.timing);
  const wiring = wire(programs, costs);
  const places = wiring.cores.map(({ chip, program: { x, y, slot } }) => ({ chip, x, y, slot }));
  const { mesh, unknown: unknownMesh } = createMesh(places, target, true);
  const end = stepEnd(target, wiring.cores);
  const engine = createStepEngine(mesh);
  const traffic = createFreeTraffic(wiring, costs);
  return {
    ...{ wiring, mesh, end, unknown: [...new Set([...unknown, ...unknownMesh, ...end.unknown])] },
    time(step) {
      const made = traffic(step);
      const times = engine.run(wiring.lists, made.traffic);
      const terms = boundTerms(made.tally, times, end);
      checkBound(step.step, times.ticks, terms);
      return { ...made, times, terms, total: withEnd(times.ticks, end) };
    },
  };
}

function createFreeTraffic(wiring: Wiring, costs: CoreCosts): (step: LifStep) => Step {
  const { cores, host } = wiring;
  const frame = createStepFrame(wiring);
  const { sends, tally } = frame;
  const sizes = cores.map(({ tiles }) =>
    tiles.map(({ program }) => boxSizes(program.box).reduce((a, b) => a * b, 1)),
  );
  const { updateActive, updateInactive, spikeOut } = costs;

  function takeTurns(core: number, { events, fired, updated }: LifStep): void {
    let ticks = 0;
    const spend = (n: number) => {
      sends.spend(n);
      ticks += n;
    };
    /** Turns of neurons from … to of a tile; `isUpdated` undefined: all had something to do. */
    const take = (isUpdated: Uint8Array | undefined, from: number, to: number) => {
      let resting = 0;
      if (isUpdated !== undefined) for (let i = from; i < to; i++) resting += 1 - isUpdated[i]!;
      spend((to - from - resting) * updateActive + resting * updateInactive);
    };
    cores[core]!.tiles.forEach((tile, t) => {
      const isUpdated = updated(tile.number);
      let next = 0;
      for (let f = fired.starts[tile.number]!; f < fired.starts[tile.number + 1]!; f++) {
        const neuron = fired.neurons[f]!;
        take(isUpdated, next, neuron + 1);
        spend(spikeOut);
        next = neuron + 1;
        const list = listOf(tile, neuron);
        if (list !== NO_LIST) sends.send(list);
      }
      take(isUpdated, next, sizes[core]![t]!);
    });
    const { perCore } = tally;
    perCore.updates[core] = sizes[core]!.reduce((a, b) => a + b, 0);
    perCore.active[core] = events.updated[core]!;
    perCore.spikes[core] = events.fired[core]!;
    perCore.updateTicks[core] = ticks;
  }

  return step =>
    frame.make(
      core => takeTurns(core, step),
      () => Int32Array.from(step.host, element => listOf(host, element)).filter(list => list !== NO_LIST),
    );
}
