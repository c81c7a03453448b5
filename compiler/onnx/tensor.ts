/** Tensors of the file: any of ONNX's number types → numbers in memory. */

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

/** A tensor that lies in a file until it is wanted. */
export interface TensorSource {
  readonly name: string;
  /** Undefined: a type that is not computed with, which `problem` names. */
  readonly element: ElementType | undefined;
  readonly shape: readonly number[];
  /** What it takes on disk. */
  readonly bytes: number;
  /** Why its numbers cannot be read; `load` and `countNonFinite` are for tensors without. */
  readonly problem?: TensorProblem | undefined;
  /** Reads this tensor alone, and keeps nothing. */
  load(): OnnxTensor;
  /** Reads its bits piece by piece. Cost: memory for one piece. */
  countNonFinite(): NonFinite;
}
/** External data that cannot be opened has been reported once for all tensors of that file: E0105. */
export type TensorProblem =
  | { readonly kind: 'external'; readonly location: string; readonly reason: string }
  | { readonly kind: 'broken'; readonly reason: string };

export interface NonFinite {
  readonly nans: number;
  readonly infinities: number;
}

/** Above, a shape is taken for a lie before memory is asked for. */
export const MAX_ELEMENTS = 2 ** 31;

export type TypedField = 'float' | 'int32' | 'int64' | 'double' | 'uint64';

export interface Format {
  /** TensorProto.DataType. */
  readonly code: number;
  readonly bytes: number;
  /** The typed field that holds the numbers when they are not raw. */
  readonly field: TypedField;
  /** Numbers of this type, all 0. */
  make(length: number): Numbers;
  /** Little-endian bytes, aligned as any number wants it, → numbers from `at` on. */
  decode(raw: Uint8Array, out: Numbers, at: number): void;
  /** Where the exponent and the fraction of a floating-point number lie, in its upper word. */
  readonly float?: FloatLayout;
}
export interface FloatLayout {
  readonly exponent: number;
  readonly fraction: number;
}

const f64 = (length: number) => new Float64Array(length);
const f32 = (length: number) => new Float32Array(length);
const words32 = (raw: Uint8Array) => new Uint32Array(raw.buffer, raw.byteOffset, raw.byteLength / 4);
const words16 = (raw: Uint8Array) => new Uint16Array(raw.buffer, raw.byteOffset, raw.byteLength / 2);

type View = new (buffer: ArrayBufferLike, offset: number, length: number) => ArrayLike<number>;
/** The numbers in memory are those of the file. */
const asIs =
  (view: View, bytes: number): Format['decode'] =>
  (raw, out, at) =>
    out.set(new view(raw.buffer, raw.byteOffset, raw.byteLength / bytes), at);

const decodeInt64: Format['decode'] = (raw, out, at) => {
  const words = words32(raw);
  for (let i = 0; i < words.length; i += 2) out[at + i / 2] = (words[i + 1]! | 0) * 2 ** 32 + words[i]!;
};
const decodeUint64: Format['decode'] = (raw, out, at) => {
  const words = words32(raw);
  for (let i = 0; i < words.length; i += 2) out[at + i / 2] = words[i + 1]! * 2 ** 32 + words[i]!;
};
const decodeBool: Format['decode'] = (raw, out, at) => {
  for (let i = 0; i < raw.length; i++) out[at + i] = raw[i] === 0 ? 0 : 1;
};

const bitsOf = (out: Numbers, at: number, length: number) =>
  new Uint32Array(out.buffer, out.byteOffset + at * 4, length);

/** IEEE 754 binary16 → binary32: the exponent is moved to its new bias; numbers below 2^−14 become normal. */
const decodeFloat16: Format['decode'] = (raw, out, at) => {
  const words = words16(raw);
  const bits = bitsOf(out, at, words.length);
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const exponent = word & 0x7c00;
    const sign = (word & 0x8000) << 16;
    if (exponent === 0) out[at + i] = (word & 0x3ff) * 2 ** -24 * (sign === 0 ? 1 : -1);
    else if (exponent === 0x7c00) bits[i] = sign | 0x7f800000 | ((word & 0x3ff) << 13);
    else bits[i] = sign | (((word & 0x7fff) << 13) + 0x38000000);
  }
};

/** The upper half of a binary32. */
const decodeBfloat16: Format['decode'] = (raw, out, at) => {
  const words = words16(raw);
  const bits = bitsOf(out, at, words.length);
  for (let i = 0; i < words.length; i++) bits[i] = words[i]! << 16;
};

const FLOAT32 = { exponent: 0x7f800000, fraction: 0x7fffff };
const FLOAT64 = { exponent: 0x7ff00000, fraction: 0xfffff };
const FLOAT16 = { exponent: 0x7c00, fraction: 0x3ff };
const BFLOAT16 = { exponent: 0x7f80, fraction: 0x7f };

/** biome-ignore format: a table */
export const FORMATS: { readonly [E in ElementType]: Format } = {
  float32: { code: 1, bytes: 4, field: 'float', make: f32, decode: asIs(Float32Array, 4), float: FLOAT32 },
  uint8: { code: 2, bytes: 1, field: 'int32', make: n => new Uint8Array(n), decode: asIs(Uint8Array, 1) },
  int8: { code: 3, bytes: 1, field: 'int32', make: n => new Int8Array(n), decode: asIs(Int8Array, 1) },
  uint16: { code: 4, bytes: 2, field: 'int32', make: n => new Uint16Array(n), decode: asIs(Uint16Array, 2) },
  int16: { code: 5, bytes: 2, field: 'int32', make: n => new Int16Array(n), decode: asIs(Int16Array, 2) },
  int32: { code: 6, bytes: 4, field: 'int32', make: n => new Int32Array(n), decode: asIs(Int32Array, 4) },
  int64: { code: 7, bytes: 8, field: 'int64', make: f64, decode: decodeInt64 },
  bool: { code: 9, bytes: 1, field: 'int32', make: n => new Uint8Array(n), decode: decodeBool },
  float16: { code: 10, bytes: 2, field: 'int32', make: f32, decode: decodeFloat16, float: FLOAT16 },
  float64: { code: 11, bytes: 8, field: 'double', make: f64, decode: asIs(Float64Array, 8), float: FLOAT64 },
  uint32: { code: 12, bytes: 4, field: 'uint64', make: f64, decode: asIs(Uint32Array, 4) },
  uint64: { code: 13, bytes: 8, field: 'uint64', make: f64, decode: decodeUint64 },
  bfloat16: { code: 16, bytes: 2, field: 'int32', make: f32, decode: decodeBfloat16, float: BFLOAT16 },
};

/** Types of ONNX that no network here is computed with. */
const FOREIGN: ReadonlyMap<number, string> = new Map([
  ...([
    [8, 'string'],
    [14, 'complex64'],
    [15, 'complex128'],
  ] as const),
  ...([
    [17, 'float8e4m3fn'],
    [18, 'float8e4m3fnuz'],
    [19, 'float8e5m2'],
    [20, 'float8e5m2fnuz'],
  ] as const),
  ...([
    [21, 'uint4'],
    [22, 'int4'],
    [23, 'float4e2m1'],
    [24, 'float8e8m0'],
  ] as const),
  ...([
    [25, 'uint2'],
    [26, 'int2'],
    [27, 'float6e2m3'],
    [28, 'float6e3m2'],
  ] as const),
]);

const BY_CODE: ReadonlyMap<number, ElementType> = new Map(ELEMENTS.map(name => [FORMATS[name].code, name]));

export const elementOf = (code: number): ElementType | undefined => BY_CODE.get(code);
export const typeName = (code: number): string =>
  BY_CODE.get(code) ?? FOREIGN.get(code) ?? `type number ${code}, which ONNX does not have`;

export const isFloat = (element: ElementType | undefined): boolean =>
  element !== undefined && FORMATS[element].float !== undefined;
export const makeNumbers = (element: ElementType, length: number): Numbers => FORMATS[element].make(length);
