/** Operators that work on groups of numbers: reductions and softmax. */
import type { AnnOf } from '../../../ir/ann.ts';
import { sizeOf } from '../../../ir/dialect.ts';
import { putReduce, putSoftmax } from '../../ann/draft.ts';
import { transposePick } from '../../ann/indices.ts';
import {
  axesIn,
  axisIn,
  type ConstantValue,
  constantAt,
  dataOf,
  inputAt,
  numberAttr,
  numbersAt,
  type OpContext,
  type OpRule,
  pickValue,
  refuse,
  reshapeValue,
  type Value,
} from '../context.ts';
import { add, makeConstant, negate, pointwise, subtract } from './arithmetic.ts';
import { ON_CONSTANTS, type OpTable } from './entry.ts';

/** `axes` moved to the end, and the way back. */
export function axesLast(x: Value, axes: readonly number[]): { value: Value; restore: (y: Value) => Value } {
  const kept = x.shape.map((_, axis) => axis).filter(axis => !axes.includes(axis));
  const order = [...kept, ...axes];
  const inverse = order.map((_, axis) => order.indexOf(axis));
  const restore = (y: Value): Value => pickValue(y, transposePick(y.shape, inverse));
  return { value: pickValue(x, transposePick(x.shape, order)), restore };
}

type Row = readonly number[];

const FOLDS = {
  sum: (row: Row) => row.reduce((a, b) => a + b, 0),
  mean: (row: Row) => row.reduce((a, b) => a + b, 0) / row.length,
  max: (row: Row) => row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY),
  min: (row: Row) => row.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
  product: (row: Row) => row.reduce((a, b) => a * b, 1),
};
export type Fold = keyof typeof FOLDS;
type ReduceOp = AnnOf<'reduce'>['attrs']['op'];

const isReduceOp = (op: Fold): op is ReduceOp => op === 'sum' || op === 'mean' || op === 'max';

/** One number for each row of the last axis, which stays with size 1. */
export function foldRows(x: ConstantValue, fold: (row: Row) => number): ConstantValue {
  const width = x.shape.at(-1)!;
  return makeConstant(x.element, x.shape.with(-1, 1), i =>
    fold(Array.from(x.data.subarray(i * width, (i + 1) * width))),
  );
}

/** The largest of no truth values is false. */
const foldOf = (op: Fold, { element }: ConstantValue): ((row: Row) => number) =>
  op === 'max' && element === 'bool' ? row => FOLDS.max([0, ...row]) : FOLDS[op];

/** The reduced axes stay with size 1. */
export function reduceValue(context: OpContext, x: Value, op: Fold, axes: readonly number[]): Value {
  if (axes.length === 0) return x;
  if (x.kind === 'data' && op === 'min')
    return negate(context, reduceValue(context, negate(context, x), 'max', axes));
  const { value, restore } = axesLast(x, axes);
  const kept = value.shape.slice(0, value.shape.length - axes.length);
  const rows = reshapeValue(value, [...kept, sizeOf(axes.map(axis => x.shape[axis]!))]);
  const reduced = [...kept, ...axes.map(() => 1)];
  if (rows.kind === 'constant') return restore(reshapeValue(foldRows(rows, foldOf(op, rows)), reduced));
  if (!isReduceOp(op)) return refuse(`${op} of numbers that depend on the image`);
  if (rows.shape.at(-1) === 0) return refuse('it reduces nothing');
  return restore(dataOf({ ...putReduce(context.draft, rows, op, context.node.name), shape: reduced }));
}

export const withoutAxes = (x: Value, axes: readonly number[]): Value =>
  reshapeValue(
    x,
    x.shape.filter((_, axis) => !axes.includes(axis)),
  );

type Reducer = (context: OpContext, x: Value, axes: readonly number[]) => Value;

const reduceRule =
  (apply: Reducer): OpRule =>
  context => {
    const x = inputAt(context, 0);
    const given = numbersAt(context, 1, 'axes');
    const isAll = given === undefined || given.length === 0;
    const isNone = isAll && numberAttr(context, 'noop_with_empty_axes', 0) === 1;
    const all = isAll ? x.shape.map((_, axis) => axis) : [...new Set(axesIn(given, x.shape.length))];
    const axes = isNone ? [] : all;
    const y = apply(context, x, axes);
    return [numberAttr(context, 'keepdims', 1) === 1 ? y : withoutAxes(y, axes)];
  };

const reduce = (op: Fold): OpRule => reduceRule((context, x, axes) => reduceValue(context, x, op, axes));

const sumOf: Reducer = (context, x, axes) => reduceValue(context, x, 'sum', axes);
export const sumOfSquares: Reducer = (context, x, axes) =>
  sumOf(context, pointwise(context, x, 'square'), axes);
export const sumOfMagnitudes: Reducer = (context, x, axes) =>
  sumOf(context, pointwise(context, x, 'abs'), axes);
export const rootOfSquares: Reducer = (context, x, axes) =>
  pointwise(context, sumOfSquares(context, x, axes), 'sqrt');

/** max + ln Σ e^(x − max): nothing overflows. */
const logSumExp: Reducer = (context, x, axes) => {
  if (axes.length === 0) return x;
  const largest = finiteMaximum(reduceValue(context, x, 'max', axes));
  const exponentials = pointwise(context, subtract(context, x, largest), 'exp');
  return add(context, pointwise(context, sumOf(context, exponentials, axes), 'log'), largest);
};

/** Of nothing, or of infinite numbers, the maximum is no help. */
const finiteMaximum = (x: Value): Value =>
  x.kind === 'data'
    ? x
    : makeConstant(x.element, x.shape, i => (Number.isFinite(x.data[i]) ? x.data[i]! : 0));

/** Over the last axis. */
export function softmaxRows(context: OpContext, x: Value): Value {
  if (x.kind === 'data')
    return dataOf(putSoftmax(context.draft, x, { scale: 1, base: 'e' }, context.node.name));
  const last = [x.shape.length - 1];
  const exponentials = pointwise(context, subtract(context, x, reduceValue(context, x, 'max', last)), 'exp');
  const total = sumOf(context, exponentials, last);
  return total.kind === 'constant' ? divideRows(exponentials, total) : refuse('it is no constant');
}

function divideRows(x: Value, total: ConstantValue): Value {
  if (x.kind === 'data') return refuse('it is no constant');
  const width = x.shape.at(-1)!;
  return makeConstant(x.element, x.shape, i => x.data[i]! / total.data[Math.floor(i / width)]!);
}

/** (x − max) − ln Σ e^(x − max), over the last axis. */
function logSoftmaxRows(context: OpContext, x: Value): Value {
  const last = [x.shape.length - 1];
  const shifted = subtract(context, x, finiteMaximum(reduceValue(context, x, 'max', last)));
  const total = sumOf(context, pointwise(context, shifted, 'exp'), last);
  return subtract(context, shifted, pointwise(context, total, 'log'));
}

/** 1 at the first largest number of each row. */
function hardmaxRows(_: OpContext, x: Value): Value {
  if (x.kind === 'data') return refuse('it depends on the image');
  const width = x.shape.at(-1)!;
  const places = foldRows(x, row => row.indexOf(FOLDS.max(row))).data;
  return makeConstant(x.element, x.shape, i => (places[Math.floor(i / width)] === i % width ? 1 : 0));
}

/** Before opset 13 the axis and all behind it were one group, and the default was axis 1. */
const rowwise =
  (apply: (context: OpContext, x: Value) => Value): OpRule =>
  context => {
    const x = inputAt(context, 0);
    const rank = x.shape.length;
    if (context.opset < 13) {
      const axis = axisIn(numberAttr(context, 'axis', 1), rank);
      const groups = [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))];
      const last = axis === rank - 1;
      return [last ? apply(context, x) : reshapeValue(apply(context, reshapeValue(x, groups)), x.shape)];
    }
    const { value, restore } = axesLast(x, [axisIn(numberAttr(context, 'axis', -1), rank)]);
    return [restore(apply(context, value))];
  };

/** Place of the largest or smallest number. */
const placeOf =
  (best: 'max' | 'min'): OpRule =>
  context => {
    const x = constantAt(context, 0, 'its operand');
    const axis = axisIn(numberAttr(context, 'axis', 0), x.shape.length);
    const isLast = numberAttr(context, 'select_last_index', 0) === 1;
    const { value, restore } = axesLast(x, [axis]);
    if (value.kind !== 'constant') return refuse('it is no constant');
    const places = foldRows(value, row => {
      const target = FOLDS[best](row);
      return isLast ? row.lastIndexOf(target) : row.indexOf(target);
    });
    const y = restore(makeConstant('int64', places.shape, i => places.data[i]!));
    return [numberAttr(context, 'keepdims', 1) === 1 ? y : withoutAxes(y, [axis])];
  };

export const groupOps: OpTable = {
  ReduceMean: { rule: reduce('mean') },
  ReduceSum: { rule: reduce('sum') },
  ReduceMax: { rule: reduce('max') },
  ReduceMin: { rule: reduce('min') },
  ReduceProd: { rule: reduce('product'), limits: ON_CONSTANTS },
  ReduceL1: { rule: reduceRule(sumOfMagnitudes) },
  ReduceL2: { rule: reduceRule(rootOfSquares) },
  ReduceSumSquare: { rule: reduceRule(sumOfSquares) },
  ReduceLogSum: {
    rule: reduceRule((context, x, axes) => pointwise(context, sumOf(context, x, axes), 'log')),
  },
  ReduceLogSumExp: { rule: reduceRule(logSumExp) },
  Softmax: { rule: rowwise(softmaxRows) },
  LogSoftmax: { rule: rowwise(logSoftmaxRows) },
  Hardmax: { rule: rowwise(hardmaxRows), limits: ON_CONSTANTS },
  ArgMax: { rule: placeOf('max'), limits: ON_CONSTANTS },
  ArgMin: { rule: placeOf('min'), limits: ON_CONSTANTS },
};
