/** Random numbers for inner loops: the state is one integer that the caller keeps. */

/** Every seed gives a state, 0 too, which the generator would never leave. */
export const seeded = (seed: number): number => Math.imul(seed + 1, 0x9e3779b1) | 1;

/** Source: Marsaglia 2003, xorshift of 32 bits. */
export function next(state: number): number {
  let s = state;
  s ^= s << 13;
  s ^= s >>> 17;
  return s ^ (s << 5);
}

/** Whole number in [0, below). */
export const draw = (state: number, below: number): number => ((state >>> 0) * below * 2 ** -32) | 0;
