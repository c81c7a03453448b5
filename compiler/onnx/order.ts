/** Nodes of a graph in an order in which every value is made before it is read, whatever order the file has. */
import type { OnnxGraph, OnnxNode } from './model.ts';

/** The text says why there is no such order. `isAround`: a name that a graph around this one makes. Keeps the file's order where that will do. */
export function orderNodes(
  graph: OnnxGraph,
  isAround: (name: string) => boolean,
): readonly OnnxNode[] | string {
  const maker = new Map<string, OnnxNode>();
  const given = new Set([...graph.initializers.keys(), ...graph.inputs.map(info => info.name)]);
  for (const node of graph.nodes) {
    for (const name of node.outputs) {
      if (name === '') continue;
      if (maker.has(name) || given.has(name)) return `value ${name} is made twice`;
      maker.set(name, node);
    }
  }
  const missing = new Map<OnnxNode, number>();
  const readers = new Map<OnnxNode, OnnxNode[]>();
  const ready: OnnxNode[] = [];
  for (const node of graph.nodes) {
    const before = new Set<OnnxNode>();
    for (const name of node.inputs) {
      const from = maker.get(name);
      if (from !== undefined) before.add(from);
      else if (name !== '' && !given.has(name) && !isAround(name))
        return `value ${name}, which ${node.name} reads, is never made`;
    }
    for (const from of before) {
      const list = readers.get(from);
      if (list) list.push(node);
      else readers.set(from, [node]);
    }
    missing.set(node, before.size);
    if (before.size === 0) ready.push(node);
  }
  return isSorted(graph, maker) ? graph.nodes : sorted(ready, readers, missing, graph.nodes.length);
}

function isSorted(graph: OnnxGraph, maker: ReadonlyMap<string, OnnxNode>): boolean {
  const made = new Set<string>();
  for (const node of graph.nodes) {
    if (node.inputs.some(name => maker.has(name) && !made.has(name))) return false;
    for (const name of node.outputs) made.add(name);
  }
  return true;
}

function sorted(
  ready: OnnxNode[],
  readers: ReadonlyMap<OnnxNode, readonly OnnxNode[]>,
  missing: Map<OnnxNode, number>,
  count: number,
): readonly OnnxNode[] | string {
  for (let at = 0; at < ready.length; at++) {
    for (const reader of readers.get(ready[at]!) ?? []) {
      const left = missing.get(reader)! - 1;
      missing.set(reader, left);
      if (left === 0) ready.push(reader);
    }
  }
  if (ready.length === count) return ready;
  const stuck = [...missing].find(([, left]) => left > 0)?.[0];
  return `node ${stuck?.name ?? ''} needs its own result`;
}
