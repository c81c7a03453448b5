/**
 * y += x · w in integers: x of 16 bits, weights of 8 in panels of 32 columns, sums of 32. Exact, so the three paths give the
 * same bits: events row by row, events panel by panel, dense. Which is quickest depends on how many inputs are not 0.
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

export const PATHS = ['rows', 'panels', 'dense'] as const;
export type Path = (typeof PATHS)[number];

/** Columns of a panel. */
const PANEL = 32;
const LARGEST_WEIGHT = 2 ** 7;
const LIMIT = 2 ** 31;
/** An event names its input with 16 bits. */
const MOST_LISTED = 2 ** 16;
/** What a list may be written beyond its end, in bytes. */
const LIST_MARGIN = 32;

/**
 * From this share of inputs that are not 0 on, dense is quickest, by the number of rows: widening a panel pays for itself over
 * many. Measured by `bench sim-kernels`.
 */
const CROSSOVERS: readonly { readonly rows: number; readonly density: number }[] = [
  { rows: 128, density: 0.48 },
  { rows: 32, density: 0.52 },
  { rows: 16, density: 0.56 },
  { rows: 8, density: 0.63 },
  { rows: 4, density: 0.77 },
];
/** Panels of events beat rows of events from so many rows on. */
const PANEL_ROWS = 4;

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

/** Where the parts of the room of a product begin, from its first byte on. */
function roomOf(rows: number, inner: number) {
  const pairs = Math.ceil(inner / 2);
  const words = aligned(rows * pairs * 4 + LIST_MARGIN);
  const starts = aligned((rows + 1) * 4);
  // Dense: packed rows, a widened panel, columns of no whole block. Events: where lists begin, lists, one panel's sums.
  return {
    dense: { x: 0, rest: words, end: words + aligned(pairs * PANEL * 4) + rows * 32 },
    listed: {
      starts: 0,
      numbers: starts,
      payloads: starts + words,
      rest: starts + 2 * words,
      end: starts + 2 * words + 128,
    },
  };
}

/** Bytes that `multiply` needs beside its operands. */
export function productRoom(rows: number, inner: number): number {
  const { dense, listed } = roomOf(rows, inner);
  return Math.max(dense.end, listed.end);
}

/** How many of x[rows, inner] are not 0, and the largest magnitude. `room`: 4 bytes. */
export function surveyRows(
  arena: Arena<ProductKernels>,
  x: Matrix,
  [rows, inner]: readonly [number, number],
  room: number,
): { readonly events: number; readonly largest: number } {
  const events = arena.kernels.surveyRows(x.at, x.stride, rows, inner, room);
  return { events, largest: arena.views().i32[room / 4]! };
}

export function pathOf(rows: number, inner: number, events: number): Path {
  const crossover = CROSSOVERS.find(c => rows >= c.rows)?.density ?? Number.POSITIVE_INFINITY;
  if (inner > MOST_LISTED || events > crossover * rows * inner) return 'dense';
  return rows < PANEL_ROWS ? 'rows' : 'panels';
}

/**
 * y[rows, columns] += x[rows, inner] · w. Returns false, with y as it was, where sums of 32 bits might overflow: |y| is at most
 * `held` before, and stays below 2^31 on the way.
 *
 * Needs  `room` of productRoom bytes
 */
export function multiply(
  arena: Arena<ProductKernels>,
  x: Matrix,
  rows: number,
  weights: WeightPanels,
  y: Matrix,
  { room, held, path }: { readonly room: number; readonly held: number; readonly path?: Path | undefined },
): boolean {
  const { at, inner, columns, largestColumn } = weights;
  const { events, largest } = surveyRows(arena, x, [rows, inner], room);
  if (largest * largestColumn + held >= LIMIT) return false;
  if (events === 0) return true;
  const { kernels } = arena;
  const places = roomOf(rows, inner);
  const chosen = path ?? pathOf(rows, inner, events);
  if (chosen === 'dense') {
    const { rest } = places.dense;
    kernels.packRows(x.at, x.stride, rows, inner, room);
    kernels.multiplyDense(room, at, y.at, y.stride, rows, inner, columns, room + rest);
    return true;
  }
  const { starts, numbers, payloads, rest } = places.listed;
  const lists = [room + starts, room + numbers, room + payloads] as const;
  const isByPanel = chosen === 'panels' ? 1 : 0;
  kernels.listRows(x.at, x.stride, rows, inner, ...lists);
  kernels.multiplyListed(...lists, at, y.at, y.stride, rows, inner, columns, isByPanel, room + rest);
  return true;
}
