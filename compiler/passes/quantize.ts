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
import type { ConstId } from '../../ir/constants.ts';
import { defect, type Report } from '../../ir/diagnostics/diagnostic.ts';
import type { Element, ValueId } from '../../ir/dialect.ts';
import { makeExp2Table, makeLog2Table, TABLE_SIZE } from '../../ir/fixed.ts';
import { type IntEmit, type IntFunction, type IntGraph, type IntNode, int } from '../../ir/int.ts';
import { logKey, REMAINDER_SPAN_BITS } from '../../ir/interpret/soma.ts';
import { scalarFunction } from '../../ir/scalar.ts';
import type { SnnGraph, SnnNode, SnnOf, SomaPointwise, snn } from '../../ir/snn.ts';
import type { Pass } from '../pass.ts';
import type { Ranges } from '../ranges.ts';

export interface QuantizeNeeds {
  readonly ranges: Ranges;
  readonly weightBits: number;
  readonly accumulatorBits: number;
  readonly stateBits: number;
  /** Fraction bits of the image. */
  readonly inputFraction: number;
}

/** Fraction bits that more of would not help: functions are 12-bit tables, softmax 15-bit. */
const USEFUL_FRACTION = { state: 12, softmax: 15, table: 12 } as const;
/** A membrane needs quarters of θ. */
const BELOW_THETA = 2;
/** Calibrated ranges are doubled: test images may go further. */
const HEADROOM = 2;

/**
 * Fraction bits of the image: none for pixels, which are whole; else what its range leaves, at most what is useful.
 */
export function inputFractionOf(
  images: readonly Float64Array[],
  isPixels: boolean,
  stateBits: number,
): number {
  if (isPixels) return 0;
  const largest = images.reduce(
    (max, image) => image.reduce((m, x) => Math.max(m, Math.abs(x)), max),
    2 ** -20,
  );
  return Math.min(USEFUL_FRACTION.state, stateBits - 2 - Math.ceil(Math.log2(largest * HEADROOM)));
}

export const quantize: Pass<typeof snn, typeof int, QuantizeNeeds> = {
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

interface Format {
  readonly fraction: number;
  readonly outFraction: number;
  readonly emit: IntEmit;
}
interface Context {
  readonly graph: SnnGraph;
  readonly needs: QuantizeNeeds;
  readonly report: Report;
  readonly formats: ReadonlyMap<ValueId, Format>;
  readonly log2: ConstId;
  readonly exp2: ConstId;
}

function createContext(graph: SnnGraph, needs: QuantizeNeeds, report: Report): Context {
  const formats = new Map<ValueId, Format>();
  for (const node of graph.nodes) {
    if (node.kind === 'population') formats.set(node.id, formatOf(node, graph, needs, report));
    if (node.kind === 'input') {
      const emit = { kind: 'relay' } as const;
      formats.set(node.id, { fraction: needs.inputFraction, outFraction: needs.inputFraction, emit });
    }
  }
  const table = (data: Int32Array) => graph.constants.add({ dtype: 'i32', shape: [TABLE_SIZE], data });
  return { graph, needs, report, formats, log2: table(makeLog2Table()), exp2: table(makeExp2Table()) };
}

/** Fraction bits of U and of y, and the integer emit. */
function formatOf(node: SnnOf<'population'>, graph: SnnGraph, needs: QuantizeNeeds, report: Report): Format {
  const range = needs.ranges.get(node.id) ?? defect(`no range for ${node.id}`);
  const grows = graph.attrs.coding === 'rate' ? graph.attrs.steps : 1;
  const room = (max: number) =>
    needs.stateBits - 2 - Math.ceil(Math.log2(Math.max(max * grows * HEADROOM, 2 ** -20)));
  const fn = node.attrs.function.kind;
  const { emit } = node.attrs;
  const theta = emit.kind === 'mt' ? thetaExponent(emit, node, report) : 0;
  const useful = fn === 'softmax' ? USEFUL_FRACTION.softmax : USEFUL_FRACTION.state;
  const wanted = emit.kind === 'mt' ? Math.max(useful, theta + BELOW_THETA) : useful;
  const outFraction = Math.min(wanted, room(range.output));
  const fraction = fn === 'identity' ? outFraction : Math.min(USEFUL_FRACTION.state, room(range.input));
  if (emit.kind === 'mt' && outFraction < theta + BELOW_THETA) {
    report(
      'E0401',
      { origin: node.origin, pass: 'quantize' },
      { population: node.id, range: range.output, theta: 2 ** -theta, bits: needs.stateBits },
    );
  }
  return { fraction, outFraction, emit: integerEmit(emit, theta) };
}

function thetaExponent(
  emit: Extract<SnnOf<'population'>['attrs']['emit'], { kind: 'mt' }>,
  node: SnnNode,
  report: Report,
) {
  const largest = Math.max(emit.theta1, emit.theta2);
  const exponent = -Math.round(Math.log2(largest));
  if (2 ** -exponent !== emit.theta1 || emit.theta1 !== emit.theta2 || emit.rule !== 'nearest') {
    report(
      'W0402',
      { origin: node.origin, pass: 'quantize' },
      { population: node.id, theta: 2 ** -exponent },
    );
  }
  return exponent;
}

function integerEmit(emit: SnnOf<'population'>['attrs']['emit'], theta: number): IntEmit {
  if (emit.kind !== 'mt') return emit;
  const { levels, terms, band } = emit;
  return { kind: 'mt', theta, levels, terms, band: Math.round(band * 4) };
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
    case 'product': {
      const [a, b] = node.operands.map(id => payloadFraction(id, context)) as [number, number];
      checkProductRange(node, a + b, context);
      const type = { ...node.type, element: fixed(context, a + b) };
      return { ...node, attrs: { ...node.attrs, fraction: a + b }, type };
    }
    case 'relay': {
      const fraction = payloadFraction(node.operands[0]!, context);
      return {
        ...node,
        attrs: { ...node.attrs, fraction },
        type: { ...node.type, element: fixed(context, fraction) },
      };
    }
    case 'population': {
      const { fraction, outFraction, emit } = context.formats.get(node.id)!;
      const fn = integerFunction(node, fraction, context);
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

/** A product is exact, so nothing can be traded: it fits the accumulator or the thresholds are too fine. */
function checkProductRange(node: SnnOf<'product'>, fraction: number, context: Context): void {
  const { needs, report } = context;
  const peak = currentsOf(node.id, context).reduce((a, b) => Math.max(a, b), 0) * 2 ** fraction;
  if (peak < 2 ** (needs.accumulatorBits - 1)) return;
  const bits = Math.ceil(Math.log2(peak)) + 1;
  const facts = { population: node.id, bits, available: needs.accumulatorBits };
  report('E0403', { origin: node.origin, pass: 'quantize' }, facts);
}

/** Largest magnitude met of a projection's current, per channel. */
function currentsOf(id: ValueId, { graph, needs }: Context): Float64Array {
  const reader = graph.nodes.find(n => n.operands.includes(id)) ?? defect(`${id} is not read`);
  return needs.ranges.get(reader.id)?.currents.get(id) ?? defect(`no range for ${id}`);
}

function quantizeLinear(node: SnnOf<'linear'>, context: Context): IntNode {
  const { graph, needs } = context;
  const weight = graph.constants.get(node.attrs.weight);
  const [inputs, channels] = weight.shape as [number, number];
  const source = payloadFraction(node.operands[0]!, context);
  const current = currentsOf(node.id, context);
  const limit = 2 ** (needs.accumulatorBits - 1);
  const exponents = new Int32Array(channels);
  const data = new Int8Array(inputs * channels);
  for (let c = 0; c < channels; c++) {
    let e = weightExponent(weight.data, inputs, channels, c, needs.weightBits);
    while (current[c]! * HEADROOM * 2 ** (e + source) > limit) e -= 1; // range proof: fewer weight bits where it needs them
    exponents[c] = e;
    for (let k = 0; k < inputs; k++)
      data[k * channels + c] = Math.floor(weight.data[k * channels + c]! * 2 ** e + 0.5);
  }
  const scale = exponents.map(e => e + source);
  const { constants } = graph;
  const bias = node.attrs.bias === undefined ? undefined : quantizeBias(node.attrs.bias, scale, context);
  const attrs = {
    weight: constants.add({ dtype: 'i8', shape: weight.shape, data }),
    bias,
    scale: constants.add({ dtype: 'i32', shape: [channels], data: scale }),
    map: node.attrs.map,
    rows: node.attrs.rows,
  };
  return { ...node, attrs, type: { ...node.type, element: `fixed<1.${needs.accumulatorBits - 1}.0>` } };
}

/** The largest e for which every round(w · 2^e) of the channel fits; 0 for a channel of zeros. */
function weightExponent(
  data: ArrayLike<number>,
  inputs: number,
  channels: number,
  c: number,
  bits: number,
): number {
  const top = 2 ** (bits - 1) - 1;
  let low = 0;
  let high = 0;
  for (let k = 0; k < inputs; k++) {
    low = Math.min(low, data[k * channels + c]!);
    high = Math.max(high, data[k * channels + c]!);
  }
  if (low === 0 && high === 0) return 0;
  let e = Math.floor(Math.log2((top + 1) / Math.max(-low, high))) + 1;
  while (Math.floor(high * 2 ** e + 0.5) > top || Math.floor(low * 2 ** e + 0.5) < -top) e -= 1;
  return e;
}

function quantizeBias(id: ConstId, scale: Int32Array, { graph }: Context): ConstId {
  const { shape, data } = graph.constants.get(id);
  const out = Int32Array.from(data, (b, i) => Math.floor(b * 2 ** scale[i % scale.length]! + 0.5));
  return graph.constants.add({ dtype: 'i32', shape, data: out });
}

function integerFunction(node: SnnOf<'population'>, fraction: number, context: Context): IntFunction {
  const fn = node.attrs.function;
  const { log2, exp2 } = context;
  switch (fn.kind) {
    case 'identity':
      return fn;
    case 'softmax':
      if (fn.base !== '2' || fn.scale !== 1) {
        context.report(
          'E0402',
          { origin: node.origin, pass: 'quantize' },
          { population: node.id, what: 'softmax with a scale' },
        );
      }
      return { kind: 'softmax', log2, exp2 };
    case 'layernorm': {
      if ((fn.gamma ?? fn.beta) !== undefined) {
        context.report(
          'E0402',
          { origin: node.origin, pass: 'quantize' },
          { population: node.id, what: 'layernorm with a gain' },
        );
      }
      const channels = node.type.shape.at(-1)!;
      const epsilonKey = logKey(channels ** 3 * fn.epsilon * 4 ** fraction);
      return { kind: 'layernorm', epsilonKey, channelKey: logKey(channels), log2, exp2 };
    }
    case 'pointwise': {
      const data = remainderTable(fn.name);
      const table = context.graph.constants.add({ dtype: 'i32', shape: [TABLE_SIZE], data });
      return { kind: 'pointwise', name: fn.name, table, tableFraction: USEFUL_FRACTION.table };
    }
    default:
      return fn satisfies never;
  }
}

/** h(x) = max(x, 0) − F(x) at 64 points of [0, 4), 12 fraction bits. */
function remainderTable(name: SomaPointwise): Int32Array {
  const f = scalarFunction(name);
  const step = 2 ** REMAINDER_SPAN_BITS / TABLE_SIZE;
  return Int32Array.from({ length: TABLE_SIZE }, (_, i) =>
    Math.round((i * step - f(i * step)) * 2 ** USEFUL_FRACTION.table),
  );
}
