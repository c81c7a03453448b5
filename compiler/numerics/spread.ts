/** What values were met: ends exactly, percentiles from a histogram, so that memory does not grow with the images. */

/** Bins of an octave, and the octaves that there are bins for; smaller magnitudes share the lowest. */
const FINE = 16;
const [LOWEST, HIGHEST] = [-40, 40];

export interface Spread {
  add(values: Float64Array, unit: number): void;
  /** p99: the magnitude that 99 % do not exceed, to the sixteenth of an octave (4 %, rounded up). */
  result(): { readonly min: number; readonly max: number; readonly p99: number };
}

export function createSpread(): Spread {
  const bins = new Float64Array((HIGHEST - LOWEST) * FINE + 1);
  let [min, max, count] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  return {
    add(values, unit) {
      for (const value of values) {
        const x = value * unit;
        if (x < min) min = x;
        if (x > max) max = x;
        const bin = Math.ceil((Math.log2(Math.abs(x)) - LOWEST) * FINE);
        bins[Math.max(0, Math.min(bins.length - 1, bin))]! += 1;
      }
      count += values.length;
    },
    result() {
      if (count === 0) return { min: 0, max: 0, p99: 0 };
      let below = 0;
      const bin = bins.findIndex(n => {
        below += n;
        return below >= 0.99 * count;
      });
      return { min, max, p99: bin === 0 ? 0 : Math.min(2 ** (LOWEST + bin / FINE), Math.max(-min, max)) };
    },
  };
}

/** Σ of squares of what should be and of how far off it is. */
export interface Fidelity {
  signal: number;
  noise: number;
  count: number;
  /** Largest error of one number. */
  worst: number;
}
export const createFidelity = (): Fidelity => ({ signal: 0, noise: 0, count: 0, worst: 0 });

export function compare(fidelity: Fidelity, wanted: Float64Array, got: ArrayLike<number>, unit = 1): void {
  for (let i = 0; i < wanted.length; i++) {
    const error = got[i]! * unit - wanted[i]!;
    fidelity.signal += wanted[i]! ** 2;
    fidelity.noise += error ** 2;
    fidelity.worst = Math.max(fidelity.worst, Math.abs(error));
  }
  fidelity.count += wanted.length;
}

/** Signal to quantization noise in dB; null where nothing is off, or nothing is there. */
export const sqnr = ({ signal, noise }: Fidelity): number | null =>
  noise === 0 || signal === 0 ? null : 10 * Math.log10(signal / noise);
