/**
 * Normalisations. All of them are layernorm or rmsnorm without gain over some grouping of the axes, and a gain
 * and an offset behind it; where these lie along the rows they belong to the norm itself.
 */
import { sizeOf } from '../../../ir/dialect.ts';
import { type Normalisation, putNorm } from '../../ann/draft.ts';
import {
  axesIn,
  axisIn,
  dataOf,
  epsilonOf,
  finiteValues,
  inputAt,
  numberAttr,
  numbersAttr,
  type OpContext,
  type OpRule,
  refuse,
  reshapeValue,
  type Value,
} from '../context.ts';
import {
  add,
  affine,
  expandTo,
  makeConstant,
  mapConstant,
  multiply,
  pointwise,
  subtract,
} from './arithmetic.ts';
import type { OpTable } from './entry.ts';
import { axesLast, reduceValue, sumOfMagnitudes } from './groups.ts';

type Kind = Normalisation['kind'];

/** Over the last axis, without gain. */
function normRows(context: OpContext, x: Value, kind: Kind, epsilon: number): Value {
  if (!(epsilon >= 0 && epsilon < 1e30)) refuse(`epsilon ${epsilon}`);
  if (x.kind === 'data') return dataOf(putNorm(context.draft, x, { kind, epsilon }, context.node.name));
  const { width, mean, deviation } = moments(x, kind, epsilon);
  return makeConstant(x.element, x.shape, i => {
    const row = Math.floor(i / width);
    return (x.data[i]! - mean[row]!) / deviation[row]!;
  });
}

/** Mean (0 for rmsnorm) and √(variance + ε) of every row, in double precision. */
function moments({ data, shape }: Extract<Value, { kind: 'constant' }>, kind: Kind, epsilon: number) {
  const width = shape.at(-1)!;
  const rows = Array.from({ length: width === 0 ? 0 : data.length / width }, (_, row) =>
    Array.from(data.subarray(row * width, (row + 1) * width)),
  );
  const average = (row: readonly number[]) => row.reduce((a, b) => a + b, 0) / width;
  const mean = rows.map(row => (kind === 'layernorm' ? average(row) : 0));
  const deviation = rows.map((row, i) => Math.sqrt(average(row.map(v => (v - mean[i]!) ** 2)) + epsilon));
  return { width, mean, deviation };
}

/** The gain of a norm: as many numbers as a row, or one; undefined where it is none of these or depends on the image. */
function gainOf(value: Value | undefined, width: number): ArrayLike<number> | undefined {
  if (value?.kind !== 'constant') return undefined;
  if (value.data.length === 1) return new Float64Array(width).fill(finiteValues(value).data[0]!);
  const lies = sizeOf(value.shape) === width && value.shape.filter(size => size !== 1).length <= 1;
  return lies ? finiteValues(value).data : undefined;
}

export interface Gains {
  readonly gamma: Value | undefined;
  readonly beta?: Value | undefined;
}

/** All axes from `axis` on are one group; gamma and beta broadcast to x. */
export function normFrom(
  context: OpContext,
  x: Value,
  axis: number,
  norm: { readonly kind: Kind; readonly epsilon: number },
  { gamma, beta }: Gains,
): Value {
  const { kind, epsilon } = norm;
  const group = x.shape.slice(axis);
  const width = sizeOf(group);
  const [gain, offset] = [gainOf(gamma, width), gainOf(beta, width)];
  const isInside = (value: Value | undefined, numbers: unknown) =>
    value === undefined || numbers !== undefined;
  const rows = reshapeValue(x, [...x.shape.slice(0, axis), width]);
  if (rows.kind === 'data' && epsilon >= 0 && isInside(gamma, gain) && isInside(beta, offset)) {
    const full = { kind, epsilon, gamma: gain, ...(kind === 'layernorm' ? { beta: offset } : {}) };
    const y = dataOf(putNorm(context.draft, rows, full, context.node.name));
    const whole = dataOf({ ...y, shape: x.shape });
    return kind === 'rmsnorm' && beta !== undefined ? add(context, whole, beta) : whole;
  }
  const plain = reshapeValue(normRows(context, rows, kind, epsilon), x.shape);
  return gained(context, plain, gamma, beta);
}

function gained(context: OpContext, x: Value, gamma: Value | undefined, beta: Value | undefined): Value {
  const scaled = gamma === undefined ? x : multiply(context, x, gamma);
  const y = beta === undefined ? scaled : add(context, scaled, beta);
  return `${y.shape}` === `${x.shape}` ? y : refuse(`gain and offset do not fit [${x.shape}]`);
}

export const isRead = ({ node }: OpContext, output: number): boolean => (node.outputs[output] ?? '') !== '';

/** Also the mean and 1 / √(variance + ε), where somebody reads them. */
const layerNormalization: OpRule = context => {
  const x = inputAt(context, 0);
  const axis = axisIn(numberAttr(context, 'axis', -1), x.shape.length);
  const epsilon = epsilonOf(context, 1e-5);
  const gains = { gamma: inputAt(context, 1), beta: context.inputs[2] };
  const y = normFrom(context, x, axis, { kind: 'layernorm', epsilon }, gains);
  if (!isRead(context, 1) && !isRead(context, 2)) return [y];
  const axes = x.shape.map((_, at) => at).slice(axis);
  const mean = reduceValue(context, x, 'mean', axes);
  const squares = pointwise(context, subtract(context, x, mean), 'square');
  const variance = affine(context, reduceValue(context, squares, 'mean', axes), 1, epsilon);
  return [y, mean, pointwise(context, pointwise(context, variance, 'sqrt'), 'reciprocal')];
};

export const rmsNormalization: OpRule = context => {
  const x = inputAt(context, 0);
  const axis = axisIn(numberAttr(context, 'axis', -1), x.shape.length);
  const epsilon = epsilonOf(context, 1e-5);
  const gains = { gamma: inputAt(context, 1) };
  return [normFrom(context, x, axis, { kind: 'rmsnorm', epsilon }, gains)];
};

/** One number for each channel, as it lies on axis 1 of a tensor with `rank` axes. */
const perChannel = (value: Value, rank: number): Value =>
  reshapeValue(value, [sizeOf(value.shape), ...Array.from({ length: rank - 2 }, () => 1)]);

/** The rounding of single precision would be a rounding of every result. */
const inDouble = (x: Value): Value => (x.kind === 'constant' ? mapConstant(x, v => v, 'float64') : x);

/** With the statistics of training, which make one scale and one shift for each channel. */
const batchNormalization: OpRule = context => {
  const x = inputAt(context, 0);
  if (numberAttr(context, 'training_mode', 0) !== 0)
    refuse('it is in training mode; export the model for inference');
  if (numberAttr(context, 'spatial', 1) !== 1)
    refuse('spatial = 0; export the model with a newer operator set');
  const epsilon = epsilonOf(context, 1e-5);
  const rank = Math.max(2, x.shape.length);
  const [gamma, beta, mean, variance] = [1, 2, 3, 4].map(at =>
    inDouble(perChannel(inputAt(context, at), rank)),
  ) as [Value, Value, Value, Value];
  const deviation = pointwise(context, affine(context, variance, 1, epsilon), 'sqrt');
  const scale = multiply(context, gamma, pointwise(context, deviation, 'reciprocal'));
  const shift = subtract(context, beta, multiply(context, mean, scale));
  return [gained(context, x, scale, shift)];
};

/** Channels in groups, each group and its positions one row. */
function groupNorm(context: OpContext, groups: number): Value {
  const x = inputAt(context, 0);
  const [batch = 1, channels = 0, ...spatial] = x.shape;
  if (!Number.isInteger(groups) || groups < 1 || channels % groups !== 0 || x.shape.length < 2)
    return refuse(`${groups} groups of [${x.shape}]`);
  const rows = reshapeValue(x, [batch, groups, (channels / groups) * sizeOf(spatial)]);
  const plain = normRows(context, rows, 'layernorm', epsilonOf(context, 1e-5));
  const gains = [1, 2].map(at => {
    const value = inputAt(context, at);
    const isPerGroup = sizeOf(value.shape) === groups && groups !== channels;
    const all = isPerGroup ? repeated(value, channels / groups) : value;
    return perChannel(all, x.shape.length);
  });
  return gained(context, reshapeValue(plain, x.shape), gains[0], gains[1]);
}

/** Each number `times` times. */
function repeated(value: Value, times: number): Value {
  const size = sizeOf(value.shape);
  return reshapeValue(expandTo(reshapeValue(value, [size, 1]), [size, times]), [size * times]);
}

/** 1e-9 is added to the deviation, which is as good as its square added to the variance. */
const meanVariance: OpRule = context => {
  const x = inputAt(context, 0);
  const axes = [...new Set(axesIn(numbersAttr(context, 'axes') ?? [0, 2, 3], x.shape.length))];
  const { value, restore } = axesLast(x, axes);
  const axis = x.shape.length - axes.length;
  return [
    restore(normFrom(context, value, axis, { kind: 'layernorm', epsilon: 1e-18 }, { gamma: undefined })),
  ];
};

/** x / √Σx² is rmsnorm by √n; a row of zeros stays one. */
const lpNormalization: OpRule = context => {
  const x = inputAt(context, 0);
  const axis = axisIn(numberAttr(context, 'axis', -1), x.shape.length);
  const p = numberAttr(context, 'p', 2);
  const { value, restore } = axesLast(x, [axis]);
  const last = [value.shape.length - 1];
  if (p === 2) {
    const y = normRows(context, value, 'rmsnorm', 1e-60);
    return [restore(affine(context, y, 1 / Math.sqrt(x.shape[axis]!)))];
  }
  if (p !== 1) refuse(`p = ${p}; 1 and 2 are supported`);
  const total = affine(context, sumOfMagnitudes(context, value, last), 1, 1e-30);
  return [restore(multiply(context, value, pointwise(context, total, 'reciprocal')))];
};

export const normOps: OpTable = {
  LayerNormalization: { rule: layerNormalization },
  RMSNormalization: { rule: rmsNormalization },
  /** What onnxruntime's optimizer calls RMSNormalization before it had a name. */
  SimplifiedLayerNormalization: { rule: rmsNormalization },
  BatchNormalization: { rule: batchNormalization, limits: 'inference' },
  InstanceNormalization: { rule: context => [groupNorm(context, inputAt(context, 0).shape[1] ?? 0)] },
  GroupNormalization: { rule: context => [groupNorm(context, numberAttr(context, 'num_groups', 0))] },
  MeanVarianceNormalization: { rule: meanVariance },
  LpNormalization: { rule: lpNormalization },
};
