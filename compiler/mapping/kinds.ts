/** Cores for tiles that are only counted: so many of each kind, not which. */
import { type Accounting, LIMITS, type TileCost, usedOf } from '../../backends/accounting.ts';
import type { Offer } from './cuts.ts';

/** So many tiles of one kind. */
export interface Kind {
  readonly offer: Offer;
  readonly count: number;
}

/** What tiles of a kind take, as fills of a core. */
interface Vectors {
  readonly own: Float64Array;
  /** With what the first tile of a core takes on top. */
  readonly begin: Float64Array;
}

const R = LIMITS.length;
/** Neuron groups are no memory: a core with all of them taken is not full. */
const GROUPS = LIMITS.indexOf('groups');
/** Whole cores of rounded fills are not full. */
const FULL = 1 + 1e-9;

/** The vectors of an offer, made once. */
export function createVectors({ capacity }: Accounting): (offer: Offer) => Vectors {
  const known = new Map<Offer, Vectors>();
  return offer => {
    const found = known.get(offer);
    if (found !== undefined) return found;
    const { own, once } = offer;
    const stateWords = own.stateWords + once.stateWords;
    const synapseWords = own.synapseWords + once.synapseWords;
    const fillsOf = (cost: TileCost) =>
      Float64Array.from(LIMITS, resource => usedOf(capacity, cost, resource) / capacity[resource]);
    const vectors = { own: fillsOf(own), begin: fillsOf({ ...own, stateWords, synapseWords }) };
    known.set(offer, vectors);
    return vectors;
  };
}

interface Rack {
  readonly vectors: readonly Vectors[];
  readonly left: Float64Array;
  readonly used: Float64Array;
  readonly bin: Int32Array;
  readonly best: Int32Array;
  fullest: number;
  looks: number;
}

/**
 * Again and again the fullest core that the kind with the largest tiles left can be completed to, as many times as
 * there are tiles for it.
 * Cost: kinds × looks
 */
export function packKinds(
  kinds: readonly Kind[],
  vectorsOf: (offer: Offer) => Vectors,
): { readonly cores: number; readonly busiest: number } {
  const order = kinds.toSorted((a, b) => b.offer.share - a.offer.share);
  const rack: Rack = {
    vectors: order.map(({ offer }) => vectorsOf(offer)),
    left: Float64Array.from(order, ({ count }) => count),
    used: new Float64Array(R),
    bin: new Int32Array(order.length),
    best: new Int32Array(order.length),
    fullest: 0,
    looks: 0,
  };
  const { left, best } = rack;
  let cores = 0;
  let busiest = 0;
  for (let first = 0; first < order.length; first++) {
    while (left[first]! > 0) {
      findFullest(rack, first);
      let times = Number.POSITIVE_INFINITY;
      let time = 0;
      for (let k = first; k < order.length; k++) {
        if (best[k] === 0) continue;
        times = Math.min(times, Math.floor(left[k]! / best[k]!));
        time += best[k]! * order[k]!.offer.time;
      }
      cores += times;
      for (let k = first; k < order.length; k++) left[k]! -= best[k]! * times;
      busiest = Math.max(busiest, time);
    }
  }
  return { cores, busiest };
}

/** Completions of a core that are looked at, and how full one is good enough. */
const LOOKS = 100;
const GOOD = 0.995;

/** How many tiles of each kind: at least one of the first, with them as full as can be found. */
function findFullest(rack: Rack, first: number): void {
  rack.used.fill(0);
  rack.bin.fill(0);
  rack.fullest = -1;
  rack.looks = 0;
  change(rack, first, 1);
  complete(rack, first);
  change(rack, first, -1);
}

function complete(rack: Rack, from: number): void {
  const { used, bin, best, left } = rack;
  let fullness = 0;
  for (let r = 0; r < R; r++) if (r !== GROUPS) fullness = Math.max(fullness, used[r]!);
  if (fullness > rack.fullest) {
    rack.fullest = fullness;
    best.set(bin);
  }
  for (let k = from; k < bin.length && rack.looks < LOOKS && rack.fullest < GOOD; k++) {
    if (bin[k]! >= left[k]! || !isRoom(rack, k)) continue;
    rack.looks += 1;
    change(rack, k, 1);
    complete(rack, k);
    change(rack, k, -1);
  }
}

function isRoom({ vectors, used, bin }: Rack, k: number): boolean {
  const ask = bin[k] === 0 ? vectors[k]!.begin : vectors[k]!.own;
  for (let r = 0; r < R; r++) if (used[r]! + ask[r]! > FULL) return false;
  return true;
}

function change({ vectors, used, bin }: Rack, k: number, by: 1 | -1): void {
  if (by === -1) bin[k]! -= 1;
  const ask = bin[k] === 0 ? vectors[k]!.begin : vectors[k]!.own;
  for (let r = 0; r < R; r++) used[r]! += by * ask[r]!;
  if (by === 1) bin[k]! += 1;
}
