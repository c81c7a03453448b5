// AssemblyScript, not TypeScript: `node build/bench/kernels.js` compiles it into binary.ts.
//
// What lies between populations where each tile has operands of its own: what a sender sent is written to where it is
// read, run by run, and counted.

const WHOLE: usize = 4;
const NARROW: usize = 2;
const REAL: usize = 8;
/** A run: first source, first place, distance of places, how many. */
const RUN: usize = 16;
/** Counters of a bin. */
const BIN: usize = 16;

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

/** A tile whose neurons are counted: the first of them, runs or numbers of bins and how many, are they runs?, its bins, those of a step. */
const COUNTED: usize = 24;

/**
 * Of every bin of tiles in step `step`, from 0 on: values that are not 0, the powers of two in them, all powers of two. `counts`:
 * where all bins begin.
 */
export function tallyTiles(
  values: usize,
  isShort: i32,
  terms: usize,
  tiles: usize,
  count: usize,
  counts: usize,
  step: usize,
): void {
  for (const last = tiles + count * COUNTED; tiles < last; tiles += COUNTED) {
    const base = <usize>load<u32>(tiles);
    const own = values + base * (isShort ? NARROW : WHOLE);
    const bins = <usize>load<u32>(tiles, 4);
    const many = <usize>load<u32>(tiles, 8);
    const into = counts + ((<usize>load<u32>(tiles, 16)) + step * <usize>load<u32>(tiles, 20)) * WHOLE;
    if (load<u32>(tiles, 12)) tallyRuns(own, isShort, terms + base, bins, many, into);
    else tally(own, isShort, terms + base, bins, many, into);
  }
}

/** Bins are of 16 bits, one for each neuron. */
function tally(
  values: usize,
  isShort: i32,
  terms: usize,
  bins: usize,
  size: usize,
  counts: usize,
): void {
  for (let i: usize = 0; i < size; i++) {
    const count = <i32>load<u8>(terms + i);
    const value = isShort ? <i32>load<i16>(values + i * NARROW) : load<i32>(values + i * WHOLE);
    const isActive = <i32>(value !== 0);
    const at = counts + (<usize>load<u16>(bins + i * NARROW)) * BIN;
    store<i32>(at, load<i32>(at) + isActive);
    store<i32>(at, load<i32>(at, 4) + (isActive ? count : 0), 4);
    store<i32>(at, load<i32>(at, 8) + count, 8);
  }
}

/** Neurons of one bin follow each other: runs of a bin and how many. */
function tallyRuns(
  values: usize,
  isShort: i32,
  terms: usize,
  runs: usize,
  count: usize,
  counts: usize,
): void {
  for (const end = runs + count * 2 * WHOLE; runs < end; runs += 2 * WHOLE) {
    const at = counts + (<usize>load<u32>(runs)) * BIN;
    let left = load<i32>(runs, 4);
    let active = 0;
    let sent = 0;
    let all = 0;
    let actives = i32x4.splat(0);
    let sents = actives;
    let alls = actives;
    for (; left >= 16; left -= 16) {
      let low: v128;
      let high: v128;
      if (isShort) {
        low = v128.load(values);
        high = v128.load(values, 16);
      } else {
        low = i16x8.narrow_i32x4_s(v128.load(values), v128.load(values, 16));
        high = i16x8.narrow_i32x4_s(v128.load(values, 32), v128.load(values, 48));
      }
      values += 16 * (isShort ? NARROW : WHOLE);
      const none = i16x8.splat(0);
      const is = i8x16.narrow_i16x8_s(i16x8.ne(low, none), i16x8.ne(high, none));
      const own = v128.load(terms);
      terms += 16;
      actives = i32x4.add(actives, sumBytes(v128.and(is, i8x16.splat(1))));
      sents = i32x4.add(sents, sumBytes(v128.and(is, own)));
      alls = i32x4.add(alls, sumBytes(own));
    }
    for (; left > 0; left--) {
      const value = isShort ? <i32>load<i16>(values) : load<i32>(values);
      values += isShort ? NARROW : WHOLE;
      const own = <i32>load<u8>(terms++);
      active += <i32>(value !== 0);
      sent += value !== 0 ? own : 0;
      all += own;
    }
    store<i32>(at, load<i32>(at) + active + sumLanes(actives));
    store<i32>(at, load<i32>(at, 4) + sent + sumLanes(sents), 4);
    store<i32>(at, load<i32>(at, 8) + all + sumLanes(alls), 8);
  }
}

function sumBytes(x: v128): v128 {
  return i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(x));
}

function sumLanes(x: v128): i32 {
  return (
    i32x4.extract_lane(x, 0) + i32x4.extract_lane(x, 1) + i32x4.extract_lane(x, 2) + i32x4.extract_lane(x, 3)
  );
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

/**
 * Of an operand of `rows` rows of `inner` sums: to each column's counters how many are not 0 and the powers of two of
 * this step in them, to each row's how many are not 0.
 */
export function countSums(
  sums: usize,
  isShort: i32,
  terms: usize,
  rows: usize,
  inner: usize,
  nonzero: usize,
  termSums: usize,
  rowNonzero: usize,
): void {
  for (let row: usize = 0; row < rows; row++) {
    let found = 0;
    let c: usize = 0;
    for (; c + 8 <= inner; c += 8) {
      const zero = i16x8.splat(0);
      const is = isShort
        ? i16x8.ne(v128.load(sums + c * NARROW), zero)
        : i16x8.narrow_i32x4_s(
            i32x4.ne(v128.load(sums + c * WHOLE), zero),
            i32x4.ne(v128.load(sums + c * WHOLE, 16), zero),
          );
      found += popcnt(i16x8.bitmask(is));
      const here = nonzero + c * WHOLE;
      v128.store(here, i32x4.sub(v128.load(here), i32x4.extend_low_i16x8_s(is)));
      v128.store(here, i32x4.sub(v128.load(here, 16), i32x4.extend_high_i16x8_s(is)), 16);
      const met = v128.load8x8_u(terms + c);
      const there = termSums + c * WHOLE;
      v128.store(there, i32x4.add(v128.load(there), i32x4.extend_low_i16x8_u(met)));
      v128.store(there, i32x4.add(v128.load(there, 16), i32x4.extend_high_i16x8_u(met)), 16);
    }
    for (; c < inner; c++) {
      const sum = isShort ? <i32>load<i16>(sums + c * NARROW) : load<i32>(sums + c * WHOLE);
      const is = <i32>(sum !== 0);
      found += is;
      store<i32>(nonzero + c * WHOLE, load<i32>(nonzero + c * WHOLE) + is);
      store<i32>(termSums + c * WHOLE, load<i32>(termSums + c * WHOLE) + <i32>load<u8>(terms + c));
    }
    store<i32>(rowNonzero, load<i32>(rowNonzero) + found);
    rowNonzero += WHOLE;
    sums += inner * (isShort ? NARROW : WHOLE);
    terms += inner;
  }
}

/**
 * What a product adds, of `count` channels: Σ terms a · (sums b that are not 0) + terms b · (sums a), in a double at `out`, and
 * behind it what it would add if both operands only sent powers of two. What waits counts `has` of now, else a meets what b `had`.
 */
export function sumProducts(
  termsA: usize,
  hasA: usize,
  termsB: usize,
  hasB: usize,
  hadB: usize,
  count: usize,
  waits: i32,
  out: usize,
): void {
  let adds: i64 = 0;
  let paper: i64 = 0;
  for (let at: usize = 0; at < count * WHOLE; at += WHOLE) {
    const a = <i64>load<i32>(termsA + at);
    const b = <i64>load<i32>(termsB + at);
    const withA = <i64>load<i32>(hasA + at);
    const withB = <i64>load<i32>(hasB + at);
    adds += waits ? a * withB : a * <i64>load<i32>(hadB + at) + b * withA;
    paper += a * b + a * withB + withA * b;
  }
  store<f64>(out, load<f64>(out) + <f64>adds);
  store<f64>(out, load<f64>(out, 8) + <f64>paper, 8);
}

/** Bytes that become 0. */
export function clear(at: usize, bytes: usize): void {
  memory.fill(at, 0, bytes);
}
