/**
 * How a population of stage `snn` turns what is still missing of its target into spikes. One rule for each kind
 * of neuron, all of them soft reset: m = U − E is the membrane, telescoped.
 */
import type { SnnEmit } from '../snn.ts';

/** One population's side of the run: what it sent in this step, what it has sent so far, what it should have. */
export interface Slot {
  values: Float64Array;
  terms: Uint8Array;
  sums: Float64Array;
  target: Float64Array;
}

/**
 * `factor` brings what is missing to the scale of a spike (1 but in `differential`); nothing below 2^lowest θ fires.
 */
export function emitRule(emit: SnnEmit, factor = 1, lowest = 0): (slot: Slot, i: number) => void {
  switch (emit.kind) {
    case 'mt': {
      const term = emit.rule === 'paper' ? paperTerm(emit, lowest) : nearestTerm(emit, lowest);
      return (slot, i) => {
        let rest = factor * (slot.target[i]! - slot.sums[i]!); // Eq. 21: m = v + I, telescoped
        let value = 0;
        let terms = 0;
        for (; terms < emit.terms; terms++) {
          const x = term(rest); // Eqs. 22-23
          if (x === 0 || (terms > 0 && Math.abs(rest - x) >= Math.abs(rest))) break;
          value += x;
          rest -= x; // Eq. 24: soft reset
        }
        slot.values[i] = value;
        slot.terms[i] = terms;
      };
    }
    case 'relay':
    case 'readout':
      return (slot, i) => {
        slot.values[i] = slot.target[i]! - slot.sums[i]!;
        slot.terms[i] = slot.values[i] === 0 ? 0 : 1;
      };
    default:
      return emit satisfies never;
  }
}

type MtEmit = Extract<SnnEmit, { kind: 'mt' }>;

/**
 * Eq. 25 with the thresholds of Eq. 19, edges half a base threshold below each; ties fire on both sides, as
 * in the authors' code. A base threshold ≤ 0 silences its side.
 */
function paperTerm({ theta1, theta2, levels }: MtEmit, lowest: number): (m: number) => number {
  return m => {
    for (let p = levels - 1; p >= lowest; p--) {
      if (theta1 > 0 && m >= 2 ** p * theta1 - theta1 / 2) return 2 ** p * theta1;
      if (theta2 > 0 && -m >= 2 ** p * theta2 - theta2 / 2) return -(2 ** p) * theta2;
    }
    return 0;
  };
}

/** The power of two nearest to |m|, silent below band · 2^lowest θ; edges at 1.5 · 2^p θ. */
function nearestTerm({ theta1, theta2, levels, band }: MtEmit, lowest: number): (m: number) => number {
  return m => {
    const theta = m < 0 ? theta2 : theta1;
    const magnitude = Math.abs(m);
    if (theta <= 0 || magnitude < band * 2 ** lowest * theta) return 0;
    let p = lowest;
    while (p < levels - 1 && magnitude >= 1.5 * 2 ** p * theta) p++;
    return (m < 0 ? -theta : theta) * 2 ** p;
  };
}
