/**
 * Mail between tiles. A sender leaves each step's messages once, as one batch of neuron numbers and payloads;
 * every in-axon target that listens is a link, and takes its share out of the batch when its time has come.
 * Nothing is copied per spike, and what a link takes is what its axon tables say.
 */
import { HOLE } from '../ir/map.ts';
import type { RowEvents } from './kernels.ts';

/** What was sent at one chip timestep, by ascending neuron number. */
export interface Batch {
  sentAt: number;
  count: number;
  readonly neurons: Int32Array;
  readonly payloads: Int32Array;
  /** Signed powers of two in each payload: known to the sender, counted at the receiver. */
  readonly terms: Uint8Array;
}

/** A tile or the host. */
export interface Sender {
  readonly size: number;
  /** Executes step t at chip timestep depth + t − 1; the host has depth 0. */
  readonly depth: number;
  /** Largest |payload|; Infinity where nothing bounds it. */
  readonly payloadBound: number;
  /** Numbers of its routes. */
  readonly routes: number[];
  /** Links whose target is in another step when a message is due: none in a sound program. */
  readonly mistimed: Link[];
  /** A ring over chip timesteps, as long as the longest delay asks for. */
  readonly outbox: Batch[];
}

/** One in-axon target of one route. */
export interface Link {
  readonly sender: Sender;
  readonly axon: number;
  /** Global numbers of tile and core. */
  readonly tile: number;
  readonly core: number;
  readonly delay: number;
  /** Steps of the target minus steps of the sender when a message is used; 0 in a sound program. */
  readonly lead: number;
  /** The arrays below belong to neurons first … first + length − 1 of the sender; HOLE in `into`: not for this target. */
  readonly first: number;
  /** Where a payload lands: offset of an accumulator row (side 1 of a product: number of its column). */
  readonly into: Int32Array;
  /** Which row it is multiplied with: offset of a weight row or of a row of the other operand (side 1: of its own element). */
  readonly from: Int32Array;
  /** Side 0 of a product: position of its own element. */
  readonly own: Int32Array;
  /** Neurons that have a position. */
  readonly reach: number;
}

/** Messages as they are worked off, with room for all that can come to one operand in a step. */
export interface Arrivals extends RowEvents {
  readonly own: Int32Array;
  readonly terms: Uint8Array;
  /** Sum of `terms`. */
  termCount: number;
}

export function createArrivals(capacity: number): Arrivals {
  const list = () => new Int32Array(capacity);
  return {
    into: list(),
    from: list(),
    by: list(),
    own: list(),
    terms: new Uint8Array(capacity),
    count: 0,
    termCount: 0,
  };
}

export function createBatch(size: number): Batch {
  return {
    sentAt: Number.NEGATIVE_INFINITY,
    count: 0,
    neurons: new Int32Array(size),
    payloads: new Int32Array(size),
    terms: new Uint8Array(size),
  };
}

export function forgetMail(sender: Sender): void {
  for (const batch of sender.outbox) batch.sentAt = Number.NEGATIVE_INFINITY;
}

/** Leaves the nonzero values of a step in the outbox. */
export function post(sender: Sender, values: Int32Array, terms: Uint8Array, at: number): Batch {
  const batch = sender.outbox[at % sender.outbox.length]!;
  const { neurons, payloads, terms: sent } = batch;
  let count = 0;
  for (let n = 0; n < values.length; n++) {
    const value = values[n]!;
    if (value === 0) continue;
    neurons[count] = n;
    payloads[count] = value;
    sent[count] = terms[n]!;
    count += 1;
  }
  batch.count = count;
  batch.sentAt = at;
  return batch;
}

/** Appends to `arrivals` what the link's target uses at chip timestep `now`. */
export function collect(link: Link, now: number, arrivals: Arrivals): void {
  const sentAt = now - 1 - link.delay;
  const { outbox } = link.sender;
  if (sentAt < 0) return;
  const batch = outbox[sentAt % outbox.length]!;
  if (batch.sentAt !== sentAt) return;
  const { neurons, payloads, terms, count } = batch;
  const { first, into, from, own } = link;
  const { into: toInto, from: toFrom, own: toOwn, by, terms: toTerms } = arrivals;
  const end = first + into.length;
  const whole = from.length > 0;
  const owned = own.length > 0;
  let at = arrivals.count;
  let termCount = 0;
  for (let e = lowerBound(neurons, count, first); e < count; e++) {
    const n = neurons[e]!;
    if (n >= end) break;
    const target = into[n - first]!;
    if (target === HOLE) continue;
    toInto[at] = target;
    if (whole) toFrom[at] = from[n - first]!;
    if (owned) toOwn[at] = own[n - first]!;
    by[at] = payloads[e]!;
    toTerms[at] = terms[e]!;
    termCount += terms[e]!;
    at += 1;
  }
  arrivals.count = at;
  arrivals.termCount += termCount;
}

/** How many neurons of a batch the link concerns. */
export function countFor(link: Link, batch: Batch): number {
  let count = 0;
  for (let e = 0; e < batch.count; e++) {
    const target = link.into[batch.neurons[e]! - link.first];
    if (target !== undefined && target !== HOLE) count += 1;
  }
  return count;
}

function lowerBound(sorted: Int32Array, count: number, value: number): number {
  if (count === 0 || sorted[0]! >= value) return 0;
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
