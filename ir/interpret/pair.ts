/**
 * A pair of single-threshold neurons that send one signed value: x = ReLU(x) − ReLU(−x). Rules for ReLU networks
 * become rules for Transformers this way, each half exactly as published.
 *
 *     m±  = start·θ + t·drift·θ ± U − E±         membrane of each half, its soft resets telescoped
 *     x±  = θ if m± ≥ θ, then up to `extra` spikes of share·θ while what is left of m± reaches that
 *           with correction `memory`: the same downwards, never below E± = 0
 *
 * Source  the pair: X2X of Jiang et al., ICLR 2024; the rules: docs/methods.md
 */
import type { EmitOf } from '../snn.ts';

export interface Pair {
  /** What each half has sent (E±): neuron i has halves 2i (plus) and 2i + 1 (minus). */
  readonly sent: Float64Array;
  /** Potential before step 1, in units of θ. */
  readonly start: Float64Array;
  /** 1: this half is silent for the whole image. */
  readonly isMuted: Uint8Array;
  /** m± after the resets of this step, in units of θ, and whether a spike of θ was sent. */
  readonly rest: Float64Array;
  readonly fired: Uint8Array;
}

export const createPair = (neurons: number, { start }: EmitOf<'pair'>): Pair => ({
  sent: new Float64Array(2 * neurons),
  start: new Float64Array(2 * neurons).fill(start),
  isMuted: new Uint8Array(2 * neurons),
  rest: new Float64Array(2 * neurons),
  fired: new Uint8Array(2 * neurons),
});

export function clearPair({ sent, start, isMuted }: Pair, emit: EmitOf<'pair'>): void {
  sent.fill(0);
  start.fill(emit.start);
  isMuted.fill(0);
}

export interface Fired {
  readonly value: number;
  readonly spikes: number;
}

/** What neuron i sends at step t towards its target. */
export function pairRule(emit: EmitOf<'pair'>): (pair: Pair, i: number, target: number, t: number) => Fired {
  const { theta, drift } = emit;
  const fireHalf = halfRule(emit);
  return (pair, i, target, t) => {
    let value = 0;
    let spikes = 0;
    for (const sign of [1, -1] as const) {
      const half = 2 * i + (sign === 1 ? 0 : 1);
      const membrane = (pair.start[half]! + t * drift) * theta + sign * target - pair.sent[half]!;
      const sent = pair.isMuted[half] === 1 ? SILENCE : fireHalf(membrane, pair.sent[half]!);
      pair.sent[half]! += sent.value;
      pair.rest[half] = (membrane - sent.value) / theta;
      pair.fired[half] = sent.value > 0 ? 1 : 0;
      value += sign * sent.value;
      spikes += sent.spikes;
    }
    return { value, spikes };
  };
}

const SILENCE: Fired = { value: 0, spikes: 0 };

/** One half: membrane and what it has sent so far → what it sends now. */
function halfRule({ theta, extra, share, correction }: EmitOf<'pair'>) {
  const sizes = [theta, ...new Array<number>(extra).fill(share * theta)];
  // E± is a multiple of the smallest spike up to rounding, so half of one tells enough from too little.
  const slack = Math.min(...sizes) / 2;
  const canTakeBack = correction === 'memory';
  const least = 2 * slack;
  return (membrane: number, before: number): Fired => {
    if (!(theta > 0) || (membrane < least && (!canTakeBack || membrane > -least))) return SILENCE;
    let value = 0;
    let spikes = 0;
    for (const size of sizes) {
      const rest = membrane - value;
      if (rest >= size) value += size;
      else if (canTakeBack && rest <= -size && before + value > size - slack) value -= size;
      else continue;
      spikes += 1;
    }
    return { value, spikes };
  };
}
