/**
 * Networks between the floating-point one and the integer one: each differs from the reference in one of the three
 * things that conversion changes, so that what it loses is that thing's error alone.
 *
 *   thresholds  neurons fire; weights and functions stay exact, biases are corrected for what firing leaves out
 *   weights     values pass as they are through weights and constants rounded to integers
 *   tables      values pass as they are through functions made of tables, and states rounded to their formats
 */
import type { ConstantPool, ConstId } from '../../ir/constants.ts';
import { nodeMap, type ValueId } from '../../ir/dialect.ts';
import { fastParts } from '../../ir/fast/snn.ts';
import { pow2, saturate } from '../../ir/fixed.ts';
import type { IntGraph, IntNode, IntOf } from '../../ir/int.ts';
import {
  createSnnRunner,
  preparePopulation,
  type SnnRunner,
  targetFunction,
} from '../../ir/interpret/snn.ts';
import { makeSomaFunction } from '../../ir/interpret/soma.ts';
import type { SnnGraph, SnnNode, SnnOf } from '../../ir/snn.ts';

export interface Variant {
  readonly emits: 'spikes' | 'values';
  readonly weights: 'exact' | 'integers';
  readonly functions: 'exact' | 'tables';
}
export const VARIANTS = {
  reference: { emits: 'values', weights: 'exact', functions: 'exact' },
  thresholds: { emits: 'spikes', weights: 'exact', functions: 'exact' },
  weights: { emits: 'values', weights: 'integers', functions: 'exact' },
  tables: { emits: 'values', weights: 'exact', functions: 'tables' },
} as const satisfies Readonly<Record<string, Variant>>;
export type VariantName = keyof typeof VARIANTS;

/** A compiled network: what it is in real numbers and in integers, and its biases before they were corrected. */
export interface Lowered {
  readonly snn: SnnGraph;
  readonly int: IntGraph;
  readonly biases: ReadonlyMap<ValueId, Float64Array>;
}

/** What a function gave by tables, and what it would have given exactly. */
export type FunctionObserver = (node: SnnOf<'population'>, exact: Float64Array, table: Float64Array) => void;

export function createVariant(
  lowered: Lowered,
  variant: Variant,
  observe: FunctionObserver = () => {},
): SnnRunner {
  const graph = variantGraph(lowered, variant);
  const parts = fastParts(graph);
  if (variant.functions === 'exact') return createSnnRunner(graph, parts);
  const tables = tableSoma(lowered, observe);
  return createSnnRunner(graph, {
    ...parts,
    population: (node, network) => preparePopulation(node, network, tables(node)),
  });
}

export function variantGraph(lowered: Lowered, { emits, weights }: Variant): SnnGraph {
  const { snn, int } = lowered;
  const integers = nodeMap(int.nodes);
  const nodes = snn.nodes.map((node): SnnNode => {
    const plain = emits === 'values' ? withValues(node, lowered) : node;
    return weights === 'integers' ? withIntegers(plain, node, integers, lowered) : plain;
  });
  return { ...snn, nodes };
}

/** Sends values as they are, and with the biases that the network had before they made up for firing. */
function withValues(node: SnnNode, { snn, biases }: Lowered): SnnNode {
  if (node.kind === 'population' && node.attrs.emit.kind !== 'readout')
    return { ...node, attrs: { ...node.attrs, emit: { kind: 'relay' } } };
  const bias = node.kind === 'linear' ? biases.get(node.id) : undefined;
  return node.kind === 'linear' && bias !== undefined
    ? { ...node, attrs: { ...node.attrs, bias: put(snn.constants, bias, [bias.length], node) } }
    : node;
}

function put(
  pool: ConstantPool,
  data: Float64Array,
  shape: readonly number[],
  { attrs }: SnnOf<'linear'>,
): ConstId {
  const old = attrs.bias === undefined ? undefined : pool.get(attrs.bias).shape;
  return pool.add({
    dtype: 'f64',
    shape: old?.reduce((a, b) => a * b, 1) === data.length ? old : shape,
    data,
  });
}

/** `plain`: the node to change; `made`: the one that the integers were made of. */
function withIntegers(
  plain: SnnNode,
  made: SnnNode,
  integers: ReadonlyMap<ValueId, IntNode>,
  { snn, int }: Lowered,
): SnnNode {
  const { constants } = snn;
  const node = integers.get(plain.id);
  if (plain.kind === 'linear' && made.kind === 'linear' && node !== undefined) {
    const parts = partsOf(node, integers);
    return parts.length === 0 ? plain : integerLinear(plain, made, parts, integers, { snn, int });
  }
  if (plain.kind === 'depthwise' && node?.kind === 'depthwise') {
    const { shape, data } = int.constants.get(node.attrs.weight);
    const unit = unitsOf(node, integers, int);
    const channels = int.constants.get(node.attrs.scale).data.length;
    const exact = Float64Array.from(data, (w, i) => w * unit.weight((i % shape[1]!) % channels));
    const weight = constants.add({ dtype: 'f64', shape, data: exact });
    return { ...plain, attrs: { ...plain.attrs, weight } };
  }
  if (plain.kind === 'bias' && node?.kind === 'bias') {
    const { shape, data } = int.constants.get(node.attrs.value);
    const exact = Float64Array.from(data, b => b * pow2(-node.attrs.fraction));
    return { ...plain, attrs: { value: constants.add({ dtype: 'f64', shape, data: exact }) } };
  }
  return plain;
}

function integerLinear(
  plain: SnnOf<'linear'>,
  made: SnnOf<'linear'>,
  parts: readonly IntOf<'linear'>[],
  integers: ReadonlyMap<ValueId, IntNode>,
  { snn: { constants }, int }: Pick<Lowered, 'snn' | 'int'>,
): SnnNode {
  const { shape } = constants.get(plain.attrs.weight);
  const [inputs, channels] = shape as [number, number];
  const unit = unitsOf(parts[0]!, integers, int);
  const pieces = parts.map(part => int.constants.get(part.attrs.weight).data);
  const data = join(pieces, inputs * channels).map((w, i) => w * unit.weight(i % channels));
  const attrs = { ...plain.attrs, weight: constants.add({ dtype: 'f64', shape, data }) };
  const rounded = parts[0]!.attrs.bias;
  if (plain.attrs.bias === undefined || made.attrs.bias === undefined || rounded === undefined)
    return { ...plain, attrs };
  // What rounding did to the bias that was rounded, on top of the one that this network has.
  const own = constants.get(plain.attrs.bias);
  const exact = constants.get(made.attrs.bias).data;
  const whole = int.constants.get(rounded).data;
  const bias = Float64Array.from(own.data, (b, i) => b + whole[i]! * unit.sum(i % channels) - exact[i]!);
  return {
    ...plain,
    attrs: { ...attrs, bias: constants.add({ dtype: 'f64', shape: own.shape, data: bias }) },
  };
}

/** The linears that a linear became, in the order of its inputs (split-fan-in). */
function partsOf(node: IntNode, integers: ReadonlyMap<ValueId, IntNode>): readonly IntOf<'linear'>[] {
  if (node.kind === 'linear') return [node];
  if (node.kind !== 'relay') return [];
  return node.operands.flatMap(id => {
    const part = integers.get(id);
    const linear = part?.kind === 'population' ? integers.get(part.operands[0]!) : undefined;
    return linear?.kind === 'linear' ? [linear] : [];
  });
}

function join(arrays: readonly ArrayLike<number>[], length: number): Float64Array {
  const out = new Float64Array(length);
  let at = 0;
  for (const array of arrays) {
    out.set(array, at);
    at += array.length;
  }
  return out;
}

/** What a whole number of a weight, and of the sum it makes, stands for, per channel. */
function unitsOf(
  { operands, attrs }: IntOf<'linear'> | IntOf<'depthwise'>,
  integers: ReadonlyMap<ValueId, IntNode>,
  int: IntGraph,
) {
  const sums = int.constants.get(attrs.scale).data;
  const unit = (c: number) => sums[c % sums.length]!;
  const source = integers.get(operands[0]!);
  const payload = source === undefined ? 0 : payloadFraction(source);
  return { weight: (c: number) => pow2(payload - unit(c)), sum: (c: number) => pow2(-unit(c)) };
}

/** Fraction bits of what a node of stage `int` sends. */
export function payloadFraction(node: IntNode): number {
  if (node.kind === 'input') return node.attrs.fraction;
  if (node.kind !== 'population') return 0;
  return node.attrs.emit.kind === 'mt' ? node.attrs.emit.theta : node.attrs.outFraction;
}

/** Functions of real numbers by way of the integer ones: U is rounded to its format, y is what the tables say. */
function tableSoma({ snn, int }: Lowered, observe: FunctionObserver) {
  const integers = nodeMap(int.nodes);
  const { stateBits } = int.attrs;
  // F of the mean: what `rate` does to sums is not the tables' doing.
  const timeless: IntGraph = { ...int, attrs: { ...int.attrs, coding: 'sum' } };
  return (made: SnnOf<'population'>): ((mean: Float64Array) => void) | undefined => {
    const node = integers.get(made.id);
    if (node?.kind !== 'population') return undefined;
    const { fraction, outFraction } = node.attrs;
    const soma = makeSomaFunction(node, timeless);
    const exactly = targetFunction(made.attrs.function, made.type.shape.at(-1)!, snn.constants);
    return mean => {
      const u = mean.map(x => saturate(Math.floor(x * 2 ** fraction + 0.5), stateBits));
      const exact = mean.slice();
      exactly(exact);
      mean.set(soma(u, 1).map(y => y * pow2(-outFraction)));
      observe(made, exact, mean);
    };
  };
}
