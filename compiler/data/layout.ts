/** Where a network's input and arrays of images keep their rows, columns and channels. */
import { sizeOf } from '../../ir/dialect.ts';

/** An input that is a picture. */
export interface Layout {
  readonly channels: 1 | 3;
  readonly height: number;
  readonly width: number;
  readonly isChannelsLast: boolean;
}

export type Order = 'chw' | 'hwc';
export const ORDERS = ['chw', 'hwc'] as const satisfies readonly Order[];

/** Undefined: not a picture, so that only numbers in the network's own order fit. ONNX puts channels first. */
export function inputLayout(shape: readonly number[]): Layout | undefined {
  const [a, b, c] = shape;
  if (a === undefined || b === undefined) return undefined;
  if (c === undefined) return { channels: 1, height: a, width: b, isChannelsLast: false };
  if (shape.length !== 3) return undefined;
  if (a === 1 || a === 3) return { channels: a, height: b, width: c, isChannelsLast: false };
  return c === 1 || c === 3 ? { channels: c, height: a, width: b, isChannelsLast: true } : undefined;
}

/** How the numbers of one image of an array lie: as the network wants them, or as a picture of any size. */
export type ArrayLayout =
  | { readonly kind: 'network' }
  | {
      readonly kind: 'picture';
      readonly order: Order;
      readonly height: number;
      readonly width: number;
      readonly channels: 1 | 3;
    }
  | { readonly kind: 'ambiguous' }
  | { readonly kind: 'other' };

/**
 * `dims` of one image against the network's input.
 * Needs  `wanted` where rows, columns and channels are all of one size and the user has said which is which
 */
export function arrayLayout(
  dims: readonly number[],
  shape: readonly number[],
  wanted: Order | undefined,
): ArrayLayout {
  const layout = inputLayout(shape);
  const [a, b, c] = dims;
  const isPlain = withoutOnes(dims).join() === withoutOnes(shape).join() || dims.length === 1;
  if (layout === undefined) {
    return sizeOf(dims) === sizeOf(shape) ? { kind: 'network' } : { kind: 'other' };
  }
  if (dims.length === 3 && a !== undefined && b !== undefined && c !== undefined) {
    const first = isChannels(a) ? picture('chw', b, c, a) : undefined;
    const last = isChannels(c) ? picture('hwc', a, b, c) : undefined;
    return choose(first, last, layout, wanted);
  }
  if (isPlain && sizeOf(dims) === sizeOf(shape)) return { kind: 'network' };
  if (dims.length === 2 && a !== undefined && b !== undefined) return picture('hwc', a, b, 1);
  return { kind: 'other' };
}

type PictureLayout = Extract<ArrayLayout, { kind: 'picture' }>;

const isChannels = (size: number): size is 1 | 3 => size === 1 || size === 3;
const withoutOnes = (dims: readonly number[]): readonly number[] => dims.filter(size => size !== 1);
const picture = (order: Order, height: number, width: number, channels: 1 | 3): PictureLayout => ({
  kind: 'picture',
  order,
  height,
  width,
  channels,
});

/** A reading of the network's own size and colours goes before one that would need a resize. */
function choose(
  first: PictureLayout | undefined,
  last: PictureLayout | undefined,
  layout: Layout,
  wanted: Order | undefined,
): ArrayLayout {
  if (wanted !== undefined) return (wanted === 'chw' ? first : last) ?? { kind: 'other' };
  if (first === undefined || last === undefined) return first ?? last ?? { kind: 'other' };
  const fits = (p: PictureLayout) => p.height === layout.height && p.width === layout.width;
  const isOwn = (p: PictureLayout) => fits(p) && p.channels === layout.channels;
  for (const test of [isOwn, fits]) {
    if (test(first) !== test(last)) return test(first) ? first : last;
    if (test(first)) break;
  }
  return { kind: 'ambiguous' };
}
