/** `snnc export --to sanafe`: files of SANA-FE, with what it must count on them. */
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { openFolder } from '../backends/folder.ts';
import { exportSanafe } from '../export/sanafe/export.ts';
import { fail } from '../ir/diagnostics/diagnostic.ts';
import { createConsole, reportDiagnostics } from './console.ts';
import { deployedTarget } from './deployed-target.ts';
import { type ExportArguments, inputOf } from './export.ts';
import { openImages } from './images.ts';
import { takerOf } from './preprocess.ts';
import { openGrowingFiles, prepareFolder } from './trace-files.ts';

const PARTS_AT_ONCE = 64;

export async function exportToSanafe(args: ExportArguments): Promise<number> {
  const out = createConsole(args, ['boot', 'run', 'write']);
  out.step('boot');
  const { manifest, programs } = openFolder(args.folder);
  const target = deployedTarget(manifest, args.folder);
  const costSet =
    args.costs === undefined ? target.costSets[0] : target.costSets.find(set => set.name === args.costs);
  if (costSet === undefined) {
    const known = target.costSets.map(({ name }) => name).join(', ');
    return fail('E0759', { origin: '--costs' }, { name: args.costs ?? 'none', known });
  }
  const set = await openImages(inputOf(args), takerOf(manifest), args, out.diagnostics.report);
  const images: Float64Array[] = [];
  for (let i = 0; i < Math.min(args.limit, set.count); i++) images.push(await set.image(i));
  prepareFolder(args.out);
  out.step('run');
  const { files, summary } = exportSanafe({
    ...{ programs: programs(), target, costSet, images },
    populations: args.population ?? [],
    mostSynapses: args.synapses,
    origin: args.folder,
  });
  out.step('write');
  const written = openGrowingFiles(
    args.out,
    files.map(({ name }) => name),
  );
  try {
    let count = 0;
    for (const { name, parts } of files) {
      for (const part of parts) {
        written.write(name, part);
        // Whoever interrupts is heard between parts.
        if (++count % PARTS_AT_ONCE === 0) await setImmediate();
      }
    }
    written.commit();
  } catch (error) {
    written.discard();
    throw error;
  }
  for (const [name, value] of Object.entries(summary)) {
    if (typeof value === 'number')
      out.line(`${name.padEnd(22)}${value.toLocaleString('en-US', { maximumSignificantDigits: 6 })}`);
  }
  for (const what of summary.lost) out.line(`lost                  ${what}`);
  if (summary.unknown.length > 0) out.line(`counted as 0          ${summary.unknown.join(', ')}`);
  out.line(`written               ${files.map(({ name }) => name).join(', ')} in ${args.out}`);
  out.result({ ...summary, files: files.map(({ name }) => join(args.out, name)) });
  return reportDiagnostics(out.diagnostics.list, args.json);
}
