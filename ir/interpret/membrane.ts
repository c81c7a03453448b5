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

/** The neurons of a population at one step. */
export interface Membrane {
  /** What the neuron answers with, having sent E = sum · 2^−(theta + b) so far. */
  fire(y: number, sum: number, out: Firing): Firing;
  /** By how much one payload unit raises the sum. */
  readonly weight: number;
}

export function createMembrane(
  { theta, levels, terms, band, coarse = 0 }: Omit<Extract<IntEmit, { kind: 'mt' }>, 'kind'>,
  outFraction: number,
  { coding, steps }: { readonly coding: Coding; readonly steps: number },
): (t: number) => Membrane {
  const bits = weightFraction(coding, steps);
  // Fraction bits of m below θ.
  const shift = Math.max(outFraction - theta, bits);
  const [ofTarget, ofSum] = [pow2(shift - (outFraction - theta)), pow2(shift - bits)];
  return t => {
    const factor = membraneFactor(coding, t);
    const lowest = lowestExponent(coarse, t, steps, levels);
    const membraneOf = (y: number, sum: number) => factor * (y * ofTarget - sum * ofSum);
    return {
      weight: stepWeight(t, bits),
      fire: (y, sum, out) => fire(membraneOf(y, sum), shift, levels, terms, band, out, lowest),
    };
  };
}
