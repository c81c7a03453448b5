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
