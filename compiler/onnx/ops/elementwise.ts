/** Operators that work element by element, and the arithmetic that other operators are made of. */
import type { PointwiseName } from '../../../ir/ann.ts';
import { scalarFunction } from '../../../ir/scalar.ts';
import { putAffine, putBinary, putPointwise } from '../../ann/draft.ts';
import { broadcastPick, broadcastShape, indicesOf } from '../../ann/indices.ts';
import { uniformOf } from '../../ann/values.ts';
import {
  type ConstantValue,
  checkShape,
  constantOf,
  type DataValue,
  dataOf,
  finiteValues,
  inputAt,
  numberAttr,
  type OpContext,
  type OpRule,
  optionalConstantAt,
  refuse,
  stringAttr,
  type Value,
} from '../context.ts';
import { type ElementType, isFloat, makeNumbers } from '../tensor.ts';
import { expandTo } from './views.ts';

export const number = (value: number, element: ElementType = 'float64'): ConstantValue => {
  const data = makeNumbers(element, 1);
  data[0] = value;
  return constantOf(element, [], data);
};

export function mapConstant(
  x: ConstantValue,
  apply: (value: number) => number,
  element = x.element,
): ConstantValue {
  const data = makeNumbers(element, x.data.length);
  for (let i = 0; i < data.length; i++) data[i] = apply(x.data[i]!);
  return constantOf(element, x.shape, data);
}

export function pointwise(context: OpContext, x: Value, name: PointwiseName): Value {
  return x.kind === 'constant'
    ? mapConstant(x, scalarFunction(name))
    : dataOf(putPointwise(context.draft, x, name, context.node.name));
}

const joinShapes = (a: Value, b: Value): readonly number[] =>
  checkShape(
    broadcastShape(a.shape, b.shape) ?? refuse(`shapes [${a.shape}] and [${b.shape}] do not go together`),
  );

function zip(
  a: ConstantValue,
  b: ConstantValue,
  apply: (x: number, y: number) => number,
  element = a.element,
) {
  const shape = joinShapes(a, b);
  const [atA, atB] = [indicesOf(broadcastPick(a.shape, shape)), indicesOf(broadcastPick(b.shape, shape))];
  const data = makeNumbers(
    element,
    shape.reduce((n, size) => n * size, 1),
  );
  for (let i = 0; i < data.length; i++) data[i] = apply(a.data[atA?.[i] ?? i]!, b.data[atB?.[i] ?? i]!);
  return constantOf(element, shape, data);
}

/** Data of the joined shape, which a constant may make larger. */
function spread(x: DataValue, other: Value): DataValue {
  const shape = joinShapes(x, other);
  const value = `${shape}` === `${x.shape}` ? x : expandTo(x, shape);
  return value.kind === 'data' ? value : x;
}

export function add(context: OpContext, a: Value, b: Value): Value {
  if (a.kind === 'constant') return b.kind === 'constant' ? zip(a, b, (x, y) => x + y) : add(context, b, a);
  const { draft, node } = context;
  if (b.kind === 'constant')
    return dataOf(putAffine(draft, spread(a, b), undefined, finiteValues(b), node.name));
  return dataOf(putBinary(draft, 'add', spread(a, b), spread(b, a), node.name));
}

export function multiply(context: OpContext, a: Value, b: Value): Value {
  if (a.kind === 'constant')
    return b.kind === 'constant' ? zip(a, b, (x, y) => x * y) : multiply(context, b, a);
  const { draft, node } = context;
  if (b.kind === 'constant')
    return dataOf(putAffine(draft, spread(a, b), finiteValues(b), undefined, node.name));
  return dataOf(putBinary(draft, 'mul', spread(a, b), spread(b, a), node.name));
}

const negate = (context: OpContext, x: Value): Value =>
  x.kind === 'constant' ? mapConstant(x, v => -v) : multiply(context, x, number(-1));

/** A constant divisor becomes a factor in double precision. */
export function divide(context: OpContext, a: Value, b: Value): Value {
  if (a.kind === 'constant' && b.kind === 'constant') {
    return zip(a, b, isFloat(a.element) ? (x, y) => x / y : (x, y) => Math.trunc(x / y));
  }
  if (b.kind === 'constant')
    return multiply(
      context,
      a,
      mapConstant(b, v => 1 / v, 'float64'),
    );
  return multiply(context, a, pointwise(context, b, 'reciprocal'));
}

const subtract = (context: OpContext, a: Value, b: Value): Value =>
  a.kind === 'constant' && b.kind === 'constant'
    ? zip(a, b, (x, y) => x - y)
    : add(context, a, negate(context, b));

/** Exponents that have a name; others have no place in the network. */
function power(context: OpContext, x: Value, exponent: Value): Value {
  if (x.kind === 'constant' && exponent.kind === 'constant') return zip(x, exponent, (a, b) => a ** b);
  const p =
    exponent.kind === 'constant' ? uniformOf(exponent.data) : refuse('its exponent depends on the image');
  const result = p === undefined ? undefined : namedPower(context, x, p);
  return (
    result ??
    refuse(`exponent ${p ?? 'is different for each element'}; 2, 3, 0.5, 1, −0.5 and −1 are supported`)
  );
}

function namedPower(context: OpContext, x: Value, exponent: number): Value | undefined {
  if (exponent === 1) return x;
  if (exponent === -0.5) return pointwise(context, pointwise(context, x, 'sqrt'), 'reciprocal');
  const names = new Map<number, PointwiseName>([
    [2, 'square'],
    [3, 'cube'],
    [0.5, 'sqrt'],
    [-1, 'reciprocal'],
  ]);
  const name = names.get(exponent);
  return name && pointwise(context, x, name);
}

/** A bound of 0 below and none above is relu. */
function clip(context: OpContext, low: number, high: number): Value {
  const x = inputAt(context, 0);
  if (x.kind === 'constant') return mapConstant(x, v => Math.min(Math.max(v, low), high));
  const isOpen = (bound: number) => Math.abs(bound) >= 3.4e38;
  if (isOpen(low) && isOpen(high)) return x;
  return low === 0 && isOpen(high) ? pointwise(context, x, 'relu') : refuse(`bounds ${low} and ${high}`);
}

function clipRule(context: OpContext): readonly Value[] {
  const bound = (at: number, name: string, otherwise: number) =>
    optionalConstantAt(context, at, name)?.data[0] ?? numberAttr(context, name, otherwise);
  return [
    clip(context, bound(1, 'min', Number.NEGATIVE_INFINITY), bound(2, 'max', Number.POSITIVE_INFINITY)),
  ];
}

/** max(x, 0), in either order. */
function maximum(context: OpContext, a: Value, b: Value): Value {
  if (a.kind === 'constant') return b.kind === 'constant' ? zip(a, b, Math.max) : maximum(context, b, a);
  const isZero = b.kind === 'constant' && uniformOf(b.data) === 0;
  return isZero ? pointwise(context, spread(a, b), 'relu') : refuse('only a maximum with 0 is supported');
}

function minimum(_: OpContext, a: Value, b: Value): Value {
  return a.kind === 'constant' && b.kind === 'constant'
    ? zip(a, b, Math.min)
    : refuse('it depends on the image');
}

type Binary = (context: OpContext, a: Value, b: Value) => Value;
const binary =
  (apply: Binary): OpRule =>
  context => [apply(context, inputAt(context, 0), inputAt(context, 1))];

/** Any number of operands. */
const folded =
  (apply: Binary): OpRule =>
  context => [context.inputs.map((_, at) => inputAt(context, at)).reduce((a, b) => apply(context, a, b))];

const named =
  (name: PointwiseName): OpRule =>
  context => [pointwise(context, inputAt(context, 0), name)];

/** Known when the network is compiled, or not supported. */
const onConstants =
  (apply: (value: number) => number): OpRule =>
  context => {
    const x = inputAt(context, 0);
    return x.kind === 'constant' ? [mapConstant(x, apply)] : refuse('it depends on the image');
  };

const compared =
  (apply: (a: number, b: number) => boolean): OpRule =>
  context => {
    const [a, b] = [inputAt(context, 0), inputAt(context, 1)];
    const isKnown = a.kind === 'constant' && b.kind === 'constant';
    return isKnown ? [zip(a, b, (x, y) => (apply(x, y) ? 1 : 0), 'bool')] : refuse('it depends on the image');
  };

const gelu: OpRule = context => {
  const approximate = stringAttr(context, 'approximate', 'none');
  const names = new Map<string, PointwiseName>([
    ['none', 'gelu'],
    ['tanh', 'tanh-gelu'],
  ]);
  return [
    pointwise(context, inputAt(context, 0), names.get(approximate) ?? refuse(`approximation ${approximate}`)),
  ];
};

/** Half to even, as ONNX has it. */
function roundEven(x: number): number {
  const low = Math.floor(x);
  const rest = x - low;
  if (rest !== 0.5) return Math.round(x);
  return low % 2 === 0 ? low : low + 1;
}

export const elementwiseOps: { readonly [operator: string]: OpRule } = {
  Add: binary(add),
  Sub: binary(subtract),
  Mul: binary(multiply),
  Div: binary(divide),
  Pow: binary(power),
  Sum: folded(add),
  Max: folded(maximum),
  Min: folded(minimum),
  Neg: context => [negate(context, inputAt(context, 0))],
  Relu: named('relu'),
  Erf: named('erf'),
  Tanh: named('tanh'),
  Sigmoid: named('sigmoid'),
  Exp: named('exp'),
  Log: named('log'),
  Sqrt: named('sqrt'),
  Reciprocal: named('reciprocal'),
  Abs: named('abs'),
  Gelu: gelu,
  Clip: clipRule,
  Floor: onConstants(Math.floor),
  Ceil: onConstants(Math.ceil),
  Round: onConstants(roundEven),
  Sin: onConstants(Math.sin),
  Cos: onConstants(Math.cos),
  Sign: onConstants(Math.sign),
  Not: onConstants(x => (x === 0 ? 1 : 0)),
  Equal: compared((a, b) => a === b),
  Greater: compared((a, b) => a > b),
  GreaterOrEqual: compared((a, b) => a >= b),
  Less: compared((a, b) => a < b),
  LessOrEqual: compared((a, b) => a <= b),
  And: compared((a, b) => a !== 0 && b !== 0),
  Or: compared((a, b) => a !== 0 || b !== 0),
  Mod: context => {
    const [a, b] = [inputAt(context, 0), inputAt(context, 1)];
    const isKnown = a.kind === 'constant' && b.kind === 'constant';
    const isFmod = numberAttr(context, 'fmod', 0) === 1;
    const apply = isFmod
      ? (x: number, y: number) => x % y
      : (x: number, y: number) => x - y * Math.floor(x / y);
    return isKnown ? [zip(a, b, apply)] : refuse('it depends on the image');
  },
};
