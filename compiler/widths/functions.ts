/**
 * What a soma's function can give: the bounds of y = F(u), of its inner sums, and what a group of neurons can only
 * do together (a softmax adds up to 1, a norm has a length of √C).
 *
 * Source  interpret/soma.ts, whose tables round to 1/64 of an octave: TABLE_SLACK covers what their roundings
 *         add up to (2^(3/128) · 128/127 for a sum, its root for a length)
 */
import type { ConstantPool } from '../../ir/constants.ts';
import {
  EXP_FRACTION,
  exp2,
  LOG_FRACTION,
  makeExp2Table,
  rs,
  SUM_FRACTION,
  saturate,
} from '../../ir/fixed.ts';
import type { IntFunction, IntOf } from '../../ir/int.ts';
import { ENTRY_BITS, remainderTable, SOMA_FORMS } from '../../ir/soma-forms.ts';
import { type Box, constantBox, type Joint, mapBox, openJoint, reachOf } from './box.ts';

const TABLE_SLACK = 1.03;
/** By how much a remainder may pass those of its table between two entries, in units of a table: 1/256. */
const BETWEEN = 16;

export interface FunctionBounds {
  readonly box: Box;
  readonly joint: Joint;
  /** Largest magnitude of an inner sum: C·S − ΣS of a layer norm, the scaled score and Σ2^y of a softmax. */
  readonly inner: number;
  /** Largest |y| before it is held to the state's width. */
  readonly reach: number;
}

interface Somatic {
  readonly node: IntOf<'population'>;
  readonly constants: ConstantPool;
  readonly stateBits: number;
}

/**
 * Bounds of y after saturation, for t times the function's value in `rate`. `together`: what is known of groups of
 * U, which an identity and a ramp pass on.
 */
export function functionBounds(
  { node, constants, stateBits }: Somatic,
  u: Box,
  times: number,
  together: Joint = openJoint(node.type.shape.at(-1)!),
): FunctionBounds {
  const fn = node.attrs.function;
  if (fn.kind === 'partial')
    return { box: u, joint: openJoint(node.type.shape.at(-1)!), inner: 0, reach: reachOf(u) };
  const { box, joint, inner } = rawBounds(fn, node, constants, u, together);
  const factor = fn.kind === 'identity' ? 1 : times;
  return {
    box: mapBox(box, y => saturate(y * factor, stateBits)),
    joint: { ...joint, sum: joint.sum * factor, norm: joint.norm * factor },
    inner,
    reach: reachOf(box) * factor,
  };
}

function rawBounds(
  fn: Exclude<IntFunction, { kind: 'partial' }>,
  { attrs, type }: IntOf<'population'>,
  constants: ConstantPool,
  u: Box,
  together: Joint,
): Omit<FunctionBounds, 'reach'> {
  const { fraction, outFraction } = attrs;
  const channels = type.shape.at(-1)!;
  switch (fn.kind) {
    case 'identity': {
      const box = mapBox(u, x => rs(x, fraction - outFraction));
      return { box, joint: passedOn(together, outFraction - fraction, 1), inner: 0 };
    }
    case 'pointwise': {
      // |F(u)| ≤ |u| of a ramp, and of one with an even remainder but for half an entry of its table.
      const { kind } = SOMA_FORMS[fn.name];
      const slack = kind === 'even' ? 2 ** (outFraction - ENTRY_BITS - 1) + 2 : 1;
      const joint = kind === 'odd' ? openJoint(channels) : passedOn(together, outFraction - fraction, slack);
      return { box: pointwiseBox(fn, attrs, constants, u), joint, inner: 0 };
    }
    case 'layernorm':
    case 'rmsnorm':
      return normBounds(fn, outFraction, channels, constants, u);
    case 'softmax': {
      const size = u.low.length;
      // Of scores below the largest 2^y is at most 1, and one of them at least is the largest.
      const sum = 2 ** outFraction * TABLE_SLACK * (1 + channels / 2 ** (SUM_FRACTION + 1)) + channels;
      const inner = Math.max(spreadOf(u, channels) * Math.abs(fn.scale), channels * 2 ** SUM_FRACTION);
      const box = constantBox(size, 0, rs(2 ** EXP_FRACTION, EXP_FRACTION - outFraction));
      return { box, joint: { channels, sum, norm: sum }, inner };
    }
    default:
      return fn satisfies never;
  }
}

/** A group's length in another unit, where every number of it may grow by `slack`. */
const passedOn = ({ channels, norm }: Joint, shift: number, slack: number): Joint => ({
  channels,
  sum: Number.POSITIVE_INFINITY,
  norm: norm * 2 ** shift + Math.sqrt(channels) * slack,
});

/** Largest distance within a group. */
function spreadOf({ low, high }: Box, channels: number): number {
  let spread = 0;
  for (let at = 0; at < low.length; at += channels) {
    const bottom = low.subarray(at, at + channels).reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
    const top = high.subarray(at, at + channels).reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    spread = Math.max(spread, top - bottom);
  }
  return spread;
}

type PointwiseFunction = Extract<IntFunction, { kind: 'pointwise' }>;

function pointwiseBox(
  { name, table, tableFraction }: PointwiseFunction,
  { fraction, outFraction }: { readonly fraction: number; readonly outFraction: number },
  constants: ConstantPool,
  u: Box,
): Box {
  const form = SOMA_FORMS[name];
  // A function that multiplies has the same remainder, between the entries of a table too.
  const remainders =
    table === undefined
      ? [...remainderTable(name, tableFraction)].flatMap(r => [r - BETWEEN, r + BETWEEN])
      : Array.from(constants.get(table).data);
  const read = remainders.map(r => rs(r, tableFraction - outFraction));
  const [least, most] = [Math.min(0, ...read), Math.max(0, ...read)];
  const constant = (x: number) => Math.floor(x * 2 ** outFraction + 0.5);
  const ramp = (x: number) => rs(Math.max(x, 0), fraction - outFraction);
  switch (form.kind) {
    case 'clip': {
      const limit = constant(form.limit);
      return mapBox(u, x => Math.min(ramp(x), limit));
    }
    case 'even':
      return { low: u.low.map(x => ramp(x) - most), high: u.high.map(x => ramp(x) - least) };
    case 'odd': {
      const [limit, centre] = [constant(form.limit), constant(form.centre)];
      const size = (x: number) =>
        Math.max(0, Math.min(rs(Math.abs(x), fraction - outFraction + form.slope), limit)) - least;
      // On the side of zero where x cannot be, F is not below (or above) its centre by more than a remainder.
      const side = (x: number, sign: number) => (x * sign > 0 ? size(x) : Math.max(0, most));
      return { low: u.low.map(x => centre - side(x, -1)), high: u.high.map(x => centre + side(x, 1)) };
    }
    default:
      return form satisfies never;
  }
}

type NormFunction = Extract<IntFunction, { kind: 'layernorm' | 'rmsnorm' }>;

/** |y_c| ≤ √C · |γ_c| + |β_c|, in the tables' own arithmetic: lg|d_c| is at most the largest key of the group. */
function normBounds(
  fn: NormFunction,
  outFraction: number,
  channels: number,
  constants: ConstantPool,
  u: Box,
): Omit<FunctionBounds, 'reach'> {
  const gain = fn.gain === undefined ? undefined : constants.get(fn.gain).data;
  const offset = fn.offset === undefined ? undefined : constants.get(fn.offset).data;
  const powers = fn.exp2 === undefined ? makeExp2Table() : Int32Array.from(constants.get(fn.exp2).data);
  const key = Math.ceil(fn.channelKey / 2) + 1;
  const size = Float64Array.from({ length: channels }, (_, c) =>
    gain?.[channels + c] === 0 ? 0 : exp2(key + (gain?.[c] ?? 0), outFraction, powers),
  );
  const box = {
    low: u.low.map((_, i) => (offset?.[i % channels] ?? 0) - size[i % channels]!),
    high: u.high.map((_, i) => (offset?.[i % channels] ?? 0) + size[i % channels]!),
  };
  const gains = gain?.subarray(0, channels) ?? [0];
  const largest = 2 ** (Array.from(gains).reduce((a, b) => Math.max(a, b)) / 2 ** LOG_FRACTION);
  const length =
    Math.sqrt(channels * (1 + channels / 2 ** (SUM_FRACTION + 1))) * TABLE_SLACK * 2 ** outFraction;
  const shift = Math.sqrt(Array.from(offset ?? []).reduce((sum, b) => sum + b * b, 0));
  const norm = largest * length + Math.sqrt(channels) + shift;
  const inner = fn.kind === 'layernorm' ? channels * Math.max(spreadOf(u, channels), reachOf(u)) : 0;
  return { box, joint: { channels, sum: Number.POSITIVE_INFINITY, norm }, inner };
}
