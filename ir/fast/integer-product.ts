/**
 * y += x · w in integers of 16 and 32 bits, where bounds prove that nothing overflows. Exact, so the order of the
 * additions makes no difference.
 */
import type { TensorData } from '../constants.ts';
import { type Arena, aligned } from './arena.ts';
import type { ProductShape } from './real-product.ts';

/** Writes rows of `inner` integers, each `stride` apart, from element `at` on; says the largest magnitude. */
export type FillIntegers = (out: Int16Array, at: number, inner: number, stride: number) => number;

/** Returns false, with y as it was, where these operands may overflow. */
export type WeightedIntegers = (x: FillIntegers, y: Float64Array) => boolean;
export type DynamicIntegers = (x: FillIntegers, b: FillIntegers, y: Float64Array, at: number) => boolean;

const COLUMNS = 8;
const LARGEST = 2 ** 15 - 1;
const LIMIT = 2 ** 31;

/** y[rows, columns] += x[rows, inner] · weight[inner, columns]; undefined where weights need more than 16 bits. */
export function prepareWeightedIntegers(
  arena: Arena,
  shape: ProductShape,
  weight: TensorData,
): WeightedIntegers | undefined {
  const bound = largestColumn(weight, shape);
  const { panelBytes, panels, stride } = sizes(shape);
  if (bound === undefined || !arena.canKeep(panelBytes)) return undefined;
  const kept = arena.reserve(panelBytes);
  packWeights(weight, shape, arena.views().i16, kept / 2);
  const y = aligned(shape.rows * stride * 2);
  arena.needScratch(y + shape.rows * panels * COLUMNS * 4);
  return (fill, out) => {
    const base = arena.scratch();
    const { i16 } = arena.views();
    const largest = fill(i16, base / 2, shape.inner, stride);
    if (largest > LARGEST || largest * bound >= LIMIT) return false;
    arena.kernels.multiplyI16(base, kept, base + y, shape.rows, stride / 2, panels);
    addTo(out, 0, arena, base + y, shape);
    return true;
  };
}

export function prepareDynamicIntegers(arena: Arena, shape: ProductShape): DynamicIntegers {
  const { rows, inner, columns } = shape;
  const { panelBytes, panels, stride } = sizes(shape);
  const w = aligned(rows * stride * 2);
  const y = aligned(w + panelBytes);
  const transpose = aligned(y + rows * panels * COLUMNS * 4);
  arena.needScratch(transpose + columns * stride * 2);
  return (fillX, fillB, out, first) => {
    const base = arena.scratch();
    const { i16 } = arena.views();
    const largestX = fillX(i16, base / 2, inner, stride);
    const largestB = fillB(i16, (base + transpose) / 2, inner, stride);
    if (Math.max(largestX, largestB) > LARGEST || largestX * largestB * inner >= LIMIT) return false;
    packTranspose(arena.views().i32, (base + transpose) / 4, (base + w) / 4, shape);
    arena.kernels.multiplyI16(base, base + w, base + y, rows, stride / 2, panels);
    addTo(out, first, arena, base + y, shape);
    return true;
  };
}

/** A row is padded to whole pairs. */
function sizes({ inner, columns }: ProductShape) {
  const stride = 2 * Math.ceil(inner / 2);
  const panels = Math.ceil(columns / COLUMNS);
  return { stride, panels, panelBytes: panels * COLUMNS * stride * 2 };
}

/** max_c Σ_k |w[k, c]|; undefined where a weight is no integer of 16 bits. */
function largestColumn(weight: TensorData, { columns }: ProductShape): number | undefined {
  const sums = new Float64Array(columns);
  for (let first = 0; first < weight.length; first += columns) {
    for (let c = 0; c < columns; c++) {
      const size = Math.abs(weight[first + c]!);
      if (!(size <= LARGEST) || Math.floor(size) !== size) return undefined;
      sums[c]! += size;
    }
  }
  return sums.reduce((a, b) => Math.max(a, b), 0);
}

function packWeights(weight: TensorData, shape: ProductShape, out: Int16Array, first: number): void {
  const { inner, columns } = shape;
  const { stride } = sizes(shape);
  const whole = columns - (columns % COLUMNS);
  for (let k = 0; k < inner; k++) {
    const row = k * columns;
    let to = first + (k & ~1) * COLUMNS + (k & 1);
    for (let c = 0; c < whole; c += COLUMNS, to += stride * COLUMNS) {
      for (let i = 0; i < COLUMNS; i++) out[to + 2 * i] = weight[row + c + i]!;
    }
    // What is beyond the last column, or the last input, stays as the memory was: 0.
    for (let c = whole; c < columns; c++) out[to + 2 * (c - whole)] = weight[row + c]!;
  }
}

/** Moves pairs of 16 bits as one number of 32. */
function packTranspose(i32: Int32Array, from: number, to: number, shape: ProductShape): void {
  const { panels, stride } = sizes(shape);
  const pairs = stride / 2;
  for (let j = 0; j < panels * COLUMNS; j++) {
    const first = to + Math.floor(j / COLUMNS) * pairs * COLUMNS + (j % COLUMNS);
    const row = from + j * pairs;
    const isColumn = j < shape.columns;
    for (let k = 0; k < pairs; k++) i32[first + k * COLUMNS] = isColumn ? i32[row + k]! : 0;
  }
}

function addTo(y: Float64Array, first: number, arena: Arena, at: number, shape: ProductShape): void {
  const { i32 } = arena.views();
  const { rows, columns } = shape;
  const width = sizes(shape).panels * COLUMNS;
  for (let row = 0; row < rows; row++) {
    const [from, to] = [at / 4 + row * width, first + row * columns];
    for (let c = 0; c < columns; c++) y[to + c]! += i32[from + c]!;
  }
}
