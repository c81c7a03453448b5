/**
 * Functional simulation of compiled networks: what the chip answers, what every population sends and everything that
 * MachineCounts counts, on the fast engine where it can say so exactly, else on the machine that follows every message.
 * The same results for any number of workers.
 */
import { availableParallelism } from 'node:os';
import type { ChipProgram } from '../backends/program/program.ts';
import { createMachine, type HostStop, type MachineObserver, type PopulationEmission } from './chip.ts';
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
  let pool: Pool | null | undefined;
  const findEngine = () => {
    engine ??= createEngine(plan) ?? null;
    return engine;
  };
  /** On this thread; what the engine cannot say exactly follows every message. */
  const runSelf = (image: Float64Array, observe: MachineObserver | undefined, stop: HostStop | undefined) => {
    const readouts = findEngine()?.run(image, observe, stop);
    if (readouts !== undefined) return readouts;
    slow ??= slowSimulator(programs);
    return slow.run([image], observe && ((_, ...sent) => observe(...sent)), stop)[0]!;
  };
  /** Threads work beside the engine of this one, which has the weights. */
  const findPool = (images: number): Pool | null => {
    const size = Math.min(workers, images);
    if (size < 2) return null;
    if (pool === undefined) {
      const rooms = findEngine()?.divide(size) ?? [];
      pool = (rooms.length > 1 && createPool(plan, rooms)) || null;
    }
    return pool;
  };
  return {
    run(images, observe, stop) {
      const show = observe && showOnce(observe);
      const self = (number: number) =>
        runSelf(images[number]!, show && ((...sent) => show(number, ...sent)), stop);
      const threads = findPool(images.length);
      if (threads === null) return images.map((_, number) => self(number));
      return threads.run(images, { observe: show, stop, runSelf: self });
    },
    get counts() {
      const tallies = [...(engine?.tallies ?? []), ...(pool?.tallies() ?? [])];
      const counts = countAll(plan.wiring, plan.bins, plan.places, tallies);
      if (slow !== undefined) addMachineCounts(counts, slow.counts);
      return counts;
    },
    tilePopulations: plan.wiring.tiles.map(({ program }) => program.population),
    close() {
      pool?.close();
    },
  };
}

/** An image that is run again, elsewhere, shows only what it has not shown yet. */
function showOnce(observe: SimulatorObserver): SimulatorObserver {
  const shown = new Set<string>();
  return (image, step, population, emission) => {
    const key = `${image} ${step} ${population}`;
    if (!shown.has(key)) observe(image, step, population, emission);
    shown.add(key);
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
