/** The deployment folder: written aside and renamed, read with every hash checked. */
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { sha256 } from '../ir/constants.ts';
import { fail } from '../ir/diagnostics/diagnostic.ts';
import { type Manifest, parseManifest } from './manifest.ts';
import { decodeChip } from './program/decode.ts';
import type { ChipProgram } from './program/program.ts';

/** A folder in the making, beside the place that it will have. */
export interface FolderWriter {
  /** Writes at once, part by part, and keeps only what identifies the file. Errors: E0625 */
  add(name: string, content: Content): FileEntry;
  /** What was added, in that order. */
  readonly files: readonly FileEntry[];
  /** Takes the folder's place; one of ours that is there is replaced. Errors: E0625 */
  commit(): void;
  /** Leaves nothing behind. */
  discard(): void;
}

/** A file's bytes, whole or in parts that are made one at a time. */
export type Content = Uint8Array | string | Iterable<Uint8Array | string>;

export interface FileEntry {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Errors: E0624 a folder that is not ours */
export function checkPlace(dir: string): void {
  const path = resolve(dir);
  if (existsSync(path) && !existsSync(join(path, 'manifest.json')))
    fail('E0624', { origin: dir }, { path: dir, reason: 'it exists and is no deployment folder' });
}

/** SHA-256 of the manifest as it lies there. */
export const manifestHash = (dir: string): string => sha256(readFileSync(join(dir, 'manifest.json')));

/** Nothing half-written: until it commits, `dir` stays as it was. Errors: E0624, E0625 */
export function createFolder(dir: string): FolderWriter {
  const path = resolve(dir);
  const aside = join(dirname(path), `.${basename(path)}.tmp-${process.pid}`);
  checkPlace(dir);
  const interrupted = () => {
    rmSync(aside, { recursive: true, force: true });
    process.exit(130);
  };
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', interrupted);
  const discard = () => {
    process.off('SIGINT', interrupted);
    process.off('SIGTERM', interrupted);
    rmSync(aside, { recursive: true, force: true });
  };
  const attempt = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      discard();
      if (!(error instanceof Error && 'syscall' in error)) throw error;
      return fail('E0625', { origin: dir }, { path: dir, reason: error.message.split(',')[0]! });
    }
  };
  const files: FileEntry[] = [];
  return {
    files,
    discard,
    add(name, content) {
      const entry = attempt(() => {
        makeFolder(dirname(join(aside, name)));
        return { path: name, ...writeParts(join(aside, name), partsOf(content)) };
      });
      files.push(entry);
      return entry;
    },
    commit() {
      attempt(() => {
        rmSync(path, { recursive: true, force: true });
        renameSync(aside, path);
      });
      discard();
    },
  };
}

/** Says what every file would be, and writes none. */
export function createHashes(): FolderWriter {
  const files: FileEntry[] = [];
  return {
    files,
    add(name, content) {
      const entry = { path: name, ...hashParts(partsOf(content), () => {}) };
      files.push(entry);
      return entry;
    },
    commit() {},
    discard() {},
  };
}

const partsOf = (content: Content): Iterable<Uint8Array | string> =>
  typeof content === 'string' || content instanceof Uint8Array ? [content] : content;

function writeParts(path: string, parts: Iterable<Uint8Array | string>): Omit<FileEntry, 'path'> {
  const file = openSync(path, 'w');
  try {
    return hashParts(parts, data => {
      for (let done = 0; done < data.length; ) done += writeSync(file, data, done, data.length - done);
    });
  } finally {
    closeSync(file);
  }
}

function hashParts(parts: Iterable<Uint8Array | string>, take: (data: Uint8Array) => void) {
  const hash = createHash('sha256');
  let bytes = 0;
  for (const part of parts) {
    const data = typeof part === 'string' ? Buffer.from(part) : part;
    hash.update(data);
    take(data);
    bytes += data.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}

/**
 * The folder and those above it. (mkdirSync's own `recursive` tries for ever where a folder can be seen but nothing can be made
 * in it, as in /proc.)
 */
export function makeFolder(dir: string): void {
  const path = resolve(dir);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  makeFolder(dirname(path));
  mkdirSync(path);
}

/** Writes a file aside and renames it, so that no reader meets half of it. */
export function replaceFile(path: string, text: string): void {
  const aside = `${path}.tmp-${process.pid}`;
  try {
    writeFileSync(aside, text);
    renameSync(aside, path);
  } catch (error) {
    rmSync(aside, { force: true });
    throw error;
  }
}

export interface Deployment {
  readonly dir: string;
  readonly manifest: Manifest;
  /** A file of the manifest, its hash checked. Errors: E0620–E0622. */
  read(path: string): Uint8Array;
  programs(): readonly ChipProgram[];
}

/** Errors: E0620 no folder of ours, E061x its manifest. */
export function openFolder(dir: string): Deployment {
  const manifestPath = join(dir, 'manifest.json');
  if (!existsSync(manifestPath)) fail('E0620', { origin: dir }, { reason: 'no manifest.json in it' });
  const manifest = parseManifest(readFileSync(manifestPath, 'utf8'), manifestPath);
  const read = (path: string): Uint8Array => {
    const entry = manifest.files.find(file => file.path === path);
    if (entry === undefined) return fail('E0622', { origin: dir }, { file: path });
    const full = join(dir, path);
    if (!existsSync(full)) return fail('E0621', { origin: full }, { file: path, problem: 'it is missing' });
    const bytes = readFileSync(full);
    if (bytes.length !== entry.bytes)
      fail('E0621', { origin: full }, { file: path, problem: `${bytes.length} bytes, not ${entry.bytes}` });
    if (sha256(bytes) !== entry.sha256)
      fail('E0621', { origin: full }, { file: path, problem: 'its SHA-256 differs' });
    return bytes;
  };
  const programs = () =>
    manifest.files
      .filter(({ path }) => path.startsWith('program/'))
      .map(({ path }) => decodeChip(read(path), join(dir, path)));
  return { dir, manifest, read, programs };
}
