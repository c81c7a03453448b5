/**
 * Moves a constant added after a linear into its bias, and the gain and offset that follow a normalisation into
 * its gamma and beta.
 *
 *     %a = linear(%x) {weight=@w};          %b = affine(%a) {shift=@c}            →  linear(%x) {weight=@w, bias=@c}
 *     %a = layernorm(%x) {epsilon=1e-6};    %b = affine(%a) {scale=@g, shift=@c}  →  layernorm(%x) {…, gamma=@g, beta=@c}
 *
 * Source     the meaning of `linear`, `layernorm` and `rmsnorm` (ir/ann.ts)
 * Needs      nothing else reads the operand; the constant has one number for each channel
 * Preserves  exact; two added constants become one in double precision
 */
import type { AnnNode, AnnOf, ann } from '../../ir/ann.ts';
import type { ConstantPool, ConstId } from '../../ir/constants.ts';
import { putLinear, putNorm } from '../ann/draft.ts';
import { normOf, type Rewrite, rebuild } from '../ann/rebuild.ts';
import type { Selection } from '../ann/selection.ts';
import { storeNumbers } from '../ann/values.ts';
import type { Pass } from '../pass.ts';

export const absorbAffines: Pass<typeof ann, typeof ann> = {
  name: 'absorb-affines',
  summary: 'Make an affine after a linear its bias, and one after a normalisation its gamma and beta.',
  source: 'the meaning of linear, layernorm and rmsnorm',
  run: graph =>
    rebuild(graph, (node, rewrite) => (node.kind === 'affine' ? absorb(node, rewrite) : undefined)),
};

function absorb(affine: AnnOf<'affine'>, rewrite: Rewrite): Selection | undefined {
  const { constants } = rewrite.draft;
  const shifts: ConstId[] = [];
  let node: AnnNode = affine;
  while (node.kind === 'affine' && node.attrs.scale === undefined && node.attrs.shift !== undefined) {
    shifts.push(node.attrs.shift);
    node = rewrite.node(node.operands[0]!);
    if (rewrite.readers(node.id).length > 1) return undefined;
  }
  if (node.kind === 'linear') return withBias(node, shifts, rewrite);
  const norm = rewrite.node(affine.operands[0]!);
  if (rewrite.readers(norm.id).length > 1) return undefined;
  const channels = norm.type.shape.at(-1)!;
  const gain = perChannel(constants, affine.attrs.scale, channels);
  const offset = perChannel(constants, affine.attrs.shift, channels);
  if (gain === 'no' || offset === 'no') return undefined;
  if (norm.kind === 'layernorm') return withGain(norm, gain, offset, rewrite);
  return norm.kind === 'rmsnorm' && offset === undefined
    ? withGain(norm, gain, undefined, rewrite)
    : undefined;
}

function withBias(
  linear: AnnOf<'linear'>,
  shifts: readonly ConstId[],
  rewrite: Rewrite,
): Selection | undefined {
  const { draft } = rewrite;
  const channels = linear.type.shape.at(-1)!;
  const sum = new Float64Array(channels);
  for (const id of [linear.attrs.bias, ...shifts.toReversed()]) {
    const values = perChannel(draft.constants, id, channels);
    if (values === 'no') return undefined;
    values?.forEach((value, c) => {
      sum[c]! += value;
    });
  }
  const bias = sum.every(value => value === 0) ? undefined : storeNumbers(draft.constants, sum, [channels]);
  return putLinear(draft, rewrite.value(linear.operands[0]!), linear.attrs.weight, bias, linear.origin);
}

function withGain(
  norm: AnnOf<'layernorm'> | AnnOf<'rmsnorm'>,
  gain: Float64Array | undefined,
  offset: Float64Array | undefined,
  rewrite: Rewrite,
): Selection | undefined {
  const known = normOf(norm, rewrite.draft);
  const isTaken = (known.gamma !== undefined && gain !== undefined) || known.beta !== undefined;
  if (isTaken) return undefined;
  const attrs = { ...known, gamma: known.gamma ?? gain, beta: offset };
  return putNorm(rewrite.draft, rewrite.value(norm.operands[0]!), attrs, norm.origin);
}

/** One number for each channel; 'no' where the constant says more than that. */
function perChannel(
  constants: ConstantPool,
  id: ConstId | undefined,
  channels: number,
): Float64Array | undefined | 'no' {
  if (id === undefined) return undefined;
  const { data } = constants.get(id);
  if (channels % data.length !== 0) return 'no';
  return Float64Array.from({ length: channels }, (_, c) => data[c % data.length]!);
}
