/** What the rule of an operator works with: its node, its operands, and the graph that is being written. */

import type { Report } from '../../ir/diagnostics/diagnostic.ts';
import { sizeOf } from '../../ir/dialect.ts';
import { HOLE } from '../../ir/map.ts';
import type { Draft } from '../ann/draft.ts';
import type { Pick } from '../ann/indices.ts';
import { type Selection, select } from '../ann/selection.ts';
import type { Values } from '../ann/values.ts';
import type { OnnxNode } from './model.ts';
import { type ElementType, makeNumbers, type Numbers, type OnnxTensor, type TensorSource } from './tensor.ts';

/** Known when the network is compiled. */
export interface ConstantValue extends OnnxTensor {
  readonly kind: 'constant';
}
/** Depends on the image. Shapes are ONNX's own, the batch axis with size 1 included. */
export interface DataValue extends Selection {
  readonly kind: 'data';
}
export type Value = ConstantValue | DataValue;

export interface OpContext {
  readonly node: OnnxNode;
  readonly opset: number;
  readonly draft: Draft;
  /** Undefined: an optional input that is not there. */
  readonly inputs: readonly (Value | undefined)[];
  /** The numbers of a tensor of the file, checked. */
  load(tensor: TensorSource): ConstantValue;
}

/** One operator: operands → results, as many of them as it has. Throws Refusal. */
export type OpRule = (context: OpContext) => readonly Value[];

/** The operator is known, but this use of it is not supported or makes no sense: E0106, or what `tell` says. */
export class Refusal extends Error {
  readonly tell: ((report: Report) => void) | undefined;
  constructor(reason: string, tell?: (report: Report) => void) {
    super(reason);
    this.name = 'Refusal';
    this.tell = tell;
  }
}

export function refuse(reason: string): never {
  throw new Refusal(reason);
}

export function inputAt({ inputs }: OpContext, at: number): Value {
  return inputs[at] ?? refuse(`input ${at} is missing`);
}

export function constantAt(context: OpContext, at: number, what: string): ConstantValue {
  const value = inputAt(context, at);
  return value.kind === 'constant'
    ? value
    : refuse(`${what} must be a constant; here it depends on the image`);
}

export const optionalConstantAt = (
  context: OpContext,
  at: number,
  what: string,
): ConstantValue | undefined =>
  context.inputs[at] === undefined ? undefined : constantAt(context, at, what);

export function numbersAttr({ node }: OpContext, name: string): readonly number[] | undefined {
  const attribute = node.attributes.get(name);
  return attribute?.kind === 'numbers' ? attribute.values : undefined;
}
export const numberAttr = (context: OpContext, name: string, otherwise: number): number =>
  numbersAttr(context, name)?.[0] ?? otherwise;

export function stringAttr({ node }: OpContext, name: string, otherwise: string): string {
  const attribute = node.attributes.get(name);
  return attribute?.kind === 'strings' ? (attribute.values[0] ?? otherwise) : otherwise;
}

/** A list that is an attribute in old operator sets and an input in new ones. */
export function numbersAt(context: OpContext, at: number, name: string): readonly number[] | undefined {
  const given = context.inputs[at] === undefined ? undefined : constantAt(context, at, name);
  return given === undefined ? numbersAttr(context, name) : Array.from(given.data);
}

/** −1 is the last axis. */
export function axisIn(axis: number, rank: number): number {
  const at = axis < 0 ? axis + rank : axis;
  return Number.isInteger(at) && at >= 0 && at < rank
    ? at
    : refuse(`axis ${axis} of a tensor with ${rank} axes`);
}
export const axesIn = (axes: readonly number[], rank: number): readonly number[] =>
  axes.map(a => axisIn(a, rank));

/** The largest tensor of a ViT-g has 5 million numbers; a list of indices takes 4 bytes for each. */
const MAX_SIZE = 2 ** 25;

export function checkShape(shape: readonly number[]): readonly number[] {
  if (shape.some(size => !Number.isInteger(size) || size < 0))
    refuse(`a shape would be [${shape.join(', ')}]`);
  const size = sizeOf(shape);
  return size <= MAX_SIZE ? shape : refuse(`a tensor of shape [${shape.join(', ')}] is too large`);
}

export const constantOf = (element: ElementType, shape: readonly number[], data: Numbers): ConstantValue => ({
  kind: 'constant',
  element,
  shape,
  data,
});
export const dataOf = (selection: Selection): DataValue => ({ ...selection, kind: 'data' });

/** An operator that only moves numbers, on either kind of value. */
export function pickValue(value: Value, pick: Pick): Value {
  if (value.kind === 'data') return dataOf(select(value, pick));
  const { index, shape } = pick;
  const { element, data } = value;
  if (index === undefined) return { ...value, shape };
  const out = makeNumbers(element, index.length);
  for (let i = 0; i < out.length; i++) out[i] = index[i] === HOLE ? 0 : data[index[i]!]!;
  return constantOf(element, shape, out);
}

export const reshapeValue = (value: Value, shape: readonly number[]): Value => ({ ...value, shape });

/** The numbers of a constant that becomes part of the network: all finite. */
export function finiteValues(value: ConstantValue): Values {
  const at = value.data.findIndex(x => !Number.isFinite(x));
  return at < 0 ? value : refuse(`a constant holds ${value.data[at]}`);
}
