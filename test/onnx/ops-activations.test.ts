/** Every activation against its formula, of data and of constants. */
import { test } from 'node:test';
import { erf } from '../../ir/scalar.ts';
import { type Attributes, buildModel, type ModelBuilder } from './build.ts';
import { ofConstants, ofData } from './operators.ts';
import { assertNear, imported, outputsOf } from './run.ts';

const X = [-7, -2.5, -1, -0.4, 0, 0.25, 1, 3, 6.5];
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const clamp = (x: number, low: number, high: number) => Math.min(Math.max(x, low), high);

type Formula = (x: number) => number;
type Inputs = (m: ModelBuilder) => readonly string[];
const none: Inputs = () => [];

const ACTIVATIONS: readonly (readonly [string, Attributes, Formula, Inputs?])[] = [
  ['Relu', {}, x => Math.max(x, 0)],
  ['LeakyRelu', { alpha: 0.1 }, x => (x < 0 ? Math.fround(0.1) * x : x)],
  ['PRelu', {}, x => (x < 0 ? 0.3 * x : x), m => [m.scalar(0.3)]],
  ['Elu', { alpha: 1.5 }, x => (x < 0 ? 1.5 * Math.expm1(x) : x)],
  ['Celu', { alpha: 2.5 }, x => Math.max(x, 0) + Math.min(0, 2.5 * Math.expm1(x / 2.5))],
  ['Selu', {}, x => 1.0507009873554805 * (x < 0 ? 1.6732632423543772 * Math.expm1(x) : x)],
  ['Softplus', {}, x => Math.log1p(Math.exp(x))],
  ['Softsign', {}, x => x / (1 + Math.abs(x))],
  ['Mish', {}, x => x * Math.tanh(Math.log1p(Math.exp(x)))],
  ['HardSigmoid', {}, x => clamp(0.2 * x + 0.5, 0, 1)],
  ['HardSwish', {}, x => x * clamp(x / 6 + 0.5, 0, 1)],
  ['ThresholdedRelu', { alpha: { float: 0 } }, x => Math.max(x, 0)],
  ['Shrink', { lambd: 0.5, bias: 0.5 }, x => Math.sign(x) * Math.max(Math.abs(x) - 0.5, 0)],
  ['Swish', {}, x => x * sigmoid(x)],
  ['Swish', { alpha: 1.702 }, x => x * sigmoid(1.702 * x)],
  ['Swish', { alpha: 0.5 }, x => x * sigmoid(0.5 * x)],
  ['Gelu', {}, x => 0.5 * x * (1 + erf(x / Math.SQRT2))],
  ['Clip', {}, x => clamp(x, -1, 2), m => [m.scalar(-1), m.scalar(2)]],
  ['Clip', {}, x => clamp(x, 0, 6), m => [m.scalar(0), m.scalar(6)]],
  ['Clip', {}, () => -1, m => [m.scalar(1), m.scalar(-1)]],
  ['Clip', {}, x => Math.min(x, 0.5), m => ['', m.scalar(0.5)]],
  ['Max', {}, x => Math.max(x, -1), m => [m.scalar(-1)]],
  ['Min', {}, x => Math.min(x, 1.5), m => [m.scalar(1.5)]],
  ['Pow', {}, x => x ** 5, m => [m.scalar(5)]],
  ['SwiGLU', {}, x => x * sigmoid(x) * 2, m => [m.weight([1, 9], new Array<number>(9).fill(2))]],
];

for (const [operator, attributes, formula, more = none] of ACTIVATIONS) {
  test(`${operator} ${JSON.stringify(attributes)} follows its formula, of data and of constants`, () => {
    const wanted = X.map(formula);
    const size = X.length;
    const write = (m: ModelBuilder) => m.op(operator, [m.weight([1, size], X), ...more(m)], attributes);
    const constants = ofConstants(write, size, 24);
    const data = ofData(operator, [size], X, { opset: 24, attributes, more });
    wanted.forEach((value, i) => {
      const tolerance = 1e-6 * Math.max(1, Math.abs(value));
      assertNear([constants[i]!], [value], tolerance);
      assertNear([data[i]!], [value], tolerance);
    });
  });
}

test('a constant base makes an exponential of the image', () => {
  const m = buildModel();
  const y = m.op('Pow', [m.scalar(1.5), 'input']);
  const result = outputsOf(imported(m.bytes([1, X.length], [y])), X);
  assertNear(
    result,
    X.map(x => 1.5 ** x),
    1e-9,
  );
});
