/** NumPy's archives: a zip with one .npy for each array. */
import { unzipSync } from 'fflate';
import { fail, UserError } from '../../ir/diagnostics/diagnostic.ts';
import { type NpyArray, readNpy } from './npy.ts';

/** Larger arrays are refused before memory is asked for. */
const MAX_BYTES = 2 ** 30;

/** Arrays by name. Errors E0113. `source` is the file as the user knows it. */
export function readNpz(bytes: Uint8Array, source: string): ReadonlyMap<string, NpyArray> {
  const files = unzip(bytes, source);
  const arrays = new Map<string, NpyArray>();
  for (const [name, content] of Object.entries(files)) {
    arrays.set(name.replace(/\.npy$/, ''), readNpy(content, `${source}:${name}`));
  }
  return arrays;
}

function unzip(bytes: Uint8Array, source: string): { readonly [name: string]: Uint8Array } {
  const refuse = (reason: string): never => fail('E0113', { origin: source }, { format: 'npz', reason });
  if (bytes[0] !== 0x50 || bytes[1] !== 0x4b) return refuse('it is not a zip archive');
  let tooLarge: string | undefined;
  const isWanted = (file: { name: string; originalSize: number }) => {
    if (file.originalSize > MAX_BYTES) tooLarge ??= file.name;
    return file.name.endsWith('.npy') && file.originalSize <= MAX_BYTES;
  };
  try {
    const files = unzipSync(bytes, { filter: isWanted });
    if (tooLarge !== undefined) return refuse(`${tooLarge} is larger than ${MAX_BYTES} bytes`);
    return Object.keys(files).length === 0 ? refuse('it holds no arrays') : files;
  } catch (error) {
    if (error instanceof UserError) throw error;
    return refuse(error instanceof Error ? error.message : `${error}`);
  }
}
