/** Matrix products. */
import type { ConstId } from '../../../ir/constants.ts';
import { sizeOf } from '../../../ir/dialect.ts';
import { putLinear, putMatmul } from '../../ann/draft.ts';
import { broadcastShape, slicePick, transposePick } from '../../ann/indices.ts';
import { countNonFinite, storeTensor } from '../../ann/values.ts';
import {
  type ConstantValue,
  checkShape,
  type DataValue,
  dataOf,
  finiteValues,
  inputAt,
  numberAttr,
  type OpContext,
  type OpRule,
  pickValue,
  refuse,
  refuseNumbers,
  reshapeValue,
  type Value,
} from '../context.ts';
import type { Numbers } from '../tensor.ts';
import { add, affine, expandTo, makeConstant } from './arithmetic.ts';
import type { OpTable } from './entry.ts';
import { joinAlong } from './join.ts';

/** The last two axes change places. */
export const swapLast = (x: Value): Value => {
  const axes = x.shape.map((_, axis) => axis);
  const rank = axes.length;
  return pickValue(x, transposePick(x.shape, [...axes.slice(0, -2), rank - 1, rank - 2]));
};

/** y[…, c] = Σ x[…, k] · weight[k, c]. Single precision stays single, double stays double. */
export function linear(context: OpContext, x: DataValue, weight: ConstantValue): Value {
  const [inputs, outputs] = weight.shape as readonly [number, number];
  if (x.shape.at(-1) !== inputs) refuse(`[${x.shape}] times [${weight.shape}]: the inner sizes differ`);
  checkShape([...x.shape.slice(0, -1), outputs]);
  const id = storeWeight(context, weight);
  return dataOf(putLinear(context.draft, x, id, undefined, context.node.name));
}

/** Weights of the file stay there until the network is complete; their numbers are judged when they are read. */
function storeWeight({ draft: { constants } }: OpContext, weight: ConstantValue): ConstId {
  const { shape, element, lazy } = weight;
  const dtype = element === 'float64' ? 'f64' : 'f32';
  if (lazy !== undefined) {
    const read = () => finiteWeights(convert(lazy.read(), dtype), lazy.origin);
    return constants.addLazy({ dtype, shape, key: lazy.key, origin: lazy.origin, read });
  }
  finiteValues(weight);
  return storeTensor(constants, shape, convert(weight.data, dtype));
}

function convert(data: Numbers, dtype: 'f32' | 'f64'): Float32Array | Float64Array {
  if (dtype === 'f64') return Float64Array.from(data);
  return data instanceof Float32Array ? data : Float32Array.from(data);
}

function finiteWeights(data: Float32Array | Float64Array, origin: string): Float32Array | Float64Array {
  const count = countNonFinite(data);
  return count === 0 ? data : refuseNumbers(origin, count);
}

/** Each matrix of a constant stack is a linear of its own; above, that is no network for a chip. */
const MAX_STACK = 1024;

/** Of constants: a few seconds. */
const MAX_PRODUCTS = 2 ** 30;

/** Operands with two axes at least, inner sizes last and last but one. */
export function matrixProduct(context: OpContext, a: Value, b: Value): Value {
  const inner = a.shape.at(-1);
  if (inner !== b.shape.at(-2)) refuse(`[${a.shape}] times [${b.shape}]: the inner sizes differ`);
  const lead = broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  if (lead === undefined) return refuse(`[${a.shape}] times [${b.shape}]: the leading sizes differ`);
  const shape = checkShape([...lead, a.shape.at(-2)!, b.shape.at(-1)!]);
  if (a.kind === 'constant' && b.kind === 'constant') {
    context.spend((sizeOf(shape) * (inner ?? 1)) / PRODUCTS_PER_STEP);
    return constantProduct(a, b, lead, shape);
  }
  if (inner === 0 || sizeOf(shape) === 0) refuse(`[${a.shape}] times [${b.shape}]: there are no elements`);
  if (a.kind === 'constant') return swapLast(matrixProduct(context, swapLast(b), swapLast(a)));
  if (b.kind === 'constant') {
    if (sizeOf(b.shape.slice(0, -2)) !== 1) return stackedProduct(context, a, b, lead, shape);
    const weight = reshapeValue(b, b.shape.slice(-2));
    if (weight.kind !== 'constant') return refuse('it has no constant operand');
    return reshapeValue(linear(context, a, weight), shape);
  }
  const grouped = (x: Value): DataValue => {
    const all = stack(x, lead);
    return all.kind === 'data' ? all : refuse('it has no data operand');
  };
  const product = putMatmul(context.draft, grouped(a), grouped(swapLast(b)), context.node.name);
  return dataOf({ ...product, shape });
}

/** [...lead, rows, columns] as [matrices, rows, columns]. */
function stack(x: Value, lead: readonly number[]): Value {
  const matrix = x.shape.slice(-2);
  return reshapeValue(expandTo(x, [...lead, ...matrix]), [sizeOf(lead), ...matrix]);
}

function stackedProduct(
  context: OpContext,
  a: Value,
  b: ConstantValue,
  lead: readonly number[],
  shape: readonly number[],
): Value {
  const count = sizeOf(lead);
  if (count > MAX_STACK) refuse(`its constant operand is a stack of ${count} matrices, [${b.shape}]`);
  const [left, right] = [stack(a, lead), stack(b, lead)];
  const matrix = (x: Value, at: number) =>
    reshapeValue(pickValue(x, slicePick(x.shape, 0, at, 1, 1)), x.shape.slice(1));
  const parts = Array.from({ length: count }, (_, at) =>
    matrixProduct(context, matrix(left, at), matrix(right, at)),
  );
  return reshapeValue(joinAlong(context, parts, 0), shape);
}

/** A multiplication and an addition are little of what a number costs that is made on its own. */
const PRODUCTS_PER_STEP = 4;

function constantProduct(
  a: ConstantValue,
  b: ConstantValue,
  lead: readonly number[],
  shape: readonly number[],
): Value {
  const [rows, columns] = shape.slice(-2) as [number, number];
  const inner = a.shape.at(-1)!;
  const products = sizeOf(shape) * inner;
  if (products > MAX_PRODUCTS) refuse(`a product of constants takes ${products} multiplications`);
  const [x, y] = [stack(a, lead), stack(b, lead)];
  if (x.kind !== 'constant' || y.kind !== 'constant') return refuse('an operand is not constant');
  const [left, right] = [x.data, y.data];
  return makeConstant(a.element, shape, i => {
    const group = Math.floor(i / (rows * columns));
    const row = Math.floor(i / columns);
    let sum = 0;
    for (let k = 0; k < inner; k++)
      sum += left[row * inner + k]! * right[(group * inner + k) * columns + (i % columns)]!;
    return sum;
  });
}

/** A vector operand is a matrix with one row or column, which the result does not show. */
const matMul: OpRule = context => [vectorProduct(context, inputAt(context, 0), inputAt(context, 1))];

export function vectorProduct(context: OpContext, a: Value, b: Value): Value {
  if (a.shape.length === 0 || b.shape.length === 0) refuse('an operand has no axes');
  const rowA = a.shape.length === 1;
  const columnB = b.shape.length === 1;
  const y = matrixProduct(
    context,
    rowA ? reshapeValue(a, [1, ...a.shape]) : a,
    columnB ? reshapeValue(b, [...b.shape, 1]) : b,
  );
  const lead = y.shape.slice(0, -2);
  const [rows, columns] = y.shape.slice(-2) as [number, number];
  return reshapeValue(y, [...lead, ...(rowA ? [] : [rows]), ...(columnB ? [] : [columns])]);
}

/** alpha · A · B + beta · C */
const gemm: OpRule = context => {
  const operand = (at: number, transposed: string) => {
    const x = inputAt(context, at);
    if (x.shape.length !== 2) refuse(`operand ${at} has ${x.shape.length} axes`);
    return numberAttr(context, transposed, 0) === 0 ? x : swapLast(x);
  };
  const [alpha, beta] = [numberAttr(context, 'alpha', 1), numberAttr(context, 'beta', 1)];
  const product = matrixProduct(context, operand(0, 'transA'), operand(1, 'transB'));
  const scaled = alpha === 1 ? product : affine(context, product, alpha);
  const c = context.inputs[2];
  if (c === undefined) return [scaled];
  const y = add(context, scaled, beta === 1 ? c : affine(context, c, beta));
  return [`${y.shape}` === `${product.shape}` ? y : refuse(`C is [${c.shape}], A · B is [${product.shape}]`)];
};

export const linearOps: OpTable = { MatMul: { rule: matMul }, Gemm: { rule: gemm } };
