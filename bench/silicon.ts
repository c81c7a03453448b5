/**
 * Published rows beside ours: bound of the time of a step and energy of an inference, from shapes and what is known of
 * activity, with the same functions and descriptors as `snnc simulate`. Nothing is fitted.
 */
import { writeFileSync } from 'node:fs';
import { loadTarget, type Target } from '../backends/target.ts';
import { energyOf, type PricedEvents } from '../runtime-sim/energy.ts';
import { boundOf } from '../runtime-sim/timing.ts';
import type { Measure, MeasureOptions } from './measure.ts';
import { SILICON_ROWS, type SiliconRow, type Stage } from './silicon-rows.ts';

export type Range = readonly [low: number, high: number];

export interface SiliconResult {
  readonly row: SiliconRow;
  /** Of a step, seconds: no core less than this, all neurons inactive and least activity; and the other end. */
  readonly bound: Range;
  /** Of an inference, pJ, by cost set. */
  readonly energies: readonly { readonly costSet: string; readonly range: Range }[];
}

/** Share of neurons that fire in a step, where nobody has logged it. */
export const ACTIVITY: Range = [0.02, 0.2];

const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);

/** Synops and spikes of an inference. */
function trafficOf({ stages, steps, activity }: SiliconRow): {
  readonly synops: Range;
  readonly spikes: Range;
} {
  const [synapses, neurons] = [sum(stages.map(s => s.synapses)), sum(stages.map(s => s.neurons))];
  const share = (n: number): Range => [n * steps * ACTIVITY[0], n * steps * ACTIVITY[1]];
  switch (activity.kind) {
    case 'counted':
      return activity;
    case 'once':
      return { synops: [synapses, synapses], spikes: [neurons, neurons] };
    case 'silent':
      return { synops: [0, 0], spikes: [0, 0] };
    case 'band':
      return { synops: share(synapses), spikes: share(neurons) };
    default:
      return activity satisfies never;
  }
}

/** One message a spike at least, one to every core of the widest stage at most; hops are left out, nobody says them. */
function eventsOf(row: SiliconRow, end: 0 | 1): PricedEvents {
  const { synops, spikes } = trafficOf(row);
  const fired = spikes[end];
  const widest = Math.max(1, ...row.stages.map(stage => stage.cores ?? 1));
  return {
    ...{ synops: synops[end], relayAdds: 0, active: fired, spikes: fired },
    updates: sum(row.stages.map(stage => stage.neurons)) * row.steps,
    messages: fired * (end === 0 ? 1 : widest),
    ...{ hopsEastWest: 0, hopsNorthSouth: 0, chipMessages: 0 },
  };
}

function boundRange(row: SiliconRow, { timing }: Target): Range {
  const { synops } = trafficOf(row);
  const all = sum(row.stages.map(stage => stage.synapses));
  // What is known of no single stage is shared by all cores: the busiest has as much at least.
  const isSplit = row.stages.every(stage => stage.cores !== undefined);
  const groups: readonly Stage[] = isSplit
    ? row.stages
    : [{ neurons: sum(row.stages.map(s => s.neurons)), synapses: all, cores: row.cores }];
  const at = (end: 0 | 1) => {
    const updates = Math.max(...groups.map(({ neurons, cores }) => neurons / cores!));
    const share = ({ synapses }: Stage) => (all === 0 ? 1 : synapses / all);
    const work = Math.max(...groups.map(stage => (share(stage) * synops[end]) / stage.cores! / row.steps));
    const peak = { updates, active: end === 0 ? 0 : updates, synops: work, words: 0, link: 0, share: 1 };
    return boundOf({ image: [peak], stream: [peak] }, timing, row.chips).intervalSeconds;
  };
  return [at(0), at(1)];
}

export async function measureSilicon(): Promise<readonly SiliconResult[]> {
  const results: SiliconResult[] = [];
  for (const row of SILICON_ROWS) {
    const target = await loadTarget(row.target);
    const energies = target.costSets.map(set => ({
      costSet: set.name,
      range: [energyOf(eventsOf(row, 0), set).totalPj, energyOf(eventsOf(row, 1), set).highPj] as const,
    }));
    results.push({ row, bound: boundRange(row, target), energies });
  }
  return results;
}

/** By how much a measured figure lies outside a range; 1: inside. */
export const outside = ([low, high]: Range, measured: number): number =>
  Math.max(1, low / measured, measured / high);

const number = (n: number): string => (n === 0 ? '0' : Number(n.toPrecision(3)).toLocaleString('en-US'));
const range = ([low, high]: Range, scale: number): string => {
  const [a, b] = [number(low * scale), number(high * scale)];
  return a === b ? a : `${a}–${b}`;
};
const ratio = (ours: Range, measured: number | undefined, scale: number): string =>
  measured === undefined ? '–' : range(ours, scale / measured);

const TIME = ['workload', 'grade', 'steps', 'bound, µs/step', 'measured', 'bound ÷ measured'] as const;

const timeCells = ({ row, bound }: SiliconResult): readonly string[] => {
  const { stepMicroseconds: measured } = row.measured;
  return [
    row.name,
    row.grade,
    `${row.steps}`,
    range(bound, 1e6),
    measured === undefined ? '–' : number(measured),
    ratio(bound, measured, 1e6),
  ];
};

const MICROJOULES = 1e-6;
const energyHead = ([first]: readonly SiliconResult[]): readonly string[] => [
  'workload',
  'grade',
  ...first!.energies.map(e => `${e.costSet}, µJ`),
  'measured',
  ...first!.energies.map(e => `${e.costSet} ÷ measured`),
];

const energyCells = ({ row, energies }: SiliconResult): readonly string[] => {
  const { microjoules } = row.measured;
  return [
    row.name,
    row.grade,
    ...energies.map(e => range(e.range, MICROJOULES)),
    microjoules === undefined ? '–' : number(microjoules),
    ...energies.map(e => ratio(e.range, microjoules, MICROJOULES)),
  ];
};

const markdown = (rows: readonly (readonly string[])[]): string => {
  const widths = rows[0]!.map((_, i) => Math.max(3, ...rows.map(row => [...row[i]!].length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => cell + ' '.repeat(widths[i]! - [...cell].length)).join(' | ')} |`;
  const [head, ...rest] = rows;
  return [line(head!), line(widths.map(width => '-'.repeat(width))), ...rest.map(line)].join('\n');
};

/** Rows of which the same is not known share a line. */
function unknownLines(results: readonly SiliconResult[]): readonly string[] {
  const texts = [...new Set(results.map(({ row }) => row.unknown))];
  return texts.map(text => {
    const rows = results.filter(({ row }) => row.unknown === text).map(({ row }) => row);
    const names = rows.length === 1 ? rows[0]!.name : `${rows[0]!.name}, and the next ${rows.length - 1}`;
    return `- **${names}** (${rows[0]!.source}): ${text}.`;
  });
}

/** docs/silicon.md */
export function siliconPage(results: readonly SiliconResult[]): string {
  const blocks = [
    '# Published rows beside ours',
    '_Made by `npm run bench -- silicon`; `UPDATE=1 node --test build/test/silicon.test.js` rewrites it._',
    'Nothing of `snnc` has been run on a Loihi, and nothing here is a validation against silicon. These are figures that ' +
      'others measured, beside what our bound of time and our energies say of a network of the same shape on as many cores. ' +
      'No constant was fitted: times and costs are those of the [descriptors](descriptors.md), formulas those of ' +
      '[energy.md](energy.md). Energy is dynamic, of the cores, for one inference.',
    `Where a source says nothing of activity, ours is a range from ${100 * ACTIVITY[0]} to ${100 * ACTIVITY[1]} % of all neurons and inputs ` +
      'firing in each step; it says whether a figure is of the right order, no more. The low end also takes every neuron ' +
      'that does not fire for inactive, the high end for active. Where cores sat is not known: hops are left out.',
    '**Grade** A: the cores’ own time or energy, activity known · B: activity unknown, or time and energy with a foreign ' +
      'part in them · C: a part that is larger than what is compared, or a shape that is not certain.',
    '## Energy of an inference',
    markdown([
      energyHead(results),
      ...results.filter(r => r.row.measured.microjoules !== undefined).map(energyCells),
    ]),
    '## Time of a step',
    'A lower bound: the busiest core’s updates or synops, or the barrier, whichever is longest. It leaves out x86, I/O and ' +
      'what a core does one after another. Below 1 is right; above 1 at the low end would be a fault.',
    markdown([TIME, ...results.filter(r => r.row.measured.stepMicroseconds !== undefined).map(timeCells)]),
    '## What is not known',
    unknownLines(results).join('\n'),
    '## What they show',
    '- **Updates.** In Quartz every neuron fires once an image however long the image takes, so that two runs of different ' +
      'length differ by updates alone: no activity has to be guessed. The measured 0.427 µJ a step of 5,570 compartments is ' +
      '77 pJ an update, between the 52 (inactive) and 81 pJ (active) of `davies2018`, and near the latter: these neurons hold a ' +
      'current and integrate it in every step.\n' +
      '- **Synops.** kNN is nine tenths synops. `davies2018` is 9 to 30 % above what was measured although it calls its 23.6 pJ ' +
      'a minimum; `sanafe-nahuku`, a fit of dense synapses on another board, is 54 to 80 % above.\n' +
      '- **Time** is bounded, not predicted: by a factor of 1.5 to 2.3 where nothing but cores takes part (Quartz, each further ' +
      'step), by more wherever x86, I/O or a barrier over chips does.',
    '## Sources, and rows that are not built',
    'F20: Frady et al., arXiv 2004.12691 · QZ: biphasic/Quartz-on-Loihi a56d551 · ABR: abr/power_benchmarks fce95c8 · NX: ' +
      'intel-nrc-ecosystem/models 3dc53bf and arXiv 2101.04261 · LDL: lava-nc/lava-dl d825ac5 · LOPT: ' +
      'lava-nc/lava-optimization 39ab701. Shapes and cores of each stage: `bench/silicon-rows.ts`.',
    'Sequential MNIST (LSNN), RelNet, the CIFAR-10 MobileNet of 861 cores and N-MNIST are left out: their sources give figures, but no shape ' +
      'that could be built from. So are all rows that publish ratios alone.',
  ];
  return `${blocks.join('\n\n')}\n`;
}

/** What others measured, beside ours; `--save FILE` writes the page. */
export async function siliconMeasure({ save }: MeasureOptions): Promise<Measure> {
  const results = await measureSilicon();
  const page = siliconPage(results);
  console.log(page);
  if (save !== undefined) writeFileSync(save, page);
  const known = results.filter(({ row }) => row.grade === 'A' && row.measured.microjoules !== undefined);
  const distances = known.map(({ row, energies }) =>
    outside(energies[0]!.range, row.measured.microjoules! / MICROJOULES),
  );
  const value = Math.max(...distances);
  const anchor = `measured energy, ${known.length} rows of grade A, default cost set`;
  return { value, unit: 'factor outside our range, the largest', anchor, ratio: 1 / value };
}
