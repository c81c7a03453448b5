/** Activation functions. Those without a name of their own are said with those that have one. */
import {
  inputAt,
  numberAttr,
  type OpContext,
  type OpRule,
  refuse,
  stringAttr,
  type Value,
} from '../context.ts';
import {
  add,
  affine,
  clamp,
  mapConstant,
  maximum,
  minimum,
  multiply,
  negate,
  number,
  pointwise,
  subtract,
} from './arithmetic.ts';
import type { OpTable } from './entry.ts';

type Activation = (context: OpContext, x: Value) => Value;
const of =
  (apply: Activation): OpRule =>
  context => [apply(context, inputAt(context, 0))];

const relu: Activation = (context, x) => pointwise(context, x, 'relu');

/** Quick GELU is what x · sigmoid(1.702 x) is called. */
const QUICK = 1.702;

/** x · sigmoid(alpha · x) */
export function swish(context: OpContext, x: Value, alpha: number): Value {
  if (alpha === 1) return pointwise(context, x, 'silu');
  if (Math.abs(alpha - QUICK) < 1e-6) return pointwise(context, x, 'quick-gelu');
  return multiply(context, x, pointwise(context, affine(context, x, alpha), 'sigmoid'));
}

const gelu: Activation = (context, x) => {
  const approximate = stringAttr(context, 'approximate', 'none');
  if (approximate === 'none') return pointwise(context, x, 'gelu');
  return approximate === 'tanh'
    ? pointwise(context, x, 'tanh-gelu')
    : refuse(`approximation ${approximate}; "none" and "tanh" are supported`);
};

/** Bounds are attributes in old operator sets and inputs in new ones. */
const clip: Activation = (context, x) => {
  const bound = (at: number, name: string, otherwise: number): Value =>
    context.inputs[at] ?? number(numberAttr(context, name, otherwise));
  const low = bound(1, 'min', Number.NEGATIVE_INFINITY);
  const high = bound(2, 'max', Number.POSITIVE_INFINITY);
  if (low.kind === 'data' || high.kind === 'data') return minimum(context, maximum(context, x, low), high);
  const [from, to] = [low.data[0] ?? Number.NaN, high.data[0] ?? Number.NaN];
  return Number.isNaN(from) || Number.isNaN(to)
    ? refuse('a bound is not a number')
    : clamp(context, x, from, to);
};

/** relu(x) + slope · (x − relu(x)) */
function leaky(context: OpContext, x: Value, slope: Value): Value {
  const positive = relu(context, x);
  return add(context, positive, multiply(context, subtract(context, x, positive), slope));
}

const leakyRelu: Activation = (context, x) => {
  const slope = numberAttr(context, 'alpha', 0.01);
  return add(context, affine(context, x, slope), affine(context, relu(context, x), 1 - slope));
};

/** min(x, 0) */
const negativePart: Activation = (context, x) => negate(context, relu(context, negate(context, x)));

/** relu(x) + alpha · (e^(min(x, 0) / width) − 1) */
function exponentialUnit(context: OpContext, x: Value, alpha: number, width = 1): Value {
  const decay = pointwise(context, affine(context, negativePart(context, x), 1 / width), 'exp');
  return add(context, relu(context, x), affine(context, decay, alpha, -alpha));
}

const selu: Activation = (context, x) => {
  const alpha = numberAttr(context, 'alpha', 1.6732632423543772);
  const gamma = numberAttr(context, 'gamma', 1.0507009873554805);
  return affine(context, exponentialUnit(context, x, alpha), gamma);
};

const celu: Activation = (context, x) => {
  const alpha = numberAttr(context, 'alpha', 1);
  return exponentialUnit(context, x, alpha, alpha);
};

/** relu(x) + ln(1 + e^−|x|): nothing overflows. */
const softplus: Activation = (context, x) => {
  const decay = pointwise(context, negate(context, pointwise(context, x, 'abs')), 'exp');
  return add(context, relu(context, x), pointwise(context, affine(context, decay, 1, 1), 'log'));
};

const softsign: Activation = (context, x) => {
  const divisor = affine(context, pointwise(context, x, 'abs'), 1, 1);
  return multiply(context, x, pointwise(context, divisor, 'reciprocal'));
};

const hardSigmoid = (context: OpContext, x: Value, alpha: number, beta: number): Value =>
  clamp(context, affine(context, x, alpha, beta), 0, 1);

/** A step has no place in a neuron; without one it is relu. */
const thresholdedRelu: Activation = (context, x) => {
  const alpha = numberAttr(context, 'alpha', 1);
  if (x.kind === 'constant') return mapConstant(x, v => (v > alpha ? v : 0));
  return alpha === 0 ? relu(context, x) : refuse(`it jumps at ${alpha}; only alpha = 0 is supported`);
};

/** Soft where the bias is the threshold: relu(x − λ) − relu(−x − λ). */
const shrink: Activation = (context, x) => {
  const [bias, limit] = [numberAttr(context, 'bias', 0), numberAttr(context, 'lambd', 0.5)];
  if (x.kind === 'constant') return mapConstant(x, v => (v < -limit ? v + bias : v > limit ? v - bias : 0));
  if (bias !== limit) return refuse(`it jumps at ±${limit}; only bias = lambd is supported`);
  const side = (sign: number) => relu(context, affine(context, x, sign, -limit));
  return subtract(context, side(1), side(-1));
};

export const activationOps: OpTable = {
  Gelu: { rule: of(gelu) },
  SwiGLU: {
    rule: context => {
      const gate = swish(context, inputAt(context, 0), numberAttr(context, 'alpha', 1));
      return [multiply(context, gate, inputAt(context, 1))];
    },
  },
  Swish: { rule: of((context, x) => swish(context, x, numberAttr(context, 'alpha', 1))) },
  Clip: { rule: of(clip) },
  LeakyRelu: { rule: of(leakyRelu) },
  PRelu: { rule: context => [leaky(context, inputAt(context, 0), inputAt(context, 1))] },
  Elu: { rule: of((context, x) => exponentialUnit(context, x, numberAttr(context, 'alpha', 1))) },
  Selu: { rule: of(selu) },
  Celu: { rule: of(celu) },
  Softplus: { rule: of(softplus) },
  Softsign: { rule: of(softsign) },
  Mish: {
    rule: of((context, x) => multiply(context, x, pointwise(context, softplus(context, x), 'tanh'))),
  },
  HardSigmoid: {
    rule: of((context, x) =>
      hardSigmoid(context, x, numberAttr(context, 'alpha', 0.2), numberAttr(context, 'beta', 0.5)),
    ),
  },
  HardSwish: {
    rule: of((context, x) => multiply(context, x, hardSigmoid(context, x, 1 / 6, 0.5))),
  },
  ThresholdedRelu: { rule: of(thresholdedRelu), limits: 'of data: alpha = 0' },
  Shrink: { rule: of(shrink), limits: 'of data: bias = lambd' },
};
