/**
 * Moves the scale of a softmax, and log2(e), into the linear that makes the first operand of its product, so
 * that the scores arrive in the log2 domain and nothing is multiplied on the chip.
 *
 *     %q = linear(%x) {weight=@w};  %s = matmul(%q, %k);  %p = softmax(%s) {scale=0.25, base=e}
 *   becomes
 *     %q = linear(%x) {weight=0.25·log2(e)·w};  …  %p = softmax(%s) {scale=1, base=2}
 *
 * Source     design 3 §3
 * Needs      the product has one reader, and a linear with one reader behind its first operand
 * Preserves  values up to floating-point rounding; thresholds of q must be calibrated afterwards
 */
import type { AnnGraph, AnnNode, AnnOf, ann } from '../../ir/ann.ts';
import type { ConstantPool, ConstId } from '../../ir/constants.ts';
import { nodeMap, readersOf, type ValueId } from '../../ir/dialect.ts';
import type { Pass } from '../pass.ts';

export const foldAttentionScale: Pass<typeof ann, typeof ann> = {
  name: 'fold-attention-scale',
  summary: 'Fold the attention scale and log2(e) into the query projection.',
  source: 'Design 3 §3: so do the attention scale and log2(e)',

  run(graph) {
    const byId = nodeMap(graph.nodes);
    const readers = readersOf(graph.nodes);
    const factors = new Map<ValueId, number>();
    const folded = new Set<ValueId>();
    for (const node of graph.nodes) {
      if (node.kind !== 'softmax' || (node.attrs.base === '2' && node.attrs.scale === 1)) continue;
      const linear = queryLinear(node, byId, readers);
      if (linear === undefined) continue;
      factors.set(linear.id, node.attrs.scale * (node.attrs.base === 'e' ? Math.LOG2E : 1));
      folded.add(node.id);
    }
    const nodes = graph.nodes.map((node): AnnNode => {
      if (node.kind === 'softmax' && folded.has(node.id)) return { ...node, attrs: { scale: 1, base: '2' } };
      const factor = factors.get(node.id);
      return node.kind === 'linear' && factor !== undefined ? scaled(node, factor, graph.constants) : node;
    });
    return { ...graph, nodes } satisfies AnnGraph;
  },
};

function queryLinear(
  softmax: AnnOf<'softmax'>,
  byId: ReadonlyMap<ValueId, AnnNode>,
  readers: ReadonlyMap<ValueId, readonly AnnNode[]>,
): AnnOf<'linear'> | undefined {
  const isOnlyReader = (id: ValueId) => readers.get(id)?.length === 1;
  const product = byId.get(softmax.operands[0]!);
  if (product?.kind !== 'matmul' || !isOnlyReader(product.id)) return undefined;
  let node = byId.get(product.operands[0]!);
  while (node?.kind === 'view' && node.operands.length === 1 && isOnlyReader(node.id)) {
    node = byId.get(node.operands[0]!);
  }
  return node?.kind === 'linear' && isOnlyReader(node.id) ? node : undefined;
}

function scaled(linear: AnnOf<'linear'>, factor: number, constants: ConstantPool): AnnNode {
  const times = (id: ConstId) => {
    const { shape, data } = constants.get(id);
    return constants.add({ dtype: 'f64', shape, data: Float64Array.from(data, x => x * factor) });
  };
  const { weight, bias } = linear.attrs;
  return { ...linear, attrs: { weight: times(weight), bias: bias === undefined ? undefined : times(bias) } };
}
