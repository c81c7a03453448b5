/** How well a compile's network answers, as its report tells it: on the images it was judged by, and over T. */
import { basename } from 'node:path';
import { countMacs, spread } from '../compiler/samples.ts';
import { isPaperRule, THRESHOLD_RULES } from '../compiler/thresholds.ts';
import type { AnnGraph } from '../ir/ann.ts';
import type { IntGraph } from '../ir/int.ts';
import type { CompileArguments } from './compile.ts';
import type { MeasuredNetwork } from './convert.ts';
import { curveImages, LEAST_IMAGES, makeCurve, noCurve } from './curve.ts';
import { measureQuality, qualityImages } from './quality.ts';
import type { Compiled } from './report-facts.ts';

interface Given {
  readonly ann: AnnGraph;
  readonly images: readonly Float64Array[];
  readonly labels: readonly number[] | undefined;
  /** File or folder of the images; undefined: drawn. */
  readonly source: string | undefined;
}

/** Cost: bounded by the work that curve.ts and quality.ts allow; nothing of the curve with --no-compare. */
export function answersFacts(
  made: MeasuredNetwork,
  int: IntGraph,
  { ann, images, labels, source }: Given,
  { compare, thresholds }: Pick<CompileArguments, 'compare' | 'thresholds'>,
): Pick<Compiled, 'float' | 'labels' | 'quality' | 'curve'> {
  const { prepared, converted } = made;
  const { judged } = prepared;
  const macs = countMacs(ann);
  const count = qualityImages(macs, int.attrs.steps);
  const quality = count === 0 ? undefined : measureQuality(converted.snn, int, spread(judged.images, count));
  const rule = THRESHOLD_RULES.find(name => name === thresholds);
  const isOwn = rule === undefined || !isPaperRule(rule);
  const needs = {
    ...{
      ann,
      images,
      labels,
      annMacs: converted.annMacs.paper,
      source: source === undefined ? 'synthetic' : basename(source),
    },
    calibration: images,
    own: isOwn ? converted.snn : undefined,
    // No path of this machine: the same compile gives the same report anywhere.
    command: 'snnc report DIR --curve SET --calibrate SET',
  };
  const points = curveImages(macs, images.length);
  const reason = !compare ? '--no-compare' : points === 0 ? tooLittle(images.length, macs) : undefined;
  const curve = reason === undefined ? makeCurve(needs, points) : noCurve(reason, needs);
  return { float: judged.float, labels: labels && spread(labels, judged.images.length), quality, curve };
}

const tooLittle = (images: number, macs: number): string =>
  images < LEAST_IMAGES
    ? `${images} calibration images are too few to tell methods apart`
    : `${Math.round(macs / 1e6)} million multiply-accumulates an image and step are more than a compile runs for it`;
