/** Operators that only move numbers: one list of indices each, applied to constants and data alike. */
import { sizeOf } from '../../../ir/dialect.ts';
import { broadcastShape, slicePick, transposePick } from '../../ann/indices.ts';
import {
  axesIn,
  axisIn,
  checkShape,
  constantAt,
  constantOf,
  inputAt,
  numberAttr,
  numbersAt,
  numbersAttr,
  type OpRule,
  optionalConstantAt,
  pickValue,
  refuse,
  reshapeValue,
  type Value,
} from '../context.ts';
import { expandTo, makeConstant } from './arithmetic.ts';
import type { OpEntry, OpTable } from './entry.ts';
import { joinAlong } from './join.ts';

const first = (value: Value): readonly Value[] => [value];
const identity: OpRule = context => first(inputAt(context, 0));

const dropout: OpRule = context => {
  const isTraining = optionalConstantAt(context, 2, 'the training mode')?.data[0] ?? 0;
  if (isTraining !== 0) refuse('it is in training mode; export the model for inference');
  const x = inputAt(context, 0);
  return [x, makeConstant('bool', x.shape, () => 1)];
};

const reshape: OpRule = context => {
  const x = inputAt(context, 0);
  const wanted = Array.from(constantAt(context, 1, 'the shape').data);
  const keepsZero = numberAttr(context, 'allowzero', 0) === 0;
  const sizes = wanted.map((size, axis) => (size === 0 && keepsZero ? (x.shape[axis] ?? 0) : size));
  const known = sizeOf(sizes.filter(size => size !== -1));
  const shape = checkShape(sizes.map(size => (size === -1 ? sizeOf(x.shape) / known : size)));
  const isSame = sizes.filter(size => size === -1).length <= 1 && sizeOf(shape) === sizeOf(x.shape);
  return isSame ? first(reshapeValue(x, shape)) : refuse(`[${x.shape}] cannot become [${wanted}]`);
};

const flatten: OpRule = context => {
  const x = inputAt(context, 0);
  const axis = numberAttr(context, 'axis', 1);
  const at = axis < 0 ? axis + x.shape.length : axis;
  if (at < 0 || at > x.shape.length) refuse(`axis ${axis} of a tensor with ${x.shape.length} axes`);
  return first(reshapeValue(x, [sizeOf(x.shape.slice(0, at)), sizeOf(x.shape.slice(at))]));
};

const squeeze: OpRule = context => {
  const x = inputAt(context, 0);
  const given = numbersAt(context, 1, 'axes');
  const axes = given && axesIn(given, x.shape.length);
  if (axes?.some(axis => x.shape[axis] !== 1))
    refuse(`axes [${given}] of [${x.shape}] are not all of size 1`);
  return first(
    reshapeValue(
      x,
      x.shape.filter((size, axis) => (axes === undefined ? size !== 1 : !axes.includes(axis))),
    ),
  );
};

const unsqueeze: OpRule = context => {
  const x = inputAt(context, 0);
  const given = numbersAt(context, 1, 'axes') ?? refuse('it has no axes');
  const rank = x.shape.length + given.length;
  const axes = new Set(axesIn(given, rank));
  if (axes.size !== given.length) refuse(`axes [${given}] name one axis twice`);
  const sizes = x.shape.values();
  return first(
    reshapeValue(
      x,
      Array.from({ length: rank }, (_, axis) => (axes.has(axis) ? 1 : (sizes.next().value ?? 1))),
    ),
  );
};

const transpose: OpRule = context => {
  const x = inputAt(context, 0);
  const rank = x.shape.length;
  const axes = numbersAttr(context, 'perm') ?? x.shape.map((_, axis) => rank - 1 - axis);
  const order = axesIn(axes, rank);
  return order.length === rank && new Set(order).size === rank
    ? first(pickValue(x, transposePick(x.shape, order)))
    : refuse(`[${axes}] is no order of the axes`);
};

const expand: OpRule = context => {
  const x = inputAt(context, 0);
  const wanted = Array.from(constantAt(context, 1, 'the shape').data);
  return first(
    expandTo(x, broadcastShape(x.shape, wanted) ?? refuse(`[${x.shape}] does not expand to [${wanted}]`)),
  );
};

const slice: OpRule = context => {
  const data = inputAt(context, 0);
  const starts = numbersAt(context, 1, 'starts') ?? refuse('it has no starts');
  const ends = numbersAt(context, 2, 'ends') ?? refuse('it has no ends');
  const axes = numbersAt(context, 3, 'axes') ?? starts.map((_, axis) => axis);
  const steps = numbersAt(context, 4, 'steps') ?? starts.map(() => 1);
  if (ends.length !== starts.length || axes.length !== starts.length || steps.length !== starts.length) {
    refuse('starts, ends, axes and steps differ in length');
  }
  return first(
    axesIn(axes, data.shape.length).reduce(
      (x, axis, i) => cut(x, axis, starts[i]!, ends[i]!, steps[i]!),
      data,
    ),
  );
};

/** Clamping as the operator's definition has it; a step may be negative. */
function cut(x: Value, axis: number, start: number, end: number, step: number): Value {
  if (![start, end, step].every(Number.isInteger) || step === 0)
    return refuse(`from ${start} to ${end} by ${step}`);
  const size = x.shape[axis]!;
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
  const place = (at: number) => Math.min(Math.max(at < 0 ? at + size : at, low), high);
  const count = Math.max(0, Math.ceil((place(end) - place(start)) / step));
  return pickValue(x, slicePick(x.shape, axis, count === 0 ? 0 : place(start), step, count));
}

const split: OpRule = context => {
  const x = inputAt(context, 0);
  const axis = axisIn(numberAttr(context, 'axis', 0), x.shape.length);
  const size = x.shape[axis]!;
  const parts = numberAttr(context, 'num_outputs', context.node.outputs.length);
  if (!Number.isInteger(parts) || parts < 1 || parts > 2 ** 16) refuse(`${parts} parts`);
  const even = Math.ceil(size / parts);
  const sizes =
    numbersAt(context, 1, 'split') ??
    Array.from({ length: parts }, (_, i) => Math.max(0, Math.min(even, size - i * even)));
  if (sizes.some(s => s < 0) || sizes.reduce((a, b) => a + b, 0) !== size)
    refuse(`[${sizes}] do not add up to ${size}`);
  let start = 0;
  return sizes.map(count => {
    const part = pickValue(x, slicePick(x.shape, axis, start, 1, count));
    start += count;
    return part;
  });
};

const concat: OpRule = context => {
  const parts = context.inputs.map((_, at) => inputAt(context, at));
  const rank = parts[0]?.shape.length ?? refuse('it has no inputs');
  const axis = numbersAttr(context, 'axis')?.[0] ?? refuse('it names no axis');
  return first(joinAlong(context, parts, axisIn(axis, rank)));
};

const shapeOf: OpRule = context => {
  const { shape } = inputAt(context, 0);
  const [start, end] = [numberAttr(context, 'start', 0), numberAttr(context, 'end', shape.length)];
  const sizes = shape.slice(start, end);
  return first(constantOf('int64', [sizes.length], Float64Array.from(sizes)));
};

const size: OpRule = context =>
  first(constantOf('int64', [], Float64Array.of(sizeOf(inputAt(context, 0).shape))));

const moves = (rule: OpRule): OpEntry => ({ rule, movesNumbers: true });

export const viewOps: OpTable = {
  Identity: moves(identity),
  Dropout: { ...moves(dropout), limits: 'inference' },
  Reshape: moves(reshape),
  Flatten: moves(flatten),
  Squeeze: moves(squeeze),
  Unsqueeze: moves(unsqueeze),
  Transpose: moves(transpose),
  Expand: moves(expand),
  Slice: moves(slice),
  Split: moves(split),
  Concat: moves(concat),
  Shape: moves(shapeOf),
  Size: moves(size),
};
