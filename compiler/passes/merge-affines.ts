/**
 * Constants that are added or multiplied move into the node that can hold them: several affines become one, an
 * offset per channel becomes the bias of its linear, a gain and offset per channel those of its norm.
 *
 *     %y = affine(affine(linear(%x) {weight}) {shift=@a}) {shift=@b}   →   linear(%x) {weight, bias=@a + @b}
 *
 * Preserves  values up to floating-point rounding
 */
import type { AnnNode, AnnOf, ann } from '../../ir/ann.ts';
import type { ConstId } from '../../ir/constants.ts';
import { sizeOf } from '../../ir/dialect.ts';
import { putFields, putLinear, putNorm } from '../ann/draft.ts';
import { normOf, type Rewrite, rebuild } from '../ann/rebuild.ts';
import type { Selection } from '../ann/selection.ts';
import { combineFields, constantField, type Field, perChannel, storeNumbers } from '../ann/values.ts';
import type { Pass } from '../pass.ts';

export const mergeAffines: Pass<typeof ann, typeof ann> = {
  name: 'merge-affines',
  summary: 'Merge constant offsets and gains into linears, norms and each other.',
  source: 'design 1, Stages',

  run: graph =>
    rebuild(graph, (node, rewrite) => (node.kind === 'affine' ? merge(node, rewrite) : undefined)),
};

/** scale and shift of every element. */
interface Total {
  readonly scale: Field;
  readonly shift: Field;
}

function merge(outer: AnnOf<'affine'>, rewrite: Rewrite): Selection {
  const { node, readers, draft, value } = rewrite;
  const { shape } = outer.type;
  const size = sizeOf(shape);
  let total = totalOf(outer, rewrite);
  let base = node(outer.operands[0]!);
  while (base.kind === 'affine' && readers(base.id).length === 1) {
    const inner = totalOf(base, rewrite);
    const { scale, shift } = total;
    total = {
      scale: combineFields([scale, inner.scale], size, (s, t) => s! * t!),
      shift: combineFields([shift, scale, inner.shift], size, (t, s, u) => t! + s! * u!),
    };
    base = node(base.operands[0]!);
  }
  return (
    (readers(base.id).length === 1 ? mergeInto(base, total, shape.at(-1)!, rewrite) : undefined) ??
    putFields(draft, value(base.id), total.scale, total.shift, outer.origin)
  );
}

/** Undefined where `base` cannot take gain and offset in. */
function mergeInto(base: AnnNode, total: Total, channels: number, rewrite: Rewrite): Selection | undefined {
  const { draft, value } = rewrite;
  const scale = perChannel(total.scale, channels);
  const shift = perChannel(total.shift, channels);
  if (scale === undefined || shift === undefined) return undefined;
  if (base.kind === 'linear' && scale.every(s => s === 1)) {
    const { weight, bias } = base.attrs;
    const sum = shift.map((t, c) => t + (bias === undefined ? 0 : draft.constants.get(bias).data[c]!));
    const stored: ConstId = storeNumbers(draft.constants, sum, [channels]);
    return putLinear(draft, value(base.operands[0]!), weight, stored, base.origin);
  }
  if (base.kind !== 'layernorm') return undefined;
  const { gamma, beta, epsilon, kind } = normOf(base, draft);
  const gain = scale.map((s, c) => s * (gamma?.[c] ?? 1));
  const offset = shift.map((t, c) => t + scale[c]! * (beta?.[c] ?? 0));
  const norm = { kind, epsilon, gamma: gain, beta: offset };
  return putNorm(draft, value(base.operands[0]!), norm, base.origin);
}

const totalOf = ({ attrs }: AnnOf<'affine'>, { draft }: Rewrite): Total => ({
  scale: constantField(draft.constants, attrs.scale, 1),
  shift: constantField(draft.constants, attrs.shift, 0),
});
