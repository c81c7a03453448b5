/** Records of tensors → tensors that are read when they are wanted: from the model, or from a file beside it. */
import { sizeOf } from '../../ir/dialect.ts';
import { createExternalFiles, type ExternalFiles, locateExternal } from './external.ts';
import { createBudget } from './limits.ts';
import { readTensorFile, type SparseRecord, type TensorRecord } from './proto-tensor.ts';
import { memoryFile, memorySource } from './source.ts';
import { bytesOf, countNonFinite, countNumbers, readNumbers, type Stored } from './stored.ts';
import {
  type ElementType,
  elementOf,
  FORMATS,
  MAX_ELEMENTS,
  type Numbers,
  type TensorProblem,
  type TensorSource,
  typeName,
} from './tensor.ts';

/** NumPy has no more either. */
export const MAX_RANK = 64;
/** A sparse tensor is dense once it is loaded, and a few bytes of the file can ask for any size. */
const MAX_SPARSE = 2 ** 26;

const broken = (reason: string): TensorProblem => ({ kind: 'broken', reason });

const printShape = (shape: readonly number[]): string =>
  shape.length > MAX_RANK ? `of ${shape.length} axes` : `[${shape.join(', ')}]`;

export function tensorSource(record: TensorRecord, files: ExternalFiles): TensorSource {
  const { name, dims: shape } = record;
  const element = elementOf(record.type);
  const found = locate(record, element, files);
  const isThere = 'stored' in found;
  let problem: TensorProblem | undefined | 'not checked' = isThere ? 'not checked' : found;
  return {
    name,
    element,
    shape,
    bytes: isThere ? bytesOf(found.stored) : 0,
    get problem() {
      if (problem === 'not checked') problem = isThere ? problemOf(found, shape) : undefined;
      return problem;
    },
    load: () =>
      isThere ? { element: found.element, shape, data: loadNumbers(found, shape) } : notThere(name),
    countNonFinite: () => (isThere ? countNonFinite(found.stored, FORMATS[found.element]) : notThere(name)),
  };
}

/** A file that is one TensorProto, as tests of operators keep them. */
export const tensorOfFile = (bytes: Uint8Array, name: string): TensorSource =>
  tensorSource(
    readTensorFile(memorySource(bytes), createBudget()),
    createExternalFiles(memoryFile(bytes, name)),
  );

function notThere(name: string): never {
  throw new Error(`tensor ${name} is read in spite of its problem`);
}

interface Located {
  readonly element: ElementType;
  readonly stored: Stored;
}

function locate(
  record: TensorRecord,
  element: ElementType | undefined,
  files: ExternalFiles,
): Located | TensorProblem {
  const { name, dims, raw, runs, external, isExternal, isSegment } = record;
  if (element === undefined)
    return broken(`its element type is ${typeName(record.type)}; networks are computed in real numbers`);
  const length = sizeOf(dims);
  const isShape = dims.length <= MAX_RANK && dims.every(size => Number.isSafeInteger(size) && size >= 0);
  if (!isShape || !(length <= MAX_ELEMENTS)) return broken(`its shape is ${printShape(dims)}`);
  if (isSegment) return broken('it is only a segment of a tensor');
  const format = FORMATS[element];
  if (isExternal) {
    const span = locateExternal({ tensor: name, entries: external, bytes: length * format.bytes }, files);
    return 'kind' in span ? span : { element, stored: { kind: 'raw', span } };
  }
  const isRaw = raw !== undefined && raw.length > 0;
  const stored: Stored = isRaw
    ? { kind: 'raw', span: raw }
    : { kind: 'typed', runs: runs.get(format.field) ?? [] };
  return { element, stored };
}

function problemOf({ element, stored }: Located, shape: readonly number[]): TensorProblem | undefined {
  const wanted = sizeOf(shape);
  const there = countNumbers(stored, FORMATS[element]);
  if (typeof there === 'string') return broken(there);
  return there === wanted
    ? undefined
    : broken(`its shape ${printShape(shape)} wants ${wanted} numbers, ${there} are there`);
}

function loadNumbers({ element, stored }: Located, shape: readonly number[]): Numbers {
  const format = FORMATS[element];
  const out = format.make(sizeOf(shape));
  let at = 0;
  for (const raw of readNumbers(stored, format)) {
    format.decode(raw, out, at);
    at += raw.length / format.bytes;
  }
  return out;
}

/** Dense when it is loaded. Indices are places in the flat tensor, or one row of coordinates for each value. */
export function sparseSource({ values, indices, dims }: SparseRecord, files: ExternalFiles): TensorSource {
  const empty: TensorRecord = { name: '', type: 0, dims: [], runs: new Map(), ...NEITHER, external: [] };
  const numbers = tensorSource(values ?? empty, files);
  const places = tensorSource(indices ?? empty, files);
  let problem: TensorProblem | undefined | 'not checked' = 'not checked';
  return {
    ...{ name: numbers.name, element: numbers.element, shape: dims, bytes: numbers.bytes + places.bytes },
    get problem() {
      if (problem === 'not checked') problem = sparseProblem(numbers, places, dims);
      return problem;
    },
    load() {
      const { element, data } = numbers.load();
      const out = FORMATS[element].make(sizeOf(dims));
      flatPlaces(places, dims).forEach((place, i) => {
        out[place] = data[i]!;
      });
      return { element, shape: dims, data: out };
    },
    countNonFinite: numbers.countNonFinite,
  };
}
const NEITHER = { isExternal: false, isSegment: false } as const;

function sparseProblem(
  numbers: TensorSource,
  places: TensorSource,
  dims: readonly number[],
): TensorProblem | undefined {
  const isShape = dims.length <= MAX_RANK && dims.every(size => Number.isSafeInteger(size) && size >= 0);
  const size = sizeOf(dims);
  if (!isShape || !(size <= MAX_SPARSE)) return broken(`its sparse shape is ${printShape(dims)}`);
  const inner = numbers.problem ?? places.problem;
  if (inner !== undefined) return inner;
  const [count = -1, ...others] = numbers.shape;
  const isPaired =
    places.element === 'int64' &&
    others.length === 0 &&
    places.shape[0] === count &&
    (places.shape.length === 1 || (places.shape.length === 2 && places.shape[1] === dims.length));
  if (!isPaired) return broken('its sparse values and indices do not go together');
  const isInside = flatPlaces(places, dims).every(place => place >= 0 && place < size);
  return isInside ? undefined : broken('an index of its sparse values lies outside of its shape');
}

/** −1 for coordinates that lie outside. */
function flatPlaces(places: TensorSource, dims: readonly number[]): Float64Array {
  const indices = Float64Array.from(places.load().data);
  if (places.shape.length === 1) return indices;
  return Float64Array.from({ length: places.shape[0] ?? 0 }, (_, row) =>
    dims.reduce((flat, size, axis) => {
      const index = indices[row * dims.length + axis]!;
      return flat < 0 || index < 0 || index >= size ? -1 : flat * size + index;
    }, 0),
  );
}
