/**
 * The integer arithmetic of the network (design: every scale a power of two). Integers are carried in
 * JavaScript numbers and are exact to 2^53; no function here multiplies two data-dependent numbers except by
 * a power of two, which is a shift.
 *
 * Tables hold 64 entries; keys and logarithms have LOG_FRACTION fraction bits.
 */

export const LOG_FRACTION = 12;
export const TABLE_BITS = 6;
export const TABLE_SIZE = 1 << TABLE_BITS;
const LOG_ONE = 1 << LOG_FRACTION;
/** Fraction bits of the addends of a log-sum-exp: 2^16 stands for the largest of them. */
export const SUM_FRACTION = 16;
/** Fraction bits of a softmax output and of the mantissas that exp2 reads. */
export const EXP_FRACTION = 12;

/** 2^k for |k| ≤ 128, exact; a table, because powers are taken in the innermost loops. */
const POWERS = Float64Array.from({ length: 257 }, (_, i) => 2 ** (i - 128));
export const pow2 = (k: number): number => POWERS[k + 128]!;

/** Arithmetic shift right by k, rounding half up; left for k < 0. Nothing else in the network rounds. */
export function rs(x: number, k: number): number {
  return k <= 0 ? x * pow2(-k) : Math.floor(x * pow2(-k) + 0.5);
}

/** Clamps to a signed integer of `bits` bits. */
export function saturate(x: number, bits: number): number {
  const top = pow2(bits - 1) - 1;
  return Math.max(-top, Math.min(top, x));
}

/** Position of the leading one of an integer x ≥ 1. */
export function leadingOne(x: number): number {
  if (x < 0x80000000) return 31 - Math.clz32(x);
  return 63 - Math.clz32(Math.floor(x / 2 ** 32));
}

/** log2(1 + i/64) with 12 fraction bits. */
export function makeLog2Table(): Int32Array {
  return Int32Array.from({ length: TABLE_SIZE }, (_, i) =>
    Math.round(LOG_ONE * Math.log2(1 + i / TABLE_SIZE)),
  );
}

/** 2^(i/64) with 12 fraction bits. */
export function makeExp2Table(): Int32Array {
  return Int32Array.from({ length: TABLE_SIZE }, (_, i) => Math.round(2 ** (EXP_FRACTION + i / TABLE_SIZE)));
}

/** log2 of an integer x ≥ 1, 12 fraction bits: a leading-one count and one table read. */
export function lg(x: number, table: Int32Array): number {
  const p = leadingOne(x);
  const mantissa = rs(x, p - TABLE_BITS);
  if (mantissa === 2 * TABLE_SIZE) return (p + 1) * LOG_ONE;
  return p * LOG_ONE + table[mantissa - TABLE_SIZE]!;
}

/** 2^x for x with 12 fraction bits, result with `fraction` fraction bits: one table read and a shift. */
export function exp2(x: number, fraction: number, table: Int32Array): number {
  const steps = rs(x, LOG_FRACTION - TABLE_BITS);
  const whole = Math.floor(steps / TABLE_SIZE);
  const mantissa = table[steps - whole * TABLE_SIZE]!;
  const shift = EXP_FRACTION - whole - fraction;
  return shift > 40 ? 0 : rs(mantissa, shift);
}

/**
 * The term that a multi-threshold neuron sends for membrane m: the power of two nearest to |m| (leading one
 * plus the next bit), at least 2^lowest θ, at most 2^(levels−1) θ; none below band quarters of the lowest.
 * Returns the exponent k of ±2^k θ, or −1 for silence.
 * Units: m and θ = 2^thetaShift in the same unit, thetaShift ≥ 2 so that a quarter of θ is whole.
 */
export function termExponent(
  m: number,
  thetaShift: number,
  levels: number,
  band: number,
  lowest = 0,
): number {
  const magnitude = m < 0 ? -m : m;
  if (magnitude < band * pow2(thetaShift + lowest - 2)) return -1;
  const p = leadingOne(magnitude);
  const next = Math.floor(magnitude * pow2(1 - p)) & 1;
  const k = p + next - thetaShift;
  return Math.max(lowest, Math.min(levels - 1, k));
}

/** A neuron's answer: the payload in units of θ and the number of signed powers of two in it. */
export interface Firing {
  payload: number;
  terms: number;
  /** Did a term stop at the highest threshold although the membrane asked for more? */
  clipped: boolean;
}

/** Up to `terms` signed powers of two, largest first. Source: ECMT Eqs. 22-25, nearest rule with dead band. */
export function fire(
  m: number,
  thetaShift: number,
  levels: number,
  terms: number,
  band: number,
  out: Firing,
  lowest = 0,
): Firing {
  let rest = m;
  out.payload = 0;
  out.terms = 0;
  out.clipped = false;
  const top = 1.5 * pow2(levels - 1 + thetaShift);
  while (out.terms < terms) {
    const k = termExponent(rest, thetaShift, levels, band, lowest);
    if (k < 0) break;
    const size = rest < 0 ? -pow2(k) : pow2(k);
    const left = rest - size * pow2(thetaShift);
    // At m = θ/2 a term overshoots by as much as it mends: the first may, a second would take it back.
    if (out.terms > 0 && Math.abs(left) >= Math.abs(rest)) break;
    if (rest >= top || rest <= -top) out.clipped = true;
    out.payload += size;
    out.terms += 1;
    rest = left;
  }
  return out;
}
