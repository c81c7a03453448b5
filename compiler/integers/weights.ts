/**
 * Weights and constants as integers: w ≈ wi · 2^−e with |wi| ≤ 2^(bits−1) − 1, one exponent e for each channel,
 * as large as the weights and the accumulator allow. Rounding half up.
 */
import type { TensorData } from '../../ir/constants.ts';

export interface WeightLimits {
  readonly weightBits: number;
  readonly accumulatorBits: number;
  /** Calibrated currents are multiplied by this before they must fit. */
  readonly headroom: number;
  /** Fraction bits of the payloads that meet the weights. */
  readonly source: number;
}

export interface IntegerWeights {
  readonly data: Int8Array;
  readonly exponents: Int32Array;
}

/**
 * `channelOf(i)`: the exponent that weight i belongs to. `peaks`: largest current met, per exponent.
 * Where a channel's accumulator could overflow its weights get fewer bits: the range proof.
 */
export function integerWeights(
  data: TensorData,
  peaks: Float64Array,
  channelOf: (i: number) => number,
  { weightBits, accumulatorBits, headroom, source }: WeightLimits,
): IntegerWeights {
  const largest = extremes(data, peaks.length, channelOf);
  const limit = 2 ** (accumulatorBits - 1);
  const exponents = Int32Array.from(peaks, (peak, c) => {
    let e = weightExponent(largest.low[c]!, largest.high[c]!, weightBits);
    while (peak * headroom * 2 ** (e + source) > limit) e -= 1;
    return e;
  });
  const powers = Float64Array.from(exponents, e => 2 ** e);
  const rounded = new Int8Array(data.length);
  for (let i = 0; i < data.length; i++) rounded[i] = Math.floor(data[i]! * powers[channelOf(i)]! + 0.5);
  return { data: rounded, exponents };
}

function extremes(data: TensorData, count: number, channelOf: (i: number) => number) {
  const low = new Float64Array(count);
  const high = new Float64Array(count);
  for (let i = 0; i < data.length; i++) {
    const c = channelOf(i);
    const w = data[i]!;
    if (w < low[c]!) low[c] = w;
    if (w > high[c]!) high[c] = w;
  }
  return { low, high };
}

/** The largest e for which every round(w · 2^e) of the channel fits; 0 for a channel of zeros. */
function weightExponent(low: number, high: number, bits: number): number {
  const top = 2 ** (bits - 1) - 1;
  if (low === 0 && high === 0) return 0;
  let e = Math.floor(Math.log2((top + 1) / Math.max(-low, high))) + 1;
  while (Math.floor(high * 2 ** e + 0.5) > top || Math.floor(low * 2 ** e + 0.5) < -top) e -= 1;
  return e;
}

/** A factor below this leaves nothing of a number that a state word can hold. */
const NOTHING = 2 ** -60;

/** A factor as multiplier · 2^−shift with 11 significant bits and no more factors of two than it needs. */
export function constantFactor(factor: number): { readonly scale: number; readonly shift: number } {
  if (Math.abs(factor) < NOTHING) return { scale: 0, shift: 0 };
  let shift = 10 - Math.floor(Math.log2(Math.abs(factor)));
  let scale = Math.round(factor * 2 ** shift);
  while (scale % 2 === 0) {
    scale /= 2;
    shift -= 1;
  }
  return { scale, shift };
}
