/** `snnc export --to nir`: plain neurons as a file of NIR. */
import { openFolder } from '../backends/folder.ts';
import { exportNir } from '../export/nir/export.ts';
import { fail } from '../ir/diagnostics/diagnostic.ts';
import { createConsole, reportDiagnostics } from './console.ts';
import type { ExportArguments } from './export.ts';
import { writeNirFile } from './nir-file.ts';

export async function exportToNir(args: ExportArguments): Promise<number> {
  const out = createConsole(args, ['boot', 'write']);
  out.step('boot');
  const { manifest, programs } = openFolder(args.folder);
  const { free, populations, network } = manifest;
  if (network.mode !== 'free')
    fail('E0762', { origin: args.folder }, { population: 'all', problem: 'images' });
  const names = {
    dt: free?.dt ?? null,
    inputs: free?.inputs ?? [],
    outputs: free?.outputs ?? [],
    fractions: populations.map(({ fraction }) => fraction),
  };
  const { file, summary, lost } = exportNir(programs(), names, args.folder);
  out.step('write');
  await writeNirFile(args.out, file);
  for (const [name, value] of Object.entries(summary))
    out.line(`${name.padEnd(22)}${value.toLocaleString('en-US')}`);
  for (const what of lost) out.line(`${'lost'.padEnd(22)}${what}`);
  out.line(`${'written'.padEnd(22)}${args.out}`);
  out.result({ ...summary, lost, files: [args.out] });
  return reportDiagnostics(out.diagnostics.list, args.json);
}
