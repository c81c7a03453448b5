/** Results that a user asks to have in files. */
import { closeSync, openSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolder } from '../backends/folder.ts';
import { fail } from '../ir/diagnostics/diagnostic.ts';

/** Folders are made as needed; a file that is there is replaced. Errors: E0725. */
export function writeText(path: string, text: string | Uint8Array): void {
  try {
    makeFolder(dirname(path));
    writeFileSync(path, text);
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? `${error.code}` : 'unknown';
    fail('E0725', { origin: path }, { path, reason });
  }
}

/** Part by part, aside and then renamed: no reader meets half of it. Errors: E0725 */
export function writeParts(path: string, parts: Iterable<Uint8Array>): void {
  const aside = `${path}.tmp-${process.pid}`;
  try {
    makeFolder(dirname(path));
    const file = openSync(aside, 'w');
    try {
      for (const part of parts)
        for (let done = 0; done < part.length; ) done += writeSync(file, part, done, part.length - done);
    } finally {
      closeSync(file);
    }
    renameSync(aside, path);
  } catch (error) {
    rmSync(aside, { force: true });
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    fail('E0725', { origin: path }, { path, reason: 'code' in error ? `${error.code}` : 'unknown' });
  }
}

/** Fields with commas, quotes or line ends are quoted (RFC 4180). */
export function csvText(rows: readonly (readonly (string | number | null)[])[]): string {
  const field = (value: string | number | null) => {
    const text = value === null ? '' : `${value}`;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return rows.map(row => `${row.map(field).join(',')}\n`).join('');
}
