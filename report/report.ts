/** report.json and the one-screen summary: counts, time and energy of a deployment, every figure with its source. */
import type { Manifest } from '../backends/manifest.ts';
import type { Target } from '../backends/target.ts';
import { NO_OPERATIONS } from '../ir/count/counts.ts';
import { energyRatio, FLOAT_COSTS_PJ } from '../ir/count/energy.ts';
import { describeSaturations } from '../ir/count/saturations.ts';
import { type MachineCounts, totalOf } from '../runtime-sim/counts.ts';
import type { PricedEvents } from '../runtime-sim/energy.ts';
import type { TimedReport } from '../runtime-sim/timed/machine.ts';
import { boundOf, peaksOf, type RunPeaks, type StepBound } from '../runtime-sim/timing.ts';
import { type Energies, energiesOf, type SpanReport, type Tallied } from './energy.ts';
import { energyRows } from './energy-table.ts';
import { type ModeFigures, modeTable } from './mode-figures.ts';
import { notesOf } from './notes.ts';
import { seconds } from './units.ts';
import { describeWhatIf, type WhatIf } from './what-if.ts';

export interface ChipReport extends Energies {
  readonly schema: 'snnc-report';
  readonly schemaVersion: 0;
  /** Simulated ones; 0 where counts are expected ones, from the rates of calibration. */
  readonly images: number;
  readonly binding: { readonly resource: string; readonly fill: number };
  /** Cores by the resource that is fullest on them. */
  readonly coresBound: Readonly<Record<string, number>>;
  /** Of each resource: how many cores are filled to 0–10 %, … 90–100 % of it. */
  readonly fills: Readonly<Record<string, readonly number[]>>;
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
  readonly eq30: {
    readonly predictedPaperAcs: number;
    /** E_SNN/E_ANN of the paper's count; the ANN side is the whole network. */
    readonly predictedPaper: number;
    readonly formula: string;
  };
  /** What it takes and gives in each mode; that of this deployment among them. */
  readonly modes: readonly ModeFigures[];
  /** Changes that change most. */
  readonly whatIf: readonly WhatIf[];
  readonly search: Manifest['search'];
  readonly notes: readonly string[];
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

export const NOTHING_COMPARED = { modes: [], whatIf: [] } as const;

export function chipReport(
  manifest: Manifest,
  ran: Ran,
  tallied: Tallied,
  target: Pick<Target, 'timing' | 'costSets'>,
  compared: Pick<ChipReport, 'modes' | 'whatIf'>,
  timed?: TimedReport,
): ChipReport {
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
    schema: 'snnc-report',
    schemaVersion: 0,
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
    ...compared,
    eq30: {
      predictedPaperAcs: manifest.prediction.paperAcs,
      predictedPaper: energyRatio(
        { ...NO_OPERATIONS, acs: manifest.prediction.paperAcs },
        manifest.network.annMacs.paper,
      ),
      formula: `E_SNN/E_ANN = (MACs_SNN·${FLOAT_COSTS_PJ.mac} pJ + ACs·${FLOAT_COSTS_PJ.ac} pJ) / (MACs_ANN·${FLOAT_COSTS_PJ.mac} pJ)`,
    },
    search: manifest.search,
    notes: notesOf({ ...target, name: manifest.target.name }),
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

function fillsOf({ cores, capacity }: Manifest): Pick<ChipReport, 'binding' | 'coresBound' | 'fills'> {
  const coresBound: Record<string, number> = {};
  let binding = { resource: 'none', fill: 0 };
  const fills: Record<string, number[]> = {};
  for (const core of cores) {
    coresBound[core.binding] = (coresBound[core.binding] ?? 0) + 1;
    for (const [resource, limit] of Object.entries(capacity)) {
      const used = core.used[resource];
      if (used === undefined || !(limit > 0)) continue;
      const fill = used / limit;
      if (resource === core.binding && fill > binding.fill) binding = { resource, fill };
      fills[resource] ??= new Array<number>(BINS).fill(0);
      fills[resource][Math.min(BINS - 1, Math.floor(fill * BINS))]! += 1;
    }
  }
  return { binding, coresBound, fills };
}

const big = (n: number): string => Math.round(n).toLocaleString('en-US');
const percent = (x: number): string => `${(100 * x).toFixed(1)} %`;

function describeShift({ options, calibration, search }: Manifest): string {
  const error = `logit mse ${calibration.logitMse.toFixed(4)} of their variance on calibration images`;
  if (options.shift === null) {
    return `site by site, ${search === null ? `from ${options.thresholds}` : 'by search'}; ${error}`;
  }
  const others = calibration.tried.filter(({ shift }) => shift !== options.shift);
  const tried = others.map(({ shift, logitMse }) => `${shift}: ${logitMse.toFixed(4)}`);
  const also = tried.length === 0 ? '' : `; tried ${tried.join(', ')}`;
  return `shift ${options.shift}, ${error}${also}`;
}

/** What a run tells, or the rates of calibration. */
function simulatedRows(report: ChipReport, mode: string): readonly (readonly [string, string])[] {
  const { latency, throughput, counts, timed } = report;
  const alone = timed && `; ${seconds(timed.latency.seconds.mean)} with every message timed`;
  const stream = timed && `; ${big(timed.stream.imagesPerSecond)} with every message timed`;
  return [
    [
      'latency',
      `${latency.steps} timesteps, at least ${seconds(latency.seconds)} for an image alone${alone ?? ''}`,
    ],
    [
      'throughput',
      `at most ${big(throughput)} images/s, one every ${report.interval.steps} timestep(s): ${mode}${stream ?? ''}`,
    ],
    [
      'traffic',
      `${big(counts.messages!)} messages, ${big(counts.hopsEastWest! + counts.hopsNorthSouth!)} hops, ${big(counts.synops!)} synops an image${report.images === 0 ? ', expected from rates' : ''}`,
    ],
    ...energyRows(report),
  ];
}

const describeBound = ({ binding, coresBound }: ChipReport): string => {
  const shares = Object.entries(coresBound).toSorted((a, b) => b[1] - a[1]);
  const cores = shares.map(([resource, n]) => `${big(n)} by ${resource}`).join(', ');
  return `${binding.resource} at ${percent(binding.fill)} of the fullest core; cores bound: ${cores}`;
};

/** Of every mode, and of what would change most. */
const comparedRows = (
  { modes, whatIf }: ChipReport,
  mode: string,
): readonly (readonly [string, string])[] => [
  ...modeTable(modes, mode).map((line, i) => [i === 0 ? 'modes' : '', line] as const),
  ...whatIf.map((each, i) => [i === 0 ? 'what if' : '', describeWhatIf(each)] as const),
];

/** One screen. */
export function renderSummary(manifest: Manifest, report: ChipReport, widths: string): string {
  const { target, network, cores } = manifest;
  const chips = new Set(cores.map(core => core.chip)).size;
  const rows: readonly (readonly [string, string])[] = [
    ['model', `${manifest.model.file}  (${manifest.model.name})`],
    [
      'target',
      `${target.spec}: fits, ${cores.length} of ${big(target.cores)} cores, ${chips} of ${target.chips} chip(s)`,
    ],
    ['binds', describeBound(report)],
    [
      'network',
      `${big(network.neurons)} neurons, ${manifest.populations.length} populations, coding ${network.coding}, T = ${network.steps}${network.unread === 0 ? '' : `; ${big(network.unread)} more reach no output`}`,
    ],
    ['calibration', `${manifest.calibration.images} images (${manifest.calibration.source})`],
    ['thresholds', describeShift(manifest)],
    [
      'saturations',
      describeSaturations(
        manifest.calibration.saturations,
        `${manifest.calibration.saturations.images} of them`,
      ),
    ],
    ...simulatedRows(report, network.mode),
    ...comparedRows(report, network.mode),
    [
      'Eq. 30',
      `${report.eq30.predictedPaper.toFixed(3)} of the ANN's energy predicted (paper's count; ANN side: whole network)`,
    ],
    ...placementRows(manifest),
    [
      'proved',
      `${big(manifest.placement.routes)} routes deliver ${big(manifest.placement.deliveries)} connections, ${network.mode === 'streaming' ? 'rows in time, none overwritten' : 'depths balanced'}`,
    ],
    ['widths', widths],
    [
      'verified',
      report.images === 0
        ? 'delivery and depths on the encoded tables; no image was simulated'
        : `chip = integer network bit for bit on ${report.images} image(s)`,
    ],
  ];
  const lines = rows.map(([name, text]) => `${name.padEnd(12)}${text}`);
  return `${[...lines, '', ...report.notes.map(note => `note        ${note}`)].join('\n')}\n`;
}

function placementRows({ placement }: Manifest): readonly (readonly [string, string])[] {
  const { cost, baselines, lowerBound, gap, hottestLink, hottestBorder, longestPath } = placement;
  const { sequential, hilbertForce } = baselines;
  const border = hottestBorder === 0 ? '' : `, hottest chip border ${big(hottestBorder)}`;
  return [
    [
      'placement',
      `cost ${big(cost)} (sequential ${big(sequential.cost)}, Hilbert + forces ${big(hilbertForce.cost)}), at least ${big(lowerBound)}: gap ${(100 * gap).toFixed(0)} %`,
    ],
    [
      'links',
      `hottest ${big(hottestLink)} messages a step (sequential ${big(sequential.hottestLink)}, Hilbert + forces ${big(hilbertForce.hottestLink)})${border}; longest path ${big(longestPath)} hops`,
    ],
  ];
}
