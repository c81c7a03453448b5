/** Operators that only move numbers: one list of indices each, applied to constants and data alike. */
import { sizeOf } from '../../../ir/dialect.ts';
import { putAffine } from '../../ann/draft.ts';
import {
  broadcastPick,
  broadcastShape,
  gatherPick,
  joinPick,
  type Pick,
  padPick,
  slicePick,
  transposePick,
} from '../../ann/indices.ts';
import { concatenate } from '../../ann/selection.ts';
import {
  axesIn,
  axisIn,
  checkShape,
  constantAt,
  constantOf,
  dataOf,
  finiteValues,
  inputAt,
  numberAttr,
  numbersAt,
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
import { elementOf, isFloat, makeNumbers } from '../tensor.ts';

const first = (value: Value): readonly Value[] => [value];
const identity: OpRule = context => first(inputAt(context, 0));

const dropout: OpRule = context => {
  const isTraining = optionalConstantAt(context, 2, 'the training mode')?.data[0] ?? 0;
  return isTraining === 0
    ? identity(context)
    : refuse('it is in training mode; export the model for inference');
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
  const axes = numbersAttr(context, 'perm') ?? x.shape.map((_, axis) => x.shape.length - 1 - axis);
  const isPermutation =
    axes.length === x.shape.length && new Set(axesIn(axes, x.shape.length)).size === axes.length;
  return isPermutation
    ? first(pickValue(x, transposePick(x.shape, axes)))
    : refuse(`[${axes}] is no order of the axes`);
};

const expand: OpRule = context => {
  const x = inputAt(context, 0);
  const wanted = Array.from(constantAt(context, 1, 'the shape').data);
  return first(
    expandTo(x, broadcastShape(x.shape, wanted) ?? refuse(`[${x.shape}] does not expand to [${wanted}]`)),
  );
};

/** Needs: the shapes go together. */
export const expandTo = (x: Value, shape: readonly number[]): Value =>
  pickValue(x, broadcastPick(x.shape, checkShape(shape)));

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
  if (!Number.isInteger(step) || step === 0) return refuse(`a step of ${step}`);
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

const gather: OpRule = context => {
  const x = inputAt(context, 0);
  const axis = axisIn(numberAttr(context, 'axis', 0), x.shape.length);
  const { data, shape } = constantAt(context, 1, 'the index');
  const size = x.shape[axis]!;
  const indices = Array.from(data, i => (i < 0 ? i + size : i));
  if (indices.some(i => !(i >= 0 && i < size))) refuse(`index [${indices}] of an axis of size ${size}`);
  checkShape([...x.shape.toSpliced(axis, 1), ...shape]);
  return first(pickValue(x, gatherPick(x.shape, axis, indices, shape)));
};

const concat: OpRule = context => {
  const parts = context.inputs.map((_, at) => inputAt(context, at));
  const [head] = parts;
  if (head === undefined) return refuse('it has no inputs');
  const axis = axisIn(numberAttr(context, 'axis', 1), head.shape.length);
  for (const { shape } of parts) {
    if (`${shape.with(axis, 0)}` !== `${head.shape.with(axis, 0)}`) {
      refuse(`[${head.shape}] and [${shape}] do not join`);
    }
  }
  const total = parts.reduce((n, part) => n + part.shape[axis]!, 0);
  checkShape(head.shape.with(axis, total));
  return first(
    joinParts(
      context,
      parts,
      joinPick(
        parts.map(part => part.shape),
        axis,
      ),
    ),
  );
};

/**
 * Elements of all parts laid end to end. Data beside constants (the class token) becomes a view with holes and an
 * affine shift that fills them: on the chip a constant row is a bias.
 */
export function joinParts(context: OpContext, parts: readonly Value[], pick: Pick): Value {
  const fill = pickValue(constantsOf(parts), pick);
  if (fill.kind === 'constant' && parts.every(part => part.kind === 'constant')) return fill;
  const joined = concatenate(parts.map(part => (part.kind === 'data' ? part : sizeOf(part.shape))));
  const length = parts.reduce((n, part) => n + sizeOf(part.shape), 0);
  const data = pickValue(dataOf({ ...joined, shape: [length] }), pick);
  if (data.kind !== 'data' || fill.kind !== 'constant') return refuse('it joins nothing');
  return dataOf(putAffine(context.draft, data, undefined, finiteValues(fill), context.node.name));
}

/** All parts end to end, 0 where a part is data. */
function constantsOf(parts: readonly Value[]): Value {
  const known = parts.find(part => part.kind === 'constant');
  const element = known?.element ?? 'float32';
  const data = makeNumbers(
    element,
    parts.reduce((n, part) => n + sizeOf(part.shape), 0),
  );
  let at = 0;
  for (const part of parts) {
    if (part.kind === 'constant') data.set(part.data, at);
    at += sizeOf(part.shape);
  }
  return constantOf(element, [data.length], data);
}

const pad: OpRule = context => {
  const x = inputAt(context, 0);
  const mode = stringAttr(context, 'mode', 'constant');
  if (mode !== 'constant') refuse(`mode ${mode}`);
  const value = optionalConstantAt(context, 2, 'the value')?.data[0] ?? numberAttr(context, 'value', 0);
  if (value !== 0) refuse(`padding with ${value}; only 0 is supported`);
  const pads = numbersAt(context, 1, 'pads') ?? refuse('it has no pads');
  const axes = axesIn(numbersAt(context, 3, 'axes') ?? x.shape.map((_, axis) => axis), x.shape.length);
  if (pads.length !== 2 * axes.length) refuse(`${pads.length} pads for ${axes.length} axes`);
  const before = x.shape.map((_, axis) => pads[axes.indexOf(axis)] ?? 0);
  const after = x.shape.map((_, axis) => (axes.includes(axis) ? pads[axes.length + axes.indexOf(axis)]! : 0));
  checkShape(x.shape.map((size, axis) => size + before[axis]! + after[axis]!));
  return first(pickValue(x, padPick(x.shape, before, after)));
};

/** The network is compiled in the chip's numbers, so a cast between float types says nothing. */
const cast: OpRule = context => {
  const x = inputAt(context, 0);
  const to = elementOf(numberAttr(context, 'to', 0)) ?? refuse('it casts to an unknown type');
  if (x.kind === 'data') return isFloat(to) ? first(x) : refuse(`data is cast to ${to}`);
  const convert = isFloat(to)
    ? (v: number) => v
    : to === 'bool'
      ? (v: number) => (v === 0 ? 0 : 1)
      : Math.trunc;
  const out = makeNumbers(to, x.data.length);
  for (let i = 0; i < out.length; i++) out[i] = convert(x.data[i]!);
  return first(constantOf(to, x.shape, out));
};

const shapeOf: OpRule = context => {
  const { shape } = inputAt(context, 0);
  const [start, end] = [numberAttr(context, 'start', 0), numberAttr(context, 'end', shape.length)];
  const sizes = shape.slice(start, end);
  return first(constantOf('int64', [sizes.length], Float64Array.from(sizes)));
};

const size: OpRule = context =>
  first(constantOf('int64', [], Float64Array.of(sizeOf(inputAt(context, 0).shape))));

export const viewOps: { readonly [operator: string]: OpRule } = {
  Identity: identity,
  Dropout: dropout,
  Reshape: reshape,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Transpose: transpose,
  Expand: expand,
  Slice: slice,
  Split: split,
  Gather: gather,
  Concat: concat,
  Pad: pad,
  Cast: cast,
  Shape: shapeOf,
  Size: size,
};
