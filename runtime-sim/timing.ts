/**
 * The five-term lower bound of a timestep: no step is shorter than its busiest core's neuron updates, synops and
 * synaptic memory reads, its busiest link, and the barrier; on a clocked chip its tick.
 * Source  Timcheck, Pierro, Shrestha, arXiv 2601.10035; costs and their status from the target's descriptor
 */
import { stepFloor, type Timing } from '../backends/target.ts';
import type { MachineCounts } from './counts.ts';

export interface StepBound {
  /** One image alone: the sum over its timesteps. */
  readonly layerwiseSeconds: number;
  /** From one image to the next where they follow each other as closely as they may. */
  readonly intervalSeconds: number;
  /** The mean step of such a stream. */
  readonly pipelinedStepSeconds: number;
  /** The five terms of a stream's longest step, ns; absent where the descriptor has no figure. */
  readonly terms: Readonly<Record<string, number>>;
  readonly unknown: readonly string[];
}

/** The most that any one core or link has to do in a timestep, per image. */
export interface StepPeaks {
  readonly updates: number;
  /** Of the core with most updates: how many of them send. */
  readonly active: number;
  readonly synops: number;
  readonly words: number;
  readonly link: number;
  /** Share of images that run this timestep: some stop early. */
  readonly share: number;
}

export interface RunPeaks {
  /** Of every timestep of one image alone, from the first that computes on. */
  readonly image: readonly StepPeaks[];
  /** Of every timestep from one image to the next where they follow each other as closely as they may. */
  readonly stream: readonly StepPeaks[];
}

export const stepBound = (counts: MachineCounts, timing: Timing, chips = 1): StepBound =>
  boundOf(peaksOf(counts), timing, chips);

export function peaksOf(counts: MachineCounts): RunPeaks {
  const images = Math.max(1, counts.images);
  const peak = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => Math.max(a, b), 0) / images;
  const stepOf = (
    work: MachineCounts['work'][number],
    links: ReadonlyMap<number, number>,
    ran = images,
  ): StepPeaks => {
    const core = busiestCore(work);
    return {
      updates: work.updates[core]! / images,
      active: work.active[core]! / images,
      synops: peak(work.synops),
      words: peak(work.words),
      link: peak([...links.values()]),
      share: ran / images,
    };
  };
  return {
    image: counts.work.slice(1).map((work, i) => stepOf(work, counts.links[i + 1]!, counts.ran[i + 1]!)),
    stream: foldSteps(counts).map(({ work, links, ran }) => stepOf(work, links, ran)),
  };
}

/** The core with most updates; of several, the one where most send. */
function busiestCore({ updates, active }: MachineCounts['work'][number]): number {
  let busiest = 0;
  for (let core = 1; core < updates.length; core++) {
    const more = updates[core]! - updates[busiest]!;
    if (more > 0 || (more === 0 && active[core]! > active[busiest]!)) busiest = core;
  }
  return busiest;
}

export const BOUND_TERMS = ['updates', 'synops', 'memory', 'link', 'floor'] as const;
export type BoundTerm = (typeof BOUND_TERMS)[number];
/** ns. */
export type StepTerms = Readonly<Record<BoundTerm, number>>;

export interface StepPricing {
  termsOf(peaks: StepPeaks): StepTerms;
  readonly floor: 'tick' | 'barrier';
  /** Figures that the descriptor lacks, which count as 0. */
  readonly unknown: readonly string[];
}

/** What the terms of a step come to on so many chips. */
export function priceSteps(timing: Timing, chips: number): StepPricing {
  const unknown: string[] = [];
  const cost = (name: string, figure: { readonly value: number } | undefined) => {
    if (figure === undefined) unknown.push(name);
    return figure?.value ?? 0;
  };
  const floor = stepFloor(timing, chips);
  const prices = {
    active: cost('updateActive', timing.updateActive),
    inactive: cost('updateInactive', timing.updateInactive),
    synops: cost('synop', timing.synop),
    words: cost('memoryRead', timing.memoryRead),
    links: cost('linkMessage', timing.linkMessage),
    floor: cost(floor.name, floor.figure),
  };
  return {
    floor: floor.name,
    unknown,
    termsOf: ({ updates, active, synops, words, link, share }) => ({
      updates: active * prices.active + (updates - active) * prices.inactive,
      synops: synops * prices.synops,
      memory: words * prices.words,
      link: link * prices.links,
      floor: prices.floor * share,
    }),
  };
}

/** The first of the largest. */
export const bindingOf = (terms: StepTerms): BoundTerm =>
  BOUND_TERMS.reduce((most, term) => (terms[term] > terms[most] ? term : most));

/** The bound of what was counted, or of what is expected. */
export function boundOf({ image, stream }: RunPeaks, timing: Timing, chips: number): StepBound {
  const { termsOf, unknown, floor } = priceSteps(timing, chips);
  const longest = (terms: StepTerms) => terms[bindingOf(terms)];
  const priced = stream.map(termsOf);
  const seconds = (steps: readonly StepTerms[]) => steps.reduce((sum, terms) => sum + longest(terms), 0) * NS;
  const intervalSeconds = seconds(priced);
  const { floor: least, ...terms } = priced.reduce((a, b) => (longest(b) > longest(a) ? b : a));
  return {
    layerwiseSeconds: seconds(image.map(termsOf)),
    intervalSeconds,
    pipelinedStepSeconds: intervalSeconds / stream.length,
    terms: { ...terms, [floor]: least },
    unknown,
  };
}

const NS = 1e-9;

/** In a stream, what images that follow each other do in one timestep: an image's timesteps, `interval` apart, added up. */
function foldSteps({ work, links, ran, interval }: MachineCounts) {
  const cores = work[0]!.updates.length;
  const folded = Array.from({ length: Math.min(interval, work.length) }, () => ({
    work: {
      updates: new Float64Array(cores),
      active: new Float64Array(cores),
      synops: new Float64Array(cores),
      words: new Float64Array(cores),
    },
    links: new Map<number, number>(),
    ran: 0,
  }));
  work.forEach((own, k) => {
    const into = folded[k % interval]!;
    for (const key of ['updates', 'active', 'synops', 'words'] as const)
      for (let core = 0; core < cores; core++) into.work[key][core]! += own[key][core]!;
    for (const [link, n] of links[k]!) into.links.set(link, (into.links.get(link) ?? 0) + n);
    into.ran = Math.max(into.ran, ran[k]!);
  });
  return folded;
}
