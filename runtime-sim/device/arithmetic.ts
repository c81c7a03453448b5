/**
 * The integers of a device: a third reading of what docs/rationale/populations.md and the program format say, beside
 * ir/interpret and ir/fast. Written to be read, not to be fast.
 */

/** x · 2^−k to the nearest integer, halves upward; k < 0 multiplies. */
export function shiftRound(x: number, k: number): number {
  const scaled = x / 2 ** k;
  return k > 0 ? Math.floor(scaled + 0.5) : scaled;
}

/** Within ±(2^(bits − 1) − 1). */
export function clamp(x: number, bits: number): number {
  const top = 2 ** (bits - 1) - 1;
  return Math.max(Math.min(x, top), -top);
}

/** The largest p with 2^p ≤ x, for integers x ≥ 1. */
export function highestBit(x: number): number {
  let p = 0;
  for (let rest = x; rest >= 2; rest = Math.floor(rest / 2)) p += 1;
  return p;
}

/** Fraction bits of a logarithm and of the entries of the tables; tables have 2^TABLE_BITS entries. */
const LOG_BITS = 12;
const TABLE_BITS = 6;
const ENTRIES = 2 ** TABLE_BITS;

export interface LogTables {
  readonly log2: Int32Array;
  readonly exp2: Int32Array;
}

/** log2 of an integer x ≥ 1: its highest bit, and a table at the six bits behind it. */
export function log2Of(x: number, { log2 }: LogTables): number {
  const p = highestBit(x);
  const leading = shiftRound(x, p - TABLE_BITS);
  // Rounded up to the next power of two.
  if (leading === 2 * ENTRIES) return (p + 1) * 2 ** LOG_BITS;
  return p * 2 ** LOG_BITS + log2[leading - ENTRIES]!;
}

/** 2^x with `fraction` fraction bits: a table at six fraction bits, shifted. */
export function exp2Of(x: number, fraction: number, { exp2 }: LogTables): number {
  const sixths = shiftRound(x, LOG_BITS - TABLE_BITS);
  const whole = Math.floor(sixths / ENTRIES);
  const right = LOG_BITS - whole - fraction;
  // Twelve bits shifted by more than forty are gone, rounding included.
  return right > 40 ? 0 : shiftRound(exp2[sixths - whole * ENTRIES]!, right);
}

/** Fraction bits of sums of powers of two, relative to the largest. */
export const SUM_BITS = 16;
export const LOG_UNIT = 2 ** LOG_BITS;
export { LOG_BITS };
