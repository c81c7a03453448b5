/**
 * Constants that are added or multiplied move into the node that can hold them: several affines become one, an
 * offset per channel becomes the bias of its linear, a gain and offset per channel those of its norm.
 *
 *     %y = affine(affine(linear(%x) {weight}) {shift=@a}) {shift=@b}   →   linear(%x) {weight, bias=@a + @b}
 *
 * Preserves  values up to floating-point rounding
 */
import type { AnnOf, ann } from '../../ir/ann.ts';
import type { ConstId } from '../../ir/constants.ts';
import { defect } from '../../ir/diagnostics/diagnostic.ts';
import { sizeOf } from '../../ir/dialect.ts';
import { putAffine, putLinear, putNorm } from '../ann/draft.ts';
import { normOf, type Rewrite, rebuild } from '../ann/rebuild.ts';
import type { Selection } from '../ann/selection.ts';
import { fieldOf, storeNumbers } from '../ann/values.ts';
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
  readonly scale: Float64Array;
  readonly shift: Float64Array;
}

function merge(outer: AnnOf<'affine'>, rewrite: Rewrite): Selection {
  const { node, readers, draft, value } = rewrite;
  const { shape } = outer.type;
  let total = totalOf(outer, rewrite);
  let base = node(outer.operands[0]!);
  while (base.kind === 'affine' && readers(base.id).length === 1) {
    const inner = totalOf(base, rewrite);
    const { scale, shift } = total;
    total = {
      scale: scale.map((s, i) => s * inner.scale[i]!),
      shift: shift.map((t, i) => t + scale[i]! * inner.shift[i]!),
    };
    base = node(base.operands[0]!);
  }
  const channels = shape.at(-1)!;
  const scale = perChannel(total.scale, channels);
  const shift = perChannel(total.shift, channels);
  if (readers(base.id).length === 1 && shift !== undefined && scale !== undefined) {
    if (base.kind === 'linear' && scale.every(s => s === 1)) {
      const { weight, bias } = base.attrs;
      const sum = shift.map((t, c) => t + (bias === undefined ? 0 : draft.constants.get(bias).data[c]!));
      const stored: ConstId = storeNumbers(draft.constants, sum, [channels]);
      return putLinear(draft, value(base.operands[0]!), weight, stored, base.origin);
    }
    if (base.kind === 'layernorm') {
      const { gamma, beta, epsilon, kind } = normOf(base, draft);
      const gain = scale.map((s, c) => s * (gamma?.[c] ?? 1));
      const offset = shift.map((t, c) => t + scale[c]! * (beta?.[c] ?? 0));
      return putNorm(
        draft,
        value(base.operands[0]!),
        { kind, epsilon, gamma: gain, beta: offset },
        base.origin,
      );
    }
  }
  return putAffine(
    draft,
    value(base.id),
    { shape, data: total.scale },
    { shape, data: total.shift },
    outer.origin,
  );
}

function totalOf({ attrs, type }: AnnOf<'affine'>, { draft }: Rewrite): Total {
  const size = sizeOf(type.shape);
  const spread = (id: ConstId | undefined, neutral: number) => {
    const field = id === undefined ? neutral : fieldOf(draft.constants.get(id), type.shape);
    return typeof field === 'number' ? new Float64Array(size).fill(field) : field;
  };
  return { scale: spread(attrs.scale, 1), shift: spread(attrs.shift, 0) };
}

/** One number a channel, or undefined where rows differ. */
function perChannel(field: Float64Array, channels: number): Float64Array | undefined {
  if (field.length % channels !== 0) return defect('a field that does not cover whole rows');
  return field.every((x, i) => x === field[i % channels]) ? field.slice(0, channels) : undefined;
}
