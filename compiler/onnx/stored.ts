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

/** Bytes aligned as any number wants it. */
export function* readNumbers(stored: Stored, format: Format): Generator<Uint8Array> {
  if (stored.kind === 'raw') yield* alignedPieces(stored.span);
  else {
    for (const run of stored.runs) {
      const isFixed = wireOf(format) !== VARINT;
      if (isFixed && run.isPacked) yield* alignedPieces(run);
      else yield* entryPieces(run, format);
    }
  }
}

function* alignedPieces(span: Span): Generator<Uint8Array> {
  for (const piece of readPieces(span, PIECE)) {
    yield piece.byteOffset % 8 === 0 ? piece : new Uint8Array(piece); // a Buffer's own slice is no copy
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
  const { float, bytes } = format;
  if (float === undefined) return FINITE;
  const mayHold = createProbe(float, bytes);
  let nans = 0;
  let infinities = 0;
  for (const raw of readNumbers(stored, format)) {
    for (let at = 0; at < raw.length; at += BLOCK) {
      const block = raw.subarray(at, at + BLOCK);
      if (!mayHold(block)) continue;
      const found = count(block, bytes, float);
      nans += found.nans;
      infinities += found.infinities;
    }
  }
  return { nans, infinities };
}

const BLOCK = 2 ** 12;

/**
 * Whether an exponent is all ones, for whole words: adding its lowest bit then carries into the bit above it, which
 * is the sign's and was cleared. Two numbers of 16 bits share a word; of a double the second word counts.
 */
function createProbe({ exponent }: FloatLayout, bytes: number): (raw: Uint8Array) => boolean {
  const both = bytes === 2 ? 0x10001 : 1;
  const odd = exponent * both;
  const oddCarry = (exponent & -exponent) * both;
  const [even, evenCarry] = bytes === 8 ? [0, 0] : [odd, oddCarry];
  const signs = (0x8000 * both) << (bytes === 2 ? 0 : 16);
  return raw => {
    if (raw.length % 8 !== 0) return true;
    const words = new Int32Array(raw.buffer, raw.byteOffset, raw.byteLength / 4);
    let carries = 0;
    for (let i = 0; i < words.length; i += 2) {
      carries |= ((words[i]! & even) + evenCarry) | ((words[i + 1]! & odd) + oddCarry);
    }
    return (carries & signs) !== 0;
  };
}

function count(raw: Uint8Array, bytes: number, { exponent, fraction }: FloatLayout): NonFinite {
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
