/**
 * y += x · w in integers: x of 16 bits, weights of 8 in panels of 32 columns, sums of 32. Exact, so the two paths give the
 * same bits: events, and dense. Which is quicker depends on how many powers of two the inputs are made of.
 *
 * Source  docs/rationale/kernels.md; crossovers measured by `bench sim-kernels`
 */
import { type Arena, aligned, type ProductKernels } from './arena.ts';

/** Where a matrix lies: its first byte, and the bytes from one row to the next. */
export interface Matrix {
  readonly at: number;
  readonly stride: number;
}

/** Weights[inner, columns] of 8 bits, placed once for whoever reads them. */
export interface WeightPanels {
  readonly at: number;
  readonly inner: number;
  readonly columns: number;
  /** max_c Σ_k |w[k, c]| */
  readonly largestColumn: number;
}

export const PATHS = ['events', 'dense'] as const;
export type Path = (typeof PATHS)[number];

/** Rows of x, read once for all the weights that they are multiplied with. */
export interface PreparedRows {
  readonly rows: number;
  readonly inner: number;
  readonly largest: number;
  /** undefined: all are 0. */
  readonly path: Path | undefined;
  /** Where they lie as the path reads them. */
  readonly at: number;
}

/** Columns of a panel. */
const PANEL = 32;
const LARGEST_WEIGHT = 2 ** 7;
const LIMIT = 2 ** 31;
/** An event names its input with 16 bits. */
const MOST_LISTED = 2 ** 16;
/** What a list may be written beyond its end, in bytes. */
const LIST_MARGIN = 32;
/** An integer of 16 bits is a sum of so many powers of two at most. */
const MOST_POWERS = 9;

/**
 * From so many signed powers of two for each input on, dense is quickest, by the number of rows: widening a panel pays for
 * itself over many. Measured by `bench sim-kernels`.
 */
const CROSSOVERS: readonly { readonly rows: number; readonly density: number }[] = [
  { rows: 128, density: 0.8 },
  { rows: 16, density: 0.85 },
  { rows: 8, density: 0.94 },
  { rows: 0, density: MOST_POWERS },
];
const crossoverOf = (rows: number): number => CROSSOVERS.find(c => rows >= c.rows)!.density;

export const panelBytes = (inner: number, columns: number): number =>
  Math.ceil(columns / PANEL) * PANEL * inner;

/** Weights that need more than 8 bits have no panels: undefined. */
export function packPanels(
  arena: Arena<ProductKernels>,
  [inner, columns]: readonly [number, number],
  weights: ArrayLike<number>,
): WeightPanels | undefined {
  const largestColumn = sumOfLargestColumn(weights, columns);
  if (largestColumn === undefined) return undefined;
  const write = (at: number) => {
    const { i8 } = arena.views();
    for (let k = 0; k < inner; k++) {
      for (let first = 0; first < columns; first += PANEL) {
        const [to, from] = [at + first * inner + k * PANEL, k * columns + first];
        const some = Math.min(PANEL, columns - first);
        // What is beyond the last column stays as the memory was: 0.
        for (let c = 0; c < some; c++) i8[to + c] = weights[from + c]!;
      }
    }
  };
  return { at: arena.keep(panelBytes(inner, columns), write), inner, columns, largestColumn };
}

function sumOfLargestColumn(weights: ArrayLike<number>, columns: number): number | undefined {
  const sums = new Float64Array(columns);
  for (let i = 0, c = 0; i < weights.length; i++) {
    const size = Math.abs(weights[i]!);
    if (!(size < LARGEST_WEIGHT || weights[i] === -LARGEST_WEIGHT) || !Number.isInteger(size))
      return undefined;
    sums[c]! += size;
    if (++c === columns) c = 0;
  }
  return sums.reduce((a, b) => Math.max(a, b), 0);
}

/** Where parts of the room of prepared rows begin, from its first byte on. */
function listedPlaces(rows: number, inner: number) {
  // Of each row one segment for each power, and one for every 255 events. What is never written costs nothing.
  const most = MOST_POWERS * inner;
  const segments = aligned((rows + 1) * 8);
  const events = segments + aligned(rows * (16 + Math.ceil(most / 255)) * 8);
  return { segments, events, end: events + aligned(rows * most * 2 + LIST_MARGIN) };
}

const packedBytes = (rows: number, inner: number): number =>
  aligned(rows * Math.ceil(inner / 2) * 4 + LIST_MARGIN);

/** Bytes that `prepareRows` writes. */
export const preparedRoom = (rows: number, inner: number): number =>
  Math.max(packedBytes(rows, inner), listedPlaces(rows, inner).end);

/** Bytes that `prepareRows` and `multiplyRows` need for the work of a moment: lists of a row, or a panel that is widened. */
export const workRoom = (rows: number, inner: number): number =>
  Math.max(4 * aligned((inner + 8) * 2), aligned(Math.ceil(inner / 2) * PANEL * 4) + rows * 32);

/** Bytes that `multiply` needs beside its operands. */
export const productRoom = (rows: number, inner: number): number =>
  preparedRoom(rows, inner) + workRoom(rows, inner);

/** The fewest signed powers of two that x[rows, inner] is made of, and its largest magnitude. `room`: 4 bytes. */
export function surveyRows(
  arena: Arena<ProductKernels>,
  x: Matrix,
  [rows, inner]: readonly [number, number],
  room: number,
): { readonly powers: number; readonly largest: number } {
  const powers = arena.kernels.surveyRows(x.at, x.stride, rows, inner, room);
  return { powers, largest: arena.views().i32[room / 4]! };
}

export const pathOf = (rows: number, inner: number, powers: number): Path =>
  inner > MOST_LISTED || powers > crossoverOf(rows) * rows * inner ? 'dense' : 'events';

/** Needs  `at` of preparedRoom bytes, `work` of workRoom */
export function prepareRows(
  { kernels, views }: Arena<ProductKernels>,
  x: Matrix,
  [rows, inner]: readonly [number, number],
  [at, work]: readonly [number, number],
  chosen?: Path,
): PreparedRows {
  const powers = kernels.surveyRows(x.at, x.stride, rows, inner, work);
  const about = { rows, inner, at, largest: views().i32[work / 4]! };
  if (powers === 0) return { ...about, path: undefined };
  const path = chosen ?? pathOf(rows, inner, powers);
  if (path === 'dense') kernels.packRows(x.at, x.stride, rows, inner, at);
  else {
    const { segments, events } = listedPlaces(rows, inner);
    kernels.listRows(x.at, x.stride, rows, inner, at, at + segments, at + events, work);
  }
  return { ...about, path };
}

/**
 * y[rows, columns] += x[rows, inner] · w. Returns false, with y as it was, where sums of 32 bits might overflow: |y| is at most
 * `held` before, and stays below 2^31 in the end.
 */
export function multiplyRows(
  { kernels }: Arena<ProductKernels>,
  { rows, inner, largest, path, at }: PreparedRows,
  weights: WeightPanels,
  y: Matrix,
  { work, held }: { readonly work: number; readonly held: number },
): boolean {
  const { columns, largestColumn } = weights;
  if (largest * largestColumn + held >= LIMIT) return false;
  if (path === 'dense') {
    kernels.multiplyDense(at, weights.at, y.at, y.stride, rows, inner, columns, work);
  } else if (path === 'events') {
    const { segments, events } = listedPlaces(rows, inner);
    const lists = [at, at + segments, at + events] as const;
    kernels.multiplyListed(...lists, weights.at, y.at, y.stride, rows, inner, columns, work);
  }
  return true;
}

/** Both for rows that are multiplied once. Needs  `room` of productRoom bytes */
export function multiply(
  arena: Arena<ProductKernels>,
  x: Matrix,
  rows: number,
  weights: WeightPanels,
  y: Matrix,
  { room, held, path }: { readonly room: number; readonly held: number; readonly path?: Path | undefined },
): boolean {
  const work = room + preparedRoom(rows, weights.inner);
  const prepared = prepareRows(arena, x, [rows, weights.inner], [room, work], path);
  return multiplyRows(arena, prepared, weights, y, { work, held });
}
