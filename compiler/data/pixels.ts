/**
 * Pictures → the numbers that the network takes: colours, resize, crop, order, normalisation.
 *
 * Source  Pillow's convert() for colours; torchvision's and Hugging Face's centre crop
 */
import type { Centre, Preprocess } from '../../backends/preprocess.ts';
import { denormalise, normalise } from '../preprocess.ts';
import type { Layout, Order } from './layout.ts';
import { type Picture, resample } from './resample.ts';

/** L = (19595 R + 38470 G + 7471 B + 2^15) / 2^16, as Pillow computes 0.299, 0.587, 0.114. */
export function convertChannels(picture: Picture, channels: 1 | 3): Picture {
  const { width, height, data } = picture;
  if (picture.channels === channels) return picture;
  const pixels = width * height;
  if (channels === 3) {
    return {
      width,
      height,
      channels,
      data: Uint8Array.from({ length: 3 * pixels }, (_, i) => data[Math.floor(i / 3)]!),
    };
  }
  const grey = Uint8Array.from(
    { length: pixels },
    (_, i) => (data[3 * i]! * 19_595 + data[3 * i + 1]! * 38_470 + data[3 * i + 2]! * 7471 + 0x8000) >> 16,
  );
  return { width, height, channels, data: grey };
}

/** Colours, resize and crop. The result may still be of another size than the network's. */
export function shapePicture(picture: Picture, preprocess: Preprocess, channels: 1 | 3): Picture {
  const { crop, cropRule, interpolation } = preprocess;
  const { width, height } = resizedSize(picture, preprocess);
  const resized = resample(convertChannels(picture, channels), width, height, interpolation);
  return crop === null ? resized : cropCentre(resized, crop.height, crop.width, cropRule);
}

/** Before the crop. */
export function resizedSize(
  { width, height }: { width: number; height: number },
  { resize }: Preprocess,
): { width: number; height: number } {
  if (resize === null) return { width, height };
  return resize.kind === 'exact' ? resize : shortestSize({ width, height }, resize);
}

/** Source: torchvision and transformers, which agree: the longer edge is cut down to a whole number. */
export function shortestSize(
  { width, height }: { width: number; height: number },
  { edge, longest }: { edge: number; longest: number | null },
): { width: number; height: number } {
  const isWide = width > height;
  const [short, long] = isWide ? [height, width] : [width, height];
  let newShort = edge;
  let newLong = Math.trunc((edge * long) / short);
  if (longest !== null && newLong > longest) {
    newShort = Math.max(1, Math.trunc((longest * newShort) / newLong));
    newLong = longest;
  }
  return isWide ? { width: newLong, height: newShort } : { width: newShort, height: newLong };
}

export type CropRule = Preprocess['cropRule'];

/** What a picture that is too small lacks is 0. */
export function cropCentre(picture: Picture, height: number, width: number, rule: CropRule): Picture {
  const { channels, data } = picture;
  const top = cropStart(picture.height, height, rule);
  const left = cropStart(picture.width, width, rule);
  const out = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    const from = y + top;
    if (from < 0 || from >= picture.height) continue;
    const first = Math.max(0, -left);
    const end = Math.min(width, picture.width - left);
    if (end <= first) continue;
    const start = (from * picture.width + left) * channels;
    const row = data.subarray(start + first * channels, start + end * channels);
    out.set(row, (y * width + first) * channels);
  }
  return { width, height, channels, data: out };
}

/**
 * The first row or column of the crop, negative where the picture begins inside it. Hugging Face rounds a half
 * down; torchvision rounds it to the even number, and puts a missing odd pixel at the end.
 */
export function cropStart(from: number, to: number, rule: CropRule): number {
  const half = (from - to) / 2;
  if (rule === 'huggingface') return Math.floor(half);
  return half < 0 ? Math.ceil(half) : roundHalfEven(half);
}

function roundHalfEven(x: number): number {
  const low = Math.floor(x);
  if (x - low !== 0.5) return Math.round(x);
  return low % 2 === 0 ? low : low + 1;
}

/** Pixels [H, W, C] → numbers in the order of the network's input, normalised, or centred where the weights do the rest. */
export function networkNumbers(
  { data, width, height, channels }: Picture,
  layout: Layout,
  preprocess: Preprocess,
  centre: Centre,
): Float64Array {
  const area = width * height;
  return Float64Array.from({ length: area * channels }, (_, i) => {
    const [pixel, channel] = layout.isChannelsLast
      ? [Math.floor(i / channels), i % channels]
      : [i % area, Math.floor(i / area)];
    const colour = preprocess.order === 'bgr' ? channels - 1 - channel : channel;
    const value = data[pixel * channels + colour]!;
    return centre === null ? normalise(value, channel, preprocess) : value - centre[channel % centre.length]!;
  });
}

/** Channel of element i of the network's input. */
export const channelAt = (i: number, { channels, width, height, isChannelsLast }: Layout): number =>
  isChannelsLast ? i % channels : Math.floor(i / (width * height));

/** Numbers that already are normalised; where the network takes centred pixels they are turned back into these. */
export function takeNormalised(
  numbers: Float64Array,
  layout: Layout | undefined,
  preprocess: Preprocess,
  centre: Centre,
): Float64Array {
  if (centre === null) return numbers;
  return numbers.map((x, i) => {
    const channel = layout === undefined ? 0 : channelAt(i, layout);
    return denormalise(x, channel, preprocess) - centre[channel % centre.length]!;
  });
}

/** A picture's numbers from one order into that of the network's input. */
export function reorder<A extends { readonly length: number; readonly [i: number]: number }>(
  from: A,
  order: Order,
  { channels, width, height, isChannelsLast }: Layout,
): A | Float64Array {
  if ((order === 'hwc') === isChannelsLast || channels === 1) return from;
  const area = width * height;
  return Float64Array.from({ length: area * channels }, (_, i) =>
    isChannelsLast
      ? from[(i % channels) * area + Math.floor(i / channels)]!
      : from[(i % area) * channels + Math.floor(i / area)]!,
  );
}
