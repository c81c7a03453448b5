/**
 * Which tile sends to which, and which of its neurons: feeds laid out tile by tile, and from them the nets that a
 * packing counts. Neurons of a tile that the same tiles need are one net, so that no neuron is counted twice.
 */
import type { ValueId } from '../../ir/dialect.ts';
import { createColumn } from './column.ts';
import { type Feed, HOST } from './feeds.ts';
import type { Rows } from './packing.ts';
import { createUnions, type Sent } from './sent.ts';
import { boxShape } from './tiles.ts';
import { type Tiling, tileAt } from './tiling.ts';

export interface Links {
  /** Target tiles of each source; row 0 is the host, row t + 1 is tile t. */
  readonly targetsOf: Rows;
  /** What goes there: number of a set, beside `targetsOf.list`. */
  readonly sent: Int32Array;
  readonly sets: readonly Sent[];
  /** Out-axon entries of each tile: one for every token (tokens in time: group) and destination tile that needs it. */
  readonly entries: Float64Array;
}

interface Sink {
  link(source: number, target: number, sent: Sent): void;
}

/** Every pair of tiles once. A tile that reads another by several operands needs the union of what they need. */
function eachLink(tiling: Tiling, feeds: readonly Feed[], { link }: Sink): void {
  const groups = new Map<string, Feed[]>();
  for (const feed of feeds) {
    const key = `${feed.population} ${feed.source}`;
    groups.set(key, [...(groups.get(key) ?? []), feed]);
  }
  const unions = createUnions();
  for (const group of groups.values()) {
    const [{ population, source }, ...others] = group as [Feed, ...Feed[]];
    const first = source === HOST ? 0 : tiling.first[source]! + 1;
    const target = tiling.first[population]!;
    const { windows, windowOf } = group[0]!.pattern;
    for (let own = 0; own < windowOf.length; own++) {
      const intakes = windows[windowOf[own]!]!;
      if (others.length === 0) {
        for (const { source: from, sent } of intakes) link(first + from, target + own, sent);
        continue;
      }
      const all = [intakes, ...others.map(({ pattern: p }) => p.windows[p.windowOf[own]!]!)].flat();
      const bySource = new Map<number, Sent>();
      for (const { source: from, sent } of all) bySource.set(from, unions.join(bySource.get(from), sent));
      for (const [from, sent] of bySource) link(first + from, target + own, sent);
    }
  }
}

/** Cost: linear in the pairs of tiles. */
export function linksOf(tiling: Tiling, feeds: readonly Feed[], cutsRows: boolean): Links {
  const tiles = tiling.first.at(-1)!;
  const begin = new Int32Array(tiles + 2);
  const entries = new Float64Array(tiles);
  const widths = cutsRows ? new Int32Array(0) : groupWidths(tiling);
  const numbers = new Map<string, number>();
  const byObject = new Map<Sent, number>();
  const sets: Sent[] = [];
  eachLink(tiling, feeds, {
    link(source, _, sent) {
      begin[source + 1]! += 1;
      if (source > 0) entries[source - 1]! += cutsRows ? sent.rows : groupsIn(sent, widths[source]!);
      if (byObject.has(sent)) return;
      const number = numbers.get(sent.key) ?? sets.push(sent) - 1;
      numbers.set(sent.key, number);
      byObject.set(sent, number);
    },
  });
  for (let i = 0; i <= tiles; i++) begin[i + 1]! += begin[i]!;
  const next = begin.slice();
  const list = new Int32Array(begin[tiles + 1]!);
  const sent = new Int32Array(list.length);
  eachLink(tiling, feeds, {
    link(source, target, set) {
      const at = next[source]!++;
      list[at] = target;
      sent[at] = byObject.get(set) ?? numbers.get(set.key)!;
    },
  });
  return { targetsOf: { begin, list }, sent, sets, entries };
}

/** Neurons of a group of each tile, as `targetsOf` numbers them. */
function groupWidths(tiling: Tiling): Int32Array {
  const widths = new Int32Array(tiling.first.at(-1)! + 1);
  for (let tile = 0; tile + 1 < widths.length; tile++) {
    const [, rows, channels] = boxShape(tileAt(tiling, tile).box);
    widths[tile + 1] = rows * channels;
  }
  return widths;
}

/** Groups of a tile that hold one of the neurons. */
function groupsIn({ neurons, size }: Sent, width: number): number {
  if (neurons === undefined) return size / width;
  let groups = 0;
  let last = -1;
  for (const neuron of neurons) {
    const group = Math.floor(neuron / width);
    if (group !== last) groups += 1;
    last = group;
  }
  return groups;
}

export interface Nets {
  readonly itemsOf: Rows;
  readonly netWeight: Float64Array;
  readonly isOutside: Uint8Array;
}

export function netsOfLinks(
  tiling: Tiling,
  { targetsOf, sent, sets }: Links,
  rates: ReadonlyMap<ValueId, number>,
): Nets {
  const begin: number[] = [0];
  const weights: number[] = [];
  const outside: number[] = [];
  const pins = createColumn();
  const atoms = createAtoms(sets);
  const rowRates = [1];
  tiling.populations.forEach((population, p) => {
    const rate = rates.get(population.id) ?? 1;
    for (let tile = tiling.first[p]!; tile < tiling.first[p + 1]!; tile++) rowRates.push(rate);
  });
  for (let row = 0; row < rowRates.length; row++) {
    const [from, end] = [targetsOf.begin[row]!, targetsOf.begin[row + 1]!];
    if (from === end) continue;
    for (const { count, members } of atoms(new Set(sent.subarray(from, end)))) {
      if (row > 0) pins.push(row - 1);
      for (let i = from; i < end; i++) {
        const target = targetsOf.list[i]!;
        if (target !== row - 1 && members.has(sent[i]!)) pins.push(target);
      }
      begin.push(pins.length());
      weights.push(count * rowRates[row]!);
      outside.push(row === 0 ? 1 : 0);
    }
  }
  return {
    itemsOf: { begin: Int32Array.from(begin), list: pins.done() },
    netWeight: Float64Array.from(weights),
    isOutside: Uint8Array.from(outside),
  };
}

/** Neurons that are in the same ones of some sets. */
interface Atom {
  readonly count: number;
  readonly members: ReadonlySet<number>;
}

function createAtoms(sets: readonly Sent[]) {
  const known = new Map<string, readonly Atom[]>();
  return (numbers: ReadonlySet<number>): readonly Atom[] => {
    const sorted = [...numbers].sort((a, b) => a - b);
    const key = sorted.join(' ');
    const found = known.get(key) ?? atomsOf(sorted, sets);
    known.set(key, found);
    return found;
  };
}

function atomsOf(numbers: readonly number[], sets: readonly Sent[]): readonly Atom[] {
  const [only, ...others] = numbers;
  if (others.length === 0) return [{ count: sets[only!]!.count, members: new Set([only!]) }];
  // Class of each neuron, refined set by set; classes are numbered as they come.
  const { size } = sets[only!]!;
  let classes = new Int32Array(size);
  const members: number[][] = [[]];
  for (const number of numbers) {
    const { neurons } = sets[number]!;
    const inside = new Uint8Array(size).fill(neurons === undefined ? 1 : 0);
    if (neurons !== undefined) for (const neuron of neurons) inside[neuron] = 1;
    const split = new Map<number, number>();
    classes = classes.map((old, neuron) => {
      if (inside[neuron] === 0) return old;
      const fresh = split.get(old) ?? members.push([...members[old]!, number]) - 1;
      split.set(old, fresh);
      return fresh;
    });
  }
  const counts = new Int32Array(members.length);
  for (const c of classes) counts[c]! += 1;
  return members.flatMap((list, c) =>
    counts[c] === 0 || list.length === 0 ? [] : [{ count: counts[c]!, members: new Set(list) }],
  );
}
