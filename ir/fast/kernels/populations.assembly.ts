// AssemblyScript, not TypeScript: `node build/bench/kernels.js` compiles it into binary.ts.
//
// What a population of stage int does with what it gathered: the arithmetic of ir/fixed.ts and ir/interpret/soma.ts on
// the same doubles, which hold integers, or on integers of 64 bits where those are quicker.

const REAL: usize = 8;
const INTEGER: usize = 4;
const LOG_FRACTION: i64 = 12;
const TABLE_BITS: i64 = 6;
const SUM_FRACTION: i64 = 16;
const EXP_FRACTION: i64 = 12;

/**
 * u += floor(accumulator · factor + half), factor and half repeating after `period`: rs() of a number that is first
 * saturated to ±top, in place. Returns how many were.
 */
export function gather(
  accumulator: usize,
  u: usize,
  size: usize,
  factors: usize,
  halves: usize,
  period: usize,
  top: f64,
): i32 {
  let saturated = 0;
  for (let row: usize = 0; row < size; row += period) {
    for (let c: usize = 0; c < period; c++) {
      const at = (row + c) * REAL;
      let x = load<f64>(accumulator + at);
      if (x > top || x < -top) {
        x = x > top ? top : -top;
        store<f64>(accumulator + at, x);
        saturated++;
      }
      const rounded = floor(x * load<f64>(factors + c * REAL) + load<f64>(halves + c * REAL));
      store<f64>(u + at, load<f64>(u + at) + rounded);
    }
  }
  return saturated;
}

/** x[i] = rs(x[i] · factor, …): by 1/t or 1/t² of the coding `rate`. */
export function scaleBy(u: usize, size: usize, factor: f64, unit: f64): void {
  for (const end = u + size * REAL; u < end; u += REAL) {
    store<f64>(u, floor(load<f64>(u) * factor * unit + 0.5));
  }
}

/** y += x. */
export function add(x: usize, y: usize, size: usize): void {
  for (let i: usize = 0; i < size * REAL; i += REAL) store<f64>(y + i, load<f64>(y + i) + load<f64>(x + i));
}

/** Saturates to ±top, in place, after · factor. Returns how many were. */
export function settle(u: usize, size: usize, factor: f64, top: f64): i32 {
  let saturated = 0;
  for (const end = u + size * REAL; u < end; u += REAL) {
    let x = load<f64>(u) * factor;
    if (x > top || x < -top) {
      x = x > top ? top : -top;
      saturated++;
    }
    store<f64>(u, x);
  }
  return saturated;
}

/** x[i] = floor(x[i] · factor + half). */
export function shift(u: usize, size: usize, factor: f64, half: f64): void {
  for (const end = u + size * REAL; u < end; u += REAL) store<f64>(u, floor(load<f64>(u) * factor + half));
}

/** min(rs(max(x, 0)), limit). */
export function clip(u: usize, size: usize, factor: f64, half: f64, limit: f64): void {
  for (const end = u + size * REAL; u < end; u += REAL) {
    const x = load<f64>(u);
    const y = floor((x > 0 ? x : 0) * factor + half);
    store<f64>(u, y > limit ? limit : y);
  }
}

/** The remainder at |x|: a table of doubles, 0 beyond it. */
function remainder(x: f64, table: usize, entries: f64, factor: f64, half: f64): f64 {
  const entry = floor(x * factor + half);
  return entry < entries ? load<f64>(table + (<usize>(<u32>entry)) * REAL) : 0;
}

/** rs(max(x, 0)) − R(|x|). */
export function even(
  u: usize,
  size: usize,
  factor: f64,
  half: f64,
  table: usize,
  entries: f64,
  entryFactor: f64,
  entryHalf: f64,
): void {
  for (const end = u + size * REAL; u < end; u += REAL) {
    const x = load<f64>(u);
    const ramp = floor((x > 0 ? x : 0) * factor + half);
    store<f64>(u, ramp - remainder(abs(x), table, entries, entryFactor, entryHalf));
  }
}

/** centre + sign(x) · (min(rs(|x|), limit) − R(|x|)). */
export function odd(
  u: usize,
  size: usize,
  factor: f64,
  half: f64,
  table: usize,
  entries: f64,
  entryFactor: f64,
  entryHalf: f64,
  limit: f64,
  centre: f64,
): void {
  for (const end = u + size * REAL; u < end; u += REAL) {
    const x = load<f64>(u);
    const ramp = floor(abs(x) * factor + half);
    const y = (ramp > limit ? limit : ramp) - remainder(abs(x), table, entries, entryFactor, entryHalf);
    store<f64>(u, x > 0 ? centre + y : x < 0 ? centre - y : centre);
  }
}

/** log2 of an integer x ≥ 1 with 12 fraction bits: the leading one and a table read. */
function lg(x: f64, table: usize): i64 {
  const whole = <i64>x;
  const p = 63 - clz(whole);
  const left = p - TABLE_BITS;
  const mantissa = left <= 0 ? whole << -left : (whole + ((<i64>1) << (left - 1))) >> left;
  if (mantissa === 2 << TABLE_BITS) return (p + 1) << LOG_FRACTION;
  return (p << LOG_FRACTION) + load<i32>(table + (<usize>(mantissa - (1 << TABLE_BITS))) * INTEGER);
}

/** 2^n as a double, |n| < 1000. */
function power(n: i64): f64 {
  return reinterpret<f64>((1023 + n) << 52);
}

/** 2^x for x with 12 fraction bits, rounded to `fraction` fraction bits. */
function exp2(x: i64, fraction: i64, table: usize): f64 {
  const steps = (x + ((<i64>1) << (LOG_FRACTION - TABLE_BITS - 1))) >> (LOG_FRACTION - TABLE_BITS);
  const whole = steps >> TABLE_BITS;
  const mantissa = load<i32>(table + (<usize>(steps & ((1 << TABLE_BITS) - 1))) * INTEGER);
  const shift = EXP_FRACTION - whole - fraction;
  if (shift > 40) return 0;
  return shift <= 0 ? <f64>mantissa * power(-shift) : floor(<f64>mantissa * power(-shift) + 0.5);
}

/** Layer norm (centred) or RMS norm of every group, in place. `gain`: lg|γ|, then sign(γ); `logs`: room of a group. */
export function normalise(
  u: usize,
  size: usize,
  channels: usize,
  isCentred: bool,
  epsilonKey: i64,
  channelKey: i64,
  fraction: i64,
  log2: usize,
  powers: usize,
  gain: usize,
  offset: usize,
  logs: usize,
): void {
  const width = channels * REAL;
  for (const end = u + size * REAL; u < end; u += width) {
    let total: f64 = 0;
    if (isCentred) for (let c: usize = 0; c < width; c += REAL) total += load<f64>(u + c);
    let top = epsilonKey;
    for (let c: usize = 0; c < width; c += REAL) {
      const x = load<f64>(u + c);
      const d = isCentred ? <f64>channels * x - total : x;
      store<f64>(u + c, d);
      if (d === 0) continue;
      const key = lg(abs(d), log2);
      store<i64>(logs + c, key);
      top = max(top, 2 * key);
    }
    let sum = exp2(epsilonKey - top, SUM_FRACTION, powers);
    for (let c: usize = 0; c < width; c += REAL) {
      if (load<f64>(u + c) !== 0) sum += exp2(2 * load<i64>(logs + c) - top, SUM_FRACTION, powers);
    }
    const quotient = (top + lg(sum, log2) - (SUM_FRACTION << LOG_FRACTION) - channelKey + 1) >> 1;
    for (let c: usize = 0; c < width; c += REAL) {
      const d = load<f64>(u + c);
      let sign: f64 = d > 0 ? 1 : d < 0 ? -1 : 0;
      if (gain !== 0) sign *= load<f64>(gain + width + c);
      let y: f64 = 0;
      if (sign !== 0) {
        const key = load<i64>(logs + c) - quotient + (gain === 0 ? 0 : <i64>load<f64>(gain + c));
        y = sign * exp2(key, fraction, powers);
      }
      store<f64>(u + c, y + (offset === 0 ? 0 : load<f64>(offset + c)));
    }
  }
}

/** Softmax of every group, in place: scores · scale, then · factor rounded, are logarithms to base 2. */
export function softmax(
  u: usize,
  size: usize,
  channels: usize,
  scale: f64,
  factor: f64,
  half: f64,
  fraction: i64,
  log2: usize,
  powers: usize,
): void {
  const width = channels * REAL;
  for (const end = u + size * REAL; u < end; u += width) {
    let top = -Infinity;
    for (let c: usize = 0; c < width; c += REAL) {
      const x = load<f64>(u + c) * scale;
      store<f64>(u + c, x);
      if (x > top) top = x;
    }
    let sum: f64 = 0;
    for (let c: usize = 0; c < width; c += REAL) {
      const key = floor((load<f64>(u + c) - top) * factor + half);
      store<f64>(u + c, key);
      sum += exp2(<i64>key, SUM_FRACTION, powers);
    }
    const logSum = lg(sum, log2) - (SUM_FRACTION << LOG_FRACTION);
    for (let c: usize = 0; c < width; c += REAL) {
      store<f64>(u + c, exp2(<i64>load<f64>(u + c) - logSum, fraction, powers));
    }
  }
}

/**
 * Up to `terms` signed powers of two nearest to m = factor · (y · 2^yShift − sum · 2^sumShift), largest first. θ =
 * 2^shift in the unit of m, none below band quarters of 2^lowest θ; the sum grows by weight · payload. Returns how many
 * neurons were stopped by the highest threshold.
 */
export function fire(
  y: usize,
  values: usize,
  counts: usize,
  sums: usize,
  size: usize,
  yShift: i64,
  sumShift: i64,
  factor: i64,
  weight: i64,
  shift: i64,
  lowest: i64,
  levels: i64,
  terms: i32,
  band: i64,
): i32 {
  const edge = band << (shift + lowest - 2);
  const top = (<i64>3) << (levels - 2 + shift);
  let clipped = 0;
  for (let i: usize = 0; i < size; i++) {
    const sum = load<i32>(sums + i * INTEGER);
    let rest = factor * ((<i64>load<f64>(y + i * REAL) << yShift) - ((<i64>sum) << sumShift));
    let payload: i64 = 0;
    let count = 0;
    let isClipped = 0;
    while (count < terms) {
      const magnitude = rest < 0 ? -rest : rest;
      if (magnitude < edge) break;
      const p = 63 - clz(magnitude);
      const next = p === 0 ? 0 : (magnitude >> (p - 1)) & 1;
      const k = max(lowest, min(levels - 1, p + next - shift));
      const step = (<i64>1) << (k + shift);
      const left = magnitude - step;
      if (count > 0 && (left < 0 ? -left : left) >= magnitude) break;
      if (magnitude >= top) isClipped = 1;
      payload += rest < 0 ? -((<i64>1) << k) : (<i64>1) << k;
      count++;
      rest = rest < 0 ? -left : left;
    }
    store<i32>(values + i * INTEGER, <i32>payload);
    store<u8>(counts + i, <u8>count);
    store<i32>(sums + i * INTEGER, sum + <i32>(payload * weight));
    clipped += isClipped;
  }
  return clipped;
}

/** What is graded: y − E as it is. */
export function relay(y: usize, values: usize, counts: usize, sums: usize, size: usize): void {
  for (let i: usize = 0; i < size; i++) {
    const sum = load<i32>(sums + i * INTEGER);
    const value = <i32>(<i64>load<f64>(y + i * REAL) - <i64>sum);
    store<i32>(values + i * INTEGER, value);
    store<u8>(counts + i, value === 0 ? 0 : 1);
    store<i32>(sums + i * INTEGER, sum + value);
  }
}
