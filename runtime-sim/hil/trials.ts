/** Predictions of one tile with some of its messages disturbed, against what the device says that it sent. */
import type { Suspect } from './suspects.ts';
import type { Passage, TileBench } from './tile-bench.ts';
import { disturbing, type Manner } from './try-messages.ts';

/** One message into a tile. */
export interface Message {
  readonly passage: Passage;
  readonly step: number;
  /** Within the tile that sends it; of the host, the element. */
  readonly neuron: number;
}

/** Place in what a tile sends → change there. */
export type Vector = ReadonlyMap<number, number>;
/** What a tile sends in all steps up to that in which it was found wrong. */
export type SentVector = Int32Array;

export interface Trials {
  /** What follows from what was sent, nothing disturbed. */
  readonly base: SentVector;
  messagesOf(passages: readonly Passage[]): readonly Message[];
  with(chosen: readonly Message[], manner: Manner): SentVector;
  /** What changes where one message is disturbed. */
  effectOf(message: Message, manner: Manner): Vector;
  wrongOf(sent: SentVector): number;
  /** How far from what the device sent, at these places. */
  distance(sent: SentVector, places: readonly number[]): number;
  /** By how much the distance would shrink if effects added up. */
  gain(sent: SentVector, effect: Vector, sign: number): number;
  /** Where nothing is left of an image, late is as good as lost. */
  isLikeLost(messages: readonly Message[], late: Manner, lost: Manner): boolean;
  isSpent(): boolean;
}

export function createTrials(bench: TileBench, suspect: Suspect, budget: number): Trials {
  const { tile, image, step, got } = suspect;
  const join = (steps: readonly Int32Array[]): SentVector => {
    const size = steps[0]!.length;
    const all = new Int32Array(size * (step + 1));
    for (let i = 0; i <= step; i++) all.set(steps[i]!, i * size);
    return all;
  };
  const wanted = join(got);
  const base = join(suspect.predicted);
  let left = budget;
  const make = (chosen: readonly Message[], manner: Manner): SentVector => {
    left -= 1;
    return left < 0 ? base : join(bench.predict(tile, image, { disturb: disturbing(chosen, manner) }));
  };
  /** A wrong neuron counts, and how wrong it is on a scale on which large payloads do not hide small ones. */
  const cost = (difference: number): number =>
    difference === 0 ? 0 : 1 + Math.log2(1 + Math.abs(difference));
  return {
    base,
    messagesOf(passages) {
      const found: Message[] = [];
      bench.predict(tile, image, {
        disturb: (passage, batch, now) => {
          if (passages.includes(passage))
            for (const neuron of new Set(batch.neurons))
              if (passage.sends(neuron) && now <= step + 1) found.push({ passage, step: now, neuron });
          return [{ batch, late: 0 }];
        },
      });
      return unique(found);
    },
    with: make,
    effectOf(message, manner) {
      const made = make([message], manner);
      const effect = new Map<number, number>();
      for (let i = 0; i < made.length; i++) if (made[i] !== base[i]) effect.set(i, made[i]! - base[i]!);
      return effect;
    },
    wrongOf(sent) {
      let count = 0;
      for (let i = 0; i < sent.length; i++) if (sent[i] !== wanted[i]) count += 1;
      return count;
    },
    distance: (sent, places) => places.reduce((sum, i) => sum + cost(wanted[i]! - sent[i]!), 0),
    gain(sent, effect, sign) {
      let sum = 0;
      for (const [i, change] of effect) {
        const missing = wanted[i]! - sent[i]!;
        sum += cost(missing) - cost(missing - sign * change);
      }
      return sum;
    },
    isLikeLost(messages, late, lost) {
      const [a, b] = [make(messages, late), make(messages, lost)];
      return a.every((value, i) => value === b[i]);
    },
    isSpent: () => left <= 0,
  };
}

/** A passage into several gathers of the tile shows each message once for each of them. */
function unique(messages: readonly Message[]): readonly Message[] {
  const seen = new Map<Passage, Set<string>>();
  return messages.filter(({ passage, step, neuron }) => {
    const own = seen.get(passage) ?? new Set<string>();
    seen.set(passage, own);
    const key = `${step} ${neuron}`;
    if (own.has(key)) return false;
    own.add(key);
    return true;
  });
}
