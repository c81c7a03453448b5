/**
 * Calls of the model's own functions are replaced by the bodies of those functions, until only operators are left.
 * A value `x` inside the call `f` becomes `f/x`, so that messages still say where it comes from.
 *
 * Source  ONNX IR, "Functions": attributes by reference, defaults, operator sets of its own; no recursion
 * Errors  E0116, E0117; BeyondLimit
 */
import type { Report } from '../../ir/diagnostics/diagnostic.ts';
import { BeyondLimit, clip, createBudget, DEEPEST, type Spend } from './limits.ts';
import type { OnnxAttribute, OnnxFunction, OnnxGraph, OnnxModel, OnnxNode } from './model.ts';
import { functionKey } from './records.ts';

interface Inlining {
  readonly functions: ReadonlyMap<string, OnnxFunction>;
  /** Of the model. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly report: Report;
  readonly spend: Spend;
  /** Names that are taken, and the number that the next of the same name may get. */
  readonly used: Map<string, number>;
  readonly complaints: Set<string>;
}

/** Where nodes are copied from and to. */
interface Frame {
  /** Functions that are open, outermost first; a graph inside counts as its function. */
  readonly chain: readonly OnnxFunction[];
  readonly depth: number;
  readonly call: OnnxNode | undefined;
  readonly opsets: ReadonlyMap<string, number>;
  readonly attributes: ReadonlyMap<string, OnnxAttribute>;
  rename(name: string): string;
}

/** Undefined where it reported an error. */
export function inlineFunctions(
  model: OnnxModel,
  functions: ReadonlyMap<string, OnnxFunction>,
  report: Report,
): OnnxModel | undefined {
  const { opsets, graph } = model;
  const taken = functions.size === 0 ? [] : [...namesOf(graph)];
  const used = new Map(taken.map(name => [name, 2]));
  const inlining = { functions, opsets, report, used, spend: createBudget(), complaints: new Set<string>() };
  const frame = { chain: [], depth: 0, call: undefined, opsets, attributes: new Map(), rename: sameName };
  const inlined = copyGraph(graph, frame, inlining);
  return inlining.complaints.size > 0 ? undefined : { ...model, graph: inlined };
}

const sameName = (name: string): string => name;

function* namesOf(graph: OnnxGraph): Generator<string> {
  for (const { name } of [...graph.inputs, ...graph.outputs]) yield name;
  yield* graph.initializers.keys();
  for (const node of graph.nodes) {
    yield* node.outputs;
    for (const value of node.attributes.values()) if (value.kind === 'graph') yield* namesOf(value.graph);
  }
}

function complain(label: string, problem: string, { report, complaints }: Inlining): void {
  const text = `${label} ${problem}`;
  if (!complaints.has(text)) report('E0116', { origin: label }, { function: clip(label), problem });
  complaints.add(text);
}

function copyGraph(graph: OnnxGraph, frame: Frame, inlining: Inlining): OnnxGraph {
  if (frame.depth > DEEPEST) throw new BeyondLimit(`graphs and functions nest deeper than ${DEEPEST}`);
  const { rename } = frame;
  const inner = { ...frame, depth: frame.depth + 1 };
  const info = <T extends { readonly name: string }>(value: T): T => ({ ...value, name: rename(value.name) });
  return {
    name: graph.name,
    nodes: copyNodes(graph.nodes, inner, inlining),
    initializers: new Map([...graph.initializers].map(([name, tensor]) => [rename(name), tensor])),
    inputs: graph.inputs.map(info),
    outputs: graph.outputs.map(info),
    shapes: new Map([...graph.shapes].map(([name, shape]) => [rename(name), shape])),
  };
}

function copyNodes(nodes: readonly OnnxNode[], frame: Frame, inlining: Inlining): readonly OnnxNode[] {
  return nodes.flatMap(node => {
    const copy = copyNode(node, frame, inlining);
    const called = inlining.functions.get(functionKey(node.domain, node.operator, node.overload));
    return called === undefined ? [copy] : expandCall(copy, called, frame, inlining);
  });
}

function copyNode(node: OnnxNode, frame: Frame, inlining: Inlining): OnnxNode {
  inlining.spend('copies', 1);
  const { call, rename, opsets } = frame;
  const attributes = copyAttributes(node, frame, inlining);
  const inputs = node.inputs.map(rename);
  const outputs = node.outputs.map(rename);
  if (call === undefined) return { ...node, attributes, inputs, outputs };
  const opset = opsets.get(node.domain);
  const isOther = opset !== undefined && opset !== inlining.opsets.get(node.domain);
  const name = `${call.name}/${node.name}`;
  inlining.spend('characters', name.length);
  const scope = node.scope ?? call.scope;
  return { ...node, name, attributes, inputs, outputs, scope, ...(isOther ? { opset } : {}) };
}

/** A reference to an attribute that the call does not give, and that has no default, leaves the attribute out. */
function copyAttributes(
  node: OnnxNode,
  frame: Frame,
  inlining: Inlining,
): ReadonlyMap<string, OnnxAttribute> {
  const attributes = new Map<string, OnnxAttribute>();
  for (const [name, value] of node.attributes) {
    if (value.kind === 'graph') {
      attributes.set(name, { kind: 'graph', graph: copyGraph(value.graph, frame, inlining) });
    } else if (value.kind !== 'reference') attributes.set(name, value);
    else if (frame.call === undefined) {
      const problem = `refers to attribute ${clip(value.name)} of a function, outside of any`;
      const facts = { attribute: clip(name), owner: clip(node.name), problem };
      inlining.report('E0117', { origin: node.name }, facts);
    } else {
      const given = frame.attributes.get(value.name);
      if (given !== undefined) attributes.set(name, given);
    }
  }
  return attributes;
}

function expandCall(
  call: OnnxNode,
  called: OnnxFunction,
  { chain, depth }: Frame,
  inlining: Inlining,
): readonly OnnxNode[] {
  const { label, inputs, outputs } = called;
  const open = [...chain, called];
  const refuse = (problem: string) => {
    complain(label, problem, inlining);
    return [];
  };
  if (chain.includes(called)) {
    const circle = open.slice(chain.indexOf(called)).map(f => clip(f.label));
    return refuse(`calls itself: ${circle.join(' → ')}`);
  }
  if (call.inputs.length > inputs.length)
    return refuse(`has ${inputs.length} inputs; ${clip(call.name)} gives ${call.inputs.length}`);
  if (call.outputs.length > outputs.length)
    return refuse(`has ${outputs.length} outputs; ${clip(call.name)} reads ${call.outputs.length}`);
  if (depth > DEEPEST) throw new BeyondLimit(`graphs and functions nest deeper than ${DEEPEST}`);
  const names = new Map(inputs.map((name, at) => [name, call.inputs[at] ?? '']));
  const copies = bindOutputs(call, called, names);
  const rename = (name: string): string => {
    if (name === '') return '';
    const known = names.get(name) ?? freshName(`${call.name}/${name}`, inlining);
    names.set(name, known);
    return known;
  };
  const attributes = new Map([...called.defaults, ...call.attributes]);
  const frame = { chain: open, depth: depth + 1, call, opsets: called.opsets, attributes, rename };
  return [...copyNodes(called.nodes, frame, inlining), ...copies];
}

/**
 * Results get the names that the caller reads. One that is an input, or stands in the list twice, is there under
 * another name already and is copied.
 */
function bindOutputs(
  call: OnnxNode,
  { outputs }: OnnxFunction,
  names: Map<string, string>,
): readonly OnnxNode[] {
  return outputs.flatMap((inner, at) => {
    const outer = call.outputs[at] ?? '';
    if (outer === '') return [];
    const known = names.get(inner);
    if (known === undefined) {
      names.set(inner, outer);
      return [];
    }
    const name = `${call.name}/${inner}`;
    const identity = { name, domain: '', operator: 'Identity', attributes: new Map() };
    return [{ ...identity, inputs: [known], outputs: [outer], scope: call.scope }];
  });
}

function freshName(wanted: string, { used, spend }: Inlining): string {
  let name = wanted;
  for (let n = used.get(wanted); n !== undefined && used.has(name); n++) {
    name = `${wanted}~${n}`;
    used.set(wanted, n + 1);
  }
  spend('characters', name.length);
  used.set(name, 2);
  return name;
}
