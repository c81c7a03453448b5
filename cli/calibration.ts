/** The images that a network is calibrated on, and whether it takes their pixels. */
import type { Centre, Preprocess } from '../backends/preprocess.ts';
import type { Context } from '../compiler/compile.ts';
import { inputLayout } from '../compiler/data/layout.ts';
import { takeNormalised } from '../compiler/data/pixels.ts';
import { type Limits, syntheticCount, syntheticImages, USUAL_LIMITS } from '../compiler/data/synthetic.ts';
import { foldNormalisation } from '../compiler/passes/fold-normalisation.ts';
import type { Resolved } from '../compiler/preprocess/resolve.ts';
import { centreOf, normalise } from '../compiler/preprocess.ts';
import { type Advance, counted } from '../compiler/progress.ts';
import type { AnnGraph } from '../ir/ann.ts';
import { sizeOf } from '../ir/dialect.ts';
import type { Console } from './console.ts';
import { type Images, openImages, type Taker } from './images.ts';
import type { DataOptions } from './options.ts';
import { isAssumed } from './preprocess.ts';

/** Calibration images that are read at most, and numbers in them all. */
const MAX_CALIBRATION = 512;
const MAX_CALIBRATION_NUMBERS = 2 ** 26;

/** The network on pixels, where it can be; what cannot fold is normalised by the host. */
export function foldInto(
  ann: AnnGraph,
  resolved: Resolved,
  wanted: boolean,
  { diagnostics, step }: Console,
): { ann: AnnGraph; centre: Centre } {
  step('preprocess');
  const needs = { ...resolved.preprocess, centre: centreOf(resolved.preprocess) };
  const folded = wanted && !isAssumed(resolved) ? foldNormalisation.run(ann, needs, diagnostics.report) : ann;
  const centre = folded === ann ? null : needs.centre;
  return { ann: folded, centre };
}

export interface CalibrationSet {
  readonly images: readonly Float64Array[];
  readonly labels: readonly number[] | undefined;
  /** Drawn, as none were given. */
  readonly isSynthetic: boolean;
}

export const calibrationImages = async (
  ...needs: Parameters<typeof calibrationSet>
): Promise<readonly Float64Array[]> => (await calibrationSet(...needs)).images;

/** What images are taken for. */
interface Taking {
  readonly shape: readonly number[];
  readonly resolved: Resolved;
  readonly centre: Centre;
  /** Multiply-accumulates of one image: large networks have fewer drawn for them. */
  readonly macs?: number | undefined;
  /** No more are drawn. */
  readonly most?: number | undefined;
}

/** Errors: those of openImages · W0301 none given. */
export async function calibrationSet(
  args: DataOptions & { readonly model: string; readonly calibrate?: string | undefined },
  { shape, resolved, centre, macs = 0, most = Number.POSITIVE_INFINITY }: Taking,
  { diagnostics: { report }, advance, found }: Pick<Context, 'diagnostics' | 'advance' | 'found'>,
): Promise<CalibrationSet> {
  const { preprocess } = resolved;
  const taker: Taker = { shape, preprocess, centre, isAssumed: isAssumed(resolved) };
  if (args.calibrate !== undefined) {
    const set = await openImages(args.calibrate, taker, args, report);
    return spread(set, sizeOf(shape), advance);
  }
  const count = Math.min(most, syntheticCount(macs));
  found?.(`${count} synthetic images`);
  report('W0301', { origin: args.model }, { count, ...DATA_FREE_ON_DIGITS });
  return { images: drawImages(taker, count), labels: undefined, isSynthetic: true };
}

/**
 * What calibration without data cost the bundled digits model, against its calibration images: all of its test images
 * at stage int, both with the shift that `auto` takes. `npm run bench -- data-free`; a test holds them true.
 */
export const DATA_FREE_ON_DIGITS = { accuracy: '+0.0', agreement: '99.8', energy: '+31' } as const;

/** Whole pixels where the network takes pixels. */
function drawImages({ shape, preprocess, centre, isAssumed }: Taker, count: number): readonly Float64Array[] {
  const limits = isAssumed ? [USUAL_LIMITS] : limitsOf(preprocess);
  const images = syntheticImages(shape, count, limits);
  if (centre === null) return images;
  const layout = inputLayout(shape);
  return images.map(image => takeNormalised(image, layout, preprocess, centre).map(Math.round));
}

const BRIGHTEST = 255;

/** Of each channel. Rescaled pixels lie in 0…1 where their mean does; others are what eight bits hold. */
function limitsOf(preprocess: Preprocess): readonly Limits[] {
  const { scale, mean, std } = preprocess;
  return Array.from({ length: Math.max(mean.length, std.length) }, (_, channel) => {
    const isUnit = scale > 0 && scale < 1 && mean[channel % mean.length]! < 1;
    const white = isUnit ? Math.min(BRIGHTEST, 1 / scale) : BRIGHTEST;
    const ends = [0, white].map(pixel => normalise(pixel, channel, preprocess));
    return { low: Math.min(...ends), high: Math.max(...ends) };
  });
}

/** Evenly over the data, which may be sorted by class, and no more than memory bears. */
async function spread(set: Images, size: number, advance: Advance | undefined): Promise<CalibrationSet> {
  const count = Math.min(set.count, MAX_CALIBRATION, Math.max(1, Math.floor(MAX_CALIBRATION_NUMBERS / size)));
  const taken = Array.from({ length: count }, (_, i) => Math.floor((i * set.count) / count));
  const images: Float64Array[] = [];
  for (const i of counted(taken, advance)) images.push(await set.image(i));
  const { labels } = set;
  return { images, labels: labels && taken.map(i => labels[i]!), isSynthetic: false };
}
