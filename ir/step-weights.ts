/**
 * What a spike of step t counts for. In `differential` it corrects a mean that t steps have made, so it weighs 1/t;
 * in the other codings 1. Graded values and constants always count for what they are.
 *
 * Below `quantize` the weight is round(2^b / t) · 2^−b: sender and receiver use the same number, so what the
 * sender believes to have sent is what the receiver holds, however short b is (docs/rationale/differential.md).
 *
 * Source  Differential Coding for Training-Free ANN-to-SNN Conversion, arXiv 2503.00301
 */
import type { Coding } from './snn.ts';

/** Weights may be off by so much: a power of two is a third off, and the next step takes out what both leave. */
export const TOLERANCE = 0.1;

/** b: the fewest fraction bits with which every 1/t, t = 1…steps, is right within the tolerance; 0 for one step. */
export function weightFraction(coding: Coding, steps: number): number {
  if (coding !== 'differential') return 0;
  const isRight = (bits: number) => {
    for (let t = 1; t <= steps; t++) {
      if (Math.abs((Math.round(2 ** bits / t) * t) / 2 ** bits - 1) > TOLERANCE) return false;
    }
    return true;
  };
  let bits = 0;
  while (!isRight(bits)) bits += 1;
  return bits;
}

/** The weight of step t in units of 2^−bits; 1 where nothing is weighed. */
export const stepWeight = (t: number, bits: number): number => (bits === 0 ? 1 : Math.round(2 ** bits / t));

/** What brings a difference of means back to the scale of a spike of step t. */
export const membraneFactor = (coding: Coding, t: number): number => (coding === 'differential' ? t : 1);

/**
 * Coarse to fine: the lowest threshold that may fire at step t of `steps` is 2^this · θ, one step from the end
 * `coarse` powers of two above θ, and so on upward.
 */
export const lowestExponent = (coarse: number, t: number, steps: number, levels: number): number =>
  Math.min(levels - 1, coarse * (steps - t));
