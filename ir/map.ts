/**
 * Index maps. Every view (reshape, transpose, slice, concat, class token, padding, window shift) says of each
 * element of its result which element of its source it is, or none. A map is that list of numbers, stored as
 * nested loops, so that a transpose of a million elements is one line of text.
 */

export const HOLE = -1;

/** `start`, then for each loop (outermost first) `count` repetitions `stride` apart. */
export interface MapSegment {
  readonly start: number;
  readonly loops: readonly { readonly count: number; readonly stride: number }[];
}
/** The concatenation of its segments; a segment with start HOLE maps to nothing. */
export interface StridedMap {
  readonly length: number;
  readonly segments: readonly MapSegment[];
}

const segmentLength = (segment: MapSegment): number => segment.loops.reduce((n, loop) => n * loop.count, 1);

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
export const mapIndices = (map: StridedMap | undefined, size: number): Int32Array =>
  map === undefined ? Int32Array.from({ length: size }, (_, i) => i) : expandMap(map);

/**
 * The nested loops of a list of indices: greedy, innermost loop first, so that equal lists give equal maps.
 * Cost: linear in the length.
 */
export function compressMap(indices: ArrayLike<number>): StridedMap {
  const length = indices.length;
  const segments: MapSegment[] = [];
  let at = 0;
  while (at < length) {
    const segment = indices[at] === HOLE ? holeAt(indices, at) : loopsAt(indices, at);
    segments.push(segment);
    at += segmentLength(segment);
  }
  return { length, segments };
}

function holeAt(indices: ArrayLike<number>, at: number): MapSegment {
  let count = 1;
  while (at + count < indices.length && indices[at + count] === HOLE) count++;
  return { start: HOLE, loops: count > 1 ? [{ count, stride: 0 }] : [] };
}

function loopsAt(indices: ArrayLike<number>, at: number): MapSegment {
  const start = indices[at]!;
  const loops: { count: number; stride: number }[] = [];
  let block = 1;
  for (;;) {
    const next = at + block;
    if (next >= indices.length || indices[next] === HOLE) break;
    const stride = indices[next]! - start;
    let count = 1;
    while (repeats(indices, at, block, count, stride)) count++;
    if (count === 1) break;
    loops.push({ count, stride });
    block *= count;
  }
  return { start, loops: loops.toReversed() };
}

/** Is the block number `count` after `at` the first block shifted by `count` strides? */
function repeats(
  indices: ArrayLike<number>,
  at: number,
  block: number,
  count: number,
  stride: number,
): boolean {
  const from = at + count * block;
  if (from + block > indices.length) return false;
  for (let j = 0; j < block; j++) {
    const value = indices[from + j]!;
    if (value === HOLE || value !== indices[at + j]! + count * stride) return false;
  }
  return true;
}

/** First `inner`, then `outer`: result[i] = inner[outer[i]], holes stay holes. */
export function composeMaps(outer: StridedMap, inner: StridedMap): StridedMap {
  const source = expandMap(inner);
  return compressMap(expandMap(outer).map(i => (i === HOLE ? HOLE : source[i]!)));
}

export function isIdentity(map: StridedMap, sourceLength: number): boolean {
  if (map.length !== sourceLength) return false;
  if (map.length === 1) return map.segments[0]?.start === 0;
  const [segment, ...others] = map.segments;
  const [loop, ...outer] = segment?.loops ?? [];
  return (
    others.length === 0 &&
    outer.length === 0 &&
    segment?.start === 0 &&
    loop?.stride === 1 &&
    loop.count === map.length
  );
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
  return map.segments.every(({ start, loops }) => {
    if (start === HOLE) return true;
    const low = loops.reduce((sum, l) => sum + Math.min(0, (l.count - 1) * l.stride), start);
    const high = loops.reduce((sum, l) => sum + Math.max(0, (l.count - 1) * l.stride), start);
    return low >= 0 && high < sourceLength;
  });
}
