/** Counts, time and energy of a deployment on images, or as they are expected: what report.json and `snnc simulate` tell. */
import type { Manifest } from '../backends/manifest.ts';
import type { Target } from '../backends/target.ts';
import { type MachineCounts, totalOf } from '../runtime-sim/counts.ts';
import type { PricedEvents } from '../runtime-sim/energy.ts';
import type { TimedReport } from '../runtime-sim/timed/machine.ts';
import { boundOf, peaksOf, type RunPeaks, type StepBound } from '../runtime-sim/timing.ts';
import { type Energies, energiesOf, type SpanReport, type Tallied } from './energy.ts';

export interface Accounts extends Energies {
  /** Simulated ones; 0 where counts are expected ones, from the rates of calibration. */
  readonly images: number;
  readonly binding: { readonly resource: string; readonly fill: number; readonly core: number | null };
  /** Cores by the resource that is fullest on them. */
  readonly coresBound: Readonly<Record<string, number>>;
  /** Of each resource: how many cores are filled to 0–10 %, … 90–100 % of it. */
  readonly fills: Readonly<Record<string, number[]>>;
  readonly latency: { readonly steps: number; readonly seconds: number };
  /** From one image to the next, where they follow each other as closely as the mode lets them. */
  readonly interval: { readonly steps: number; readonly seconds: number };
  /** Images a second of such a stream; lower-bound step time. */
  readonly throughput: number;
  readonly bound: StepBound;
  /** The same images event by event in time; null: nothing was timed. */
  readonly timed: TimedReport | null;
  readonly staticPowerMw: number | null;
  /** Per image. */
  readonly counts: Readonly<Record<string, number>>;
}

/** What an image makes the chip do, counted in a simulation or expected. */
export interface Ran {
  readonly images: number;
  readonly peaks: RunPeaks;
  /** Per image. */
  readonly totals: PricedEvents & Readonly<Record<string, number>>;
  readonly interval: number;
}

export function ranOf(counts: MachineCounts): Ran {
  const perImage = Object.entries(totalOf(counts.tiles)).map(
    ([name, n]) => [name, n / Math.max(1, counts.images)] as const,
  );
  const { images, interval } = counts;
  return { images, interval, peaks: peaksOf(counts), totals: Object.fromEntries(perImage) as Ran['totals'] };
}

export function accountsOf(
  manifest: Manifest,
  ran: Ran,
  tallied: Tallied,
  target: Pick<Target, 'timing' | 'costSets'>,
  timed?: TimedReport,
): Accounts {
  const chips = new Set(manifest.cores.map(core => core.chip)).size;
  const bound = boundOf(ran.peaks, target.timing, chips);
  const span = spanOf(ran, chips, timed, bound);
  // Where events were timed, the bound is that of the same timesteps and barriers.
  const least = {
    alone: timed?.latency.boundSeconds ?? bound.layerwiseSeconds,
    stream: timed?.stream.boundSeconds ?? bound.intervalSeconds,
  };
  const names = manifest.populations.map(population => population.name);
  return {
    images: ran.images,
    ...fillsOf(manifest),
    latency: { steps: manifest.network.depth, seconds: least.alone },
    interval: { steps: ran.interval, seconds: least.stream },
    throughput: 1 / least.stream,
    bound,
    timed: timed ?? null,
    ...energiesOf(tallied, span, target, names, manifest.cores.length),
    staticPowerMw: target.costSets[0]?.costs.staticPower?.value ?? null,
    counts: { ...ran.totals },
  };
}

function spanOf(
  { peaks, interval }: Ran,
  chips: number,
  timed: TimedReport | undefined,
  bound: StepBound,
): SpanReport {
  const seconds = {
    alone: timed?.latency.seconds.mean ?? bound.layerwiseSeconds,
    stream: timed?.stream.intervalSeconds ?? bound.intervalSeconds,
  };
  const steps = peaks.image.reduce((sum, step) => sum + step.share, 0);
  return {
    source: timed === undefined ? 'bound' : 'timed',
    alone: { chips, steps, seconds: seconds.alone },
    stream: { chips, steps: interval, seconds: seconds.stream },
  };
}

const BINS = 10;

function fillsOf({ cores, capacity }: Manifest): Pick<Accounts, 'binding' | 'coresBound' | 'fills'> {
  const coresBound: Record<string, number> = {};
  let binding: Accounts['binding'] = { resource: 'none', fill: 0, core: null };
  const fills: Record<string, number[]> = {};
  for (const [i, core] of cores.entries()) {
    coresBound[core.binding] = (coresBound[core.binding] ?? 0) + 1;
    for (const [resource, limit] of Object.entries(capacity)) {
      const used = core.used[resource];
      if (used === undefined || !(limit > 0)) continue;
      const fill = used / limit;
      if (resource === core.binding && fill > binding.fill) binding = { resource, fill, core: i };
      fills[resource] ??= new Array<number>(BINS).fill(0);
      fills[resource][Math.min(BINS - 1, Math.floor(fill * BINS))]! += 1;
    }
  }
  return { binding, coresBound, fills };
}
