/**
 * Model files on disk. Nothing is read before it is wanted, nothing is held open, and weights beside a model are
 * looked for in the model's own folder alone: a model is somebody else's file, and may name any path.
 */
import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { type ByteSource, type ModelFile, readPieces } from '../compiler/onnx/source.ts';
import { fail } from '../ir/diagnostics/diagnostic.ts';

/** Errors: E0101, here and whenever the file is read. */
export function openModelFile(path: string): ModelFile {
  const bytes = openSource(path);
  if ('problem' in bytes) return fail('E0101', { origin: path }, { path, reason: bytes.problem });
  return { source: path, bytes, open: location => openBeside(path, location) };
}

/** The same file, with a list of the files beside it that were opened for it. */
export function watchOpened(file: ModelFile): { file: ModelFile; opened: ReadonlyMap<string, ByteSource> } {
  const opened = new Map<string, ByteSource>();
  const open = (location: string) => {
    const found = file.open(location);
    if (!('problem' in found)) opened.set(location, found);
    return found;
  };
  return { file: { ...file, open }, opened };
}

/** The file's content hash. Cost: reads all of it, in pieces. */
export function sha256Of(source: ByteSource): string {
  const hash = createHash('sha256');
  for (const piece of readPieces({ source, offset: 0, length: source.size }, 2 ** 22)) hash.update(piece);
  return hash.digest('hex');
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'there is no such file'],
  ['ENOTDIR', 'a part of its path is no folder'],
  ['EACCES', 'permission denied'],
  ['ELOOP', 'its symbolic links go in a circle'],
  ['ENAMETOOLONG', 'its name is too long'],
]);

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? `${error.code}` : 'unknown';
  return REASONS.get(code) ?? code;
}

/** A device or pipe could block for ever, so it is not even opened. */
function openSource(path: string): ByteSource | { readonly problem: string } {
  try {
    const stats = statSync(path);
    if (stats.isDirectory()) return { problem: 'it is a folder' };
    if (!stats.isFile()) return { problem: 'it is a device or a pipe, not a file' };
    closeSync(openSync(path, FLAGS));
    return { size: stats.size, read: (offset, length) => readAt(path, stats, offset, length) };
  } catch (error) {
    return { problem: reasonOf(error) };
  }
}

const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

const isSame = (a: Stats, b: Stats): boolean =>
  a.dev === b.dev && a.ino === b.ino && a.size === b.size && a.mtimeMs === b.mtimeMs;

/** Opened for each piece: a model may keep its weights in more files than a process may hold open. */
function readAt(path: string, stats: Stats, offset: number, length: number): Uint8Array {
  const refuse = (reason: string) => fail('E0101', { origin: path }, { path, reason });
  let handle: number | undefined;
  try {
    handle = openSync(path, FLAGS);
    if (!isSame(fstatSync(handle), stats)) return refuse('it changed while it was read');
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const got = readSync(handle, bytes, done, length - done, offset + done);
      if (got === 0) return refuse('it changed while it was read');
      done += got;
    }
    return bytes;
  } catch (error) {
    if (error instanceof Error && 'code' in error) return refuse(reasonOf(error));
    throw error;
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

const OUTSIDE = 'it leads out of the folder of the model';

/** What a location must not hold; the first line that fits says why it is refused. */
const REFUSED: readonly (readonly [(location: string) => boolean, string])[] = [
  [location => location.includes('\0'), 'its name holds a NUL'],
  [location => location.includes('\\'), 'its name holds a backslash; folders are separated by /'],
  [location => location.startsWith('/') || /^[A-Za-z]:/.test(location), 'its path is absolute'],
  [location => location.split('/').includes('..'), OUTSIDE],
];

function openBeside(model: string, location: string): ByteSource | { readonly problem: string } {
  const refused = REFUSED.find(([holds]) => holds(location));
  if (refused !== undefined) return { problem: refused[1] };
  try {
    const folder = realpathSync(dirname(model));
    const path = realpathSync(join(folder, location));
    const inside = relative(folder, path);
    const isOutside = inside === '..' || inside.startsWith(`..${sep}`) || join(folder, inside) !== path;
    return isOutside ? { problem: `${OUTSIDE} by a symbolic link` } : openSource(path);
  } catch (error) {
    return { problem: reasonOf(error) };
  }
}
