/** `snnc simulate`: boots from the folder alone and runs images: counts, time bound, energy. */
import { openFolder } from '../backends/folder.ts';
import { isSettled } from '../ir/exit.ts';
import { energyTable, layerTable } from '../report/energy-table.ts';
import { createMachine, type HostStop } from '../runtime-sim/chip.ts';
import { addCounts, createTileCounts } from '../runtime-sim/counts.ts';
import { createConsole, reportDiagnostics } from './console.ts';
import { reportOfRun } from './deployment-report.ts';
import { openImages } from './images.ts';
import type { DataOptions, Shared } from './options.ts';
import { takerOf } from './preprocess.ts';

export interface SimulateArguments extends Shared, DataOptions {
  readonly folder: string;
  readonly input: string;
  readonly limit: number;
}

export async function simulateCommand(args: SimulateArguments): Promise<number> {
  const out = createConsole(args);
  out.step('boot');
  const folder = openFolder(args.folder);
  const { manifest } = folder;
  const programs = folder.programs();
  const machine = createMachine(programs);
  const set = await openImages(args.input, takerOf(manifest), args, out.diagnostics.report);
  out.step('run');
  const { margins = [] } = manifest.network.exit ?? {};
  const stop: HostStop = (readout, step) => isSettled(readout, step, margins);
  const classes: number[] = [];
  for (let i = 0; i < Math.min(args.limit, set.count); i++) {
    const logits = machine.run(await set.image(i), undefined, stop).at(-1)!;
    classes.push(logits.indexOf(Math.max(...logits)));
  }
  const report = reportOfRun(manifest, programs, machine.counts);
  const sum = createTileCounts();
  for (const tile of machine.counts.tiles) addCounts(sum, tile);
  const links = machine.counts.links.flatMap(step => [...step.values()]);
  const result = {
    images: classes.length,
    classes,
    steps: machine.counts.timesteps,
    timeSeconds: null,
    boundSeconds: report.bound.layerwiseSeconds,
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
  };
  for (const [name, value] of Object.entries(result)) {
    if (typeof value === 'number')
      out.line(`${name.padEnd(22)}${value.toLocaleString('en-US', { maximumSignificantDigits: 6 })}`);
  }
  for (const line of ['', ...energyTable(report), '', ...layerTable(report), '']) out.line(line);
  out.line(`classes               ${classes.join(' ')}`);
  out.result(result);
  return reportDiagnostics(out.diagnostics.list, args.json);
}
