/**
 * Scalar functions in double precision: what the name of a pointwise operator means. Slow and exact; the chip's
 * tables are measured against these.
 */
import type { PointwiseName } from './ann.ts';

const TWO_OVER_ROOT_PI = 2 / Math.sqrt(Math.PI);
const ROOT_PI = Math.sqrt(Math.PI);
/** Below: power series, above: continued fraction; both reach double precision within 60 terms there. */
const SERIES_LIMIT = 2.25;

/** Error function. Source: Abramowitz & Stegun 7.1.6 and 7.1.14. Preserves: relative error below 1e-15. */
export function erf(x: number): number {
  const magnitude = Math.abs(x);
  if (magnitude <= SERIES_LIMIT) return erfSeries(x);
  const value = 1 - erfcFraction(magnitude);
  return x < 0 ? -value : value;
}

/** 1 − erf(x) without cancellation for large x, so that the tail of GELU keeps its digits. */
export function erfc(x: number): number {
  const magnitude = Math.abs(x);
  const value = magnitude < TABULATED ? erfcTabulated(magnitude) : erfcFraction(magnitude);
  return x < 0 ? 2 - value : value;
}

/** A&S 7.1.6: 2/√π · e^{−x²} · Σ 2ⁿ x^{2n+1} / (1·3·…·(2n+1)); all terms have one sign. */
function erfSeries(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > Math.abs(sum) * 2 ** -54; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return TWO_OVER_ROOT_PI * Math.exp(-x * x) * sum;
}

/** A&S 7.1.14: √π · e^{x²} · erfc(x) = 1/(x + ½/(x + 1/(x + 3⁄2/(x + …)))), from the inside out; x > 2. */
function erfcFraction(x: number): number {
  if (!(x < 27.3)) return Number.isNaN(x) ? x : 0;
  let inner = x;
  for (let n = 60; n > 0; n--) inner = x + n / 2 / inner;
  return Math.exp(-x * x) / (inner * ROOT_PI);
}

/** erfc is read from a table of expansions below this, POINTS of them a unit. */
const TABULATED = 6;
const POINTS = 32;
/** The first term that is left out is below 2^-53 of the value everywhere. */
const TERMS = 12;
const EXPANSIONS = erfcExpansions();

/**
 * Taylor expansions at 0, 1/32, 2/32 …: erfc(a + h) = erfc(a) − 2/√π · e^{−a²} · Σ (−1)ⁿ Hₙ(a) h^{n+1} / (n+1)!.
 * Source: A&S 7.1.19, 22.7.13 (the Hermite polynomials Hₙ)
 */
function erfcExpansions(): Float64Array {
  const table = new Float64Array((TABULATED * POINTS + 1) * TERMS);
  for (let i = 0; i * TERMS < table.length; i++) {
    const a = i / POINTS;
    table[i * TERMS] = a > SERIES_LIMIT ? erfcFraction(a) : 1 - erfSeries(a);
    let factor = -TWO_OVER_ROOT_PI * Math.exp(-a * a);
    let [before, hermite] = [0, 1];
    for (let n = 0; n + 1 < TERMS; n++) {
      factor /= n + 1;
      table[i * TERMS + n + 1] = factor * hermite;
      [before, hermite] = [hermite, 2 * a * hermite - 2 * n * before];
      factor = -factor;
    }
  }
  return table;
}

function erfcTabulated(x: number): number {
  const i = Math.floor(x * POINTS + 0.5);
  const h = x - i / POINTS;
  let value = 0;
  for (let at = (i + 1) * TERMS - 1; at >= i * TERMS; at--) value = value * h + EXPANSIONS[at]!;
  return value;
}

export const sigmoid = (x: number): number => {
  const e = Math.exp(-Math.abs(x));
  return x >= 0 ? 1 / (1 + e) : e / (1 + e);
};

const ROOT_2_OVER_PI = Math.sqrt(2 / Math.PI);

const FUNCTIONS: { readonly [F in PointwiseName]: (x: number) => number } = {
  relu: x => Math.max(x, 0),
  gelu: x => x * 0.5 * erfc(-x * Math.SQRT1_2),
  'tanh-gelu': x => x * sigmoid(2 * ROOT_2_OVER_PI * (x + 0.044715 * x * x * x)),
  'quick-gelu': x => x * sigmoid(1.702 * x),
  silu: x => x * sigmoid(x),
  relu6: x => Math.min(Math.max(x, 0), 6),
  'hard-swish': x => (x * Math.min(Math.max(x + 3, 0), 6)) / 6,
  'hard-sigmoid': x => Math.min(Math.max(x + 3, 0), 6) / 6,
  erf,
  tanh: Math.tanh,
  sigmoid,
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  reciprocal: x => 1 / x,
  abs: Math.abs,
  negate: x => -x,
  square: x => x * x,
  cube: x => x * x * x,
};

export const scalarFunction = (name: PointwiseName): ((x: number) => number) => FUNCTIONS[name];
