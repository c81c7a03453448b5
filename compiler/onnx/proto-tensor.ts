/**
 * The tensor messages of onnx.proto as records. Numbers are not read: a record says where they lie.
 *
 * Source  onnx.proto, IR version 13
 */
import type { Spend } from './limits.ts';
import type { ByteSource, Span } from './source.ts';
import type { TypedField } from './tensor.ts';
import {
  BYTES,
  FIXED32,
  FIXED64,
  type Fields,
  Malformed,
  readMessage,
  VARINT,
  type WireReader,
  type WireType,
} from './wire.ts';

export type Entry = readonly [key: string, value: string];

/** Entries of one typed field of a tensor that lie one behind the other: packed, or each with its own tag. */
export interface Run extends Span {
  readonly isPacked: boolean;
  length: number;
  /** Known at once where they are not packed. */
  count: number;
}

export interface TensorRecord {
  name: string;
  type: number;
  readonly dims: number[];
  raw?: Span;
  readonly runs: Map<TypedField, Run[]>;
  isExternal: boolean;
  readonly external: Entry[];
  isSegment: boolean;
}

export interface SparseRecord {
  values?: TensorRecord;
  indices?: TensorRecord;
  readonly dims: number[];
}

/** A part that a message holds once. Two of it are two readings of the file. */
export function once(before: unknown, what: string): void {
  if (before !== undefined) throw new Malformed(`it holds two ${what} where one belongs`);
}

const ENTRY: Fields<{ key: string; value: string | undefined }> = {
  1: (into, r) => {
    into.key = r.name();
  },
  2: (into, r) => {
    into.value = r.text();
  },
};

/** Longer values are no constants of ours: they are left where they are. */
export function readEntry(list: Entry[], reader: WireReader): void {
  reader.spend('names', 1);
  const { key, value } = reader.message(ENTRY, { key: '', value: '' });
  if (value !== undefined) list.push([key, value]);
}

function addEntries(tensor: TensorRecord, field: TypedField, wire: WireType, reader: WireReader): void {
  const isPacked = reader.wire() === BYTES && wire !== BYTES;
  if (!isPacked && reader.wire() !== wire)
    throw new Malformed(`tensor ${tensor.name}: numbers of wire type ${reader.wire()}`);
  const known = tensor.runs.get(field);
  const runs = known ?? [];
  if (known === undefined) tensor.runs.set(field, runs);
  const last = runs.at(-1);
  const start = reader.start();
  if (isPacked) {
    reader.spend('numbers', 1);
    runs.push({ ...reader.span(), isPacked, count: 0 });
  } else if (last !== undefined && !last.isPacked && last.offset + last.length === start) {
    last.length = reader.end() - last.offset;
    last.count++;
  } else {
    reader.spend('numbers', 1);
    runs.push({ source: reader.source, offset: start, length: reader.end() - start, isPacked, count: 1 });
  }
}

const SEGMENT = 3;
const TENSOR: Fields<TensorRecord> = {
  1: (t, r) => r.integers(t.dims),
  2: (t, r) => {
    t.type = r.integer();
  },
  [SEGMENT]: t => {
    t.isSegment = true;
  },
  4: (t, r) => addEntries(t, 'float', FIXED32, r),
  5: (t, r) => addEntries(t, 'int32', VARINT, r),
  7: (t, r) => addEntries(t, 'int64', VARINT, r),
  8: (t, r) => {
    t.name = r.name();
  },
  9: (t, r) => {
    once(t.raw, 'raw_data');
    t.raw = r.span();
  },
  10: (t, r) => addEntries(t, 'double', FIXED64, r),
  11: (t, r) => addEntries(t, 'uint64', VARINT, r),
  13: (t, r) => readEntry(t.external, r),
  14: (t, r) => {
    t.isExternal = r.integer() === 1;
  },
};

const emptyTensor = (): TensorRecord => ({
  ...{ name: '', type: 0, isExternal: false, isSegment: false },
  ...{ dims: [], runs: new Map(), external: [] },
});

export function readTensor(reader: WireReader): TensorRecord {
  reader.spend('tensors', 1);
  return reader.message(TENSOR, emptyTensor());
}

/** A file that is one TensorProto. */
export const readTensorFile = (source: ByteSource, spend: Spend): TensorRecord =>
  readMessage(source, spend, TENSOR, emptyTensor());

const SPARSE: Fields<SparseRecord> = {
  1: (s, r) => {
    once(s.values, 'lists of sparse values');
    s.values = readTensor(r);
  },
  2: (s, r) => {
    once(s.indices, 'lists of sparse indices');
    s.indices = readTensor(r);
  },
  3: (s, r) => r.integers(s.dims),
};
export const readSparse = (reader: WireReader): SparseRecord => reader.message(SPARSE, { dims: [] });
