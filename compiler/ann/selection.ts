/**
 * A tensor that is not a node yet: elements picked from nodes. Importer and passes build with selections, so
 * that views compose on the way, a view that does nothing never becomes a node, and every reader gets its
 * operand in the shape it wants.
 */
import { sizeOf, type ValueId } from '../../ir/dialect.ts';
import { HOLE } from '../../ir/map.ts';
import { composeIndex, iota, type Pick } from './indices.ts';

/** A node with the shape of its type. */
export interface Source {
  readonly id: ValueId;
  readonly shape: readonly number[];
}

/** Element i is element index[i] of the sources laid end to end; a hole is 0. */
export interface Selection extends Pick {
  readonly sources: readonly Source[];
}

export const selectAll = (source: Source): Selection => ({
  sources: [source],
  index: undefined,
  shape: source.shape,
});

export const select = (from: Selection, { index, shape }: Pick): Selection => ({
  sources: from.sources,
  index: composeIndex(index, from.index),
  shape,
});

export const reshape = (from: Selection, shape: readonly number[]): Selection => ({ ...from, shape });

const lengthOf = (sources: readonly Source[]): number => sources.reduce((n, s) => n + sizeOf(s.shape), 0);

export const indexOf = ({ index, sources }: Selection): Int32Array => index ?? iota(lengthOf(sources));

/** The elements of all parts, one after another; a number stands for that many holes. */
export function concatenate(parts: readonly (Selection | number)[]): Omit<Selection, 'shape'> {
  const sources: Source[] = [];
  const offsets = new Map<ValueId, number>();
  let end = 0;
  const place = (source: Source): number => {
    const known = offsets.get(source.id);
    if (known !== undefined) return known;
    const offset = end;
    sources.push(source);
    offsets.set(source.id, offset);
    end += sizeOf(source.shape);
    return offset;
  };
  const lists = parts.map(part => {
    if (typeof part === 'number') return new Int32Array(part).fill(HOLE);
    const moved = new Int32Array(lengthOf(part.sources));
    let at = 0;
    for (const source of part.sources) {
      const offset = place(source);
      for (let i = 0; i < sizeOf(source.shape); i++) moved[at++] = offset + i;
    }
    return composeIndex(indexOf(part), moved) ?? moved;
  });
  const index = new Int32Array(lists.reduce((n, list) => n + list.length, 0));
  let at = 0;
  for (const list of lists) {
    index.set(list, at);
    at += list.length;
  }
  return { sources, index };
}

/** Only the sources that are used (one at least), in the order in which their elements first appear. */
export function tidy(selection: Selection): Selection {
  const { sources, shape } = selection;
  if (sources.length === 1 && selection.index === undefined) return selection;
  const index = indexOf(selection);
  const owner = new Int32Array(lengthOf(sources));
  let start = 0;
  const starts = sources.map((source, i) => {
    const from = start;
    start += sizeOf(source.shape);
    owner.fill(i, from, start);
    return from;
  });
  const seen = new Set<number>();
  for (const i of index) if (i !== HOLE) seen.add(owner[i]!);
  const order = seen.size === 0 ? [0] : [...seen];
  const used = order.map(i => sources[i]!);
  const shift = new Int32Array(sources.length);
  let end = 0;
  for (const i of order) {
    shift[i] = end - starts[i]!;
    end += sizeOf(sources[i]!.shape);
  }
  const moved = index.map(i => (i === HOLE ? HOLE : i + shift[owner[i]!]!));
  const isWhole = used.length === 1 && moved.length === end && moved.every((value, i) => value === i);
  return { sources: used, index: isWhole ? undefined : moved, shape };
}

/** The single source whose elements all are there, unpicked. */
export const wholeSource = ({ sources, index }: Selection): Source | undefined =>
  index === undefined && sources.length === 1 ? sources[0] : undefined;

/**
 * A column ([17, 1], what a reduction leaves) that is seen as a row: laid out as a row before anything is
 * computed with it, so that its numbers are channels to whatever comes next.
 */
const isColumnAsRow = (source: Source, shape: readonly number[]): boolean =>
  source.shape.at(-1) === 1 && shape.at(-1) !== 1 && sizeOf(source.shape) === sizeOf(shape);

/** The single source whose elements all are there, if its own shape will do for computing with it. */
export function plainSource(selection: Selection): Source | undefined {
  const source = wholeSource(tidy(selection));
  return source === undefined || isColumnAsRow(source, selection.shape) ? undefined : source;
}

/**
 * The one source under a selection in which it may be computed as well: no hole, and no fewer elements than the
 * source, so that nothing is computed that nobody reads.
 */
export function commonSource({ sources, index, shape }: Selection): Source | undefined {
  const [source, ...others] = sources;
  if (source === undefined || others.length > 0 || isColumnAsRow(source, shape)) return undefined;
  if (index === undefined) return source;
  return index.length >= sizeOf(source.shape) && !index.includes(HOLE) ? source : undefined;
}

export const sameIndex = (a: Selection, b: Selection): boolean =>
  a.index === b.index ||
  (a.index !== undefined &&
    b.index !== undefined &&
    a.index.length === b.index.length &&
    a.index.every((value, i) => value === b.index![i]));

/** Without axes of size 1, the last axis excepted, and with two axes at least. */
export function squeezed(shape: readonly number[]): readonly number[] {
  const kept = shape.filter((size, axis) => size !== 1 || axis === shape.length - 1);
  return kept.length >= 2 ? kept : [...[1, 1].slice(kept.length), ...kept];
}
