/** What a tile does with its sums: the functions of a soma, by the tables of its core. A third reading, see arithmetic.ts. */
import type { CoreProgram, NormProgram, ProgramHeader, TileProgram } from '../../backends/program/program.ts';
import { EXACT_POINTWISE, exactExp2, exactNorm, exactSoftmax } from '../../ir/exact-functions.ts';
import { ENTRY_BITS, SOMA_FORMS } from '../../ir/soma-forms.ts';
import {
  clamp,
  exp2Of,
  LOG_BITS,
  LOG_UNIT,
  type LogTables,
  log2Of,
  SUM_BITS,
  shiftRound,
} from './arithmetic.ts';

/** y of neurons of whole groups of channels, one group after another, at step t. */
export type TileFunction = (u: Float64Array, t: number) => Float64Array;

export function tileFunction(tile: TileProgram, core: CoreProgram, header: ProgramHeader): TileFunction {
  const { function: fn } = tile;
  const base = plainFunction(tile, core, header.coding === 'rate');
  if (fn.kind === 'partial') return base;
  const isScaled = header.coding === 'rate' && fn.kind !== 'identity';
  return (u, t) => base(u, t).map(y => clamp(isScaled ? y * t : y, header.stateBits));
}

function plainFunction(tile: TileProgram, core: CoreProgram, isRate: boolean): TileFunction {
  const { function: fn, fraction, outFraction } = tile;
  const channels = tile.box.channel[1] - tile.box.channel[0];
  switch (fn.kind) {
    case 'partial':
      return u => Float64Array.from(u);
    case 'identity':
      return u => u.map(x => shiftRound(x, fraction - outFraction));
    case 'pointwise': {
      const f = pointwise(tile, fn, core);
      return u => u.map(f);
    }
    case 'softmax': {
      const f = fn.multiplied
        ? (group: Float64Array) => multipliedSoftmax(group, tile, fn)
        : (group: Float64Array) => tableSoftmax(group, tile, fn, tablesOf(core));
      return u => eachGroup(u, channels, f);
    }
    case 'layernorm':
    case 'rmsnorm': {
      const f = fn.multiplied
        ? (group: Float64Array, t: number) => multipliedNorm(group, outFraction, fn, t)
        : (group: Float64Array, t: number) => tableNorm(group, outFraction, fn, tablesOf(core), t);
      return (u, t) => eachGroup(u, channels, group => f(group, isRate ? t : 1));
    }
    default:
      return fn satisfies never;
  }
}

/** The reader of programs has seen to it that who needs tables has them. */
const tablesOf = (core: CoreProgram): LogTables => ({ log2: core.log2!, exp2: core.exp2! });

function eachGroup(
  u: Float64Array,
  channels: number,
  f: (group: Float64Array) => Float64Array,
): Float64Array {
  const y = new Float64Array(u.length);
  for (let from = 0; from < u.length; from += channels) y.set(f(u.slice(from, from + channels)), from);
  return y;
}

type Pointwise = Extract<TileProgram['function'], { kind: 'pointwise' }>;

/** A ramp less a remainder, which is a table of 16 entries a unit and 0 behind its end. */
function pointwise({ fraction, outFraction }: TileProgram, fn: Pointwise, core: CoreProgram) {
  const form = SOMA_FORMS[fn.name];
  const table = fn.remainder === undefined ? undefined : core.remainders[fn.remainder]!;
  if (form.kind === 'clip') {
    const top = roundUp(form.limit * 2 ** outFraction);
    return (x: number) => Math.min(shiftRound(Math.max(x, 0), fraction - outFraction), top);
  }
  if (table === undefined) {
    const f = EXACT_POINTWISE[fn.name];
    return (x: number) => roundUp(f(x / 2 ** fraction) * 2 ** outFraction);
  }
  const remainder = (size: number) => {
    const entry = table[shiftRound(size, fraction - ENTRY_BITS)];
    return entry === undefined ? 0 : shiftRound(entry, fn.tableFraction - outFraction);
  };
  if (form.kind === 'even')
    return (x: number) => shiftRound(Math.max(x, 0), fraction - outFraction) - remainder(Math.abs(x));
  const limit = roundUp(form.limit * 2 ** outFraction);
  const centre = roundUp(form.centre * 2 ** outFraction);
  return (x: number) => {
    const ramp = Math.min(shiftRound(Math.abs(x), fraction - outFraction + form.slope), limit);
    return centre + Math.sign(x) * (ramp - remainder(Math.abs(x)));
  };
}

const roundUp = (x: number): number => Math.floor(x + 0.5);

type Softmax = Extract<TileProgram['function'], { kind: 'softmax' }>;

/** Probabilities as 2^(score − largest − log2 of their sum). */
function tableSoftmax(group: Float64Array, tile: TileProgram, { scale, shift }: Softmax, tables: LogTables) {
  const scores = group.map(x => x * scale);
  let largest = scores[0]!;
  for (const score of scores) largest = Math.max(largest, score);
  const logs = scores.map(score => shiftRound(score - largest, tile.fraction + shift - LOG_BITS));
  let sum = 0;
  for (const log of logs) sum += exp2Of(log, SUM_BITS, tables);
  const logOfSum = log2Of(sum, tables) - SUM_BITS * LOG_UNIT;
  return logs.map(log => exp2Of(log - logOfSum, tile.outFraction, tables));
}

function multipliedSoftmax(group: Float64Array, tile: TileProgram, { scale, shift }: Softmax): Float64Array {
  const out = new Float64Array(group.length);
  exactSoftmax(group, out, scale * 2 ** (-tile.fraction - shift), 2 ** tile.outFraction);
  return out.map(roundUp);
}

/** What a norm divides: C·S − ΣS with its centre taken out, else S. */
function deviations(group: Float64Array, isCentred: boolean): Float64Array {
  if (!isCentred) return group;
  let total = 0;
  for (const s of group) total += s;
  return group.map(s => group.length * s - total);
}

/**
 * |d| · √C / √(Σ d² + ε') as a difference of logarithms; squares are powers of two relative to the largest of them, ε' among
 * them. γ is one more logarithm, β is added.
 */
function tableNorm(group: Float64Array, outFraction: number, fn: NormProgram, tables: LogTables, t: number) {
  const channels = group.length;
  const d = deviations(group, fn.kind === 'layernorm');
  const logs = d.map(x => (x === 0 ? Number.NEGATIVE_INFINITY : log2Of(Math.abs(x), tables)));
  // In coding rate S is t times the mean: ε grows with t². log2 of 1 is 0.
  const epsilon = fn.epsilonKey + 2 * log2Of(t, tables);
  let largest = epsilon;
  for (const log of logs) largest = Math.max(largest, 2 * log);
  let sum = exp2Of(epsilon - largest, SUM_BITS, tables);
  for (const log of logs)
    if (log > Number.NEGATIVE_INFINITY) sum += exp2Of(2 * log - largest, SUM_BITS, tables);
  const logOfSum = largest + log2Of(sum, tables) - SUM_BITS * LOG_UNIT;
  const divisor = shiftRound(logOfSum - fn.channelKey, 1);
  return d.map((x, c) => {
    const sign = Math.sign(x) * (fn.gain?.[channels + c] ?? 1);
    const size = sign === 0 ? 0 : exp2Of(logs[c]! - divisor + (fn.gain?.[c] ?? 0), outFraction, tables);
    return sign * size + (fn.offset?.[c] ?? 0);
  });
}

function multipliedNorm(group: Float64Array, outFraction: number, fn: NormProgram, t: number): Float64Array {
  const channels = group.length;
  const isCentred = fn.kind === 'layernorm';
  // The key of ε is lg(C³ ε 4^f) with the centre taken out, else lg(C ε 4^f).
  const squares = isCentred ? channels * channels * channels : channels;
  const epsilon = (exactExp2(fn.epsilonKey / LOG_UNIT) / squares) * (t * t);
  const out = new Float64Array(channels);
  exactNorm(group, out, isCentred, epsilon, 2 ** outFraction);
  return out.map((x, c) => {
    const gamma = fn.gain === undefined ? 1 : fn.gain[channels + c]! * exactExp2(fn.gain[c]! / LOG_UNIT);
    return roundUp(x * gamma) + (fn.offset?.[c] ?? 0);
  });
}
