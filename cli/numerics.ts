/** `snnc numerics`: what the integers cost, population by population, and how wide each number can become. */
import { openFolder } from '../backends/folder.ts';
import { createNumerics } from '../compiler/numerics/measure.ts';
import { numericsReport } from '../compiler/numerics/report.ts';
import { proveWidths } from '../compiler/widths/prove.ts';
import { imageRange, widthReport } from '../compiler/widths/summary.ts';
import { createConsole, reportDiagnostics } from './console.ts';
import { openImages } from './images.ts';
import { numericsCsv, renderNumerics } from './numerics-table.ts';
import type { DataOptions, Shared } from './options.ts';
import { takerOf } from './preprocess.ts';
import { readBiases, readStages } from './stages.ts';
import { writeText } from './text-files.ts';

export interface NumericsArguments extends Shared, DataOptions {
  readonly folder: string;
  readonly data: string;
  readonly limit: number;
  readonly csv?: string | undefined;
}

export async function numericsCommand(args: NumericsArguments): Promise<number> {
  const out = createConsole(args, ['read', 'run', 'widths']);
  const folder = openFolder(args.folder);
  out.step('read');
  const { snn, int } = readStages(folder);
  const set = await openImages(args.data, takerOf(folder.manifest), args, out.diagnostics.report);
  const count = Math.min(args.limit, set.count);
  const numerics = createNumerics({ snn, int, biases: readBiases(folder) });
  const ends = [0, 0] as [number, number];
  out.step(`run ${count} images`);
  for (let n = 0; n < count; n++) {
    const image = await set.image(n);
    for (const x of image) {
      ends[0] = Math.min(ends[0], x);
      ends[1] = Math.max(ends[1], x);
    }
    numerics.add(image);
    out.advance(n + 1, count);
  }
  out.step('widths');
  const { tally } = numerics;
  const range = imageRange([Float64Array.from(ends)], folder.manifest.preprocess.folded?.centre ?? null);
  const widths = widthReport(range, proveWidths(int, range, tally.meter.met));
  const report = numericsReport(tally, { ...int.attrs, widths });
  if (args.csv !== undefined) writeText(args.csv, numericsCsv(report));
  out.line(renderNumerics(report));
  out.result({ ...report, diagnostics: out.diagnostics.list });
  return reportDiagnostics(out.diagnostics.list, args.json);
}
