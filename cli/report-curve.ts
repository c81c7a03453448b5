/** `snnc report --curve`: accuracy and Eq. 30 over T of a deployment, on images of the user's, from the stages that its folder keeps. */
import { basename } from 'node:path';
import type { Deployment } from '../backends/folder.ts';
import { spread } from '../compiler/samples.ts';
import { isPaperRule, THRESHOLD_RULES } from '../compiler/thresholds.ts';
import type { Report } from '../report/schema.ts';
import type { Console } from './console.ts';
import { makeCurve } from './curve.ts';
import { type Images, openImages } from './images.ts';
import type { DataOptions } from './options.ts';
import { takerOf } from './preprocess.ts';
import { readStages } from './stages.ts';

export interface CurveArguments extends DataOptions {
  readonly curve?: string | undefined;
  readonly calibrate?: string | undefined;
  readonly limit: number;
}

/** More calibrate no better, and are held in memory. */
const MOST_CALIBRATION = 128;

/** Errors: those of the images. */
export async function withCurve(
  report: Report,
  folder: Deployment,
  args: CurveArguments & { readonly curve: string },
  { diagnostics, step, advance }: Pick<Console, 'diagnostics' | 'step' | 'advance'>,
): Promise<Report> {
  step('read');
  const { ann, snn } = readStages(folder);
  const taker = takerOf(folder.manifest);
  const open = (path: string) => openImages(path, taker, args, diagnostics.report);
  const set = await open(args.curve);
  const given = args.calibrate === undefined ? set : await open(args.calibrate);
  const images = await take(set, args.limit);
  const { labels } = set;
  const rule = THRESHOLD_RULES.find(name => name === folder.manifest.options.thresholds);
  step('curve');
  const curve = makeCurve(
    {
      ...{ ann, calibration: (await take(given, MOST_CALIBRATION)).map(({ image }) => image) },
      images: images.map(({ image }) => image),
      labels: labels && images.map(({ at }) => labels[at]!),
      source: basename(args.curve),
      annMacs: folder.manifest.network.annMacs.paper,
      own: rule === undefined || !isPaperRule(rule) ? snn : undefined,
    },
    images.length,
    advance,
  );
  return { ...report, accuracy: { ...report.accuracy, ...curve } };
}

/** Evenly over the set, which may be sorted by class. */
async function take(set: Images, most: number) {
  const places = spread(
    Array.from({ length: set.count }, (_, i) => i),
    Math.min(most, set.count),
  );
  const taken: { at: number; image: Float64Array }[] = [];
  for (const at of places) taken.push({ at, image: await set.image(at) });
  return taken;
}
