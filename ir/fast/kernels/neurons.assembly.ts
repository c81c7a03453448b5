// AssemblyScript, not TypeScript: `node build/bench/kernels.js` compiles it into binary.ts.
//
// What neurons do with what they gathered, four at a time in integers of 32 bits and in single precision, where a
// population is proved to fit (neurons.ts). The arithmetic is that of ir/fixed.ts and ir/interpret/soma.ts. Arrays have
// room for a whole vector behind their last number.
import { firstLanes, FOUR, lanesOf, lookUp, shifted, sumOf, WORD } from './lanes.assembly';

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
