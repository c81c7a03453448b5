/**
 * Constants that are added or multiplied move into the node that can hold them: several affines become one, an
 * gain and offset per channel go into the weights and the bias of their linear or become those of their norm.
 *
 *     %y = affine(affine(linear(%x) {weight}) {shift=@a}) {shift=@b}   →   linear(%x) {weight, bias=@a + @b}
 *
 * Preserves  values up to floating-point rounding
 */
import type { AnnNode, AnnOf, ann } from '../../ir/ann.ts';
import type { ConstantPool, ConstId } from '../../ir/constants.ts';
import { sizeOf } from '../../ir/dialect.ts';
import { putFields, putLinear, putNorm } from '../ann/draft.ts';
import { normOf, type Rewrite, rebuild } from '../ann/rebuild.ts';
import type { Selection } from '../ann/selection.ts';
import {
  combineFields,
  constantField,
  deriveConstant,
  type Field,
  perChannel,
  storeNumbers,
} from '../ann/values.ts';
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
  if (base.kind === 'linear') return mergeIntoLinear(base, scale, shift, rewrite);
  if (base.kind !== 'layernorm') return undefined;
  const { gamma, beta, epsilon, kind } = normOf(base, draft);
  const gain = scale.map((s, c) => s * (gamma?.[c] ?? 1));
  const offset = shift.map((t, c) => t + scale[c]! * (beta?.[c] ?? 0));
  const norm = { kind, epsilon, gamma: gain, beta: offset };
  return putNorm(draft, value(base.operands[0]!), norm, base.origin);
}

/** A gain (layer scale, a batch norm) goes into the columns of the weight, in single precision where that has it. */
function mergeIntoLinear(
  base: AnnOf<'linear'>,
  scale: Float64Array,
  shift: Float64Array,
  { draft, value }: Rewrite,
): Selection {
  const { constants } = draft;
  const { weight, bias } = base.attrs;
  const old = bias === undefined ? undefined : constants.get(bias).data;
  const sum = shift.map((t, c) => t + scale[c]! * (old?.[c] ?? 0));
  const isScaled = scale.some(s => s !== 1);
  const isSingle = constants.get(weight).dtype === 'f32';
  const stored = storeNumbers(constants, isScaled && isSingle ? sum.map(Math.fround) : sum, [sum.length]);
  const scaled = isScaled ? scaleColumns(constants, weight, scale) : weight;
  return putLinear(draft, value(base.operands[0]!), scaled, stored, base.origin);
}

function scaleColumns(constants: ConstantPool, weight: ConstId, scale: Float64Array): ConstId {
  const { shape } = constants.get(weight);
  const factors = storeNumbers(constants, scale, [scale.length]);
  return deriveConstant(constants, weight, `times ${factors}`, shape, data => {
    const out = data instanceof Float64Array ? new Float64Array(data.length) : new Float32Array(data.length);
    for (let i = 0; i < out.length; i++) out[i] = data[i]! * scale[i % scale.length]!;
    return out;
  });
}

const totalOf = ({ attrs }: AnnOf<'affine'>, { draft }: Rewrite): Total => ({
  scale: constantField(draft.constants, attrs.scale, 1),
  shift: constantField(draft.constants, attrs.shift, 0),
});
