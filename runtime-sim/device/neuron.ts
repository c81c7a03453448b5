/** How a neuron turns what is missing of its target into a payload. A third reading, see arithmetic.ts. */
import type { EmitProgram, ProgramHeader } from '../../backends/program/program.ts';
import { lowestExponent, stepWeight, weightFraction } from '../../ir/step-weights.ts';
import { highestBit } from './arithmetic.ts';

export interface Sent {
  payload: number;
  /** Signed powers of two in it; 1 for a graded value that is not 0. */
  terms: number;
}

export interface NeuronRule {
  /** What a neuron with target y sends that has sent `sum`; written to `out`. */
  fire(y: number, sum: number, out: Sent): void;
  /** By how much a payload of 1 raises the sum. */
  readonly weight: number;
}

const graded: NeuronRule = {
  weight: 1,
  fire(y, sum, out) {
    out.payload = y - sum;
    out.terms = out.payload === 0 ? 0 : 1;
  },
};

/** The rule of a tile at step t. */
export function neuronRule(
  emit: EmitProgram,
  outFraction: number,
  header: ProgramHeader,
  t: number,
): NeuronRule {
  if (emit.kind !== 'mt') return graded;
  const { theta, levels, terms, band, coarse } = emit;
  const { coding, steps } = header;
  const bits = weightFraction(coding, steps);
  // θ = 2^unit of the membrane, so that neither the target nor the sum has to be rounded.
  const unit = Math.max(outFraction - theta, bits);
  const factor = coding === 'differential' ? t : 1;
  const lowest = lowestExponent(coarse, t, steps, levels);
  const silentBelow = band * 2 ** (unit + lowest - 2);
  return {
    weight: stepWeight(t, bits),
    fire(y, sum, out) {
      let rest = factor * (y * 2 ** (unit - outFraction + theta) - sum * 2 ** (unit - bits));
      out.payload = 0;
      out.terms = 0;
      while (out.terms < terms && Math.abs(rest) >= silentBelow) {
        const exponent = Math.max(lowest, Math.min(levels - 1, nearestPower(Math.abs(rest)) - unit));
        const size = (rest < 0 ? -1 : 1) * 2 ** exponent;
        const left = rest - size * 2 ** unit;
        if (out.terms > 0 && Math.abs(left) >= Math.abs(rest)) return;
        out.payload += size;
        out.terms += 1;
        rest = left;
      }
    },
  };
}

/** Exponent of the power of two nearest to an integer, that above it from one and a half on. */
function nearestPower(x: number): number {
  const p = highestBit(x);
  return x >= 1.5 * 2 ** p ? p + 1 : p;
}
