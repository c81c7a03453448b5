/** Reading what the user names. */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { fail, UserError } from '../ir/diagnostics/diagnostic.ts';

/** What the system says of a path. Errors: E0101. */
export function cannotRead(path: string, error: unknown): never {
  if (error instanceof UserError) throw error;
  const reason = error instanceof Error && 'code' in error ? `${error.code}` : 'unknown';
  return fail('E0101', { origin: path }, { path, reason });
}

/** Errors: E0101. */
export function readBytes(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    return cannotRead(path, error);
  }
}

/** Bytes from `offset` on, fewer at the end of the file, in a buffer of their own. Errors: E0101. */
export function readSlice(path: string, offset: number, length: number): Uint8Array<ArrayBuffer> {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    const bytes = new Uint8Array(length);
    let at = 0;
    while (at < length) {
      const read = readSync(file, bytes, at, length - at, offset + at);
      if (read === 0) break;
      at += read;
    }
    return at === length ? bytes : bytes.slice(0, at);
  } catch (error) {
    return cannotRead(path, error);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
