/**
 * Protobuf's wire format, read from a source of any size through one small window. A message is a table: field
 * number → what is done with it. Fields that are not in the table are passed over without being read.
 *
 * Source  Protocol Buffers, "Encoding"
 * Errors  Malformed: the bytes are not such a message; BeyondLimit
 */
import { BeyondLimit, LONGEST_NAME, LONGEST_TEXT, type Spend } from './limits.ts';
import type { ByteSource, Span } from './source.ts';

/** The bytes are not a message of this kind; the text says where and why. */
export class Malformed extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'Malformed';
  }
}

export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
export const FIXED32 = 5;
export type WireType = typeof VARINT | typeof FIXED64 | typeof BYTES | typeof FIXED32;

export type Fields<T> = { readonly [field: number]: (into: T, reader: WireReader) => void };

/** Within the handler of a field: its payload, which the handler takes once. What it leaves is passed over. */
export interface WireReader {
  readonly spend: Spend;
  /** Of this field. */
  wire(): WireType;
  /** Where its tag begins. */
  start(): number;
  end(): number;
  readonly source: ByteSource;
  message<T>(fields: Fields<T>, into: T): T;
  name(): string;
  /** Undefined: too long to be kept. */
  text(): string | undefined;
  /** Signed; beyond 2^53 the nearest double. */
  integer(): number;
  float(): number;
  /** Adds one number, or all of a packed field. */
  integers(list: number[]): void;
  floats(list: number[]): void;
  /** The payload stays where it is. */
  span(): Span;
}

const WINDOW = 2 ** 16;
const EMPTY = new Uint8Array();

/** Reads one message that fills the whole source. */
export function readMessage<T>(source: ByteSource, spend: Spend, fields: Fields<T>, into: T): T {
  const cursor = createCursor(source);
  walkFields(cursor, createReader(cursor, source, spend), fields, into, source.size);
  return into;
}

export interface Cursor {
  at: number;
  /** Of the field that is being read. */
  wire: WireType;
  fieldAt: number;
  payloadAt: number;
  payloadEnd: number;
  /** The two halves of the varint that was read last, as signed 32-bit integers. */
  low: number;
  high: number;
  /** Of the source. */
  readonly size: number;
  readVarint(): void;
  readFloat(): number;
  /** At most a window of them; a view. */
  readBytes(length: number): Uint8Array;
}

export function createCursor(source: ByteSource, at = 0): Cursor {
  let bytes: Uint8Array = EMPTY;
  let base = 0;
  const fill = (count: number) => {
    if (cursor.at + count > source.size) throw new Malformed(endsEarly(source.size));
    bytes = source.read(cursor.at, Math.min(WINDOW, source.size - cursor.at));
    base = cursor.at;
  };
  const ensure = (count: number) => {
    if (cursor.at < base || cursor.at + count > base + bytes.length) fill(count);
  };
  const cursor: Cursor = {
    ...{ at, wire: VARINT, fieldAt: at, payloadAt: at, payloadEnd: at, low: 0, high: 0, size: source.size },
    readVarint() {
      let low = 0;
      let high = 0;
      for (let shift = 0; shift < 70; shift += 7) {
        ensure(1);
        const byte = bytes[cursor.at++ - base]!;
        const bits = byte & 0x7f;
        if (shift < 28) low |= bits << shift;
        else if (shift > 28) high |= bits << (shift - 32);
        else {
          low |= bits << 28;
          high = bits >>> 4;
        }
        if (byte < 0x80) {
          cursor.low = low;
          cursor.high = high;
          return;
        }
      }
      throw new Malformed(`byte ${cursor.at}: a number of more than ten bytes`);
    },
    readFloat() {
      ensure(4);
      const value = new DataView(bytes.buffer, bytes.byteOffset + cursor.at - base, 4).getFloat32(0, true);
      cursor.at += 4;
      return value;
    },
    readBytes(length) {
      ensure(length);
      cursor.at += length;
      return bytes.subarray(cursor.at - length - base, cursor.at - base);
    },
  };
  return cursor;
}

const endsEarly = (size: number): string => `it ends too early, after ${size} bytes`;
const signedOf = ({ low, high }: Cursor): number => high * 2 ** 32 + (low >>> 0);
const unsignedOf = ({ low, high }: Cursor): number => (high >>> 0) * 2 ** 32 + (low >>> 0);

const isWireType = (wire: number): wire is WireType =>
  wire === VARINT || wire === FIXED64 || wire === BYTES || wire === FIXED32;

/** Reads the tag and finds where the payload lies; `end` is that of the message around it. */
export function readTag(cursor: Cursor, end: number): number {
  cursor.fieldAt = cursor.at;
  cursor.readVarint();
  const tag = unsignedOf(cursor);
  const wire = tag % 8;
  const field = Math.floor(tag / 8);
  if (!isWireType(wire) || field === 0 || field >= 2 ** 29)
    throw new Malformed(`byte ${cursor.fieldAt}: ${tag} begins no field`);
  cursor.wire = wire;
  cursor.payloadAt = cursor.at;
  if (wire === BYTES) {
    cursor.readVarint();
    const length = unsignedOf(cursor);
    cursor.payloadAt = cursor.at;
    cursor.payloadEnd = cursor.at + length;
  } else if (wire === VARINT) {
    cursor.readVarint();
    cursor.payloadEnd = cursor.at;
    cursor.at = cursor.payloadAt;
  } else cursor.payloadEnd = cursor.at + (wire === FIXED64 ? 8 : 4);
  if (cursor.payloadEnd > cursor.size) throw new Malformed(endsEarly(cursor.size));
  if (cursor.payloadEnd > end)
    throw new Malformed(`byte ${cursor.fieldAt}: field ${field} is longer than the message that holds it`);
  return field;
}

function walkFields<T>(cursor: Cursor, reader: WireReader, fields: Fields<T>, into: T, end: number): void {
  while (cursor.at < end) {
    reader.spend('fields', 1);
    const field = readTag(cursor, end);
    const next = cursor.payloadEnd;
    fields[field]?.(into, reader);
    cursor.at = next;
  }
}

/** Most names are ASCII; bytes that are not UTF-8 stay distinct, as the characters of their codes. */
const utf8 = new TextDecoder('utf-8', { fatal: true });
const latin1 = new TextDecoder('latin1');
function decodeText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return latin1.decode(bytes);
  }
}

function createReader(cursor: Cursor, source: ByteSource, spend: Spend): WireReader {
  const expect = (wire: WireType) => {
    if (cursor.wire !== wire)
      throw new Malformed(`byte ${cursor.fieldAt}: a field of wire type ${cursor.wire} in place of ${wire}`);
  };
  const lengthOf = () => cursor.payloadEnd - cursor.payloadAt;
  const take = () => {
    spend('characters', lengthOf());
    return decodeText(cursor.readBytes(lengthOf()));
  };
  const packed = (list: number[], wire: WireType, one: () => number) => {
    if (cursor.wire !== BYTES) {
      spend('numbers', 1);
      expect(wire);
      list.push(one());
      return;
    }
    const end = cursor.payloadEnd;
    while (cursor.at < end) {
      spend('numbers', 1);
      list.push(one());
    }
    if (cursor.at > end) throw new Malformed(`byte ${end}: a list ends within a number`);
  };
  const varint = () => {
    cursor.readVarint();
    return signedOf(cursor);
  };
  const reader: WireReader = {
    spend,
    wire: () => cursor.wire,
    source,
    start: () => cursor.fieldAt,
    end: () => cursor.payloadEnd,
    message(fields, into) {
      expect(BYTES);
      walkFields(cursor, reader, fields, into, cursor.payloadEnd);
      return into;
    },
    name() {
      expect(BYTES);
      if (lengthOf() <= LONGEST_NAME) return take();
      throw new BeyondLimit(`byte ${cursor.fieldAt}: a name has ${lengthOf()} bytes`);
    },
    text() {
      expect(BYTES);
      return lengthOf() <= LONGEST_TEXT ? take() : undefined;
    },
    integer() {
      expect(VARINT);
      return varint();
    },
    float() {
      expect(FIXED32);
      return cursor.readFloat();
    },
    integers: list => packed(list, VARINT, varint),
    floats: list => packed(list, FIXED32, cursor.readFloat),
    span() {
      expect(BYTES);
      return { source, offset: cursor.payloadAt, length: lengthOf() };
    },
  };
  return reader;
}
