/** NumPy's array files. Source: numpy.lib.format, versions 1 to 3. */

import { fail } from '../../ir/diagnostics/diagnostic.ts';
import { sizeOf } from '../../ir/dialect.ts';

export const NPY_TYPES = [
  ...[
    'uint8',
    'int8',
    'uint16',
    'int16',
    'uint32',
    'int32',
    'uint64',
    'int64',
    'float16',
    'float32',
    'float64',
    'bool',
  ],
] as const;
export type NpyType = (typeof NPY_TYPES)[number];

/** 64-bit integers are doubles, exact to 2^53; half precision is single. */
export type NpyData =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

export interface NpyArray {
  readonly dtype: NpyType;
  readonly shape: readonly number[];
  readonly data: NpyData;
}

const DESCRIPTORS: ReadonlyMap<string, NpyType> = new Map([
  ['|u1', 'uint8'],
  ['|i1', 'int8'],
  ['|b1', 'bool'],
  ['<u2', 'uint16'],
  ['<i2', 'int16'],
  ['<u4', 'uint32'],
  ['<i4', 'int32'],
  ['<u8', 'uint64'],
  ['<i8', 'int64'],
  ['<f2', 'float16'],
  ['<f4', 'float32'],
  ['<f8', 'float64'],
]);

export const NPY_BYTES: { readonly [T in NpyType]: number } = {
  uint8: 1,
  int8: 1,
  bool: 1,
  uint16: 2,
  int16: 2,
  uint32: 4,
  int32: 4,
  uint64: 8,
  int64: 8,
  float16: 2,
  float32: 4,
  float64: 8,
};

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

export const isNpy = (bytes: Uint8Array): boolean => MAGIC.every((byte, i) => bytes[i] === byte);

export interface NpyHeader {
  readonly dtype: NpyType;
  readonly shape: readonly number[];
  /** Where the numbers begin. */
  readonly start: number;
}

/** A header is never longer than this. */
export const MAX_HEADER = 2 ** 16;

/** Errors E0113. `source` is the file as the user knows it. */
export function readNpy(bytes: Uint8Array, source: string): NpyArray {
  const { dtype, shape, start } = readNpyHeader(bytes, bytes.length, source);
  // a Buffer's own slice would share its memory
  return { dtype, shape, data: numbersOf(new Uint8Array(bytes.subarray(start)), dtype) };
}

/** Needs: the first `MAX_HEADER` bytes of a file of `length` bytes. Errors E0113. */
export function readNpyHeader(bytes: Uint8Array, length: number, source: string): NpyHeader {
  const refuse = (reason: string): never => fail('E0113', { origin: source }, { format: 'npy', reason });
  if (bytes.length < 10 || !isNpy(bytes)) return refuse('it does not begin like one');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isLong = bytes[6]! >= 2;
  if (isLong && bytes.length < 12) return refuse('its header ends too early');
  const text = isLong ? 12 : 10;
  const start = text + (isLong ? view.getUint32(8, true) : view.getUint16(8, true));
  if (start > bytes.length) return refuse('its header ends too early');
  const header = new TextDecoder().decode(bytes.subarray(text, Math.min(start, MAX_HEADER)));
  const descriptor = /'descr'\s*:\s*'([^']*)'/.exec(header)?.[1] ?? '';
  const dims = /'shape'\s*:\s*\(([\d,\s]*)\)/.exec(header)?.[1];
  const dtype = DESCRIPTORS.get(descriptor);
  if (dtype === undefined)
    return refuse(`its element type is ${descriptor === '' ? 'a record' : descriptor}`);
  if (dims === undefined) return refuse('its header names no shape');
  if (!/'fortran_order'\s*:\s*False/.test(header))
    return refuse('it is in Fortran order; use numpy.ascontiguousarray');
  const shape = dims.split(',').flatMap(size => (size.trim() === '' ? [] : [Number(size)]));
  const count = sizeOf(shape);
  const there = (length - start) / NPY_BYTES[dtype];
  if (there !== count)
    return refuse(`its shape (${shape.join(', ')}) wants ${count} numbers, ${there} are there`);
  return { dtype, shape, start };
}

/** `bytes` is a copy of its own, so it is aligned. */
export function numbersOf({ buffer }: Uint8Array<ArrayBuffer>, dtype: NpyType): NpyData {
  switch (dtype) {
    case 'uint8':
    case 'bool':
      return new Uint8Array(buffer);
    case 'int8':
      return new Int8Array(buffer);
    case 'uint16':
      return new Uint16Array(buffer);
    case 'int16':
      return new Int16Array(buffer);
    case 'uint32':
      return new Uint32Array(buffer);
    case 'int32':
      return new Int32Array(buffer);
    case 'uint64':
      return Float64Array.from(new BigUint64Array(buffer), Number);
    case 'int64':
      return Float64Array.from(new BigInt64Array(buffer), Number);
    case 'float16':
      return Float32Array.from(new Uint16Array(buffer), halfToNumber);
    case 'float32':
      return new Float32Array(buffer);
    case 'float64':
      return new Float64Array(buffer);
    default:
      return dtype satisfies never;
  }
}

/** IEEE 754 binary16. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}
