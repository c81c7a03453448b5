/**
 * Lists of indices as arithmetic runs, for the work on index maps that loops alone cannot do. A tensor of millions
 * of elements is a few thousand runs, so nothing here costs by the element.
 */

/** No element: the value there is 0. */
export const HOLE = -1;

/** `start`, then for each loop (outermost first) `count` repetitions `stride` apart. */
export interface MapSegment {
  readonly start: number;
  readonly loops: readonly { readonly count: number; readonly stride: number }[];
}

/** Run i is starts[i], starts[i] + strides[i], …, counts[i] of them; a run that starts with HOLE is all holes. */
export interface Runs {
  readonly starts: number[];
  readonly strides: number[];
  readonly counts: number[];
}

export const createRuns = (): Runs => ({ starts: [], strides: [], counts: [] });

/** Appends a run; one that continues the last becomes part of it. */
export function pushRun(runs: Runs, start: number, stride: number, count: number): void {
  if (count <= 0) return;
  const { starts, strides, counts } = runs;
  const last = starts.length - 1;
  if (last >= 0 && continues(runs, last, start, stride, count)) {
    if (counts[last] === 1) strides[last] = start === HOLE ? 0 : start - starts[last]!;
    counts[last]! += count;
    return;
  }
  starts.push(start);
  strides.push(start === HOLE || count === 1 ? 0 : stride);
  counts.push(count);
}

function continues(
  { starts, strides, counts }: Runs,
  last: number,
  start: number,
  stride: number,
  count: number,
): boolean {
  const first = starts[last]!;
  if (first === HOLE || start === HOLE) return first === start;
  const step = counts[last] === 1 ? start - first : strides[last]!;
  return start === first + step * counts[last]! && (count === 1 || stride === step);
}

/** Visits the innermost runs of a segment, in order, until `visit` says false; false where it did. */
export function eachRun(
  { start, loops }: MapSegment,
  // biome-ignore lint/suspicious/noConfusingVoidType: most visitors have nothing to say
  visit: (start: number, stride: number, count: number) => boolean | void,
): boolean {
  const inner = loops.at(-1) ?? { count: 1, stride: 0 };
  const outer = loops.slice(0, -1);
  const walk = (level: number, at: number): boolean => {
    const loop = outer[level];
    if (loop === undefined) return visit(at, inner.stride, inner.count) !== false;
    for (let i = 0; i < loop.count; i++) {
      if (!walk(level + 1, start === HOLE ? HOLE : at + i * loop.stride)) return false;
    }
    return true;
  };
  return walk(0, start);
}

export function runsOf(segments: readonly MapSegment[]): Runs {
  const runs = createRuns();
  for (const segment of segments) {
    eachRun(segment, (start, stride, count) => pushRun(runs, start, stride, count));
  }
  return runs;
}

export function runsOfList(indices: ArrayLike<number>): Runs {
  const runs = createRuns();
  for (let i = 0; i < indices.length; i++) pushRun(runs, indices[i]!, 0, 1);
  return runs;
}

/**
 * The nested loops of a list: greedy, innermost loop first. The result depends on the list alone, not on how it
 * was cut into runs, so equal lists give equal segments.
 * Cost: linear in the runs, times the depth of the loops
 */
export function compressRuns(runs: Runs): readonly MapSegment[] {
  const list = indexRuns(runs);
  const segments: MapSegment[] = [];
  let at = 0;
  while (at < list.length) {
    const run = list.find(at);
    if (runs.starts[run] === HOLE) {
      const count = holesFrom(list, run);
      segments.push({ start: HOLE, loops: count > 1 ? [{ count, stride: 0 }] : [] });
      at += count;
    } else {
      const segment = loopsAt(list, at);
      segments.push(segment);
      at += segment.loops.reduce((n, loop) => n * loop.count, 1);
    }
  }
  return segments;
}

interface IndexedRuns {
  readonly runs: Runs;
  readonly begins: Float64Array;
  readonly length: number;
  /** The run that holds element `at`. */
  find(at: number): number;
  value(at: number): number;
}

function indexRuns(runs: Runs): IndexedRuns {
  const { starts, strides, counts } = runs;
  const begins = new Float64Array(starts.length + 1);
  for (let i = 0; i < counts.length; i++) begins[i + 1] = begins[i]! + counts[i]!;
  const find = (at: number): number => {
    let [low, high] = [0, counts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (begins[middle]! <= at) low = middle;
      else high = middle - 1;
    }
    return low;
  };
  const value = (at: number): number => {
    const run = find(at);
    return starts[run] === HOLE ? HOLE : starts[run]! + (at - begins[run]!) * strides[run]!;
  };
  return { runs, begins, length: begins.at(-1)!, find, value };
}

function holesFrom({ runs: { starts, counts } }: IndexedRuns, run: number): number {
  let count = 0;
  for (let i = run; i < starts.length && starts[i] === HOLE; i++) count += counts[i]!;
  return count;
}

function loopsAt(list: IndexedRuns, at: number): MapSegment {
  const start = list.value(at);
  const loops: { count: number; stride: number }[] = [];
  let block = 1;
  for (let next = at + 1; next < list.length; next = at + block) {
    const value = list.value(next);
    if (value === HOLE) break;
    const stride = value - start;
    const count = block === 1 ? runLength(list, at, stride) : blockCount(list, at, block, stride);
    if (count === 1) break;
    loops.push({ count, stride });
    block *= count;
  }
  return { start, loops: loops.toReversed() };
}

/** Elements from `at` on that lie `stride` apart. */
function runLength({ runs, begins, length, find, value }: IndexedRuns, at: number, stride: number): number {
  let end = at;
  let run = find(at);
  for (;;) {
    if (runs.strides[run] === stride || end === begins[run + 1]! - 1) end = begins[run + 1]! - 1;
    else return end - at + 1;
    run += 1;
    if (end + 1 >= length || runs.starts[run] === HOLE || value(end + 1) - value(end) !== stride) {
      return end - at + 1;
    }
    end += 1;
  }
}

function blockCount(list: IndexedRuns, at: number, block: number, stride: number): number {
  let count = 1;
  while (at + (count + 1) * block <= list.length) {
    if (!isShifted(list, at, at + count * block, block, count * stride)) break;
    count += 1;
  }
  return count;
}

/** Are the `length` elements from `b` on those from `a` on plus `shift`, without a hole? */
function isShifted(
  { runs: { starts, strides }, begins, find }: IndexedRuns,
  a: number,
  b: number,
  length: number,
  shift: number,
): boolean {
  let [runA, runB] = [find(a), find(b)];
  for (let done = 0; done < length; ) {
    const [offsetA, offsetB] = [a + done - begins[runA]!, b + done - begins[runB]!];
    if (starts[runA] === HOLE || starts[runB] === HOLE) return false;
    const x = starts[runA]! + offsetA * strides[runA]!;
    if (x + shift !== starts[runB]! + offsetB * strides[runB]!) return false;
    const leftA = begins[runA + 1]! - (a + done);
    const leftB = begins[runB + 1]! - (b + done);
    const both = Math.min(leftA, leftB, length - done);
    if (both > 1 && strides[runA] !== strides[runB]) return false;
    done += both;
    if (both === leftA) runA += 1;
    if (both === leftB) runB += 1;
  }
  return true;
}
