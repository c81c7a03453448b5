// AssemblyScript, not TypeScript: `node build/bench/kernels.js` compiles it into binary.ts.
//
// What neurons send, in integers of 32 bits and single precision; see neurons.assembly.ts.
import { firstLanes, FOUR, lanesOf, sumOf, WORD } from './shared/lanes.assembly';

/** Adding this to a number of single precision below 2^22 leaves the number in its lowest bits. */
const MAGIC: f32 = 12582912;

/** The power of two nearest to a magnitude: its leading one, and one more where the bit behind it is set. */
// @ts-ignore: a decorator of AssemblyScript
@inline
function nearest(size: v128, carry: v128, least: v128, highest: v128): v128 {
  const power = i32x4.shr_s(i32x4.add(size, carry), 23);
  return i32x4.shl(i32x4.max_s(least, i32x4.min_s(highest, power)), 23);
}

/**
 * Up to `terms` signed powers of two nearest to m = factor · (y · 2^yShift − sum · 2^sumShift), largest first; see `fire` of
 * ir/fixed.ts. m is cut to ±most, beyond which nothing changes. Payloads are written with 16 bits, and the sum grows by
 * weight · payload; before the first step it is 0. Returns how many neurons were stopped by the highest threshold.
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
  isFirst: bool,
): i32 {
  const edge = f32x4.splat(<f32>band * powerOfTwo(shift + lowest - 2));
  const top = f32x4.splat(<f32>3 * powerOfTwo(levels - 2 + shift));
  const unit = f32x4.splat(powerOfTwo(-shift));
  const least = i32x4.splat(lowest + shift + 127);
  const highest = i32x4.splat(levels - 1 + shift + 127);
  const signs = i32x4.splat(i32.MIN_VALUE);
  const carry = i32x4.splat(0x400000);
  const magic = f32x4.splat(MAGIC);
  const factors = i32x4.splat(factor);
  const weights = i32x4.splat(weight);
  const cut = i32x4.splat(most);
  const cutBelow = i32x4.neg(cut);
  const keep = isFirst ? i32x4.splat(0) : i32x4.splat(-1);
  let stopped = 0;
  let i: usize = 0;
  do {
    const sum = v128.and(v128.load(sums + i * WORD), keep);
    let m = i32x4.sub(i32x4.shl(v128.load(y + i * WORD), yShift), i32x4.shl(sum, sumShift));
    if (factor !== 1) m = i32x4.mul(m, factors);
    m = i32x4.min_s(i32x4.max_s(m, cutBelow), cut);
    const rest = f32x4.convert_i32x4_s(m);
    let size = f32x4.abs(rest);
    let sign = v128.and(rest, signs);
    let step = nearest(size, carry, least, highest);
    let left = f32x4.sub(size, step);
    let does = f32x4.ge(size, edge);
    let clipped = v128.and(does, f32x4.ge(size, top));
    let payload = v128.and(does, v128.xor(step, sign));
    let fired = does;
    let term = 1;
    while (term < terms) {
      // Where nothing was fired nothing will be; where something was, this is left.
      size = f32x4.abs(left);
      sign = v128.xor(sign, v128.and(left, signs));
      step = nearest(size, carry, least, highest);
      const next = f32x4.sub(size, step);
      does = v128.and(v128.and(does, f32x4.ge(size, edge)), f32x4.lt(f32x4.abs(next), size));
      clipped = v128.or(clipped, v128.and(does, f32x4.ge(size, top)));
      payload = f32x4.add(payload, v128.and(does, v128.xor(step, sign)));
      fired = i32x4.add(fired, does);
      left = next;
      term++;
    }
    const sent = i32x4.sub(f32x4.add(f32x4.mul(payload, unit), magic), magic);
    v128.store_lane<u64>(payloads + i * 2, i16x8.narrow_i32x4_s(sent, sent), 0);
    const short = i16x8.narrow_i32x4_s(i32x4.neg(fired), fired);
    v128.store_lane<u32>(counts + i, i8x16.narrow_i16x8_s(short, short), 0);
    v128.store(sums + i * WORD, i32x4.add(sum, weight === 1 ? sent : i32x4.mul(sent, weights)));
    if (i + 4 > count) clipped = v128.and(clipped, firstLanes(count - i));
    stopped += lanesOf(clipped);
    i += 4;
  } while (i < count);
  return stopped;
}

/** The same of at most one power of two, eight neurons at a time. */
export function fireOnce(
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
  band: i32,
  most: i32,
  isFirst: bool,
): i32 {
  const edge = f32x4.splat(<f32>band * powerOfTwo(shift + lowest - 2));
  const top = f32x4.splat(<f32>3 * powerOfTwo(levels - 2 + shift));
  const unit = f32x4.splat(powerOfTwo(-shift));
  const least = i32x4.splat(lowest + shift + 127);
  const highest = i32x4.splat(levels - 1 + shift + 127);
  const signs = i32x4.splat(i32.MIN_VALUE);
  const carry = i32x4.splat(0x400000);
  const magic = f32x4.splat(MAGIC);
  const cut = i32x4.splat(most);
  const keep = isFirst ? i32x4.splat(0) : i32x4.splat(-1);
  // What is behind the last neuron is not counted.
  const whole = y + (count & ~7) * WORD;
  const end = y + count * WORD;
  let stopped = i32x4.splat(0);
  do {
    const sumA = v128.and(v128.load(sums), keep);
    const sumB = v128.and(v128.load(sums, 16), keep);
    let a = i32x4.sub(i32x4.shl(v128.load(y), yShift), i32x4.shl(sumA, sumShift));
    let b = i32x4.sub(i32x4.shl(v128.load(y, 16), yShift), i32x4.shl(sumB, sumShift));
    if (factor !== 1) {
      a = i32x4.mul(a, i32x4.splat(factor));
      b = i32x4.mul(b, i32x4.splat(factor));
    }
    a = f32x4.convert_i32x4_s(i32x4.min_s(i32x4.max_s(a, i32x4.neg(cut)), cut));
    b = f32x4.convert_i32x4_s(i32x4.min_s(i32x4.max_s(b, i32x4.neg(cut)), cut));
    const sizeA = f32x4.abs(a);
    const sizeB = f32x4.abs(b);
    const firesA = f32x4.ge(sizeA, edge);
    const firesB = f32x4.ge(sizeB, edge);
    let isStoppedA = v128.and(firesA, f32x4.ge(sizeA, top));
    let isStoppedB = v128.and(firesB, f32x4.ge(sizeB, top));
    if (y >= whole) {
      const left = i32x4.splat(<i32>((end - y) / WORD));
      isStoppedA = v128.and(isStoppedA, i32x4.lt_s(i32x4(0, 1, 2, 3), left));
      isStoppedB = v128.and(isStoppedB, i32x4.lt_s(i32x4(4, 5, 6, 7), left));
    }
    stopped = i32x4.sub(i32x4.sub(stopped, isStoppedA), isStoppedB);
    a = v128.and(firesA, v128.or(nearest(sizeA, carry, least, highest), v128.and(a, signs)));
    b = v128.and(firesB, v128.or(nearest(sizeB, carry, least, highest), v128.and(b, signs)));
    a = i32x4.sub(f32x4.add(f32x4.mul(a, unit), magic), magic);
    b = i32x4.sub(f32x4.add(f32x4.mul(b, unit), magic), magic);
    v128.store(payloads, i16x8.narrow_i32x4_s(a, b));
    const fires = i16x8.narrow_i32x4_s(firesA, firesB);
    v128.store64_lane(counts, i8x16.narrow_i16x8_s(i16x8.neg(fires), fires), 0);
    if (weight !== 1) {
      a = i32x4.mul(a, i32x4.splat(weight));
      b = i32x4.mul(b, i32x4.splat(weight));
    }
    v128.store(sums, i32x4.add(sumA, a));
    v128.store(sums, i32x4.add(sumB, b), 16);
    y += 2 * FOUR;
    sums += 2 * FOUR;
    payloads += FOUR;
    counts += 8;
  } while (y < end);
  return sumOf(stopped);
}

function powerOfTwo(n: i32): f32 {
  return reinterpret<f32>((n + 127) << 23);
}
