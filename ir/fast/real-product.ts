/**
 * y += x · w in doubles, with the additions of every output in the order of the inner index: the bits of the loops
 * in ir/interpret.
 */
import type { TensorData } from '../constants.ts';
import { type Arena, aligned } from './arena.ts';

export interface ProductShape {
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
}
/** Writes a matrix, row by row, from element `at` on. */
export type Fill = (out: Float64Array, at: number) => void;

/** Columns that the kernel works on side by side. */
const COLUMNS = 4;

/** y[rows, columns] += x[rows, inner] · w[inner, columns]; `y` is read and written from `at` on. */
export type WeightedProduct = (x: Fill, y: Float64Array, at?: number) => void;
/** The same with a second operand of the moment: `b` writes its transpose, [columns, inner]. */
export type DynamicProduct = (x: Fill, b: Fill, y: Float64Array, at?: number) => void;

/** Weights stay in the precision that they come in. */
export function prepareWeighted(arena: Arena, shape: ProductShape, weight: TensorData): WeightedProduct {
  const isSingle = weight instanceof Float32Array;
  const bytes = panelsOf(shape) * shape.inner * COLUMNS * (isSingle ? 4 : 8);
  const kept = arena.canKeep(bytes) ? arena.reserve(bytes) : undefined;
  const { x, w, y, end } = layout(shape, kept === undefined ? bytes : 0);
  arena.needScratch(end);
  const pack = (at: number) => packWeights(weight, shape, arena, at, isSingle);
  if (kept !== undefined) pack(kept);
  return (fill, out, first = 0) => {
    const base = arena.scratch();
    if (kept === undefined) pack(base + w);
    const multiply = isSingle ? arena.kernels.multiplyF32 : arena.kernels.multiplyF64;
    fill(arena.views().f64, (base + x) / 8);
    moveIn(out, first, arena, base + y, shape);
    multiply(base + x, kept ?? base + w, base + y, shape.rows, shape.inner, panelsOf(shape));
    moveOut(out, first, arena, base + y, shape);
  };
}

export function prepareDynamic(arena: Arena, shape: ProductShape): DynamicProduct {
  const { rows, inner, columns } = shape;
  const { x, w, y, end } = layout(shape, panelsOf(shape) * inner * COLUMNS * 8);
  // The transpose lies where the result will be, or behind it.
  const transpose = aligned(end);
  arena.needScratch(transpose + columns * inner * 8);
  return (fillX, fillB, out, first = 0) => {
    const base = arena.scratch();
    const { f64 } = arena.views();
    fillX(f64, (base + x) / 8);
    fillB(f64, (base + transpose) / 8);
    packTranspose(f64, (base + transpose) / 8, (base + w) / 8, shape);
    moveIn(out, first, arena, base + y, shape);
    arena.kernels.multiplyF64(base + x, base + w, base + y, rows, inner, panelsOf(shape));
    moveOut(out, first, arena, base + y, shape);
  };
}

const panelsOf = ({ columns }: ProductShape): number => Math.ceil(columns / COLUMNS);

function layout(shape: ProductShape, weightBytes: number) {
  const x = 0;
  const w = aligned(x + shape.rows * shape.inner * 8);
  const y = aligned(w + weightBytes);
  return { x, w, y, end: y + shape.rows * panelsOf(shape) * COLUMNS * 8 };
}

function packWeights(
  weight: TensorData,
  { inner, columns }: ProductShape,
  arena: Arena,
  at: number,
  isSingle: boolean,
): void {
  const { f32, f64 } = arena.views();
  const out = isSingle ? f32 : f64;
  const first = at / out.BYTES_PER_ELEMENT;
  const panel = inner * COLUMNS;
  const whole = columns - (columns % COLUMNS);
  for (let k = 0; k < inner; k++) {
    const row = k * columns;
    let to = first + k * COLUMNS;
    for (let c = 0; c < whole; c += COLUMNS, to += panel) {
      for (let i = 0; i < COLUMNS; i++) out[to + i] = weight[row + c + i]!;
    }
    for (let c = whole; c < whole + COLUMNS && whole < columns; c++) {
      out[to + c - whole] = c < columns ? weight[row + c]! : 0;
    }
  }
}

function packTranspose(f64: Float64Array, from: number, to: number, shape: ProductShape): void {
  const { inner, columns } = shape;
  for (let j = 0; j < panelsOf(shape) * COLUMNS; j++) {
    const first = to + Math.floor(j / COLUMNS) * inner * COLUMNS + (j % COLUMNS);
    for (let k = 0; k < inner; k++) f64[first + k * COLUMNS] = j < columns ? f64[from + j * inner + k]! : 0;
  }
}

function moveIn(y: Float64Array, first: number, arena: Arena, at: number, shape: ProductShape): void {
  const { f64 } = arena.views();
  const { rows, columns } = shape;
  const width = panelsOf(shape) * COLUMNS;
  if (width === columns) {
    f64.set(y.subarray(first, first + rows * columns), at / 8);
    return;
  }
  for (let row = 0; row < rows; row++) {
    for (let c = 0; c < width; c++) {
      f64[at / 8 + row * width + c] = c < columns ? y[first + row * columns + c]! : 0;
    }
  }
}

function moveOut(y: Float64Array, first: number, arena: Arena, at: number, shape: ProductShape): void {
  const { f64 } = arena.views();
  const { rows, columns } = shape;
  const width = panelsOf(shape) * COLUMNS;
  for (let row = 0; row < rows; row++) {
    const from = at / 8 + row * width;
    y.set(f64.subarray(from, from + columns), first + row * columns);
  }
}
