/** Little-endian bytes in and out. The reader trusts nothing: whatever it is given, it ends in a value or a diagnostic. */
import { defect, fail } from '../../ir/diagnostics/diagnostic.ts';

/** Names and indices from the whole down to the value at hand, for messages. */
export type Path = (string | number)[];

export const formatPath = (path: readonly (string | number)[]): string =>
  path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text === '' ? part : `${text}.${part}`),
    '',
  );

export interface ByteWriter {
  readonly path: Path;
  /** An unsigned integer in `width` bytes. */
  fixed(value: number, width: 1 | 2 | 4): void;
  /** An unsigned integer below 2^53, seven bits a byte, lowest first (LEB128). */
  varint(value: number): void;
  raw(bytes: Uint8Array): void;
  /** Zeros up to a multiple of `size` from the start. */
  align(size: number): void;
  finish(): Uint8Array;
  position(): number;
  /** A copy of what was written since a position. */
  since(position: number): Uint8Array;
  /** Our own fault: a program that the format cannot hold. */
  refuse(problem: string): never;
}

export function createWriter(): ByteWriter {
  let buffer = new Uint8Array(1024);
  let length = 0;
  const path: Path = [];
  const grow = (by: number) => {
    if (length + by > buffer.length) {
      const larger = new Uint8Array(Math.max(2 * buffer.length, length + by));
      larger.set(buffer.subarray(0, length));
      buffer = larger;
    }
  };
  return {
    path,
    fixed(value, width) {
      grow(width);
      for (let i = 0; i < width; i++) buffer[length++] = Math.floor(value / 2 ** (8 * i)) & 255;
    },
    varint(value) {
      grow(8);
      let rest = value;
      while (rest >= 128) {
        buffer[length++] = (rest % 128) + 128;
        rest = Math.floor(rest / 128);
      }
      buffer[length++] = rest;
    },
    raw(bytes) {
      grow(bytes.length);
      buffer.set(bytes, length);
      length += bytes.length;
    },
    align(size) {
      grow(size);
      length = alignUp(length, size);
    },
    finish: () => buffer.slice(0, length),
    position: () => length,
    since: position => buffer.slice(position, length),
    refuse: problem => defect(`chip program: ${formatPath(path)}: ${problem}`),
  };
}

export const alignUp = (value: number, size: number): number => Math.ceil(value / size) * size;

/** Values that were read before, by their bytes. */
export type Known = Map<string, unknown>;

export interface ByteReader {
  readonly path: Path;
  /** Where only tables are wanted: weights are passed over, and equal maps are one object. */
  readonly known: Known | undefined;
  position(): number;
  /** The bytes read since a position, as a key. */
  keySince(position: number): string;
  /** Bytes not yet read. */
  left(): number;
  /** Errors: E0603 unless so many bytes are left. To be called before anything is allocated for them. */
  need(bytes: number): void;
  fixed(width: 1 | 2 | 4): number;
  /** Errors: E0604 where the number could be written shorter or exceeds 2^53. */
  varint(): number;
  /** A view, not a copy. */
  raw(bytes: number): Uint8Array;
  /** Errors: E0605 where the skipped bytes are not zero. */
  align(size: number): void;
  refuseValue(value: string | number, rule: string): never;
  refuse(problem: string): never;
}

/** Reads bytes `from` … `to` of a file; positions for alignment count from `from`. */
export function createReader(
  bytes: Uint8Array,
  source: string,
  from = 0,
  to = bytes.length,
  path: Path = [],
  known?: Known,
): ByteReader {
  let at = from;
  const place = { origin: source };
  const where = () => formatPath(path);
  const need = (count: number) => {
    if (count > to - at) fail('E0603', place, { place: where(), needed: count, left: to - at });
  };
  const refuseValue = (value: string | number, rule: string) =>
    fail('E0604', place, { place: where(), value, rule });
  const refuse = (problem: string) => fail('E0605', place, { place: where(), problem });
  const byte = () => {
    need(1);
    return bytes[at++]!;
  };
  return {
    path,
    known,
    position: () => at,
    keySince: position =>
      Buffer.from(bytes.buffer, bytes.byteOffset + position, at - position).toString('latin1'),
    left: () => to - at,
    need,
    fixed(width) {
      need(width);
      let value = 0;
      for (let i = 0; i < width; i++) value += bytes[at++]! * 2 ** (8 * i);
      return value;
    },
    varint() {
      let value = 0;
      for (let i = 0; i < 8; i++) {
        const next = byte();
        value += (next & 127) * 2 ** (7 * i);
        if (next < 128) return next === 0 && i > 0 ? refuseValue(value, 'written longer than needed') : value;
      }
      return refuseValue('a number of more than eight bytes', 'at most 2^53');
    },
    raw(count) {
      need(count);
      at += count;
      return bytes.subarray(at - count, at);
    },
    align(size) {
      const end = from + alignUp(at - from, size);
      need(end - at);
      while (at < end) if (bytes[at++] !== 0) refuse('padding is not zero');
    },
    refuseValue,
    refuse,
  };
}
