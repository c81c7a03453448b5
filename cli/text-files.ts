/** Results that a user asks to have in files. */
import { writeFileSync } from 'node:fs';
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

/** Fields with commas, quotes or line ends are quoted (RFC 4180). */
export function csvText(rows: readonly (readonly (string | number | null)[])[]): string {
  const field = (value: string | number | null) => {
    const text = value === null ? '' : `${value}`;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return rows.map(row => `${row.map(field).join(',')}\n`).join('');
}
