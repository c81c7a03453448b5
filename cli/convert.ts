/** The float network → integers, with thresholds as fine as calibration images ask for, and what it does on them. */
import {
  attempt,
  BY_IMAGES,
  BY_SYNTHETIC,
  type Chosen,
  chooseShift,
  relativeError,
} from '../compiler/choose-shift.ts';
import {
  type CompileOptions,
  type Context,
  type Converted,
  convertPrepared,
  type Prepared,
  prepareConversion,
  quantizeMeasured,
} from '../compiler/compile.ts';
import type { Stopping } from '../compiler/margins.ts';
import type { Profile } from '../compiler/profile.ts';
import type { Ranges } from '../compiler/ranges.ts';
import { rangeImages } from '../compiler/samples.ts';
import {
  type SettingsRow,
  type SiteSettings,
  settingsOfProfile,
  settingsRows,
} from '../compiler/site-settings.ts';
import type { Sites } from '../compiler/sites.ts';
import type { AnnGraph } from '../ir/ann.ts';
import { createDiagnostics, type Diagnostics } from '../ir/diagnostics/diagnostic.ts';
import type { IntGraph } from '../ir/int.ts';
import { type MeasuredActivity, measureActivity } from './activity.ts';
import { marginsOf } from './anytime.ts';
import { type Found, runSearch, type SearchOptions } from './search.ts';

export interface ConvertOptions extends Omit<CompileOptions, 'profile' | 'settings'> {
  readonly shift: number | 'auto';
  readonly profileOf: (shift: number) => Profile;
  /** Thresholds site by site, from a file. */
  readonly settingsOf?: ((sites: Sites) => SiteSettings) | undefined;
  /** Thresholds site by site, weights and timesteps from a search. */
  readonly search?: Pick<SearchOptions, 'goal' | 'labels' | 'maxTerms'> | undefined;
}

export interface MeasuredNetwork {
  readonly converted: Converted;
  /** How each site fires; none where the thresholds are not ours. */
  readonly settings: readonly SettingsRow[];
  readonly weightBits: number;
  readonly found: Found | undefined;
  readonly int: IntGraph;
  /** What its formats were made from. */
  readonly ranges: Ranges;
  readonly activity: MeasuredActivity;
  /** Powers of two by which each step before the last is coarser. */
  readonly coarse: number;
  /** Where the host stops; undefined: nowhere. */
  readonly margins: readonly number[] | undefined;
  readonly prepared: Prepared;
  /** Of the integer network's logits on the judged calibration images, ÷ the variance of the float network's. */
  readonly logitMse: number;
}

/** Stands where the shift means nothing: with the paper’s thresholds, and with none. */
const SHIFTLESS = 4;

/** Errors: those of conversion and quantisation · W0302 no shift is near enough · W0303 no real images. */
export function convertMeasured(
  ann: AnnGraph,
  images: readonly Float64Array[],
  options: ConvertOptions,
  /** `isPixels`: the images are whole numbers. `isSynthetic`: and nobody's. */
  about: Pick<SearchOptions, 'target' | 'isPixels' | 'origin'> & { readonly isSynthetic?: boolean },
  context: Context,
): Chosen<MeasuredNetwork> {
  const { target, isPixels, origin } = about;
  const { search } = options;
  const { diagnostics, step } = context;
  const prepared = prepareConversion(ann, images, options, context);
  const { judged } = prepared;
  const found = search && runSearch(prepared, searchOptions(options, search, about), context);
  const settings = found?.best.candidate.settings ?? options.settingsOf?.(prepared.sites);
  const { weightBits, coding, steps } = chosenBy(found, options);
  const make = ({ shift, coarse }: Firing, own: Diagnostics): MeasuredNetwork => {
    const speaking = { ...context, diagnostics: own };
    step(settings === undefined ? `thresholds, shift ${shift}` : 'thresholds');
    const profile = options.profileOf(shift);
    const resolved = { ...options, weightBits, coding, steps, profile, settings, coarse };
    const converted = convertPrepared(prepared, resolved, speaking);
    const { functions } = options;
    const quantized = quantizeMeasured(
      converted.snn,
      rangeImages(images, prepared.macs, steps),
      target,
      weightBits,
      speaking,
      isPixels,
      functions,
    );
    const { int } = quantized;
    step('measure');
    const margins = marginsOf(int, images, options.anytime);
    const activity = measureActivity(int, judged.images, margins, context.advance);
    const logitMse = relativeError(judged.float, activity.answers);
    context.found?.(`logit mse ${logitMse.toFixed(4)}`);
    const fired = settings ?? settingsOfProfile(prepared.sites, profile);
    const rows = options.thresholds === 'pow2' ? settingsRows(fired, prepared.sites) : [];
    return {
      ...quantized,
      converted,
      prepared,
      coarse,
      margins,
      activity,
      logitMse,
      settings: rows,
      weightBits,
      found,
    };
  };
  const isChosen = options.shift === 'auto' && options.thresholds === 'pow2' && settings === undefined;
  const fixed = options.shift === 'auto' ? SHIFTLESS : options.shift;
  const rule = about.isSynthetic ? BY_SYNTHETIC : BY_IMAGES;
  const coarses = options.coarse !== undefined ? [options.coarse] : coarsesOf(options.anytime);
  const own = createDiagnostics();
  const withCoarse = (coarse: number) => (shift: number, said: Diagnostics) => make({ shift, coarse }, said);
  const chosen = chooseShift(isChosen ? rule : { ...rule, shifts: [fixed] }, withCoarse(coarses[0]!), own);
  if (isChosen && !chosen.isEnough) {
    const facts = { shift: chosen.shift, error: chosen.logitMse, limit: rule.enough };
    own.report('W0302', { origin, pass: 'choose-shift' }, facts);
  }
  const shifts = isChosen ? [chosen.shift, chosen.shift + 1] : [chosen.shift];
  const firings = shifts.flatMap(shift => coarses.map(coarse => ({ shift, coarse })));
  const others = options.anytime?.by === 'change' ? firings.slice(1) : [];
  const limit = Math.max(rule.enough, chosen.logitMse);
  const taken = withSaid(cheapest({ chosen, own }, others, limit, make), diagnostics);
  if (about.isSynthetic) {
    const facts = { error: taken.logitMse, shift: taken.shift };
    diagnostics.report('W0303', { origin, pass: 'choose-shift' }, facts);
  }
  return taken;
}

/** Coarse enough to be cheap, fine enough for most answers: which it is, answers say where they bound the changes. */
function coarsesOf(anytime: Stopping | undefined): readonly number[] {
  if (anytime === undefined) return [0];
  return anytime.by === 'change' ? [1, 2] : [1];
}
interface Firing {
  readonly shift: number;
  readonly coarse: number;
}
/** A network, and what was said of it. */
interface Spoken {
  readonly chosen: Chosen<MeasuredNetwork>;
  readonly own: Diagnostics;
}

function withSaid({ chosen, own }: Spoken, diagnostics: Diagnostics): Chosen<MeasuredNetwork> {
  diagnostics.take(own.list);
  return chosen;
}

/** Of networks whose last step is near enough, the one whose images cost least on average. */
function cheapest(
  first: Spoken,
  others: readonly Firing[],
  limit: number,
  make: (firing: Firing, own: Diagnostics) => MeasuredNetwork,
): Spoken {
  return others.reduce((best, firing) => {
    const own = createDiagnostics();
    const made = attempt(() => make(firing, own), true);
    if (made === undefined || made.logitMse > limit) return best;
    if (made.activity.paperAcs >= best.chosen.made.activity.paperAcs) return best;
    const { shift } = firing;
    return { chosen: { ...best.chosen, shift, logitMse: made.logitMse, made }, own };
  }, first);
}

/** A search finds what one fine step needs; anytime inference takes steps of its own towards it. */
function chosenBy(found: Found | undefined, { weightBits, coding, steps, anytime }: ConvertOptions) {
  if (found === undefined) return { weightBits, coding, steps };
  const { candidate } = found.best;
  return anytime === undefined ? candidate : { weightBits: candidate.weightBits, coding, steps };
}

const searchOptions = (
  { weightBits, coding, steps, anytime, biasCorrection, keepUnread }: ConvertOptions,
  search: NonNullable<ConvertOptions['search']>,
  about: Pick<SearchOptions, 'target' | 'isPixels' | 'origin'>,
): SearchOptions => ({
  ...search,
  ...about,
  weightBits,
  coding,
  maxSteps: anytime === undefined ? steps : 1,
  biasCorrection,
  keepUnread,
});
