/**
 * What every way of firing would do at a site, added up image by image: the error that it makes in the logits, what
 * its spikes cost. One pass over the elements serves all options, because an element's error depends on nothing but
 * its magnitude and sign: gradients are gathered in bins of the magnitude, and each option is a sum over bins.
 *
 *     r · J e  =  Σ_i g_i e(x_i)  ≈  Σ_bins e(bin) · Σ_{i in bin} ± g_i
 *
 * The sum is squared after it is formed, so errors of elements that go together (the dead band takes from all values
 * of one sign) count as such.
 *
 * Memory  some numbers a bin and option, whatever the number of images
 */
import { emitRule } from '../../ir/interpret/emit.ts';
import type { SnnEmit } from '../../ir/snn.ts';
import type { SiteSetting } from '../profile.ts';
import type { SiteLoad } from './load.ts';

/** Bins are equal in the logarithm; 64 an octave place an element within 0.6 %. */
const MANTISSA_BITS = 6;
/** Octaves below the largest magnitude that are told apart; what is smaller counts as nothing. */
const OCTAVES = 20;
const BINS = OCTAVES << MANTISSA_BITS;

export interface FiringOption {
  readonly setting: SiteSetting;
  readonly emit: SnnEmit;
}

export interface SiteOption {
  readonly setting: SiteSetting;
  /** Squared error of the logits, summed over classes, per image. */
  readonly error: number;
  /** Accumulations of linears, per image. */
  readonly linearAcs: number;
  /** Terms, and share of nonzero elements, of an element in products. */
  readonly terms: number;
  readonly nonzero: number;
}

export interface SiteRecorder {
  /** Values of one image and their gradients, one for each projection of the logits. */
  record(values: Float64Array, gradients: readonly Float64Array[]): void;
  /** Per image, over all that was recorded. */
  judge(): readonly SiteOption[];
}

/** `max`: the largest magnitude met in calibration. `load`: what spikes of the site meet, element by element. */
export function createRecorder(max: number, load: SiteLoad, options: readonly FiringOption[]): SiteRecorder {
  const top = Math.floor(Math.log2(Math.max(max, 2 ** -100))) + 1;
  const first = (127 + top - OCTAVES) << MANTISSA_BITS;
  const fired = options.map(({ emit }) => fireBins(magnitudesBelow(top), emit));
  const errors = new Float64Array(options.length);
  const linear = new Float64Array(BINS);
  const partners = new Float64Array(BINS);
  let images = 0;
  return {
    record(values, gradients) {
      images += 1;
      const bins = binsOf(values, first);
      bins.forEach((bin, i) => {
        if (bin < 0) return;
        linear[bin]! += load.linear[i]!;
        partners[bin]! += load.partners[i]!;
      });
      for (const gradient of gradients) {
        const gathered = gather(values, bins, gradient);
        fired.forEach(({ errors: error }, o) => {
          errors[o]! += dot(gathered, error) ** 2 / gradients.length;
        });
      }
    },
    judge() {
      const met = Math.max(1, images * load.partners.reduce((sum, n) => sum + n, 0));
      return options.map(({ setting }, o) => {
        const { terms } = fired[o]!;
        const nonzero = partners.reduce((sum, n, bin) => sum + (terms[bin] === 0 ? 0 : n), 0);
        return {
          setting,
          error: errors[o]! / Math.max(1, images),
          linearAcs: dot(linear, terms) / Math.max(1, images),
          terms: dot(partners, terms) / met,
          nonzero: nonzero / met,
        };
      });
    },
  };
}

/** The magnitude that each bin stands for. */
const magnitudesBelow = (top: number): Float64Array =>
  Float64Array.from({ length: BINS }, (_, bin) => {
    const mantissa = bin & ((1 << MANTISSA_BITS) - 1);
    return 2 ** (top - OCTAVES + (bin >> MANTISSA_BITS)) * (1 + (mantissa + 0.5) * 2 ** -MANTISSA_BITS);
  });

function fireBins(magnitudes: Float64Array, emit: SnnEmit) {
  const slot = {
    values: new Float64Array(BINS),
    terms: new Uint8Array(BINS),
    sums: new Float64Array(BINS),
    target: magnitudes,
    step: 1,
  };
  const fire = emitRule(emit);
  for (let bin = 0; bin < BINS; bin++) fire(slot, bin);
  return { errors: Float32Array.from(magnitudes, (x, bin) => x - slot.values[bin]!), terms: slot.terms };
}

/** Bin of each element, by exponent and leading bits of the mantissa; −1: too small to matter. */
function binsOf(values: Float64Array, first: number): Int32Array {
  const bits = new Uint32Array(Float32Array.from(values).buffer);
  return Int32Array.from(bits, word => {
    const bin = ((word & 0x7fffffff) >>> (23 - MANTISSA_BITS)) - first;
    return bin < 0 ? -1 : Math.min(BINS - 1, bin);
  });
}

function gather(values: Float64Array, bins: Int32Array, gradient: Float64Array): Float64Array {
  const out = new Float64Array(BINS);
  for (let i = 0; i < bins.length; i++) {
    if (bins[i]! >= 0) out[bins[i]!]! += values[i]! < 0 ? -gradient[i]! : gradient[i]!;
  }
  return out;
}

function dot(a: Float64Array, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
