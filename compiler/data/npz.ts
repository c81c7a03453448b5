/** NumPy's archives: a zip with one .npy for each array. */
import { unzipSync } from 'fflate';
import { fail, UserError } from '../../ir/diagnostics/diagnostic.ts';
import { type NpyArray, readNpy } from './npy.ts';

/** Larger arrays, and more than this of all that is wanted, are refused before memory is asked for. */
const MAX_BYTES = 2 ** 30;
/** Deflate cannot do better, so a larger claim is a lie. */
const MAX_RATIO = 1100;

/** Arrays by name; `wanted`: only these. Errors E0113. `source` is the file as the user knows it. */
export function readNpz(
  bytes: Uint8Array,
  source: string,
  wanted?: readonly string[],
): ReadonlyMap<string, NpyArray> {
  let total = 0;
  const files = scan(bytes, source, ({ name, packed, size }) => {
    if (wanted !== undefined && !wanted.includes(name)) return false;
    const refuse = (reason: string): never => fail('E0113', { origin: source }, { format: 'npz', reason });
    if (size > MAX_RATIO * (packed + 1)) refuse(`${name}: ${packed} bytes cannot hold ${size}`);
    total += size;
    if (total > MAX_BYTES) refuse(`${name} is larger than ${MAX_BYTES} bytes, or all arrays together are`);
    return true;
  });
  const arrays = new Map<string, NpyArray>();
  for (const [name, content] of Object.entries(files)) {
    arrays.set(name.replace(/\.npy$/, ''), readNpy(content, `${source}:${name}`));
  }
  return arrays;
}

/** Names of the arrays. Errors E0113. */
export function listNpz(bytes: Uint8Array, source: string): readonly string[] {
  const names: string[] = [];
  scan(bytes, source, ({ name }) => {
    names.push(name);
    return false;
  });
  return names;
}

export const isZip = (bytes: Uint8Array): boolean => bytes[0] === 0x50 && bytes[1] === 0x4b;

interface Entry {
  readonly name: string;
  readonly packed: number;
  readonly size: number;
}

function scan(
  bytes: Uint8Array,
  source: string,
  isWanted: (entry: Entry) => boolean,
): { readonly [name: string]: Uint8Array } {
  const refuse = (reason: string): never => fail('E0113', { origin: source }, { format: 'npz', reason });
  if (!isZip(bytes)) return refuse('it is not a zip archive');
  let arrays = 0;
  const filter = (file: { name: string; size: number; originalSize: number }) => {
    if (!file.name.endsWith('.npy')) return false;
    arrays += 1;
    const name = file.name.replace(/\.npy$/, '');
    return isWanted({ name, packed: file.size, size: file.originalSize });
  };
  try {
    const files = unzipSync(bytes, { filter });
    return arrays === 0 ? refuse('it holds no arrays') : files;
  } catch (error) {
    if (error instanceof UserError) throw error;
    return refuse(error instanceof Error ? error.message : `${error}`);
  }
}
