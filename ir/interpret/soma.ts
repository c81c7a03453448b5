/**
 * The functions of a soma in integers: table reads, shifts and additions (constant shift-adds for C·S).
 * With coding `sum` nothing here multiplies two data-dependent numbers; `rate` multiplies its result by t. Where a
 * function has no tables it multiplies, divides and takes roots instead (exact-functions.ts).
 */
import type { ConstId } from '../constants.ts';
import { EXACT_POINTWISE, exactExp2, exactNorm, exactSoftmax } from '../exact-functions.ts';
import { EXP_FRACTION, exp2, LOG_FRACTION, lg, pow2, rs, SUM_FRACTION, saturate } from '../fixed.ts';
import type { IntFunction, IntGraph, IntOf } from '../int.ts';
import type { SomaPointwise } from '../snn.ts';
import { ENTRY_BITS, SOMA_FORMS } from '../soma-forms.ts';

/** y = F(u) of a whole population at step t. */
export type SomaFunction = (u: Float64Array, t: number) => Float64Array;

/** Tables as the soma reads them; the chip keeps a copy of each on every core that needs it. */
export interface SomaTables {
  readonly log2?: Int32Array;
  readonly exp2?: Int32Array;
  readonly remainder?: Int32Array;
}

export interface NormKind {
  readonly kind: 'layernorm' | 'rmsnorm';
  readonly epsilonKey: number;
  readonly channelKey: number;
  /** lg|γ| of every channel, then sign(γ). */
  readonly gain?: Int32Array | undefined;
  readonly offset?: Int32Array | undefined;
}
/** A soma's function without where its tables are kept: on the chip that is the core's business. */
export type SomaKind =
  | { readonly kind: 'identity' | 'partial' }
  | { readonly kind: 'softmax'; readonly scale: number; readonly shift: number }
  | { readonly kind: 'pointwise'; readonly name: SomaPointwise; readonly tableFraction: number }
  | NormKind;

export interface SomaSpec {
  readonly fn: SomaKind;
  readonly channels: number;
  readonly fraction: number;
  readonly outFraction: number;
  readonly stateBits: number;
  readonly rate: boolean;
  readonly tables: SomaTables;
}

/** Functions over a group of channels: a soma must find the whole group. */
export const isGroupFunction = (kind: IntFunction['kind']): boolean =>
  kind === 'layernorm' || kind === 'rmsnorm' || kind === 'softmax';

type Logarithms = { readonly log2: ConstId; readonly exp2: ConstId };
/** Does the function read log2 and 2^x from tables? */
export const hasLogarithms = (fn: IntFunction): fn is IntFunction & Logarithms =>
  'log2' in fn && fn.log2 !== undefined && fn.exp2 !== undefined;

/** Does the function multiply? */
export const isMultiplied = (fn: IntFunction): boolean =>
  isGroupFunction(fn.kind)
    ? !hasLogarithms(fn)
    : fn.kind === 'pointwise' && fn.table === undefined && SOMA_FORMS[fn.name].kind !== 'clip';

export const makeSomaFunction = (node: IntOf<'population'>, graph: IntGraph): SomaFunction =>
  somaFunction(somaSpecOf(node, graph));

export function somaSpecOf(node: IntOf<'population'>, graph: IntGraph): SomaSpec {
  const fn = node.attrs.function;
  const table = (id: ConstId) => Int32Array.from(graph.constants.get(id).data);
  const optionalTable = (id: ConstId | undefined) => (id === undefined ? undefined : table(id));
  const logs = hasLogarithms(fn) ? { log2: table(fn.log2), exp2: table(fn.exp2) } : {};
  const remainder = fn.kind === 'pointwise' && fn.table !== undefined ? { remainder: table(fn.table) } : {};
  const kind: SomaKind =
    fn.kind === 'layernorm' || fn.kind === 'rmsnorm'
      ? { ...fn, gain: optionalTable(fn.gain), offset: optionalTable(fn.offset) }
      : fn;
  return {
    fn: kind,
    channels: node.type.shape.at(-1)!,
    fraction: node.attrs.fraction,
    outFraction: node.attrs.outFraction,
    stateBits: graph.attrs.stateBits,
    rate: graph.attrs.coding === 'rate',
    tables: { ...logs, ...remainder },
  };
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
      return pointwise(fn.name, fn.tableFraction, spec);
    case 'layernorm':
    case 'rmsnorm': {
      const apply = spec.tables.log2 === undefined ? multipliedNorm : norm;
      return (u, t) => eachGroup(u, channels, (g, out) => apply(g, out, spec, fn, t));
    }
    case 'softmax': {
      const apply = spec.tables.log2 === undefined ? multipliedSoftmax : softmax;
      return u => eachGroup(u, channels, (g, out) => apply(g, out, spec, fn.scale, fn.shift));
    }
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

/** soma-forms.ts in integers: the ramp is exact, the remainder one table read, 0 beyond the table. */
function pointwise(
  name: SomaPointwise,
  tableFraction: number,
  { tables, fraction, outFraction }: SomaSpec,
): SomaFunction {
  const form = SOMA_FORMS[name];
  if (form.kind !== 'clip' && tables.remainder === undefined) {
    const [f, unit] = [EXACT_POINTWISE[name], pow2(-fraction)];
    return u => u.map(x => wholeOf(f(x * unit) * pow2(outFraction)));
  }
  const { remainder = new Int32Array(0) } = tables;
  const constant = (x: number, bits: number) => Math.floor(x * 2 ** bits + 0.5);
  const read = (x: number) => {
    const entry = rs(Math.abs(x), fraction - ENTRY_BITS);
    return entry < remainder.length ? rs(remainder[entry]!, tableFraction - outFraction) : 0;
  };
  switch (form.kind) {
    case 'clip': {
      const limit = constant(form.limit, outFraction);
      return u => u.map(x => Math.min(rs(Math.max(x, 0), fraction - outFraction), limit));
    }
    case 'even':
      return u => u.map(x => rs(Math.max(x, 0), fraction - outFraction) - read(x));
    case 'odd': {
      const [limit, centre] = [constant(form.limit, outFraction), constant(form.centre, outFraction)];
      const shift = fraction - outFraction + form.slope;
      return u => u.map(x => centre + Math.sign(x) * (Math.min(rs(Math.abs(x), shift), limit) - read(x)));
    }
    default:
      return form satisfies never;
  }
}

/**
 * LN(S; ε) = d · √C / √(Σ d² + C³ ε 4^f) with d = C·S − ΣS; RMS(S; ε) = d · √C / √(Σ d² + C ε 4^f) with d = S.
 * The quotient is a difference of logarithms, γ another one; the sum of squares is a sum of powers of two
 * relative to the largest. ε·t² in `rate`, where S is t times the mean.
 */
function norm(
  group: Float64Array,
  out: Float64Array,
  { tables, outFraction, rate }: SomaSpec,
  fn: NormKind,
  t: number,
): void {
  const log2 = tables.log2!;
  const powers = tables.exp2!;
  const channels = group.length;
  const isCentred = fn.kind === 'layernorm';
  let total = 0;
  if (isCentred) for (const s of group) total += s;
  const epsilonKey = fn.epsilonKey + (rate ? 2 * lg(t, log2) : 0);
  let top = epsilonKey;
  const logs = new Float64Array(channels);
  for (let c = 0; c < channels; c++) {
    const d = isCentred ? channels * group[c]! - total : group[c]!;
    out[c] = Math.sign(d);
    if (d === 0) continue;
    logs[c] = lg(Math.abs(d), log2);
    top = Math.max(top, 2 * logs[c]!);
  }
  let sum = exp2(epsilonKey - top, SUM_FRACTION, powers);
  for (let c = 0; c < channels; c++) if (out[c] !== 0) sum += exp2(2 * logs[c]! - top, SUM_FRACTION, powers);
  const quotient = rs(top + lg(sum, log2) - SUM_FRACTION * 2 ** LOG_FRACTION - fn.channelKey, 1);
  for (let c = 0; c < channels; c++) {
    const sign = out[c]! * (fn.gain?.[channels + c] ?? 1);
    const size = sign === 0 ? 0 : exp2(logs[c]! - quotient + (fn.gain?.[c] ?? 0), outFraction, powers);
    out[c] = sign * size + (fn.offset?.[c] ?? 0);
  }
}

/** 2^(y − max − log2 Σ 2^(y − max)), the scores being brought to the log2 domain by · scale · 2^−shift. */
function softmax(
  group: Float64Array,
  out: Float64Array,
  { tables, fraction, outFraction }: SomaSpec,
  scale: number,
  shift: number,
): void {
  for (let c = 0; c < group.length; c++) out[c] = group[c]! * scale;
  const top = out.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  let sum = 0;
  for (let c = 0; c < group.length; c++) {
    out[c] = rs(out[c]! - top, fraction + shift - LOG_FRACTION);
    sum += exp2(out[c]!, SUM_FRACTION, tables.exp2!);
  }
  const logSum = lg(sum, tables.log2!) - SUM_FRACTION * 2 ** LOG_FRACTION;
  for (let c = 0; c < group.length; c++) out[c] = exp2(out[c]! - logSum, outFraction, tables.exp2!);
}

const wholeOf = (x: number): number => Math.floor(x + 0.5);

/** What the keys of a norm stand for, with the arithmetic that they are short for. */
function multipliedNorm(
  group: Float64Array,
  out: Float64Array,
  { outFraction, rate }: SomaSpec,
  { kind, epsilonKey, gain, offset }: NormKind,
  t: number,
): void {
  const channels = group.length;
  const isCentred = kind === 'layernorm';
  const squares = isCentred ? channels * channels * channels : channels;
  const epsilon = (exactExp2(epsilonKey / 2 ** LOG_FRACTION) / squares) * (rate ? t * t : 1);
  exactNorm(group, out, isCentred, epsilon, pow2(outFraction));
  for (let c = 0; c < channels; c++) {
    const gamma = gain === undefined ? 1 : gain[channels + c]! * exactExp2(gain[c]! / 2 ** LOG_FRACTION);
    out[c] = wholeOf(out[c]! * gamma) + (offset?.[c] ?? 0);
  }
}

function multipliedSoftmax(
  group: Float64Array,
  out: Float64Array,
  { fraction, outFraction }: SomaSpec,
  scale: number,
  shift: number,
): void {
  exactSoftmax(group, out, scale * pow2(-fraction - shift), pow2(outFraction));
  for (let c = 0; c < group.length; c++) out[c] = wholeOf(out[c]!);
}

/** log2 x with 12 fraction bits, for constants that the compiler computes. */
export const logKey = (x: number): number => Math.round(Math.log2(x) * 2 ** LOG_FRACTION);

/** Fraction bits that the mantissas of exp2 carry; outputs with more are shifted, not more precise. */
export const FUNCTION_PRECISION = EXP_FRACTION;
