/**
 * Real numbers → the chip's integers, every scale a power of two. Nothing of the structure changes.
 *
 *   weight     w ≈ wi · 2^−e, one exponent e per output channel, |wi| ≤ 2^(bits−1) − 1
 *   linear     accumulator of channel c has e_c + j fraction bits, j those of the source's payload
 *   θ          2^−j, exact (thresholds are powers of two since thresholds.ts; others are rounded to one, W0402)
 *   U, y       as many fraction bits as the calibrated range leaves in stateBits, at most what is useful
 *
 * Source     design 3 §5
 * Needs      ranges of every population from a float run over calibration images
 * Preserves  bounded: half a unit of each format a step; the loss is measured per population by `validate`
 * Errors     E0401 a range that no format holds · W0402 a threshold that is no power of two
 */
import type { ConstId, TensorData } from '../../ir/constants.ts';
import { defect, type Report } from '../../ir/diagnostics/diagnostic.ts';
import { type Element, readersOf, type TensorType, type ValueId } from '../../ir/dialect.ts';
import { makeExp2Table, makeLog2Table, TABLE_SIZE } from '../../ir/fixed.ts';
import { type IntGraph, type IntNode, int } from '../../ir/int.ts';
import type { SnnGraph, SnnNode, SnnOf, snn } from '../../ir/snn.ts';
import { weightFraction } from '../../ir/step-weights.ts';
import { type Format, formatOf, HEADROOM, type Widths } from '../integers/formats.ts';
import { integerFunction } from '../integers/functions.ts';
import { integerWeights } from '../integers/weights.ts';
import type { Pass } from '../pass.ts';

export const quantize: Pass<typeof snn, typeof int, Widths> = {
  name: 'quantize',
  summary: 'Integers from here down: power-of-two scales, table functions, no multiplication.',
  source: 'Design 3 §5',

  run(graph, needs, report) {
    const context = createContext(graph, needs, report);
    const { coding, steps } = graph.attrs;
    const { accumulatorBits, stateBits } = needs;
    return {
      dialect: int,
      name: graph.name,
      attrs: { coding, steps, accumulatorBits, stateBits },
      nodes: graph.nodes.map(node => quantizeNode(node, context)),
      outputs: graph.outputs,
      constants: graph.constants,
      tables: {},
    } satisfies IntGraph;
  },
};

interface Context {
  readonly graph: SnnGraph;
  readonly needs: Widths;
  readonly report: Report;
  readonly formats: ReadonlyMap<ValueId, Format>;
  readonly readers: ReadonlyMap<ValueId, readonly SnnNode[]>;
  readonly tables: { readonly log2: ConstId; readonly exp2: ConstId } | undefined;
}

function createContext(graph: SnnGraph, needs: Widths, report: Report): Context {
  const formats = new Map<ValueId, Format>();
  for (const node of graph.nodes) {
    if (node.kind === 'population') formats.set(node.id, formatOf(node, graph, needs, report));
    if (node.kind === 'input') {
      const emit = { kind: 'relay' } as const;
      const fraction = needs.inputFraction;
      formats.set(node.id, { fraction, outFraction: fraction, emit, floor: Number.NEGATIVE_INFINITY });
    }
  }
  const table = (data: Int32Array) => graph.constants.add({ dtype: 'i32', shape: [TABLE_SIZE], data });
  const hasTables = needs.functions !== 'multiply';
  const tables = hasTables ? { log2: table(makeLog2Table()), exp2: table(makeExp2Table()) } : undefined;
  return { graph, needs, report, formats, readers: readersOf(graph.nodes), tables };
}

function quantizeNode(node: SnnNode, context: Context): IntNode {
  switch (node.kind) {
    case 'input': {
      const { fraction } = context.formats.get(node.id)!;
      return {
        ...node,
        attrs: { ...node.attrs, fraction },
        type: { ...node.type, element: fixed(context, fraction) },
      };
    }
    case 'linear':
      return quantizeLinear(node, context);
    case 'depthwise':
      return quantizeDepthwise(node, context);
    case 'product':
    case 'hadamard': {
      const fraction = productFraction(node, context);
      const type = { ...node.type, element: fixed(context, fraction) };
      return node.kind === 'product'
        ? { ...node, attrs: { ...node.attrs, fraction }, type }
        : { ...node, attrs: { ...node.attrs, fraction }, type };
    }
    case 'relay': {
      const fraction = payloadFraction(node.operands[0]!, context);
      const type = { ...node.type, element: fixed(context, fraction) };
      return { ...node, attrs: { ...node.attrs, fraction }, type };
    }
    case 'maximum': {
      const fraction = payloadFraction(node.operands[0]!, context);
      const type = { ...node.type, element: fixed(context, fraction) };
      return { ...node, attrs: { ...node.attrs, fraction }, type };
    }
    case 'bias':
      return quantizeConstant(node, context);
    case 'population': {
      const { fraction, outFraction, emit } = context.formats.get(node.id)!;
      const { tables, graph } = context;
      const fn = integerFunction(node, { fraction, outFraction, tables }, graph.constants);
      const attrs = { axes: node.attrs.axes, fraction, outFraction, function: fn, emit };
      return { ...node, attrs, type: { ...node.type, element: fixed(context, outFraction) } };
    }
    default:
      return node satisfies never;
  }
}

const fixed = ({ needs }: Context, fraction: number): Element =>
  `fixed<1.${Math.max(0, needs.stateBits - 1 - fraction)}.${fraction}>`;

/** Fraction bits of what a node sends: θ's for spikes, y's for graded values. */
function payloadFraction(id: ValueId, { formats }: Context): number {
  const format = formats.get(id) ?? defect(`${id} sends nothing`);
  return format.emit.kind === 'mt' ? format.emit.theta : format.outFraction;
}

/**
 * A product is exact, so nothing can be traded: it fits the accumulator or the thresholds are too fine. The sum of a
 * step holds the weight's fraction bits of one operand as well (docs/rationale/differential.md).
 */
function productFraction(node: SnnOf<'product'> | SnnOf<'hadamard'>, context: Context): number {
  const { needs, report } = context;
  const [a, b] = node.operands.map(id => payloadFraction(id, context)) as [number, number];
  const { coding, steps } = context.graph.attrs;
  const weighed = weightFraction(coding, steps);
  const peak = currentsOf(node.id, context).reduce((x, y) => Math.max(x, y), 0) * 2 ** (a + b + weighed);
  if (peak >= 2 ** (needs.accumulatorBits - 1)) {
    const bits = Math.ceil(Math.log2(peak)) + 1;
    const facts = { population: node.id, bits, available: needs.accumulatorBits };
    report('E0403', { origin: node.origin, pass: 'quantize' }, facts);
  }
  return a + b;
}

const readerOf = (id: ValueId, { readers }: Context): SnnNode =>
  readers.get(id)?.[0] ?? defect(`${id} is not read`);

/** Largest magnitude met of a projection's current, per channel. */
const currentsOf = (id: ValueId, context: Context): Float64Array =>
  context.needs.ranges.get(readerOf(id, context).id)?.currents.get(id) ?? defect(`no range for ${id}`);

function quantizeLinear(node: SnnOf<'linear'>, context: Context): IntNode {
  const { constants } = context.graph;
  const { shape, data } = constants.get(node.attrs.weight);
  const channels = shape[1]!;
  const { weights, scale } = quantizeWeights(node, data, channels, i => i % channels, context);
  const bias = node.attrs.bias === undefined ? undefined : quantizeBias(node.attrs.bias, scale, context);
  const attrs = {
    weight: constants.add({ dtype: 'i8', shape, data: weights }),
    bias,
    scale: constants.add({ dtype: 'i32', shape: [channels], data: scale }),
    map: node.attrs.map,
    rows: node.attrs.rows,
  };
  return { ...node, attrs, type: accumulatorType(node, context) };
}

/** One exponent a channel, or one in all where all neurons share their taps. */
function quantizeDepthwise(node: SnnOf<'depthwise'>, context: Context): IntNode {
  const { constants } = context.graph;
  const { shape, data } = constants.get(node.attrs.weight);
  const [taps, period] = shape as [number, number];
  const channels = period === 1 ? 1 : node.type.shape.at(-1)!;
  // A period that does not cover the channels is repeated until it does, so that each weight has one channel.
  const length = Math.max(period, channels);
  const spread = Float64Array.from({ length: taps * length }, (_, i) => {
    return data[Math.floor(i / length) * period + ((i % length) % period)]!;
  });
  const channelOf = (i: number) => (i % length) % channels;
  const { weights, scale } = quantizeWeights(node, spread, channels, channelOf, context);
  const attrs = {
    weight: constants.add({ dtype: 'i8', shape: [taps, length], data: weights }),
    scale: constants.add({ dtype: 'i32', shape: [channels], data: scale }),
    map: node.attrs.map,
  };
  return { ...node, attrs, type: accumulatorType(node, context) };
}

function quantizeWeights(
  node: SnnOf<'linear'> | SnnOf<'depthwise'>,
  data: TensorData,
  channels: number,
  channelOf: (i: number) => number,
  context: Context,
) {
  const { weightBits, accumulatorBits } = context.needs;
  const source = payloadFraction(node.operands[0]!, context);
  const met = currentsOf(node.id, context);
  const peaks = channels === met.length ? met : Float64Array.of(met.reduce((a, b) => Math.max(a, b), 0));
  const limits = { weightBits, accumulatorBits, headroom: HEADROOM, source };
  const integers = integerWeights(data, peaks, channelOf, limits);
  return { weights: integers.data, scale: integers.exponents.map(e => e + source) };
}

const accumulatorType = (node: SnnNode, { needs }: Context): TensorType => ({
  ...node.type,
  element: `fixed<1.${needs.accumulatorBits - 1}.0>`,
});

function quantizeBias(id: ConstId, scale: Int32Array, { graph }: Context): ConstId {
  const { shape, data } = graph.constants.get(id);
  const out = Int32Array.from(data, (b, i) => Math.floor(b * 2 ** scale[i % scale.length]! + 0.5));
  return graph.constants.add({ dtype: 'i32', shape, data: out });
}

/** In the unit of U. Constants below the floor of a softmax are masks, which need not be any lower. */
function quantizeConstant(node: SnnOf<'bias'>, context: Context): IntNode {
  const { constants } = context.graph;
  const { fraction, floor } = context.formats.get(readerOf(node.id, context).id)!;
  const { shape, data } = constants.get(node.attrs.value);
  const out = Int32Array.from(data, b => Math.floor(Math.max(b, floor) * 2 ** fraction + 0.5));
  const attrs = { value: constants.add({ dtype: 'i32', shape, data: out }), fraction };
  return { ...node, attrs, type: { ...node.type, element: fixed(context, fraction) } };
}
