/**
 * The search as compile starts it: an `ann` network and calibration images → settings of all sites, and how they
 * were found.
 */
import type { Target } from '../../backends/target.ts';
import type { AnnGraph } from '../../ir/ann.ts';
import { energyRatio } from '../../ir/count/energy.ts';
import type { IntGraph } from '../../ir/int.ts';
import type { Coding } from '../../ir/snn.ts';
import type { Calibration } from '../calibrate.ts';
import { defaultProfile } from '../profile.ts';
import { imagesWithin, spread } from '../samples.ts';
import { settingsOfProfile } from '../site-settings.ts';
import type { Sites } from '../sites.ts';
import { type Candidate, createBuilder } from './build.ts';
import { type CurvePoint, paretoCurve, predict } from './curve.ts';
import { varianceOf } from './divergence.ts';
import { errorOf, type Goal } from './goal.ts';
import { type Loads, loadsOf } from './load.ts';
import { measure, type Outcome, type Sample } from './measure.ts';
import { settingsUpTo } from './options.ts';
import { type SearchResult, search } from './search.ts';
import { surveySites } from './survey.ts';

export interface NetworkSearchNeeds {
  readonly graph: AnnGraph;
  readonly sites: Sites;
  readonly calibration: Calibration;
  readonly images: readonly Float64Array[];
  /** The float network's logits for them. */
  readonly float: readonly Float64Array[];
  /** Multiply-accumulates of one image. */
  readonly macs: number;
  readonly labels: ArrayLike<number> | undefined;
  readonly goal: Goal;
  readonly target: Pick<Target, 'arithmetic'>;
  readonly inputFraction: number;
  readonly biasCorrection: boolean;
  readonly keepUnread: boolean;
  readonly coding: Coding;
  /** Limits of the user's: powers of two in a payload, bits of a weight, timesteps. */
  readonly maxTerms: number;
  readonly weightBits: number;
  readonly maxSteps: number;
  readonly maxLevels: number;
  /** Called before each part, for progress. */
  readonly step: (name: string) => void;
}

/** One predicted point: Eq. 30 in the paper's count, and the distance of the logits over their variance. */
export interface PredictedPoint {
  readonly energy: number;
  readonly mse: number;
}

export interface NetworkSearch extends SearchResult {
  readonly curve: readonly PredictedPoint[];
  readonly images: { readonly chosenOn: number; readonly verifiedOn: number; readonly isSplit: boolean };
  /** Of Eq. 30, for accumulations. */
  readonly energyOf: (acs: number) => number;
  readonly mseOf: (error: number) => number;
}

/** Below this many images both halves are the whole. */
const MIN_SPLIT = 16;
const PROFILES = [3, 4, 5];
/** Of weights, where cores count. */
const FEWER_BITS = [6, 5, 4];
/** Multiply-accumulates that backward passes, and images of one trial, may take. */
const SURVEY_WORK = 6e10;
const TRIAL_WORK = 4e10;
const CORRECTION_WORK = 4e10;
/** An accuracy drop of 1 % comes, roughly, with this much of relative error: where to look first. */
const ERROR_PER_DROP = 2;

export function searchNetwork(needs: NetworkSearchNeeds): NetworkSearch {
  const { graph, sites, calibration, goal } = needs;
  const halves = splitImages(needs);
  const within = (work: number) => imagesWithin(work, needs.macs);
  const corrected = Math.min(CORRECTION_IMAGES, within(CORRECTION_WORK));
  const builder = createBuilder({ ...needs, sample: sampleOf(halves.choose, corrected) });
  const start = settingsOfProfile(sites, defaultProfile(Math.max(...PROFILES), needs.maxTerms));
  const { whole, snn, emits } = builder.spiking({ coding: needs.coding, steps: 1, settings: start });
  const loads = loadsOf(whole, snn, emits);
  const settings = settingsUpTo(needs.maxTerms);
  const images = halves.choose.images;
  needs.step('search: backward passes');
  const options = surveySites({ graph, sites, calibration, loads, images, settings, work: SURVEY_WORK });
  const curve = paretoCurve(options, loads);
  const scale = varianceOf(halves.choose.float) * halves.choose.float[0]!.length;
  const networks = new Map<Candidate, IntGraph | undefined>();
  const on =
    (sample: Sample) =>
    (candidate: Candidate): Outcome | undefined => {
      needs.step(`search: run ${networks.size + 1}`);
      const network = networks.has(candidate) ? networks.get(candidate) : builder.build(candidate);
      networks.set(candidate, network);
      return network === undefined
        ? undefined
        : measure(network, sampleOf(sample, within(TRIAL_WORK)), loads.annMacs);
    };
  const { limit } = goal;
  const guess = scale * (limit.kind === 'divergence' ? limit.value : limit.value * ERROR_PER_DROP);
  const presets = PROFILES.map(shift => {
    const own = settingsOfProfile(sites, defaultProfile(shift, needs.maxTerms));
    const acs = predict(own, options, loads)?.acs ?? Number.POSITIVE_INFINITY;
    return { name: `profile ${shift}`, settings: own, acs };
  });
  const result = search({
    curve,
    presets,
    codings: codingsUpTo(needs),
    weightBits: bitsFor(needs),
    goal,
    guess,
    errorOf: outcome => errorOf(outcome, goal.limit),
    choose: on(halves.choose),
    verify: on(halves.verify),
  });
  return {
    ...result,
    ...predictionsOf(curve, loads, scale),
    images: halves.countsWithin(within(TRIAL_WORK)),
  };
}

const CORRECTION_IMAGES = 64;

function predictionsOf(curve: readonly CurvePoint[], loads: Loads, scale: number) {
  const energyOf = (acs: number) => energyRatio({ acs, macs: 0, lookups: 0 }, loads.annMacs);
  const mseOf = (error: number) => error / scale;
  return {
    energyOf,
    mseOf,
    curve: curve.map(({ acs, error }) => ({ energy: energyOf(acs), mse: mseOf(error) })),
  };
}

const bitsFor = ({ goal, weightBits }: NetworkSearchNeeds): readonly number[] => [
  weightBits,
  ...(goal.optimize === 'cores' ? FEWER_BITS.filter(bits => bits < weightBits) : []),
];

const codingsUpTo = ({ coding, maxSteps }: NetworkSearchNeeds) =>
  Array.from({ length: maxSteps }, (_, i) => ({ coding, steps: i + 1 }));

/** Every second image, so that data sorted by class is no matter. */
function splitImages({ images, float, labels }: NetworkSearchNeeds) {
  const isSplit = images.length >= MIN_SPLIT;
  const half = (parity: number): Sample => {
    const own = Array.from(images.keys()).filter(i => !isSplit || i % 2 === parity);
    return {
      images: own.map(i => images[i]!),
      float: own.map(i => float[i]!),
      labels: labels === undefined ? undefined : own.map(i => labels[i]!),
    };
  };
  const choose = half(0);
  const verify = isSplit ? half(1) : choose;
  const countsWithin = (most: number) => ({
    chosenOn: Math.min(most, choose.images.length),
    verifiedOn: Math.min(most, verify.images.length),
    isSplit,
  });
  return { choose, verify, countsWithin };
}

function sampleOf({ images, float, labels }: Sample, count: number): Sample {
  const known = labels === undefined ? undefined : spread(Array.from(labels), count);
  return { images: spread(images, count), float: spread(float, count), labels: known };
}
