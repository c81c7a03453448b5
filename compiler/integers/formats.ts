/** Number formats of populations: how many fraction bits U and y get, and what a softmax need not go below. */

import { defect, type Report } from '../../ir/diagnostics/diagnostic.ts';
import type { IntEmit } from '../../ir/int.ts';
import type { SnnEmit, SnnGraph, SnnOf } from '../../ir/snn.ts';
import { weightFraction } from '../../ir/step-weights.ts';
import type { SOMA_ARITHMETIC } from '../choices.ts';
import type { PopulationRange, Ranges } from '../ranges.ts';
import { logScale } from './functions.ts';

export interface Widths {
  readonly ranges: Ranges;
  readonly weightBits: number;
  readonly accumulatorBits: number;
  readonly stateBits: number;
  /** How somas compute: by tables (where absent) or by multiplication. */
  readonly functions?: SomaArithmetic | undefined;
  /** Fraction bits of the image. */
  readonly inputFraction: number;
}

export type SomaArithmetic = (typeof SOMA_ARITHMETIC)[number];

/** Fraction bits that more of would not help: functions are 12-bit tables, softmax 15-bit. */
export const USEFUL_FRACTION = { state: 12, softmax: 15 } as const;
/** A membrane needs quarters of θ. */
const BELOW_THETA = 2;
/** Calibrated ranges are doubled: test images may go further. */
export const HEADROOM = 2;

export interface Format {
  readonly fraction: number;
  readonly outFraction: number;
  readonly emit: IntEmit;
  /** Constants of a softmax need not be lower than this: what they mask is 0 anyway. */
  readonly floor: number;
}
/** Fraction bits of U and of y, and the integer emit. */
export function formatOf(node: SnnOf<'population'>, graph: SnnGraph, needs: Widths, report: Report): Format {
  const range = needs.ranges.get(node.id) ?? defect(`no range for ${node.id}`);
  const grows = graph.attrs.coding === 'rate' ? graph.attrs.steps : 1;
  const room = (max: number) =>
    needs.stateBits - 2 - Math.ceil(Math.log2(Math.max(max * grows * HEADROOM, 2 ** -20)));
  const fn = node.attrs.function.kind;
  const { emit } = node.attrs;
  const theta = emit.kind === 'mt' ? thetaExponent(emit, node, report) : 0;
  // E has the fraction bits of the weights of steps, a membrane those of either and as much as t times more.
  const { coding, steps } = graph.attrs;
  const below = Math.max(BELOW_THETA, weightFraction(coding, steps));
  const useful = fn === 'softmax' ? USEFUL_FRACTION.softmax : USEFUL_FRACTION.state;
  const wanted = emit.kind === 'mt' ? Math.max(useful, theta + below) : useful;
  const outFraction = Math.min(wanted, room(range.output));
  const { floor, input } = maskFloor(node, graph, range);
  const fraction = fn === 'identity' ? outFraction : Math.min(USEFUL_FRACTION.state, room(input));
  if (emit.kind === 'mt' && outFraction < theta + below) {
    report(
      'E0401',
      { origin: node.origin, pass: 'quantize' },
      { population: node.id, range: range.output, theta: 2 ** -theta, bits: needs.stateBits },
    );
  }
  return { fraction, outFraction, emit: integerEmit(emit, theta, node.origin, report), floor };
}

/** Powers of two below the largest score that a masked one must at least lie: beyond any output format. */
const MASKED_BITS = 40;

/**
 * Masks are written as −∞, −1e9 or −100. One that lies MASKED_BITS below everything that the scores can be does
 * the same, so it is lifted there and the state needs no more bits than the scores ask for.
 */
function maskFloor(node: SnnOf<'population'>, graph: SnnGraph, { input, driven }: PopulationRange) {
  const fn = node.attrs.function;
  const open = { floor: Number.NEGATIVE_INFINITY, input };
  if (fn.kind !== 'softmax' || fn.scale <= 0) return open;
  const reach = HEADROOM * (input + driven) + MASKED_BITS / logScale(fn);
  const isMask = (value: number) => value < -reach;
  const hasMask = graph.nodes.some(
    n =>
      n.kind === 'bias' &&
      node.operands.includes(n.id) &&
      graph.constants.get(n.attrs.value).data.some(isMask),
  );
  return hasMask ? { floor: -reach, input: (reach + HEADROOM * driven) / HEADROOM } : open;
}

function thetaExponent(emit: Extract<SnnEmit, { kind: 'mt' }>, node: SnnOf<'population'>, report: Report) {
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

function integerEmit(emit: SnnEmit, theta: number, origin: string, report: Report): IntEmit {
  switch (emit.kind) {
    case 'mt': {
      const { levels, terms, band, coarse } = emit;
      return { kind: 'mt', theta, levels, terms, band: Math.round(band * 4), coarse };
    }
    case 'channels':
    case 'pair':
      report('E0330', { origin, pass: 'quantize' }, { neuron: emit.kind });
      return { kind: 'relay' };
    case 'relay':
    case 'readout':
      return emit;
    default:
      return emit satisfies never;
  }
}

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
