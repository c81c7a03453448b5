/** Tensors of the file: any of ONNX's number types and both of its encodings → numbers in memory. */
import type onnxProto from 'onnx-proto';
import { sizeOf } from '../../ir/dialect.ts';

export const ELEMENTS = [
  ...['float32', 'float64', 'float16', 'bfloat16'],
  ...['int64', 'int32', 'int16', 'int8', 'uint64', 'uint32', 'uint16', 'uint8', 'bool'],
] as const;
export type ElementType = (typeof ELEMENTS)[number];

/** Integers of 64 bits are doubles: exact to 2^53, and INT64_MAX as "to the end" stays large. */
export type Numbers =
  | Float32Array
  | Float64Array
  | Int32Array
  | Int16Array
  | Int8Array
  | Uint16Array
  | Uint8Array;

export interface OnnxTensor {
  readonly element: ElementType;
  readonly shape: readonly number[];
  readonly data: Numbers;
}

/** A tensor whose numbers are read when they are first wanted; `problem` says why they cannot be. */
export interface TensorSource {
  readonly name: string;
  readonly element: ElementType | undefined;
  readonly shape: readonly number[];
  readonly problem?: TensorProblem | undefined;
  load(): OnnxTensor;
}
export type TensorProblem =
  | { readonly kind: 'external'; readonly location: string }
  | { readonly kind: 'broken'; readonly reason: string };

type TensorProto = onnxProto.onnx.ITensorProto;

interface Format {
  readonly code: number;
  readonly bytes: number;
  /** Numbers of this type, all 0. */
  make(length: number): Numbers;
  read(view: DataView, at: number): number;
  /** The typed field that holds the numbers when they are not raw, and how an entry of it reads. */
  readonly field: 'floatData' | 'doubleData' | 'int32Data' | 'int64Data' | 'uint64Data';
  readonly decode?: (entry: number) => number;
}

const f64 = (length: number) => new Float64Array(length);
const f32 = (length: number) => new Float32Array(length);
const i32 = (length: number) => new Int32Array(length);

const FORMATS: { readonly [E in ElementType]: Format } = {
  float32: { code: 1, bytes: 4, make: f32, read: (v, at) => v.getFloat32(at, true), field: 'floatData' },
  uint8: {
    code: 2,
    bytes: 1,
    make: n => new Uint8Array(n),
    read: (v, at) => v.getUint8(at),
    field: 'int32Data',
  },
  int8: {
    code: 3,
    bytes: 1,
    make: n => new Int8Array(n),
    read: (v, at) => v.getInt8(at),
    field: 'int32Data',
  },
  uint16: {
    code: 4,
    bytes: 2,
    make: n => new Uint16Array(n),
    read: (v, at) => v.getUint16(at, true),
    field: 'int32Data',
  },
  int16: {
    code: 5,
    bytes: 2,
    make: n => new Int16Array(n),
    read: (v, at) => v.getInt16(at, true),
    field: 'int32Data',
  },
  int32: { code: 6, bytes: 4, make: i32, read: (v, at) => v.getInt32(at, true), field: 'int32Data' },
  int64: {
    code: 7,
    bytes: 8,
    make: f64,
    read: (v, at) => Number(v.getBigInt64(at, true)),
    field: 'int64Data',
  },
  bool: {
    code: 9,
    bytes: 1,
    make: n => new Uint8Array(n),
    read: (v, at) => (v.getUint8(at) === 0 ? 0 : 1),
    field: 'int32Data',
  },
  float16: {
    code: 10,
    bytes: 2,
    make: f32,
    read: (v, at) => fromFloat16(v.getUint16(at, true)),
    field: 'int32Data',
    decode: entry => fromFloat16(entry & 0xffff),
  },
  float64: { code: 11, bytes: 8, make: f64, read: (v, at) => v.getFloat64(at, true), field: 'doubleData' },
  uint32: { code: 12, bytes: 4, make: f64, read: (v, at) => v.getUint32(at, true), field: 'uint64Data' },
  uint64: {
    code: 13,
    bytes: 8,
    make: f64,
    read: (v, at) => Number(v.getBigUint64(at, true)),
    field: 'uint64Data',
  },
  bfloat16: {
    code: 16,
    bytes: 2,
    make: f32,
    read: (v, at) => fromBfloat16(v.getUint16(at, true)),
    field: 'int32Data',
    decode: entry => fromBfloat16(entry & 0xffff),
  },
};

const BY_CODE: ReadonlyMap<number, ElementType> = new Map(ELEMENTS.map(name => [FORMATS[name].code, name]));

export const elementOf = (code: number | null | undefined): ElementType | undefined => BY_CODE.get(code ?? 0);

const FLOATS: ReadonlySet<ElementType> = new Set(['float32', 'float64', 'float16', 'bfloat16']);
export const isFloat = (element: ElementType | undefined): boolean =>
  element !== undefined && FLOATS.has(element);
export const makeNumbers = (element: ElementType, length: number): Numbers => FORMATS[element].make(length);

/** IEEE 754 binary16. */
export function fromFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The upper half of a binary32. */
function fromBfloat16(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, bits << 16);
  return view.getFloat32(0);
}

/** 64-bit integers of protobuf come as numbers or as objects that know their number. */
export function toNumber(value: unknown): number {
  if (typeof value === 'number') return value;
  const isLong = typeof value === 'object' && value !== null && 'toNumber' in value;
  return isLong && typeof value.toNumber === 'function' ? Number(value.toNumber()) : 0;
}

const EXTERNAL = 1;
/** Above, a shape is taken for a lie before memory is asked for. */
export const MAX_ELEMENTS = 2 ** 31;

export function tensorSource(proto: TensorProto): TensorSource {
  const name = proto.name ?? '';
  const shape = (proto.dims ?? []).map(toNumber);
  const element = elementOf(proto.dataType);
  const problem = problemOf(proto, shape, element);
  let loaded: OnnxTensor | undefined;
  const load = () => {
    loaded ??= {
      element: element ?? 'float32',
      shape,
      data: readNumbers(proto, element ?? 'float32', sizeOf(shape)),
    };
    return loaded;
  };
  return { name, element, shape, problem, load };
}

function problemOf(
  proto: TensorProto,
  shape: readonly number[],
  element: ElementType | undefined,
): TensorProblem | undefined {
  if (proto.dataLocation === EXTERNAL) {
    const location = proto.externalData?.find(entry => entry.key === 'location')?.value ?? '?';
    return { kind: 'external', location };
  }
  const broken = (reason: string): TensorProblem => ({ kind: 'broken', reason });
  if (element === undefined)
    return broken(`its element type (number ${proto.dataType ?? 0}) is not known here`);
  const length = sizeOf(shape);
  if (shape.some(size => size < 0) || !(length <= MAX_ELEMENTS))
    return broken(`its shape is [${shape.join(', ')}]`);
  const there = storedLength(proto, element);
  return there === length
    ? undefined
    : broken(`its shape [${shape.join(', ')}] wants ${length} numbers, ${there} are there`);
}

const hasRaw = (proto: TensorProto): proto is TensorProto & { rawData: Uint8Array } =>
  proto.rawData !== null && proto.rawData !== undefined && proto.rawData.length > 0;

function storedLength(proto: TensorProto, element: ElementType): number {
  const { bytes, field } = FORMATS[element];
  return hasRaw(proto) ? proto.rawData.length / bytes : (proto[field]?.length ?? 0);
}

/** Raw bytes lie at any address, so they are read through a view, never as a typed array in place. */
function readNumbers(proto: TensorProto, element: ElementType, length: number): Numbers {
  const format = FORMATS[element];
  const out = format.make(length);
  if (hasRaw(proto)) {
    const { buffer, byteOffset, byteLength } = proto.rawData;
    if (element === 'float32') {
      new Uint8Array(out.buffer).set(proto.rawData);
      return out;
    }
    const view = new DataView(buffer, byteOffset, byteLength);
    for (let i = 0; i < length; i++) out[i] = format.read(view, i * format.bytes);
    return out;
  }
  const entries: readonly unknown[] = proto[format.field] ?? [];
  for (let i = 0; i < length; i++) {
    const entry = toNumber(entries[i]);
    out[i] = format.decode === undefined ? entry : format.decode(entry);
  }
  return out;
}
