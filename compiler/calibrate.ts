/**
 * Algorithm 1, step 1: what the activations of every site look like over calibration images. Works batch by
 * batch, so memory does not grow with the number of images.
 *
 * Source  ECMT §5.1 and its code: order statistic number int(p·n), no interpolation, per tensor and batch,
 *         signed; the mean over batches
 * Cost    one float pass per image, one selection per site and batch
 */
import type { AnnGraph } from '../ir/ann.ts';
import type { ValueId } from '../ir/dialect.ts';
import { type AnnRunner, createFastAnnRunner } from '../ir/fast/ann.ts';
import { nthSmallest } from './order-statistics.ts';
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

export function calibrate(
  graph: AnnGraph,
  sites: Sites,
  images: readonly Float64Array[],
  { percent, batch }: CalibrateOptions = CALIBRATE_DEFAULTS,
): Calibration {
  const sums = new Map<ValueId, { theta1: number; theta2: number; magnitude: number; max: number }>();
  const runner = createFastAnnRunner(graph);
  let batches = 0;
  for (let at = 0; at < images.length; at += batch) {
    const group = images.slice(at, at + batch);
    const values = collectValues(runner, sites, group);
    for (const [id, data] of values) {
      const sum = sums.get(id) ?? { theta1: 0, theta2: 0, magnitude: 0, max: 0 };
      const { low, high, magnitude, max } = percentiles(data, percent);
      sums.set(id, {
        theta1: sum.theta1 + high,
        theta2: sum.theta2 - low,
        magnitude: sum.magnitude + magnitude,
        max: Math.max(sum.max, max),
      });
    }
    batches += 1;
  }
  return new Map(
    [...sums].map(([id, s]) => {
      const mean = (total: number) => total / batches;
      return [
        id,
        { theta1: mean(s.theta1), theta2: mean(s.theta2), magnitude: mean(s.magnitude), max: s.max },
      ];
    }),
  );
}

function collectValues(
  runner: AnnRunner,
  sites: Sites,
  images: readonly Float64Array[],
): ReadonlyMap<ValueId, Float64Array> {
  const values = new Map<ValueId, Float64Array>();
  images.forEach((image, i) => {
    runner.run(image, (node, value) => {
      if (!sites.has(node.id)) return;
      const all = values.get(node.id) ?? new Float64Array(images.length * value.length);
      all.set(value, i * value.length);
      values.set(node.id, all);
    });
  });
  return values;
}

/** Order statistics number int(p·n) and int((1 − p)·n), counted from 1, of values and magnitudes. Reorders. */
function percentiles(data: Float64Array, percent: number) {
  const nth = (values: Float64Array, share: number) =>
    nthSmallest(values, Math.max(1, Math.floor((values.length * share) / 100)));
  const [low, high] = [nth(data, 100 - percent), nth(data, percent)];
  let max = 0;
  for (let i = 0; i < data.length; i++) {
    data[i] = Math.abs(data[i]!);
    if (data[i]! > max) max = data[i]!;
  }
  return { low, high, magnitude: nth(data, percent), max };
}
