// AssemblyScript, not TypeScript: `node build/bench/kernels.js` compiles it into binary.ts.
//
// What is counted of a step: what neurons of a bin sent, and what products of two operands add.

const WHOLE: usize = 4;
const NARROW: usize = 2;
const REAL: usize = 8;
/** Counters of a bin. */
const BIN: usize = 16;

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
 * What the products of tiles add, a double for each, and behind it what they would add if both operands only sent powers of two:
 * Σ terms a · (sums b that are not 0) + terms b · (sums a), over `inner` channels of `blocks` blocks a tile. `parts`: of each block
 * that of b. What waits counts sums of now, else a meets those that b had.
 */
export function sumProducts(
  termsA: usize,
  hasA: usize,
  termsB: usize,
  hasB: usize,
  hadB: usize,
  parts: usize,
  inner: usize,
  blocks: usize,
  tiles: usize,
  waits: i32,
  out: usize,
): void {
  const bytes = inner * WHOLE;
  let first: usize = 0;
  for (let tile: usize = 0; tile < tiles; tile++, out += 2 * REAL) {
    let adds: i64 = 0;
    let paper: i64 = 0;
    for (let block: usize = 0; block < blocks; block++, parts += WHOLE) {
      const part = (<usize>load<u32>(parts)) * bytes;
      for (let at: usize = 0; at < bytes; at += WHOLE, first += WHOLE) {
        const a = <i64>load<i32>(termsA + first);
        const b = <i64>load<i32>(termsB + part + at);
        const withA = <i64>load<i32>(hasA + first);
        const withB = <i64>load<i32>(hasB + part + at);
        adds += waits ? a * withB : a * <i64>load<i32>(hadB + part + at) + b * withA;
        paper += a * b + a * withB + withA * b;
      }
    }
    store<f64>(out, <f64>adds);
    store<f64>(out, <f64>paper, REAL);
  }
}
