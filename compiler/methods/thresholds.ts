/** θ of every site for the methods with one threshold: magnitudes over calibration images. */
import type { ValueId } from '../../ir/dialect.ts';
import { interpretAnn } from '../../ir/interpret/ann.ts';
import { CALIBRATE_DEFAULTS } from '../calibrate.ts';
import type { Calibrated } from './networks.ts';
import type { MethodThreshold } from './table.ts';

export type SiteThresholds = ReadonlyMap<ValueId, number>;

/** `steps`: the largest T, at which the squared error is least. */
export function siteThresholds(network: Calibrated, rule: MethodThreshold, steps: number): SiteThresholds {
  if (rule.kind === 'least-squares') return leastSquares(network, steps);
  const statistics = network.statistics(
    rule.kind === 'percentile' ? rule.percent : CALIBRATE_DEFAULTS.percent,
  );
  return new Map([...statistics].map(([id, s]) => [id, rule.kind === 'max' ? s.max : s.magnitude]));
}

/** More values of a site change the error's minimum by less than its grid. */
const MOST_VALUES = 4096;
const SQUARES_IMAGES = 16;
/** Candidates: 1, .99, … .06 of the largest magnitude. */
const CANDIDATES = 95;

/**
 * The θ with the least squared error of floor(T·x/θ)·θ/T, x clipped to [0, θ], over magnitudes.
 * Source  Jiang et al., ICLR 2024, `find_threshold_mse`
 */
function leastSquares({ ann, sites, images }: Calibrated, steps: number): SiteThresholds {
  const values = new Map<ValueId, number[]>();
  const used = images.slice(0, SQUARES_IMAGES);
  for (const image of used) {
    interpretAnn(ann, image, (node, value) => {
      if (!sites.has(node.id)) return;
      const kept = values.get(node.id) ?? [];
      values.set(node.id, kept);
      const stride = Math.max(1, Math.ceil((value.length * used.length) / MOST_VALUES));
      for (let i = 0; i < value.length; i += stride) kept.push(Math.abs(value[i]!));
    });
  }
  return new Map([...values].map(([id, magnitudes]) => [id, bestThreshold(magnitudes, steps)]));
}

function bestThreshold(magnitudes: readonly number[], steps: number): number {
  const max = magnitudes.reduce((a, b) => Math.max(a, b), 0);
  const candidates = Array.from({ length: CANDIDATES }, (_, i) => max * (1 - i / 100));
  const errorOf = (theta: number) =>
    magnitudes.reduce(
      (sum, x) => sum + (x - (Math.floor(Math.min(1, x / theta) * steps) * theta) / steps) ** 2,
      0,
    );
  return candidates.reduce(
    (best, theta) => {
      const error = errorOf(theta);
      return error < best.error ? { theta, error } : best;
    },
    { theta: max, error: Number.POSITIVE_INFINITY },
  ).theta;
}
