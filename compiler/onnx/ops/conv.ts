/**
 * A convolution is a linear layer over patches: a view lays every patch out as a row, and all positions share
 * the weights. So the network needs no node for it, and on the chip its weights are shared over positions as
 * those of any linear are shared over tokens.
 */
import { sizeOf } from '../../../ir/dialect.ts';
import { padPick, patchPick, slicePick, transposePick } from '../../ann/indices.ts';
import {
  checkShape,
  inputAt,
  numberAttr,
  numbersAttr,
  type OpContext,
  type OpRule,
  pickValue,
  refuse,
  reshapeValue,
  stringAttr,
  type Value,
} from '../context.ts';
import { add, multiply } from './arithmetic.ts';
import type { OpTable } from './entry.ts';
import { reduceValue } from './groups.ts';
import { joinAlong } from './join.ts';
import { matrixProduct, swapLast } from './linear.ts';
import { FARTHEST, padImage, reachOf, type WindowAxis, windowAxes } from './windows.ts';

/** The widest depthwise networks have 3072. */
const MAX_GROUPS = 8192;

/** Shapes x [N, C, …], weight [outputs, C / groups, …kernel] → [N, outputs, …]. Groups are linears of their own. */
function convolve(
  context: OpContext,
  x: Value,
  weight: Value,
  groups: number,
  axes: readonly WindowAxis[],
): Value {
  const [batch, channels] = x.shape as readonly [number, number];
  const [outputs, perGroup] = weight.shape as readonly [number, number];
  const [each, size] = [outputs / groups, sizeOf(weight.shape.slice(1))];
  const out = axes.map(axis => axis.out);
  const positions = sizeOf(out);
  checkShape([batch * positions, size * groups]);
  if (groups > 1 && groups === channels && outputs === channels && batch === 1)
    return depthwise(context, x, weight, axes);
  if (groups > MAX_GROUPS) refuse(`${groups} groups, each of which is a linear layer of its own`);
  const whole = padImage(context, reshapeValue(x, [batch * channels, ...x.shape.slice(2)]), axes);
  const rows = reshapeValue(weight, [outputs, size]);
  const parts = Array.from({ length: groups }, (_, g) => {
    const patches = Array.from({ length: batch }, (__, n) =>
      pickValue(
        whole.image,
        patchPick([n * channels + g * perGroup, perGroup], whole.axes, batch * channels),
      ),
    );
    const matrix = pickValue(rows, slicePick(rows.shape, 0, g * each, 1, each));
    const y = matrixProduct(context, joinAlong(context, patches, 0), swapLast(matrix));
    return swapLast(reshapeValue(y, [batch, positions, each]));
  });
  return reshapeValue(joinAlong(context, parts, 1), [batch, outputs, ...out]);
}

/** One kernel for each channel: windows times weights, added up. On the chip these are taps of a neuron's own. */
function depthwise(context: OpContext, x: Value, weight: Value, axes: readonly WindowAxis[]): Value {
  const [channels, size] = [weight.shape[0]!, sizeOf(weight.shape.slice(1))];
  const out = axes.map(axis => axis.out);
  const whole = padImage(context, reshapeValue(x, [channels, ...x.shape.slice(2)]), axes);
  const patches = pickValue(whole.image, patchPick([0, channels], whole.axes, channels));
  const windows = reshapeValue(patches, [sizeOf(out), channels, size]);
  const weighted = multiply(context, windows, reshapeValue(weight, [channels, size]));
  const y = reshapeValue(reduceValue(context, weighted, 'sum', [2]), [1, sizeOf(out), channels]);
  return reshapeValue(swapLast(y), [1, channels, ...out]);
}

function withBias(context: OpContext, y: Value, bias: Value | undefined): Value {
  if (bias === undefined) return y;
  const outputs = y.shape[1]!;
  if (sizeOf(bias.shape) !== outputs) refuse(`a bias of [${bias.shape}] for ${outputs} channels`);
  return add(context, y, reshapeValue(bias, [outputs, ...y.shape.slice(2).map(() => 1)]));
}

/** Image and kernel that fit, and the number of groups. */
function operands(context: OpContext, channelsOf: (weight: readonly number[], groups: number) => number) {
  const [x, weight] = [inputAt(context, 0), inputAt(context, 1)];
  const groups = numberAttr(context, 'group', 1);
  const [spatial, kernel] = [x.shape.slice(2), weight.shape.slice(2)];
  const isSound =
    kernel.length === spatial.length && kernel.length > 0 && Number.isInteger(groups) && groups > 0;
  const fits = isSound && x.shape[1] === channelsOf(weight.shape, groups) && weight.shape[0]! % groups === 0;
  const given = numbersAttr(context, 'kernel_shape');
  if (!fits || x.shape[0] === 0 || (given !== undefined && `${given}` !== `${kernel}`))
    refuse(`[${x.shape}] and kernel [${weight.shape}] in ${groups} group(s)`);
  return { x, weight, groups, spatial, kernel };
}

export const conv: OpRule = context => {
  const { x, weight, groups, spatial, kernel } = operands(context, (shape, g) => shape[1]! * g);
  const y = convolve(context, x, weight, groups, windowAxes(context, spatial, kernel));
  return [withBias(context, y, context.inputs[2])];
};

/** Zeros between the numbers of a spatial axis, `stride` − 1 of them each time. */
function stretch(x: Value, axis: number, stride: number): Value {
  const size = x.shape[axis]!;
  if (stride === 1) return x;
  const column = reshapeValue(x, x.shape.toSpliced(axis + 1, 0, 1));
  const none = column.shape.map(() => 0);
  checkShape(x.shape.with(axis, size * stride));
  const wide = pickValue(column, padPick(column.shape, none, none.with(axis + 1, stride - 1)));
  const flat = reshapeValue(wide, x.shape.with(axis, size * stride));
  return pickValue(flat, slicePick(flat.shape, axis, 0, 1, (size - 1) * stride + 1));
}

/** Weights [inputs, outputs / groups, …kernel] as those of the convolution that undoes the strides: [outputs, …]. */
function turned(weight: Value, groups: number): Value {
  const [inputs, each, ...kernel] = weight.shape as readonly [number, number, ...number[]];
  const split = reshapeValue(weight, [groups, inputs / groups, each, ...kernel]);
  const order = [0, 2, 1, ...kernel.map((_, axis) => axis + 3)];
  const swapped = reshapeValue(pickValue(split, transposePick(split.shape, order)), [
    groups * each,
    inputs / groups,
    ...kernel,
  ]);
  return kernel.reduce<Value>(
    (w, size, axis) => pickValue(w, slicePick(w.shape, axis + 2, size - 1, -1, size)),
    swapped,
  );
}

/** A convolution over the image with zeros between its numbers. */
const convTranspose: OpRule = context => {
  const { x, weight, groups, spatial, kernel } = operands(context, shape => shape[0]!);
  const strides = numbersAttr(context, 'strides') ?? kernel.map(() => 1);
  const isStride = strides.length === kernel.length && strides.every(s => Number.isInteger(s) && s > 0);
  if (!isStride) refuse(`strides [${strides}]`);
  const axes = spatial.map((size, axis) =>
    transposedAxis(context, size, kernel[axis]!, strides[axis]!, axis),
  );
  const wide = strides.reduce<Value>((y, stride, axis) => stretch(y, axis + 2, stride), x);
  return [
    withBias(context, convolve(context, wide, turned(weight, groups), groups, axes), context.inputs[2]),
  ];
};

function transposedAxis(
  context: OpContext,
  size: number,
  kernel: number,
  stride: number,
  axis: number,
): WindowAxis {
  const attr = (name: string, otherwise: number, at = axis) => numbersAttr(context, name)?.[at] ?? otherwise;
  const rank = context.inputs[0]!.shape.length - 2;
  const dilation = attr('dilations', 1);
  const extra = attr('output_padding', 0);
  const reach = reachOf(kernel, dilation);
  const whole = stride * (size - 1) + extra + reach;
  const auto = stringAttr(context, 'auto_pad', 'NOTSET');
  const isSame = auto === 'SAME_UPPER' || auto === 'SAME_LOWER';
  const shape = numbersAttr(context, 'output_shape');
  const wanted = shape?.[shape.length - rank + axis] ?? (isSame ? size * stride : undefined);
  const total = wanted === undefined ? 0 : whole - wanted;
  const isUpper = auto === 'SAME_UPPER';
  const half = isUpper ? Math.floor(total / 2) : Math.ceil(total / 2);
  const start = wanted === undefined ? attr('pads', 0) : half;
  const end = wanted === undefined ? attr('pads', 0, axis + rank) : total - half;
  const out = whole - start - end;
  const isSound =
    kernel > 0 &&
    Number.isInteger(dilation) &&
    dilation > 0 &&
    extra >= 0 &&
    out > 0 &&
    reach < FARTHEST &&
    Math.abs(start) < FARTHEST;
  if (!isSound) return refuse(`kernel ${kernel} over ${size}`);
  checkShape([out]);
  const stretched = stride * (size - 1) + 1;
  return { size: stretched, kernel, stride: 1, dilation, before: reach - 1 - start, after: 0, out };
}

export const convOps: OpTable = { Conv: { rule: conv }, ConvTranspose: { rule: convTranspose } };
