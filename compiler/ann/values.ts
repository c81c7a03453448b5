/** Constants as numbers: broadcast, compared and stored in the one form that equal numbers share. */
import type { ConstantPool, ConstId, Tensor, TensorData } from '../../ir/constants.ts';
import { defect } from '../../ir/diagnostics/diagnostic.ts';
import { sizeOf } from '../../ir/dialect.ts';
import { expandMap } from '../../ir/map.ts';
import { broadcastPick } from './indices.ts';

export interface Values {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/**
 * A number for every element of a tensor: one for all, or a list that repeats over the tensor in row-major order
 * (a bias repeats row by row). Never longer than it must be: a bias of a large layer is not spread over its rows.
 */
export type Field = number | Float64Array;

/** `values` spread over `shape`. Needs: broadcasts to it. */
export function fieldOf(values: Values, shape: readonly number[]): Field {
  const { data } = values;
  const uniform = uniformOf(data);
  if (uniform !== undefined) return uniform;
  const own = values.shape.slice(values.shape.findIndex(size => size !== 1));
  const suffix = shape.slice(shape.length - own.length);
  const list = Float64Array.from(data);
  if (`${suffix}` === `${own}`) return list;
  const { index } = broadcastPick(own, suffix);
  return index === undefined ? list : Float64Array.from(expandMap(index), i => list[i]!);
}

/** The number that every element is. */
export function uniformOf(data: ArrayLike<number>): number | undefined {
  const first = data[0];
  for (let i = 1; i < data.length; i++) if (data[i] !== first) return undefined;
  return first;
}

/** How many numbers are infinite or none. */
export function countNonFinite(data: ArrayLike<number>): number {
  let count = 0;
  for (let i = 0; i < data.length; i++) if (data[i]! - data[i]! !== 0) count += 1;
  return count;
}

/** Element i of a field. */
export const fieldAt = (field: Field, i: number): number =>
  typeof field === 'number' ? field : field[i % field.length]!;

/** One field made of several, element by element, over a tensor of `size` elements. */
export function combineFields(
  fields: readonly Field[],
  size: number,
  combine: (...values: number[]) => number,
): Field {
  const lists = fields.filter(field => typeof field !== 'number');
  const longest = lists.reduce((n, list) => Math.max(n, list.length), 1);
  const length = lists.every(list => longest % list.length === 0) ? longest : size;
  const out = Float64Array.from({ length }, (_, i) => combine(...fields.map(field => fieldAt(field, i))));
  return uniformOf(out) ?? out;
}

/** A constant of the pool over a tensor of `shape`: where it lacks leading axes it repeats. */
export function constantField(constants: ConstantPool, id: ConstId | undefined, neutral: number): Field {
  if (id === undefined) return neutral;
  const { data } = constants.get(id);
  return uniformOf(data) ?? Float64Array.from(data);
}

/** The one number of a constant, neutral where there is none; undefined where it holds different ones. */
export const uniformConstant = (constants: ConstantPool, id: ConstId | undefined, neutral: number) =>
  id === undefined ? neutral : uniformOf(constants.get(id).data);

/** One number for each channel, or undefined where rows of channels differ. */
export function perChannel(field: Field, channels: number): Float64Array | undefined {
  if (typeof field === 'number') return new Float64Array(channels).fill(field);
  const row = Float64Array.from({ length: channels }, (_, c) => fieldAt(field, c));
  if (channels % field.length === 0) return row;
  return field.length % channels === 0 && repeats(field, channels) ? row : undefined;
}

function repeats(field: Float64Array, period: number): boolean {
  for (let i = period; i < field.length; i++) if (field[i] !== field[i - period]) return false;
  return true;
}

/**
 * Stores a field that belongs to a tensor of `shape` with as few leading axes as say everything, in single
 * precision where that is exact: equal numbers get equal names, however they were written.
 */
export function storeField(constants: ConstantPool, field: Field, shape: readonly number[]): ConstId {
  if (typeof field === 'number') return storeNumbers(constants, Float64Array.of(field), []);
  for (let axis = shape.length; axis >= 0; axis--) {
    const suffix = shape.slice(axis);
    const period = sizeOf(suffix);
    if (period % field.length === 0 || (field.length % period === 0 && repeats(field, period))) {
      return storeNumbers(
        constants,
        period <= field.length
          ? field.slice(0, period)
          : Float64Array.from({ length: period }, (_, i) => fieldAt(field, i)),
        suffix,
      );
    }
  }
  return defect(`a field of ${field.length} numbers over [${shape}]`);
}

function isSame(single: Float32Array, data: Float64Array): boolean {
  for (let i = 0; i < data.length; i++) if (single[i] !== data[i]) return false;
  return true;
}

export function storeNumbers(constants: ConstantPool, data: Float64Array, shape: readonly number[]): ConstId {
  const single = Float32Array.from(data);
  return isSame(single, data)
    ? constants.add({ dtype: 'f32', shape, data: single })
    : constants.add({ dtype: 'f64', shape, data });
}

/**
 * A constant computed from another one, read and computed late where that one is. `what` names the computation:
 * equal names of equal constants are equal numbers.
 */
export function deriveConstant(
  constants: ConstantPool,
  from: ConstId,
  what: string,
  shape: readonly number[],
  compute: (data: TensorData) => TensorData,
): ConstId {
  const source = constants.get(from);
  const origin = constants.originOf(from);
  if (origin === undefined) return storeTensor(constants, shape, compute(source.data));
  const dtype = source.dtype === 'f64' ? 'f64' : 'f32';
  const read = () => {
    const data = compute(source.data);
    return dtype === 'f64'
      ? Float64Array.from(data)
      : data instanceof Float32Array
        ? data
        : Float32Array.from(data);
  };
  return constants.addLazy({ dtype, shape, key: `${from} ${what}`, origin, read });
}

/** The constant itself in place of one that is read late: from here on it is held in memory. */
export const loadConstant = (constants: ConstantPool, id: ConstId): ConstId => {
  if (constants.originOf(id) === undefined) return id;
  const { shape, data }: Tensor = constants.get(id);
  return storeTensor(constants, shape, data);
};

export const storeTensor = (constants: ConstantPool, shape: readonly number[], data: TensorData): ConstId =>
  data instanceof Float32Array
    ? constants.add({ dtype: 'f32', shape, data })
    : storeNumbers(constants, data instanceof Float64Array ? data : Float64Array.from(data), shape);
