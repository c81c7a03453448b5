/**
 * The functions of a soma in integers: table reads, shifts and additions (constant shift-adds for C·S).
 * With coding `sum` nothing here multiplies two data-dependent numbers; `rate` multiplies its result by t.
 */
import type { ConstId } from '../constants.ts';
import { EXP_FRACTION, exp2, LOG_FRACTION, lg, rs, SUM_FRACTION, saturate, TABLE_BITS } from '../fixed.ts';
import type { IntGraph, IntOf } from '../int.ts';
import type { SomaPointwise } from '../snn.ts';

/** y = F(u) of a whole population at step t. */
export type SomaFunction = (u: Float64Array, t: number) => Float64Array;

/** Tables as the soma reads them; the chip keeps a copy of each on every core that needs it. */
export interface SomaTables {
  readonly log2?: Int32Array;
  readonly exp2?: Int32Array;
  readonly remainder?: Int32Array;
}

/** A soma's function without where its tables are kept: on the chip that is the core's business. */
export type SomaKind =
  | { readonly kind: 'identity' | 'partial' | 'softmax' }
  | { readonly kind: 'pointwise'; readonly name: SomaPointwise; readonly tableFraction: number }
  | { readonly kind: 'layernorm'; readonly epsilonKey: number; readonly channelKey: number };

export interface SomaSpec {
  readonly fn: SomaKind;
  readonly channels: number;
  readonly fraction: number;
  readonly outFraction: number;
  readonly stateBits: number;
  readonly rate: boolean;
  readonly tables: SomaTables;
}

export function makeSomaFunction(node: IntOf<'population'>, graph: IntGraph): SomaFunction {
  const fn = node.attrs.function;
  const table = (id: ConstId) => Int32Array.from(graph.constants.get(id).data);
  const tables: SomaTables =
    fn.kind === 'pointwise'
      ? { remainder: table(fn.table) }
      : fn.kind === 'layernorm' || fn.kind === 'softmax'
        ? { log2: table(fn.log2), exp2: table(fn.exp2) }
        : {};
  return somaFunction({
    fn,
    channels: node.type.shape.at(-1)!,
    fraction: node.attrs.fraction,
    outFraction: node.attrs.outFraction,
    stateBits: graph.attrs.stateBits,
    rate: graph.attrs.coding === 'rate',
    tables,
  });
}

export function somaFunction(spec: SomaSpec): SomaFunction {
  const base = baseFunction(spec);
  const { rate, stateBits, fn } = spec;
  if (fn.kind === 'partial') return base;
  return (u, t) => {
    const y = base(u, t);
    const factor = rate && fn.kind !== 'identity' ? t : 1;
    for (let i = 0; i < y.length; i++) y[i] = saturate(y[i]! * factor, stateBits);
    return y;
  };
}

function baseFunction(spec: SomaSpec): SomaFunction {
  const { fn, fraction, outFraction, channels } = spec;
  switch (fn.kind) {
    case 'partial':
      return u => u.slice();
    case 'identity':
      return u => u.map(x => rs(x, fraction - outFraction));
    case 'pointwise':
      return pointwise(fn.name, spec.tables.remainder!, fn.tableFraction, fraction, outFraction);
    case 'layernorm':
      return (u, t) => eachGroup(u, channels, (g, out) => layernorm(g, out, spec, fn, t));
    case 'softmax':
      return u => eachGroup(u, channels, (g, out) => softmax(g, out, spec));
    default:
      return fn satisfies never;
  }
}

function eachGroup(u: Float64Array, channels: number, f: (group: Float64Array, out: Float64Array) => void) {
  const y = new Float64Array(u.length);
  for (let at = 0; at < u.length; at += channels)
    f(u.subarray(at, at + channels), y.subarray(at, at + channels));
  return y;
}

/** The remainder h of F(x) = max(x, 0) − h(|x|), sampled at 64 points of [0, 4); it is 0 beyond, and 0 for relu. */
export const REMAINDER_SPAN_BITS = 2;

/** ramp(u) − table[|u|]: exact identity for large positive u, exact zero for large negative u. */
function pointwise(
  name: SomaPointwise,
  remainder: Int32Array,
  tableFraction: number,
  fraction: number,
  outFraction: number,
): SomaFunction {
  const shift = fraction + REMAINDER_SPAN_BITS - TABLE_BITS;
  return u =>
    u.map(x => {
      const ramp = rs(Math.max(x, 0), fraction - outFraction);
      if (name === 'relu') return ramp;
      const entry = rs(Math.abs(x), shift);
      return entry < remainder.length ? ramp - rs(remainder[entry]!, tableFraction - outFraction) : ramp;
    });
}

/**
 * LN(S; ε) = d · √C / √(Σ d² + C³ ε 4^f) with d = C·S − ΣS: the quotient is a difference of logarithms, the
 * sum of squares a sum of powers of two relative to the largest. ε·t² in `rate`, where S is t times the mean.
 */
function layernorm(
  group: Float64Array,
  out: Float64Array,
  { tables, outFraction, rate }: SomaSpec,
  fn: Extract<SomaKind, { kind: 'layernorm' }>,
  t: number,
): void {
  const log2 = tables.log2!;
  const powers = tables.exp2!;
  const channels = group.length;
  let total = 0;
  for (const s of group) total += s;
  const epsilonKey = fn.epsilonKey + (rate ? 2 * lg(t, log2) : 0);
  let top = epsilonKey;
  const logs = new Float64Array(channels);
  for (let c = 0; c < channels; c++) {
    const d = channels * group[c]! - total;
    out[c] = Math.sign(d);
    if (d === 0) continue;
    logs[c] = lg(Math.abs(d), log2);
    top = Math.max(top, 2 * logs[c]!);
  }
  let sum = exp2(epsilonKey - top, SUM_FRACTION, powers);
  for (let c = 0; c < channels; c++) if (out[c] !== 0) sum += exp2(2 * logs[c]! - top, SUM_FRACTION, powers);
  const norm = top + lg(sum, log2) - SUM_FRACTION * 2 ** LOG_FRACTION - fn.channelKey;
  for (let c = 0; c < channels; c++) {
    if (out[c] !== 0) out[c] = out[c]! * exp2(logs[c]! - rs(norm, 1), outFraction, powers);
  }
}

/** 2^(y − max − log2 Σ 2^(y − max)), the scores being in the log2 domain already. */
function softmax(group: Float64Array, out: Float64Array, { tables, fraction, outFraction }: SomaSpec): void {
  const top = group.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  let sum = 0;
  for (let c = 0; c < group.length; c++) {
    out[c] = rs(group[c]! - top, fraction - LOG_FRACTION);
    sum += exp2(out[c]!, SUM_FRACTION, tables.exp2!);
  }
  const logSum = lg(sum, tables.log2!) - SUM_FRACTION * 2 ** LOG_FRACTION;
  for (let c = 0; c < group.length; c++) out[c] = exp2(out[c]! - logSum, outFraction, tables.exp2!);
}

/** log2 x with 12 fraction bits, for constants that the compiler computes. */
export const logKey = (x: number): number => Math.round(Math.log2(x) * 2 ** LOG_FRACTION);

/** Fraction bits that the mantissas of exp2 carry; outputs with more are shifted, not more precise. */
export const FUNCTION_PRECISION = EXP_FRACTION;
