/** What leaves a tile or the host in one timestep, and what is counted of it on its way. */
import type { ChipProgram } from '../backends/program/program.ts';
import { fail } from '../ir/diagnostics/diagnostic.ts';
import type { MachineCounts, TileCounts } from './counts.ts';
import type { Link, RouteState, TileState } from './state.ts';

/** Messages of one sender in one timestep. */
export interface Batch {
  readonly neurons: Int32Array;
  readonly payloads: ArrayLike<number>;
  readonly terms: Uint8Array;
}

/** An element of the image in the host's integers. */
export const hostValue = (x: number, fraction: number): number => Math.floor(x * 2 ** fraction + 0.5);

/** The neurons that are not silent; `number` of neuron i in its messages. */
export function batchOf(
  { values, terms }: { readonly values: Int32Array; readonly terms: Uint8Array },
  number: (i: number) => number = i => i,
): Batch {
  let length = 0;
  for (let i = 0; i < values.length; i++) if (values[i] !== 0) length += 1;
  const batch = {
    neurons: new Int32Array(length),
    payloads: new Int32Array(length),
    terms: new Uint8Array(length),
  };
  for (let i = 0, to = 0; i < values.length; i++) {
    if (values[i] === 0) continue;
    batch.neurons[to] = number(i);
    batch.payloads[to] = values[i]!;
    batch.terms[to] = terms[i]!;
    to += 1;
  }
  return batch;
}

/** Counts the messages of a batch on one route in timestep `step` of their image; the host's (`own` undefined) are free. */
export function countMessages<G>(
  route: RouteState<G>,
  { neurons }: Batch,
  step: number,
  own: TileCounts | undefined,
  counts: MachineCounts,
): void {
  if (own === undefined) return;
  const { sends } = route;
  const messages = sends === undefined ? neurons.length : neurons.reduce((n, i) => n + sends[i]!, 0);
  own.messages += messages;
  own.hopsEastWest += messages * route.hopsEastWest;
  own.hopsNorthSouth += messages * route.hopsNorthSouth;
  if (route.crossesChips) own.chipMessages += messages;
  const links = counts.links[step]!;
  for (const link of route.path) links.set(link, (links.get(link) ?? 0) + messages);
}

/**
 * Counts what the neurons of a tile did in timestep `step` of their image. Where soft reset takes more neurons, each
 * spike comes back through an axon and a synapse of its own.
 */
export function countUpdates<G>(
  tile: TileState<G>,
  step: number,
  { binary, resetNeurons }: Pick<ChipProgram['header'], 'binary' | 'resetNeurons'>,
  counts: MachineCounts,
): void {
  const { values, terms } = tile;
  const own = counts.tiles[tile.number]!;
  const work = counts.work[step]!;
  const core = tile.core.number;
  let fired = 0;
  let sent = 0;
  for (let i = 0; i < values.length; i++) {
    if (values[i] !== 0) fired += 1;
    sent += terms[i]!;
  }
  const isFiring = tile.program.emit.kind === 'mt';
  const held = isFiring ? resetNeurons : 1;
  own.updates += values.length * held;
  own.active += fired * held;
  own.spikes += binary && isFiring ? sent : fired;
  own.terms += sent;
  work.updates[core]! += values.length * held;
  work.active[core]! += fired * held;
  if (held === 1) return;
  own.messages += sent;
  own.synops += sent;
  own.memoryWords += sent;
  work.synops[core]! += sent;
  work.words[core]! += sent;
}

/** Errors E0703 */
export function mistimed<G>({ tile, delay }: Link<G>, now: number): never {
  const problem = `a message of timestep ${now} with delay ${delay} meets tile ${tile.number} in no step`;
  return fail('E0703', { origin: `core ${tile.core.number}` }, { problem });
}

/** Most chip timesteps of one image: what a simulator keeps counts for. */
const MAX_TIMESTEPS = 2 ** 16;

/** Errors: E0703 more than are simulated. */
export function checkTimesteps(timesteps: number): number {
  const problem = `${timesteps} chip timesteps for one image; at most ${MAX_TIMESTEPS} are simulated`;
  return timesteps <= MAX_TIMESTEPS ? timesteps : fail('E0703', { origin: 'program' }, { problem });
}
