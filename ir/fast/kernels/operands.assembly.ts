// AssemblyScript, not TypeScript: `node build/bench/kernels.js` compiles it into binary.ts.
//
// What lies between populations where each tile has operands of its own: what a sender sent is written to where it is
// read, run by run.

const WHOLE: usize = 4;
const NARROW: usize = 2;
const REAL: usize = 8;
/** A run: first source, first place, distance of places, how many. */
const RUN: usize = 16;
/** From a sender to an operand: its first neuron, the runs of a map and how many, the first element that the map counts from. */
const FEED: usize = 16;
/** Fewer bytes are copied here than by whoever is called for it. */
const FEW: i32 = 256;

/** out[place] = value in 16 bits, or += where `adds`, feed by feed. Needs  values and sums fit 16 bits */
export function scatterNarrow(values: usize, feeds: usize, count: usize, out: usize, adds: i32): void {
  for (const last = feeds + count * FEED; feeds < last; feeds += FEED) {
    const first = values + (<usize>load<u32>(feeds)) * WHOLE;
    const base = out + (<usize>load<u32>(feeds, 12)) * NARROW;
    let runs = <usize>load<u32>(feeds, 4);
    for (const end = runs + (<usize>load<u32>(feeds, 8)) * RUN; runs < end; runs += RUN) {
      let from = first + (<usize>load<u32>(runs)) * WHOLE;
      let to = base + (<usize>load<u32>(runs, 4)) * NARROW;
      const stride = (<usize>load<i32>(runs, 8)) * NARROW;
      let left = load<i32>(runs, 12);
      if (stride === NARROW) {
        for (; left >= 8; left -= 8) {
          let x = i16x8.narrow_i32x4_s(v128.load(from), v128.load(from, 16));
          if (adds) x = i16x8.add(x, v128.load(to));
          v128.store(to, x);
          from += 8 * WHOLE;
          to += 8 * NARROW;
        }
      }
      for (; left > 0; left--) {
        store<i16>(to, load<i32>(from) + (adds ? <i32>load<i16>(to) : 0));
        from += WHOLE;
        to += stride;
      }
    }
  }
}

/** The same of values of 16 bits. */
export function scatterShorts(values: usize, feeds: usize, count: usize, out: usize, adds: i32): void {
  for (const last = feeds + count * FEED; feeds < last; feeds += FEED) {
    const first = values + (<usize>load<u32>(feeds)) * NARROW;
    const base = out + (<usize>load<u32>(feeds, 12)) * NARROW;
    let runs = <usize>load<u32>(feeds, 4);
    for (const end = runs + (<usize>load<u32>(feeds, 8)) * RUN; runs < end; runs += RUN) {
      let from = first + (<usize>load<u32>(runs)) * NARROW;
      let to = base + (<usize>load<u32>(runs, 4)) * NARROW;
      const stride = (<usize>load<i32>(runs, 8)) * NARROW;
      let left = load<i32>(runs, 12);
      if (stride === NARROW) {
        if (adds) {
          for (; left >= 8; left -= 8) {
            v128.store(to, i16x8.add(v128.load(to), v128.load(from)));
            from += 8 * NARROW;
            to += 8 * NARROW;
          }
        } else if (left > FEW) {
          memory.copy(to, from, left * <i32>NARROW);
          continue;
        } else {
          for (; left >= 8; left -= 8) {
            v128.store(to, v128.load(from));
            from += 8 * NARROW;
            to += 8 * NARROW;
          }
        }
      }
      for (; left > 0; left--) {
        store<i16>(to, <i32>load<i16>(from) + (adds ? <i32>load<i16>(to) : 0));
        from += NARROW;
        to += stride;
      }
    }
  }
}

/** out[place] = value · weight, or += where `adds`, feed by feed. */
export function scatterWhole(
  values: usize,
  isShort: i32,
  feeds: usize,
  count: usize,
  out: usize,
  weight: i32,
  adds: i32,
): void {
  const factors = i32x4.splat(weight);
  const size = isShort ? NARROW : WHOLE;
  for (const last = feeds + count * FEED; feeds < last; feeds += FEED) {
    const first = values + (<usize>load<u32>(feeds)) * size;
    const base = out + (<usize>load<u32>(feeds, 12)) * WHOLE;
    let runs = <usize>load<u32>(feeds, 4);
    for (const end = runs + (<usize>load<u32>(feeds, 8)) * RUN; runs < end; runs += RUN) {
      let from = first + (<usize>load<u32>(runs)) * size;
      let to = base + (<usize>load<u32>(runs, 4)) * WHOLE;
      const stride = (<usize>load<i32>(runs, 8)) * WHOLE;
      let left = load<i32>(runs, 12);
      if (stride === WHOLE) {
        for (; left >= 4; left -= 4) {
          const values = isShort ? i32x4.extend_low_i16x8_s(v128.load64_zero(from)) : v128.load(from);
          let x = i32x4.mul(values, factors);
          if (adds) x = i32x4.add(x, v128.load(to));
          v128.store(to, x);
          from += 4 * size;
          to += 4 * WHOLE;
        }
      }
      for (; left > 0; left--) {
        const x = (isShort ? <i32>load<i16>(from) : load<i32>(from)) * weight;
        store<i32>(to, adds ? load<i32>(to) + x : x);
        from += size;
        to += stride;
      }
    }
  }
}

/** out[place] = the powers of two in a value, feed by feed; bytes. */
export function scatterTerms(terms: usize, feeds: usize, count: usize, out: usize): void {
  for (const last = feeds + count * FEED; feeds < last; feeds += FEED) {
    const first = terms + <usize>load<u32>(feeds);
    const base = out + <usize>load<u32>(feeds, 12);
    let runs = <usize>load<u32>(feeds, 4);
    for (const end = runs + (<usize>load<u32>(feeds, 8)) * RUN; runs < end; runs += RUN) {
      let from = first + <usize>load<u32>(runs);
      let to = base + <usize>load<u32>(runs, 4);
      const stride = <usize>load<i32>(runs, 8);
      let left = load<i32>(runs, 12);
      if (stride === 1) {
        if (left > FEW) {
          memory.copy(to, from, left);
          continue;
        }
        for (; left >= 16; left -= 16) {
          v128.store(to, v128.load(from));
          from += 16;
          to += 16;
        }
      }
      for (; left > 0; left--) {
        store<u8>(to, load<u8>(from++));
        to += stride;
      }
    }
  }
}

/** max |x|; that of −2^31 is 2^31. */
export function largest(values: usize, size: usize): u32 {
  let tops = i32x4.splat(0);
  const end = values + size * WHOLE;
  for (; values + 4 * WHOLE <= end; values += 4 * WHOLE) {
    tops = i32x4.max_u(tops, i32x4.abs(v128.load(values)));
  }
  let top = max(
    max(<u32>i32x4.extract_lane(tops, 0), <u32>i32x4.extract_lane(tops, 1)),
    max(<u32>i32x4.extract_lane(tops, 2), <u32>i32x4.extract_lane(tops, 3)),
  );
  for (; values < end; values += WHOLE) {
    const x = load<i32>(values);
    top = max(top, <u32>(x < 0 ? -x : x));
  }
  return top;
}

/** The same of values of 16 bits. */
export function largestShort(values: usize, size: usize): u32 {
  let tops = i16x8.splat(0);
  const end = values + size * NARROW;
  for (; values + 8 * NARROW <= end; values += 8 * NARROW) {
    tops = i16x8.max_u(tops, i16x8.abs(v128.load(values)));
  }
  let top: u32 = 0;
  const even = v128.and(tops, i32x4.splat(0xffff));
  const all = i32x4.max_u(even, i32x4.shr_u(tops, 16));
  top = max(top, <u32>i32x4.extract_lane(all, 0));
  top = max(top, <u32>i32x4.extract_lane(all, 1));
  top = max(top, <u32>i32x4.extract_lane(all, 2));
  top = max(top, <u32>i32x4.extract_lane(all, 3));
  for (; values < end; values += NARROW) {
    const x = <i32>load<i16>(values);
    top = max(top, <u32>(x < 0 ? -x : x));
  }
  return top;
}

/** out[i] = digit `shift` … of x[i], in 16 bits; `mask`: its bits, all ones where it keeps the sign. */
export function cutDigit(x: usize, isShort: i32, size: usize, shift: i32, mask: i32, out: usize): void {
  const masks = i32x4.splat(mask);
  const end = out + size * NARROW;
  if (!isShort) {
    for (; out + 8 * NARROW <= end; out += 8 * NARROW) {
      const low = v128.and(i32x4.shr_s(v128.load(x), shift), masks);
      const high = v128.and(i32x4.shr_s(v128.load(x, 16), shift), masks);
      v128.store(out, i16x8.narrow_i32x4_s(low, high));
      x += 8 * WHOLE;
    }
  }
  for (; out < end; out += NARROW) {
    const value = isShort ? <i32>load<i16>(x) : load<i32>(x);
    store<i16>(out, (value >> shift) & mask);
    x += isShort ? NARROW : WHOLE;
  }
}

/** y += x · factor: rows of `width` in doubles, of x in integers and `stride` long. */
export function addWide(x: usize, y: usize, rows: usize, width: usize, stride: usize, factor: f64): void {
  const factors = f64x2.splat(factor);
  for (let row: usize = 0; row < rows; row++) {
    let from = x;
    const end = y + width * REAL;
    for (; y + 4 * REAL <= end; y += 4 * REAL) {
      const whole = v128.load(from);
      const low = f64x2.convert_low_i32x4_s(whole);
      const high = f64x2.convert_low_i32x4_s(v128.shuffle<i32>(whole, whole, 2, 3, 0, 1));
      v128.store(y, f64x2.add(v128.load(y), f64x2.mul(low, factors)));
      v128.store(y, f64x2.add(v128.load(y, 16), f64x2.mul(high, factors)), 16);
      from += 4 * WHOLE;
    }
    for (; y < end; y += REAL) {
      store<f64>(y, load<f64>(y) + <f64>load<i32>(from) * factor);
      from += WHOLE;
    }
    x += stride * WHOLE;
  }
}

/** Bytes that become 0. */
export function clear(at: usize, bytes: usize): void {
  memory.fill(at, 0, bytes);
}
