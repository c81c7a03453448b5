/** Derivatives of the scalar functions of ir/scalar.ts; at a kink, of the side that the function takes there. */
import type { PointwiseName } from '../../ir/ann.ts';
import { erf, sigmoid } from '../../ir/scalar.ts';

const ROOT_2_PI = Math.sqrt(2 * Math.PI);
const ROOT_2_OVER_PI = Math.sqrt(2 / Math.PI);
const CUBIC = 0.044715;

/** d/dx of x · sigmoid(u(x)), u'(x) = slope. */
function gated(x: number, u: number, slope: number): number {
  const s = sigmoid(u);
  return s + x * s * (1 - s) * slope;
}

const isBetween = (x: number, low: number, high: number): number => (x > low && x < high ? 1 : 0);

const DERIVATIVES: { readonly [F in PointwiseName]: (x: number) => number } = {
  relu: x => (x > 0 ? 1 : 0),
  gelu: x => 0.5 * (1 + erf(x * Math.SQRT1_2)) + (x * Math.exp((-x * x) / 2)) / ROOT_2_PI,
  'tanh-gelu': x =>
    gated(x, 2 * ROOT_2_OVER_PI * (x + CUBIC * x ** 3), 2 * ROOT_2_OVER_PI * (1 + 3 * CUBIC * x * x)),
  'quick-gelu': x => gated(x, 1.702 * x, 1.702),
  silu: x => gated(x, x, 1),
  relu6: x => isBetween(x, 0, 6),
  'hard-swish': x => (x >= 3 ? 1 : x <= -3 ? 0 : (2 * x + 3) / 6),
  'hard-sigmoid': x => isBetween(x, -3, 3) / 6,
  erf: x => (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x),
  tanh: x => 1 - Math.tanh(x) ** 2,
  sigmoid: x => sigmoid(x) * (1 - sigmoid(x)),
  exp: Math.exp,
  log: x => 1 / x,
  sqrt: x => 0.5 / Math.sqrt(x),
  reciprocal: x => -1 / (x * x),
  abs: Math.sign,
  negate: () => -1,
  square: x => 2 * x,
  cube: x => 3 * x * x,
};

export const scalarDerivative = (name: PointwiseName): ((x: number) => number) => DERIVATIVES[name];
