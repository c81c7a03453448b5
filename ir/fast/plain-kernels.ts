/**
 * The products of kernels/products.assembly.ts in plain loops, for a process that may not reserve the address space of a
 * WebAssembly memory (about 10 GB of it, hardly any of it used).
 */
import type { ProductKernels, Views } from './arena.ts';
import { createPlainDense, createPlainEvents } from './plain-integers.ts';

export function createPlainKernels(views: () => Views): ProductKernels {
  const real =
    (bytes: 4 | 8) =>
    (x: number, w: number, y: number, rows: number, inner: number, panels: number): void => {
      const { f64, f32 } = views();
      const weights = bytes === 8 ? f64 : f32;
      multiply({ x: f64, w: weights, y: f64 }, [x / 8, w / bytes, y / 8], [rows, inner, panels * 4, 4]);
    };
  return {
    ...createPlainEvents(views),
    ...createPlainDense(views),
    multiplyF64: real(8),
    multiplyF32: real(4),
  };
}

type Numbers = Float64Array | Float32Array;

/** y[rows, columns] += x[rows, inner] · w, w in panels of `width` columns; k by k for each output. */
function multiply(
  { x, w, y }: { readonly x: Numbers; readonly w: Numbers; readonly y: Numbers },
  [firstX, firstW, firstY]: readonly [number, number, number],
  [rows, inner, columns, width]: readonly [number, number, number, number],
): void {
  for (let row = 0; row < rows; row++) {
    for (let c = 0; c < columns; c++) {
      const panel = firstW + Math.floor(c / width) * inner * width + (c % width);
      const to = firstY + row * columns + c;
      for (let k = 0; k < inner; k++) y[to]! += x[firstX + row * inner + k]! * w[panel + k * width]!;
    }
  }
}
