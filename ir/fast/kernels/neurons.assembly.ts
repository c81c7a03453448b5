// AssemblyScript, not TypeScript: `node build/bench/kernels.js` compiles it into binary.ts.
//
// What neurons do with what they gathered, four at a time in integers of 32 bits and in single precision, where a
// population is proved to fit (neurons.ts). The arithmetic is that of ir/fixed.ts and ir/interpret/soma.ts. Arrays have
// room for a whole vector behind their last number.

const WORD: usize = 4;
const FOUR: usize = 16;

/** All ones in the first lanes of a vector that has `count` of them, count < 4. */
function firstLanes(count: usize): v128 {
  return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(<i32>count));
}

function lanesOf(mask: v128): i32 {
  return popcnt(i32x4.bitmask(mask));
}

function sumOf(x: v128): i32 {
  return (
    i32x4.extract_lane(x, 0) + i32x4.extract_lane(x, 1) + i32x4.extract_lane(x, 2) + i32x4.extract_lane(x, 3)
  );
}

/** Saturates accumulators to ±top, in place; returns what they hold and counts what was too large in `saturated`. */
let saturated: v128 = i32x4.splat(0);
// @ts-ignore: a decorator of AssemblyScript
@inline
function held(at: usize, top: v128): v128 {
  const x = v128.load(at);
  const y = i32x4.min_s(i32x4.max_s(x, i32x4.neg(top)), top);
  const isOver = i32x4.ne(x, y);
  if (v128.any_true(isOver)) {
    v128.store(at, y);
    saturated = i32x4.sub(saturated, isOver);
  }
  return y;
}

/** u (+)= rs(accumulator, shift), accumulators saturated first, in place. Returns how many were. */
export function gatherShifted(
  accumulator: usize,
  u: usize,
  count: usize,
  shift: i32,
  top: i32,
  isFirst: bool,
): i32 {
  saturated = i32x4.splat(0);
  const most = i32x4.splat(top);
  const half = i32x4.splat(shift > 0 ? 1 << (shift - 1) : 0);
  const right = shift > 0 ? shift : 0;
  const left = shift < 0 ? -shift : 0;
  const keep = isFirst ? i32x4.splat(0) : i32x4.splat(-1);
  for (const end = accumulator + count * WORD; accumulator < end; accumulator += FOUR, u += FOUR) {
    const x = i32x4.shr_s(i32x4.add(held(accumulator, most), half), right);
    v128.store(u, i32x4.add(v128.and(v128.load(u), keep), i32x4.shl(x, left)));
  }
  return sumOf(saturated);
}

/**
 * The same with a shift for each channel: factors and halves in single precision, repeating after `period` numbers, a
 * multiple of 4, beginning with number `phase`.
 */
export function gatherScaled(
  accumulator: usize,
  u: usize,
  count: usize,
  factors: usize,
  halves: usize,
  period: usize,
  phase: usize,
  top: i32,
  isFirst: bool,
): i32 {
  saturated = i32x4.splat(0);
  const most = i32x4.splat(top);
  const keep = isFirst ? i32x4.splat(0) : i32x4.splat(-1);
  const bytes = period * WORD;
  let c = phase * WORD;
  for (const end = accumulator + count * WORD; accumulator < end; accumulator += FOUR, u += FOUR) {
    const x = f32x4.mul(f32x4.convert_i32x4_s(held(accumulator, most)), v128.load(factors + c));
    const rounded = i32x4.trunc_sat_f32x4_s(f32x4.floor(f32x4.add(x, v128.load(halves + c))));
    v128.store(u, i32x4.add(v128.and(v128.load(u), keep), rounded));
    c += FOUR;
    if (c === bytes) c = 0;
  }
  return sumOf(saturated);
}

/** Doubles that an accumulator holds are saturated to ±top, in place, and written as integers. Returns how many were. */
export function holdReals(x: usize, out: usize, count: usize, top: f64): i32 {
  let over = 0;
  for (let i: usize = 0; i < count; i++) {
    let value = load<f64>(x + i * 8);
    if (value > top || value < -top) {
      value = value > top ? top : -top;
      store<f64>(x + i * 8, value);
      over++;
    }
    store<i32>(out + i * WORD, <i32>value);
  }
  return over;
}

/** u += rs(x · factor · unit …): by 1/t or 1/t² of the coding `rate`. */
export function addScaled(x: usize, u: usize, count: usize, factor: f64, unit: f64): void {
  for (let i: usize = 0; i < count * WORD; i += WORD) {
    const scaled = floor(<f64>load<i32>(x + i) * factor * unit + 0.5);
    store<i32>(u + i, load<i32>(u + i) + <i32>scaled);
  }
}

/** Saturates to ±top, in place, after · factor. Returns how many were. */
export function settleWords(u: usize, count: usize, factor: i32, top: i32): i32 {
  let over = i32x4.splat(0);
  const most = i32x4.splat(top);
  const least = i32x4.neg(most);
  for (const end = u + count * WORD; u < end; u += FOUR) {
    let x = v128.load(u);
    if (factor !== 1) x = i32x4.mul(x, i32x4.splat(factor));
    const y = i32x4.min_s(i32x4.max_s(x, least), most);
    over = i32x4.sub(over, i32x4.ne(x, y));
    v128.store(u, y);
  }
  return sumOf(over);
}

// @ts-ignore: a decorator of AssemblyScript
@inline
function shifted(x: v128, half: v128, right: i32, left: i32): v128 {
  return i32x4.shl(i32x4.shr_s(i32x4.add(x, half), right), left);
}

/** rs(x, shift), in place. */
export function shiftWords(u: usize, count: usize, shift: i32): void {
  const half = i32x4.splat(shift > 0 ? 1 << (shift - 1) : 0);
  const right = max(shift, 0);
  const left = max(-shift, 0);
  for (const end = u + count * WORD; u < end; u += FOUR) {
    v128.store(u, shifted(v128.load(u), half, right, left));
  }
}

/** min(rs(max(x, 0), shift), limit), in place. */
export function clipWords(u: usize, count: usize, shift: i32, limit: i32): void {
  const half = i32x4.splat(shift > 0 ? 1 << (shift - 1) : 0);
  const right = max(shift, 0);
  const left = max(-shift, 0);
  const zero = i32x4.splat(0);
  for (const end = u + count * WORD; u < end; u += FOUR) {
    const ramp = shifted(i32x4.max_s(v128.load(u), zero), half, right, left);
    v128.store(u, i32x4.min_s(ramp, i32x4.splat(limit)));
  }
}

/** Four entries of a table of 32 bits. */
// @ts-ignore: a decorator of AssemblyScript
@inline
function lookUp(table: usize, entries: v128): v128 {
  const bytes = i32x4.shl(entries, 2);
  let x = v128.load32_zero(table + <usize>i32x4.extract_lane(bytes, 0));
  x = v128.load_lane<u32>(table + <usize>i32x4.extract_lane(bytes, 1), x, 1);
  x = v128.load_lane<u32>(table + <usize>i32x4.extract_lane(bytes, 2), x, 2);
  return v128.load_lane<u32>(table + <usize>i32x4.extract_lane(bytes, 3), x, 3);
}

/** rs(max(x, 0), shift) − R(|x|), in place; the table ends with a 0, which stands for all beyond it. */
export function evenWords(
  u: usize,
  count: usize,
  shift: i32,
  table: usize,
  entries: i32,
  entryShift: i32,
): void {
  const half = i32x4.splat(shift > 0 ? 1 << (shift - 1) : 0);
  const right = max(shift, 0);
  const left = max(-shift, 0);
  const entryHalf = i32x4.splat(entryShift > 0 ? 1 << (entryShift - 1) : 0);
  const entryRight = max(entryShift, 0);
  const entryLeft = max(-entryShift, 0);
  const last = i32x4.splat(entries);
  const zero = i32x4.splat(0);
  for (const end = u + count * WORD; u < end; u += FOUR) {
    const x = v128.load(u);
    const ramp = shifted(i32x4.max_s(x, zero), half, right, left);
    const entry = i32x4.min_s(shifted(i32x4.abs(x), entryHalf, entryRight, entryLeft), last);
    v128.store(u, i32x4.sub(ramp, lookUp(table, entry)));
  }
}

/** centre + sign(x) · (min(rs(|x|, shift), limit) − R(|x|)), in place. */
export function oddWords(
  u: usize,
  count: usize,
  shift: i32,
  table: usize,
  entries: i32,
  entryShift: i32,
  limit: i32,
  centre: i32,
): void {
  const half = i32x4.splat(shift > 0 ? 1 << (shift - 1) : 0);
  const right = max(shift, 0);
  const left = max(-shift, 0);
  const entryHalf = i32x4.splat(entryShift > 0 ? 1 << (entryShift - 1) : 0);
  const entryRight = max(entryShift, 0);
  const entryLeft = max(-entryShift, 0);
  const last = i32x4.splat(entries);
  const zero = i32x4.splat(0);
  for (const end = u + count * WORD; u < end; u += FOUR) {
    const x = v128.load(u);
    const size = i32x4.abs(x);
    const ramp = i32x4.min_s(shifted(size, half, right, left), i32x4.splat(limit));
    const entry = i32x4.min_s(shifted(size, entryHalf, entryRight, entryLeft), last);
    const y = i32x4.sub(ramp, lookUp(table, entry));
    const isNegative = i32x4.shr_s(x, 31);
    const signed = i32x4.sub(v128.xor(y, isNegative), isNegative);
    v128.store(u, i32x4.add(i32x4.splat(centre), v128.andnot(signed, i32x4.eq(x, zero))));
  }
}

const LOG_BITS: i32 = 12;
const ENTRY_BITS: i32 = 6;
const SUM_BITS: i32 = 16;
/** Bits of a double behind the six that a table of logarithms is read with. */
const BEHIND_ENTRY: i32 = 46;
/** Beyond these, powers of two are 0, or more than any state holds. */
const LEAST_POWER: i32 = -100;
const MOST_POWER: i32 = 100;
const LARGE: f32 = 1073741824;

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

/** 2^x of four logarithms, rounded to `fraction` fraction bits; at most 2^30. */
// @ts-ignore: a decorator of AssemblyScript
@inline
function powersOf(x: v128, fraction: i32, table: usize): v128 {
  const steps = i32x4.shr_s(i32x4.add(x, i32x4.splat(1 << (LOG_BITS - ENTRY_BITS - 1))), LOG_BITS - ENTRY_BITS);
  const mantissas = lookUp(table, v128.and(steps, i32x4.splat((1 << ENTRY_BITS) - 1)));
  let powers = i32x4.add(i32x4.shr_s(steps, ENTRY_BITS), i32x4.splat(fraction - LOG_BITS));
  powers = i32x4.min_s(i32x4.max_s(powers, i32x4.splat(LEAST_POWER)), i32x4.splat(MOST_POWER));
  const scales = i32x4.shl(i32x4.add(powers, i32x4.splat(127)), 23);
  const y = f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(mantissas), scales), f32x4.splat(0.5));
  return i32x4.trunc_sat_f32x4_s(f32x4.floor(f32x4.pmin(y, f32x4.splat(LARGE))));
}

function logarithm(x: i32, table: usize): i32 {
  const low = f64x2.splat(<f64>x);
  return i32x4.extract_lane(logarithms(low, low, table), 0);
}
function powerOf(x: i32, fraction: i32, table: usize): i32 {
  return i32x4.extract_lane(powersOf(i32x4.splat(x), fraction, table), 0);
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

/**
 * Layer norm (centred) or RMS norm of every group, in place. `gain`: lg|γ|, then sign(γ), each padded to whole vectors; so
 * are offsets. `room`: a logarithm and a sign for each channel, padded too.
 */
export function normaliseWords(
  u: usize,
  groups: usize,
  channels: usize,
  isCentred: bool,
  epsilonKey: i32,
  channelKey: i32,
  fraction: i32,
  log2: usize,
  powers: usize,
  gain: usize,
  offset: usize,
  room: usize,
): void {
  const width = ((channels + 3) & ~3) * WORD;
  const bytes = channels * WORD;
  const rest = firstLanes(channels & 3);
  for (let group: usize = 0; group < groups; group++, u += bytes) {
    const factor = f64x2.splat(isCentred ? <f64>channels : 1);
    const total = f64x2.splat(isCentred ? totalOf(u, channels) : 0);
    let most = i32x4.splat(epsilonKey >> 1);
    for (let c: usize = 0; c < bytes; c += FOUR) {
      const x = v128.load(u + c);
      const isThere = c + FOUR <= bytes ? i32x4.splat(-1) : rest;
      let low = f64x2.sub(f64x2.mul(f64x2.convert_low_i32x4_s(x), factor), total);
      let high = i8x16.shuffle(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
      high = f64x2.sub(f64x2.mul(f64x2.convert_low_i32x4_s(high), factor), total);
      low = v128.and(low, i64x2.extend_low_i32x4_s(isThere));
      high = v128.and(high, i64x2.extend_high_i32x4_s(isThere));
      const keys = logarithms(low, high, log2);
      const zero = f64x2.splat(0);
      const above = i8x16.shuffle(f64x2.gt(low, zero), f64x2.gt(high, zero), 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
      const below = i8x16.shuffle(f64x2.lt(low, zero), f64x2.lt(high, zero), 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
      v128.store(room + c, keys);
      v128.store(room + width + c, i32x4.sub(below, above));
      most = i32x4.max_s(most, keys);
    }
    const top = max(epsilonKey, 2 * largestOf(most));
    let sums = i32x4.splat(0);
    for (let c: usize = 0; c < bytes; c += FOUR) {
      const x = i32x4.sub(i32x4.shl(v128.load(room + c), 1), i32x4.splat(top));
      sums = i32x4.add(sums, powersOf(x, SUM_BITS, powers));
    }
    const sum = powerOf(epsilonKey - top, SUM_BITS, powers) + sumOf(sums);
    const quotient = (top + logarithm(sum, log2) - (SUM_BITS << LOG_BITS) - channelKey + 1) >> 1;
    for (let c: usize = 0; c < bytes; c += FOUR) {
      let x = i32x4.sub(v128.load(room + c), i32x4.splat(quotient));
      let sign = v128.load(room + width + c);
      if (gain !== 0) {
        x = i32x4.add(x, v128.load(gain + c));
        sign = i32x4.mul(sign, v128.load(gain + width + c));
      }
      let y = i32x4.mul(powersOf(x, fraction, powers), sign);
      if (offset !== 0) y = i32x4.add(y, v128.load(offset + c));
      if (c + FOUR <= bytes) v128.store(u + c, y);
      else storeLanes(u + c, y, rest);
    }
  }
}

/** Softmax of every group, in place: scores · scale, then rs(…, shift), are logarithms to base 2. */
export function softmaxWords(
  u: usize,
  groups: usize,
  channels: usize,
  scale: i32,
  shift: i32,
  fraction: i32,
  log2: usize,
  powers: usize,
): void {
  const bytes = channels * WORD;
  const whole = (channels & ~3) * WORD;
  const rest = firstLanes(channels & 3);
  const half = i32x4.splat(shift > 0 ? 1 << (shift - 1) : 0);
  const right = max(shift, 0);
  const left = max(-shift, 0);
  for (let group: usize = 0; group < groups; group++, u += bytes) {
    let most = i32x4.splat(i32.MIN_VALUE);
    for (let c: usize = 0; c < whole; c += FOUR) most = i32x4.max_s(most, v128.load(u + c));
    let top = largestOf(most);
    for (let c = whole; c < bytes; c += WORD) top = max(top, load<i32>(u + c));
    let sums = i32x4.splat(0);
    for (let c: usize = 0; c < bytes; c += FOUR) {
      const below = i32x4.mul(i32x4.sub(v128.load(u + c), i32x4.splat(top)), i32x4.splat(scale));
      const keys = shifted(below, half, right, left);
      const y = powersOf(keys, SUM_BITS, powers);
      if (c < whole) {
        v128.store(u + c, keys);
        sums = i32x4.add(sums, y);
      } else {
        storeLanes(u + c, keys, rest);
        sums = i32x4.add(sums, v128.and(y, rest));
      }
    }
    const logSum = logarithm(sumOf(sums), log2) - (SUM_BITS << LOG_BITS);
    for (let c: usize = 0; c < bytes; c += FOUR) {
      const y = powersOf(i32x4.sub(v128.load(u + c), i32x4.splat(logSum)), fraction, powers);
      if (c < whole) v128.store(u + c, y);
      else storeLanes(u + c, y, rest);
    }
  }
}

/** Adding this to a number of single precision below 2^22 leaves the number in its lowest bits. */
const MAGIC: f32 = 12582912;

/**
 * Up to `terms` signed powers of two nearest to m = factor · (y · 2^yShift − sum · 2^sumShift), largest first; see `fire` of
 * ir/fixed.ts. m is cut to ±most, beyond which nothing changes. Payloads are written with 16 bits, and the sum grows by
 * weight · payload. Returns how many neurons were stopped by the highest threshold.
 */
export function fireWords(
  y: usize,
  payloads: usize,
  counts: usize,
  sums: usize,
  count: usize,
  yShift: i32,
  sumShift: i32,
  factor: i32,
  weight: i32,
  shift: i32,
  lowest: i32,
  levels: i32,
  terms: i32,
  band: i32,
  most: i32,
): i32 {
  const edge = f32x4.splat(<f32>band * powerOfTwo(shift + lowest - 2));
  const top = f32x4.splat(<f32>3 * powerOfTwo(levels - 2 + shift));
  const unit = f32x4.splat(powerOfTwo(-shift));
  const least = i32x4.splat(lowest + shift + 127);
  const highest = i32x4.splat(levels - 1 + shift + 127);
  const signs = i32x4.splat(i32.MIN_VALUE);
  let stopped = 0;
  for (let i: usize = 0; i < count; i += 4) {
    const sum = v128.load(sums + i * WORD);
    let m = i32x4.sub(i32x4.shl(v128.load(y + i * WORD), yShift), i32x4.shl(sum, sumShift));
    if (factor !== 1) m = i32x4.mul(m, i32x4.splat(factor));
    m = i32x4.min_s(i32x4.max_s(m, i32x4.splat(-most)), i32x4.splat(most));
    let rest = f32x4.convert_i32x4_s(m);
    let payload = f32x4.splat(0);
    let fired = i32x4.splat(0);
    let isClipped = fired;
    for (let term = 0; term < terms; term++) {
      const size = f32x4.abs(rest);
      const sign = v128.and(rest, signs);
      // The leading one, and one more where the bit behind it is set.
      let power = i32x4.shr_s(i32x4.add(size, i32x4.splat(0x400000)), 23);
      power = i32x4.max_s(least, i32x4.min_s(highest, power));
      const step = i32x4.shl(power, 23);
      const left = f32x4.sub(size, step);
      let does = f32x4.ge(size, edge);
      if (term > 0) does = v128.and(does, f32x4.lt(f32x4.abs(left), size));
      if (!v128.any_true(does)) break;
      isClipped = v128.or(isClipped, v128.and(does, f32x4.ge(size, top)));
      payload = f32x4.add(payload, v128.and(does, v128.xor(step, sign)));
      fired = i32x4.sub(fired, does);
      rest = v128.bitselect(v128.xor(left, sign), rest, does);
    }
    const magic = f32x4.splat(MAGIC);
    const sent = i32x4.sub(f32x4.add(f32x4.mul(payload, unit), magic), magic);
    v128.store_lane<u64>(payloads + i * 2, i16x8.narrow_i32x4_s(sent, sent), 0);
    const short = i16x8.narrow_i32x4_s(fired, fired);
    v128.store_lane<u32>(counts + i, i8x16.narrow_i16x8_s(short, short), 0);
    v128.store(sums + i * WORD, i32x4.add(sum, weight === 1 ? sent : i32x4.mul(sent, i32x4.splat(weight))));
    if (i + 4 > count) isClipped = v128.and(isClipped, firstLanes(count - i));
    stopped += lanesOf(isClipped);
  }
  return stopped;
}

function powerOfTwo(n: i32): f32 {
  return reinterpret<f32>((n + 127) << 23);
}

/** What is graded: y − E as it is, with 32 bits. */
export function relayWords(y: usize, values: usize, counts: usize, sums: usize, count: usize): void {
  const one = i32x4.splat(1);
  for (let i: usize = 0; i < count; i += 4) {
    const target = v128.load(y + i * WORD);
    const value = i32x4.sub(target, v128.load(sums + i * WORD));
    v128.store(values + i * WORD, value);
    v128.store(sums + i * WORD, target);
    const met = v128.andnot(one, i32x4.eq(value, i32x4.splat(0)));
    const short = i16x8.narrow_i32x4_s(met, met);
    v128.store_lane<u32>(counts + i, i8x16.narrow_i16x8_s(short, short), 0);
  }
}

/** Payloads of 16 bits as integers of 32. */
export function widenPayloads(payloads: usize, values: usize, count: usize): void {
  for (let i: usize = 0; i < count; i += 4) {
    v128.store(values + i * WORD, v128.load16x4_s(payloads + i * 2));
  }
}
