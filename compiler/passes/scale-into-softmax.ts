/**
 * The attention scale, wherever the exporter put it – on q, on k, on both, on the scores – becomes the `scale` of
 * the softmax.
 *
 *     %q' = affine(%q) {scale=0.25};  %s = matmul(%q', %k);  softmax(%s) {scale=1}
 *   becomes
 *     %s = matmul(%q, %k);  softmax(%s) {scale=0.25}
 *
 * Where a constant is added to the scores (relative positions, a mask), the factor stands beside it in one affine:
 * softmax(affine(%s) {scale=0.25, shift=@b}).
 *
 * A factor that is 1/√d (d: inner size of the product) in the precision of the file is taken as 1/√d itself, so that
 * files that spell it once, as d^−¼ twice or in half precision agree.
 * Needs      one number as scale, and a softmax as the only reader of the product
 * Preserves  values up to the rounding of the file's own precision
 */
import type { AnnNode, AnnOf, ann } from '../../ir/ann.ts';
import { sizeOf, type ValueId } from '../../ir/dialect.ts';
import { putFields, putMatmul, putSoftmax } from '../ann/draft.ts';
import { type Rewrite, rebuild } from '../ann/rebuild.ts';
import { type Selection, select } from '../ann/selection.ts';
import { combineFields, constantField, type Field, uniformConstant } from '../ann/values.ts';
import type { Pass } from '../pass.ts';

export const scaleIntoSoftmax: Pass<typeof ann, typeof ann> = {
  name: 'scale-into-softmax',
  summary: 'Collect the factors around attention scores in the softmax.',
  source: 'design 3 §3; ECMT scales after the product',

  run: graph =>
    rebuild(graph, (node, rewrite) => {
      const { draft } = rewrite;
      if (node.kind === 'matmul' && feedsSoftmax(node.id, rewrite)) {
        const [a, b] = node.operands.map(id => onlyScaled(id, rewrite).value) as [Selection, Selection];
        return putMatmul(draft, a, b, node.origin);
      }
      if (node.kind !== 'softmax') return undefined;
      return softmaxOf(node, rewrite);
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
    roundTo(Math.sqrt(roundTo(exact, bits)), bits) ** 2,
    1 / roundTo(1 / fourth, bits) ** 2,
  ]);
  return spellings.some(spelled => Math.abs(scale / spelled - 1) < 3e-7) ? exact : scale;
}

function roundTo(value: number, bits: number): number {
  const unit = 2 ** (Math.floor(Math.log2(value)) + 1 - bits);
  return Math.round(value / unit) * unit;
}

function softmaxOf(softmax: AnnOf<'softmax'>, rewrite: Rewrite): Selection {
  const { draft, node } = rewrite;
  const { attrs, origin, type } = softmax;
  const behind = unscaled(softmax.operands[0]!, rewrite);
  const product = node(behind.base);
  const isScores = product.kind === 'matmul' && feedsSoftmax(product.id, rewrite);
  const inner = isScores ? node(product.operands[0]!).type.shape.at(-1) : undefined;
  const factors = isScores ? product.operands.map(id => onlyScaled(id, rewrite).factor) : [];
  const scale = unrounded(
    factors.reduce((a, b) => a * b, behind.factor * attrs.scale),
    inner,
  );
  if (behind.shift === 0) return putSoftmax(draft, behind.value, { ...attrs, scale }, origin);
  const shift = combineFields([behind.shift], sizeOf(type.shape), t => t! * attrs.scale);
  return putSoftmax(
    draft,
    putFields(draft, behind.value, scale, shift, origin),
    { ...attrs, scale: 1 },
    origin,
  );
}

/** A value is `factor` · what `value` is + `shift`. */
interface Unscaled {
  readonly base: ValueId;
  readonly value: Selection;
  readonly factor: number;
  readonly shift: Field;
}

/** Walks down through affines and through views of what is only scaled. */
function unscaled(id: ValueId, rewrite: Rewrite, passesOffsets = true): Unscaled {
  const node = rewrite.node(id);
  const { constants } = rewrite.draft;
  const factor = scaleOf(node, rewrite);
  const isOpen = passesOffsets || (node.kind === 'affine' && node.attrs.shift === undefined);
  if (node.kind === 'affine' && factor !== undefined && isOpen) {
    const inner = unscaled(node.operands[0]!, rewrite, passesOffsets);
    const own = constantField(constants, node.attrs.shift, 0);
    const shift = combineFields([inner.shift, own], sizeOf(node.type.shape), (s, t) => s! * factor + t!);
    return { ...inner, factor: inner.factor * factor, shift };
  }
  if (node.kind === 'view' && node.operands.length === 1) {
    const inner = unscaled(node.operands[0]!, rewrite, passesOffsets);
    const value = select(inner.value, { index: node.attrs.map, shape: node.type.shape });
    if (inner.shift === 0 && inner.factor !== 1) return { ...inner, value };
  }
  return { base: id, value: rewrite.value(id), factor: 1, shift: 0 };
}

/** The same for an operand of the product, down to the first offset: that must stay. */
const onlyScaled = (id: ValueId, rewrite: Rewrite): Unscaled => unscaled(id, rewrite, false);

/** The one factor of an affine. */
function scaleOf(node: AnnNode, { draft }: Rewrite): number | undefined {
  return node.kind === 'affine' ? uniformConstant(draft.constants, node.attrs.scale, 1) : undefined;
}

/** Is a softmax, perhaps behind factors and constants that are added, the only reader? */
function feedsSoftmax(id: ValueId, rewrite: Rewrite): boolean {
  const [reader, ...others] = rewrite.readers(id);
  if (reader === undefined || others.length > 0) return false;
  return (
    reader.kind === 'softmax' || (scaleOf(reader, rewrite) !== undefined && feedsSoftmax(reader.id, rewrite))
  );
}
