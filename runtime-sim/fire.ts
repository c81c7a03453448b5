/**
 * What neurons send, over whole arrays: the same decisions as `fire` of ir/fixed.ts, with shifts where the
 * membrane fits 31 bits. Source: ECMT Eqs. 22-25, nearest rule with dead band.
 */
import { leadingOne } from '../ir/fixed.ts';

/** What a tile sends in one step; sums include it. All as long as the tile. */
export interface Emission {
  /** In units of θ (multi-threshold) or 2^-outFraction (relay, readout). */
  readonly values: Int32Array;
  /** Signed powers of two in each value; 1 for a nonzero graded value. */
  readonly terms: Uint8Array;
  readonly sums: Int32Array;
}

/** θ is 2^thetaShift in units of y; band counts quarters of θ. */
export interface FiringRule {
  readonly thetaShift: number;
  readonly levels: number;
  readonly terms: number;
  readonly band: number;
}

/**
 * Fires y − E for every neuron; returns how many were clipped by the highest threshold.
 * `histogram` gains the number of terms at each threshold, from position `at`.
 */
export function fireAll(
  y: Float64Array,
  rule: FiringRule,
  out: Emission,
  histogram: Float64Array,
  at: number,
): number {
  const { thetaShift, levels, terms: most, band } = rule;
  const { values, terms, sums } = out;
  const theta = 2 ** thetaShift;
  const silent = band * 2 ** (thetaShift - 2);
  const top = 1.5 * 2 ** (levels - 1 + thetaShift);
  let clipped = 0;
  for (let i = 0; i < y.length; i++) {
    let rest = y[i]! - sums[i]! * theta;
    let payload = 0;
    let sent = 0;
    let atTop = false;
    while (sent < most) {
      const size = rest < 0 ? -rest : rest;
      if (size < silent) break;
      if (size >= top) atTop = true;
      const k = exponentOf(size, thetaShift, levels);
      const term = rest < 0 ? -(1 << k) : 1 << k;
      histogram[at + k]! += 1;
      payload += term;
      rest -= term * theta;
      sent += 1;
    }
    if (atTop) clipped += 1;
    values[i] = payload;
    terms[i] = sent;
    sums[i]! += payload;
  }
  return clipped;
}

/** Exponent of the power of two nearest to size / θ, within the ladder of thresholds. */
function exponentOf(size: number, thetaShift: number, levels: number): number {
  let k: number;
  if (size < 0x80000000) {
    const p = 31 - Math.clz32(size);
    const next = p > 0 ? (size >> (p - 1)) & 1 : 0;
    k = p + next - thetaShift;
  } else {
    const p = leadingOne(size);
    k = p + (Math.floor(size / 2 ** (p - 1)) & 1) - thetaShift;
  }
  return k < 0 ? 0 : k > levels - 1 ? levels - 1 : k;
}

/** Graded: every neuron sends what has changed of y. */
export function sendDifferences(y: Float64Array, out: Emission): void {
  const { values, terms, sums } = out;
  for (let i = 0; i < y.length; i++) {
    values[i] = y[i]! - sums[i]!;
    terms[i] = values[i] === 0 ? 0 : 1;
    sums[i]! += values[i]!;
  }
}
