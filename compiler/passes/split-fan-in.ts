/**
 * Cuts a linear whose inputs do not fit a core into partial sums: populations that accumulate some of the
 * inputs and relay the sum unrounded. The split adds one step of depth and never changes a value.
 *
 *     %y.linear = linear(%x) {weight[6144, 512]}              %y = population(%y.linear)
 *   becomes
 *     %y.part0 = population(linear(%x) {weight[0:3072]}) {partial, relay}     %y.part1 = …[3072:6144]
 *     %y.linear = relay(%y.part0, %y.part1) {scale}           %y = population(%y.linear)
 *
 * Source     design 4 §3 (fan-in split = partial sums relayed)
 * Needs      how many pieces each linear must be cut into (1 where it fits)
 * Preserves  exactly, as long as no accumulator saturates
 */
import type { ConstId } from '../../ir/constants.ts';
import type { ValueId } from '../../ir/dialect.ts';
import type { IntGraph, IntNode, IntOf, int } from '../../ir/int.ts';
import { compressMap, mapIndices } from '../../ir/map.ts';
import { pieces, type Range } from '../mapping/tiles.ts';
import type { Pass } from '../pass.ts';
import { axesOf } from './convert.ts';

export interface SplitNeeds {
  readonly piecesOf: (linear: IntOf<'linear'>) => number;
}

export const splitFanIn: Pass<typeof int, typeof int, SplitNeeds> = {
  name: 'split-fan-in',
  summary: 'Cut linears over their inputs where one core cannot hold them; relay the partial sums.',
  source: 'Design 4 §3',

  run(graph, { piecesOf }) {
    const nodes = graph.nodes.flatMap((node): readonly IntNode[] => {
      const count = node.kind === 'linear' ? piecesOf(node) : 1;
      return node.kind === 'linear' && count > 1 ? splitLinear(node, count, graph) : [node];
    });
    return { ...graph, nodes };
  },
};

function splitLinear(linear: IntOf<'linear'>, count: number, graph: IntGraph): readonly IntNode[] {
  const { weight, rows, scale } = linear.attrs;
  const inputs = graph.constants.get(weight).shape[0]!;
  const parts = pieces(inputs, count).map((range, i) => partialSum(linear, range, inputs, i, graph));
  const relay: IntOf<'relay'> = {
    kind: 'relay',
    id: linear.id,
    operands: parts.map(part => part.population.id),
    attrs: { fraction: 0, scale },
    type: { ...linear.type, shape: [1, rows, linear.type.shape.at(-1)!] },
    origin: linear.origin,
  };
  return [...parts.flatMap(part => [part.linear, part.population]), relay];
}

function partialSum(linear: IntOf<'linear'>, range: Range, inputs: number, i: number, graph: IntGraph) {
  const { map, rows, scale } = linear.attrs;
  const [first, end] = range;
  const indices = mapIndices(map, rows * inputs).filter((_, at) => at % inputs >= first && at % inputs < end);
  const name: ValueId =
    `${linear.id.replace(/\.linear(\d*)$/, '.part$1')}${linear.id.endsWith('.linear') ? '' : '.'}${i}` as ValueId;
  const part: IntOf<'linear'> = {
    ...linear,
    id: `${name}.linear`,
    attrs: {
      weight: weightRows(linear.attrs.weight, range, graph),
      bias: i === 0 ? linear.attrs.bias : undefined,
      scale,
      map: compressMap(indices),
      rows,
    },
  };
  const population: IntOf<'population'> = {
    kind: 'population',
    id: name,
    operands: [part.id],
    attrs: {
      axes: axesOf(linear.type.shape),
      fraction: 0,
      outFraction: 0,
      function: { kind: 'partial', scale },
      emit: { kind: 'relay' },
    },
    type: linear.type,
    origin: linear.origin,
  };
  return { linear: part, population };
}

/** Weights that stay in the file are cut without being read. */
function weightRows(id: ConstId, [first, end]: Range, { constants }: IntGraph): ConstId {
  const { dtype, shape } = constants.get(id);
  const channels = shape[1]!;
  const read = () => constants.get(id).data.slice(first * channels, end * channels);
  const part = { dtype, shape: [end - first, channels] };
  const origin = constants.originOf(id);
  if (origin === undefined) return constants.add({ ...part, data: read() });
  return constants.addLazy({ ...part, key: `${id} rows ${first} to ${end}`, origin, read });
}
