/**
 * Does a graph obey its stage? Generic rules come from the operator table, shape rules from the tables below.
 * Every violation is listed (E0203). Tests run it after every pass and after parsing.
 */
import type { AnnNode } from './ann.ts';
import type { ConstId } from './constants.ts';
import { type Diagnostic, makeDiagnostic } from './diagnostics/diagnostic.ts';
import {
  type AnyGraph,
  type AnyNode,
  type AttrSpec,
  type AttrSpecs,
  sizeOf,
  type ValueId,
} from './dialect.ts';
import type { IntNode } from './int.ts';
import { mapFits, type StridedMap } from './map.ts';
import { channelsPerNeuron, type SnnNode } from './snn.ts';

type Shape = readonly number[];
interface Lookup {
  shape(id: ValueId): Shape;
  constant(id: ConstId): Shape;
}

export function verifyGraph(graph: AnyGraph): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  const seen = new Map<ValueId, AnyNode>();
  const lookup: Lookup = {
    shape: id => seen.get(id)?.type.shape ?? [],
    constant: id => graph.constants.get(id).shape,
  };
  const complain = (node: { id: string; origin: string }, problem: string) => {
    found.push(makeDiagnostic('E0203', { origin: node.origin, pass: 'verify' }, { node: node.id, problem }));
  };
  for (const node of graph.nodes) {
    for (const problem of nodeProblems(node, graph, seen, lookup)) complain(node, problem);
    seen.set(node.id, node);
  }
  for (const id of graph.outputs) {
    if (!seen.has(id)) complain({ id, origin: graph.name }, 'is returned but not defined');
  }
  if (graph.outputs.length === 0) complain({ id: graph.name, origin: graph.name }, 'returns nothing');
  return found;
}

function nodeProblems(
  node: AnyNode,
  graph: AnyGraph,
  seen: ReadonlyMap<ValueId, AnyNode>,
  lookup: Lookup,
): string[] {
  const spec = graph.dialect.ops[node.kind];
  if (spec === undefined) return [`stage ${graph.dialect.stage} has no operator ${node.kind}`];
  const problems: string[] = [];
  if (seen.has(node.id)) problems.push('is defined twice');
  for (const id of node.operands)
    if (!seen.has(id)) problems.push(`reads ${id}, which is not defined before it`);
  const variadic = spec.operands.at(-1)?.endsWith('...') === true;
  const wanted = spec.operands.length;
  if (variadic ? node.operands.length < wanted : node.operands.length !== wanted) {
    problems.push(
      `has ${node.operands.length} operand(s), ${node.kind} takes ${spec.operands.join(', ') || 'none'}`,
    );
  }
  if (node.type.shape.some(n => !Number.isSafeInteger(n) || n < 1))
    problems.push(`has shape [${node.type.shape}]`);
  problems.push(...attrProblems(node.attrs, spec.attrs, graph));
  if (problems.length > 0) return problems;
  const problem = shapeProblem(node as AnnNode | SnnNode | IntNode, lookup);
  return problem === undefined ? [] : [problem];
}

function attrProblems(
  attrs: { readonly [name: string]: unknown },
  specs: AttrSpecs,
  graph: AnyGraph,
): string[] {
  return Object.entries(specs).flatMap(([key, spec]) => {
    const name = key.replace(/\?$/, '');
    const value = attrs[name];
    if (value === undefined) return key.endsWith('?') ? [] : [`lacks attribute ${name}`];
    return valueProblems(name, value, spec, graph);
  });
}

function valueProblems(name: string, value: unknown, spec: AttrSpec, graph: AnyGraph): string[] {
  if (typeof spec === 'object') {
    if ('oneOf' in spec) return spec.oneOf.includes(`${value}`) ? [] : [`${name} is ${value}`];
    const table = 'variant' in spec ? spec.variant : spec.variants;
    const variants = ('variant' in spec ? [value] : value) as readonly { readonly kind: string }[];
    return variants.flatMap(v =>
      attrProblems(v as unknown as Record<string, unknown>, table[v.kind] ?? {}, graph),
    );
  }
  switch (spec) {
    case 'int':
      return Number.isSafeInteger(value) ? [] : [`${name} is ${value}, not a whole number`];
    case 'real':
      return Number.isFinite(value) ? [] : [`${name} is ${value}, not a finite number`];
    case 'const':
      return graph.constants.has(value as ConstId)
        ? []
        : [`${name} names ${value}, which is not in the pool`];
    case 'bool':
    case 'string':
    case 'ints':
    case 'map':
    case 'axes':
      return [];
    default:
      return spec satisfies never;
  }
}

const same = (a: Shape, b: Shape) => a.length === b.length && a.every((n, i) => n === b[i]);
const wants = (node: AnyNode, shape: Shape) =>
  same(node.type.shape, shape) ? undefined : `has shape [${node.type.shape}], should be [${shape}]`;

/** Shape rules of all operators; kinds that stages share mean the same in each. */
function shapeProblem(node: AnnNode | SnnNode | IntNode, { shape, constant }: Lookup): string | undefined {
  const first = node.operands[0] === undefined ? [] : shape(node.operands[0]);
  switch (node.kind) {
    case 'input':
      return undefined;
    case 'output':
    case 'pointwise':
    case 'layernorm':
    case 'rmsnorm':
    case 'softmax':
    case 'affine':
      return wants(node, first);
    case 'add':
    case 'mul':
      return wants(node, first) ?? wants(node, shape(node.operands[1]!));
    case 'reduce':
      return wants(node, [...first.slice(0, -1), 1]);
    case 'view': {
      const total = node.operands.reduce((n, id) => n + sizeOf(shape(id)), 0);
      return mapProblem(node.attrs.map, sizeOf(node.type.shape), total);
    }
    case 'matmul': {
      const second = shape(node.operands[1]!);
      if (first.at(-1) !== second.at(-1)) return `contracts ${first.at(-1)} with ${second.at(-1)}`;
      return wants(node, [...first.slice(0, -1), second.at(-2)!]);
    }
    case 'linear':
      return linearProblem(node, first, constant(node.attrs.weight));
    case 'relay':
      return mapProblem(node.attrs.map, sizeOf(node.type.shape), sizeOf(first));
    case 'product': {
      const [groups, rows, columns] = node.type.shape as [number, number, number];
      const sizes = [groups * rows * node.attrs.inner, groups * columns * node.attrs.inner] as const;
      const second = shape(node.operands[1]!);
      return (
        mapProblem(node.attrs.mapA, sizes[0], sizeOf(first)) ??
        mapProblem(node.attrs.mapB, sizes[1], sizeOf(second))
      );
    }
    case 'hadamard': {
      const size = sizeOf(node.type.shape);
      return (
        mapProblem(node.attrs.mapA, size, sizeOf(first)) ??
        mapProblem(node.attrs.mapB, size, sizeOf(shape(node.operands[1]!)))
      );
    }
    case 'depthwise': {
      const [taps, period] = constant(node.attrs.weight) as [number, number];
      const size = sizeOf(node.type.shape);
      return repeatProblem(period, size) ?? mapProblem(node.attrs.map, size * taps, sizeOf(first));
    }
    case 'maximum':
      return mapProblem(node.attrs.map, sizeOf(node.type.shape) * node.attrs.taps, sizeOf(first));
    case 'bias':
      return repeatProblem(sizeOf(constant(node.attrs.value)), sizeOf(node.type.shape));
    case 'population': {
      const neurons = node.attrs.axes.map(axis => axis.size);
      const wrong = node.operands.find(id => !same(shape(id), neurons));
      if (wrong !== undefined) return `gathers ${wrong} of another shape`;
      const { emit } = node.attrs;
      const side = emit.kind === 'channels' ? channelsPerNeuron(emit) : 1;
      return wants(node, [...neurons.slice(0, -1), neurons.at(-1)! * side]);
    }
    default:
      return node satisfies never;
  }
}

function linearProblem(
  node: Extract<AnnNode | SnnNode | IntNode, { kind: 'linear' }>,
  source: Shape,
  weight: Shape,
): string | undefined {
  const [inputs, channels] = weight as [number, number];
  if (!('rows' in node.attrs)) {
    return source.at(-1) === inputs
      ? wants(node, [...source.slice(0, -1), channels])
      : `contracts ${source.at(-1)} with ${inputs}`;
  }
  const { rows, map } = node.attrs as { readonly rows: number; readonly map?: StridedMap | undefined };
  return wants(node, [1, rows, channels]) ?? mapProblem(map, rows * inputs, sizeOf(source));
}

const repeatProblem = (period: number, size: number): string | undefined =>
  size % period === 0 ? undefined : `repeats ${period} numbers over ${size} elements`;

function mapProblem(map: StridedMap | undefined, length: number, source: number): string | undefined {
  if (map === undefined)
    return length === source ? undefined : `needs ${length} elements of a source that has ${source}`;
  if (map.length !== length) return `has a map of ${map.length} elements, needs ${length}`;
  return mapFits(map, source) ? undefined : `has a map that leaves its source of ${source} elements`;
}
