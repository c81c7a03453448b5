/**
 * y += a · bᵀ of two operands of the moment in integers: sums of 16 bits, packed by kernels, added up in 32 where bounds of
 * the moment prove that nothing overflows.
 */
import { type Arena, aligned, type ProductKernels } from './arena.ts';
import type { Matrix } from './panels.ts';

export interface DynamicShape {
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
}
/** Rows of an operand with the largest magnitude among them. */
export interface Operand extends Matrix {
  readonly largest: number;
}

const LARGEST = 2 ** 15 - 1;
const LIMIT = 2 ** 31;

function roomOf({ rows, inner, columns }: DynamicShape) {
  const pairs = Math.ceil(inner / 2);
  const b = aligned(rows * pairs * 4);
  const rest = b + aligned(8 * Math.ceil(columns / 8) * pairs * 4);
  return { b, rest, end: rest + rows * 32 };
}

/** Bytes that `multiplyDynamic` needs beside its operands. */
export const dynamicRoom = (shape: DynamicShape): number => roomOf(shape).end;

/** y[rows, columns] += a[rows, inner] · b[columns, inner]ᵀ; false, with y as it was, where it may overflow. */
export function multiplyDynamic(
  { kernels }: Arena<ProductKernels>,
  [a, b]: readonly [Operand, Operand],
  { rows, inner, columns }: DynamicShape,
  y: Matrix,
  room: number,
): boolean {
  const isShort = a.largest <= LARGEST && b.largest <= LARGEST;
  if (!isShort || a.largest * b.largest * inner >= LIMIT) return false;
  if (a.largest === 0 || b.largest === 0) return true;
  const places = roomOf({ rows, inner, columns });
  kernels.packRows(a.at, a.stride, rows, inner, room);
  kernels.packColumns(b.at, b.stride, columns, inner, room + places.b);
  kernels.multiplyPacked(room, room + places.b, y.at, y.stride, rows, inner, columns, room + places.rest);
  return true;
}
