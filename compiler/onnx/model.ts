/**
 * Bytes → the parts of an ONNX ModelProto that the importer reads, as plain data. Nothing is judged here but
 * whether the bytes are a model at all.
 */
import onnxProto from 'onnx-proto';
import type { Report } from '../../ir/diagnostics/diagnostic.ts';
import { type ElementType, elementOf, type TensorSource, tensorSource, toNumber } from './tensor.ts';

export interface OnnxModel {
  /** Version of each operator set, by domain; the standard one is ''. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly graph: OnnxGraph;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: ReadonlyMap<string, TensorSource>;
  readonly inputs: readonly OnnxValueInfo[];
  readonly outputs: readonly OnnxValueInfo[];
  /** Shapes that the file claims for values, where it does. */
  readonly shapes: ReadonlyMap<string, NonNullable<OnnxValueInfo['shape']>>;
}

export interface OnnxNode {
  /** The node's name, or operator and first output where it has none. */
  readonly name: string;
  readonly domain: string;
  readonly operator: string;
  /** Version of the standard operators that a local function asked for its nodes. */
  readonly opset?: number;
  /** The module of the trained network, where the exporter wrote it down. */
  readonly scope?: string;
  /** An omitted optional input is ''. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, OnnxAttribute>;
}

export type OnnxAttribute =
  | { readonly kind: 'numbers'; readonly values: readonly number[] }
  | { readonly kind: 'strings'; readonly values: readonly string[] }
  | { readonly kind: 'tensor'; readonly tensor: TensorSource }
  | { readonly kind: 'graph'; readonly graph: OnnxGraph }
  | { readonly kind: 'other' };

export interface OnnxValueInfo {
  readonly name: string;
  readonly element: ElementType | undefined;
  /** A number, the name of a symbol, or undefined where nothing is said; undefined in all for no shape. */
  readonly shape: readonly (number | string | undefined)[] | undefined;
}

type Proto = typeof onnxProto.onnx;
type GraphProto = onnxProto.onnx.IGraphProto;
type NodeProto = onnxProto.onnx.INodeProto;

const DEEPEST = 64;

/** Errors E0102. Cost: weights stay where they are in `bytes` until a tensor is loaded. */
export function readModel(bytes: Uint8Array, source: string, report: Report): OnnxModel | undefined {
  const refuse = (reason: string) => {
    report('E0102', { origin: source }, { reason });
    return undefined;
  };
  if (bytes.length === 0) return refuse('the file is empty');
  const proto = decode(bytes);
  if (typeof proto === 'string') return refuse(proto);
  const { graph } = proto;
  if (graph === null || graph === undefined) return refuse('it has no graph');
  if ((graph.node ?? []).length === 0) return refuse('its graph has no nodes');
  const opsets = new Map(
    (proto.opsetImport ?? []).map(set => [domainOf(set.domain), toNumber(set.version)] as const),
  );
  if (!opsets.has('')) return refuse('it names no version of the standard operators');
  const metadata = Object.fromEntries(
    (proto.metadataProps ?? []).map(({ key, value }) => [key ?? '', value ?? '']),
  );
  return { opsets, graph: graphOf(graph), metadata };
}

/** The text is the reason why not. */
function decode(bytes: Uint8Array): InstanceType<Proto['ModelProto']> | string {
  const deep = nestingOf(bytes);
  if (deep > DEEPEST) return `graphs nest deeper than ${DEEPEST}`;
  try {
    return onnxProto.onnx.ModelProto.decode(bytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message : `${error}`;
    const isShort = reason.includes('out of range');
    return isShort ? `it ends too early, after ${bytes.length} bytes` : `it does not decode (${reason})`;
  }
}

/** Fields through which a graph can hold a graph: ModelProto, GraphProto, NodeProto, AttributeProto. */
const INNER: readonly ReadonlySet<number>[] = [new Set([7]), new Set([1]), new Set([5]), new Set([6, 11])];

/**
 * How deep graphs lie in graphs, read off the wire format without recursion, because the decoder recurses.
 * Malformed parts are skipped: the decoder reports them.
 */
function nestingOf(bytes: Uint8Array): number {
  const open: { at: number; end: number; level: number }[] = [{ at: 0, end: bytes.length, level: 0 }];
  let deepest = 0;
  for (let top = open.pop(); top !== undefined && deepest <= DEEPEST; top = open.pop()) {
    const { level, end } = top;
    deepest = Math.max(deepest, Math.floor(level / 3));
    const inner = INNER[level === 0 ? 0 : 1 + ((level - 1) % 3)];
    let { at } = top;
    while (at < end) {
      const field = readField(bytes, at, end);
      if (field === undefined) break;
      at = field.end;
      if (field.start !== undefined && inner?.has(field.number) === true) {
        open.push({ at: field.start, end: field.end, level: level + 1 });
      }
    }
  }
  return deepest;
}

function readField(
  bytes: Uint8Array,
  from: number,
  end: number,
): { number: number; start: number | undefined; end: number } | undefined {
  let at = from;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; at < end; shift += 7) {
      const byte = bytes[at++]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80 || shift > 63) break;
    }
    return value;
  };
  const tag = varint();
  const number = Math.floor(tag / 8);
  const wire = tag % 8;
  if (wire === 2) {
    const length = varint();
    return at + length > end ? undefined : { number, start: at, end: at + length };
  }
  if (wire === 0) varint();
  else if (wire === 1) at += 8;
  else if (wire === 5) at += 4;
  else return undefined;
  return { number, start: undefined, end: at };
}

const domainOf = (domain: string | null | undefined): string => (domain === 'ai.onnx' ? '' : (domain ?? ''));

function graphOf(graph: GraphProto): OnnxGraph {
  return {
    name: graph.name ?? '',
    nodes: (graph.node ?? []).map(nodeOf),
    initializers: new Map((graph.initializer ?? []).map(proto => [proto.name ?? '', tensorSource(proto)])),
    inputs: (graph.input ?? []).map(valueInfoOf),
    outputs: (graph.output ?? []).map(valueInfoOf),
    shapes: new Map(
      (graph.valueInfo ?? [])
        .map(valueInfoOf)
        .flatMap(({ name, shape }) => (shape === undefined ? [] : [[name, shape] as const])),
    ),
  };
}

function nodeOf(node: NodeProto): OnnxNode {
  const operator = node.opType ?? '';
  const outputs = node.output ?? [];
  return {
    name: node.name ? node.name : `${operator} ${outputs[0] ?? ''}`.trim(),
    domain: domainOf(node.domain),
    operator,
    inputs: node.input ?? [],
    outputs,
    attributes: new Map((node.attribute ?? []).map(proto => [proto.name ?? '', attributeOf(proto)])),
  };
}

const text = new TextDecoder();

function attributeOf(proto: onnxProto.onnx.IAttributeProto): OnnxAttribute {
  const types = onnxProto.onnx.AttributeProto.AttributeType;
  switch (proto.type) {
    case types.FLOAT:
      return { kind: 'numbers', values: [proto.f ?? 0] };
    case types.INT:
      return { kind: 'numbers', values: [toNumber(proto.i)] };
    case types.FLOATS:
      return { kind: 'numbers', values: proto.floats ?? [] };
    case types.INTS:
      return { kind: 'numbers', values: (proto.ints ?? []).map(toNumber) };
    case types.STRING:
      return { kind: 'strings', values: [text.decode(proto.s ?? new Uint8Array())] };
    case types.STRINGS:
      return { kind: 'strings', values: (proto.strings ?? []).map(bytes => text.decode(bytes)) };
    case types.TENSOR:
      return proto.t ? { kind: 'tensor', tensor: tensorSource(proto.t) } : { kind: 'other' };
    case types.GRAPH:
      return proto.g ? { kind: 'graph', graph: graphOf(proto.g) } : { kind: 'other' };
    default:
      return { kind: 'other' };
  }
}

function valueInfoOf(proto: onnxProto.onnx.IValueInfoProto): OnnxValueInfo {
  const type = proto.type?.tensorType;
  const dims = type?.shape?.dim;
  const shape = dims?.map(dim =>
    dim.dimParam ? dim.dimParam : dim.dimValue == null ? undefined : toNumber(dim.dimValue),
  );
  return { name: proto.name ?? '', element: elementOf(type?.elemType), shape };
}
