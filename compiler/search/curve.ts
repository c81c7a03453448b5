/**
 * For every price of an accumulation, the option of each site that costs least in error and accumulations together:
 * the lower convex hull of error over energy, from one multiplier.
 *
 * Source  Lagrangian relaxation of a separable choice; a product couples two sites, each takes the other's rates of
 *         the round before
 */
import type { ValueId } from '../../ir/dialect.ts';
import type { SiteSettings } from '../site-settings.ts';
import type { Loads } from './load.ts';
import type { SiteOption } from './statistics.ts';

export type Options = ReadonlyMap<ValueId, readonly SiteOption[]>;

export interface CurvePoint {
  readonly settings: SiteSettings;
  /** Predicted: squared error of the logits per image, summed over classes; accumulations per image. */
  readonly error: number;
  readonly acs: number;
}

type Choice = ReadonlyMap<ValueId, SiteOption>;

/** Multipliers from where error decides alone to where cost does, so many to a factor of two. */
const PER_OCTAVE = 4;
const OCTAVES = 40;
/** Rounds in which the operands of products find each other. */
const ROUNDS = 4;

/** Points with rising error and falling cost. Cost: sites × options × multipliers. */
export function paretoCurve(options: Options, loads: Loads): readonly CurvePoint[] {
  const couplings = couplingsOf(loads);
  const finest = cheapest(options, () => 0);
  const scale = coarseError(options) / Math.max(1, predictAcs(finest, loads));
  const points: CurvePoint[] = [];
  let choice = finest;
  for (let i = 0; i <= OCTAVES * PER_OCTAVE; i++) {
    const price = scale * 2 ** (i / PER_OCTAVE - OCTAVES / 2);
    for (let round = 0; round < ROUNDS; round++) {
      const before = choice;
      choice = cheapest(options, (site, option) => price * costOf(site, option, before, couplings));
    }
    const point = pointOf(choice, loads);
    const last = points.at(-1);
    if (last === undefined || point.acs < last.acs) points.push(point);
  }
  return points;
}

/** The error of all sites at their coarsest: a price around it over all accumulations decides something. */
const coarseError = (options: Options): number =>
  [...options.values()].reduce((sum, list) => sum + Math.max(...list.map(o => o.error)), 0);

function pointOf(choice: Choice, loads: Loads): CurvePoint {
  return {
    settings: new Map([...choice].map(([site, { setting }]) => [site, setting])),
    error: [...choice.values()].reduce((sum, { error }) => sum + error, 0),
    acs: predictAcs(choice, loads),
  };
}

function cheapest(options: Options, price: (site: ValueId, option: SiteOption) => number): Choice {
  return new Map(
    [...options].map(([site, list]) => {
      let best = list[0]!;
      let least = Number.POSITIVE_INFINITY;
      for (const option of list) {
        const cost = option.error + price(site, option);
        if (cost < least) [best, least] = [option, cost];
      }
      return [site, best];
    }),
  );
}

/** The other site of each product, and how many pairs they form, from each side. */
interface Coupling {
  readonly partner: ValueId | undefined;
  readonly pairs: number;
}
type Couplings = ReadonlyMap<ValueId, readonly Coupling[]>;

function couplingsOf({ sites }: Loads): Couplings {
  const couplings = new Map<ValueId, Coupling[]>();
  const note = (site: ValueId | undefined, coupling: Coupling) => {
    if (site === undefined) return;
    couplings.set(site, [...(couplings.get(site) ?? []), coupling]);
  };
  for (const [site, { products }] of sites) {
    for (const { partner, pairs } of products) {
      note(site, { partner, pairs });
      note(partner, { partner: site, pairs });
    }
  }
  return couplings;
}

interface Rates {
  readonly terms: number;
  readonly nonzero: number;
}
/** A graded operand: one value each. */
const GRADED: Rates = { terms: 1, nonzero: 1 };

/** Terms per element that takes part in products. */
const ratesOf = (option: SiteOption | undefined): Rates => option ?? GRADED;

function costOf(site: ValueId, option: SiteOption, others: Choice, couplings: Couplings): number {
  let acs = option.linearAcs;
  for (const { partner, pairs } of couplings.get(site) ?? []) {
    acs += productAcs(pairs, option, ratesOf(partner === undefined ? undefined : others.get(partner)));
  }
  return acs;
}

/** a·b + a·B + A·b over all pairs: terms a, b, nonzero sums A, B, taken as independent. */
const productAcs = (pairs: number, a: Rates, b: Rates): number =>
  pairs * (a.terms * b.terms + a.terms * b.nonzero + a.nonzero * b.terms);

export function predictAcs(choice: Choice, { sites, fixed }: Loads): number {
  let acs = fixed;
  for (const [site, { products }] of sites) {
    const option = choice.get(site)!;
    acs += option.linearAcs;
    for (const { partner, pairs } of products) {
      acs += productAcs(pairs, option, ratesOf(partner === undefined ? undefined : choice.get(partner)));
    }
  }
  return acs;
}

/** The prediction for settings of the caller's; undefined where one of them was not judged. */
export function predict(settings: SiteSettings, options: Options, loads: Loads): CurvePoint | undefined {
  const choice = new Map<ValueId, SiteOption>();
  for (const [site, list] of options) {
    const { shift, terms, band } = settings.get(site)!;
    const option = list.find(
      o => o.setting.shift === shift && o.setting.terms === terms && o.setting.band === band,
    );
    if (option === undefined) return undefined;
    choice.set(site, option);
  }
  return pointOf(choice, loads);
}
