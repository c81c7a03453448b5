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
import { interpretAnn } from '../ir/interpret/ann.ts';
import type { Sites } from './sites.ts';

export interface SiteStatistics {
  /** p-th percentile, and minus the (1 − p)-th, of the signed values: the paper's θ1 and θ2. */
  readonly theta1: number;
  readonly theta2: number;
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
  const sums = new Map<ValueId, { theta1: number; theta2: number; max: number }>();
  let batches = 0;
  for (let at = 0; at < images.length; at += batch) {
    const group = images.slice(at, at + batch);
    const values = collectValues(graph, sites, group);
    for (const [id, data] of values) {
      const sum = sums.get(id) ?? { theta1: 0, theta2: 0, max: 0 };
      const { low, high, max } = percentiles(data, percent);
      sums.set(id, { theta1: sum.theta1 + high, theta2: sum.theta2 - low, max: Math.max(sum.max, max) });
    }
    batches += 1;
  }
  return new Map(
    [...sums].map(([id, s]) => [id, { theta1: s.theta1 / batches, theta2: s.theta2 / batches, max: s.max }]),
  );
}

function collectValues(
  graph: AnnGraph,
  sites: Sites,
  images: readonly Float64Array[],
): ReadonlyMap<ValueId, Float64Array> {
  const values = new Map<ValueId, Float64Array>();
  images.forEach((image, i) => {
    interpretAnn(graph, image, (node, value) => {
      if (!sites.has(node.id)) return;
      const all = values.get(node.id) ?? new Float64Array(images.length * value.length);
      all.set(value, i * value.length);
      values.set(node.id, all);
    });
  });
  return values;
}

/** The int(p·n)-th and int((1 − p)·n)-th smallest values, counted from 1. Sorts in place. */
function percentiles(data: Float64Array, percent: number): { low: number; high: number; max: number } {
  data.sort();
  const nth = (share: number) => data[Math.max(1, Math.floor((data.length * share) / 100)) - 1]!;
  return {
    low: nth(100 - percent),
    high: nth(percent),
    max: Math.max(Math.abs(data[0]!), Math.abs(data.at(-1)!)),
  };
}
