/** What the rule of an operator works with: its node, its operands, and the graph that is being written. */

import type { Report } from '../../ir/diagnostics/diagnostic.ts';
import { sizeOf } from '../../ir/dialect.ts';
import { HOLE, printMap, type StridedMap } from '../../ir/map.ts';
import { eachRun } from '../../ir/runs.ts';
import type { Draft } from '../ann/draft.ts';
import type { Pick } from '../ann/indices.ts';
import { type Selection, select } from '../ann/selection.ts';
import type { Values } from '../ann/values.ts';
import type { OnnxGraph, OnnxNode } from './model.ts';
import { type ElementType, makeNumbers, type Numbers, type OnnxTensor, type TensorSource } from './tensor.ts';

/** Numbers that are read from the file when they are wanted. */
export interface Late {
  /** How they come about: equal keys are equal numbers. */
  readonly key: string;
  /** The tensor of the file. */
  readonly origin: string;
  read(): Numbers;
}

/** Known when the network is compiled. */
export interface ConstantValue extends OnnxTensor {
  readonly kind: 'constant';
  /** Weights stay in the file until `data` is touched. */
  readonly lazy?: Late;
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
  /** The results of a graph in an attribute, which may read the values around it. */
  run(graph: OnnxGraph): readonly Value[];
  /** Announces work on constants beyond one step for each number of operands and results. Throws Refusal. */
  spend(steps: number): void;
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

/** A tensor of the file holds numbers that are not finite: E0104. */
export function refuseNumbers(tensor: string, count: number): never {
  throw new Refusal('', report => report('E0104', { origin: tensor }, { tensor, count }));
}

/** What a table has under a name of the file: `constructor` is no entry of any. */
export const entryOf = <T>(table: { readonly [name: string]: T }, name: string): T | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;

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
  if (attribute?.kind !== 'numbers') return undefined;
  return attribute.values.some(Number.isNaN) ? refuse(`attribute ${name} is not a number`) : attribute.values;
}
export const numberAttr = (context: OpContext, name: string, otherwise: number): number =>
  numbersAttr(context, name)?.[0] ?? otherwise;

/** What a norm adds to a variance, so that it does not divide by 0. */
export function epsilonOf(context: OpContext, otherwise: number): number {
  const epsilon = numberAttr(context, 'epsilon', otherwise);
  return epsilon >= 0 && Number.isFinite(epsilon) ? epsilon : refuse(`epsilon ${epsilon}`);
}

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
/** A constant that is read when it is touched; `read` keeps nothing, `data` keeps what it read. */
export function lazyConstant(element: ElementType, shape: readonly number[], lazy: Late): ConstantValue {
  let data: Numbers | undefined;
  return {
    kind: 'constant',
    element,
    shape,
    lazy,
    get data() {
      data ??= lazy.read();
      return data;
    },
  };
}

/** A constant computed from another, late where that one is; `what` names the computation. */
export function derivedConstant(
  from: ConstantValue,
  what: string,
  element: ElementType,
  shape: readonly number[],
  compute: (data: Numbers) => Numbers,
): ConstantValue {
  const { lazy } = from;
  return lazy === undefined
    ? constantOf(element, shape, compute(from.data))
    : lazyConstant(element, shape, {
        key: `${lazy.key} ${what}`,
        origin: lazy.origin,
        read: () => compute(lazy.read()),
      });
}

export const dataOf = (selection: Selection): DataValue => ({ ...selection, kind: 'data' });

/** An operator that only moves numbers, on either kind of value. */
export function pickValue(value: Value, pick: Pick): Value {
  if (value.kind === 'data') return dataOf(select(value, pick));
  const { index, shape } = pick;
  if (index === undefined) return reshapeValue(value, shape);
  const { element } = value;
  return derivedConstant(value, `${printMap(index)} [${shape}]`, element, shape, data =>
    gatherNumbers(data, index, element),
  );
}

/** Cost: linear in the result; no list of indices is made. */
function gatherNumbers(data: Numbers, index: StridedMap, element: ElementType): Numbers {
  const out = makeNumbers(element, index.length);
  let at = 0;
  for (const segment of index.segments) {
    eachRun(segment, (start, stride, count) => {
      if (start !== HOLE && stride === 1) out.set(data.subarray(start, start + count), at);
      else if (start !== HOLE) for (let i = 0; i < count; i++) out[at + i] = data[start + i * stride]!;
      at += count;
    });
  }
  return out;
}

export function reshapeValue(value: Value, shape: readonly number[]): Value {
  if (value.kind === 'data') return { ...value, shape };
  return derivedConstant(value, `[${shape}]`, value.element, shape, data => data);
}

/**
 * What is added to a score that must not count. e^−10000 is 0 in any floating-point type, and scores that differ by
 * that much were one-hot before; −∞ has no place among the constants of a network.
 */
export const MASKED = -10000;

/** Numbers to add: −∞ is a mask and becomes a number that masks as well. */
export function offsetValues(value: ConstantValue): Values {
  const { data, shape } = value;
  if (!data.includes(Number.NEGATIVE_INFINITY)) return finiteValues(value);
  const masked = Float64Array.from(data, x => (x === Number.NEGATIVE_INFINITY ? MASKED : x));
  return finiteValues(constantOf('float64', shape, masked));
}

/** The numbers of a constant that becomes part of the network: all finite. */
export function finiteValues(value: ConstantValue): Values {
  const at = value.data.findIndex(x => !Number.isFinite(x));
  return at < 0 ? value : refuse('a constant holds numbers that are not finite');
}
