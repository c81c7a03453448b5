/**
 * Items → bins: two ways to begin, bins that are hardly filled emptied into others, then moves (refine.ts).
 *
 * Rule  Where the bins that there are do not suffice, the fewest bins; else the least price, that is the bins and the
 *       messages between them, so many messages to a bin.
 */
import {
  type Bins,
  binsOf,
  emptyBins,
  gainOf,
  isRoom,
  openBin,
  type Packing,
  type PackProblem,
  packingOf,
  putItem,
  takeItem,
} from './packing.ts';
import { type Effort, refine } from './refine.ts';

export interface PackOptions extends Effort {
  /** Bins that there are. */
  readonly bins: number;
  /** Messages that weigh as much as one more bin. */
  readonly messagesPerBin: number;
}

/** Every item must fit a bin by itself. Cost: linear in items, shares and nets, times moves. */
export function packItems(problem: PackProblem, options: PackOptions): Packing {
  const offers = [byAffinity(problem), byFit(problem)].map(start => emptied(problem, start, options));
  const [first, ...others] = offers;
  const start = others.reduce((a, b) => (isBetter(problem, b, a, options) ? b : a), first!);
  return refine(problem, start, options);
}

function isBetter(problem: PackProblem, a: Packing, b: Packing, options: PackOptions): boolean {
  const most = Math.max(a.bins, b.bins);
  if (most > options.bins && a.bins !== b.bins) return a.bins < b.bins;
  const price = (packing: Packing) =>
    packing.bins + binsOf(problem, packing).messages / options.messagesPerBin;
  return price(a) < price(b);
}

/** Bins that an item looks back at: enough for its neighbours, few enough to stay linear. */
const OPEN_BINS = 24;

/** In their order, each item goes to the open bin with room to which it is nearest, else to a new one. */
export function byAffinity(problem: PackProblem): Packing {
  const bins = emptyBins(problem);
  for (let item = 0; item < problem.items; item++) {
    let home = -1;
    let most = Number.NEGATIVE_INFINITY;
    for (let bin = bins.count - 1; bin >= Math.max(0, bins.count - OPEN_BINS); bin--) {
      if (!isRoom(bins, item, bin)) continue;
      const gain = gainOf(bins, item, bin);
      if (gain > most) [home, most] = [bin, gain];
    }
    putItem(bins, item, home < 0 ? openBin(bins) : home);
  }
  return packingOf(bins);
}

/**
 * Items that need most of a bin first, those that need the same one after another: each bin, the fullest first, takes
 * as many of them as it can, new bins take the rest.
 * Cost: kinds of items × bins
 */
export function byFit(problem: PackProblem): Packing {
  const bins = emptyBins(problem);
  for (const kind of kindsOf(problem)) {
    const fills = Float64Array.from({ length: bins.count }, (_, bin) => fillOf(bins, bin));
    const order = [...fills.keys()].sort((a, b) => fills[b]! - fills[a]! || a - b);
    let at = 0;
    for (const bin of order) {
      while (at < kind.length && isRoom(bins, kind[at]!, bin)) putItem(bins, kind[at++]!, bin);
      if (at === kind.length) break;
    }
    let last = -1;
    for (; at < kind.length; at++) {
      if (last < 0 || !isRoom(bins, kind[at]!, last)) last = openBin(bins);
      putItem(bins, kind[at]!, last);
    }
  }
  return packingOf(bins);
}

/** Items that take the same, the largest first; those that share something stand together. */
function kindsOf(problem: PackProblem): readonly (readonly number[])[] {
  const { items, capacity, demand, sharesOf, shareAmount, shareResource } = problem;
  const kinds = new Map<string, { readonly items: number[]; readonly size: number }>();
  for (let item = 0; item < items; item++) {
    const own = demand.slice(item * capacity.length, (item + 1) * capacity.length);
    for (let i = sharesOf.begin[item]!; i < sharesOf.begin[item + 1]!; i++) {
      const share = sharesOf.list[i]!;
      own[shareResource[share]!]! += shareAmount[share]!;
    }
    const key = own.join(' ');
    const kind = kinds.get(key) ?? { items: [], size: Math.max(...own.map((n, r) => n / capacity[r]!)) };
    kinds.set(key, kind);
    kind.items.push(item);
  }
  const firstShare = (item: number) =>
    sharesOf.begin[item] === sharesOf.begin[item + 1] ? -1 : sharesOf.list[sharesOf.begin[item]!]!;
  return [...kinds.values()]
    .sort((a, b) => b.size - a.size || a.items[0]! - b.items[0]!)
    .map(kind => kind.items.sort((a, b) => firstShare(a) - firstShare(b) || a - b));
}

/** Fill of a bin's fullest resource. */
export function fillOf({ problem: { capacity }, used }: Bins, bin: number): number {
  let most = 0;
  for (let r = 0; r < capacity.length; r++)
    most = Math.max(most, used[bin * capacity.length + r]! / capacity[r]!);
  return most;
}

/** Bins that an item looks at. */
const LOOKS = 48;

/** Bins with the least in them are emptied into others where that costs less than a bin is worth. */
function emptied(problem: PackProblem, start: Packing, options: PackOptions): Packing {
  const bins = binsOf(problem, start);
  const order = Array.from({ length: bins.count }, (_, bin) => bin).sort(
    (a, b) => fillOf(bins, a) - fillOf(bins, b) || a - b,
  );
  let left = start.bins;
  for (const [i, bin] of order.entries()) {
    if (fillOf(bins, bin) > MOST_EMPTIED) break;
    const price = left > options.bins ? Number.POSITIVE_INFINITY : options.messagesPerBin;
    // Bins before this one are empty, or could not be emptied and are nearly full now.
    if (emptyBin(bins, bin, price, order.slice(i + 1, i + 1 + LOOKS))) left -= 1;
  }
  return packingOf(bins);
}

/** A bin above this is not worth the try. */
const MOST_EMPTIED = 0.75;

function emptyBin(bins: Bins, bin: number, price: number, others: readonly number[]): boolean {
  const before = bins.messages;
  const moved: number[] = [];
  let isEmpty = true;
  for (let item = bins.first[bin]!; item >= 0; item = bins.first[bin]!) {
    const home = roomFor(bins, item, bin, others);
    takeItem(bins, item);
    moved.push(item);
    if (home < 0) {
      isEmpty = false;
      putItem(bins, item, bin);
      break;
    }
    putItem(bins, item, home);
  }
  if (isEmpty && bins.messages - before < price) return true;
  for (const item of moved.toReversed()) {
    takeItem(bins, item);
    putItem(bins, item, bin);
  }
  return false;
}

/** The bin with room that costs least: those of the item's nets and some others. */
function roomFor(bins: Bins, item: number, from: number, others: readonly number[]): number {
  const { netsOf, itemsOf } = bins.problem;
  const candidates = new Set<number>();
  for (let i = netsOf.begin[item]!; i < netsOf.begin[item + 1]! && candidates.size < LOOKS; i++) {
    const net = netsOf.list[i]!;
    for (let j = itemsOf.begin[net]!; j < itemsOf.begin[net + 1]! && candidates.size < LOOKS; j++)
      candidates.add(bins.binOf[itemsOf.list[j]!]!);
  }
  for (const bin of others) candidates.add(bin);
  let home = -1;
  let most = Number.NEGATIVE_INFINITY;
  for (const bin of candidates) {
    if (bin === from || bin < 0 || !isRoom(bins, item, bin)) continue;
    const gain = gainOf(bins, item, bin);
    if (gain > most) [home, most] = [bin, gain];
  }
  return home;
}
