/** The deployment folder: written aside and renamed, read with every hash checked. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { sha256 } from '../ir/constants.ts';
import { fail } from '../ir/diagnostics/diagnostic.ts';
import { type Manifest, parseManifest } from './manifest.ts';
import { decodeChip } from './program/decode.ts';
import type { ChipProgram } from './program/program.ts';

/**
 * Puts the files into `dir`, all or nothing. A folder that is there is replaced only if it is one of ours.
 * Errors: E0624 a folder that is not ours · E0625 the disk refuses
 */
export function writeFolder(dir: string, files: ReadonlyMap<string, Uint8Array | string>): void {
  const path = resolve(dir);
  const aside = join(dirname(path), `.${basename(path)}.tmp-${process.pid}`);
  if (existsSync(path) && !existsSync(join(path, 'manifest.json'))) {
    fail('E0624', { origin: dir }, { path: dir, reason: 'it exists and is no deployment folder' });
  }
  const discard = () => rmSync(aside, { recursive: true, force: true });
  const interrupted = () => {
    discard();
    process.exit(130);
  };
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', interrupted);
  try {
    for (const [name, content] of files) {
      mkdirSync(dirname(join(aside, name)), { recursive: true });
      writeFileSync(join(aside, name), content);
    }
    rmSync(path, { recursive: true, force: true });
    renameSync(aside, path);
  } catch (error) {
    discard();
    const reason = error instanceof Error ? error.message.split(',')[0]! : 'unknown';
    fail('E0625', { origin: dir }, { path: dir, reason });
  } finally {
    process.off('SIGINT', interrupted);
    process.off('SIGTERM', interrupted);
  }
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
      .map(({ path }) => decodeChip(read(path), path));
  return { dir, manifest, read, programs };
}
