/**
 * Raw `ann` → canonical `ann`: modules recognised, constants where they belong, one linear per thing made,
 * operands and names in one order. Two exports of one network end as the same text but for origins.
 */
import type { AnnGraph, AnnNode, ann } from '../../ir/ann.ts';
import { defect } from '../../ir/diagnostics/diagnostic.ts';
import { nodeMap, type ValueId } from '../../ir/dialect.ts';
import { putBinary } from '../ann/draft.ts';
import { rebuild } from '../ann/rebuild.ts';
import type { Pass } from '../pass.ts';
import { absorbAffines } from './absorb-affines.ts';
import { alignLayouts } from './align-layouts.ts';
import { alignViews } from './align-views.ts';
import { liftScales } from './lift-scales.ts';
import { mergeAffines } from './merge-affines.ts';
import { orientProducts } from './orient-products.ts';
import { recogniseFunctions } from './recognise-functions.ts';
import { recogniseRows } from './recognise-rows.ts';
import { scaleIntoSoftmax } from './scale-into-softmax.ts';
import { splitLinears } from './split-linears.ts';

/**
 * Biases are absorbed first, and scales collected before affines merge: a scale behind a bias or a gain (query · d^−½)
 * must not become part of it.
 */
const STEPS = [
  absorbAffines,
  alignLayouts,
  alignViews,
  recogniseRows,
  recogniseFunctions,
  scaleIntoSoftmax,
  orientProducts,
  liftScales,
  mergeAffines,
  absorbAffines,
  splitLinears,
  mergeAffines,
  scaleIntoSoftmax,
] as const;

export const canonicalize: Pass<typeof ann, typeof ann> = {
  name: 'canonicalize',
  summary: `The one form of a network: ${[...new Set(STEPS.map(step => step.name))].join(', ')}, order.`,
  source: 'design 1, Stages',

  run(graph, needs, report) {
    const merged = STEPS.reduce<AnnGraph>((g, step) => step.run(g, needs, report), graph);
    return renumber(orderOperands(merged));
  },
};

/** Of two operands the shallower comes first (fewer nodes between it and the input); equally deep ones stay. */
function orderOperands(graph: AnnGraph): AnnGraph {
  const depths = new Map<ValueId, number>();
  return rebuild(graph, (node, { draft, value }) => {
    depths.set(node.id, 1 + Math.max(0, ...node.operands.map(id => depths.get(id)!)));
    if (node.kind !== 'add' && node.kind !== 'mul') return undefined;
    const [first, second] = node.operands as readonly [ValueId, ValueId];
    const [a, b] = depths.get(first)! <= depths.get(second)! ? [first, second] : [second, first];
    return putBinary(draft, node.kind, value(a), value(b), node.origin);
  });
}

/** Every node right before it is needed, counted from the outputs, named %0, %1, … in that order. */
function renumber(graph: AnnGraph): AnnGraph {
  const byId = nodeMap(graph.nodes);
  const names = new Map<ValueId, ValueId>();
  const nodes: AnnNode[] = [];
  const stack = [
    ...graph.nodes.filter(node => node.kind === 'input').map(node => node.id),
    ...graph.outputs,
  ].toReversed();
  while (stack.length > 0) {
    const node = byId.get(stack.at(-1)!) ?? defect('an operand without node');
    const missing = node.operands.filter(id => !names.has(id));
    if (missing.length > 0) stack.push(...missing.toReversed());
    else {
      stack.pop();
      if (names.has(node.id)) continue;
      const id: ValueId = `%${nodes.length}`;
      nodes.push({ ...node, id, operands: node.operands.map(operand => names.get(operand)!) });
      names.set(node.id, id);
    }
  }
  return { ...graph, nodes, outputs: graph.outputs.map(id => names.get(id)!) };
}
