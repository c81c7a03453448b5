/**
 * Functional simulation of compiled networks: what the chip answers, what every population sends and everything that
 * MachineCounts counts, on the fast engine where it can say so exactly, else on the machine that follows every message.
 */
import type { ChipProgram } from '../backends/program/program.ts';
import { createMachine, type HostStop, type PopulationEmission } from './chip.ts';
import { addMachineCounts, type MachineCounts } from './counts.ts';
import { createEngine } from './engine/engine.ts';
import { countAll } from './engine/tally.ts';
import { createStreamingMachine } from './streaming.ts';

/** Steps of one image come in their order; images may come in any. */
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
  /** Threads beside this one. */
  readonly workers?: number | undefined;
}

/** Errors: E0703 programs whose tables lead nowhere, or at the wrong time. */
export function createSimulator(
  programs: readonly ChipProgram[],
  _options: SimulatorOptions = {},
): Simulator {
  const engine = createEngine(programs);
  if (engine === undefined) return slowSimulator(programs);
  const { wiring, bins, places } = engine;
  let slow: Simulator | undefined;
  return {
    run: (images, observe, stop) =>
      images.map((image, number) => {
        const seen = new Set<string>();
        const outcome = engine.run(
          image,
          observe &&
            ((step, population, emission) => {
              seen.add(`${step} ${population}`);
              observe(number, step, population, emission);
            }),
          stop,
        );
        if (outcome !== undefined) return outcome.readouts;
        slow ??= slowSimulator(programs);
        const rest: SimulatorObserver | undefined =
          observe &&
          ((_, step, population, emission) => {
            if (!seen.has(`${step} ${population}`)) observe(number, step, population, emission);
          });
        return slow.run([image], rest, stop)[0]!;
      }),
    get counts() {
      const counts = countAll(wiring, bins, places, engine.tallies);
      if (slow !== undefined) addMachineCounts(counts, slow.counts);
      return counts;
    },
    tilePopulations: wiring.tiles.map(({ program }) => program.population),
    close: () => {},
  };
}

/** The machine that follows every message. Images that pass through time follow each other as closely as they may. */
export function slowSimulator(programs: readonly ChipProgram[]): Simulator {
  const isStreaming = programs[0]?.header.mode === 'streaming';
  if (!isStreaming) {
    const machine = createMachine(programs);
    return {
      run: (images, observe, stop) =>
        images.map((image, number) =>
          machine.run(image, observe && ((...sent) => observe(number, ...sent)), stop),
        ),
      counts: machine.counts,
      tilePopulations: machine.tilePopulations,
      close: () => {},
    };
  }
  const machine = createStreamingMachine(programs);
  return {
    run: (images, observe) =>
      machine
        .runStream(images, observe && ((image, population, sent) => observe(image, 1, population, sent)))
        .map(readout => [readout]),
    counts: machine.counts,
    tilePopulations: machine.tilePopulations,
    close: () => {},
  };
}
