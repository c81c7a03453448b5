/** `snnc simulate`: boots from the folder alone and runs images: counts, time bound, energy. */
import { openFolder } from '../backends/folder.ts';
import { isSettled } from '../ir/exit.ts';
import { accuracyOf, answerLines } from '../report/answers.ts';
import { energyTable, layerTable } from '../report/energy-table.ts';
import { timedRows } from '../report/timed.ts';
import type { HostStop } from '../runtime-sim/chip.ts';
import { totalOf } from '../runtime-sim/counts.ts';
import { createSimulator } from '../runtime-sim/simulator.ts';
import type { ImageRecord } from '../runtime-sim/timed/sent.ts';
import { createConsole, reportDiagnostics } from './console.ts';
import { accountsOfRun } from './deployment-report.ts';
import { openImages } from './images.ts';
import type { DataOptions, Shared } from './options.ts';
import { takerOf } from './preprocess.ts';
import { createTimedSimulation, isTimed, type TimedArguments } from './simulate-timed.ts';

export interface SimulateArguments extends Shared, DataOptions, TimedArguments {
  readonly folder: string;
  readonly input: string;
  readonly limit: number;
  readonly workers: number | undefined;
}

type Sent = Parameters<ImageRecord['take']>;

/** Images that are read before they are run. */
const AT_ONCE = 64;

export async function simulateCommand(args: SimulateArguments): Promise<number> {
  const out = createConsole(args, ['boot', 'run', ...(isTimed(args) ? ['time'] : [])]);
  out.step('boot');
  const folder = openFolder(args.folder);
  const { manifest } = folder;
  const programs = folder.programs();
  const simulator = createSimulator(programs, { workers: args.workers });
  const timing = isTimed(args) ? createTimedSimulation(programs, manifest, args, out) : undefined;
  const set = await openImages(args.input, takerOf(manifest), args, out.diagnostics.report);
  out.step('run');
  const { margins = [] } = manifest.network.exit ?? {};
  const stop: HostStop = (readout, step) => isSettled(readout, step, margins);
  const classes: number[] = [];
  const count = Math.min(args.limit, set.count);
  for (let first = 0; first < count; first += AT_ONCE) {
    const images: Float64Array[] = [];
    for (let i = first; i < Math.min(first + AT_ONCE, count); i++) images.push(await set.image(i));
    const records = timing === undefined ? [] : images.map(timing.record);
    const observe = timing && ((i: number, ...sent: Sent) => records[i]?.take(...sent));
    for (const readouts of simulator.run(images, observe, stop)) {
      const logits = readouts.at(-1)!;
      classes.push(logits.indexOf(Math.max(...logits)));
    }
    for (const record of records) if (record !== undefined) timing?.keep(record);
    out.advance(first + images.length, count);
  }
  const accuracy = accuracyOf(classes, set.labels);
  const { counts } = simulator;
  simulator.close();
  if (timing !== undefined) out.step('time');
  const timed = (await timing?.finish()) ?? null;
  const report = accountsOfRun(manifest, programs, counts, timed ?? undefined);
  const sum = totalOf(counts.tiles);
  const links = counts.links.flatMap(step => [...step.values()]);
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
    hottestLink: Math.max(0, ...links) / classes.length,
    timed,
  };
  for (const [name, value] of Object.entries(result)) {
    if (typeof value === 'number' && name !== 'accuracy')
      out.line(`${name.padEnd(22)}${value.toLocaleString('en-US', { maximumSignificantDigits: 6 })}`);
  }
  for (const line of ['', ...energyTable(report, out.columns), '', ...layerTable(report, out.columns), ''])
    out.line(line);
  if (timed !== null) for (const [name, text] of timedRows(timed)) out.line(`${name.padEnd(22)}${text}`);
  for (const line of answerLines(classes, accuracy)) out.line(line);
  out.result(result);
  return reportDiagnostics(out.diagnostics.list, args.json);
}
