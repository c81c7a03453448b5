/**
 * The messages of onnx.proto that an import reads, field by field, as records. Nothing is judged here.
 *
 * Source  onnx.proto, IR version 13; fields of older and newer versions are passed over
 */
import { BeyondLimit, DEEPEST } from './limits.ts';
import {
  type Entry,
  once,
  readEntry,
  readSparse,
  readTensor,
  type SparseRecord,
  type TensorRecord,
} from './proto-tensor.ts';
import type { Fields, WireReader } from './wire.ts';

export interface OpsetRecord {
  domain: string;
  version: number;
}

export interface ModelRecord {
  readonly opsets: OpsetRecord[];
  readonly metadata: Entry[];
  readonly functions: FunctionRecord[];
  /** The exporter, as it calls itself, and its version. */
  producer: string;
  producerVersion: string;
  graph?: GraphRecord;
}

export interface GraphRecord {
  readonly depth: number;
  name: string;
  readonly nodes: NodeRecord[];
  readonly initializers: TensorRecord[];
  readonly sparse: SparseRecord[];
  readonly inputs: ValueRecord[];
  readonly outputs: ValueRecord[];
  /** What the file claims of values inside. */
  readonly values: ValueRecord[];
}

export interface FunctionRecord {
  name: string;
  domain: string;
  overload: string;
  readonly inputs: string[];
  readonly outputs: string[];
  /** Those that a call must give, and those with a default. */
  readonly attributes: string[];
  readonly defaults: AttributeRecord[];
  readonly nodes: NodeRecord[];
  readonly opsets: OpsetRecord[];
}

export interface NodeRecord {
  readonly depth: number;
  name: string;
  operator: string;
  domain: string;
  overload: string;
  readonly inputs: string[];
  readonly outputs: string[];
  readonly attributes: AttributeRecord[];
  readonly metadata: Entry[];
}

/** What is absent was not in the file. */
export interface AttributeRecord {
  readonly depth: number;
  name: string;
  type: number;
  reference?: string;
  f?: number;
  i?: number;
  /** '' too where the text is too long to be kept. */
  s?: string;
  t?: TensorRecord;
  g?: GraphRecord;
  sparse?: SparseRecord;
  floats?: number[];
  ints?: number[];
  strings?: string[];
  /** Declared types (AttributeType) of values that are there and not kept. */
  readonly others: Set<number>;
}

export type Dim = number | string | undefined;
export interface ValueRecord {
  name: string;
  /** The TypeProto's field: 1 is a tensor. */
  kind?: number;
  /** 0: not said. */
  element: number;
  shape?: Dim[];
}

function readName(list: string[], reader: WireReader): void {
  reader.spend('names', 1);
  list.push(reader.name());
}

const DIMENSION: Fields<{ size: Dim }> = {
  1: (dim, r) => {
    dim.size = r.integer();
  },
  2: (dim, r) => {
    dim.size = r.name() || dim.size;
  },
};
const SHAPE: Fields<Dim[]> = {
  1: (shape, r) => {
    r.spend('numbers', 1);
    const dim: { size: Dim } = { size: undefined };
    shape.push(r.message(DIMENSION, dim).size);
  },
};
const TENSOR_TYPE: Fields<ValueRecord> = {
  1: (value, r) => {
    value.element = r.integer();
  },
  2: (value, r) => {
    once(value.shape, 'shapes');
    value.shape = r.message(SHAPE, []);
  },
};
const otherKind =
  (kind: number) =>
  (value: ValueRecord): void => {
    value.kind = kind;
  };
const TYPE: Fields<ValueRecord> = {
  1: (value, r) => {
    value.kind = 1;
    r.message(TENSOR_TYPE, value);
  },
  ...Object.fromEntries([4, 5, 7, 8, 9].map(kind => [kind, otherKind(kind)])),
};
const VALUE: Fields<ValueRecord> = {
  1: (value, r) => {
    value.name = r.name();
  },
  2: (value, r) => {
    once(value.kind, 'types');
    r.message(TYPE, value);
  },
};

function readValue(reader: WireReader): ValueRecord {
  reader.spend('values', 1);
  return reader.message(VALUE, { name: '', element: 0 });
}

/** AttributeType of the fields whose values are not kept. */
const OTHERS = { 10: 9, 11: 10, 14: 13, 15: 14, 23: 12 } as const;
const ATTRIBUTE: Fields<AttributeRecord> = {
  ...Object.fromEntries(
    Object.entries(OTHERS).map(([field, type]) => [field, (a: AttributeRecord) => a.others.add(type)]),
  ),
  1: (a, r) => {
    a.name = r.name();
  },
  2: (a, r) => {
    a.f = r.float();
  },
  3: (a, r) => {
    a.i = r.integer();
  },
  4: (a, r) => {
    a.s = r.text() ?? '';
  },
  5: (a, r) => {
    once(a.t, 'tensors');
    a.t = readTensor(r);
  },
  6: (a, r) => {
    once(a.g, 'graphs');
    a.g = readGraph(r, a.depth + 1);
  },
  7: (a, r) => {
    a.floats ??= [];
    r.floats(a.floats);
  },
  8: (a, r) => {
    a.ints ??= [];
    r.integers(a.ints);
  },
  9: (a, r) => {
    a.strings ??= [];
    r.spend('names', 1);
    a.strings.push(r.text() ?? '');
  },
  20: (a, r) => {
    a.type = r.integer();
  },
  21: (a, r) => {
    a.reference = r.name();
  },
  22: (a, r) => {
    once(a.sparse, 'sparse tensors');
    a.sparse = readSparse(r);
  },
};

function readAttribute(reader: WireReader, depth: number): AttributeRecord {
  reader.spend('attributes', 1);
  return reader.message(ATTRIBUTE, { depth, name: '', type: 0, others: new Set() });
}

const NODE: Fields<NodeRecord> = {
  1: (node, r) => readName(node.inputs, r),
  2: (node, r) => readName(node.outputs, r),
  3: (node, r) => {
    node.name = r.name();
  },
  4: (node, r) => {
    node.operator = r.name();
  },
  5: (node, r) => {
    node.attributes.push(readAttribute(r, node.depth));
  },
  7: (node, r) => {
    node.domain = r.name();
  },
  8: (node, r) => {
    node.overload = r.name();
  },
  9: (node, r) => readEntry(node.metadata, r),
};

function readNode(reader: WireReader, depth: number): NodeRecord {
  reader.spend('nodes', 1);
  const names = { name: '', operator: '', domain: '', overload: '' };
  return reader.message(NODE, { depth, ...names, inputs: [], outputs: [], attributes: [], metadata: [] });
}

const GRAPH: Fields<GraphRecord> = {
  1: (graph, r) => {
    graph.nodes.push(readNode(r, graph.depth));
  },
  2: (graph, r) => {
    graph.name = r.name();
  },
  5: (graph, r) => {
    graph.initializers.push(readTensor(r));
  },
  11: (graph, r) => {
    graph.inputs.push(readValue(r));
  },
  12: (graph, r) => {
    graph.outputs.push(readValue(r));
  },
  13: (graph, r) => {
    graph.values.push(readValue(r));
  },
  15: (graph, r) => {
    graph.sparse.push(readSparse(r));
  },
};

function readGraph(reader: WireReader, depth: number): GraphRecord {
  if (depth > DEEPEST) throw new BeyondLimit(`graphs nest deeper than ${DEEPEST}`);
  const lists = { nodes: [], initializers: [], sparse: [], inputs: [], outputs: [], values: [] };
  return reader.message(GRAPH, { depth, name: '', ...lists });
}

const OPSET: Fields<OpsetRecord> = {
  1: (opset, r) => {
    opset.domain = r.name();
  },
  2: (opset, r) => {
    opset.version = r.integer();
  },
};
function readOpset(list: OpsetRecord[], reader: WireReader): void {
  reader.spend('names', 1);
  list.push(reader.message(OPSET, { domain: '', version: 0 }));
}

const FUNCTION: Fields<FunctionRecord> = {
  1: (f, r) => {
    f.name = r.name();
  },
  4: (f, r) => readName(f.inputs, r),
  5: (f, r) => readName(f.outputs, r),
  6: (f, r) => readName(f.attributes, r),
  7: (f, r) => {
    f.nodes.push(readNode(r, 0));
  },
  9: (f, r) => readOpset(f.opsets, r),
  10: (f, r) => {
    f.domain = r.name();
  },
  11: (f, r) => {
    f.defaults.push(readAttribute(r, 0));
  },
  13: (f, r) => {
    f.overload = r.name();
  },
};

function readFunction(reader: WireReader): FunctionRecord {
  reader.spend('nodes', 1);
  const names = { name: '', domain: '', overload: '' };
  const lists = { inputs: [], outputs: [], attributes: [], defaults: [], nodes: [], opsets: [] };
  return reader.message(FUNCTION, { ...names, ...lists });
}

export const MODEL: Fields<ModelRecord> = {
  2: (model, r) => {
    model.producer = r.text() ?? '';
  },
  3: (model, r) => {
    model.producerVersion = r.text() ?? '';
  },
  7: (model, r) => {
    once(model.graph, 'graphs');
    model.graph = readGraph(r, 0);
  },
  8: (model, r) => readOpset(model.opsets, r),
  14: (model, r) => readEntry(model.metadata, r),
  25: (model, r) => {
    model.functions.push(readFunction(r));
  },
};
