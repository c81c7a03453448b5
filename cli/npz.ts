/** Writing float64 arrays as npz: equal arrays give equal bytes. */
import { zipSync } from 'fflate';

export interface NpzEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export function writeNpz(entries: readonly NpzEntry[]): Uint8Array {
  const files = Object.fromEntries(entries.map(entry => [`${entry.name}.npy`, npy(entry)]));
  return zipSync(files, { level: 6, mtime: new Date(1980, 0, 1) });
}

/** Format version 1.0: magic, header padded to 64 bytes, little-endian data. */
function npy({ shape, data }: NpzEntry): Uint8Array {
  const dictionary = `{'descr': '<f8', 'fortran_order': False, 'shape': (${shape.join(', ')}${shape.length === 1 ? ',' : ''}), }`;
  const length = Math.ceil((10 + dictionary.length + 1) / 64) * 64;
  const out = new Uint8Array(length + data.byteLength);
  out.set([0x93, ...new TextEncoder().encode('NUMPY'), 1, 0, (length - 10) & 255, (length - 10) >> 8]);
  out.set(new TextEncoder().encode(`${dictionary.padEnd(length - 11)}\n`), 10);
  out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), length);
  return out;
}
