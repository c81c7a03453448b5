/** One operator in a model of its own, with its operands as the image or as constants. */

import { type Attributes, buildModel, type ModelBuilder } from './build.ts';
import { imported, outputsOf } from './run.ts';

export interface Call {
  readonly opset?: number;
  readonly domain?: string;
  readonly attributes?: Attributes;
  /** Inputs behind the first. */
  readonly more?: (m: ModelBuilder) => readonly string[];
}

/** The operator's result for an image of [1, …shape]. */
export function ofData(
  operator: string,
  shape: readonly number[],
  x: ArrayLike<number>,
  call: Call = {},
): readonly number[] {
  const m = buildModel(call.opset ?? 18, call.domain);
  const y = m.op(operator, ['input', ...(call.more?.(m) ?? [])], call.attributes);
  return outputsOf(imported(m.bytes([1, ...shape], [y])), Array.from(x));
}

/** Everything constant: adds the result to an image of zeros and reads it back. */
export function ofConstants(write: (m: ModelBuilder) => string, size: number, opset = 18): readonly number[] {
  const m = buildModel(opset);
  const value = m.op('Reshape', [m.op('Cast', [write(m)], { to: 1 }), m.ints(1, -1)]);
  return outputsOf(imported(m.bytes([1, size], [m.op('Add', ['input', value])])), new Float64Array(size));
}
