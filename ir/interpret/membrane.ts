/**
 * The membrane of an integer multi-threshold neuron: what is missing of y, at the scale of a spike of its step.
 * m = y − E in units of 2^−outFraction; in `differential` m = t · (y − E), with the fraction bits of E where those
 * are more.
 *
 * Source  ECMT Eqs. 21-24, telescoped
 */
import { type Firing, fire, pow2 } from '../fixed.ts';
import type { IntEmit } from '../int.ts';
import type { Coding } from '../snn.ts';
import { lowestExponent, membraneFactor, stepWeight, weightFraction } from '../step-weights.ts';

/** How the neurons of a population stand at one step: m = factor · (y · 2^yShift − sum · 2^sumShift). */
export interface Membrane {
  readonly factor: number;
  readonly yShift: number;
  readonly sumShift: number;
  /** θ = 2^shift in the unit of m. */
  readonly shift: number;
  /** Nothing below 2^lowest θ fires. */
  readonly lowest: number;
  /** By how much one payload unit raises the sum. */
  readonly weight: number;
}
type MtEmit = Omit<Extract<IntEmit, { kind: 'mt' }>, 'kind'>;

export function createMembrane(
  { theta, levels, coarse = 0 }: MtEmit,
  outFraction: number,
  { coding, steps }: { readonly coding: Coding; readonly steps: number },
): (t: number) => Membrane {
  const bits = weightFraction(coding, steps);
  const shift = Math.max(outFraction - theta, bits);
  return t => ({
    factor: membraneFactor(coding, t),
    yShift: shift - (outFraction - theta),
    sumShift: shift - bits,
    shift,
    lowest: lowestExponent(coarse, t, steps, levels),
    weight: stepWeight(t, bits),
  });
}

/** What a neuron answers with, having sent E = sum · 2^−(theta + b) so far. */
export function firing(membrane: Membrane, { levels, terms, band }: MtEmit) {
  const { factor, shift, lowest } = membrane;
  const [ofTarget, ofSum] = [pow2(membrane.yShift), pow2(membrane.sumShift)];
  return (y: number, sum: number, out: Firing): Firing =>
    fire(factor * (y * ofTarget - sum * ofSum), shift, levels, terms, band, out, lowest);
}
