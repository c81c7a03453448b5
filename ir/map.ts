/**
 * Index maps. Every view (reshape, transpose, slice, concat, class token, padding, window shift) says of each
 * element of its result which element of its source it is, or none. A map is that list of numbers, held as nested
 * loops and worked on as such: a transpose of a million elements is one line of text and a few additions.
 */
import {
  compressRuns,
  createRuns,
  eachRun,
  HOLE,
  type MapSegment,
  pushRun,
  runsOf,
  runsOfList,
} from './runs.ts';

export { HOLE, type MapSegment } from './runs.ts';

/**
 * The concatenation of its segments; a segment with start HOLE maps to nothing. Every map is made by a function of
 * this file and is the one form of its list: equal lists are equal maps.
 */
export interface StridedMap {
  readonly length: number;
  readonly segments: readonly MapSegment[];
}

const segmentLength = (segment: MapSegment): number => segment.loops.reduce((n, loop) => n * loop.count, 1);

/** Nested loops from `start`, outermost first; any count may be 1 or 0. */
export function loopMap(start: number, counts: readonly number[], strides: readonly number[]): StridedMap {
  const loops = counts.map((count, i) => ({ count, stride: strides[i]! }));
  return mapOf([{ start, loops }]);
}

export const identityMap = (length: number): StridedMap => loopMap(0, [length], [1]);
export const holeMap = (length: number): StridedMap => loopMap(HOLE, [length], [0]);

/** The one form of a list of segments. */
function mapOf(segments: readonly MapSegment[]): StridedMap {
  const full = segments.filter(segment => segment.loops.every(loop => loop.count > 0));
  const length = full.reduce((n, segment) => n + segmentLength(segment), 0);
  const [only, ...others] = full;
  if (only === undefined || others.length > 0) return { length, segments: compressRuns(runsOf(full)) };
  return { length, segments: [mergeLoops(only)] };
}

/** Loops of one step vanish; a loop that goes on where the one inside it ends becomes one with it. */
function mergeLoops({ start, loops }: MapSegment): MapSegment {
  if (start === HOLE) {
    const count = segmentLength({ start, loops });
    return { start, loops: count > 1 ? [{ count, stride: 0 }] : [] };
  }
  const merged: { count: number; stride: number }[] = [];
  for (const { count, stride } of loops.toReversed()) {
    const inner = merged.at(-1);
    if (count === 1) continue;
    if (inner !== undefined && stride === inner.count * inner.stride) inner.count *= count;
    else merged.push({ count, stride });
  }
  return { start, loops: merged.toReversed() };
}

/** Cost: linear in the length. */
export function expandMap(map: StridedMap): Int32Array {
  const out = new Int32Array(map.length);
  let at = 0;
  for (const segment of map.segments) {
    const first = at;
    out[at++] = segment.start;
    const inwardOut = segment.loops.toReversed();
    for (const { count, stride } of inwardOut) {
      const block = at - first;
      for (let i = 1; i < count; i++) {
        const shift = segment.start === HOLE ? 0 : i * stride;
        for (let j = 0; j < block; j++) out[at++] = out[first + j]! + shift;
      }
    }
  }
  return out;
}

/** The expanded map, or the identity over `size` elements where there is none. */
export function mapIndices(map: StridedMap | undefined, size: number): Int32Array {
  if (map !== undefined) return expandMap(map);
  const indices = new Int32Array(size);
  for (let i = 0; i < size; i++) indices[i] = i;
  return indices;
}

/** The map of a list of indices. Cost: linear in the length. */
export const compressMap = (indices: ArrayLike<number>): StridedMap => ({
  length: indices.length,
  segments: compressRuns(runsOfList(indices)),
});

/** One map after another. */
export const joinMaps = (maps: readonly StridedMap[]): StridedMap => mapOf(maps.flatMap(map => map.segments));

/** Every index plus `offset`; holes stay holes. */
export const shiftMap = (map: StridedMap, offset: number): StridedMap => ({
  length: map.length,
  segments: map.segments.map(({ start, loops }) => ({
    start: start === HOLE ? HOLE : start + offset,
    loops,
  })),
});

export const hasHoles = (map: StridedMap): boolean => map.segments.some(segment => segment.start === HOLE);

/** Is every element picked from a place that differs from its own by a multiple of `period`? A hole is no place. */
export function keepsPhase({ segments }: StridedMap, period: number): boolean {
  let begin = 0;
  for (const { start, loops } of segments) {
    if (start === HOLE || (start - begin) % period !== 0) return false;
    let block = 1;
    for (const { count, stride } of loops.toReversed()) {
      if ((stride - block) % period !== 0) return false;
      block *= count;
    }
    begin += block;
  }
  return true;
}

export const sameMaps = (a: StridedMap, b: StridedMap): boolean =>
  a === b || (a.length === b.length && JSON.stringify(a.segments) === JSON.stringify(b.segments));

/**
 * Each run of the map replaced by the runs that `move` makes of it; holes stay holes.
 * Cost: linear in the runs
 */
export function moveRuns(
  map: StridedMap,
  move: (
    start: number,
    stride: number,
    count: number,
    emit: (start: number, stride: number, count: number) => void,
  ) => void,
): StridedMap {
  const runs = createRuns();
  const emit = (start: number, stride: number, count: number) => pushRun(runs, start, stride, count);
  for (const segment of map.segments) {
    eachRun(segment, (start, stride, count) => {
      if (start === HOLE) pushRun(runs, HOLE, 0, count);
      else move(start, stride, count, emit);
    });
  }
  const length = runs.counts.reduce((a, b) => a + b, 0);
  return { length, segments: compressRuns(runs) };
}

/** First `inner`, then `outer`: result[i] = inner[outer[i]], holes stay holes. */
export function composeMaps(outer: StridedMap, inner: StridedMap): StridedMap {
  if (isIdentity(outer, inner.length)) return inner;
  const layout = layoutOf(inner);
  const segments: MapSegment[] = [];
  for (const segment of outer.segments) {
    const composed = segment.start === HOLE ? segment : composeSegment(segment, layout);
    if (composed === undefined) return composeRuns(outer, layout);
    segments.push(composed);
  }
  return mapOf(segments);
}

/** Maps up to this length are composed at once. */
const AT_ONCE = 2 ** 16;

/** Run by run; where that is much work, when somebody first looks at the segments. */
function composeRuns(outer: StridedMap, layout: Layout): StridedMap {
  const compose = () => moveRuns(outer, (...run) => moveThrough(layout, ...run));
  if (outer.length <= AT_ONCE) return compose();
  let made: StridedMap | undefined;
  return {
    length: outer.length,
    get segments() {
      made ??= compose();
      return made.segments;
    },
  };
}

/** Where the segments of a map begin. */
interface Layout {
  readonly segments: readonly MapSegment[];
  readonly begins: Float64Array;
}

function layoutOf({ segments }: StridedMap): Layout {
  const begins = new Float64Array(segments.length + 1);
  segments.forEach((segment, i) => {
    begins[i + 1] = begins[i]! + segmentLength(segment);
  });
  return { segments, begins };
}

function segmentAt({ segments, begins }: Layout, at: number): number {
  let [low, high] = [0, segments.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (begins[middle]! <= at) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Lowest and highest index of a segment that is no hole. */
function reachOf({ start, loops }: MapSegment): readonly [number, number] {
  const low = loops.reduce((sum, l) => sum + Math.min(0, (l.count - 1) * l.stride), start);
  const high = loops.reduce((sum, l) => sum + Math.max(0, (l.count - 1) * l.stride), start);
  return [low, high];
}

/**
 * A segment seen through another: each loop of `outer` steps within one loop of the inner segment, or is cut into
 * loops that do. Undefined where a step carries from one inner loop into the next.
 */
function composeSegment(outer: MapSegment, layout: Layout): MapSegment | undefined {
  const [low, high] = reachOf(outer);
  const at = segmentAt(layout, low);
  const inner = layout.segments[at]!;
  if (high >= layout.begins[at + 1]!) return undefined;
  if (inner.start === HOLE) return { start: HOLE, loops: outer.loops };
  const axes = inner.loops.toReversed();
  const digits = digitsOf(axes, low - layout.begins[at]!);
  // Every loop is laid from its lowest element; one that goes down then begins at its top.
  let start = digits.reduce((sum, digit, i) => sum + digit * (axes[i]?.stride ?? 0), inner.start);
  const loops: { count: number; stride: number }[] = [];
  for (const loop of outer.loops) {
    const parts = cutLoop(loop.count, Math.abs(loop.stride), axes);
    if (parts === undefined) return undefined;
    for (const { axis, count, step } of parts) {
      digits[axis]! += (count - 1) * step;
      if (digits[axis]! >= (axes[axis]?.count ?? 1)) return undefined;
      const stride = step === 0 ? 0 : (axes[axis]?.stride ?? 0) * step;
      loops.push({ count, stride: loop.stride < 0 ? 0 - stride : stride });
      if (loop.stride < 0) start += (count - 1) * stride;
    }
  }
  return { start, loops };
}

type Loop = MapSegment['loops'][number];

/** Place `at` of nested loops as one number for each loop, innermost first. */
function digitsOf(axes: readonly Loop[], at: number): number[] {
  let rest = at;
  const digits = axes.map(({ count }) => {
    const digit = rest % count;
    rest = Math.floor(rest / count);
    return digit;
  });
  return digits.length === 0 ? [0] : digits;
}

/** `count` steps of `step` places, as loops that each step along one axis; outermost first. */
function cutLoop(
  count: number,
  step: number,
  axes: readonly Loop[],
): readonly { axis: number; count: number; step: number }[] | undefined {
  if (step === 0) return [{ axis: 0, count, step }];
  let axis = 0;
  let weight = 1;
  while (axis + 1 < axes.length && step >= weight * axes[axis]!.count) weight *= axes[axis++]!.count;
  if (step % weight !== 0) return undefined;
  const size = axes[axis]?.count ?? 1;
  const stride = step / weight;
  if ((count - 1) * stride < size) return [{ axis, count, step: stride }];
  const within = size / stride;
  if (!Number.isInteger(within) || count % within !== 0 || axis + 1 >= axes.length) return undefined;
  const outer = cutLoop(count / within, weight * size, axes);
  const inner = { axis, count: within, step: stride };
  return outer === undefined ? undefined : within === 1 ? outer : [...outer, inner];
}

/** A run of places → the runs of indices that the layout holds there. */
function moveThrough(
  layout: Layout,
  start: number,
  stride: number,
  count: number,
  emit: (start: number, stride: number, count: number) => void,
): void {
  for (let done = 0; done < count; ) {
    const place = start + done * stride;
    const at = segmentAt(layout, place);
    const { start: first, loops } = layout.segments[at]!;
    const axes = loops.toReversed();
    const digits = digitsOf(axes, place - layout.begins[at]!);
    const isForward = stride === 1 || count === 1;
    const left = isForward ? (axes[0]?.count ?? 1) - digits[0]! : 1;
    const many = Math.min(left, count - done);
    if (first === HOLE) emit(HOLE, 0, many);
    else {
      const index = axes.reduce((sum, axis, i) => sum + digits[i]! * axis.stride, first);
      emit(index, axes[0]?.stride ?? 0, many);
    }
    done += many;
  }
}

export function isIdentity(map: StridedMap, sourceLength: number): boolean {
  if (map.length !== sourceLength) return false;
  return map.length === 0 || sameMaps(map, identityMap(map.length));
}

/** `(0: 4*16 17*64 16*1)(_: 64*0)`: start, then count*stride from the outermost loop inward. */
export function printMap(map: StridedMap): string {
  const segments = map.segments.map(({ start, loops }) => {
    const head = start === HOLE ? '_' : `${start}`;
    return `(${[`${head}:`, ...loops.map(({ count, stride }) => `${count}*${stride}`)].join(' ')})`;
  });
  return segments.join('');
}

/** Undefined where the text is not a map. */
export function parseMap(text: string): StridedMap | undefined {
  const segments: MapSegment[] = [];
  let rest = text;
  while (rest !== '') {
    const match = /^\((_|\d+):((?: \d+\*-?\d+)*)\)/.exec(rest);
    if (!match) return undefined;
    rest = rest.slice(match[0].length);
    const loops = [...match[2]!.matchAll(/(\d+)\*(-?\d+)/g)].map(m => ({
      count: Number(m[1]),
      stride: Number(m[2]),
    }));
    segments.push({ start: match[1] === '_' ? HOLE : Number(match[1]), loops });
  }
  return { length: segments.reduce((n, segment) => n + segmentLength(segment), 0), segments };
}

/** Every index in [0, sourceLength) or a hole? */
export function mapFits(map: StridedMap, sourceLength: number): boolean {
  return map.segments.every(segment => {
    if (segment.start === HOLE) return true;
    const [low, high] = reachOf(segment);
    return low >= 0 && high < sourceLength;
  });
}
