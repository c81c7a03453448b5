/** How the value of every site is sent: calibration + profile → the emit of its population. */

import type { Report } from '../ir/diagnostics/diagnostic.ts';
import type { ValueId } from '../ir/dialect.ts';
import type { SnnEmit } from '../ir/snn.ts';
import type { Calibration } from './calibrate.ts';
import type { Profile } from './profile.ts';
import type { SiteKind, Sites } from './sites.ts';

/** `pow2`: ours. `paper`: percentiles with the ladder up, analog embedding and head. `off`: no neurons at all. */
export const THRESHOLD_RULES = ['pow2', 'paper', 'off'] as const;
export type ThresholdRule = (typeof THRESHOLD_RULES)[number];

export interface ThresholdOptions {
  readonly rule: ThresholdRule;
  readonly profile: Profile;
  /** Levels of the paper's ladder (pow2 takes them from the calibration maximum). */
  readonly paperLevels: number;
  readonly maxLevels: number;
}

/** In the paper's own code neither the patch embedding nor the head reads spikes. */
const ANALOG_IN_PAPER: ReadonlySet<SiteKind> = new Set(['embedding', 'head']);

/** Errors: E0301 a site that calibration did not reach. */
export function emitsOf(
  sites: Sites,
  calibration: Calibration,
  options: ThresholdOptions,
  report: Report,
): ReadonlyMap<ValueId, SnnEmit> {
  const emits = new Map<ValueId, SnnEmit>();
  if (options.rule === 'off') return emits;
  for (const [value, kind] of sites) {
    const statistics = calibration.get(value);
    if (statistics === undefined) {
      report('E0301', { origin: value, pass: 'thresholds' }, { site: `${value} (${kind})` });
    } else if (options.rule === 'paper') {
      const { theta1, theta2 } = statistics;
      const ladder = {
        theta1,
        theta2,
        levels: options.paperLevels,
        terms: 1,
        band: 0.5,
        rule: 'paper',
      } as const;
      if (!ANALOG_IN_PAPER.has(kind)) emits.set(value, { kind: 'mt', ...ladder });
    } else {
      const { shift, terms, band, coarse } = options.profile[kind];
      const theta = powerOfTwoThreshold(statistics.magnitude, shift);
      const levels = Math.min(options.maxLevels, levelsFor(statistics.max, theta));
      const ladder = { theta1: theta, theta2: theta, levels, terms, band, rule: 'nearest' } as const;
      emits.set(value, { kind: 'mt', ...ladder, ...(coarse > 0 && { coarse }) });
    }
  }
  return emits;
}

/** The power of two nearest (in the log domain) to p99 / 2^shift; a site that is always 0 gets 1. */
function powerOfTwoThreshold(p99: number, shift: number): number {
  return p99 > 0 ? 2 ** Math.round(Math.log2(p99) - shift) : 1;
}

/** Levels so that the highest threshold is not below the largest value met in calibration. */
const levelsFor = (max: number, theta: number): number =>
  max > theta ? Math.ceil(Math.log2(max / theta)) + 1 : 1;
