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

export function stepBound(counts: MachineCounts, timing: Timing, chips = 1): StepBound {
  const images = Math.max(1, counts.images);
  const unknown: string[] = [];
  const cost = (name: string, figure: { readonly value: number } | undefined) => {
    if (figure === undefined) unknown.push(name);
    return figure?.value ?? 0;
  };
  const floor = stepFloor(timing, chips);
  const prices = {
    updates: cost('updateActive', timing.updateActive),
    synops: cost('synop', timing.synop),
    words: cost('memoryRead', timing.memoryRead),
    links: cost('linkMessage', timing.linkMessage),
    floor: cost(floor.name, floor.figure),
  };
  const peak = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => Math.max(a, b), 0) / images;
  const termsOf = (
    work: MachineCounts['work'][number],
    links: ReadonlyMap<number, number>,
    ran = images,
  ) => ({
    updates: peak(work.updates) * prices.updates,
    synops: peak(work.synops) * prices.synops,
    memory: peak(work.words) * prices.words,
    link: peak([...links.values()]) * prices.links,
    [floor.name]: prices.floor * (ran / images),
  });
  const longest = (terms: Record<string, number>) => Math.max(...Object.values(terms));
  const layerwise = counts.work
    .slice(1)
    .map((work, i) => longest(termsOf(work, counts.links[i + 1]!, counts.ran[i + 1]!)));
  const stream = foldSteps(counts).map(({ work, links, ran }) => termsOf(work, links, ran));
  const seconds = (steps: readonly number[]) => steps.reduce((a, b) => a + b, 0) * NS;
  const intervalSeconds = seconds(stream.map(longest));
  return {
    layerwiseSeconds: seconds(layerwise),
    intervalSeconds,
    pipelinedStepSeconds: intervalSeconds / stream.length,
    terms: stream.reduce((a, b) => (longest(b) > longest(a) ? b : a)),
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
      synops: new Float64Array(cores),
      words: new Float64Array(cores),
    },
    links: new Map<number, number>(),
    ran: 0,
  }));
  work.forEach((own, k) => {
    const into = folded[k % interval]!;
    for (const key of ['updates', 'synops', 'words'] as const)
      for (let core = 0; core < cores; core++) into.work[key][core]! += own[key][core]!;
    for (const [link, n] of links[k]!) into.links.set(link, (into.links.get(link) ?? 0) + n);
    into.ran = Math.max(into.ran, ran[k]!);
  });
  return folded;
}
