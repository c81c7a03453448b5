// AssemblyScript, not TypeScript: `node build/bench/kernels.js` compiles it into binary.ts.
//
// What neurons do with what they gathered, four at a time in integers of 32 bits and in single precision, where a
// population is proved to fit (neurons.ts). The arithmetic is that of ir/fixed.ts and ir/interpret/soma.ts. Arrays have
// room for a whole vector behind their last number, and are never empty: loops end at their bottom, because what does not
// change in them is then computed once.
import { FOUR, halfOf, lookUp, shifted, sumOf, WORD } from './shared/lanes.assembly';

/** Saturates accumulators to ±top, in place; returns what they hold and counts what was too large in `saturated`. */
let saturated: v128 = i32x4.splat(0);
// @ts-ignore: a decorator of AssemblyScript
@inline
function held(at: usize, top: v128, least: v128): v128 {
  const x = v128.load(at);
  const y = i32x4.min_s(i32x4.max_s(x, least), top);
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
  const half = halfOf(shift);
  const right = shift > 0 ? shift : 0;
  const left = shift < 0 ? -shift : 0;
  const keep = isFirst ? i32x4.splat(0) : i32x4.splat(-1);
  const end = accumulator + count * WORD;
  do {
    const x = i32x4.shr_s(i32x4.add(held(accumulator, most, i32x4.neg(most)), half), right);
    v128.store(u, i32x4.add(v128.and(v128.load(u), keep), i32x4.shl(x, left)));
    accumulator += FOUR;
    u += FOUR;
  } while (accumulator < end);
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
  const end = accumulator + count * WORD;
  do {
    const x = f32x4.mul(f32x4.convert_i32x4_s(held(accumulator, most, i32x4.neg(most))), v128.load(factors + c));
    const rounded = i32x4.trunc_sat_f32x4_s(f32x4.floor(f32x4.add(x, v128.load(halves + c))));
    v128.store(u, i32x4.add(v128.and(v128.load(u), keep), rounded));
    c += FOUR;
    if (c === bytes) c = 0;
    accumulator += FOUR;
    u += FOUR;
  } while (accumulator < end);
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
  let i: usize = 0;
  do {
    const scaled = floor(<f64>load<i32>(x + i) * factor * unit + 0.5);
    store<i32>(u + i, load<i32>(u + i) + <i32>scaled);
    i += WORD;
  } while (i < count * WORD);
}

/** Saturates to ±top, in place, after · factor. Returns how many were. */
export function settleWords(u: usize, count: usize, factor: i32, top: i32): i32 {
  let over = i32x4.splat(0);
  const most = i32x4.splat(top);
  const least = i32x4.neg(most);
  const end = u + count * WORD;
  do {
    let x = v128.load(u);
    if (factor !== 1) x = i32x4.mul(x, i32x4.splat(factor));
    const y = i32x4.min_s(i32x4.max_s(x, least), most);
    over = i32x4.sub(over, i32x4.ne(x, y));
    v128.store(u, y);
    u += FOUR;
  } while (u < end);
  return sumOf(over);
}

/** rs(x, shift), in place. */
export function shiftWords(u: usize, count: usize, shift: i32): void {
  const half = halfOf(shift);
  const right = max(shift, 0);
  const left = max(-shift, 0);
  const end = u + count * WORD;
  do {
    v128.store(u, shifted(v128.load(u), half, right, left));
    u += FOUR;
  } while (u < end);
}

/** min(rs(max(x, 0), shift), limit), in place. */
export function clipWords(u: usize, count: usize, shift: i32, limit: i32): void {
  const half = halfOf(shift);
  const right = max(shift, 0);
  const left = max(-shift, 0);
  const zero = i32x4.splat(0);
  const end = u + count * WORD;
  do {
    const ramp = shifted(i32x4.max_s(v128.load(u), zero), half, right, left);
    v128.store(u, i32x4.min_s(ramp, i32x4.splat(limit)));
    u += FOUR;
  } while (u < end);
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
  const half = halfOf(shift);
  const right = max(shift, 0);
  const left = max(-shift, 0);
  const entryHalf = halfOf(entryShift);
  const entryRight = max(entryShift, 0);
  const entryLeft = max(-entryShift, 0);
  const last = i32x4.splat(entries);
  const zero = i32x4.splat(0);
  const end = u + count * WORD;
  do {
    const x = v128.load(u);
    const ramp = shifted(i32x4.max_s(x, zero), half, right, left);
    const entry = i32x4.min_s(shifted(i32x4.abs(x), entryHalf, entryRight, entryLeft), last);
    v128.store(u, i32x4.sub(ramp, lookUp(table, entry)));
    u += FOUR;
  } while (u < end);
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
  const half = halfOf(shift);
  const right = max(shift, 0);
  const left = max(-shift, 0);
  const entryHalf = halfOf(entryShift);
  const entryRight = max(entryShift, 0);
  const entryLeft = max(-entryShift, 0);
  const last = i32x4.splat(entries);
  const zero = i32x4.splat(0);
  const end = u + count * WORD;
  do {
    const x = v128.load(u);
    const size = i32x4.abs(x);
    const ramp = i32x4.min_s(shifted(size, half, right, left), i32x4.splat(limit));
    const entry = i32x4.min_s(shifted(size, entryHalf, entryRight, entryLeft), last);
    const y = i32x4.sub(ramp, lookUp(table, entry));
    const isNegative = i32x4.shr_s(x, 31);
    const signed = i32x4.sub(v128.xor(y, isNegative), isNegative);
    v128.store(u, i32x4.add(i32x4.splat(centre), v128.andnot(signed, i32x4.eq(x, zero))));
    u += FOUR;
  } while (u < end);
}

/** What is graded: y − E as it is, with 32 bits. */
export function relayWords(
  y: usize,
  values: usize,
  counts: usize,
  sums: usize,
  count: usize,
  isFirst: bool,
): void {
  const one = i32x4.splat(1);
  const keep = isFirst ? i32x4.splat(0) : i32x4.splat(-1);
  let i: usize = 0;
  do {
    const target = v128.load(y + i * WORD);
    const value = i32x4.sub(target, v128.and(v128.load(sums + i * WORD), keep));
    v128.store(values + i * WORD, value);
    v128.store(sums + i * WORD, target);
    const met = v128.andnot(one, i32x4.eq(value, i32x4.splat(0)));
    const short = i16x8.narrow_i32x4_s(met, met);
    v128.store_lane<u32>(counts + i, i8x16.narrow_i16x8_s(short, short), 0);
    i += 4;
  } while (i < count);
}

/** Payloads of 16 bits as integers of 32. */
export function widenPayloads(payloads: usize, values: usize, count: usize): void {
  let i: usize = 0;
  do {
    v128.store(values + i * WORD, v128.load16x4_s(payloads + i * 2));
    i += 4;
  } while (i < count);
}
