/**
 * Nodes of a graph in an order in which every value is made before it is read, whatever order the file has; and what
 * there is to say about graphs that have none.
 */

import { clip } from './limits.ts';
import type { OnnxGraph, OnnxNode } from './model.ts';

const MOST = 20;

/** Everything a node reads, and what the graphs in its attributes read of the graphs around them. */
export function readsOf(node: OnnxNode): readonly string[] {
  const captured = [...node.attributes.values()].flatMap(value =>
    value.kind === 'graph' ? capturesOf(value.graph) : [],
  );
  const inputs = node.inputs.filter(name => name !== '');
  return captured.length === 0 ? inputs : [...inputs, ...captured];
}

function capturesOf(graph: OnnxGraph): readonly string[] {
  const own = madeIn(graph);
  const reads = new Set([...graph.nodes.flatMap(readsOf), ...graph.outputs.map(info => info.name)]);
  return [...reads].filter(name => !own.has(name));
}

const givenTo = (graph: OnnxGraph): Set<string> =>
  new Set([...graph.initializers.keys(), ...graph.inputs.map(info => info.name)]);

function madeIn(graph: OnnxGraph): Set<string> {
  const made = givenTo(graph);
  for (const node of graph.nodes) for (const name of node.outputs) made.add(name);
  return made;
}

/** Names that a graph inside can read, and must not use again. */
interface Scope {
  readonly names: ReadonlySet<string>;
  readonly around: Scope | undefined;
}
const isVisible = (name: string, scope: Scope | undefined): boolean =>
  scope !== undefined && (scope.names.has(name) || isVisible(name, scope.around));

/** What is wrong with a graph and the graphs in it; empty for a sound one. */
export function checkGraph(graph: OnnxGraph): readonly string[] {
  const problems = new Set<string>();
  check(graph, undefined, problems);
  const list = [...problems];
  return list.length > MOST ? [...list.slice(0, MOST), `and ${list.length - MOST} more like these`] : list;
}

function check(graph: OnnxGraph, around: Scope | undefined, problems: Set<string>): void {
  const made = givenTo(graph);
  for (const name of made) {
    if (isVisible(name, around)) problems.add(`value ${clip(name)} of an inner graph hides an outer one`);
  }
  for (const node of graph.nodes) {
    for (const name of node.outputs) {
      if (name === '') continue;
      if (made.has(name)) problems.add(`value ${clip(name)} is made twice`);
      else if (isVisible(name, around))
        problems.add(`value ${clip(name)} of an inner graph hides an outer one`);
      made.add(name);
    }
  }
  const scope = { names: made, around };
  for (const node of graph.nodes) {
    for (const name of node.inputs) {
      if (name !== '' && !isVisible(name, scope))
        problems.add(`value ${clip(name)}, which ${clip(node.name)} reads, is never made`);
    }
    for (const value of node.attributes.values()) {
      if (value.kind === 'graph') check(value.graph, scope, problems);
    }
  }
  for (const { name } of around === undefined ? [] : graph.outputs) {
    if (!isVisible(name, scope)) problems.add(`output ${clip(name)} of an inner graph is never made`);
  }
  for (const cycle of cyclesOf(graph)) problems.add(cycle);
}

/** Keeps the file's order where that will do. Nodes of cycles are left out; a sound graph has none. */
export function orderNodes(graph: OnnxGraph): readonly OnnxNode[] {
  if (isSorted(graph)) return graph.nodes;
  const { missing, readers } = dependenciesOf(graph);
  const ready = graph.nodes.filter(node => missing.get(node) === 0);
  for (let at = 0; at < ready.length; at++) {
    for (const reader of readers.get(ready[at]!) ?? []) {
      const left = missing.get(reader)! - 1;
      missing.set(reader, left);
      if (left === 0) ready.push(reader);
    }
  }
  return ready;
}

function isSorted(graph: OnnxGraph): boolean {
  const later = new Map<string, number>();
  for (const node of graph.nodes)
    for (const name of node.outputs) if (name !== '') later.set(name, (later.get(name) ?? 0) + 1);
  for (const node of graph.nodes) {
    if (readsOf(node).some(name => later.has(name))) return false;
    for (const name of node.outputs) later.delete(name);
  }
  return true;
}

function makersOf(graph: OnnxGraph): ReadonlyMap<string, OnnxNode> {
  return new Map(graph.nodes.flatMap(node => node.outputs.map(name => [name, node] as const)));
}

function dependenciesOf(graph: OnnxGraph) {
  const makers = makersOf(graph);
  const missing = new Map<OnnxNode, number>();
  const readers = new Map<OnnxNode, OnnxNode[]>();
  for (const node of graph.nodes) {
    const before = new Set(readsOf(node).flatMap(name => makers.get(name) ?? []));
    missing.set(node, before.size);
    for (const from of before) {
      const list = readers.get(from);
      if (list) list.push(node);
      else readers.set(from, [node]);
    }
  }
  return { missing, readers };
}

/** One text for each cycle, found by walking back from nodes that have no place in the order. */
function cyclesOf(graph: OnnxGraph): readonly string[] {
  const order = orderNodes(graph);
  if (order.length === graph.nodes.length) return [];
  const makers = makersOf(graph);
  const placed = new Set(order);
  const seen = new Set<OnnxNode>();
  const texts: string[] = [];
  for (const start of graph.nodes) {
    const path = new Set<OnnxNode>();
    let node: OnnxNode | undefined = placed.has(start) ? undefined : start;
    while (node !== undefined && !seen.has(node)) {
      seen.add(node);
      path.add(node);
      node = readsOf(node)
        .map(name => makers.get(name))
        .find(from => from !== undefined && !placed.has(from));
    }
    if (node !== undefined && path.has(node)) texts.push(cycleText([...path], node));
  }
  return texts;
}

function cycleText(path: readonly OnnxNode[], first: OnnxNode): string {
  const LONG = 5;
  const cycle = path.slice(path.indexOf(first)).reverse();
  const names = cycle.slice(0, LONG).map(node => clip(node.name));
  const printed = [...names, ...(cycle.length > LONG ? ['…'] : []), names[0]].join(' → ');
  return `node ${clip(first.name)} needs its own result: ${printed}`;
}
