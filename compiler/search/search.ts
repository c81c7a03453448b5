/**
 * Chooses how every site fires: the cheapest candidate whose error stays within a limit, on one half of the
 * calibration images and again on the other half.
 *
 * Candidates are the points of the predicted curve (between which it halves its way to the limit), the fixed
 * profiles, and networks of more timesteps whose first step alone does not cost more than the best so far. All of
 * them run as integers before they count: predictions only say where to look.
 *
 * Needs  pure evaluators; the same input gives the same result
 */
import type { Coding } from '../../ir/snn.ts';
import type { SiteSettings } from '../site-settings.ts';
import type { Candidate } from './build.ts';
import type { CurvePoint } from './curve.ts';
import { compareCosts, type Goal, isWithin } from './goal.ts';
import type { Outcome } from './measure.ts';

export interface Preset {
  readonly name: string;
  readonly settings: SiteSettings;
  /** Accumulations of one step, as predicted. */
  readonly acs: number;
}

export interface SearchNeeds {
  /** Rising error, falling cost. */
  readonly curve: readonly CurvePoint[];
  readonly presets: readonly Preset[];
  readonly codings: readonly { readonly coding: Coding; readonly steps: number }[];
  /** Of the weights, finest first. */
  readonly weightBits: readonly number[];
  readonly goal: Goal;
  /** Error of the predicted curve that the limit is likely to be met at. */
  readonly guess: number;
  /** What is held against the limit. */
  errorOf(outcome: Outcome): number;
  /** On one half of the images; undefined: the target cannot hold it. */
  choose(candidate: Candidate): Outcome | undefined;
  /** On the other half. */
  verify(candidate: Candidate): Outcome | undefined;
}

export interface Trial {
  /** Where the candidate comes from: `curve`, or the name of a preset. */
  readonly from: string;
  readonly candidate: Candidate;
  /** Of the curve, or of the preset's first step. */
  readonly predicted: { readonly acs: number; readonly error: number | undefined };
  readonly chosen: Outcome | undefined;
  readonly verified: Outcome | undefined;
}

export interface SearchResult {
  readonly best: Trial | undefined;
  readonly trials: readonly Trial[];
}

/** Runs of points of the curve, at most. */
const MAX_PROBES = 7;
/** Candidates of one kind of coding that are run at most. */
const MAX_PER_CODING = 3;

export function search(needs: SearchNeeds): SearchResult {
  const log = createLog(needs);
  const [first] = needs.codings;
  const bits = coarsestWeights(needs, log);
  const base = { ...first!, weightBits: bits };
  probeCurve(needs, base, log);
  tryPresets(needs, base, log);
  for (const coding of needs.codings.slice(1)) tryCoding(needs, { ...coding, weightBits: bits }, log);
  let best = log.verifiedBest();
  for (let retry = 0; best === undefined && retry < MAX_RETRIES; retry++) {
    const point = moreExact(needs, log.trials());
    if (point === undefined) break;
    log.run('curve', { ...base, settings: point.settings }, point);
    best = log.verifiedBest();
  }
  return { best, trials: log.trials() };
}

/** Further points that are tried where the other half of the images does not agree. */
const MAX_RETRIES = 3;

type Base = Omit<Candidate, 'settings'>;
type Log = ReturnType<typeof createLog>;

function createLog({ goal, choose, verify }: SearchNeeds) {
  const trials: Trial[] = [];
  const passing = () =>
    trials
      .flatMap(trial => (isWithin(trial.chosen, goal.limit) ? [{ ...trial, outcome: trial.chosen! }] : []))
      .sort((a, b) => compareCosts(a, b, goal.optimize));
  return {
    run(from: string, candidate: Candidate, point: { readonly acs: number; readonly error?: number }): Trial {
      const predicted = { acs: point.acs, error: point.error };
      const trial = { from, candidate, predicted, chosen: choose(candidate), verified: undefined };
      trials.push(trial);
      return trial;
    },
    isGood: ({ chosen }: Trial) => isWithin(chosen, goal.limit),
    cheapest: () => passing()[0],
    /** The cheapest that holds on the other half too; the dearest is taken at its word only if it does. */
    verifiedBest(): Trial | undefined {
      for (const { outcome: _, ...trial } of passing().filter(known => known.verified === undefined)) {
        const verified = verify(trial.candidate);
        const at = trials.findIndex(({ candidate }) => candidate === trial.candidate);
        trials[at] = { ...trial, verified };
        if (isWithin(verified, goal.limit)) return trials[at];
      }
      return undefined;
    },
    trials: () => trials,
  };
}

/** The fewest bits with which the most exact point of the curve stays within the limit. */
function coarsestWeights({ curve, weightBits, codings }: SearchNeeds, log: Log): number {
  const [finest, ...coarser] = weightBits;
  const [point] = curve;
  for (const bits of coarser.toReversed()) {
    const candidate = { ...codings[0]!, weightBits: bits, settings: point!.settings };
    if (log.isGood(log.run(`curve, ${bits}-bit weights`, candidate, point!))) return bits;
  }
  return finest!;
}

/**
 * From the guess outward. Where the limit is one of the error itself, the error that was met over the predicted one
 * says where to look next; else the stretch between a point that passes and one that does not is halved.
 */
function probeCurve({ curve, guess, goal, errorOf }: SearchNeeds, base: Base, log: Log): void {
  let [good, bad] = [-1, curve.length];
  let at = lastBelow(curve, guess);
  let stride = FIRST_STRIDE;
  for (let probe = 0; probe < MAX_PROBES && bad - good > 1; probe++) {
    const point = curve[at]!;
    const trial = log.run('curve', { ...base, settings: point.settings }, point);
    const isGood = log.isGood(trial);
    if (isGood) good = at;
    else bad = at;
    const met = trial.chosen === undefined ? 0 : errorOf(trial.chosen);
    if (isGood && goal.limit.kind === 'divergence' && met >= CLOSE * goal.limit.value) return;
    const isOpen = good < 0 || bad === curve.length;
    const halfway = isOpen ? (isGood ? at + stride : at - stride) : Math.floor((good + bad) / 2);
    const scaled = lastBelow(curve, (point.error * goal.limit.value * AIM) / met);
    const wanted = goal.limit.kind === 'divergence' && met > 0 ? scaled : halfway;
    const isNew = wanted > good && wanted < bad;
    at = Math.max(good + 1, Math.min(bad - 1, isNew ? wanted : halfway));
    stride *= 2;
  }
}

function lastBelow(curve: readonly CurvePoint[], error: number): number {
  const beyond = curve.findIndex(point => point.error > error);
  return Math.max(0, (beyond < 0 ? curve.length : beyond) - 1);
}

/** A point that the images which refused the best of those tried should bear: their error says how much is missing. */
function moreExact({ curve, goal, errorOf }: SearchNeeds, trials: readonly Trial[]): CurvePoint | undefined {
  const refused = trials.flatMap(({ predicted, verified }) =>
    verified === undefined || predicted.error === undefined
      ? []
      : [{ error: predicted.error, met: errorOf(verified) }],
  );
  const [nearest] = refused.toSorted((a, b) => a.met - b.met);
  if (nearest === undefined) return undefined;
  const least = Math.min(...refused.map(({ error }) => error));
  const wanted = (nearest.error * goal.limit.value * AIM) / nearest.met;
  const tried = curve.findIndex(({ error }) => error >= least);
  const at = Math.min(lastBelow(curve, wanted), tried - 1);
  return curve[at];
}

/** Points of the curve that the first step goes; each further one twice as far. */
const FIRST_STRIDE = 4;
/** An error of so much of the limit is near enough to stop; so much is aimed at. */
const CLOSE = 0.85;
const AIM = 0.97;

/** Only what may be cheaper than the best so far; all of them where nothing is good yet. */
function tryPresets({ presets }: SearchNeeds, base: Base, log: Log): void {
  const best = log.cheapest()?.chosen?.acs ?? Number.POSITIVE_INFINITY;
  for (const preset of presets) {
    const isDearer = preset.acs > best * PREDICTION_MARGIN;
    if (!isDearer) log.run(preset.name, { ...base, settings: preset.settings }, preset);
  }
}

/** Predicted accumulations are right within this. */
const PREDICTION_MARGIN = 1.05;

/** A first step costs the same in every coding, and later ones only add: what starts dearer is not run. */
function tryCoding({ presets, curve }: SearchNeeds, base: Base, log: Log): void {
  const limit = log.cheapest()?.chosen?.acs ?? Number.POSITIVE_INFINITY;
  const coarse = [...presets.map(p => ({ ...p, from: p.name })), ...curve.map(p => ({ ...p, from: 'curve' }))]
    .filter(({ acs }) => acs < limit * FIRST_STEP)
    .sort((a, b) => b.acs - a.acs);
  const stride = Math.max(1, Math.floor(coarse.length / MAX_PER_CODING));
  for (const { from, settings, acs } of coarse.filter((_, i) => i % stride === 0).slice(0, MAX_PER_CODING)) {
    log.run(`${from}, ${base.coding} T = ${base.steps}`, { ...base, settings }, { acs });
  }
}

/** Share of the cost that a first step may have, at most: a second one sends what it left. */
const FIRST_STEP = 0.8;
