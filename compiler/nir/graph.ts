/**
 * A NIR file → one flat graph: graphs within it are unfolded, their inputs and outputs become nodes that change nothing.
 *
 * Source  NIR 1.0 (nir/ir/graph.py, serialization.py: names of fields only)
 * Errors  E0130 not of the format · E0133 edges that lead nowhere
 */
import { fail } from '../../ir/diagnostics/diagnostic.ts';
import type { NirGroup, NirNumbers, NirValue } from '../../ir/nir-value.ts';

export interface NirNode {
  /** Of nodes of inner graphs: `outer.inner`. */
  readonly name: string;
  readonly type: string;
  readonly fields: ReadonlyMap<string, NirValue>;
}

export interface NirGraph {
  /** In the order of their names, which is all that the file says. */
  readonly nodes: readonly NirNode[];
  readonly edges: readonly (readonly [from: string, to: string])[];
}

/** Graphs in graphs, and nodes of all of them. */
const MOST_DEPTH = 16;
const MOST_NODES = 100_000;

export function readNirGraph(file: NirValue, origin: string): NirGraph {
  const root = groupOf(file)?.entries.get('node');
  const graph = root === undefined ? undefined : groupOf(root);
  if (graph === undefined) return fail('E0130', { origin }, { problem: 'it has no group `node`' });
  const nodes: NirNode[] = [];
  const edges: (readonly [string, string])[] = [];
  unfold(graph, '', 0, { nodes, edges, origin });
  const named = new Set(nodes.map(({ name }) => name));
  if (named.size < nodes.length)
    fail('E0133', { origin }, { problem: 'two nodes have one name once graphs are unfolded' });
  const lost = edges.flat().find(name => !named.has(name));
  if (lost !== undefined) fail('E0133', { origin }, { problem: `an edge names ${lost}, which is no node` });
  return { nodes, edges };
}

interface Unfolding {
  readonly nodes: NirNode[];
  readonly edges: (readonly [string, string])[];
  readonly origin: string;
}

function unfold(graph: NirGroup, prefix: string, depth: number, into: Unfolding): void {
  const { origin } = into;
  const where = prefix === '' ? 'the graph' : prefix.slice(0, -1);
  if (depth > MOST_DEPTH)
    fail('E0130', { origin }, { problem: `graphs in graphs, deeper than ${MOST_DEPTH}` });
  if (typeOf(graph) !== 'NIRGraph')
    fail('E0130', { origin }, { problem: `${where} is of type ${typeOf(graph)}, not NIRGraph` });
  const nodes = groupOf(graph.entries.get('nodes'));
  if (nodes === undefined) fail('E0130', { origin }, { problem: `${where} has no nodes` });
  const [inputs, outputs] = [new Map<string, string[]>(), new Map<string, string[]>()];
  for (const [name, value] of nodes.entries) {
    const node = groupOf(value);
    if (node === undefined) fail('E0130', { origin }, { problem: `${prefix}${name} is no node` });
    const type = typeOf(node);
    if (type === 'NIRGraph') {
      const first = into.nodes.length;
      unfold(node, `${prefix}${name}.`, depth + 1, into);
      const own = into.nodes.slice(first);
      const ends = (kind: string) =>
        own.filter(n => n.type === kind && !n.name.slice(prefix.length + name.length + 1).includes('.'));
      inputs.set(
        name,
        ends('Inner input').map(n => n.name),
      );
      outputs.set(
        name,
        ends('Inner output').map(n => n.name),
      );
      continue;
    }
    const isEnd = depth > 0 && (type === 'Input' || type === 'Output');
    const inner = type === 'Input' ? 'Inner input' : 'Inner output';
    into.nodes.push({ name: prefix + name, type: isEnd ? inner : type, fields: node.entries });
    if (into.nodes.length > MOST_NODES)
      fail('E0130', { origin }, { problem: `more than ${MOST_NODES} nodes` });
  }
  for (const [from, to] of edgesOf(graph, where, origin))
    into.edges.push([endOf(outputs, from, prefix, origin), endOf(inputs, to, prefix, origin)]);
}

/** An edge to a graph goes to its only input, an edge from it comes from its only output; `graph.input` says which. */
function endOf(
  ends: ReadonlyMap<string, readonly string[]>,
  name: string,
  prefix: string,
  origin: string,
): string {
  const own = ends.get(name);
  if (own === undefined) return prefix + name;
  if (own.length === 1) return own[0]!;
  return fail(
    'E0133',
    { origin },
    { problem: `an edge names graph ${prefix}${name}, which has ${own.length} ends` },
  );
}

function edgesOf(graph: NirGroup, where: string, origin: string): readonly (readonly [string, string])[] {
  const edges = graph.entries.get('edges');
  // An empty list is written as numbers.
  if (edges?.kind === 'numbers' && edges.data.length === 0) return [];
  if (edges?.kind !== 'texts' || edges.columns !== 2)
    return fail('E0130', { origin }, { problem: `${where} has no list of edges` });
  const { texts } = edges;
  const pairs = Array.from(
    { length: texts.length / 2 },
    (_, i) => [texts[2 * i]!, texts[2 * i + 1]!] as const,
  );
  // The same edge twice is the same edge.
  return [...new Map(pairs.map(pair => [JSON.stringify(pair), pair])).values()];
}

const groupOf = (value: NirValue | undefined): NirGroup | undefined =>
  value?.kind === 'group' ? value : undefined;

const typeOf = ({ entries }: NirGroup): string => {
  const type = entries.get('type');
  return type?.kind === 'text' ? type.text : 'none';
};

export const numbersOf = (node: NirNode, field: string): NirNumbers | undefined => {
  const value = node.fields.get(field);
  return value?.kind === 'numbers' ? value : undefined;
};
