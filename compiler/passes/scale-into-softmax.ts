/**
 * The attention scale, wherever the exporter put it – on q, on k, on both, on the scores – becomes the `scale` of
 * the softmax.
 *
 *     %q' = affine(%q) {scale=0.25};  %s = matmul(%q', %k);  softmax(%s) {scale=1}
 *   becomes
 *     %s = matmul(%q, %k);  softmax(%s) {scale=0.25}
 *
 * A factor that is 1/√d (d: inner size of the product) in the precision of the file is taken as 1/√d itself, so that
 * files that spell it once, as d^−¼ twice or in half precision agree.
 * Needs      one number as scale, and a softmax as the only reader of the product
 * Preserves  values up to the rounding of the file's own precision
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
      const { value, factor, inner } = scores(node, rewrite);
      const scale = unrounded(node.attrs.scale * factor, inner);
      return putSoftmax(draft, value, { ...node.attrs, scale }, node.origin);
    }),
};

/** Significant bits of single precision, half precision and bfloat16. */
const PRECISIONS = [24, 11, 8] as const;

/** 1/√inner where `scale` is that number, rounded: whole, as a divisor, or as two fourth roots. */
function unrounded(scale: number, inner: number | undefined): number {
  if (inner === undefined) return scale;
  const exact = 1 / Math.sqrt(inner);
  const fourth = Math.sqrt(exact);
  const spellings = PRECISIONS.flatMap(bits => [
    roundTo(exact, bits),
    1 / roundTo(1 / exact, bits),
    roundTo(fourth, bits) ** 2,
    1 / roundTo(1 / fourth, bits) ** 2,
  ]);
  return spellings.some(spelled => Math.abs(scale / spelled - 1) < 3e-7) ? exact : scale;
}

function roundTo(value: number, bits: number): number {
  const unit = 2 ** (Math.floor(Math.log2(value)) + 1 - bits);
  return Math.round(value / unit) * unit;
}

/** What a softmax reads, without the factors in front of it, their product, and the inner size of the product. */
function scores(softmax: AnnOf<'softmax'>, rewrite: Rewrite) {
  const behind = unscaled(softmax.operands[0]!, rewrite);
  const product = rewrite.node(behind.base);
  if (product.kind !== 'matmul' || !feedsSoftmax(product.id, rewrite)) return { ...behind, inner: undefined };
  const [first] = product.operands as readonly [ValueId, ValueId];
  const factors = product.operands.map(id => unscaled(id, rewrite).factor);
  const factor = factors.reduce((a, b) => a * b, behind.factor);
  return { value: behind.value, factor, inner: rewrite.node(first).type.shape.at(-1) };
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
