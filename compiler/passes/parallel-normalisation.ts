/**
 * One linear that reads payloads ±2^p·θ → one that reads 2n binary channels, its weights multiplied by the
 * thresholds: for targets whose spikes carry nothing. Not in the default pipeline.
 *
 *     %a = population(…) {emit=mt{θ1, θ2, levels=n}};  %b.linear = linear(%a) {weight=W}
 *   becomes
 *     %a = population(…) {emit=channels{θ1, θ2, levels=n}};  %b.linear = linear(%a) {weight=[λ_1·W; −λ_1·W; λ_2·W; …]}
 *
 * Populations that send more than one term a step, fire by another rule, or are read by a product, a tap, a relay
 * or a maximum as well keep their payloads.
 *
 * Source     ECMT Eqs. 26-29
 * Preserves  every spike; the numbers up to the rounding of λ_p·W (exactly where thresholds are powers of two)
 */
import { readersOf, sizeOf, type ValueId } from '../../ir/dialect.ts';
import { channelThresholds } from '../../ir/interpret/emit.ts';
import { compressMap, HOLE, mapIndices } from '../../ir/map.ts';
import type { EmitOf, SnnGraph, SnnNode, SnnOf, snn } from '../../ir/snn.ts';
import type { Pass } from '../pass.ts';

export const parallelNormalisation: Pass<typeof snn, typeof snn> = {
  name: 'parallel-normalisation',
  summary: 'Binary channels with scaled weights in place of payloads.',
  source: 'ECMT Eqs. 26-29',

  run(graph) {
    const emits = parallelEmits(graph);
    const nodes = graph.nodes.map((node): SnnNode => {
      if (node.kind === 'population') {
        const emit = emits.get(node.id);
        return emit === undefined ? node : widened(node, emit);
      }
      const emit = node.kind === 'linear' ? emits.get(node.operands[0]!) : undefined;
      return node.kind === 'linear' && emit !== undefined ? scaled(node, emit, graph) : node;
    });
    return { ...graph, nodes };
  },
};

/** Populations that only linears read, by the channels that they get. */
function parallelEmits({ nodes }: SnnGraph): ReadonlyMap<ValueId, EmitOf<'channels'>> {
  const readers = readersOf(nodes);
  return new Map(
    nodes.flatMap(node => {
      if (node.kind !== 'population' || node.attrs.emit.kind !== 'mt') return [];
      const { emit } = node.attrs;
      const isAlone = (readers.get(node.id) ?? []).every(reader => reader.kind === 'linear');
      return emit.rule === 'paper' && emit.terms === 1 && isAlone
        ? [[node.id, channelsOf(emit)] as const]
        : [];
    }),
  );
}

/** A side that a base threshold ≤ 0 silences stays silent; its channels never fire, whatever their weights. */
const channelsOf = ({ theta1, theta2, levels, ties }: EmitOf<'mt'>): EmitOf<'channels'> => ({
  kind: 'channels',
  theta1,
  theta2,
  levels,
  ...(ties === undefined ? {} : { ties }),
});

function widened(node: SnnOf<'population'>, emit: EmitOf<'channels'>): SnnNode {
  const [groups, rows, channels] = node.type.shape as readonly [number, number, number];
  const shape = [groups, rows, channels * 2 * emit.levels];
  return { ...node, attrs: { ...node.attrs, emit }, type: { ...node.type, shape } };
}

/** Eqs. 27 and 28: weight row k becomes 2n rows λ_p · W[k], and its axon 2n axons. */
function scaled(node: SnnOf<'linear'>, emit: EmitOf<'channels'>, { constants }: SnnGraph): SnnNode {
  const { shape, data } = constants.get(node.attrs.weight);
  const [inputs, channels] = shape as readonly [number, number];
  const lambdas = channelThresholds(emit);
  const side = lambdas.length;
  const weights = Float64Array.from({ length: inputs * side * channels }, (_, i) => {
    const row = Math.floor(i / channels);
    return data[Math.floor(row / side) * channels + (i % channels)]! * lambdas[row % side]!;
  });
  const weight = constants.add({ dtype: 'f64', shape: [inputs * side, channels], data: weights });
  const indices = mapIndices(node.attrs.map, node.attrs.rows * inputs);
  const spread = Int32Array.from({ length: sizeOf([node.attrs.rows, inputs, side]) }, (_, i) => {
    const source = indices[Math.floor(i / side)]!;
    return source === HOLE ? HOLE : source * side + (i % side);
  });
  return { ...node, attrs: { ...node.attrs, weight, map: compressMap(spread) } };
}
