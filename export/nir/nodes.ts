/** Nodes of NIR and their fields, as they are written. */
import { type NirGroup, type NirNumbers, type NirValue, nirGroup, nirText } from '../../ir/nir-value.ts';

export const node = (type: string, fields: Readonly<Record<string, NirValue>>): NirGroup =>
  nirGroup([...Object.entries(fields), ['type', nirText(type)]]);
export const reals = (data: Float64Array, shape: readonly number[] = [data.length]): NirNumbers => ({
  ...{ kind: 'numbers', shape, data, store: 'float64' },
});
export const wholes = (data: readonly number[]): NirNumbers => ({
  ...{ kind: 'numbers', shape: [data.length], data: Float64Array.from(data), store: 'int64' },
});
