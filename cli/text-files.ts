/** Results that a user asks to have in files. */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fail } from '../ir/diagnostics/diagnostic.ts';

/** Folders are made as needed; a file that is there is replaced. Errors: E0725. */
export function writeText(path: string, text: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? `${error.code}` : 'unknown';
    fail('E0725', { origin: path }, { path, reason });
  }
}

/** As `writeText`, for texts that are longer than a string may be. Errors: E0725. */
export function writeParts(path: string, parts: Iterable<string>): void {
  writeText(path, '');
  let held = '';
  const flush = () => {
    appendFileSync(path, held);
    held = '';
  };
  for (const part of parts) {
    held += part;
    if (held.length > HELD) flush();
  }
  flush();
}
const HELD = 2 ** 22;

/** Fields with commas, quotes or line ends are quoted (RFC 4180). */
export function csvText(rows: readonly (readonly (string | number | null)[])[]): string {
  const field = (value: string | number | null) => {
    const text = value === null ? '' : `${value}`;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return rows.map(row => `${row.map(field).join(',')}\n`).join('');
}
