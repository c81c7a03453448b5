/** Attributes of a node: the field that is set must be the one that is declared, or nothing is read from it. */

import type { OnnxAttribute, OnnxGraph } from './model.ts';
import type { AttributeRecord, GraphRecord } from './proto.ts';
import type { SparseRecord, TensorRecord } from './proto-tensor.ts';
import type { TensorSource } from './tensor.ts';

/** How the parts of an attribute are read. */
export interface PartReaders {
  tensor(record: TensorRecord): TensorSource;
  sparse(record: SparseRecord): TensorSource;
  graph(record: GraphRecord): OnnxGraph;
}

interface AttributeType {
  readonly name: string;
  /** Undefined where the field is not set. */
  readonly read: (record: AttributeRecord, parts: PartReaders) => OnnxAttribute | undefined;
  /** What it means where the field is not set: some writers leave out what is 0 or empty. */
  readonly absent?: OnnxAttribute;
  /** For the same reason others write it where nothing is meant. */
  readonly isScalar?: true;
}

const numbers = (values: readonly number[]): OnnxAttribute => ({ kind: 'numbers', values });
const strings = (values: readonly string[]): OnnxAttribute => ({ kind: 'strings', values });
const tensor = (source: TensorSource): OnnxAttribute => ({ kind: 'tensor', tensor: source });

const scalar = (
  name: string,
  absent: OnnxAttribute,
  read: (record: AttributeRecord) => OnnxAttribute | undefined,
): AttributeType => ({ name, absent, isScalar: true, read });

const unread = (code: number, name: string): AttributeType => ({
  name,
  read: ({ others }) => (others.has(code) ? { kind: 'other', type: name } : undefined),
});

/** By the number of AttributeProto.AttributeType. */
const TYPES: ReadonlyMap<number, AttributeType> = new Map([
  [1, scalar('FLOAT', numbers([0]), ({ f }) => (f === undefined ? undefined : numbers([f])))],
  [2, scalar('INT', numbers([0]), ({ i }) => (i === undefined ? undefined : numbers([i])))],
  [3, scalar('STRING', strings(['']), ({ s }) => (s === undefined ? undefined : strings([s])))],
  [4, { name: 'TENSOR', read: ({ t }, parts) => t && tensor(parts.tensor(t)) }],
  [5, { name: 'GRAPH', read: ({ g }, parts) => g && { kind: 'graph', graph: parts.graph(g) } }],
  [6, { name: 'FLOATS', absent: numbers([]), read: ({ floats }) => floats && numbers(floats) }],
  [7, { name: 'INTS', absent: numbers([]), read: ({ ints }) => ints && numbers(ints) }],
  [8, { name: 'STRINGS', absent: strings([]), read: record => record.strings && strings(record.strings) }],
  [9, unread(9, 'TENSORS')],
  [10, unread(10, 'GRAPHS')],
  [11, { name: 'SPARSE_TENSOR', read: ({ sparse }, parts) => sparse && tensor(parts.sparse(sparse)) }],
  [12, unread(12, 'SPARSE_TENSORS')],
  [13, unread(13, 'TYPE_PROTO')],
  [14, unread(14, 'TYPE_PROTOS')],
]);

/** A text says why it cannot be read. Files of the first IR versions declare no type. */
export function attributeOf(record: AttributeRecord, parts: PartReaders): OnnxAttribute | string {
  if (record.reference !== undefined && record.reference !== '')
    return { kind: 'reference', name: record.reference };
  const held = [...TYPES].flatMap(([code, type]) => {
    const value = type.read(record, parts);
    return value === undefined ? [] : [{ code, type, value }];
  });
  const names = held.map(({ type }) => type.name).join(' and ');
  const telling = held.filter(({ type, value }) => type.isScalar === undefined || !isEmpty(value));
  if (record.type === 0) {
    const [only, ...others] = telling.length > 0 ? telling : held;
    if (others.length > 0) return `declares no type and holds ${names}`;
    return only?.value ?? { kind: 'other', type: 'UNDEFINED' };
  }
  const declared = TYPES.get(record.type);
  if (declared === undefined) return `is of type number ${record.type}, which ONNX does not have`;
  const found = held.find(({ code }) => code === record.type);
  if (found !== undefined) return found.value;
  if (telling.length > 0) return `is declared ${declared.name} and holds ${names}`;
  return declared.absent ?? `is declared ${declared.name} and holds nothing`;
}

const isEmpty = (value: OnnxAttribute): boolean =>
  (value.kind === 'numbers' && value.values[0] === 0) || (value.kind === 'strings' && value.values[0] === '');
