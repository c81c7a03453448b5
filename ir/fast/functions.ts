/** The functions of interpret/soma.ts in integers of 32 bits, in place, where they are proved to fit. */
import {
  EXP_FRACTION,
  exp2,
  LOG_FRACTION,
  lg,
  pow2,
  rs,
  SUM_FRACTION,
  TABLE_BITS,
  TABLE_SIZE,
} from '../fixed.ts';
import type { NormKind, SomaSpec } from '../interpret/soma.ts';
import { ENTRY_BITS, SOMA_FORMS } from '../soma-forms.ts';
import { type Arena, aligned, type Kernels } from './arena.ts';

export interface NeuronFunction {
  readonly run: (u: number, count: number, t: number, room: number) => void;
  readonly room: number;
}
/** Its largest magnitude is less than `reach` before it is saturated. */
interface Base extends NeuronFunction {
  readonly reach: number;
}

const WORD_LIMIT = 2 ** 31;
const MOST_SHIFT = 30;
/** Sums of powers of two up to 2^16 fit 32 bits. */
const MOST_CHANNELS = 2 ** 13;
const MOST_FRACTION = 24;
/** Keys of constants, far beyond any of use. */
const LARGEST_KEY = 2 ** 20;
/** Powers of two are cut here; no state holds more. */
const LARGEST_LOG = 30;
const LARGEST_POWER = 2 ** LARGEST_LOG;

/** undefined: not proved to fit, or no kernel knows it. */
export function prepareFunction(
  spec: SomaSpec,
  steps: number,
  arena: Arena<Kernels>,
): NeuronFunction | undefined {
  if (spec.fn.kind === 'partial') return { room: 0, run: () => {} };
  const base = prepareBase(spec, steps, arena);
  const isScaled = spec.rate && spec.fn.kind !== 'identity';
  if (base === undefined || base.reach * (isScaled ? steps : 1) > WORD_LIMIT) return undefined;
  const top = pow2(spec.stateBits - 1) - 1;
  return {
    room: base.room,
    run(u, count, t, room) {
      base.run(u, count, t, room);
      arena.kernels.settleWords(u, count, isScaled ? t : 1, top);
    },
  };
}

function prepareBase(spec: SomaSpec, steps: number, arena: Arena<Kernels>): Base | undefined {
  const { fn, fraction, outFraction } = spec;
  switch (fn.kind) {
    case 'partial':
      return undefined;
    case 'identity': {
      const shift = Math.min(fraction - outFraction, MOST_SHIFT);
      const { kernels } = arena;
      return { room: 0, reach: reachOf(spec, shift), run: (u, count) => kernels.shiftWords(u, count, shift) };
    }
    case 'pointwise':
      return preparePointwise(spec, fn, arena);
    case 'layernorm':
    case 'rmsnorm':
      return prepareNorm(spec, fn, steps, arena);
    case 'softmax':
      return prepareSoftmax(spec, fn, arena);
    default:
      return fn satisfies never;
  }
}

/** |rs(u, shift)| of a state. */
const reachOf = ({ stateBits }: SomaSpec, shift: number): number => 2 ** (stateBits - 1 - shift) + 1;

function preparePointwise(
  spec: SomaSpec,
  fn: Extract<SomaSpec['fn'], { kind: 'pointwise' }>,
  arena: Arena<Kernels>,
): Base | undefined {
  const { kernels } = arena;
  const { fraction, outFraction, tables } = spec;
  const form = SOMA_FORMS[fn.name];
  if (form.kind !== 'clip' && tables.remainder === undefined) return undefined;
  const remainders = Array.from(tables.remainder ?? [], r => rs(r, fn.tableFraction - outFraction));
  const slope = form.kind === 'odd' ? form.slope : 0;
  const shift = Math.min(fraction - outFraction + slope, MOST_SHIFT);
  const entryShift = Math.min(fraction - ENTRY_BITS, MOST_SHIFT);
  const constant = (x: number) => Math.min(Math.floor(x * 2 ** outFraction + 0.5), WORD_LIMIT - 1);
  const largest = remainders.reduce((most, r) => Math.max(most, Math.abs(r)), 0);
  const ramp = reachOf(spec, shift);
  if (ramp > WORD_LIMIT || largest >= WORD_LIMIT || reachOf(spec, entryShift) > WORD_LIMIT) return undefined;
  if (form.kind === 'clip') {
    const limit = constant(form.limit);
    return { room: 0, reach: ramp, run: (u, count) => kernels.clipWords(u, count, shift, limit) };
  }
  // The table ends with what stands beyond it.
  const table = placeWords([...remainders, 0], arena);
  const read = [shift, table, remainders.length, entryShift] as const;
  if (form.kind === 'even') {
    return { room: 0, reach: ramp + largest, run: (u, count) => kernels.evenWords(u, count, ...read) };
  }
  const [limit, centre] = [constant(form.limit), constant(form.centre)];
  return {
    room: 0,
    reach: Math.min(ramp, limit) + largest + Math.abs(centre),
    run: (u, count) => kernels.oddWords(u, count, ...read, limit, centre),
  };
}

function prepareNorm(spec: SomaSpec, fn: NormKind, steps: number, arena: Arena<Kernels>): Base | undefined {
  const { channels, outFraction, rate } = spec;
  const { epsilonKey, channelKey, gain, offset } = fn;
  const sizes = (list: Int32Array = new Int32Array(0)) => list.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  const isSmall = [epsilonKey, channelKey, sizes(gain)].every(key => Math.abs(key) < LARGEST_KEY);
  const logs = logarithmsOf(spec);
  if (logs === undefined || !isSmall || sizes(offset) >= LARGEST_POWER) return undefined;
  const width = 4 * Math.ceil(channels / 4);
  const padded = (list: Int32Array | undefined, parts: number) =>
    list === undefined ? 0 : placeWords(paddedTo(width, channels, list, parts), arena);
  const sums = placePowers(SUM_FRACTION, 0, logs.exp2, arena);
  const result = placePowers(outFraction, LARGEST_LOG - outFraction, logs.exp2, arena);
  const powers = [sums.at, sums.lowest, result.at, result.lowest, result.highest] as const;
  const places = [placeWords(logs.log2, arena), ...powers, padded(gain, 2), padded(offset, 1)] as const;
  const isCentred = fn.kind === 'layernorm' ? 1 : 0;
  const ofStep = Array.from({ length: steps }, (_, i) => (rate ? 2 * lg(i + 1, logs.log2) : 0));
  return {
    room: aligned(2 * width * 4),
    reach: LARGEST_POWER + sizes(offset),
    run(u, count, t, room) {
      const keys = [epsilonKey + ofStep[t - 1]!, channelKey] as const;
      arena.kernels.normaliseWords(u, count / channels, channels, isCentred, ...keys, ...places, room);
    },
  };
}

/** The tables of a function of a whole group; undefined where they, or the group, are larger than the kernels know. */
function logarithmsOf({ tables, channels, outFraction }: SomaSpec) {
  const { log2, exp2: mantissas } = tables;
  if (log2 === undefined || mantissas === undefined) return undefined;
  const isKnown =
    log2[0] === 0 &&
    log2.every(key => key >= 0 && key <= 2 ** LOG_FRACTION) &&
    mantissas.every(mantissa => mantissa >= 0 && mantissa < 2 ** (EXP_FRACTION + 1));
  const isSmall = channels <= MOST_CHANNELS && Math.abs(outFraction) <= MOST_FRACTION;
  return isKnown && isSmall ? { log2, exp2: mantissas } : undefined;
}

/** Each part of a list is followed by zeros up to whole vectors. */
function paddedTo(width: number, channels: number, list: Int32Array, parts: number): Int32Array {
  const out = new Int32Array(width * parts);
  for (let part = 0; part < parts; part++) {
    out.set(list.subarray(part * channels, (part + 1) * channels), part * width);
  }
  return out;
}

function prepareSoftmax(
  spec: SomaSpec,
  { scale, shift }: Extract<SomaSpec['fn'], { kind: 'softmax' }>,
  arena: Arena<Kernels>,
): Base | undefined {
  const { channels, fraction, outFraction, stateBits } = spec;
  const by = Math.min(fraction + shift - LOG_FRACTION, MOST_SHIFT);
  const widest = 2 ** stateBits * scale * 2 ** Math.max(0, -by);
  const logs = logarithmsOf(spec);
  if (logs === undefined || scale <= 0 || widest >= WORD_LIMIT / 2) return undefined;
  const sums = placePowers(SUM_FRACTION, 0, logs.exp2, arena);
  const result = placePowers(outFraction, 0, logs.exp2, arena);
  const places = [placeWords(logs.log2, arena), sums.at, sums.lowest, result.at, result.lowest] as const;
  return {
    room: 0,
    reach: LARGEST_POWER,
    run: (u, count) => arena.kernels.softmaxWords(u, count / channels, channels, scale, by, ...places),
  };
}

/**
 * 2^x at steps of 1/64 with `fraction` fraction bits, from the highest that is 0 up to x = `most`. Keys are rounded to such steps
 * wherever they are read, so that this is all there is.
 */
function placePowers(fraction: number, most: number, mantissas: Int32Array, arena: Arena) {
  const lowest = -TABLE_SIZE * (fraction + 3);
  const highest = TABLE_SIZE * most;
  const powers = Array.from({ length: highest - lowest + 1 }, (_, i) =>
    Math.min(LARGEST_POWER, exp2((lowest + i) * 2 ** (LOG_FRACTION - TABLE_BITS), fraction, mantissas)),
  );
  return { at: placeWords(powers, arena), lowest, highest };
}

function placeWords(numbers: ArrayLike<number>, arena: Arena): number {
  return arena.keep(numbers.length * 4, at => arena.views().i32.set(numbers, at / 4));
}
