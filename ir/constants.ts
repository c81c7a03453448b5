/** Big numbers live beside the graph: typed arrays in an append-only pool, named by their content. */
import { createHash } from 'node:crypto';
import { defect } from './diagnostics/diagnostic.ts';
import { sizeOf } from './dialect.ts';

export type ConstId = `@${string}`;

const ARRAYS = {
  f64: Float64Array,
  f32: Float32Array,
  i8: Int8Array,
  u8: Uint8Array,
  i16: Int16Array,
  i32: Int32Array,
} as const;
export type DType = keyof typeof ARRAYS;
export type TensorData = Float64Array | Float32Array | Int8Array | Uint8Array | Int16Array | Int32Array;

export interface Tensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** A tensor whose numbers stay where they are, in the user's file, until somebody reads them. */
export interface LazyTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** How the numbers come about: equal keys are equal numbers. */
  readonly key: string;
  /** The tensor of the file that they are made of. */
  readonly origin: string;
  /** Reads them anew at every call: nothing is kept. */
  read(): TensorData;
}

/**
 * Content-addressed: adding equal content twice gives the same name, so that graphs of all stages share one
 * pool, equal tensors are stored once and a name never changes its meaning. A lazy tensor is named by its origin
 * instead, since its content is not known yet.
 */
export interface ConstantPool {
  add(tensor: Tensor): ConstId;
  addLazy(tensor: LazyTensor): ConstId;
  /** The tensor of the file that a lazy constant is made of; undefined for one that is there. */
  originOf(id: ConstId): string | undefined;
  /** The data of a lazy tensor are read when `data` is touched, at every touch. */
  get(id: ConstId): Tensor;
  has(id: ConstId): boolean;
  digest(id: ConstId): string;
}

export const isDType = (name: string): name is DType => Object.hasOwn(ARRAYS, name);

/** The tensor's bytes, little-endian (every platform Node supports is). */
export const bytesOf = (tensor: Tensor): Uint8Array =>
  new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);

export function tensorFromBytes(dtype: DType, shape: readonly number[], bytes: Uint8Array): Tensor {
  const copy = new Uint8Array(bytes); // a Buffer’s own slice would share its pool
  return { dtype, shape, data: new ARRAYS[dtype](copy.buffer, 0, sizeOf(shape)) };
}

export const bytesPerElement = (dtype: DType): number => ARRAYS[dtype].BYTES_PER_ELEMENT;

export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function digestOf(tensor: Tensor): string {
  return createHash('sha256')
    .update(`${tensor.dtype}[${tensor.shape.join(',')}]`)
    .update(bytesOf(tensor))
    .digest('hex');
}

export function createConstants(): ConstantPool {
  const tensors = new Map<ConstId, { tensor: Tensor; digest: string }>();
  const lazy = new Map<ConstId, Tensor & { readonly origin: string }>();
  const entry = (id: ConstId) => tensors.get(id) ?? defect(`constant ${id} is not in the pool`);
  return {
    add(tensor) {
      if (sizeOf(tensor.shape) !== tensor.data.length) {
        defect(`constant [${tensor.shape}] holds ${tensor.data.length} numbers`);
      }
      if (!(tensor.data instanceof ARRAYS[tensor.dtype]))
        defect(`constant of ${tensor.dtype} in another array`);
      const digest = digestOf(tensor);
      const id: ConstId = `@${digest.slice(0, 12)}`;
      if (!tensors.has(id)) tensors.set(id, { tensor, digest });
      return id;
    },
    addLazy(tensor) {
      const { dtype, shape, key, origin } = tensor;
      const id: ConstId = `@~${sha256(`${dtype}[${shape}] ${key}`).slice(0, 12)}`;
      const view = {
        dtype,
        shape,
        origin,
        get data() {
          return tensor.read();
        },
      };
      lazy.set(id, view);
      return id;
    },
    originOf: id => lazy.get(id)?.origin,
    get: id => lazy.get(id) ?? entry(id).tensor,
    has: id => lazy.has(id) || tensors.has(id),
    digest: id => {
      const tensor = lazy.get(id);
      return tensor === undefined ? entry(id).digest : digestOf(tensor);
    },
  };
}
