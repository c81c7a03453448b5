/** report.json and the one-screen summary: counts, time and energy of a deployment, every figure with its source. */
import type { Manifest } from '../backends/manifest.ts';
import type { Target } from '../backends/target.ts';
import { NO_OPERATIONS } from '../ir/count/counts.ts';
import { energyRatio, FLOAT_COSTS_PJ } from '../ir/count/energy.ts';
import { describeSaturations } from '../ir/count/saturations.ts';
import { addCounts, createTileCounts, type MachineCounts } from '../runtime-sim/counts.ts';
import { chipEnergy } from '../runtime-sim/energy.ts';
import { stepBound } from '../runtime-sim/timing.ts';
import { notesOf } from './notes.ts';

export interface ChipReport {
  readonly schema: 'snnc-report';
  readonly schemaVersion: 0;
  readonly images: number;
  readonly binding: { readonly resource: string; readonly fill: number };
  readonly latency: { readonly steps: number; readonly seconds: number | null };
  /** From one image to the next, where they follow each other as closely as the mode lets them. */
  readonly interval: { readonly steps: number; readonly seconds: number | null };
  /** Images a second of such a stream; lower-bound step time. */
  readonly throughput: number | null;
  readonly bound: ReturnType<typeof stepBound> | null;
  readonly energy: readonly ReturnType<typeof chipEnergy>[];
  readonly staticPowerMw: number | null;
  /** Per image. */
  readonly counts: Readonly<Record<string, number>>;
  readonly eq30: {
    readonly predictedPaperAcs: number;
    /** E_SNN/E_ANN of the paper's count; the ANN side is the whole network. */
    readonly predictedPaper: number;
    readonly formula: string;
  };
  readonly search: Manifest['search'];
  readonly notes: readonly string[];
}

/** `counts`: undefined where nothing was simulated; then nothing is said of time, traffic and energy. */
export function chipReport(
  manifest: Manifest,
  counts: MachineCounts | undefined,
  target: Pick<Target, 'timing' | 'costSets'>,
): ChipReport {
  const total = createTileCounts();
  for (const tile of counts?.tiles ?? []) addCounts(total, tile);
  const images = Math.max(1, counts?.images ?? 0);
  const chips = new Set(manifest.cores.map(core => core.chip)).size;
  const bound = counts === undefined ? null : stepBound(counts, target.timing, chips);
  const fills = manifest.cores.map(core => ({
    resource: core.binding,
    fill: core.used[core.binding]! / manifest.capacity[core.binding]!,
  }));
  const binding = fills.reduce((a, b) => (b.fill > a.fill ? b : a), { resource: 'none', fill: 0 });
  const perImage = Object.fromEntries(Object.entries(total).map(([name, count]) => [name, count / images]));
  return {
    schema: 'snnc-report',
    schemaVersion: 0,
    images: counts?.images ?? 0,
    binding,
    latency: { steps: manifest.network.depth, seconds: bound?.layerwiseSeconds ?? null },
    interval: { steps: counts?.interval ?? 0, seconds: bound?.intervalSeconds ?? null },
    throughput: bound && 1 / bound.intervalSeconds,
    bound,
    energy:
      counts === undefined
        ? []
        : target.costSets.map(set => chipEnergy(counts, set, target.timing.tick !== undefined)),
    staticPowerMw: target.costSets[0]?.costs.staticPower?.value ?? null,
    counts: counts === undefined ? {} : perImage,
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

/** What the chips in use take by being powered, and what of dynamic energy nobody has a figure for. */
function powerRows(
  { staticPowerMw, energy }: ChipReport,
  throughput: number,
  chips: number,
): readonly (readonly [string, string])[] {
  const { costSet, unknown } = energy[0]!;
  const power = (staticPowerMw ?? 0) * chips;
  const perImage = big((power * 1e3) / throughput);
  return [
    ...(staticPowerMw === null
      ? []
      : [['static', `${big(power)} mW, ${perImage} µJ an image at that throughput`] as const]),
    ...(unknown.length === 0 ? [] : [['left out', `of ${costSet}, unknown: ${unknown.join(', ')}`] as const]),
  ];
}

/** What only a run tells. */
function simulatedRows(
  report: ChipReport,
  mode: string,
  chips: number,
): readonly (readonly [string, string])[] {
  const { latency, throughput, counts, energy } = report;
  if (latency.seconds === null || throughput === null)
    return [['latency', `${latency.steps} timesteps; no image was simulated, so no time, traffic or energy`]];
  const [low, high] = [Math.min, Math.max].map(f => f(...energy.map(e => e.totalPj)) / 1e6);
  return [
    [
      'latency',
      `${latency.steps} timesteps, at least ${(latency.seconds * 1e6).toFixed(0)} µs for an image alone`,
    ],
    [
      'throughput',
      `at most ${big(throughput)} images/s, one every ${report.interval.steps} timestep(s): ${mode}`,
    ],
    [
      'traffic',
      `${big(counts.messages!)} messages, ${big(counts.hopsEastWest! + counts.hopsNorthSouth!)} hops, ${big(counts.synops!)} synops an image`,
    ],
    [
      'energy',
      `${low!.toFixed(1)} to ${high!.toFixed(1)} µJ an image, dynamic (${energy.map(e => e.costSet).join(', ')})`,
    ],
    ...powerRows(report, throughput, chips),
  ];
}

/** One screen, 80 columns. */
export function renderSummary(manifest: Manifest, report: ChipReport, widths: string): string {
  const { target, network, cores } = manifest;
  const chips = new Set(cores.map(core => core.chip)).size;
  const rows: readonly (readonly [string, string])[] = [
    ['model', `${manifest.model.file}  (${manifest.model.name})`],
    [
      'target',
      `${target.spec}: fits, ${cores.length} of ${big(target.cores)} cores, ${chips} of ${target.chips} chip(s)`,
    ],
    ['binds', `${report.binding.resource} at ${percent(report.binding.fill)} of the fullest core`],
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
    ...simulatedRows(report, network.mode, chips),
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
