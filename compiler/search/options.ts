/** The ways in which a site may fire, as the search offers them. */
import type { SiteStatistics } from '../calibrate.ts';
import type { SiteSetting } from '../profile.ts';
import { thresholdEmit } from '../thresholds.ts';
import type { FiringOption } from './statistics.ts';

const SEARCHED = {
  shifts: [-1, 0, 1, 2, 3, 4, 5, 6, 7, 8],
  terms: [1, 2, 3],
  bands: [0.5, 0.75, 1],
} as const;
/** Levels of the widest ladder that is offered: payloads of products must fit accumulators. */
const MAX_LEVELS = 13;

/** `maxTerms`: the user's limit of powers of two in a payload. */
export const settingsUpTo = (maxTerms: number): readonly SiteSetting[] =>
  SEARCHED.shifts.flatMap(shift =>
    SEARCHED.terms
      .filter(terms => terms <= maxTerms)
      .flatMap(terms => SEARCHED.bands.map(band => ({ shift, terms, band }))),
  );

/** A site with outliers so far out that no ladder is narrow enough still has to fire: then the coarsest ones do. */
export function firingOptions(
  statistics: SiteStatistics,
  settings: readonly SiteSetting[],
): readonly FiringOption[] {
  const narrow = settings
    .map(setting => ({ setting, emit: thresholdEmit(statistics, setting, MAX_LEVELS + 1) }))
    .filter(({ emit }) => emit.levels <= MAX_LEVELS);
  if (narrow.length > 0) return narrow;
  const coarsest = Math.min(...settings.map(({ shift }) => shift));
  return settings
    .filter(({ shift }) => shift === coarsest)
    .map(setting => ({ setting, emit: thresholdEmit(statistics, setting, MAX_LEVELS) }));
}
