/** `snnc export --to csv`: plain tables of a deployment. */
import { join } from 'node:path';
import { openFolder } from '../backends/folder.ts';
import { tablesOf } from '../export/tables/tables.ts';
import { createConsole, reportDiagnostics } from './console.ts';
import type { ExportArguments } from './export.ts';
import { csvText } from './text-files.ts';
import { openGrowingFiles, prepareFolder } from './trace-files.ts';

export async function exportToCsv(args: ExportArguments): Promise<number> {
  const out = createConsole(args, ['boot', 'write']);
  out.step('boot');
  const { manifest, programs } = openFolder(args.folder);
  prepareFolder(args.out);
  const tables = tablesOf(manifest, programs());
  out.step('write');
  const files = openGrowingFiles(
    args.out,
    tables.map(({ name }) => name),
  );
  const rows: Record<string, number> = {};
  try {
    for (const table of tables) {
      let count = -1;
      for (const row of table.rows) {
        files.write(table.name, csvText([row]));
        count += 1;
      }
      rows[table.name] = count;
    }
    files.commit();
  } catch (error) {
    files.discard();
    throw error;
  }
  for (const [name, count] of Object.entries(rows))
    out.line(`${name.padEnd(22)}${count.toLocaleString('en-US')} rows`);
  out.line(`${'written'.padEnd(22)}${args.out}`);
  out.result({ rows, files: tables.map(({ name }) => join(args.out, name)) });
  return reportDiagnostics(out.diagnostics.list, args.json);
}
