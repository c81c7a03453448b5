/**
 * Moves γ and β of a layernorm or rmsnorm into the linears that read it, so that the soma computes the plain
 * quotient.
 *
 *     %n = layernorm(%x) {epsilon, gamma=@g, beta=@b};  %y = linear(%n) {weight=@w, bias=@c}
 *   becomes
 *     %n = layernorm(%x) {epsilon};  %y = linear(%n) {weight=diag(g)·w, bias=c + b·w}
 *
 * Source     design 3 §3
 * Needs      every reader, through views whose elements keep their channel, is a linear; others keep γ and β (the soma
 *            adds lg|γ| in the log domain)
 * Preserves  values up to floating-point rounding
 */
import type { AnnGraph, AnnNode, AnnOf, ann } from '../../ir/ann.ts';
import type { ConstantPool, ConstId } from '../../ir/constants.ts';
import { nodeMap, readersOf, type ValueId } from '../../ir/dialect.ts';
import { keepsPhase } from '../../ir/map.ts';
import { deriveConstant } from '../ann/values.ts';
import type { Pass } from '../pass.ts';

export const foldNorms: Pass<typeof ann, typeof ann> = {
  name: 'fold-norms',
  summary: 'Fold the gain and offset of layernorm and rmsnorm into the linears behind it.',
  source: 'Design 3 §3: γ and β fold into the next linear',

  run(graph) {
    const readers = readersOf(graph.nodes);
    const byId = nodeMap(graph.nodes);
    const folded = new Set<ValueId>();
    const linearNorm = new Map<ValueId, Gain>();
    for (const node of graph.nodes) {
      const gain = gainOf(node);
      if (gain === undefined) continue;
      const linears = linearReaders(node.id, node.type.shape.at(-1)!, readers, byId);
      if (linears === undefined) continue;
      folded.add(node.id);
      for (const id of linears) linearNorm.set(id, gain);
    }
    const nodes = graph.nodes.map((node): AnnNode => {
      if (folded.has(node.id) && node.kind === 'layernorm') {
        return { ...node, attrs: { epsilon: node.attrs.epsilon } };
      }
      if (folded.has(node.id) && node.kind === 'rmsnorm') {
        return { ...node, attrs: { epsilon: node.attrs.epsilon } };
      }
      const norm = node.kind === 'linear' ? linearNorm.get(node.id) : undefined;
      return node.kind === 'linear' && norm ? foldInto(node, norm, graph.constants) : node;
    });
    return { ...graph, nodes } satisfies AnnGraph;
  },
};

interface Gain {
  readonly gamma: ConstId | undefined;
  readonly beta: ConstId | undefined;
}

function gainOf(node: AnnNode): Gain | undefined {
  if (node.kind !== 'layernorm' && node.kind !== 'rmsnorm') return undefined;
  const { gamma } = node.attrs;
  const beta = node.kind === 'layernorm' ? node.attrs.beta : undefined;
  return (gamma ?? beta) === undefined ? undefined : { gamma, beta };
}

/** The linears behind a value, or undefined where something else reads it. */
function linearReaders(
  id: ValueId,
  channels: number,
  readers: ReadonlyMap<ValueId, readonly AnnNode[]>,
  byId: ReadonlyMap<ValueId, AnnNode>,
): readonly ValueId[] | undefined {
  const found: ValueId[] = [];
  for (const reader of readers.get(id) ?? []) {
    if (reader.kind === 'linear') found.push(reader.id);
    else if (reader.kind === 'view' && keepsChannels(reader, channels)) {
      const behind = linearReaders(reader.id, channels, readers, byId);
      if (behind === undefined) return undefined;
      found.push(...behind);
    } else return undefined;
  }
  return found;
}

/** Does every element of the view come from its own channel, without holes (a hole stays 0, β would not)? */
function keepsChannels(view: AnnOf<'view'>, channels: number): boolean {
  if (view.operands.length !== 1 || view.type.shape.at(-1) !== channels) return false;
  return keepsPhase(view.attrs.map, channels);
}

function foldInto(linear: AnnOf<'linear'>, norm: Gain, constants: ConstantPool): AnnNode {
  const { weight, bias } = linear.attrs;
  const { shape } = constants.get(weight);
  const channels = shape[1]!;
  const gamma = norm.gamma === undefined ? undefined : constants.get(norm.gamma).data;
  const beta = norm.beta === undefined ? undefined : constants.get(norm.beta).data;
  const own = bias === undefined ? undefined : constants.get(bias).data;
  const scaled = deriveConstant(constants, weight, `rows times ${norm.gamma}`, shape, data => {
    const out = new Float64Array(data.length);
    for (let k = 0, i = 0; i < data.length; k++) {
      const factor = gamma?.[k] ?? 1;
      for (let c = 0; c < channels; c++, i++) out[i] = data[i]! * factor;
    }
    return out;
  });
  const offset = deriveConstant(constants, weight, `times ${norm.beta} plus ${bias}`, [channels], data => {
    const sum = new Float64Array(channels);
    if (own !== undefined) sum.set(own);
    for (let k = 0, i = 0; i < data.length; k++) {
      const shift = beta?.[k] ?? 0;
      for (let c = 0; c < channels; c++, i++) sum[c]! += data[i]! * shift;
    }
    return sum;
  });
  return { ...linear, attrs: { weight: scaled, bias: offset } };
}
