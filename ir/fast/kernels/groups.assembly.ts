// AssemblyScript, not TypeScript: `node build/bench/kernels.js` compiles it into binary.ts.
//
// Functions that read a whole group of channels, four at a time: sums of doubles, logarithms from the bits of doubles, powers
// of two from tables of all that are not 0. The arithmetic is that of ir/interpret/soma.ts, in place.
import { firstLanes, FOUR, halfOf, lookUp, shifted, sumOf, WORD } from './shared/lanes.assembly';

const LOG_BITS: i32 = 12;
const ENTRY_BITS: i32 = 6;
const SUM_BITS: i32 = 16;
const STEP_HALF: i32 = 1 << (LOG_BITS - ENTRY_BITS - 1);
/** Bits of a double behind the six that a table of logarithms is read with. */
const BEHIND_ENTRY: i32 = 46;

/** Logarithms of four magnitudes ≥ 1, as pairs of doubles; far below all others for 0. */
// @ts-ignore: a decorator of AssemblyScript
@inline
function logarithms(low: v128, high: v128, table: usize): v128 {
  const half = i64x2.splat((<i64>1) << (BEHIND_ENTRY - 1));
  const a = i64x2.shr_u(i64x2.add(f64x2.abs(low), half), BEHIND_ENTRY);
  const b = i64x2.shr_u(i64x2.add(f64x2.abs(high), half), BEHIND_ENTRY);
  const steps = i8x16.shuffle(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
  const mantissas = lookUp(table, v128.and(steps, i32x4.splat((1 << ENTRY_BITS) - 1)));
  const powers = i32x4.sub(i32x4.shr_u(steps, ENTRY_BITS), i32x4.splat(1023));
  return i32x4.add(i32x4.shl(powers, LOG_BITS), mantissas);
}

/** 2^x of four logarithms: a table of powers at steps of 1/64, from the step `lowest` to the step `highest`. */
// @ts-ignore: a decorator of AssemblyScript
@inline
function powersOf(x: v128, carry: v128, lowest: v128, highest: v128, table: usize): v128 {
  const steps = i32x4.shr_s(i32x4.add(x, carry), LOG_BITS - ENTRY_BITS);
  return lookUp(table, i32x4.sub(i32x4.min_s(i32x4.max_s(steps, lowest), highest), lowest));
}

function logarithm(x: i32, table: usize): i32 {
  const low = f64x2.splat(<f64>x);
  return i32x4.extract_lane(logarithms(low, low, table), 0);
}
function powerOf(x: i32, lowest: i32, table: usize): i32 {
  const step = (x + STEP_HALF) >> (LOG_BITS - ENTRY_BITS);
  return load<i32>(table + <usize>(max(step, lowest) - lowest) * WORD);
}

function largestOf(x: v128): i32 {
  return max(
    max(i32x4.extract_lane(x, 0), i32x4.extract_lane(x, 1)),
    max(i32x4.extract_lane(x, 2), i32x4.extract_lane(x, 3)),
  );
}

/** Overwrites the lanes of `mask` alone. */
// @ts-ignore: a decorator of AssemblyScript
@inline
function storeLanes(at: usize, x: v128, mask: v128): void {
  v128.store(at, v128.bitselect(x, v128.load(at), mask));
}

function totalOf(u: usize, channels: usize): f64 {
  let sums = i64x2.splat(0);
  const whole = channels & ~3;
  for (const end = u + whole * WORD; u < end; u += FOUR) {
    const x = v128.load(u);
    sums = i64x2.add(sums, i64x2.add(i64x2.extend_low_i32x4_s(x), i64x2.extend_high_i32x4_s(x)));
  }
  let total = i64x2.extract_lane(sums, 0) + i64x2.extract_lane(sums, 1);
  for (let c = whole; c < channels; c++, u += WORD) total += load<i32>(u);
  return <f64>total;
}

/** One of two masks of doubles for each of four numbers. */
// @ts-ignore: a decorator of AssemblyScript
@inline
function masks(low: v128, high: v128): v128 {
  return i8x16.shuffle(low, high, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
}

/**
 * Of one group: logarithm and sign of every channel's distance from the mean, to `room` and `width` bytes behind. Returns the
 * largest logarithm, or `least`.
 */
function logarithmsOf(
  u: usize,
  channels: usize,
  isCentred: bool,
  log2: usize,
  room: usize,
  width: usize,
  least: i32,
): i32 {
  const bytes = channels * WORD;
  const factor = f64x2.splat(isCentred ? <f64>channels : 1);
  const total = f64x2.splat(isCentred ? totalOf(u, channels) : 0);
  const zero = f64x2.splat(0);
  let most = i32x4.splat(least);
  let c: usize = 0;
  do {
    const x = v128.load(u + c);
    let low = f64x2.sub(f64x2.mul(f64x2.convert_low_i32x4_s(x), factor), total);
    let high = i8x16.shuffle(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
    high = f64x2.sub(f64x2.mul(f64x2.convert_low_i32x4_s(high), factor), total);
    if (c + FOUR > bytes) {
      const isThere = firstLanes(channels & 3);
      low = v128.and(low, i64x2.extend_low_i32x4_s(isThere));
      high = v128.and(high, i64x2.extend_high_i32x4_s(isThere));
    }
    const keys = logarithms(low, high, log2);
    const above = masks(f64x2.gt(low, zero), f64x2.gt(high, zero));
    const below = masks(f64x2.lt(low, zero), f64x2.lt(high, zero));
    v128.store(room + c, keys);
    v128.store(room + width + c, i32x4.sub(below, above));
    most = i32x4.max_s(most, keys);
    c += FOUR;
  } while (c < bytes);
  return largestOf(most);
}

/** Σ 2^(2 · key − top) of all keys of a group. */
function sumOfSquares(room: usize, bytes: usize, top: i32, sumPowers: usize, lowestSum: i32): i32 {
  const carry = i32x4.splat(STEP_HALF - top);
  const lowest = i32x4.splat(lowestSum);
  const highest = i32x4.splat(0);
  let sums = i32x4.splat(0);
  const end = room + bytes;
  do {
    const x = i32x4.shl(v128.load(room), 1);
    sums = i32x4.add(sums, powersOf(x, carry, lowest, highest, sumPowers));
    room += FOUR;
  } while (room < end);
  return sumOf(sums);
}

/**
 * Layer norm (centred) or RMS norm of every group, in place. `gain`: lg|γ|, then sign(γ), each padded to whole vectors; so
 * are offsets. `room`: a logarithm and a sign for each channel, padded too. Powers of two: of the sum, and of the result.
 */
export function normaliseWords(
  u: usize,
  groups: usize,
  channels: usize,
  isCentred: bool,
  epsilonKey: i32,
  channelKey: i32,
  log2: usize,
  sumPowers: usize,
  lowestSum: i32,
  powers: usize,
  lowestPower: i32,
  highestPower: i32,
  gain: usize,
  offset: usize,
  room: usize,
): void {
  const width = ((channels + 3) & ~3) * WORD;
  const bytes = channels * WORD;
  const rest = firstLanes(channels & 3);
  const lowest = i32x4.splat(lowestPower);
  const highest = i32x4.splat(highestPower);
  for (let group: usize = 0; group < groups; group++, u += bytes) {
    const most = logarithmsOf(u, channels, isCentred, log2, room, width, epsilonKey >> 1);
    const top = max(epsilonKey, 2 * most);
    const sum = powerOf(epsilonKey - top, lowestSum, sumPowers) + sumOfSquares(room, bytes, top, sumPowers, lowestSum);
    const quotient = (top + logarithm(sum, log2) - (SUM_BITS << LOG_BITS) - channelKey + 1) >> 1;
    const carry = i32x4.splat(STEP_HALF - quotient);
    let c: usize = 0;
    do {
      let x = v128.load(room + c);
      let sign = v128.load(room + width + c);
      if (gain !== 0) {
        x = i32x4.add(x, v128.load(gain + c));
        sign = i32x4.mul(sign, v128.load(gain + width + c));
      }
      let y = i32x4.mul(powersOf(x, carry, lowest, highest, powers), sign);
      if (offset !== 0) y = i32x4.add(y, v128.load(offset + c));
      if (c + FOUR <= bytes) v128.store(u + c, y);
      else storeLanes(u + c, y, rest);
      c += FOUR;
    } while (c < bytes);
  }
}

/**
 * Softmax of every group, in place: scores · scale, then rs(…, shift), are logarithms to base 2. Powers of two: of the sum,
 * and of the result.
 */
export function softmaxWords(
  u: usize,
  groups: usize,
  channels: usize,
  scale: i32,
  shift: i32,
  log2: usize,
  sumPowers: usize,
  lowestSum: i32,
  powers: usize,
  lowestPower: i32,
): void {
  const bytes = channels * WORD;
  const whole = (channels & ~3) * WORD;
  const rest = firstLanes(channels & 3);
  const half = halfOf(shift);
  const right = max(shift, 0);
  const left = max(-shift, 0);
  const scales = i32x4.splat(scale);
  const sumCarry = i32x4.splat(STEP_HALF);
  const sumLowest = i32x4.splat(lowestSum);
  const lowest = i32x4.splat(lowestPower);
  const highest = i32x4.splat(0);
  for (let group: usize = 0; group < groups; group++, u += bytes) {
    const top = i32x4.splat(largestWord(u, channels));
    let sums = i32x4.splat(0);
    let c: usize = 0;
    do {
      const below = i32x4.mul(i32x4.sub(v128.load(u + c), top), scales);
      const keys = shifted(below, half, right, left);
      const y = powersOf(keys, sumCarry, sumLowest, highest, sumPowers);
      if (c < whole) {
        v128.store(u + c, keys);
        sums = i32x4.add(sums, y);
      } else {
        storeLanes(u + c, keys, rest);
        sums = i32x4.add(sums, v128.and(y, rest));
      }
      c += FOUR;
    } while (c < bytes);
    const logSum = logarithm(sumOf(sums), log2) - (SUM_BITS << LOG_BITS);
    const carry = i32x4.splat(STEP_HALF - logSum);
    c = 0;
    do {
      const y = powersOf(v128.load(u + c), carry, lowest, highest, powers);
      if (c < whole) v128.store(u + c, y);
      else storeLanes(u + c, y, rest);
      c += FOUR;
    } while (c < bytes);
  }
}

function largestWord(u: usize, channels: usize): i32 {
  let most = i32x4.splat(i32.MIN_VALUE);
  const whole = channels & ~3;
  for (const end = u + whole * WORD; u < end; u += FOUR) most = i32x4.max_s(most, v128.load(u));
  let top = largestOf(most);
  for (let c = whole; c < channels; c++, u += WORD) top = max(top, load<i32>(u));
  return top;
}
