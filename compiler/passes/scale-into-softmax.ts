/**
 * The attention scale, wherever the exporter put it – on q, on k, on both, on the scores – becomes the `scale` of
 * the softmax.
 *
 *     %q' = affine(%q) {scale=0.25};  %s = matmul(%q', %k);  softmax(%s) {scale=1}
 *   becomes
 *     %s = matmul(%q, %k);  softmax(%s) {scale=0.25}
 *
 * Needs      one number as scale, and a softmax as the only reader of the product
 * Preserves  values up to floating-point rounding
 */
import type { AnnNode, AnnOf, ann } from '../../ir/ann.ts';
import type { ValueId } from '../../ir/dialect.ts';
import { putMatmul, putSoftmax } from '../ann/draft.ts';
import { type Rewrite, rebuild } from '../ann/rebuild.ts';
import { type Selection, select } from '../ann/selection.ts';
import { uniformConstant } from '../ann/values.ts';
import type { Pass } from '../pass.ts';

export const scaleIntoSoftmax: Pass<typeof ann, typeof ann> = {
  name: 'scale-into-softmax',
  summary: 'Collect the factors around attention scores in the softmax.',
  source: 'design 3 §3; ECMT scales after the product',

  run: graph =>
    rebuild(graph, (node, rewrite) => {
      const { draft } = rewrite;
      if (node.kind === 'matmul' && feedsSoftmax(node.id, rewrite)) {
        const [a, b] = node.operands.map(id => unscaled(id, rewrite).value) as [Selection, Selection];
        return putMatmul(draft, a, b, node.origin);
      }
      if (node.kind !== 'softmax') return undefined;
      const { value, factor } = scores(node, rewrite);
      return putSoftmax(draft, value, { ...node.attrs, scale: node.attrs.scale * factor }, node.origin);
    }),
};

/** What a softmax reads, without the factors in front of it, and their product. */
function scores(softmax: AnnOf<'softmax'>, rewrite: Rewrite): { value: Selection; factor: number } {
  const behind = unscaled(softmax.operands[0]!, rewrite);
  const product = rewrite.node(behind.base);
  if (product.kind !== 'matmul' || !feedsSoftmax(product.id, rewrite)) return behind;
  const factors = product.operands.map(id => unscaled(id, rewrite).factor);
  return { value: behind.value, factor: factors.reduce((a, b) => a * b, behind.factor) };
}

interface Unscaled {
  readonly base: ValueId;
  readonly value: Selection;
  readonly factor: number;
}

function unscaled(id: ValueId, rewrite: Rewrite): Unscaled {
  const node = rewrite.node(id);
  const factor = scaleOf(node, rewrite);
  if (factor !== undefined) {
    const inner = unscaled(node.operands[0]!, rewrite);
    return { ...inner, factor: inner.factor * factor };
  }
  if (node.kind === 'view' && node.operands.length === 1) {
    const inner = unscaled(node.operands[0]!, rewrite);
    const value = select(inner.value, { index: node.attrs.map, shape: node.type.shape });
    return { base: inner.factor === 1 ? id : inner.base, value, factor: inner.factor };
  }
  return { base: id, value: rewrite.value(id), factor: 1 };
}

/** The one factor of an affine that only scales. */
function scaleOf(node: AnnNode, { draft }: Rewrite): number | undefined {
  if (node.kind !== 'affine' || node.attrs.shift !== undefined) return undefined;
  return uniformConstant(draft.constants, node.attrs.scale, 1);
}

/** Is a softmax, perhaps behind factors, the only reader? */
function feedsSoftmax(id: ValueId, rewrite: Rewrite): boolean {
  const [reader, ...others] = rewrite.readers(id);
  if (reader === undefined || others.length > 0) return false;
  return (
    reader.kind === 'softmax' || (scaleOf(reader, rewrite) !== undefined && feedsSoftmax(reader.id, rewrite))
  );
}
