/** Products of integers in plain loops: those of kernels/events.assembly.ts and kernels/dense.assembly.ts. */
import type { DenseKernels, EventKernels, Views } from './arena.ts';

/** Columns of a panel of weights. */
const PANEL = 32;

/** Rows are kept as they are: lists for SIMD have no use here. */
export function createPlainEvents(views: () => Views): EventKernels {
  return {
    listRows(x, stride, rows, inner, _starts, _segments, events) {
      const { i16 } = views();
      for (let row = 0; row < rows; row++) {
        const from = (x + row * stride) / 2;
        i16.copyWithin(events / 2 + row * inner, from, from + inner);
      }
    },
    multiplyListed(_starts, _segments, events, weights, y, stride, rows, inner, columns) {
      const { i16, i8, i32 } = views();
      for (let row = 0; row < rows; row++) {
        for (let k = 0; k < inner; k++) {
          const factor = i16[events / 2 + row * inner + k]!;
          if (factor === 0) continue;
          for (let c = 0; c < columns; c++) {
            const weight = i8[weights + Math.floor(c / PANEL) * PANEL * inner + k * PANEL + (c % PANEL)]!;
            i32[(y + row * stride) / 4 + c]! += factor * weight;
          }
        }
      }
    },
  };
}

/** Packed rows and columns are padded to whole pairs; what they are packed for in SIMD has no use here. */
export function createPlainDense(views: () => Views): DenseKernels {
  const pack = (from: number, stride: number, rows: number, inner: number, out: number) => {
    const { i16 } = views();
    const width = 2 * Math.ceil(inner / 2);
    for (let row = 0; row < rows; row++) {
      for (let k = 0; k < width; k++) {
        i16[out / 2 + row * width + k] = k < inner ? i16[(from + row * stride) / 2 + k]! : 0;
      }
    }
  };
  return {
    surveyRows(x, stride, rows, inner, out) {
      const { i16, i32 } = views();
      let [powers, largest] = [0, 0];
      for (let row = 0; row < rows; row++) {
        for (let k = 0; k < inner; k++) {
          const size = Math.abs(i16[(x + row * stride) / 2 + k]!);
          for (let rest = (size + (size >> 1)) ^ (size >> 1); rest > 0; rest &= rest - 1) powers += 1;
          if (size > largest) largest = size;
        }
      }
      i32[out / 4] = largest;
      return powers;
    },
    packRows: pack,
    packColumns: pack,
    multiplyPacked(x, b, y, stride, rows, inner, columns) {
      const { i16, i32 } = views();
      const width = 2 * Math.ceil(inner / 2);
      for (let row = 0; row < rows; row++) {
        for (let c = 0; c < columns; c++) {
          let sum = 0;
          for (let k = 0; k < inner; k++) sum += i16[x / 2 + row * width + k]! * i16[b / 2 + c * width + k]!;
          i32[(y + row * stride) / 4 + c]! += sum;
        }
      }
    },
    multiplyDense(x, weights, y, stride, rows, inner, columns) {
      const { i16, i8, i32 } = views();
      const width = 2 * Math.ceil(inner / 2);
      for (let row = 0; row < rows; row++) {
        for (let c = 0; c < columns; c++) {
          const panel = weights + Math.floor(c / PANEL) * PANEL * inner + (c % PANEL);
          let sum = 0;
          for (let k = 0; k < inner; k++) sum += i16[x / 2 + row * width + k]! * i8[panel + k * PANEL]!;
          i32[(y + row * stride) / 4 + c]! += sum;
        }
      }
    },
  };
}
