/** Numbers for people. */
export const bigNumber = (n: number): string =>
  n >= 10 || Number.isInteger(n) ? Math.round(n).toLocaleString('en-US') : n.toPrecision(2);

export const seconds = (s: number): string =>
  s >= 1 ? `${s.toFixed(2)} s` : s >= 1e-3 ? `${(s * 1e3).toFixed(2)} ms` : `${(s * 1e6).toFixed(0)} µs`;

export const percentOf = (share: number): string => `${(100 * share).toFixed(0)} %`;

export const byteSize = (n: number): string =>
  n >= 1e9
    ? `${(n / 1e9).toFixed(2)} GB`
    : n >= 1e6
      ? `${(n / 1e6).toFixed(1)} MB`
      : `${(n / 1e3).toFixed(1)} kB`;

const JOULES = ['pJ', 'nJ', 'µJ', 'mJ', 'J'] as const;

/** A range of energies, both ends in the unit of the higher one. Units: picojoules. */
export function energyRange(low: number, high: number): string {
  const step = Math.min(JOULES.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, high)) / 3)));
  const [a, b] = [low, high].map(pj => (pj / 1000 ** step).toPrecision(3));
  return a === b ? `${a} ${JOULES[step]}` : `${a} to ${b} ${JOULES[step]}`;
}
