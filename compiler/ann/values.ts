/** Constants as numbers: broadcast, compared and stored in the one form that equal numbers share. */
import type { ConstantPool, ConstId } from '../../ir/constants.ts';
import { sizeOf } from '../../ir/dialect.ts';
import { broadcastPick } from './indices.ts';

export interface Values {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/** One number for every element, or all numbers of a tensor in order. */
export type Field = number | Float64Array;

/** `values` spread over `shape`. Needs: broadcasts to it. */
export function fieldOf(values: Values, shape: readonly number[]): Field {
  const { data } = values;
  const uniform = uniformOf(data);
  if (uniform !== undefined) return uniform;
  const out = new Float64Array(sizeOf(shape));
  const isSuffix = `${shape.slice(shape.length - values.shape.length)}` === `${values.shape}`;
  if (isSuffix) {
    for (let at = 0; at < out.length; at += data.length) out.set(data, at);
    return out;
  }
  const { index } = broadcastPick(values.shape, shape);
  for (let i = 0; i < out.length; i++) out[i] = data[index?.[i] ?? i]!;
  return out;
}

/** The number that every element is. */
export function uniformOf(data: ArrayLike<number>): number | undefined {
  const first = data[0];
  for (let i = 1; i < data.length; i++) if (data[i] !== first) return undefined;
  return first;
}

export const constantValues = (constants: ConstantPool, id: ConstId): Values => constants.get(id);

/** The one number of a constant, neutral where there is none; undefined where it holds different ones. */
export const uniformConstant = (constants: ConstantPool, id: ConstId | undefined, neutral: number) =>
  id === undefined ? neutral : uniformOf(constants.get(id).data);

/**
 * Stores a field that belongs to a tensor of `shape` with as few leading axes as say everything, in single
 * precision where that is exact: equal numbers get equal names, however they were written.
 */
export function storeField(constants: ConstantPool, field: Field, shape: readonly number[]): ConstId {
  if (typeof field === 'number') return storeNumbers(constants, Float64Array.of(field), []);
  for (let axis = shape.length; axis >= 0; axis--) {
    const suffix = shape.slice(axis);
    const period = sizeOf(suffix);
    if (field.every((value, i) => value === field[i % period])) {
      return storeNumbers(constants, field.slice(0, period), suffix);
    }
  }
  return storeNumbers(constants, field, shape);
}

export function storeNumbers(constants: ConstantPool, data: Float64Array, shape: readonly number[]): ConstId {
  const single = Float32Array.from(data);
  return single.every((value, i) => value === data[i])
    ? constants.add({ dtype: 'f32', shape, data: single })
    : constants.add({ dtype: 'f64', shape, data });
}
