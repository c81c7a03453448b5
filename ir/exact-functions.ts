/**
 * Functions of a soma by multiplication, division and square root: what tables are measured against on the same
 * integers. Every operation is one that IEEE 754 rounds correctly (+ − × ÷ √ and floor), so results are the same bits
 * on every machine; the exponential is a polynomial for that reason.
 */
import type { SomaPointwise } from './snn.ts';

/** Terms of the exponential's polynomial: 2^r for |r| ≤ ½ within 1e-13. */
export const EXP_TERMS = 11;
/** ln(2)^k / k!. */
const COEFFICIENTS = Float64Array.from({ length: EXP_TERMS + 1 }, (_, k) => {
  let value = 1;
  for (let i = 1; i <= k; i++) value *= Math.LN2 / i;
  return value;
});
/** Beyond these, 2^x is 0, or more than any output holds. */
const [LOWEST, HIGHEST] = [-126, 126];
const POWERS = Float64Array.from({ length: HIGHEST - LOWEST + 1 }, (_, i) => 2 ** (i + LOWEST));

/** 2^x, relative error below 1e-13. */
export function exactExp2(x: number): number {
  const whole = Math.floor(x + 0.5);
  if (whole < LOWEST) return 0;
  const rest = x - whole;
  let sum = COEFFICIENTS[EXP_TERMS]!;
  for (let k = EXP_TERMS - 1; k >= 0; k--) sum = sum * rest + COEFFICIENTS[k]!;
  return sum * POWERS[Math.min(whole, HIGHEST) - LOWEST]!;
}

const exp = (x: number): number => exactExp2(x * Math.LOG2E);
const sigmoid = (x: number): number => 1 / (1 + exp(-x));

/** Source: Abramowitz & Stegun 7.1.26; absolute error below 1.5e-7. */
const ERF = [0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429] as const;
const ERF_P = 0.3275911;
function erf(x: number): number {
  const size = x < 0 ? -x : x;
  const t = 1 / (1 + ERF_P * size);
  let sum = 0;
  for (let k = ERF.length - 1; k >= 0; k--) sum = (sum + ERF[k]!) * t;
  const value = 1 - sum * exp(-size * size);
  return x < 0 ? -value : value;
}

const clamp = (x: number, limit: number): number => Math.min(Math.max(x, 0), limit);
/** √(2/π). */
const TANH_SCALE = 0.7978845608028654;

export const EXACT_POINTWISE: { readonly [F in SomaPointwise]: (x: number) => number } = {
  relu: x => Math.max(x, 0),
  relu6: x => clamp(x, 6),
  gelu: x => 0.5 * x * (1 + erf(x * Math.SQRT1_2)),
  'tanh-gelu': x => x * sigmoid(2 * TANH_SCALE * (x + 0.044715 * x * x * x)),
  'quick-gelu': x => x * sigmoid(1.702 * x),
  silu: x => x * sigmoid(x),
  'hard-swish': x => (x * clamp(x + 3, 6)) / 6,
  'hard-sigmoid': x => clamp(x + 3, 6) / 6,
  sigmoid,
  tanh: x => 2 * sigmoid(2 * x) - 1,
  erf,
};

/** A group of a norm, y in units of 2^−outFraction; `epsilon` in the unit of the squares of `group`. */
export function exactNorm(
  group: Float64Array,
  out: Float64Array,
  isCentred: boolean,
  epsilon: number,
  unit: number,
): void {
  const channels = group.length;
  let sum = 0;
  if (isCentred) for (const s of group) sum += s;
  const mean = sum / channels;
  let squares = 0;
  for (let c = 0; c < channels; c++) {
    const d = group[c]! - mean;
    out[c] = d;
    squares += d * d;
  }
  const scale = unit / Math.sqrt(squares / channels + epsilon);
  for (let c = 0; c < channels; c++) out[c] = out[c]! * scale;
}

/** A group of a softmax of `factor` · score, in the log2 domain; y in units of 2^−outFraction, not yet whole. */
export function exactSoftmax(group: Float64Array, out: Float64Array, factor: number, unit: number): void {
  let top = Number.NEGATIVE_INFINITY;
  for (let c = 0; c < group.length; c++) {
    out[c] = group[c]! * factor;
    if (out[c]! > top) top = out[c]!;
  }
  let sum = 0;
  for (let c = 0; c < group.length; c++) {
    out[c] = exactExp2(out[c]! - top);
    sum += out[c]!;
  }
  const scale = unit / sum;
  for (let c = 0; c < group.length; c++) out[c] = out[c]! * scale;
}
