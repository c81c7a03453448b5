/**
 * Of a product and its transpose one is left: scores stand with the keys of a query in a row, and what softmax gives
 * is the first operand.
 *
 *     %s = matmul(%k, %q)   %t = view(%s) {transposed}   softmax(%t)   →   softmax(matmul(%q, %k))
 *     %y = matmul(%v, softmax(…))                                      →   view(matmul(softmax(…), %v)) {transposed}
 *
 * Preserves  exactly
 */
import type { AnnNode, ann } from '../../ir/ann.ts';
import { sizeOf, type ValueId } from '../../ir/dialect.ts';
import { sameMaps } from '../../ir/map.ts';
import { putMatmul } from '../ann/draft.ts';
import { transposePick } from '../ann/indices.ts';
import { type Rewrite, rebuild } from '../ann/rebuild.ts';
import { type Selection, select } from '../ann/selection.ts';
import type { Pass } from '../pass.ts';

export const orientProducts: Pass<typeof ann, typeof ann> = {
  name: 'orient-products',
  summary: 'Write a product the one way round.',
  source: 'design 1, Stages',

  run: graph =>
    rebuild(graph, (node, rewrite) => {
      if (node.kind === 'view') return viewed(node, rewrite);
      if (node.kind !== 'matmul') return undefined;
      const [a, b] = node.operands as readonly [ValueId, ValueId];
      if (isProbability(a, rewrite) || !isProbability(b, rewrite)) return undefined;
      const product = swapped(node, rewrite);
      return select(product, transposePick(product.shape, SWAP));
    }),
};

const SWAP = [0, 2, 1];

function swapped({ operands, origin }: AnnNode, { draft, value }: Rewrite): Selection {
  const [a, b] = operands.map(value) as [Selection, Selection];
  return putMatmul(draft, b, a, origin);
}

/** A view that does nothing but transpose the product of which it is the only reader. */
function viewed(view: AnnNode & { kind: 'view' }, rewrite: Rewrite): Selection | undefined {
  const product = rewrite.node(view.operands[0]!);
  const isOnly = view.operands.length === 1 && rewrite.readers(product.id).length === 1;
  if (product.kind !== 'matmul' || !isOnly) return undefined;
  if (product.operands.some(id => isProbability(id, rewrite))) return undefined;
  const { index } = transposePick(product.type.shape, SWAP);
  const isTransposed = index !== undefined && sameMaps(index, view.attrs.map);
  return isTransposed && view.attrs.map.length === sizeOf(product.type.shape)
    ? swapped(product, rewrite)
    : undefined;
}

function isProbability(id: ValueId, rewrite: Rewrite): boolean {
  const node = rewrite.node(id);
  if (node.kind === 'softmax') return true;
  return node.kind === 'view' && node.operands.length === 1 && isProbability(node.operands[0]!, rewrite);
}
