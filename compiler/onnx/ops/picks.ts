/** Operators that move numbers as constants say: gather, scatter, tile, pad, blocks of space. */
import { sizeOf } from '../../../ir/dialect.ts';
import { HOLE } from '../../../ir/map.ts';
import {
  gatherPick,
  type Pick,
  padPick,
  pickOf,
  slicePick,
  stridesOf,
  transposePick,
} from '../../ann/indices.ts';
import {
  axesIn,
  axisIn,
  type ConstantValue,
  checkShape,
  constantAt,
  entryOf,
  inputAt,
  numberAttr,
  numbersAt,
  type OpContext,
  type OpRule,
  optionalConstantAt,
  pickValue,
  refuse,
  reshapeValue,
  stringAttr,
  type Value,
} from '../context.ts';
import { add, expandTo, makeConstant, mapConstant } from './arithmetic.ts';
import type { OpEntry, OpTable } from './entry.ts';
import { FARTHEST } from './windows.ts';

/** An index of an axis; a negative one counts from its end. */
export function placeIn(index: number, size: number): number {
  const at = index < 0 ? index + size : index;
  return Number.isInteger(at) && at >= 0 && at < size
    ? at
    : refuse(`index ${index} of an axis of size ${size}`);
}

const gather: OpRule = context => {
  const x = inputAt(context, 0);
  const axis = axisIn(numberAttr(context, 'axis', 0), x.shape.length);
  const { data, shape } = constantAt(context, 1, 'the index');
  const indices = Array.from(data, i => placeIn(i, x.shape[axis]!));
  checkShape([...x.shape.toSpliced(axis, 1), ...shape]);
  return [pickValue(x, gatherPick(x.shape, axis, indices, shape))];
};

/** Where element i of `indices` points to in a tensor of `shape`, along `axis`. */
export function elementPlaces(indices: ConstantValue, shape: readonly number[], axis: number): Int32Array {
  const strides = stridesOf(shape);
  const own = stridesOf(indices.shape);
  const fits = indices.shape.every((size, a) => a === axis || size <= shape[a]!);
  if (indices.shape.length !== shape.length || !fits) refuse(`index [${indices.shape}] of [${shape}]`);
  return Int32Array.from(indices.data, (index, i) =>
    own.reduce((at, step, a) => {
      const coordinate = a === axis ? placeIn(index, shape[axis]!) : Math.floor(i / step) % indices.shape[a]!;
      return at + coordinate * strides[a]!;
    }, 0),
  );
}

/** Where the slice named by each row of `indices` begins, behind `batch` shared axes. */
export function slicePlaces(indices: ConstantValue, shape: readonly number[], batch: number) {
  const depth = indices.shape.at(-1) ?? refuse('its index has no axes');
  if (batch + depth > shape.length || batch >= indices.shape.length)
    refuse(`index [${indices.shape}] of [${shape}]`);
  const strides = stridesOf(shape);
  const inner = sizeOf(shape.slice(batch + depth));
  const rows = sizeOf(indices.shape.slice(0, -1));
  const perBatch = rows / Math.max(1, sizeOf(shape.slice(0, batch)));
  const first = Int32Array.from({ length: rows }, (_, row) => {
    let at = batch === 0 ? 0 : Math.floor(row / perBatch) * strides[batch - 1]!;
    for (let d = 0; d < depth; d++)
      at += placeIn(indices.data[row * depth + d]!, shape[batch + d]!) * strides[batch + d]!;
    return at;
  });
  const shapeOfSlices = [...indices.shape.slice(0, -1), ...shape.slice(batch + depth)];
  return { places: spreadSlices(first, inner), shape: shapeOfSlices };
}

/** Each slice element by element. */
function spreadSlices(first: Int32Array, inner: number): Int32Array {
  checkShape([first.length, inner]);
  const out = new Int32Array(first.length * inner);
  for (let i = 0; i < out.length; i++) out[i] = first[Math.floor(i / inner)]! + (i % inner);
  return out;
}

const gatherElements: OpRule = context => {
  const x = inputAt(context, 0);
  const indices = constantAt(context, 1, 'the index');
  const axis = axisIn(numberAttr(context, 'axis', 0), x.shape.length);
  const places = elementPlaces(indices, x.shape, axis);
  return [pickValue(x, pickOf(places, indices.shape, sizeOf(x.shape)))];
};

const gatherNd: OpRule = context => {
  const x = inputAt(context, 0);
  const indices = constantAt(context, 1, 'the index');
  const { places, shape } = slicePlaces(indices, x.shape, numberAttr(context, 'batch_dims', 0));
  return [pickValue(x, pickOf(places, checkShape(shape), sizeOf(x.shape)))];
};

/** Repeats of an axis are an axis of their own that is spread and merged. */
const tile: OpRule = context => {
  const x = inputAt(context, 0);
  const repeats = Array.from(constantAt(context, 1, 'the repeats').data);
  if (repeats.length !== x.shape.length) refuse(`${repeats.length} repeats for ${x.shape.length} axes`);
  const wanted = checkShape(x.shape.map((size, axis) => size * repeats[axis]!));
  const split = reshapeValue(
    x,
    x.shape.flatMap(size => [1, size]),
  );
  const spread = expandTo(
    split,
    x.shape.flatMap((size, axis) => [repeats[axis]!, size]),
  );
  return [reshapeValue(spread, wanted)];
};

/** Only the elements that `keeps` names, 0 elsewhere; over the last two axes. */
function maskLast(x: Value, keeps: (row: number, column: number) => boolean): Value {
  const [rows, columns] = x.shape.slice(-2) as [number, number];
  const index = Int32Array.from({ length: sizeOf(x.shape) }, (_, i) =>
    keeps(Math.floor(i / columns) % rows, i % columns) ? i : HOLE,
  );
  return pickValue(x, pickOf(index, x.shape, index.length));
}

const trilu: OpRule = context => {
  const x = inputAt(context, 0);
  if (x.shape.length < 2) refuse(`[${x.shape}] is no matrix`);
  const k = optionalConstantAt(context, 1, 'the diagonal')?.data[0] ?? 0;
  const isUpper = numberAttr(context, 'upper', 1) === 1;
  return [maskLast(x, (row, column) => (isUpper ? column - row >= k : column - row <= k))];
};

/** Coordinate of the element that stands at place i of a padded axis. */
const COORDINATES: { readonly [mode: string]: (i: number, size: number) => number } = {
  edge: (i, size) => Math.min(Math.max(i, 0), size - 1),
  wrap: (i, size) => ((i % size) + size) % size,
  reflect: (i, size) => {
    const period = Math.max(1, 2 * (size - 1));
    const at = ((i % period) + period) % period;
    return Math.min(at, period - at);
  },
};

const pad: OpRule = context => {
  const x = inputAt(context, 0);
  const pads = numbersAt(context, 1, 'pads') ?? refuse('it has no pads');
  const axes = axesIn(numbersAt(context, 3, 'axes') ?? x.shape.map((_, axis) => axis), x.shape.length);
  if (pads.length !== 2 * axes.length) refuse(`${pads.length} pads for ${axes.length} axes`);
  if (pads.some(n => !Number.isInteger(n) || Math.abs(n) >= FARTHEST)) refuse(`pads [${pads}]`);
  const before = x.shape.map((_, axis) => pads[axes.indexOf(axis)] ?? 0);
  const after = x.shape.map((_, axis) => (axes.includes(axis) ? pads[axes.length + axes.indexOf(axis)]! : 0));
  checkShape(x.shape.map((size, axis) => size + before[axis]! + after[axis]!));
  const mode = stringAttr(context, 'mode', 'constant');
  if (mode === 'constant') {
    const value = optionalConstantAt(context, 2, 'the value')?.data[0] ?? numberAttr(context, 'value', 0);
    return [padWith(context, x, padPick(x.shape, before, after), value)];
  }
  const coordinate = entryOf(COORDINATES, mode) ?? refuse(`mode ${mode}`);
  return [
    x.shape.reduce<Value>((y, size, axis) => {
      const length = size + before[axis]! + after[axis]!;
      if (size === 0 && length > 0) refuse('it pads an axis without elements');
      const places = Array.from({ length }, (_, i) => coordinate(i - before[axis]!, size));
      return pickValue(y, gatherPick(y.shape, axis, places, [length]));
    }, x),
  ];
};

/** `value` where the pick has holes. */
export function padWith(context: OpContext, x: Value, pick: Pick, value: number): Value {
  const padded = pickValue(x, pick);
  if (value === 0) return padded;
  const element = x.kind === 'constant' ? x.element : 'float64';
  const inside = pickValue(
    makeConstant(element, x.shape, () => 1),
    pick,
  );
  if (inside.kind === 'data') return refuse('it is no constant');
  return add(
    context,
    padded,
    mapConstant(inside, v => (v === 0 ? value : 0)),
  );
}

/** Axes split into factors, ordered anew and merged. */
function regroup(
  x: Value,
  split: readonly number[],
  order: readonly number[],
  merged: readonly number[],
): Value {
  const parts = reshapeValue(x, split);
  return reshapeValue(pickValue(parts, transposePick(parts.shape, order)), merged);
}

function imageShape(x: Value): readonly [number, number, number, number] {
  return x.shape.length === 4
    ? (x.shape as readonly [number, number, number, number])
    : refuse(`[${x.shape}] is no image of [batch, channels, height, width]`);
}

const depthToSpace: OpRule = context => {
  const x = inputAt(context, 0);
  const [n, c, h, w] = imageShape(x);
  const b = numberAttr(context, 'blocksize', 0);
  if (!Number.isInteger(b) || b < 1 || c % (b * b) !== 0) refuse(`blocks of ${b} in ${c} channels`);
  const depth = c / (b * b);
  const merged = [n, depth, h * b, w * b];
  return [
    stringAttr(context, 'mode', 'DCR') === 'CRD'
      ? regroup(x, [n, depth, b, b, h, w], [0, 1, 4, 2, 5, 3], merged)
      : regroup(x, [n, b, b, depth, h, w], [0, 3, 4, 1, 5, 2], merged),
  ];
};

const spaceToDepth: OpRule = context => {
  const x = inputAt(context, 0);
  const [n, c, h, w] = imageShape(x);
  const b = numberAttr(context, 'blocksize', 0);
  if (!Number.isInteger(b) || b < 1 || h % b !== 0 || w % b !== 0) refuse(`blocks of ${b} in [${x.shape}]`);
  const merged = [n, c * b * b, h / b, w / b];
  const isChannelFirst = stringAttr(context, 'mode', 'DCR') === 'CRD';
  const order = isChannelFirst ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4];
  return [regroup(x, [n, c, h / b, b, w / b, b], order, merged)];
};

/** The first numbers of each sequence the other way round. */
const reverseSequence: OpRule = context => {
  const x = inputAt(context, 0);
  const lengths = constantAt(context, 1, 'the lengths').data;
  const rank = x.shape.length;
  const time = axisIn(numberAttr(context, 'time_axis', 0), rank);
  const batch = axisIn(numberAttr(context, 'batch_axis', 1), rank);
  if (lengths.length !== x.shape[batch]!) refuse(`${lengths.length} lengths for ${x.shape[batch]} sequences`);
  if (lengths.some(length => !(length >= 0 && length <= x.shape[time]!))) refuse('a length is out of range');
  const strides = stridesOf(x.shape);
  const index = Int32Array.from({ length: sizeOf(x.shape) }, (_, i) => {
    const [t, b] = [time, batch].map(axis => Math.floor(i / strides[axis]!) % x.shape[axis]!) as [
      number,
      number,
    ];
    const length = lengths[b]!;
    return t < length ? i + (length - 1 - 2 * t) * strides[time]! : i;
  });
  return [pickValue(x, pickOf(index, x.shape, index.length))];
};

/** Elements that a constant condition keeps. */
const compress: OpRule = context => {
  const given = context.node.attributes.has('axis');
  const input = inputAt(context, 0);
  const x = given ? input : reshapeValue(input, [sizeOf(input.shape)]);
  const axis = axisIn(given ? numberAttr(context, 'axis', 0) : 0, x.shape.length);
  const condition = constantAt(context, 1, 'the condition').data;
  const kept = Array.from(condition.keys()).filter(i => condition[i] !== 0 && i < x.shape[axis]!);
  return [pickValue(x, gatherPick(x.shape, axis, kept, [kept.length]))];
};

/** Around the middle; what is odd is cut or added at the end. */
const centerCropPad: OpRule = context => {
  const x = inputAt(context, 0);
  const wanted = Array.from(constantAt(context, 1, 'the shape').data);
  const axes = axesIn(numbersAt(context, 2, 'axes') ?? x.shape.map((_, axis) => axis), x.shape.length);
  if (wanted.length !== axes.length) refuse(`${wanted.length} sizes for ${axes.length} axes`);
  return [
    axes.reduce<Value>((y, axis, i) => {
      const [size, target] = [y.shape[axis]!, wanted[i]!];
      checkShape(y.shape.with(axis, target));
      const before = Math.floor(Math.abs(target - size) / 2);
      if (target <= size) return pickValue(y, slicePick(y.shape, axis, before, 1, target));
      const none = y.shape.map(() => 0);
      return pickValue(y, padPick(y.shape, none.with(axis, before), none.with(axis, target - size - before)));
    }, x),
  ];
};

const moves = (rule: OpRule, limits?: string): OpEntry => ({
  rule,
  movesNumbers: true,
  ...(limits === undefined ? {} : { limits }),
});

export const pickOps: OpTable = {
  Gather: moves(gather, 'the index is a constant'),
  GatherElements: moves(gatherElements, 'the index is a constant'),
  GatherND: moves(gatherNd, 'the index is a constant'),
  Tile: moves(tile),
  Trilu: moves(trilu),
  Pad: moves(pad, 'the value is a constant'),
  DepthToSpace: moves(depthToSpace),
  SpaceToDepth: moves(spaceToDepth),
  ReverseSequence: moves(reverseSequence, 'the lengths are constants'),
  Compress: moves(compress, 'the condition is a constant'),
  CenterCropPad: moves(centerCropPad, 'the shape is a constant'),
};
