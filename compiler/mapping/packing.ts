/**
 * Packing, bare of networks: items with what they need, into bins of one capacity, so that few messages pass
 * between bins. Tiles on cores are one use of it, layers of a published table another.
 */
import { defect } from '../../ir/diagnostics/diagnostic.ts';
import { createPairCounts, type PairCounts } from './pair-counts.ts';

/** Lists of whole numbers, one for each row, end to end. */
export interface Rows {
  readonly begin: Int32Array;
  readonly list: Int32Array;
}

export interface PackProblem {
  readonly items: number;
  /** Of one bin, for each resource. */
  readonly capacity: Float64Array;
  /** What each item takes by itself: items × resources. */
  readonly demand: Float64Array;
  /** Things that several items of a bin use and that the bin holds once: a block of weights, a table, an in-axon. */
  readonly sharesOf: Rows;
  readonly shareResource: Uint8Array;
  readonly shareAmount: Float64Array;
  /** A net is what one item sends to others: so many messages to each bin that holds one of them, but its own. */
  readonly netsOf: Rows;
  readonly itemsOf: Rows;
  readonly netWeight: Float64Array;
  /** Nets whose sender is no item: their messages reach every bin from outside. */
  readonly isOutside: Uint8Array;
}

export interface Packing {
  readonly binOf: Int32Array;
  readonly bins: number;
}

/** Lists of numbers → rows. */
function rowsOfLists(lists: readonly (readonly number[])[]): Rows {
  const begin = new Int32Array(lists.length + 1);
  lists.forEach((list, i) => {
    begin[i + 1] = begin[i]! + list.length;
  });
  return { begin, list: Int32Array.from(lists.flat()) };
}

/** The other way around: for each column the rows that hold it, ascending. Cost: linear. */
export function transpose({ begin, list }: Rows, columns: number): Rows {
  const counts = new Int32Array(columns + 1);
  for (const column of list) counts[column + 1]! += 1;
  for (let i = 0; i < columns; i++) counts[i + 1]! += counts[i]!;
  const next = counts.slice();
  const out = new Int32Array(list.length);
  for (let row = 0; row + 1 < begin.length; row++) {
    for (let i = begin[row]!; i < begin[row + 1]!; i++) out[next[list[i]!]!++] = row;
  }
  return { begin: counts, list: out };
}

/** An item in words, where there are few. */
export interface PlainItem {
  readonly demand: readonly number[];
  readonly shares?: readonly { readonly key: string; readonly resource: number; readonly amount: number }[];
}

export interface PlainNet {
  readonly weight: number;
  /** Absent: from outside. */
  readonly source?: number;
  readonly targets: readonly number[];
}

export function packProblem(
  capacity: readonly number[],
  items: readonly PlainItem[],
  nets: readonly PlainNet[],
): PackProblem {
  const keys = new Map<string, number>();
  const resources: number[] = [];
  const amounts: number[] = [];
  const shares = items.map(item =>
    (item.shares ?? []).map(({ key, resource, amount }) => {
      const known = keys.get(key) ?? keys.size;
      keys.set(key, known);
      resources[known] = resource;
      amounts[known] = amount;
      return known;
    }),
  );
  const pins = nets.map(({ source, targets }) => [
    ...new Set(source === undefined ? targets : [source, ...targets]),
  ]);
  const itemsOf = rowsOfLists(pins);
  return {
    items: items.length,
    capacity: Float64Array.from(capacity),
    demand: Float64Array.from(items.flatMap(item => item.demand)),
    sharesOf: rowsOfLists(shares.map(list => [...new Set(list)])),
    shareResource: Uint8Array.from(resources),
    shareAmount: Float64Array.from(amounts),
    netsOf: transpose(itemsOf, items.length),
    itemsOf,
    netWeight: Float64Array.from(nets, net => net.weight),
    isOutside: Uint8Array.from(nets, net => (net.source === undefined ? 1 : 0)),
  };
}

/** What the bins hold while items are put into them and taken out. */
export interface Bins {
  readonly problem: PackProblem;
  /** −1: in no bin. */
  readonly binOf: Int32Array;
  /** Bins × resources; grows. */
  used: Float64Array;
  /** First item of each bin, −1: empty; then from item to item. */
  first: Int32Array;
  readonly next: Int32Array;
  readonly previous: Int32Array;
  /** How many items of a bin use a share, and are of a net. */
  readonly shares: PairCounts;
  readonly pins: PairCounts;
  count: number;
  /** Messages between bins. */
  messages: number;
}

export function emptyBins(problem: PackProblem): Bins {
  const { items, capacity, sharesOf, itemsOf, netWeight, isOutside } = problem;
  return {
    problem,
    binOf: new Int32Array(items).fill(-1),
    used: new Float64Array(capacity.length * 16),
    first: new Int32Array(16).fill(-1),
    next: new Int32Array(items).fill(-1),
    previous: new Int32Array(items).fill(-1),
    shares: createPairCounts(sharesOf.list.length / 4),
    pins: createPairCounts(itemsOf.list.length / 4),
    count: 0,
    // A net of k bins sends k − 1 messages per neuron, from outside k; the first pin of a net adds this one back.
    messages: -netWeight.reduce((sum, weight, net) => sum + (isOutside[net] === 1 ? 0 : weight), 0),
  };
}

export function openBin(bins: Bins): number {
  const resources = bins.problem.capacity.length;
  if (bins.count === bins.first.length) {
    const first = new Int32Array(bins.count * 2).fill(-1);
    first.set(bins.first);
    const used = new Float64Array(bins.count * 2 * resources);
    used.set(bins.used);
    Object.assign(bins, { first, used });
  }
  return bins.count++;
}

const ROUNDING = 1e-9;

/** Would the bin hold the item too? Resources that are lacking are found before shares are looked at. */
export function isRoom({ problem, used, shares }: Bins, item: number, bin: number): boolean {
  const { capacity, demand, sharesOf, shareResource, shareAmount } = problem;
  const resources = capacity.length;
  const [own, base] = [item * resources, bin * resources];
  for (let r = 0; r < resources; r++) {
    if (used[base + r]! + demand[own + r]! > capacity[r]! + ROUNDING) return false;
  }
  const begin = sharesOf.begin[item]!;
  const end = sharesOf.begin[item + 1]!;
  if (begin === end) return true;
  for (let r = 0; r < resources; r++) {
    let sum = used[base + r]! + demand[own + r]!;
    for (let i = begin; i < end; i++) {
      const share = sharesOf.list[i]!;
      if (shareResource[share] === r && shares.get(share, bin) === 0) sum += shareAmount[share]!;
    }
    if (sum > capacity[r]! + ROUNDING) return false;
  }
  return true;
}

export const isOver = ({ problem: { capacity }, used }: Bins, bin: number): boolean =>
  capacity.some((limit, r) => used[bin * capacity.length + r]! > limit + ROUNDING);

/** Cost: linear in the item's shares and nets. */
export function putItem(bins: Bins, item: number, bin: number): void {
  const { problem, binOf, used, shares, pins, first, next, previous } = bins;
  const { capacity, demand, sharesOf, shareResource, shareAmount, netsOf, netWeight } = problem;
  const resources = capacity.length;
  for (let r = 0; r < resources; r++) used[bin * resources + r]! += demand[item * resources + r]!;
  for (let i = sharesOf.begin[item]!; i < sharesOf.begin[item + 1]!; i++) {
    const share = sharesOf.list[i]!;
    if (shares.add(share, bin, 1) === 1)
      used[bin * resources + shareResource[share]!]! += shareAmount[share]!;
  }
  for (let i = netsOf.begin[item]!; i < netsOf.begin[item + 1]!; i++) {
    const net = netsOf.list[i]!;
    if (pins.add(net, bin, 1) === 1) bins.messages += netWeight[net]!;
  }
  binOf[item] = bin;
  const head = first[bin]!;
  next[item] = head;
  previous[item] = -1;
  if (head >= 0) previous[head] = item;
  first[bin] = item;
}

export function takeItem(bins: Bins, item: number): void {
  const { problem, binOf, used, shares, pins, first, next, previous } = bins;
  const { capacity, demand, sharesOf, shareResource, shareAmount, netsOf, netWeight } = problem;
  const resources = capacity.length;
  const bin = binOf[item]!;
  if (bin < 0) defect(`item ${item} is in no bin`);
  for (let r = 0; r < resources; r++) used[bin * resources + r]! -= demand[item * resources + r]!;
  for (let i = sharesOf.begin[item]!; i < sharesOf.begin[item + 1]!; i++) {
    const share = sharesOf.list[i]!;
    if (shares.add(share, bin, -1) === 0)
      used[bin * resources + shareResource[share]!]! -= shareAmount[share]!;
  }
  for (let i = netsOf.begin[item]!; i < netsOf.begin[item + 1]!; i++) {
    const net = netsOf.list[i]!;
    if (pins.add(net, bin, -1) === 0) bins.messages -= netWeight[net]!;
  }
  binOf[item] = -1;
  const [before, after] = [previous[item]!, next[item]!];
  if (before >= 0) next[before] = after;
  else first[bin] = after;
  if (after >= 0) previous[after] = before;
}

/** Messages that are saved when the item moves to the bin. */
export function gainOf({ problem, binOf, pins }: Bins, item: number, to: number): number {
  const { netsOf, netWeight } = problem;
  const from = binOf[item]!;
  let gain = 0;
  for (let i = netsOf.begin[item]!; i < netsOf.begin[item + 1]!; i++) {
    const net = netsOf.list[i]!;
    if (from >= 0 && pins.get(net, from) === 1) gain += netWeight[net]!;
    if (pins.get(net, to) === 0) gain -= netWeight[net]!;
  }
  return gain;
}

/** Without bins that are empty; the others are numbered in their order. */
export function compactPacking({ binOf, bins: count }: Packing): Packing {
  const numbers = new Int32Array(count).fill(-1);
  for (const bin of binOf) numbers[bin] = 0;
  let bins = 0;
  for (let bin = 0; bin < count; bin++) if (numbers[bin] === 0) numbers[bin] = bins++;
  return { binOf: binOf.map(bin => numbers[bin]!), bins };
}

export const packingOf = ({ binOf, count }: Bins): Packing => compactPacking({ binOf, bins: count });

export function binsOf(problem: PackProblem, { binOf, bins: count }: Packing): Bins {
  const bins = emptyBins(problem);
  for (let bin = 0; bin < count; bin++) openBin(bins);
  // Put from the last to the first, so that every bin lists its items in ascending order.
  for (let item = problem.items - 1; item >= 0; item--) putItem(bins, item, binOf[item]!);
  return bins;
}
