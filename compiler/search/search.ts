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
  for (const preset of needs.presets) log.run(preset.name, { ...base, settings: preset.settings }, preset);
  probeCurve(needs, base, log);
  for (const coding of needs.codings.slice(1)) tryCoding(needs, { ...coding, weightBits: bits }, log);
  return { best: log.verifiedBest(), trials: log.trials() };
}

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
      for (const { outcome: _, ...trial } of passing()) {
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

/** Halves the stretch of the curve between a point that passes and one that does not, from the guess outward. */
function probeCurve({ curve, guess }: SearchNeeds, base: Base, log: Log): void {
  const beyond = curve.findIndex(({ error }) => error > guess);
  let [good, bad] = [-1, curve.length];
  let at = Math.max(0, (beyond < 0 ? curve.length : beyond) - 1);
  let stride = 4;
  for (let probe = 0; probe < MAX_PROBES && bad - good > 1; probe++) {
    const point = curve[at]!;
    if (log.isGood(log.run('curve', { ...base, settings: point.settings }, point))) good = at;
    else bad = at;
    const isOpen = good < 0 || bad === curve.length;
    at = isOpen ? (good < 0 ? bad - stride : good + stride) : Math.floor((good + bad) / 2);
    at = Math.max(good + 1, Math.min(bad - 1, at));
    stride *= 2;
  }
}

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
