/** Products of integers in plain loops: those of kernels/events.assembly.ts and kernels/dense.assembly.ts. */
import type { DenseKernels, EventKernels, Views } from './arena.ts';

/** Columns of a panel of weights. */
const PANEL = 32;

/** Those of kernels/events.assembly.ts. */
export function createPlainEvents(views: () => Views): EventKernels {
  const addRow = (factor: number, from: number, columns: number, to: number) => {
    const { i8, i32 } = views();
    for (let c = 0; c < columns; c++) i32[to / 4 + c]! += factor * i8[from + c]!;
  };
  const listEvents: EventKernels['listEvents'] = (x, count, numbers, payloads) => {
    const { i16, u16 } = views();
    let events = 0;
    for (let i = 0; i < count; i++) {
      const value = i16[x / 2 + i]!;
      if (value === 0) continue;
      u16[numbers / 2 + events] = i;
      i16[payloads / 2 + events] = value;
      events += 1;
    }
    u16[numbers / 2 + events] = 0;
    i16[payloads / 2 + events] = 0;
    return events;
  };
  return {
    listEvents,
    addRows(numbers, payloads, count, weights, stride, columns, y) {
      const { i16, u16 } = views();
      for (let e = 0; e < count; e++) {
        addRow(i16[payloads / 2 + e]!, weights + u16[numbers / 2 + e]! * stride, columns, y);
      }
    },
    addBinaryRows(numbers, count, weights, stride, columns, y) {
      const { u16 } = views();
      for (let e = 0; e < count; e++) addRow(1, weights + u16[numbers / 2 + e]! * stride, columns, y);
    },
    listRows(x, stride, rows, inner, starts, numbers, payloads) {
      let at = 0;
      for (let row = 0; row < rows; row++) {
        views().i32[starts / 4 + row] = at;
        const count = listEvents(x + row * stride, inner, numbers + 2 * at, payloads + 2 * at);
        at += 2 * Math.ceil(count / 2);
      }
      views().i32[starts / 4 + rows] = at;
    },
    multiplyListed(starts, numbers, payloads, weights, y, stride, rows, inner, columns) {
      const { i32, i16, u16 } = views();
      for (let row = 0; row < rows; row++) {
        for (let e = i32[starts / 4 + row]!; e < i32[starts / 4 + row + 1]!; e++) {
          const [payload, input] = [i16[payloads / 2 + e]!, u16[numbers / 2 + e]!];
          for (let first = 0; first < columns; first += PANEL) {
            const from = weights + first * inner + input * PANEL;
            addRow(payload, from, Math.min(PANEL, columns - first), y + row * stride + first * 4);
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
      let [events, largest] = [0, 0];
      for (let row = 0; row < rows; row++) {
        for (let k = 0; k < inner; k++) {
          const size = Math.abs(i16[(x + row * stride) / 2 + k]!);
          if (size > 0) events += 1;
          if (size > largest) largest = size;
        }
      }
      i32[out / 4] = largest;
      return events;
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
