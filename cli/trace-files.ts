/** Files that grow while something runs: written aside, in parts, and renamed when all is there. */
import { accessSync, closeSync, constants, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { makeFolder } from '../backends/folder.ts';
import { fail } from '../ir/diagnostics/diagnostic.ts';

export interface GrowingFiles<Name extends string> {
  write(name: Name, text: string): void;
  /** Files of these names that are there are replaced; others are left alone. */
  commit(): void;
  /** Leaves nothing behind. */
  discard(): void;
}

/** Characters that wait to be written. */
const BUFFERED = 1 << 16;

/** Says before a long run what would be found out after it. Errors: E0725 */
export function prepareFolder(dir: string): void {
  try {
    makeFolder(dir);
    accessSync(dir, constants.W_OK);
  } catch (error) {
    cannotWrite(dir, error);
  }
}

function cannotWrite(path: string, error: unknown): never {
  if (!(error instanceof Error && 'syscall' in error)) throw error;
  const reason = 'code' in error ? `${error.code}` : 'unknown';
  return fail('E0725', { origin: path }, { path, reason });
}

/** Errors: E0725 */
export function openGrowingFiles<Name extends string>(
  dir: string,
  names: readonly Name[],
): GrowingFiles<Name> {
  const attempt = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      discard();
      return cannotWrite(dir, error);
    }
  };
  const asideOf = (name: string) => join(resolve(dir), `.${name}.tmp-${process.pid}`);
  const files = new Map<Name, { file: number; waiting: string[]; length: number }>();
  const asides = new Set<Name>();
  const interrupted = () => {
    discard();
    process.exit(130);
  };
  const close = () => {
    process.off('SIGINT', interrupted);
    process.off('SIGTERM', interrupted);
    for (const { file } of files.values()) closeSync(file);
    files.clear();
  };
  const discard = () => {
    close();
    for (const name of asides) rmSync(asideOf(name), { force: true });
    asides.clear();
  };
  const flush = (name: Name) => {
    const own = files.get(name)!;
    const data = Buffer.from(own.waiting.join(''));
    own.waiting = [];
    own.length = 0;
    for (let done = 0; done < data.length; ) done += writeSync(own.file, data, done, data.length - done);
  };
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', interrupted);
  attempt(() => {
    makeFolder(dir);
    for (const name of names) {
      files.set(name, { file: openSync(asideOf(name), 'w'), waiting: [], length: 0 });
      asides.add(name);
    }
  });
  return {
    write(name, text) {
      const own = files.get(name)!;
      own.waiting.push(text);
      own.length += text.length;
      if (own.length >= BUFFERED) attempt(() => flush(name));
    },
    commit() {
      attempt(() => {
        for (const name of names) flush(name);
        close();
        for (const name of names) {
          renameSync(asideOf(name), join(dir, name));
          asides.delete(name);
        }
      });
    },
    discard,
  };
}
