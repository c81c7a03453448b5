/**
 * Parts of the files in a zip archive of any size, without reading the rest: of stored ones only what is asked for, of deflated
 * ones what lies before it as well, of which nothing is kept.
 * Source  PKWARE APPNOTE 6.3: central directory, ZIP64; RFC 1951
 */
import { statSync } from 'node:fs';
import { Inflate } from 'fflate';
import { fail } from '../ir/diagnostics/diagnostic.ts';
import { readSlice } from './data.ts';

export interface ZipEntry {
  readonly name: string;
  readonly isDeflated: boolean;
  /** Bytes in the archive and unpacked. */
  readonly packed: number;
  readonly size: number;
  /** Of its local header. */
  readonly offset: number;
}

const END = { mark: 0x06054b50, length: 22, comment: 0xffff } as const;
const END64 = { mark: 0x06064b50, length: 56, locator: 0x07064b50, locatorLength: 20 } as const;
const CENTRAL = { mark: 0x02014b50, length: 46 } as const;
const LOCAL = { mark: 0x04034b50, length: 30 } as const;
/** A directory of more bytes is none of an array file. */
const MOST_DIRECTORY = 2 ** 26;
const OPEN_32 = 0xffffffff;

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength);

const refuse = (path: string, reason: string): never =>
  fail('E0113', { origin: path }, { format: 'npz', reason });

/** Errors: E0101, E0113 */
export function listZip(path: string): readonly ZipEntry[] {
  const { offset, length, count } = findDirectory(path, statSync(path).size);
  if (length > MOST_DIRECTORY) return refuse(path, `its directory claims ${length} bytes`);
  const bytes = readSlice(path, offset, length);
  const view = viewOf(bytes);
  const entries: ZipEntry[] = [];
  for (let at = 0; entries.length < count; ) {
    if (at + CENTRAL.length > bytes.length || view.getUint32(at, true) !== CENTRAL.mark)
      return refuse(path, 'its directory is cut off or changed');
    const sizes = [28, 30, 32].map(field => view.getUint16(at + field, true));
    const [name = 0, extra = 0, comment = 0] = sizes;
    const start = at + CENTRAL.length;
    if (start + name + extra > bytes.length) return refuse(path, 'its directory is cut off or changed');
    const method = view.getUint16(at + 10, true);
    const title = new TextDecoder().decode(bytes.subarray(start, start + name));
    if (method !== 0 && method !== 8) return refuse(path, `${title} is packed by method ${method}`);
    const long = longSizes(view, start + name, extra);
    const take = (field: number) => {
      const short = view.getUint32(at + field, true);
      return short === OPEN_32 ? (long.shift() ?? refuse(path, `${title} has no size`)) : short;
    };
    const [size, packed, local] = [take(24), take(20), take(42)];
    entries.push({ name: title, isDeflated: method === 8, packed, size, offset: local });
    at = start + name + extra + comment;
  }
  return entries;
}

/** Sizes and offset that 32 bits do not hold, in their order. */
function longSizes(view: DataView, from: number, length: number): number[] {
  for (let at = from; at + 4 <= from + length; ) {
    const size = view.getUint16(at + 2, true);
    if (view.getUint16(at, true) === 1 && at + 4 + size <= from + length)
      return Array.from({ length: size >> 3 }, (_, i) => Number(view.getBigUint64(at + 4 + 8 * i, true)));
    at += 4 + size;
  }
  return [];
}

function findDirectory(path: string, size: number) {
  const tail = readSlice(path, Math.max(0, size - END.length - END.comment), END.length + END.comment);
  const view = viewOf(tail);
  let at = tail.length - END.length;
  while (at >= 0 && view.getUint32(at, true) !== END.mark) at -= 1;
  if (at < 0) return refuse(path, 'it has no directory');
  const short = {
    count: view.getUint16(at + 10, true),
    length: view.getUint32(at + 12, true),
    offset: view.getUint32(at + 16, true),
  };
  const isLong = short.count === 0xffff || short.length === OPEN_32 || short.offset === OPEN_32;
  const locator = at - END64.locatorLength;
  if (!isLong || locator < 0 || view.getUint32(locator, true) !== END64.locator) return short;
  const end = viewOf(readSlice(path, Number(view.getBigUint64(locator + 8, true)), END64.length));
  if (end.byteLength < END64.length || end.getUint32(0, true) !== END64.mark)
    return refuse(path, 'its directory cannot be found');
  const [count, length, offset] = [32, 40, 48].map(field => Number(end.getBigUint64(field, true)));
  return { count: count!, length: length!, offset: offset! };
}

/** Bytes of one file of the archive, from a place on. */
export interface EntryReader {
  /** Errors: E0113 an archive that ends before. */
  read(at: number, length: number): Uint8Array<ArrayBuffer>;
}

/** Errors: E0101, E0113 */
export function openEntry(path: string, entry: ZipEntry): EntryReader {
  const head = viewOf(readSlice(path, entry.offset, LOCAL.length));
  if (head.byteLength < LOCAL.length || head.getUint32(0, true) !== LOCAL.mark)
    return refuse(path, `${entry.name} is not where the directory says`);
  const start = entry.offset + LOCAL.length + head.getUint16(26, true) + head.getUint16(28, true);
  const ended = () => refuse(path, `${entry.name} ends too early`);
  if (entry.isDeflated) return inflated(path, start, entry, ended);
  return {
    read(at, length) {
      if (at + length > entry.size || entry.size !== entry.packed) return ended();
      const bytes = readSlice(path, start + at, length);
      return bytes.length === length ? bytes : ended();
    },
  };
}

const CHUNK = 2 ** 18;

/** Goes forward; what is asked for behind begins anew. */
function inflated(path: string, start: number, entry: ZipEntry, ended: () => never): EntryReader {
  let stream = begin();
  return {
    read(at, length) {
      if (at < stream.from) stream = begin();
      const out = new Uint8Array(length);
      for (let done = 0; done < length; ) {
        const chunk = stream.chunkAt(at + done);
        const part = chunk.subarray(0, length - done);
        out.set(part, done);
        done += part.length;
      }
      return out;
    },
  };

  function begin() {
    const chunks: Uint8Array[] = [];
    const inflate = new Inflate(chunk => {
      if (chunk.length > 0) chunks.push(chunk);
    });
    let taken = 0;
    const more = () => {
      const bytes = readSlice(path, start + taken, Math.min(CHUNK, entry.packed - taken));
      if (bytes.length === 0) ended();
      taken += bytes.length;
      try {
        inflate.push(bytes, taken >= entry.packed);
      } catch (error) {
        refuse(path, `${entry.name}: ${error instanceof Error ? error.message : error}`);
      }
    };
    return {
      /** Where the first chunk that is kept begins. */
      from: 0,
      /** From a place on, to the end of a chunk. */
      chunkAt(at: number): Uint8Array {
        for (;;) {
          const [chunk] = chunks;
          if (chunk === undefined) more();
          else if (at < this.from + chunk.length) return chunk.subarray(at - this.from);
          else {
            this.from += chunk.length;
            chunks.shift();
          }
        }
      },
    };
  }
}
