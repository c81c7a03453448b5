/** What `snnc simulate` says of its images, from what was found on ranges of them. */
import type { Deployment } from '../backends/folder.ts';
import type { ChipProgram } from '../backends/program/program.ts';
import { defect } from '../ir/diagnostics/diagnostic.ts';
import { accuracyOf, answerLines } from '../report/answers.ts';
import { energyTable, layerTable } from '../report/energy-table.ts';
import { timedRows } from '../report/timed.ts';
import { totalOf } from '../runtime-sim/counts.ts';
import { type Console, reportDiagnostics } from './console.ts';
import { accountsOfRun } from './deployment-report.ts';
import { createInputHash } from './shards/input-hash.ts';
import { createCountsSum } from './shards/part.ts';
import type { TimedSimulation } from './simulate-timed.ts';
import type { SimulationPart } from './simulation-part.ts';

type Timed = Awaited<ReturnType<TimedSimulation['finish']>>;

/** Takes parts in the order of their images. */
export function createSimulationSum() {
  const classes: number[] = [];
  const labels: number[] = [];
  const counts = createCountsSum();
  const inputs = createInputHash();
  let hasLabels = false;
  return {
    add({ facts, columns }: SimulationPart): void {
      for (const found of columns.class!) classes.push(found);
      for (const label of columns.label!) labels.push(label);
      hasLabels = facts.hasLabels;
      counts.add({ facts: facts.counts, columns });
      inputs.add(columns.input as Uint8Array);
    },
    finish: () => ({
      classes,
      accuracy: accuracyOf(classes, hasLabels ? labels : undefined),
      counts: counts.total(),
      inputSha256: inputs.hex(),
    }),
  };
}
type Found = ReturnType<ReturnType<typeof createSimulationSum>['finish']>;

/** Prints what all parts say together; the exit code. */
export function concludeSimulation(
  { classes, accuracy, inputSha256, ...found }: Found,
  { manifest }: Deployment,
  programs: readonly ChipProgram[],
  timed: Timed | null,
  out: Console,
): number {
  const counts = found.counts ?? defect('a simulation without parts');
  const report = accountsOfRun(manifest, programs, counts, timed ?? undefined);
  const sum = totalOf(counts.tiles);
  const hottest = counts.links.reduce(
    (most, step) => [...step.values()].reduce((a, b) => Math.max(a, b), most),
    0,
  );
  const result = {
    images: classes.length,
    classes,
    accuracy,
    steps: counts.timesteps,
    timeSeconds: timed?.latency.seconds.mean ?? null,
    boundSeconds: report.latency.seconds,
    pipelinedStepSeconds: report.bound.pipelinedStepSeconds,
    spikes: sum.spikes,
    terms: sum.terms,
    synops: sum.synops,
    messages: sum.messages,
    hops: sum.hopsEastWest + sum.hopsNorthSouth,
    chipMessages: sum.chipMessages,
    energyPj: Object.fromEntries(
      report.energy.map(({ costSet, parts, totalPj, highPj, unknown, standing, ann, ratio }) => [
        costSet,
        { ...parts, total: totalPj, high: highPj, unknown, standing, int8: ann, ratio },
      ]),
    ),
    energySpan: report.energySpan,
    energyLayers: report.energyLayers,
    energyCores: report.energyCores,
    hottestLink: hottest / classes.length,
    timed,
    inputSha256,
  };
  for (const [name, text] of eventRows(result)) out.line(`${name.padEnd(22)}${text}`);
  for (const line of ['', ...energyTable(report, out.columns), '', ...layerTable(report, out.columns), ''])
    out.line(line);
  if (timed !== null) for (const [name, text] of timedRows(timed)) out.line(`${name.padEnd(22)}${text}`);
  for (const line of answerLines(classes, accuracy)) out.line(line);
  out.result(result);
  return reportDiagnostics(out.diagnostics.list, out.json);
}

/** What happened, an image, in words. */
function eventRows(found: {
  readonly images: number;
  readonly steps: number;
  readonly spikes: number;
  readonly terms: number;
  readonly synops: number;
  readonly messages: number;
  readonly hops: number;
  readonly chipMessages: number;
  readonly hottestLink: number;
}): readonly (readonly [string, string])[] {
  const each = (n: number) =>
    (n / found.images).toLocaleString('en-US', { maximumFractionDigits: n < 100 * found.images ? 1 : 0 });
  return [
    [
      'images',
      `${count(found.images)}, ${count(found.steps)} timesteps each; counts below are those of an image`,
    ],
    ['spikes', `${each(found.spikes)}, of ${each(found.terms)} powers of two`],
    ['synops', each(found.synops)],
    [
      'messages',
      `${each(found.messages)}, over ${each(found.hops)} hops; ${each(found.chipMessages)} to other chips`,
    ],
    ['busiest link', `${each(found.hottestLink * found.images)} messages in its fullest timestep`],
  ];
}

const count = (n: number): string => n.toLocaleString('en-US');
