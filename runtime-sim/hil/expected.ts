/** What a device must answer to an image, by chip timestep and population, from the simulator. */
import type { ChipProgram } from '../../backends/program/program.ts';
import type { Simulator } from '../simulator.ts';
import type { Schedule } from './schedule.ts';
import { hashSpikes, type Spikes, spikesOf } from './spikes.ts';

/** Of one image. */
export interface Expected {
  readonly image: Float64Array;
  /** Payloads of a population in a step, by neuron. */
  sent(population: number, step: number): Int32Array;
  /** What a readout holds after a step, by neuron. */
  held(population: number, step: number): Int32Array;
  /** Hash of the spikes of each turn of the schedule. */
  readonly hashes: readonly Uint8Array[];
}

export function expectImages(
  simulator: Pick<Simulator, 'run'>,
  images: readonly Float64Array[],
  schedule: Schedule,
  header: ChipProgram['header'],
): readonly Expected[] {
  const sent = images.map(() => new Map<string, Int32Array>());
  const held = images.map(() => new Map<string, Int32Array>());
  simulator.run(images, (image, step, population, emission) => {
    const key = `${population} ${step}`;
    sent[image]!.set(key, emission.values.slice());
    if (schedule.readouts.has(population)) held[image]!.set(key, emission.sums.slice());
  });
  const none = (population: number) =>
    new Int32Array(header.populations[population]!.shape.reduce((a, b) => a * b, 1));
  return images.map((image, number): Expected => {
    const of = (from: ReadonlyMap<string, Int32Array>) => (population: number, step: number) =>
      from.get(`${population} ${step}`) ?? none(population);
    const sentOf = of(sent[number]!);
    const hashes = schedule.turns.map(({ population, step, neurons }) =>
      hashSpikes(spikesOf(sentOf(population, step), neurons)),
    );
    return { image, sent: sentOf, held: of(held[number]!), hashes };
  });
}

/** Spikes of one turn. */
export const expectedSpikes = (expected: Expected, turn: Schedule['turns'][number]): Spikes =>
  spikesOf(expected.sent(turn.population, turn.step), turn.neurons);
