/** docs/silicon.md, made of published rows and what ours say of them. */
import { writeFileSync } from 'node:fs';
import type { Measure, MeasureOptions } from './measure.ts';
import { ACTIVITY, measureSilicon, outside, type Range, type SiliconResult } from './silicon.ts';

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

const PASS = [
  'workload',
  'neurons',
  'synapses by shape',
  'synops',
  'cores',
  'messages',
  'hops',
  'between chips',
] as const;

/** One row of those that share a network. */
const distinct = (results: readonly SiliconResult[]): readonly SiliconResult[] =>
  results.filter(
    ({ row, pass }, i) =>
      pass !== undefined && results.findIndex(other => other.row.stages === row.stages) === i,
  );

const passCells = ({ row, pass }: SiliconResult): readonly string[] => {
  const synapses = row.stages.reduce((n, stage) => n + stage.synapses, 0);
  const { neurons, synops, cores, messages, hopsEastWest, hopsNorthSouth, chipMessages } = pass!;
  const counts = [neurons, synapses, synops, cores, messages, hopsEastWest + hopsNorthSouth, chipMessages];
  return [row.name, ...counts.map(n => n.toLocaleString('en-US'))];
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
    '_Made by `npm run bench -- silicon --save docs/silicon.md`._',
    'Nothing of `snnc` has been run on a Loihi, and nothing here is a validation against silicon. These are figures that ' +
      'others measured, beside what our bound of time and our energies say of a network of the same shape on as many cores. ' +
      'No constant was fitted: times and costs are those of the [descriptors](descriptors.md), formulas those of ' +
      '[energy.md](energy.md). Energy is dynamic, of the cores, for one inference.',
    `Where a source says nothing of activity, ours is a range from ${100 * ACTIVITY[0]} to ${100 * ACTIVITY[1]} % of all neurons and inputs ` +
      'firing in each step; it says whether a figure is of the right order, no more. The low end also takes every neuron ' +
      'that does not fire for inactive, the high end for active.',
    'Each network that can be built is built of plain neurons, put on as many cores and run on the simulated chip (last table but one); its ' +
      'messages and hops are those that were counted there, with layers on neighbouring cores, as where they sat is not known.',
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
    '## Built and run',
    'One pass: every neuron and every input fires once, in eight timesteps at random. Synops must be those that the shapes say; ' +
      'activity then scales them. The host’s messages are free.',
    markdown([PASS, ...distinct(results).map(passCells)]),
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
