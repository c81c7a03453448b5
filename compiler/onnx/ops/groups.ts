/** Operators that work on groups of channels: reductions, softmax, normalisation. */
import type { AnnOf } from '../../../ir/ann.ts';
import { sizeOf } from '../../../ir/dialect.ts';
import { type Normalisation, putNorm, putReduce, putSoftmax } from '../../ann/draft.ts';
import { transposePick } from '../../ann/indices.ts';
import {
  axesIn,
  axisIn,
  constantAt,
  constantOf,
  type DataValue,
  dataOf,
  finiteValues,
  inputAt,
  numberAttr,
  numbersAt,
  type OpContext,
  type OpRule,
  optionalConstantAt,
  pickValue,
  refuse,
  reshapeValue,
  type Value,
} from '../context.ts';
import { makeNumbers } from '../tensor.ts';

/** `axes` moved to the end, and the way back. */
function axesLast(x: Value, axes: readonly number[]): { value: Value; restore: (y: Value) => Value } {
  const kept = x.shape.map((_, axis) => axis).filter(axis => !axes.includes(axis));
  const order = [...kept, ...axes];
  const inverse = order.map((_, axis) => order.indexOf(axis));
  const restore = (y: Value): Value => pickValue(y, transposePick(y.shape, inverse));
  return { value: pickValue(x, transposePick(x.shape, order)), restore };
}

const dataAt = (context: OpContext, at: number): DataValue => {
  const value = inputAt(context, at);
  return value.kind === 'data' ? value : refuse('it works on constants only');
};
const expectData = (value: Value): DataValue =>
  value.kind === 'data' ? value : refuse('it has no data operand');

const FOLDS = {
  sum: (row: readonly number[]) => row.reduce((a, b) => a + b, 0),
  mean: (row: readonly number[]) => row.reduce((a, b) => a + b, 0) / row.length,
  max: (row: readonly number[]) => row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY),
  min: (row: readonly number[]) => row.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
  product: (row: readonly number[]) => row.reduce((a, b) => a * b, 1),
};
type Fold = keyof typeof FOLDS;
type ReduceOp = AnnOf<'reduce'>['attrs']['op'];

const isReduceOp = (op: Fold): op is ReduceOp => op === 'sum' || op === 'mean' || op === 'max';

function reduceValue(context: OpContext, x: Value, op: Fold, axes: readonly number[]): Value {
  const { value, restore } = axesLast(x, axes);
  const width = sizeOf(axes.map(axis => x.shape[axis]!));
  const rows = reshapeValue(value, [...value.shape.slice(0, value.shape.length - axes.length), width]);
  const reduced = [...value.shape.slice(0, value.shape.length - axes.length), ...axes.map(() => 1)];
  if (rows.kind === 'data') {
    if (!isReduceOp(op)) return refuse(`${op} of data`);
    if (width === 0) return refuse('it reduces nothing');
    return restore(dataOf({ ...putReduce(context.draft, rows, op, context.node.name), shape: reduced }));
  }
  const data = makeNumbers(rows.element, sizeOf(reduced));
  for (let i = 0; i < data.length; i++)
    data[i] = FOLDS[op](Array.from(rows.data.subarray(i * width, (i + 1) * width)));
  return restore(constantOf(rows.element, reduced, data));
}

const reduce =
  (op: Fold): OpRule =>
  context => {
    const x = inputAt(context, 0);
    const given = numbersAt(context, 1, 'axes');
    const isAll = given === undefined || given.length === 0;
    if (isAll && numberAttr(context, 'noop_with_empty_axes', 0) === 1) return [x];
    const axes = isAll ? x.shape.map((_, axis) => axis) : [...new Set(axesIn(given, x.shape.length))];
    const y = reduceValue(context, x, op, axes);
    const keeps = numberAttr(context, 'keepdims', 1) === 1;
    return [
      keeps
        ? y
        : reshapeValue(
            y,
            y.shape.filter((_, axis) => !axes.includes(axis)),
          ),
    ];
  };

const globalAveragePool: OpRule = context => {
  const x = inputAt(context, 0);
  const axes = x.shape.map((_, axis) => axis).slice(2);
  return [axes.length === 0 ? refuse('it has no spatial axes') : reduceValue(context, x, 'mean', axes)];
};

/** Before opset 13 the axis and all behind it were one group: the same thing where only axes of 1 follow. */
const softmax: OpRule = context => {
  const x = dataAt(context, 0);
  const rank = x.shape.length;
  const isOld = context.opset < 13;
  const axis = axisIn(numberAttr(context, 'axis', isOld ? 1 : -1), rank);
  const behind = sizeOf(x.shape.slice(axis + 1));
  if (isOld && behind !== 1) {
    refuse(`with opset ${context.opset} it spans axes ${axis} to ${rank - 1}; export with opset 13 or newer`);
  }
  const { value, restore } = axesLast(x, [axis]);
  const y = putSoftmax(context.draft, expectData(value), { scale: 1, base: 'e' }, context.node.name);
  return [restore(dataOf(y))];
};

/** All axes from `axis` on are one group. */
function normalise(context: OpContext, kind: Normalisation['kind'], otherwise: number): Value {
  const x = dataAt(context, 0);
  const axis = axisIn(numberAttr(context, 'axis', -1), x.shape.length);
  const width = sizeOf(x.shape.slice(axis));
  const gain = (value: ReturnType<typeof optionalConstantAt>, what: string) => {
    if (value === undefined) return undefined;
    finiteValues(value);
    if (value.data.length === 1) return new Float64Array(width).fill(value.data[0]!);
    return value.data.length === width
      ? value.data
      : refuse(`${what} has ${value.data.length} numbers for ${width}`);
  };
  const gamma = gain(constantAt(context, 1, 'the gain'), 'the gain');
  const beta =
    kind === 'layernorm' ? gain(optionalConstantAt(context, 2, 'the offset'), 'the offset') : undefined;
  const epsilon = numberAttr(context, 'epsilon', otherwise);
  if (!(epsilon >= 0 && epsilon < 1e30)) refuse(`epsilon ${epsilon}`);
  const rows = { ...x, shape: [...x.shape.slice(0, axis), width] };
  return dataOf({
    ...putNorm(context.draft, rows, { kind, epsilon, gamma, beta }, context.node.name),
    shape: x.shape,
  });
}

export const groupOps: { readonly [operator: string]: OpRule } = {
  ReduceMean: reduce('mean'),
  ReduceSum: reduce('sum'),
  ReduceMax: reduce('max'),
  ReduceMin: reduce('min'),
  ReduceProd: reduce('product'),
  GlobalAveragePool: globalAveragePool,
  Softmax: softmax,
  LayerNormalization: context => [normalise(context, 'layernorm', 1e-5)],
  RMSNormalization: context => [normalise(context, 'rmsnorm', 1e-5)],
};
