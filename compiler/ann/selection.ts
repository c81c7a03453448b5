/**
 * A tensor that is not a node yet: elements picked from nodes. Importer and passes build with selections, so
 * that views compose on the way, a view that does nothing never becomes a node, and every reader gets its
 * operand in the shape it wants.
 */
import { sizeOf, type ValueId } from '../../ir/dialect.ts';
import {
  composeMaps,
  hasHoles,
  holeMap,
  identityMap,
  isIdentity,
  joinMaps,
  moveRuns,
  type StridedMap,
  sameMaps,
  shiftMap,
} from '../../ir/map.ts';
import { composeIndex, type Pick } from './indices.ts';

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

export const indexOf = ({ index, sources }: Selection): StridedMap => index ?? identityMap(lengthOf(sources));

/** The elements of all parts, one after another; a number stands for that many holes. */
export function concatenate(parts: readonly (Selection | number)[]): Omit<Selection, 'shape'> {
  const sources: Source[] = [];
  const offsets = new Map<ValueId, number>();
  let end = 0;
  const place = (source: Source): StridedMap => {
    const known = offsets.get(source.id);
    const offset = known ?? end;
    if (known === undefined) {
      sources.push(source);
      offsets.set(source.id, offset);
      end += sizeOf(source.shape);
    }
    return shiftMap(identityMap(sizeOf(source.shape)), offset);
  };
  const maps = parts.map(part =>
    typeof part === 'number'
      ? holeMap(part)
      : composeMaps(indexOf(part), joinMaps(part.sources.map(source => place(source)))),
  );
  return { sources, index: joinMaps(maps) };
}

/** Only the sources that are used (one at least), in the order in which their elements first appear. */
export function tidy(selection: Selection): Selection {
  const { sources, shape } = selection;
  if (sources.length === 1 && selection.index === undefined) return selection;
  const index = indexOf(selection);
  const begins: number[] = [];
  let length = 0;
  for (const source of sources) {
    begins.push(length);
    length += sizeOf(source.shape);
  }
  const order = appearing(index, begins, length);
  const used = order.map(i => sources[i]!);
  const moved = sources.length === 1 ? index : composeMaps(index, placing(sources, order));
  const isWhole = used.length === 1 && isIdentity(moved, sizeOf(used[0]!.shape));
  return { sources: used, index: isWhole ? undefined : moved, shape };
}

/** Numbers of the sources whose elements a map picks, in order of first appearance. */
function appearing(index: StridedMap, begins: readonly number[], length: number): readonly number[] {
  if (begins.length === 1) return [0];
  const seen = new Set<number>();
  const ownerOf = (at: number) => begins.findLastIndex(begin => begin <= at);
  moveRuns(index, (start, stride, count) => {
    const [first, last] = [ownerOf(start), ownerOf(start + (count - 1) * stride)];
    seen.add(first);
    if (Math.abs(first - last) > 1) {
      for (let i = 1; i < count; i++) seen.add(ownerOf(start + i * stride));
    }
    seen.add(last);
  });
  return seen.size === 0 || length === 0 ? [0] : [...seen];
}

/** Where each element of the sources laid end to end lies when only those of `order` are, in that order. */
function placing(sources: readonly Source[], order: readonly number[]): StridedMap {
  const begins = new Map<number, number>();
  let end = 0;
  for (const i of order) {
    begins.set(i, end);
    end += sizeOf(sources[i]!.shape);
  }
  return joinMaps(
    sources.map((source, i) => {
      const begin = begins.get(i);
      const size = sizeOf(source.shape);
      return begin === undefined ? holeMap(size) : shiftMap(identityMap(size), begin);
    }),
  );
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
  return index.length >= sizeOf(source.shape) && !hasHoles(index) ? source : undefined;
}

export const sameIndex = (a: Selection, b: Selection): boolean =>
  a.index === b.index || (a.index !== undefined && b.index !== undefined && sameMaps(a.index, b.index));

/** Without axes of size 1, the last axis excepted, and with two axes at least. */
export function squeezed(shape: readonly number[]): readonly number[] {
  const kept = shape.filter((size, axis) => size !== 1 || axis === shape.length - 1);
  return kept.length >= 2 ? kept : [...[1, 1].slice(kept.length), ...kept];
}
