/**
 * The arithmetic that operators are made of, on either kind of value. Of constants it computes the numbers, as
 * their element type holds them; of data it writes nodes.
 */
import type { PointwiseName } from '../../../ir/ann.ts';
import { sizeOf } from '../../../ir/dialect.ts';
import { scalarFunction } from '../../../ir/scalar.ts';
import { putAffine, putBinary, putPointwise } from '../../ann/draft.ts';
import { broadcastPick, broadcastShape } from '../../ann/indices.ts';
import { uniformOf } from '../../ann/values.ts';
import {
  type ConstantValue,
  checkShape,
  constantOf,
  type DataValue,
  dataOf,
  finiteValues,
  type OpContext,
  offsetValues,
  pickValue,
  refuse,
  type Value,
} from '../context.ts';
import { type ElementType, isFloat, makeNumbers } from '../tensor.ts';
import { keeperOf } from './numbers.ts';

export const number = (value: number, element: ElementType = 'float64'): ConstantValue => {
  const data = makeNumbers(element, 1);
  data[0] = value;
  return constantOf(element, [], data);
};

/** Numbers of `element`, made one by one. */
export function makeConstant(
  element: ElementType,
  shape: readonly number[],
  at: (i: number) => number,
): ConstantValue {
  const data = makeNumbers(element, sizeOf(checkShape(shape)));
  const keep = keeperOf(element);
  for (let i = 0; i < data.length; i++) data[i] = keep(at(i));
  return constantOf(element, shape, data);
}

export function mapConstant(
  x: ConstantValue,
  apply: (value: number) => number,
  element = x.element,
): ConstantValue {
  const { data } = x;
  return makeConstant(element, x.shape, i => apply(data[i]!));
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

/** Needs: the shapes go together. */
export const expandTo = (x: Value, shape: readonly number[]): Value =>
  `${x.shape}` === `${shape}` ? x : pickValue(x, broadcastPick(x.shape, checkShape(shape)));

export function expandConstant(x: ConstantValue, shape: readonly number[]): ConstantValue {
  const value = expandTo(x, shape);
  return value.kind === 'constant' ? value : x;
}

/** Element by element, the smaller operand repeated. */
export function zip(
  a: ConstantValue,
  b: ConstantValue,
  apply: (x: number, y: number) => number,
  element = a.element,
): ConstantValue {
  const shape = joinShapes(a, b);
  const [x, y] = [expandConstant(a, shape).data, expandConstant(b, shape).data];
  return makeConstant(element, shape, i => apply(x[i]!, y[i]!));
}

/** Data of the joined shape, which a constant may make larger. */
function spread(x: DataValue, other: Value): DataValue {
  const shape = joinShapes(x, other);
  if (sizeOf(shape) === 0) refuse(`a result of shape [${shape}] has no elements`);
  const value = expandTo(x, shape);
  return value.kind === 'data' ? value : x;
}

export function add(context: OpContext, a: Value, b: Value): Value {
  if (a.kind === 'constant') return b.kind === 'constant' ? zip(a, b, (x, y) => x + y) : add(context, b, a);
  const { draft, node } = context;
  if (b.kind === 'constant')
    return dataOf(putAffine(draft, spread(a, b), undefined, offsetValues(b), node.name));
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

/** x · scale + shift */
export const affine = (context: OpContext, x: Value, scale: number, shift = 0): Value =>
  x.kind === 'constant'
    ? mapConstant(x, v => v * scale + shift)
    : dataOf(
        putAffine(
          context.draft,
          x,
          finiteValues(number(scale)),
          finiteValues(number(shift)),
          context.node.name,
        ),
      );

export const negate = (context: OpContext, x: Value): Value => affine(context, x, -1);

/** A constant divisor becomes a factor in double precision. */
export function divide(context: OpContext, a: Value, b: Value): Value {
  if (a.kind === 'constant' && b.kind === 'constant')
    return zip(a, b, isFloat(a.element) ? (x, y) => x / y : (x, y) => Math.trunc(x / y));
  if (b.kind === 'constant')
    return multiply(
      context,
      a,
      mapConstant(b, v => 1 / v, 'float64'),
    );
  return multiply(context, a, pointwise(context, b, 'reciprocal'));
}

export const subtract = (context: OpContext, a: Value, b: Value): Value =>
  a.kind === 'constant' && b.kind === 'constant'
    ? zip(a, b, (x, y) => x - y)
    : add(context, a, negate(context, b));

/** max(a, b) = a + relu(b − a); max(a, 0) = relu(a). */
export function maximum(context: OpContext, a: Value, b: Value): Value {
  if (a.kind === 'constant') return b.kind === 'constant' ? zip(a, b, Math.max) : maximum(context, b, a);
  const bound = b.kind === 'constant' ? uniformOf(b.data) : undefined;
  const all = spread(a, b);
  if (bound === Number.NEGATIVE_INFINITY) return all;
  if (bound === 0) return pointwise(context, all, 'relu');
  return add(context, all, pointwise(context, subtract(context, b, all), 'relu'));
}

/** min(a, b) = a − relu(a − b). */
export function minimum(context: OpContext, a: Value, b: Value): Value {
  if (a.kind === 'constant') return b.kind === 'constant' ? zip(a, b, Math.min) : minimum(context, b, a);
  const bound = b.kind === 'constant' ? uniformOf(b.data) : undefined;
  const all = spread(a, b);
  if (bound === Number.POSITIVE_INFINITY) return all;
  return subtract(context, all, pointwise(context, subtract(context, all, b), 'relu'));
}

/** From where on a bound of Clip is one that float32 numbers never reach. */
const OPEN = 3.4e38;

/** min(max(x, low), high) = x + relu(low − x) − relu(x − high) where low ≤ high. */
export function clamp(context: OpContext, x: Value, low: number, high: number): Value {
  if (x.kind === 'constant') return mapConstant(x, v => Math.min(Math.max(v, low), high));
  if (low > high) return affine(context, x, 0, high);
  const relu = (scale: number, shift: number) => pointwise(context, affine(context, x, scale, shift), 'relu');
  const above = low <= -OPEN ? x : low === 0 ? relu(1, 0) : add(context, x, relu(-1, low));
  return high >= OPEN ? above : subtract(context, above, relu(1, -high));
}
