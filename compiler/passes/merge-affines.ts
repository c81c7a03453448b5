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
import { sizeOf, type ValueId } from '../../ir/dialect.ts';
import { putBinary, putFields, putLinear, putNorm } from '../ann/draft.ts';
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
    rebuild(graph, (node, rewrite) => {
      // The last of a chain merges all of it: each for itself would walk the chain again.
      if (node.kind === 'affine') return isMergedLater(node, rewrite) ? undefined : merge(node, rewrite);
      return node.kind === 'linear' ? takeGain(node, rewrite) : undefined;
    }),
};

function isMergedLater({ id }: AnnOf<'affine'>, { readers }: Rewrite): boolean {
  const [reader, ...others] = readers(id);
  return reader?.kind === 'affine' && others.length === 0;
}

/** A gain in front of linears goes into the rows of their weights; that of a norm stays with the norm. */
function takeGain(linear: AnnOf<'linear'>, { node, readers, draft, value }: Rewrite): Selection | undefined {
  const affine = node(linear.operands[0]!);
  if (affine.kind !== 'affine' || affine.attrs.shift !== undefined) return undefined;
  const { kind } = node(affine.operands[0]!);
  const isNorm = kind === 'layernorm' || kind === 'rmsnorm';
  if (isNorm || !readers(affine.id).every(reader => reader.kind === 'linear')) return undefined;
  const { constants } = draft;
  const { weight, bias } = linear.attrs;
  const gain = perChannel(constantField(constants, affine.attrs.scale, 1), affine.type.shape.at(-1)!);
  if (gain === undefined) return undefined;
  const channels = linear.type.shape.at(-1)!;
  const scaled = scaleWeights(constants, weight, 'rows', gain, i => Math.floor(i / channels));
  return putLinear(draft, value(affine.operands[0]!), scaled, bias, linear.origin);
}

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
  if (base.kind === 'add' && scale.every(s => s === 1)) return mergeIntoSum(base, shift, rewrite);
  if (base.kind === 'linear') return mergeIntoLinear(base, scale, shift, rewrite);
  if (base.kind !== 'layernorm') return undefined;
  const { gamma, beta, epsilon, kind } = normOf(base, draft);
  const gain = scale.map((s, c) => s * (gamma?.[c] ?? 1));
  const offset = shift.map((t, c) => t + scale[c]! * (beta?.[c] ?? 0));
  const norm = { kind, epsilon, gamma: gain, beta: offset };
  return putNorm(draft, value(base.operands[0]!), norm, base.origin);
}

/** An offset behind a sum belongs to the linear that is added. */
function mergeIntoSum(sum: AnnOf<'add'>, shift: Float64Array, rewrite: Rewrite): Selection | undefined {
  const { node, readers, draft, value } = rewrite;
  const linear = sum.operands.map(node).find(operand => operand.kind === 'linear');
  if (linear?.kind !== 'linear' || readers(linear.id).length > 1) return undefined;
  const [a, b] = sum.operands as readonly [ValueId, ValueId];
  const neutral = new Float64Array(shift.length).fill(1);
  const offset = mergeIntoLinear(linear, neutral, shift, rewrite);
  return putBinary(draft, 'add', value(a === linear.id ? b : a), offset, sum.origin);
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
  const scaled = isScaled ? scaleWeights(constants, weight, 'columns', scale, i => i % scale.length) : weight;
  return putLinear(draft, value(base.operands[0]!), scaled, stored, base.origin);
}

function scaleWeights(
  constants: ConstantPool,
  weight: ConstId,
  what: 'rows' | 'columns',
  gain: Float64Array,
  gainOf: (i: number) => number,
): ConstId {
  const { shape } = constants.get(weight);
  const factors = storeNumbers(constants, gain, [gain.length]);
  return deriveConstant(constants, weight, `${what} times ${factors}`, shape, data => {
    const out = data instanceof Float64Array ? new Float64Array(data.length) : new Float32Array(data.length);
    for (let i = 0; i < out.length; i++) out[i] = data[i]! * gain[gainOf(i)]!;
    return out;
  });
}

const totalOf = ({ attrs }: AnnOf<'affine'>, { draft }: Rewrite): Total => ({
  scale: constantField(draft.constants, attrs.scale, 1),
  shift: constantField(draft.constants, attrs.shift, 0),
});
