/**
 * The numbers of a tensor where they lie in a file: as raw bytes, or as entries of a typed field. Both are read as
 * one stream of little-endian pieces, so that nothing above knows the difference.
 */
import type { Run } from './proto-tensor.ts';
import { readPieces, type Span } from './source.ts';
import type { FloatLayout, Format, NonFinite } from './tensor.ts';
import { createCursor, FIXED32, FIXED64, readTag, VARINT, type WireType } from './wire.ts';

export type Stored =
  | { readonly kind: 'raw'; readonly span: Span }
  | { readonly kind: 'typed'; readonly runs: readonly Run[] };

const PIECE = 2 ** 22;
const ENTRIES = 2 ** 16;

export const bytesOf = (stored: Stored): number =>
  stored.kind === 'raw' ? stored.span.length : stored.runs.reduce((sum, run) => sum + run.length, 0);

const wireOf = ({ field }: Format): WireType =>
  field === 'float' ? FIXED32 : field === 'double' ? FIXED64 : VARINT;

/** How many numbers are there; a text says what is wrong with them. Cost: reads packed varints once. */
export function countNumbers(stored: Stored, format: Format): number | string {
  if (stored.kind === 'raw') return stored.span.length / format.bytes;
  let count = 0;
  for (const run of stored.runs) {
    const here = !run.isPacked
      ? run.count
      : wireOf(format) === VARINT
        ? countVarints(run)
        : run.length / format.bytes;
    if (here === undefined || !Number.isInteger(here)) return 'a list of its numbers ends within a number';
    count += here;
  }
  return count;
}

const LONGEST_VARINT = 10;

/** Undefined: not a list of varints. */
function countVarints(run: Run): number | undefined {
  let count = 0;
  let length = 0;
  for (const piece of readPieces(run, PIECE)) {
    for (const byte of piece) {
      length++;
      if (length > LONGEST_VARINT) return undefined;
      if (byte < 0x80) {
        count++;
        length = 0;
      }
    }
  }
  return length === 0 ? count : undefined;
}

/** Bytes aligned to the size of their numbers. */
export function* readNumbers(stored: Stored, format: Format): Generator<Uint8Array> {
  if (stored.kind === 'raw') yield* alignedPieces(stored.span, format.bytes);
  else {
    for (const run of stored.runs) {
      const isFixed = wireOf(format) !== VARINT;
      if (isFixed && run.isPacked) yield* alignedPieces(run, format.bytes);
      else yield* entryPieces(run, format);
    }
  }
}

function* alignedPieces(span: Span, bytes: number): Generator<Uint8Array> {
  for (const piece of readPieces(span, PIECE)) {
    yield piece.byteOffset % bytes === 0 ? piece : new Uint8Array(piece); // a Buffer's own slice is no copy
  }
}

/** An entry's lowest bytes are its number's, in every type that is kept as varints. */
function* entryPieces(run: Run, format: Format): Generator<Uint8Array> {
  const { bytes } = format;
  const wire = wireOf(format);
  const cursor = createCursor(run.source, run.offset);
  const end = run.offset + run.length;
  while (cursor.at < end) {
    const out = new Uint8Array(ENTRIES * bytes);
    let at = 0;
    for (; at < out.length && cursor.at < end; at += bytes) {
      if (!run.isPacked) readTag(cursor, end);
      if (wire === VARINT) {
        cursor.readVarint();
        for (let k = 0; k < bytes; k++) out[at + k] = (k < 4 ? cursor.low : cursor.high) >>> (8 * (k % 4));
      } else out.set(cursor.readBytes(bytes), at);
    }
    yield out.subarray(0, at);
  }
}

const FINITE: NonFinite = { nans: 0, infinities: 0 };

/** Looks at exponents: nothing is decoded. */
export function countNonFinite(stored: Stored, format: Format): NonFinite {
  if (format.float === undefined) return FINITE;
  let nans = 0;
  let infinities = 0;
  for (const raw of readNumbers(stored, format)) {
    const found = scan(raw, format.bytes, format.float);
    nans += found.nans;
    infinities += found.infinities;
  }
  return { nans, infinities };
}

function scan(raw: Uint8Array, bytes: number, { exponent, fraction }: FloatLayout): NonFinite {
  const words =
    bytes === 2
      ? new Uint16Array(raw.buffer, raw.byteOffset, raw.byteLength / 2)
      : new Uint32Array(raw.buffer, raw.byteOffset, raw.byteLength / 4);
  const step = bytes === 8 ? 2 : 1;
  let nans = 0;
  let infinities = 0;
  for (let i = step - 1; i < words.length; i += step) {
    if ((words[i]! & exponent) !== exponent) continue;
    const rest = (words[i]! & fraction) | (step === 2 ? words[i - 1]! : 0);
    if (rest === 0) infinities++;
    else nans++;
  }
  return { nans, infinities };
}
