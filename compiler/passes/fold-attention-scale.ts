/**
 * Moves the scale of a softmax, and log2(e), into what makes its scores – weights, gains and constants – so that
 * they arrive in the log2 domain and nothing is multiplied on the chip.
 *
 *     %q = linear(%x) {weight=@w};  %s = matmul(%q, %k);  %b = affine(%s) {shift=@b};  softmax(%b) {scale=0.25, base=e}
 *   becomes
 *     %q = linear(%x) {weight=0.25·log2(e)·w};  …  affine(%s) {shift=0.25·log2(e)·b};  softmax(%b) {scale=1, base=2}
 *
 * Source     design 3 §3
 * Needs      everything on the way has one reader, and ends at weights, at a norm or at a scale; where it does not
 *            the softmax keeps its scale, which costs constant shift-adds
 * Preserves  values up to floating-point rounding; thresholds of q must be calibrated afterwards
 */
import type { AnnGraph, AnnNode, AnnOf, ann } from '../../ir/ann.ts';
import type { ConstantPool, ConstId } from '../../ir/constants.ts';
import { nodeMap, readersOf, type ValueId } from '../../ir/dialect.ts';
import { deriveConstant, uniformConstant } from '../ann/values.ts';
import type { Pass } from '../pass.ts';

export const foldAttentionScale: Pass<typeof ann, typeof ann> = {
  name: 'fold-attention-scale',
  summary: 'Fold the attention scale and log2(e) into the query projection, and into constants on the way.',
  source: 'Design 3 §3: so do the attention scale and log2(e)',

  run(graph) {
    const folder = createFolder(graph);
    for (const node of graph.nodes) {
      if (node.kind !== 'softmax' || (node.attrs.base === '2' && node.attrs.scale === 1)) continue;
      const factor = node.attrs.scale * (node.attrs.base === 'e' ? Math.LOG2E : 1);
      const changes = folder.scaled(node.operands[0]!, factor);
      if (changes === undefined) continue;
      folder.accept([...changes, { ...node, attrs: { scale: 1, base: '2' } }]);
    }
    return { ...graph, nodes: folder.nodes() } satisfies AnnGraph;
  },
};

function createFolder({ nodes, constants }: AnnGraph) {
  const current = new Map(nodeMap(nodes));
  const readers = readersOf(nodes);

  /** The nodes that must change so that `id` comes out `factor` times as large; undefined: none can. */
  function scaled(id: ValueId, factor: number): readonly AnnNode[] | undefined {
    const node = current.get(id)!;
    if (readers.get(id)?.length !== 1) return undefined;
    switch (node.kind) {
      case 'linear':
        return [scaledLinear(node, factor, constants)];
      case 'layernorm':
      case 'rmsnorm':
        return [scaledNorm(node, factor, constants)];
      case 'affine':
        return scaledAffine(node, factor);
      case 'view':
      case 'add':
        return allScaled(node.operands, factor);
      case 'matmul':
        return scaled(node.operands[0]!, factor) ?? scaled(node.operands[1]!, factor);
      default:
        return undefined;
    }
  }

  function allScaled(operands: readonly ValueId[], factor: number): readonly AnnNode[] | undefined {
    const all = operands.map(operand => scaled(operand, factor));
    const changes = all.flatMap(change => change ?? []);
    const isTwice = new Set(operands).size < operands.length;
    return all.every(change => change !== undefined) && !isTwice ? changes : undefined;
  }

  /** One number as scale moves on with the factor, if it can; a scale of its own takes the factor in. */
  function scaledAffine(node: AnnOf<'affine'>, factor: number): readonly AnnNode[] | undefined {
    const { scale, shift } = node.attrs;
    const moved = shift === undefined ? undefined : times(shift, factor, constants);
    const uniform = uniformConstant(constants, scale, 1);
    const behind = uniform === undefined ? undefined : scaled(node.operands[0]!, factor * uniform);
    if (behind !== undefined) return [...behind, { ...node, attrs: { shift: moved } }];
    if (scale === undefined) return undefined;
    return [{ ...node, attrs: { scale: times(scale, factor, constants), shift: moved } }];
  }

  return {
    scaled,
    accept(changes: readonly AnnNode[]) {
      for (const node of changes) current.set(node.id, node);
    },
    nodes: () => nodes.map(node => current.get(node.id)!),
  };
}

function times(id: ConstId, factor: number, constants: ConstantPool): ConstId {
  const { shape } = constants.get(id);
  return deriveConstant(constants, id, `times ${factor}`, shape, data =>
    Float64Array.from(data, x => x * factor),
  );
}

function scaledLinear(linear: AnnOf<'linear'>, factor: number, constants: ConstantPool): AnnNode {
  const { weight, bias } = linear.attrs;
  return {
    ...linear,
    attrs: {
      weight: times(weight, factor, constants),
      bias: bias === undefined ? undefined : times(bias, factor, constants),
    },
  };
}

function scaledNorm(
  norm: AnnOf<'layernorm'> | AnnOf<'rmsnorm'>,
  factor: number,
  constants: ConstantPool,
): AnnNode {
  const channels = norm.type.shape.at(-1)!;
  const ones = () =>
    constants.add({ dtype: 'f64', shape: [channels], data: new Float64Array(channels).fill(1) });
  const gamma = times(norm.attrs.gamma ?? ones(), factor, constants);
  const { epsilon } = norm.attrs;
  if (norm.kind === 'rmsnorm') return { ...norm, attrs: { epsilon, gamma } };
  const beta = norm.attrs.beta && times(norm.attrs.beta, factor, constants);
  return { ...norm, attrs: { epsilon, gamma, beta } };
}
