/** Options that take numbers: what is said of wrong ones, and what several commands take. */
export const whole = (value: number, name: string, low: number, high: number): number => {
  if (!Number.isInteger(value) || value < low || value > high)
    throw new Error(`--${name} takes a whole number from ${low} to ${high}`);
  return value;
};
export const number = (name: string, low: number, high: number, otherwise: number, describe: string) =>
  ({
    type: 'number',
    default: otherwise,
    describe,
    coerce: (value: number) => whole(value, name, low, high),
  }) as const;

export const allOrLimit = {
  type: 'number',
  describe: 'Images at most (default: all)',
  coerce: (value: number | undefined) => (value === undefined ? value : whole(value, 'limit', 1, 1e9)),
} as const;

/** Threads of a simulation. */
export const workers = {
  type: 'number',
  describe: 'Images that are simulated at a time, each on a thread (default: one core is left free)',
  coerce: (value: number | undefined) => (value === undefined ? undefined : whole(value, 'workers', 1, 64)),
} as const;

/** A span of time. */
export const seconds = (name: string, otherwise: number, describe: string) =>
  ({
    type: 'number',
    default: otherwise,
    describe,
    coerce: (value: number) => {
      if (!(value > 0 && value <= 86_400))
        throw new Error(`--${name} takes seconds, above 0 and at most a day`);
      return value;
    },
  }) as const;
