/**
 * Images where none are given: what photographs have in common, drawn from a seed. Things hide things behind them,
 * power falls with the square of frequency, colours go together, contrast and brightness differ from one to the next.
 *
 * Source  the dead-leaves model of natural images (Lee, Mumford and Huang, 2001) and octaves of noise in turn.
 *         Measured against calibration images of two networks, by the percentiles of their sites: either kind alone,
 *         less contrast and plain noise are all further off; more than COUNT images are hardly nearer
 * Units   normalised numbers, mostly around 0
 * Cost    O(pixels · things) an image
 */
import { sizeOf } from '../../ir/dialect.ts';
import { createRandom, type Random } from '../../ir/random/seeded.ts';
import { inputLayout, type Layout } from './layout.ts';
import { channelAt } from './pixels.ts';

/** What black and white become. */
export interface Limits {
  readonly low: number;
  readonly high: number;
}

export const SYNTHETIC_COUNT = 32;
const FEWEST = 2;
/** Multiply-accumulates of all runs over the images: a conversion runs each of them some five times. */
const SYNTHETIC_WORK = 1.5e11;

/** Nobody's images are worth no hours: as many as a fixed amount of work allows for a network of so many operations. */
export const syntheticCount = (macs: number): number =>
  Math.max(FEWEST, Math.min(SYNTHETIC_COUNT, Math.floor(SYNTHETIC_WORK / Math.max(1, macs))));
/** Where nothing says how pixels are normalised: what normalised ones seldom exceed. */
export const USUAL_LIMITS: Limits = { low: -3, high: 3 };
/** Contrasts, evenly by their logarithm: from half of a normalised image's to nearly black and white. */
const CONTRAST = { least: 0.5, doublings: 3 };
const BRIGHTNESS = 0.5;
/** How far a colour departs from the brightness. */
const TINT = 0.3;

/** `limits`: of each channel, or one for all. */
export function syntheticImages(
  shape: readonly number[],
  count: number,
  limits: readonly Limits[] = [USUAL_LIMITS],
): readonly Float64Array[] {
  const random = createRandom(1);
  const layout = inputLayout(shape);
  const channelOf = (i: number) => (layout === undefined ? 0 : channelAt(i, layout));
  return Array.from({ length: count }, (_, n) => {
    const image = layout === undefined ? smoothNumbers(sizeOf(shape), random) : picture(layout, n, random);
    return image.map((x, i) => {
      const limit = limits[channelOf(i) % limits.length]!;
      return clamp(x * deviationOf(limit) + centreOf(limit), limit);
    });
  });
}

const clamp = (x: number, { low, high }: Limits): number => Math.max(low, Math.min(high, x));

/** 0 and 1, as normalised images have them, unless these limits say that the images are not normalised. */
const centreOf = ({ low, high }: Limits): number =>
  clamp(0, { low: (3 * low + high) / 4, high: (low + 3 * high) / 4 });
const deviationOf = ({ low, high }: Limits): number =>
  clamp(1, { low: (high - low) / 6, high: (high - low) / 2 });

/** Not a picture: neighbours are alike, deviation 1. */
function smoothNumbers(size: number, random: Random): Float64Array {
  let level = 0;
  return Float64Array.from({ length: size }, () => {
    level = 0.7 * level + 0.7 * random.normal();
    return level;
  });
}

interface Size {
  readonly height: number;
  readonly width: number;
}

function picture(layout: Layout, n: number, random: Random): Float64Array {
  const { channels, isChannelsLast } = layout;
  const turn = Math.floor(n / 2);
  const draw = () => standardise(n % 2 === 0 ? leaves(layout, turn, random) : octaves(layout, turn, random));
  const grey = draw();
  const tints = channels === 1 ? [] : Array.from({ length: channels }, draw);
  const contrast = CONTRAST.least * 2 ** (CONTRAST.doublings * random.next());
  const brightness = BRIGHTNESS * random.normal();
  return Float64Array.from({ length: grey.length * channels }, (_, i) => {
    const at = isChannelsLast ? Math.floor(i / channels) : i % grey.length;
    const tint = tints[channelAt(i, layout)]?.[at] ?? 0;
    return brightness + contrast * (grey[at]! + TINT * tint);
  });
}

/** Mean 0, deviation 1; what is flat stays flat. */
function standardise(field: Float64Array): Float64Array {
  const mean = field.reduce((sum, x) => sum + x, 0) / field.length;
  const deviation = Math.sqrt(field.reduce((sum, x) => sum + (x - mean) ** 2, 0) / field.length);
  return field.map(x => (deviation > 1e-9 ? (x - mean) / deviation : 0));
}

/** The numbers of things go round: 0, 1, 2, 4 … 128. */
const CROWDS = 9;
/** So few are of any size; of a crowd most are small. */
const FEW = 16;
const SMALLEST = 0.5;

/** Discs over one another on a plain ground. */
function leaves({ height, width }: Size, turn: number, random: Random): Float64Array {
  const field = new Float64Array(height * width);
  const count = Math.floor(2 ** ((turn % CROWDS) - 1));
  const largest = Math.max(SMALLEST, Math.max(height, width) / 2);
  const radiusOf = (share: number) =>
    count < FEW
      ? SMALLEST + share * (largest - SMALLEST)
      : (largest ** -2 + share * (SMALLEST ** -2 - largest ** -2)) ** -0.5;
  for (let i = 0; i < count; i++) {
    const radius = radiusOf(random.next());
    const [y, x] = [random.next() * height, random.next() * width];
    const value = random.normal();
    for (let row = Math.max(0, Math.ceil(y - radius)); row < Math.min(height, y + radius); row++) {
      const half = Math.sqrt(radius ** 2 - (row - y) ** 2);
      const [from, to] = [Math.max(0, Math.ceil(x - half)), Math.min(width, Math.ceil(x + half))];
      if (from < to) field.fill(value, row * width + from, row * width + to);
    }
  }
  return field;
}

/** Strength of an octave against the one before: 1 is the spectrum of photographs, less is blurred. */
const FALLS = [1, 0.7, 0.5];

/** Noise on grids of 1, 2, 4 … cells, linear between their points. */
function octaves({ height, width }: Size, turn: number, random: Random): Float64Array {
  const field = new Float64Array(height * width);
  const fall = FALLS[turn % FALLS.length]!;
  let strength = 1;
  for (let cells = 1; cells < 2 * Math.max(height, width); cells *= 2) {
    const [rows, columns] = [Math.min(cells, height), Math.min(cells, width)];
    const grid = Float64Array.from({ length: (rows + 1) * (columns + 1) }, () => random.normal());
    for (let i = 0; i < field.length; i++) {
      const [y, x] = [Math.floor(i / width) / height, (i % width) / width];
      field[i]! += strength * between(grid, columns + 1, y * rows, x * columns);
    }
    strength *= fall;
  }
  return field;
}

function between(grid: Float64Array, columns: number, y: number, x: number): number {
  const [top, left] = [Math.floor(y), Math.floor(x)];
  const [down, right] = [y - top, x - left];
  const along = (at: number) => grid[at]! * (1 - right) + grid[at + 1]! * right;
  return along(top * columns + left) * (1 - down) + along((top + 1) * columns + left) * down;
}
