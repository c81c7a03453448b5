/**
 * Row additions: acc[into + c] += by · rows[from + c] for every event and every channel c. All of a step's
 * arithmetic on synapses and products comes down to these four functions; faster ones (WebAssembly) take
 * their place with the same arguments and, additions being exact, the same results.
 *
 * Needs  int32 variants: every partial sum below 2^31 (boot.ts proves it); float64 variants: below 2^53
 * Cost   events × channels; four events that share a target row are added in one pass over it
 */

/** Parallel lists, `count` long. `into` and `from` are offsets of the first channel of a row. */
export interface RowEvents {
  readonly into: Int32Array;
  readonly from: Int32Array;
  readonly by: Int32Array;
  count: number;
}

export function addWeightRows32(acc: Int32Array, rows: Int8Array, events: RowEvents, channels: number): void {
  const { into, from, by, count } = events;
  for (let e = 0; e < count; ) {
    const row = into[e]!;
    if (e + 3 < count && into[e + 1] === row && into[e + 2] === row && into[e + 3] === row) {
      const [a, b, c, d] = [from[e]!, from[e + 1]!, from[e + 2]!, from[e + 3]!];
      const [p, q, r, s] = [by[e]!, by[e + 1]!, by[e + 2]!, by[e + 3]!];
      for (let i = 0; i < channels; i++) {
        const low = Math.imul(p, rows[a + i]!) + Math.imul(q, rows[b + i]!);
        const high = Math.imul(r, rows[c + i]!) + Math.imul(s, rows[d + i]!);
        acc[row + i] = (acc[row + i]! + (low + high)) | 0;
      }
      e += 4;
    } else {
      const a = from[e]!;
      const p = by[e]!;
      for (let i = 0; i < channels; i++) acc[row + i] = (acc[row + i]! + Math.imul(p, rows[a + i]!)) | 0;
      e += 1;
    }
  }
}

export function addOperandRows32(acc: Int32Array, rows: Int32Array, events: RowEvents, channels: number): void {
  const { into, from, by, count } = events;
  for (let e = 0; e < count; ) {
    const row = into[e]!;
    if (e + 3 < count && into[e + 1] === row && into[e + 2] === row && into[e + 3] === row) {
      const [a, b, c, d] = [from[e]!, from[e + 1]!, from[e + 2]!, from[e + 3]!];
      const [p, q, r, s] = [by[e]!, by[e + 1]!, by[e + 2]!, by[e + 3]!];
      for (let i = 0; i < channels; i++) {
        const low = Math.imul(p, rows[a + i]!) + Math.imul(q, rows[b + i]!);
        const high = Math.imul(r, rows[c + i]!) + Math.imul(s, rows[d + i]!);
        acc[row + i] = (acc[row + i]! + (low + high)) | 0;
      }
      e += 4;
    } else {
      const a = from[e]!;
      const p = by[e]!;
      for (let i = 0; i < channels; i++) acc[row + i] = (acc[row + i]! + Math.imul(p, rows[a + i]!)) | 0;
      e += 1;
    }
  }
}

export function addWeightRows64(acc: Float64Array, rows: Int8Array, events: RowEvents, channels: number): void {
  const { into, from, by, count } = events;
  for (let e = 0; e < count; e++) {
    const row = into[e]!;
    const a = from[e]!;
    const p = by[e]!;
    for (let i = 0; i < channels; i++) acc[row + i]! += p * rows[a + i]!;
  }
}

export function addOperandRows64(acc: Float64Array, rows: Int32Array, events: RowEvents, channels: number): void {
  const { into, from, by, count } = events;
  for (let e = 0; e < count; e++) {
    const row = into[e]!;
    const a = from[e]!;
    const p = by[e]!;
    for (let i = 0; i < channels; i++) acc[row + i]! += p * rows[a + i]!;
  }
}
