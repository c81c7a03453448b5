/**
 * Resizing pictures of bytes, bit for bit as Pillow does it: two passes with 8-bit numbers between them, weights in 22-bit
 * fixed point, and filters that widen when a picture shrinks (antialiasing). Which pass comes first shows in single
 * levels: Pillow 13 takes columns first where more than twice as many rows as columns fall away, older ones never.
 *
 * Source  Pillow, Resample.c and Geometry.c (behaviour; tested against goldens that Pillow made)
 * Shapes  rows of pixels, channels innermost
 * Cost    O(width · height · support), a few milliseconds for a photograph
 */

import type { Interpolation } from '../../backends/preprocess.ts';

/** 8-bit pixels, [height, width, channels], 1 (grey) or 3 (red, green, blue) channels. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
}

interface Filter {
  readonly support: number;
  readonly weight: (x: number) => number;
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI));

/** Pillow writes these two in single precision. */
const SINGLE_54 = Math.fround(0.54);
const SINGLE_46 = Math.fround(0.46);

function hamming(signed: number): number {
  const x = Math.abs(signed);
  if (x === 0) return 1;
  if (x >= 1) return 0;
  const angle = x * Math.PI;
  return (Math.sin(angle) / angle) * (SINGLE_54 + SINGLE_46 * Math.cos(angle));
}

/** a = −0.5. */
function bicubic(signed: number): number {
  const a = -0.5;
  const x = Math.abs(signed);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

/** Undefined: no filter, the nearest pixel. */
const FILTERS = {
  nearest: undefined,
  box: { support: 0.5, weight: x => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, weight: x => Math.max(0, 1 - Math.abs(x)) },
  hamming: { support: 1, weight: hamming },
  bicubic: { support: 2, weight: bicubic },
  lanczos: { support: 3, weight: x => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
} as const satisfies { readonly [name in Interpolation]: Filter | undefined };

export function resample(picture: Picture, width: number, height: number, by: Interpolation): Picture {
  if (width === picture.width && height === picture.height) return picture;
  const filter: Filter | undefined = FILTERS[by];
  if (filter === undefined) return nearest(picture, width, height);
  const passes = [
    (from: Picture) => (width === from.width ? from : resampleRows(from, width, filter)),
    (from: Picture) => (height === from.height ? from : resampleColumns(from, height, filter)),
  ];
  const lostRows = picture.height - height;
  const isColumnsFirst = lostRows > 0 && lostRows > 2 * (picture.width - width);
  return (isColumnsFirst ? passes.toReversed() : passes).reduce((made, pass) => pass(made), picture);
}

/** The centre of each pixel, found by repeated addition as Pillow does, rounding errors included. */
function nearest(
  { width: fromWidth, height: fromHeight, channels, data }: Picture,
  width: number,
  height: number,
) {
  const columns = nearestIndex(fromWidth, width);
  const rows = nearestIndex(fromHeight, height);
  const out = new Uint8Array(width * height * channels);
  let at = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (rows[y]! * fromWidth + columns[x]!) * channels;
      for (let c = 0; c < channels; c++) out[at++] = data[from + c]!;
    }
  }
  return { width, height, channels, data: out };
}

function nearestIndex(from: number, to: number): Int32Array {
  const step = from / to;
  let position = step * 0.5;
  return Int32Array.from({ length: to }, () => {
    const index = Math.min(from - 1, Math.floor(position));
    position += step;
    return index;
  });
}

const PRECISION = 22;
const HALF = 2 ** (PRECISION - 1);

interface Taps {
  /** First pixel and number of pixels that each result is made of. */
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** `width` weights for each result. */
  readonly weights: Int32Array;
  readonly width: number;
}

function tapsOf(from: number, to: number, filter: Filter): Taps {
  const scale = from / to;
  const widening = Math.max(scale, 1);
  const support = filter.support * widening;
  const narrowing = 1 / widening;
  const width = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(to);
  const count = new Int32Array(to);
  const weights = new Int32Array(to * width);
  const row = new Float64Array(width);
  for (let i = 0; i < to; i++) {
    const centre = (i + 0.5) * scale;
    const low = Math.max(0, Math.trunc(centre - support + 0.5));
    const taps = Math.min(from, Math.trunc(centre + support + 0.5)) - low;
    let sum = 0;
    for (let k = 0; k < taps; k++) {
      row[k] = filter.weight((k + low - centre + 0.5) * narrowing);
      sum += row[k]!;
    }
    for (let k = 0; k < taps; k++) {
      const weight = (sum === 0 ? row[k]! : row[k]! / sum) * 2 ** PRECISION;
      weights[i * width + k] = Math.trunc(weight < 0 ? weight - 0.5 : weight + 0.5);
    }
    first[i] = low;
    count[i] = taps;
  }
  return { first, count, weights, width };
}

const clip = (sum: number): number => Math.max(0, Math.min(255, Math.floor(sum / 2 ** PRECISION)));

function resampleRows(
  { width: from, height, channels, data }: Picture,
  width: number,
  filter: Filter,
): Picture {
  const taps = tapsOf(from, width, filter);
  const out = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) {
        let sum = HALF;
        const start = (y * from + taps.first[x]!) * channels + c;
        for (let k = 0; k < taps.count[x]!; k++) {
          sum += data[start + k * channels]! * taps.weights[x * taps.width + k]!;
        }
        out[(y * width + x) * channels + c] = clip(sum);
      }
    }
  }
  return { width, height, channels, data: out };
}

function resampleColumns(
  { width, height: from, channels, data }: Picture,
  height: number,
  filter: Filter,
): Picture {
  const taps = tapsOf(from, height, filter);
  const line = width * channels;
  const out = new Uint8Array(line * height);
  const sums = new Float64Array(line);
  for (let y = 0; y < height; y++) {
    sums.fill(HALF);
    for (let k = 0; k < taps.count[y]!; k++) {
      const weight = taps.weights[y * taps.width + k]!;
      const start = (taps.first[y]! + k) * line;
      for (let i = 0; i < line; i++) sums[i]! += data[start + i]! * weight;
    }
    for (let i = 0; i < line; i++) out[y * line + i] = clip(sums[i]!);
  }
  return { width, height, channels, data: out };
}
