/**
 * A factor on a part of what is joined becomes a constant on the whole, so that a rotation (−x₁, x₀, −x₃, x₂, …) is
 * one view and one gain.
 *
 *     %a = affine(%odd) {scale=−1}   %r = view(%a, %even) {interleaved}
 *   becomes
 *     %r = affine(view(%x) {swapped in pairs}) {scale=(−1, 1)}
 *
 * Needs      one number as scale of the part
 * Preserves  exactly
 * Cost       linear in the elements of the joined tensor
 */
import type { AnnOf, ann } from '../../ir/ann.ts';
import { sizeOf } from '../../ir/dialect.ts';
import { expandMap, HOLE } from '../../ir/map.ts';
import { putFields } from '../ann/draft.ts';
import { type Rewrite, rebuild } from '../ann/rebuild.ts';
import { concatenate, type Selection, select } from '../ann/selection.ts';
import { type Field, uniformConstant } from '../ann/values.ts';
import type { Pass } from '../pass.ts';

export const liftScales: Pass<typeof ann, typeof ann> = {
  name: 'lift-scales',
  summary: 'Move factors of parts behind the view that joins the parts.',
  source: 'design 1, Stages: rotary positions are one view and two gains',

  run: graph =>
    rebuild(graph, (node, rewrite) =>
      node.kind === 'view' && node.operands.length > 1 ? lift(node, rewrite) : undefined,
    ),
};

function lift(view: AnnOf<'view'>, rewrite: Rewrite): Selection | undefined {
  const { node, draft, value } = rewrite;
  const parts = view.operands.map(id => {
    const part = node(id);
    const isScale = part.kind === 'affine' && part.attrs.shift === undefined;
    const scale = isScale ? uniformConstant(draft.constants, part.attrs.scale, 1) : undefined;
    const plain = part.kind === 'affine' && scale !== undefined ? value(part.operands[0]!) : value(id);
    return { plain, scale: scale ?? 1, size: sizeOf(part.type.shape) };
  });
  if (parts.every(({ scale }) => scale === 1)) return undefined;
  const { map } = view.attrs;
  const joined = { ...concatenate(parts.map(part => part.plain)), shape: [map.length] };
  const whole = select(joined, { index: map, shape: view.type.shape });
  return putFields(draft, whole, scalesOf(expandMap(map), parts), undefined, view.origin);
}

function scalesOf(
  indices: Int32Array,
  parts: readonly { readonly scale: number; readonly size: number }[],
): Field {
  const scales = new Float64Array(parts.reduce((n, part) => n + part.size, 0));
  let at = 0;
  for (const { scale, size } of parts) {
    scales.fill(scale, at, at + size);
    at += size;
  }
  return Float64Array.from(indices, i => (i === HOLE ? 1 : scales[i]!));
}
