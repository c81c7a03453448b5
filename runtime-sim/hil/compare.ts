/** A reply of the device against what it must hold: hashes first, spikes only where they differ. */
import type { ChipProgram } from '../../backends/program/program.ts';
import type { ReplyOf } from '../device/messages.ts';
import type { Batch, Due } from './batch.ts';
import { type Expected, expectedSpikes } from './expected.ts';
import { LinkError } from './link.ts';
import type { Schedule } from './schedule.ts';
import { EMPTY_HASH, hashSpikes, NO_SPIKES, type Spikes, sameBytes, spikesTrouble } from './spikes.ts';

/** A turn in which the device did something else than the simulator. */
export interface TurnDifference {
  /** Number in the input set. */
  readonly image: number;
  readonly due: Due;
  readonly expected: Spikes;
  /** Of a readout: what its neurons hold. undefined: the device cannot say what stands behind its hash. */
  readonly got: Spikes | undefined;
}

export interface ReplyComparison {
  /** Turns that were compared. */
  readonly compared: number;
  readonly differences: readonly TurnDifference[];
  /** Hashes that are not those of the device's own spikes. */
  readonly corrupt: number;
}

export interface Comparer {
  readonly schedule: Schedule;
  readonly header: ChipProgram['header'];
  /** Of the images of the batch. */
  readonly expected: readonly Expected[];
  /** Number of the batch's first image in the input set. */
  readonly first: number;
  /** undefined: this device does not answer that. */
  readonly readSpikes: ((due: Due) => Promise<Spikes>) | undefined;
}

type Reply = ReplyOf<'Run'>;

/** Errors: LinkError DATA_LOSS, a reply that says what cannot be. */
export async function compareReply(
  reply: Reply,
  { from, to, due }: Batch['replies'][number],
  comparer: Comparer,
): Promise<ReplyComparison> {
  const { schedule, expected, first } = comparer;
  if (reply.timestep !== to) broken(`the clock stands at ${reply.timestep} instead of ${to}`);
  const emissions = emissionsOf(reply, from, to, comparer);
  const held = readoutsOf(reply, from, to, comparer);
  const differences: TurnDifference[] = [];
  let corrupt = 0;
  for (const one of due) {
    const key = keyOf(one.turn.population, one.clock);
    const own = expected[one.image]!;
    if (schedule.readouts.has(one.turn.population)) {
      const wanted = heldOf(own, one);
      const got = held.get(key) ?? NO_SPIKES;
      if (!sameSpikes(wanted, got))
        differences.push({ image: first + one.image, due: one, expected: wanted, got });
      continue;
    }
    const { hash, spikes } = emissions.get(key) ?? { hash: EMPTY_HASH, spikes: NO_SPIKES };
    if (sameBytes(hash, own.hashes[one.index]!)) continue;
    const got = spikes ?? (await comparer.readSpikes?.(one));
    if (got !== undefined && !sameBytes(hashSpikes(got), hash)) corrupt += 1;
    const wanted = expectedSpikes(own, one.turn);
    if (got === undefined || !sameSpikes(wanted, got))
      differences.push({ image: first + one.image, due: one, expected: wanted, got });
  }
  return { compared: due.length, differences, corrupt };
}

const keyOf = (population: number, clock: number): string => `${population} ${clock}`;

/** What the neurons of a readout hold, as spikes, so that zeros need not be said. */
function heldOf(expected: Expected, { turn }: Due): Spikes {
  const held = expected.held(turn.population, turn.step);
  const neurons = Array.from(turn.neurons).filter(neuron => held[neuron] !== 0);
  return { neurons, payloads: neurons.map(neuron => held[neuron]!) };
}

const sameList = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((x, i) => x === b[i]);
const sameSpikes = (a: Spikes, b: Spikes): boolean =>
  sameList(a.neurons, b.neurons) && sameList(a.payloads, b.payloads);

const broken = (problem: string): never => {
  throw new LinkError('Run', 'DATA_LOSS', problem);
};

const sizeOf = ({ header }: Comparer, population: number): number =>
  header.populations[population]?.shape.reduce((a, b) => a * b, 1) ?? broken(`population ${population}`);

function emissionsOf(reply: Reply, from: number, to: number, comparer: Comparer) {
  const found = new Map<string, { readonly hash: Uint8Array; readonly spikes: Spikes | undefined }>();
  for (const { population, timestep, sha256, spikes } of reply.emissions) {
    const size = sizeOf(comparer, population);
    const key = keyOf(population, timestep);
    if (timestep < from || timestep >= to || found.has(key))
      broken(`population ${population} in timestep ${timestep} of ${from} to ${to - 1}`);
    const trouble = spikes && spikesTrouble(spikes, size);
    if (trouble !== undefined) broken(trouble);
    if (sha256.length > 0 && sha256.length !== EMPTY_HASH.length) broken(`a hash of ${sha256.length} bytes`);
    const hash = sha256.length > 0 ? sha256 : hashSpikes(spikes ?? NO_SPIKES);
    found.set(key, { hash, spikes: spikes ?? (sha256.length > 0 ? undefined : NO_SPIKES) });
  }
  return found;
}

function readoutsOf(reply: Reply, from: number, to: number, comparer: Comparer) {
  const found = new Map<string, Spikes>();
  for (const { population, timestep, neurons, values } of reply.readouts) {
    const key = keyOf(population, timestep);
    const trouble = spikesTrouble({ neurons, payloads: values }, sizeOf(comparer, population));
    if (trouble !== undefined) broken(trouble);
    if (timestep < from || timestep >= to || found.has(key))
      broken(`readout of population ${population} in timestep ${timestep} of ${from} to ${to - 1}`);
    const isHeld = (_: number, i: number) => values[i] !== 0;
    found.set(key, { neurons: neurons.filter(isHeld), payloads: values.filter(isHeld) });
  }
  return found;
}
