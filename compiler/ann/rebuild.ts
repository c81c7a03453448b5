/**
 * The frame of every `ann` → `ann` pass: writes the graph anew in a draft, node by node. A pass says what takes
 * the place of the nodes it knows; all others are written as they were, on top of what came before them. Views
 * compose and nodes that nothing reads any more fall away.
 */
import type { AnnGraph, AnnNode, AnnOf } from '../../ir/ann.ts';
import { defect } from '../../ir/diagnostics/diagnostic.ts';
import { nodeMap, readersOf, sizeOf, type ValueId } from '../../ir/dialect.ts';
import { hasHoles } from '../../ir/map.ts';
import {
  asNode,
  createDraft,
  type Draft,
  finishDraft,
  putBinary,
  putFields,
  putInput,
  putLinear,
  putMatmul,
  putNorm,
  putOutput,
  putPointwise,
  putReduce,
  putSameAffine,
  putSoftmax,
} from './draft.ts';
import { concatenate, reshape, type Selection, select, selectAll } from './selection.ts';
import { constantField } from './values.ts';

/** The graph as it was, with what its values have become. */
export interface Rewrite {
  readonly draft: Draft;
  node(id: ValueId): AnnNode;
  readers(id: ValueId): readonly AnnNode[];
  /** What `id` of the old graph has become, in its old shape. */
  value(id: ValueId): Selection;
}

/** Undefined: the node stays as it is. */
export type Rule = (node: AnnNode, rewrite: Rewrite) => Selection | undefined;

export function rebuild(graph: AnnGraph, rule: Rule): AnnGraph {
  const draft = createDraft(graph.constants);
  const byId = nodeMap(graph.nodes);
  const readers = readersOf(graph.nodes);
  const values = new Map<ValueId, Selection>();
  const rewrite: Rewrite = {
    draft,
    node: id => byId.get(id) ?? defect(`${id} is not in the graph`),
    readers: id => readers.get(id) ?? [],
    value: id => values.get(id) ?? defect(`${id} is read before it is made`),
  };
  for (const node of graph.nodes) {
    const value = rule(node, rewrite) ?? rewriteSame(node, rewrite);
    if (value !== undefined) values.set(node.id, reshape(value, node.type.shape));
  }
  return finishDraft(draft, graph.name);
}

/** The node on top of what its operands have become; an output has no value. */
export function rewriteSame(node: AnnNode, { draft, value }: Rewrite): Selection | undefined {
  const { origin } = node;
  const operand = (at: number) => value(node.operands[at] ?? defect(`${node.id} has no operand ${at}`));
  switch (node.kind) {
    case 'input':
      return putInput(draft, node.attrs.name, node.type.shape, origin);
    case 'output':
      putOutput(draft, reshape(operand(0), node.type.shape), node.attrs.name, origin);
      return undefined;
    case 'linear':
      return putLinear(draft, operand(0), node.attrs.weight, node.attrs.bias, origin);
    case 'matmul':
      return putMatmul(draft, operand(0), operand(1), origin);
    case 'add':
    case 'mul':
      return putBinary(draft, node.kind, operand(0), operand(1), origin);
    case 'affine':
      return rewriteAffine(node, operand(0), draft);
    case 'view':
      return rewriteView(node, node.operands.map(value), draft);
    case 'reduce':
      return putReduce(draft, operand(0), node.attrs.op, origin);
    case 'pointwise':
      return putPointwise(draft, operand(0), node.attrs.function, origin);
    case 'layernorm':
    case 'rmsnorm':
      return putNorm(draft, operand(0), normOf(node, draft), origin);
    case 'softmax':
      return putSoftmax(draft, operand(0), node.attrs, origin);
    default:
      return node satisfies never;
  }
}

function rewriteAffine(node: AnnOf<'affine'>, x: Selection, draft: Draft): Selection {
  const { scale, shift } = node.attrs;
  return (
    putSameAffine(draft, x, node) ??
    putFields(
      draft,
      x,
      constantField(draft.constants, scale, 1),
      constantField(draft.constants, shift, 0),
      node.origin,
    )
  );
}

/** Segments of a view with holes above which it is the padding of an image and stays a node of its own. */
const PADDING = 16;

function rewriteView(node: AnnOf<'view'>, operands: readonly Selection[], draft: Draft): Selection {
  const { map } = node.attrs;
  const { shape } = node.type;
  const [only, ...others] = operands;
  const all =
    only !== undefined && others.length === 0 ? only : { ...concatenate(operands), shape: [sizeOf(shape)] };
  const seen = select(all, { index: map, shape });
  const isPadding = map.segments.length > PADDING && hasHoles(map);
  return isPadding ? selectAll(asNode(draft, seen, shape, node.origin)) : seen;
}

export function normOf(node: AnnOf<'layernorm'> | AnnOf<'rmsnorm'>, { constants }: Draft) {
  const { epsilon, gamma } = node.attrs;
  const beta = node.kind === 'layernorm' ? node.attrs.beta : undefined;
  return {
    kind: node.kind,
    epsilon,
    gamma: gamma && constants.get(gamma).data,
    beta: beta && constants.get(beta).data,
  };
}
