/** `snnc paper`: the tables and figures of the paper for the user's own network, as text, CSV, SVG and JSON. */
import { join } from 'node:path';
import { calibratedForms, type MethodContext } from '../compiler/methods/networks.ts';
import { importModel } from '../compiler/onnx/import.ts';
import { readModel } from '../compiler/onnx/model.ts';
import { opTable } from '../compiler/paper/op-table.ts';
import { canonicalize } from '../compiler/passes/canonicalize.ts';
import { defaultProfile } from '../compiler/profile.ts';
import type { AnnGraph } from '../ir/ann.ts';
import { fail, throwIfErrors } from '../ir/diagnostics/diagnostic.ts';
import { type Console, createConsole, reportDiagnostics } from './console.ts';
import { MEASURE_PLAN, type MeasuredArguments, openMeasured, seeAll } from './methods.ts';
import { openModelFile } from './model-files.ts';
import { figure5, figure6, type Plot, type PlotResult, table1, table2 } from './paper-plots.ts';
import { renderOpTable } from './paper-table3.ts';
import { csvText, writeText } from './text-files.ts';

export interface PaperArguments extends Omit<MeasuredArguments, 'data'> {
  readonly data?: string | undefined;
  readonly only?: string | undefined;
  readonly out?: string | undefined;
}

/** What is made of runs on images; Table 3 needs none. */
const MEASURED: Readonly<Record<string, (context: MethodContext) => Plot>> = {
  table1,
  table2,
  fig5: figure5,
  fig6: figure6,
};
const TABLE3 = 'table3';
const KNOWN = [...Object.keys(MEASURED), TABLE3].sort();

export async function paperCommand(args: PaperArguments): Promise<number> {
  const out = createConsole(args, MEASURE_PLAN);
  const wanted = chosen(args.only);
  const measured = wanted.filter(id => id !== TABLE3);
  const { data } = args;
  if (measured.length > 0 && data === undefined)
    fail('E0332', { origin: args.model }, { plots: measured.join(', ') });
  const results =
    data === undefined || measured.length === 0 ? [] : await measurePlots(measured, { ...args, data }, out);
  if (wanted.includes(TABLE3)) results.push(tableOfOperations(args, out));
  const sorted = results.toSorted((a, b) => KNOWN.indexOf(a.id) - KNOWN.indexOf(b.id));
  for (const result of sorted) {
    out.line(`\n${result.text}`);
    if (args.out !== undefined) writeResult(args.out, result);
  }
  const plots = Object.fromEntries(sorted.map(({ id, json }) => [id, json]));
  const whole = { plots, diagnostics: out.diagnostics.list };
  if (args.out !== undefined) writeText(join(args.out, 'paper.json'), `${JSON.stringify(whole, null, 2)}\n`);
  out.result(whole);
  return reportDiagnostics(out.diagnostics.list, args.json);
}

/** Errors: E0333. */
function chosen(only: string | undefined): readonly string[] {
  if (only === undefined) return KNOWN;
  const names = [...new Set(only.split(',').map(name => name.trim()))];
  const wrong = names.find(name => !KNOWN.includes(name));
  return wrong === undefined
    ? names
    : fail('E0333', { origin: '--only' }, { plot: wrong, known: KNOWN.join(', ') });
}

async function measurePlots(
  ids: readonly string[],
  args: MeasuredArguments,
  out: Console,
): Promise<PlotResult[]> {
  const measured = await openMeasured(args, out);
  out.step('convert');
  const { report } = out.diagnostics;
  const { steps, levels, ties } = args;
  const profile = defaultProfile(args.shift, args.terms);
  const context = {
    ...calibratedForms(measured.ann, measured.calibration, report),
    ...{ steps, profile, levels, ties, report },
  };
  const plots = ids.map(id => MEASURED[id]!(context));
  throwIfErrors(out.diagnostics);
  out.step(`run ${measured.count} images through ${plots.flatMap(plot => plot.meters).length} networks`);
  const float = await seeAll(
    measured.ann,
    measured.test,
    measured.count,
    plots.flatMap(plot => plot.meters),
    out.advance,
  );
  return plots.map(plot => plot.finish(float));
}

/** Reads shapes only, however large the file. */
function tableOfOperations(args: PaperArguments, out: Console): PlotResult {
  const table = opTable(outlineOf(args, out));
  return { id: TABLE3, ...renderOpTable(table), charts: [] };
}

function outlineOf({ model, inputShape, output }: PaperArguments, { diagnostics, step }: Console): AnnGraph {
  step('import');
  const file = openModelFile(model);
  const read = readModel(file, diagnostics.report);
  const options = { inputShape: inputShape?.split(',').map(Number), output, isLate: true };
  const imported = read && importModel(read, file.source, diagnostics, options);
  throwIfErrors(diagnostics);
  if (imported === undefined) throw new Error('import failed without a diagnostic');
  step('canonicalize');
  return canonicalize.run(imported.graph, undefined, diagnostics.report);
}

function writeResult(folder: string, { id, text, rows, charts }: PlotResult): void {
  writeText(join(folder, `${id}.txt`), `${text}\n`);
  writeText(join(folder, `${id}.csv`), csvText(rows));
  for (const { name, svg } of charts) writeText(join(folder, `${name}.svg`), svg);
}
