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
import type { StepTraffic } from '../noc/traffic.ts';
import { type BoundTerms, boundTerms, checkBound } from './bound.ts';
import { type CoreCosts, coreCosts } from './costs.ts';
import { type StepEnd, stepEnd, withEnd } from './floor.ts';
import { NO_LIST } from './lists.ts';
import { createSends } from './sends.ts';
import { clearTally, countArrivals, countHops, createTally, type StepTally } from './tally.ts';
import { type Wiring, wire } from './wiring.ts';

export interface FreeStep {
  readonly times: StepTimes;
  /** With barrier or tick. */
  readonly total: number;
  readonly terms: BoundTerms;
  readonly tally: StepTally;
  readonly traffic: StepTraffic;
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

/** A tile's neurons, their classes and lists, side by side. */
interface Row {
  readonly size: number;
  readonly classOf: Int32Array | undefined;
  readonly lists: Int32Array;
}

function createFreeTraffic(
  { header, cores, lists, host }: Wiring,
  costs: CoreCosts,
): (step: LifStep) => { readonly traffic: StepTraffic; readonly tally: StepTally } {
  const tally = createTally(cores.length, header.populations.length);
  const sends = createSends(lists.starts.length - 1);
  const starts = new Int32Array(cores.length + 1);
  const tail = new Float64Array(cores.length);
  const rows = cores.map(({ tiles }) =>
    tiles.map(({ program: { box }, classes, lists: own }): Row => {
      const [groups, wide, channels] = [box.group, box.row, box.channel].map(([from, to]) => to - from);
      return { size: groups! * wide! * channels!, classOf: classes.of, lists: Int32Array.from(own) };
    }),
  );
  const neurons = rows.map(own => own.reduce((n, { size }) => n + size, 0));
  const { updateActive, updateInactive, spikeOut } = costs;

  function takeTurns(core: number, { events, fired, updated }: LifStep, firstTile: number): void {
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
    rows[core]!.forEach(({ size, classOf, lists: own }, t) => {
      const isUpdated = updated(firstTile + t);
      let next = 0;
      for (let f = fired.starts[firstTile + t]!; f < fired.starts[firstTile + t + 1]!; f++) {
        const neuron = fired.neurons[f]!;
        take(isUpdated, next, neuron + 1);
        spend(spikeOut);
        next = neuron + 1;
        const list = own[classOf === undefined ? 0 : classOf[neuron]!]!;
        if (list !== NO_LIST) sends.send(list);
      }
      take(isUpdated, next, size);
    });
    const { perCore } = tally;
    perCore.updates[core] = neurons[core]!;
    perCore.active[core] = events.updated[core]!;
    perCore.spikes[core] = events.fired[core]!;
    perCore.updateTicks[core] = ticks;
  }

  return step => {
    clearTally(tally);
    sends.clear();
    let tile = 0;
    for (let core = 0; core < cores.length; core++) {
      starts[core] = sends.count();
      takeTurns(core, step, tile);
      tile += rows[core]!.length;
      tail[core] = sends.rest();
      tally.perCore.sent[core] = sends.messages(lists.starts);
    }
    starts[cores.length] = sends.count();
    sends.eachList((list, times) => {
      countArrivals(tally, lists, list, times);
      countHops(tally, lists, list, times);
    });
    const hosts = Array.from(
      step.host,
      element => host.lists[host.classes.of === undefined ? 0 : host.classes.of[element]!]!,
    );
    const sent = Int32Array.from(hosts.filter(list => list !== NO_LIST));
    for (const list of sent) countArrivals(tally, lists, list, 1);
    return { traffic: { starts, tail, ...sends.columns(), host: sent }, tally };
  };
}
