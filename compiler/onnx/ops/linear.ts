/**
 * Products. A convolution is a linear layer over patches: a view lays every patch out as a row, and all
 * positions share the weights. So the network needs no node for it, and on the chip its weights are shared over
 * positions as those of any linear are shared over tokens.
 */
import type { ConstId } from '../../../ir/constants.ts';
import { sizeOf } from '../../../ir/dialect.ts';
import { putLinear, putMatmul } from '../../ann/draft.ts';
import { broadcastShape, patchPick, slicePick, transposePick } from '../../ann/indices.ts';
import { concatenate } from '../../ann/selection.ts';
import {
  type ConstantValue,
  checkShape,
  constantAt,
  constantOf,
  type DataValue,
  dataOf,
  finiteValues,
  inputAt,
  numberAttr,
  numbersAttr,
  type OpContext,
  type OpRule,
  optionalConstantAt,
  pickValue,
  refuse,
  reshapeValue,
  stringAttr,
  type Value,
} from '../context.ts';
import { makeNumbers, type Numbers } from '../tensor.ts';
import { add, multiply, number } from './elementwise.ts';
import { expandTo } from './views.ts';

const swapLast = (x: Value): Value => {
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

/** Weights of the file stay there until the network is complete. */
function storeWeight({ draft: { constants } }: OpContext, weight: ConstantValue): ConstId {
  const { shape, element, lazy } = weight;
  const dtype = element === 'float64' ? 'f64' : 'f32';
  const convert = (data: Numbers) =>
    dtype === 'f64' ? Float64Array.from(data) : data instanceof Float32Array ? data : Float32Array.from(data);
  if (lazy !== undefined) {
    return constants.addLazy({ dtype, shape, key: lazy.key, read: () => convert(lazy.read()) });
  }
  finiteValues(weight);
  return constants.add({ dtype, shape, data: convert(weight.data) });
}

/** A matrix for each entry of the leading axes, all of which must be 1. */
function asMatrix(x: ConstantValue): ConstantValue {
  if (sizeOf(x.shape.slice(0, -2)) !== 1) refuse(`its constant operand is a stack of matrices, [${x.shape}]`);
  const matrix = reshapeValue(x, x.shape.slice(-2));
  return matrix.kind === 'constant' ? matrix : refuse('its constant operand depends on the image');
}

/** Operands with two axes at least, inner sizes last and last but one. */
export function matrixProduct(context: OpContext, a: Value, b: Value): Value {
  const inner = a.shape.at(-1);
  if (inner !== b.shape.at(-2)) refuse(`[${a.shape}] times [${b.shape}]: the inner sizes differ`);
  const lead = broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  if (lead === undefined) return refuse(`[${a.shape}] times [${b.shape}]: the leading sizes differ`);
  const shape = checkShape([...lead, a.shape.at(-2)!, b.shape.at(-1)!]);
  if (a.kind === 'constant' && b.kind === 'constant') return constantProduct(a, b, lead, shape);
  if (a.kind === 'data' && b.kind === 'constant') return reshapeValue(linear(context, a, asMatrix(b)), shape);
  if (a.kind === 'constant') {
    const [weight, x] = [swapLast(asMatrix(a)), swapLast(b)];
    if (weight.kind !== 'constant' || x.kind !== 'data') return refuse('it has no data operand');
    return reshapeValue(swapLast(linear(context, x, weight)), shape);
  }
  const grouped = (x: Value): DataValue => {
    const [rows, columns] = x.shape.slice(-2) as [number, number];
    const all = reshapeValue(expandTo(x, [...lead, rows, columns]), [sizeOf(lead), rows, columns]);
    return all.kind === 'data' ? all : refuse('it has no data operand');
  };
  const product = putMatmul(context.draft, grouped(a), grouped(swapLast(b)), context.node.name);
  return dataOf({ ...product, shape });
}

function constantProduct(
  a: ConstantValue,
  b: ConstantValue,
  lead: readonly number[],
  shape: readonly number[],
): Value {
  const [rows, columns] = shape.slice(-2) as [number, number];
  const inner = a.shape.at(-1)!;
  const [x, y] = [a, b].map(v => expandTo(v, [...lead, ...v.shape.slice(-2)]));
  if (x?.kind !== 'constant' || y?.kind !== 'constant') return refuse('an operand is not constant');
  const data = makeNumbers(a.element, sizeOf(shape));
  for (let i = 0; i < data.length; i++) {
    const group = Math.floor(i / (rows * columns));
    const row = Math.floor(i / columns);
    let sum = 0;
    for (let k = 0; k < inner; k++)
      sum += x.data[row * inner + k]! * y.data[(group * inner + k) * columns + (i % columns)]!;
    data[i] = sum;
  }
  return constantOf(a.element, shape, data);
}

/** A vector operand is a matrix with one row or column, which the result does not show. */
const matMul: OpRule = context => {
  const [a, b] = [inputAt(context, 0), inputAt(context, 1)];
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
  return [reshapeValue(y, [...lead, ...(rowA ? [] : [rows]), ...(columnB ? [] : [columns])])];
};

/** alpha · A · B + beta · C */
const gemm: OpRule = context => {
  const operand = (at: number, transposed: string) => {
    const x = inputAt(context, at);
    if (x.shape.length !== 2) refuse(`operand ${at} has ${x.shape.length} axes`);
    return numberAttr(context, transposed, 0) === 0 ? x : swapLast(x);
  };
  const [alpha, beta] = [numberAttr(context, 'alpha', 1), numberAttr(context, 'beta', 1)];
  const product = matrixProduct(context, operand(0, 'transA'), operand(1, 'transB'));
  const scaled = alpha === 1 ? product : multiply(context, product, number(alpha));
  const c = context.inputs[2];
  if (c === undefined) return [scaled];
  return [add(context, scaled, beta === 1 ? c : multiply(context, c, number(beta)))];
};

/** Groups are linears of their own, laid side by side. */
const conv: OpRule = context => {
  const x = inputAt(context, 0);
  const weight = constantAt(context, 1, 'the kernel');
  const bias = optionalConstantAt(context, 2, 'the bias');
  if (x.kind !== 'data') return refuse('it has no data operand');
  const [batch, channels, ...spatial] = x.shape;
  const [outputs, perGroup, ...kernel] = weight.shape;
  const groups = numberAttr(context, 'group', 1);
  if (batch === undefined || channels === undefined || outputs === undefined || perGroup === undefined) {
    return refuse(`[${x.shape}] and kernel [${weight.shape}]`);
  }
  const isSound = batch === 1 && channels === perGroup * groups && outputs % groups === 0;
  if (!isSound || kernel.length !== spatial.length || kernel.length === 0) {
    return refuse(`[${x.shape}] and kernel [${weight.shape}] in ${groups} group(s)`);
  }
  const axes = patchAxes(context, spatial, kernel);
  const size = perGroup * sizeOf(kernel);
  const each = outputs / groups;
  const positions = sizeOf(axes.map(axis => axis.out));
  checkShape([positions, size * groups]);
  const parts = Array.from({ length: groups }, (_, g) => {
    const patches = pickValue(x, patchPick([g * perGroup, perGroup], axes, channels));
    const own = pickValue(weight, slicePick(weight.shape, 0, g * each, 1, each));
    const matrix = swapLast(reshapeValue(own, [each, size]));
    if (patches.kind !== 'data' || matrix.kind !== 'constant') return refuse('it has no data operand');
    return swapLast(linear(context, patches, matrix));
  });
  const all = parts.length === 1 ? parts[0] : joinRows(parts, [outputs, positions]);
  const shape = [1, outputs, ...axes.map(axis => axis.out)];
  const y = reshapeValue(all ?? refuse('it has no groups'), shape);
  return [bias === undefined ? y : add(context, y, reshapeValue(bias, [outputs, ...kernel.map(() => 1)]))];
};

function joinRows(parts: readonly Value[], shape: readonly number[]): Value {
  const selections = parts.map(part => (part.kind === 'data' ? part : refuse('it has no data operand')));
  return dataOf({ ...concatenate(selections), shape });
}

function patchAxes(context: OpContext, spatial: readonly number[], kernel: readonly number[]) {
  const rank = kernel.length;
  const strides = numbersAttr(context, 'strides') ?? kernel.map(() => 1);
  const dilations = numbersAttr(context, 'dilations') ?? kernel.map(() => 1);
  const pads = numbersAttr(context, 'pads') ?? [...kernel, ...kernel].map(() => 0);
  const auto = stringAttr(context, 'auto_pad', 'NOTSET');
  return spatial.map((size, axis) => {
    const [window, stride, dilation] = [kernel[axis] ?? 0, strides[axis] ?? 0, dilations[axis] ?? 0];
    const reach = dilation * (window - 1) + 1;
    let [before, after] = [pads[axis] ?? 0, pads[axis + rank] ?? 0];
    if (auto === 'SAME_UPPER' || auto === 'SAME_LOWER') {
      const total = Math.max(0, (Math.ceil(size / stride) - 1) * stride + reach - size);
      before = auto === 'SAME_UPPER' ? Math.floor(total / 2) : Math.ceil(total / 2);
      after = total - before;
    } else if (auto === 'VALID') [before, after] = [0, 0];
    else if (auto !== 'NOTSET') refuse(`auto_pad ${auto}`);
    const out = Math.floor((size + before + after - reach) / stride) + 1;
    const isSound = window > 0 && stride > 0 && dilation > 0 && before >= 0 && after >= 0 && out > 0;
    return isSound
      ? { size, kernel: window, stride, dilation, before, out }
      : refuse(`kernel ${window} over ${size}`);
  });
}

export const linearOps: { readonly [operator: string]: OpRule } = { MatMul: matMul, Gemm: gemm, Conv: conv };
