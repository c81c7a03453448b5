/**
 * Algorithm 1, step 1: what the activations of every site look like over calibration images. Works batch by
 * batch, so memory does not grow with the number of images; of very many values of a site, a sample stands for all.
 *
 * Source  ECMT §5.1 and its code: order statistic number int(p·n), no interpolation, per tensor and batch,
 *         signed; the mean over batches
 * Cost    one float pass per image, one selection per site and batch
 */
import type { AnnGraph } from '../ir/ann.ts';
import type { ValueId } from '../ir/dialect.ts';
import { type AnnRunner, createFastAnnRunner } from '../ir/fast/ann.ts';
import { createRandom } from '../ir/random/seeded.ts';
import { nthSmallest } from './order-statistics.ts';
import type { Advance } from './progress.ts';
import type { Sites } from './sites.ts';

export interface SiteStatistics {
  /** p-th percentile, and minus the (1 − p)-th, of the signed values: the paper's θ1 and θ2. */
  readonly theta1: number;
  readonly theta2: number;
  /** p-th percentile of the magnitudes: what the symmetric power-of-two threshold comes from. */
  readonly magnitude: number;
  /** Largest magnitude met. */
  readonly max: number;
}
export type Calibration = ReadonlyMap<ValueId, SiteStatistics>;

export interface CalibrateOptions {
  /** Percentile in whole percent (99). */
  readonly percent: number;
  readonly batch: number;
}
export const CALIBRATE_DEFAULTS: CalibrateOptions = { percent: 99, batch: 64 };

export const calibrate = (
  graph: AnnGraph,
  sites: Sites,
  images: readonly Float64Array[],
  options: CalibrateOptions = CALIBRATE_DEFAULTS,
): Calibration => calibrateAndAnswer(graph, sites, images, options).calibration;

/** The same, with the float network's logits for every image. */
export function calibrateAndAnswer(
  graph: AnnGraph,
  sites: Sites,
  images: readonly Float64Array[],
  { percent, batch }: CalibrateOptions = CALIBRATE_DEFAULTS,
  advance?: Advance,
): { readonly calibration: Calibration; readonly float: readonly Float64Array[] } {
  const sums = new Map<ValueId, { theta1: number; theta2: number; magnitude: number; max: number }>();
  const runner = createFastAnnRunner(graph);
  const float: Float64Array[] = [];
  let batches = 0;
  for (let at = 0; at < images.length; at += batch) {
    const group = images.slice(at, at + batch);
    for (const [id, values] of collectValues(runner, sites, group, float, () =>
      advance?.(float.length, images.length),
    )) {
      const sum = sums.get(id) ?? { theta1: 0, theta2: 0, magnitude: 0, max: 0 };
      const { low, high, magnitude } = percentiles(values.kept, percent);
      sums.set(id, {
        theta1: sum.theta1 + high,
        theta2: sum.theta2 - low,
        magnitude: sum.magnitude + magnitude,
        max: Math.max(sum.max, values.max),
      });
    }
    batches += 1;
  }
  const calibration = new Map(
    [...sums].map(([id, { theta1, theta2, magnitude, max }]) => {
      const means = { theta1: theta1 / batches, theta2: theta2 / batches, magnitude: magnitude / batches };
      return [id, { ...means, max }];
    }),
  );
  return { calibration, float };
}

/** Values of a site that are kept of one batch, at most; their percentiles differ from those of all by less than 1 %. */
const MAX_KEPT = 2 ** 20;

interface SiteValues {
  readonly kept: Float64Array;
  max: number;
}

/** Keeps one value of every `stride`, at a place drawn anew for each, so that no stride meets the channels'. */
function collectValues(
  runner: AnnRunner,
  sites: Sites,
  images: readonly Float64Array[],
  float: Float64Array[],
  answered: () => void,
): ReadonlyMap<ValueId, SiteValues> {
  const values = new Map<ValueId, SiteValues>();
  const random = createRandom(images.length);
  images.forEach((image, n) => {
    const outputs = runner.run(image, (node, value) => {
      if (!sites.has(node.id)) return;
      const stride = Math.ceil((images.length * value.length) / MAX_KEPT);
      const share = Math.floor(value.length / stride);
      const all = values.get(node.id) ?? { kept: new Float64Array(images.length * share), max: 0 };
      values.set(node.id, all);
      const { kept } = all;
      const first = n * share;
      if (stride === 1) kept.set(value, first);
      else for (let i = 0; i < share; i++) kept[first + i] = value[i * stride + random.int(0, stride - 1)]!;
      for (let i = 0; i < value.length; i++) {
        const size = value[i]! < 0 ? -value[i]! : value[i]!;
        if (size > all.max) all.max = size;
      }
    });
    float.push([...outputs.values()][0]!);
    answered();
  });
  return values;
}

/** Order statistics number int(p·n) and int((1 − p)·n), counted from 1, of values and magnitudes. Reorders. */
function percentiles(data: Float64Array, percent: number) {
  const nth = (values: Float64Array, share: number) =>
    nthSmallest(values, Math.max(1, Math.floor((values.length * share) / 100)));
  const [low, high] = [nth(data, 100 - percent), nth(data, percent)];
  for (let i = 0; i < data.length; i++) data[i] = Math.abs(data[i]!);
  return { low, high, magnitude: nth(data, percent) };
}
