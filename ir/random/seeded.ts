/** Seeded randomness for generators and placement: the same seed gives the same numbers on every machine. */

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Whole number in [low, high]. */
  int(low: number, high: number): number;
  pick<T>(items: readonly T[]): T;
  /** Roughly normal, mean 0, deviation 1 (sum of twelve uniforms). */
  normal(): number;
  chance(probability: number): boolean;
}

/** Source: the 32-bit generator known as mulberry32 (public domain). */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 15), z | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
  const int = (low: number, high: number) => low + Math.floor(next() * (high - low + 1));
  return {
    next,
    int,
    pick: items => items[int(0, items.length - 1)]!,
    normal: () => Array.from({ length: 12 }, next).reduce((a, b) => a + b, -6),
    chance: probability => next() < probability,
  };
}
