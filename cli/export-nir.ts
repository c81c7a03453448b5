/** `snnc export --to nir`: plain neurons as a file of NIR, or the weights of a ViT. */
import { type Deployment, openFolder } from '../backends/folder.ts';
import { exportNir } from '../export/nir/export.ts';
import { exportLinears } from '../export/nir/linears.ts';
import { fail } from '../ir/diagnostics/diagnostic.ts';
import { createConsole, reportDiagnostics } from './console.ts';
import type { ExportArguments } from './export.ts';
import { writeNirFile } from './nir-file.ts';
import { readIntStage } from './stages.ts';

export async function exportToNir(args: ExportArguments): Promise<number> {
  const out = createConsole(args, ['boot', 'write']);
  out.step('boot');
  const folder = openFolder(args.folder);
  const { file, summary, lost } =
    folder.manifest.network.mode === 'free' ? neuronsOf(folder, args) : weightsOf(folder, args);
  out.step('write');
  await writeNirFile(args.out, file);
  for (const [name, value] of Object.entries(summary))
    out.line(`${name.padEnd(22)}${value.toLocaleString('en-US')}`);
  for (const what of lost) out.line(`${'lost'.padEnd(22)}${what}`);
  out.line(`${'written'.padEnd(22)}${args.out}`);
  out.result({ ...summary, lost, files: [args.out] });
  return reportDiagnostics(out.diagnostics.list, args.json);
}

/** Plain neurons, whole. Errors: E0716 */
function neuronsOf({ manifest, programs }: Deployment, { folder, population }: ExportArguments) {
  const { free, populations } = manifest;
  if (population !== undefined) fail('E0716', { origin: folder }, { option: '--population' });
  return exportNir(
    programs(),
    {
      dt: free?.dt ?? null,
      inputs: free?.inputs ?? [],
      outputs: free?.outputs ?? [],
      fractions: populations.map(({ fraction }) => fraction),
    },
    folder,
  );
}

const weightsOf = (folder: Deployment, args: ExportArguments) =>
  exportLinears(readIntStage(folder), args.population ?? [], args.folder);
