/** How the value of every site is sent: calibration + profile → the emit of its population. */

import type { Report } from '../ir/diagnostics/diagnostic.ts';
import type { ValueId } from '../ir/dialect.ts';
import type { EmitOf, SnnEmit, Ties } from '../ir/snn.ts';
import type { Calibration, SiteStatistics } from './calibrate.ts';
import type { Profile, SiteSetting } from './profile.ts';
import type { SiteSettings } from './site-settings.ts';
import type { SiteKind, Sites } from './sites.ts';

/**
 * `pow2`: ours. `paper`: percentiles with the ladder up, analog embedding and head; `paper-fixed` the same with
 * the authors' constants at softmax and fc2. `off`: no neurons at all.
 */
export const THRESHOLD_RULES = ['pow2', 'paper', 'paper-fixed', 'off'] as const;
export type ThresholdRule = (typeof THRESHOLD_RULES)[number];

export interface ThresholdOptions {
  readonly rule: ThresholdRule;
  readonly profile: Profile;
  /** Site by site, instead of what the profile says. */
  readonly settings?: SiteSettings | undefined;
  /** Thresholds of every ladder, per sign; undefined: from the calibration maximum, of the paper's ladder 8. */
  readonly levels?: number | undefined;
  readonly maxLevels: number;
  /** Powers of two by which each step before the last is coarser, where the energy sits. */
  readonly coarse?: number | undefined;
  /** Edges of the paper's rule. */
  readonly ties?: Ties;
}

/** Of the rules that are the paper's, attention is converted as it stands, gains and scale unfolded. */
export const isPaperRule = (rule: ThresholdRule): boolean => rule === 'paper' || rule === 'paper-fixed';

type BaseThresholds = Pick<SiteStatistics, 'theta1' | 'theta2'>;

/** What the authors' code sets whatever calibration says: at softmax always, at fc2 in its ViTs (its TwoSideNeuron). */
const AUTHORS_CONSTANTS: Partial<Record<SiteKind, BaseThresholds>> = {
  softmax: { theta1: 0.0125, theta2: 0.0125 },
  fc2: { theta1: 0.25, theta2: 0.08 },
};

/** In the paper's own code neither the patch embedding nor the head reads spikes. */
export const ANALOG_IN_PAPER: ReadonlySet<SiteKind> = new Set(['embedding', 'head']);

/** Where the energy sits: what fires coarse first, and fine only for images that need it. */
const COARSE_KINDS: ReadonlySet<SiteKind> = new Set(['qkv', 'proj', 'fc1', 'fc2']);

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
    } else if (isPaperRule(options.rule)) {
      if (!ANALOG_IN_PAPER.has(kind)) emits.set(value, paperEmit(kind, statistics, options));
    } else {
      const setting = options.settings?.get(value) ?? options.profile[kind];
      const emit = thresholdEmit(statistics, setting, options.maxLevels, options.levels);
      const coarse = COARSE_KINDS.has(kind) ? (options.coarse ?? 0) : 0;
      emits.set(value, coarse === 0 ? emit : { ...emit, coarse });
    }
  }
  return emits;
}

/** n of the paper's own runs. */
const PAPER_LEVELS = 8;

function paperEmit(kind: SiteKind, statistics: SiteStatistics, options: ThresholdOptions): SnnEmit {
  const { rule, levels = PAPER_LEVELS, ties } = options;
  const { theta1, theta2 } = (rule === 'paper-fixed' ? AUTHORS_CONSTANTS[kind] : undefined) ?? statistics;
  const ladder = { theta1, theta2, levels, terms: 1, band: 0.5, rule: 'paper' } as const;
  return { kind: 'mt', ...ladder, ...(ties === undefined ? {} : { ties }) };
}

/**
 * Symmetric, θ a power of two, its ladder up to the calibration maximum unless `fixed` says how many levels it has. A
 * new object each time: emits stand for their sites.
 */
export function thresholdEmit(
  { magnitude, max }: SiteStatistics,
  { shift, terms, band }: SiteSetting,
  maxLevels: number,
  fixed?: number,
): EmitOf<'mt'> {
  const theta = powerOfTwoThreshold(magnitude, shift);
  const levels = fixed ?? Math.min(maxLevels, levelsFor(max, theta));
  return { kind: 'mt', theta1: theta, theta2: theta, levels, terms, band, rule: 'nearest' };
}

/** The power of two nearest (in the log domain) to p99 / 2^shift; a site that is always 0 gets 1. */
function powerOfTwoThreshold(p99: number, shift: number): number {
  return p99 > 0 ? 2 ** Math.round(Math.log2(p99) - shift) : 1;
}

/** Levels so that the highest threshold is not below the largest value met in calibration. */
const levelsFor = (max: number, theta: number): number =>
  max > theta ? Math.ceil(Math.log2(max / theta)) + 1 : 1;
