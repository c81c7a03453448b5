/**
 * Chance that depends on nothing but numbers: the same seed, place and time give the same draw, in whatever order they are
 * asked for.
 */

/** Uniform in [0, 1). Source: the finalizer of MurmurHash3 (public domain), over all numbers one after another. */
export function draw(...numbers: readonly number[]): number {
  let h = 0x9e3779b9;
  for (const number of numbers) {
    h = Math.imul(h ^ (number >>> 0), 0x85ebca6b);
    h ^= h >>> 13;
    h = Math.imul(h, 0xc2b2ae35);
    h ^= h >>> 16;
    h = (h + 0x9e3779b9) | 0;
  }
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
}

export const drawBelow = (count: number, ...numbers: readonly number[]): number =>
  Math.floor(draw(...numbers) * count);
