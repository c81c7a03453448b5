/** What identifies a set of images, found before any is read: small sets by all their bytes, large ones by samples of them. */
import { createHash, type Hash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cannotRead, readSlice } from '../data.ts';

/** Up to so many bytes are read whole; of more, blocks. */
const WHOLE = 2 ** 28;
const BLOCK = 2 ** 16;
const BLOCKS = 64;

/**
 * SHA-256 of names, sizes and bytes. Of sets larger than 256 MiB it covers all names and sizes, and 64 blocks that are
 * spread evenly over all bytes, the first and the last among them (where archives keep the checksums of what they hold).
 * Errors: E0101
 */
export function dataKey(path: string): string {
  const inZip = /\.npz$/i.test(dirname(path)) && !existsSync(path);
  const files = filesOf(inZip ? dirname(path) : path);
  const total = files.reduce((sum, { size }) => sum + size, 0);
  const hash = createHash('sha256');
  if (inZip) hash.update(path.slice(dirname(path).length));
  for (const { name, size } of files) hash.update(`${name}\0${size}\n`);
  const isWhole = total <= WHOLE;
  const step = isWhole ? BLOCK : (total - BLOCK) / (BLOCKS - 1);
  let [file, begin] = [0, 0];
  for (let at = 0; at < total && (isWhole || at <= total - BLOCK); at += step) {
    const offset = Math.floor(at);
    while (offset >= begin + files[file]!.size) begin += files[file++]!.size;
    addBytes(hash, files, { file, offset: offset - begin }, BLOCK);
  }
  return hash.digest('hex');
}

interface DataFile {
  readonly path: string;
  readonly name: string;
  readonly size: number;
}

/** So many bytes from a place on, over the ends of files. */
function addBytes(
  hash: Hash,
  files: readonly DataFile[],
  from: { readonly file: number; readonly offset: number },
  length: number,
): void {
  let { file, offset } = from;
  let left = length;
  while (left > 0 && file < files.length) {
    const bytes = readSlice(files[file]!.path, offset, Math.min(left, files[file]!.size - offset));
    hash.update(bytes);
    left -= bytes.length;
    file += 1;
    offset = 0;
  }
}

function filesOf(path: string): readonly DataFile[] {
  try {
    if (!statSync(path).isDirectory()) return [{ path, name: '', size: statSync(path).size }];
    return readdirSync(path, { recursive: true, encoding: 'utf8' })
      .toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      .map(name => ({ path: join(path, name), name, kind: statSync(join(path, name)) }))
      .filter(({ kind }) => kind.isFile())
      .map(({ path: full, name, kind }) => ({ path: full, name, size: kind.size }));
  } catch (error) {
    return cannotRead(path, error);
  }
}
