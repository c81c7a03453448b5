/**
 * Functional simulation of compiled networks: what the chip answers, what every population sends and everything that
 * MachineCounts counts, on the fast engine where it can say so exactly, else on the machine that follows every message.
 * The same results for any number of workers.
 */
import { availableParallelism } from 'node:os';
import type { ChipProgram } from '../backends/program/program.ts';
import { createMachine, type HostStop, type PopulationEmission } from './chip.ts';
import { addMachineCounts, type MachineCounts } from './counts.ts';
import { createEngine, type Engine } from './engine/engine.ts';
import { type EnginePlan, planEngine } from './engine/plan.ts';
import { createPool, type Pool } from './engine/pool.ts';
import { countAll } from './engine/tally.ts';
import { createStreamingMachine } from './streaming.ts';

/** Steps of one image come in their order; those of several images may come between each other. */
export type SimulatorObserver = (
  image: number,
  step: number,
  population: number,
  emission: PopulationEmission,
) => void;

export interface Simulator {
  /** Of each image the readout after each step that was run; the host may `stop` after every step but the last. */
  run(
    images: readonly Float64Array[],
    observe?: SimulatorObserver,
    stop?: HostStop,
  ): readonly (readonly Float64Array[])[];
  /** Of all images so far. */
  readonly counts: MachineCounts;
  /** Population of every tile, by tile number. */
  readonly tilePopulations: readonly number[];
  close(): void;
}

export interface SimulatorOptions {
  /** Images that are run at a time, each on a thread. */
  readonly workers?: number | undefined;
}

/** One core is left to whoever waits. */
export const defaultWorkers = (): number => Math.max(1, availableParallelism() - 1);

/** Errors: E0703 programs whose tables lead nowhere, or at the wrong time. */
export function createSimulator(
  programs: readonly ChipProgram[],
  { workers = defaultWorkers() }: SimulatorOptions = {},
): Simulator {
  const plan = planEngine(programs);
  return plan === undefined ? slowSimulator(programs) : fastSimulator(programs, plan, workers);
}

function fastSimulator(programs: readonly ChipProgram[], plan: EnginePlan, workers: number): Simulator {
  let slow: Simulator | undefined;
  let engine: Engine | null | undefined;
  const pools: Pool[] = [];
  const findEngine = () => {
    engine ??= createEngine(plan) ?? null;
    return engine;
  };
  /** On this thread; what the engine cannot say exactly follows every message. */
  const runSelf: Simulator['run'] = (images, observe, stop) => {
    const engine = findEngine();
    return images.map((image, number) => {
      const seen = new Set<string>();
      const note: SimulatorObserver | undefined =
        observe &&
        ((_, step, population, emission) => {
          const key = `${step} ${population}`;
          if (!seen.has(key)) observe(number, step, population, emission);
          seen.add(key);
        });
      const readouts = engine?.run(image, note && ((...sent) => note(number, ...sent)), stop);
      if (readouts !== undefined) return readouts;
      slow ??= slowSimulator(programs);
      return slow.run([image], note, stop)[0]!;
    });
  };
  const poolOf = (images: number): Pool | undefined => {
    const size = Math.min(workers, images);
    // Threads work beside the engine of this one, which has the weights.
    const rooms = size > 1 && pools.length === 0 ? (findEngine()?.divide(size) ?? []) : [];
    if (rooms.length > 1) pools.push(...[createPool(plan, rooms)].flatMap(pool => pool ?? []));
    return size > 1 ? pools[0] : undefined;
  };
  return {
    run(images, observe, stop) {
      const pool = poolOf(images.length);
      if (pool === undefined) return runSelf(images, observe, stop);
      const seen = new Set<string>();
      const note: SimulatorObserver | undefined =
        observe &&
        ((image, step, population, emission) => {
          const key = `${image} ${step} ${population}`;
          if (!seen.has(key)) observe(image, step, population, emission);
          seen.add(key);
        });
      const rest = (image: number) =>
        runSelf([images[image]!], note && ((_, ...sent) => note(image, ...sent)), stop)[0]!;
      return pool.run(images, { observe: note, stop, runSelf: rest });
    },
    get counts() {
      const tallies = [...(engine?.tallies ?? []), ...pools.flatMap(pool => pool.tallies())];
      const counts = countAll(plan.wiring, plan.bins, plan.places, tallies);
      if (slow !== undefined) addMachineCounts(counts, slow.counts);
      return counts;
    },
    tilePopulations: plan.wiring.tiles.map(({ program }) => program.population),
    close() {
      for (const pool of pools) pool.close();
    },
  };
}

/** The machine that follows every message. Images that pass through time follow each other as closely as they may. */
export function slowSimulator(programs: readonly ChipProgram[]): Simulator {
  const close = () => {};
  if (programs[0]?.header.mode !== 'streaming') {
    const machine = createMachine(programs);
    const { counts, tilePopulations } = machine;
    const run: Simulator['run'] = (images, observe, stop) =>
      images.map((image, number) =>
        machine.run(image, observe && ((...sent) => observe(number, ...sent)), stop),
      );
    return { run, counts, tilePopulations, close };
  }
  const machine = createStreamingMachine(programs);
  const { counts, tilePopulations } = machine;
  const run: Simulator['run'] = (images, observe) =>
    machine
      .runStream(images, observe && ((image, population, sent) => observe(image, 1, population, sent)))
      .map(readout => [readout]);
  return { run, counts, tilePopulations, close };
}
