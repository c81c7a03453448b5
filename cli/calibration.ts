/** The images that a network is calibrated on, and whether it takes their pixels. */
import type { Centre } from '../backends/preprocess.ts';
import { inputLayout } from '../compiler/data/layout.ts';
import { takeNormalised } from '../compiler/data/pixels.ts';
import { foldNormalisation } from '../compiler/passes/fold-normalisation.ts';
import type { Resolved } from '../compiler/preprocess/resolve.ts';
import { centreOf } from '../compiler/preprocess.ts';
import type { AnnGraph } from '../ir/ann.ts';
import type { Report } from '../ir/diagnostics/diagnostic.ts';
import { sizeOf } from '../ir/dialect.ts';
import type { Console } from './console.ts';
import { noiseImages } from './data.ts';
import { type Images, openImages, type Taker } from './images.ts';
import type { DataOptions } from './options.ts';
import { isAssumed } from './preprocess.ts';

const NOISE_IMAGES = 32;
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
}

export const calibrationImages = async (
  ...needs: Parameters<typeof calibrationSet>
): Promise<readonly Float64Array[]> => (await calibrationSet(...needs)).images;

/** Errors: those of openImages · W0301 none given. */
export async function calibrationSet(
  args: DataOptions & { readonly model: string; readonly calibrate?: string | undefined },
  { shape, resolved, centre }: { shape: readonly number[]; resolved: Resolved; centre: Centre },
  report: Report,
): Promise<CalibrationSet> {
  const { preprocess } = resolved;
  const taker: Taker = { shape, preprocess, centre, isAssumed: isAssumed(resolved) };
  if (args.calibrate !== undefined) {
    return spread(await openImages(args.calibrate, taker, args, report), sizeOf(shape));
  }
  report('W0301', { origin: args.model }, { count: NOISE_IMAGES });
  const noise = noiseImages(shape, NOISE_IMAGES);
  if (centre === null) return { images: noise, labels: undefined };
  const layout = inputLayout(shape);
  const images = noise.map(image => takeNormalised(image, layout, preprocess, centre).map(Math.round));
  return { images, labels: undefined };
}

/** Evenly over the data, which may be sorted by class, and no more than memory bears. */
async function spread(set: Images, size: number): Promise<CalibrationSet> {
  const count = Math.min(set.count, MAX_CALIBRATION, Math.max(1, Math.floor(MAX_CALIBRATION_NUMBERS / size)));
  const taken = Array.from({ length: count }, (_, i) => Math.floor((i * set.count) / count));
  const images: Float64Array[] = [];
  for (const i of taken) images.push(await set.image(i));
  const { labels } = set;
  return { images, labels: labels && taken.map(i => labels[i]!) };
}
