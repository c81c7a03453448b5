/** Images in arrays: .npz, .npy and raw tensors. Whole numbers are pixels, floats are taken as normalised. */
import { statSync } from 'node:fs';
import type { Preprocess } from '../backends/preprocess.ts';
import { chooseArrays } from '../compiler/data/arrays.ts';
import { type ArrayLayout, arrayLayout, inputLayout, type Layout } from '../compiler/data/layout.ts';
import {
  MAX_HEADER,
  NPY_BYTES,
  type NpyArray,
  type NpyData,
  type NpyType,
  numbersOf,
  readNpyHeader,
} from '../compiler/data/npy.ts';
import { listNpz, readNpz } from '../compiler/data/npz.ts';
import { channelAt, networkNumbers, reorder, takeNormalised } from '../compiler/data/pixels.ts';
import type { Picture } from '../compiler/data/resample.ts';
import { normalise } from '../compiler/preprocess.ts';
import { fail, type Report } from '../ir/diagnostics/diagnostic.ts';
import { sizeOf } from '../ir/dialect.ts';
import { readSlice } from './data.ts';
import type { Taker } from './images.ts';
import type { DataOptions } from './options.ts';
import { listZip, openEntry, type ZipEntry } from './zip-rows.ts';

export interface NumberImages {
  readonly count: number;
  readonly labels: ArrayLike<number> | undefined;
  readonly holdsPixels: boolean;
  image(i: number): Float64Array;
}

export interface ArraySource {
  readonly path: string;
  readonly taker: Taker;
  readonly options: DataOptions;
  readonly report: Report;
  readonly toNumbers: (picture: Picture, layout: Layout, taker: Taker, name: string) => Float64Array;
}

/** Numbers of image i, as the file has them. */
interface Rows {
  readonly dtype: NpyType;
  readonly shape: readonly number[];
  row(i: number): NpyData;
}

/** Errors E0113, E0120. */
export function openZip(bytes: Uint8Array, source: ArraySource, wanted: string | undefined): NumberImages {
  const { path } = source;
  const names = listNpz(bytes, path);
  const { images, labels } = chooseArrays(names, path, wanted);
  const arrays = readNpz(bytes, path, labels === undefined ? [images] : [images, labels]);
  const array = arrays.get(images)!;
  const size = sizeOf(array.shape.slice(1));
  const row = (i: number) => array.data.subarray(i * size, (i + 1) * size);
  const opened = openRows({ ...array, row }, source);
  return labels === undefined ? opened : { ...opened, labels: labelsOf(arrays.get(labels)!, labels, path) };
}

/** One image at a time from an archive of any size. Errors E0101, E0113, E0120. */
export function openLargeZip(source: ArraySource, wanted: string | undefined): NumberImages {
  const { path } = source;
  const entries = new Map(
    listZip(path)
      .filter(({ name }) => name.endsWith('.npy'))
      .map(entry => [entry.name.slice(0, -4), entry]),
  );
  const { images, labels } = chooseArrays([...entries.keys()], path, wanted);
  const array = openNpyEntry(path, entries.get(images)!);
  const size = sizeOf(array.shape.slice(1)) * NPY_BYTES[array.dtype];
  const row = (i: number) => numbersOf(array.reader.read(array.start + i * size, size), array.dtype);
  const opened = openRows({ ...array, row }, source);
  return labels === undefined
    ? opened
    : { ...opened, labels: labelsOf(readWhole(path, entries.get(labels)!), labels, path) };
}

function openNpyEntry(path: string, entry: ZipEntry) {
  const reader = openEntry(path, entry);
  const head = reader.read(0, Math.min(entry.size, MAX_HEADER + 12));
  return { ...readNpyHeader(head, entry.size, `${path}:${entry.name}`), reader };
}

/** Labels of more bytes are none. */
const MAX_LABELS = 2 ** 30;

function readWhole(path: string, entry: ZipEntry): NpyArray {
  if (entry.size > MAX_LABELS) return refuse(path, `array ${entry.name} claims ${entry.size} bytes`);
  const { reader, start, ...array } = openNpyEntry(path, entry);
  return { ...array, data: numbersOf(reader.read(start, entry.size - start), array.dtype) };
}

function labelsOf({ shape, data }: NpyArray, name: string, path: string): ArrayLike<number> {
  const numbers = Array.from(data);
  const isColumn = shape.length === 1 || (shape.length === 2 && shape[1] === 1);
  if (isColumn && numbers.every(n => Number.isInteger(n) && n >= 0)) return numbers;
  const problem = `array ${name} [${shape.join(', ')}] holds no class numbers, one for each image`;
  return fail('E0120', { origin: path }, { path, problem });
}

/** One image at a time from the disk, however large the file. Errors E0113, E0120. */
export function openArray(source: ArraySource): NumberImages {
  const { path } = source;
  const header = readNpyHeader(readSlice(path, 0, MAX_HEADER + 12), statSync(path).size, path);
  const bytes = sizeOf(header.shape.slice(1)) * NPY_BYTES[header.dtype];
  const row = (i: number) => numbersOf(readSlice(path, header.start + i * bytes, bytes), header.dtype);
  return openRows({ ...header, row }, source);
}

/** The input's numbers, image after image, without a header. Errors E0120. */
export function openRaw(source: ArraySource): NumberImages {
  const { path, taker, options } = source;
  const size = sizeOf(taker.shape);
  const length = statSync(path).size;
  const fits = (['float32', 'uint8'] as const).filter(type => length % (size * NPY_BYTES[type]) === 0);
  const dtype = options.dataType ?? fits[0];
  if (length === 0) return refuse(path, 'it is empty');
  if (dtype === undefined || !fits.includes(dtype)) {
    return refuse(
      path,
      `its ${length} bytes are no whole number of images of ${size} ${dtype ?? ''} numbers`,
    );
  }
  if (options.dataType === undefined && fits.length > 1) {
    const help = 'Say which: --data-type float32 or --data-type uint8.';
    return refuse(path, 'its numbers may be float32 or uint8', help);
  }
  const bytes = size * NPY_BYTES[dtype];
  const row = (i: number) => numbersOf(readSlice(path, i * bytes, bytes), dtype);
  return openRows({ dtype, shape: [length / bytes, ...taker.shape], row }, source);
}

const refuse = (path: string, problem: string, help?: string): never =>
  fail('E0120', { origin: path }, { path, problem }, help);

/** Errors E0120 a shape that is not the network's · W0126 floats that look like pixels. */
function openRows({ dtype, shape, row }: Rows, source: ArraySource): NumberImages {
  const { path, taker, options } = source;
  const [count = 0, ...dims] = shape;
  const array = arrayLayout(dims, taker.shape, options.dataLayout);
  const holdsPixels = !dtype.startsWith('float');
  const layout = inputLayout(taker.shape);
  if (array.kind === 'ambiguous') {
    const help = 'Say which: --data-layout chw or --data-layout hwc.';
    return refuse(path, `channels may come first or last in images [${dims.join(', ')}]`, help);
  }
  const isOwnSize =
    array.kind === 'network' ||
    (array.kind === 'picture' &&
      array.height === layout?.height &&
      array.width === layout.width &&
      array.channels === layout.channels);
  if (array.kind === 'other' || (!isOwnSize && !holdsPixels)) {
    return refuse(path, `images [${dims.join(', ')}]; the network takes [${taker.shape.join(', ')}]`);
  }
  if (!holdsPixels && count > 0) checkFloats(row(0), source);
  const image = (i: number): Float64Array => {
    const numbers = row(i);
    if (holdsPixels) checkPixels(numbers, i, path);
    if (!isOwnSize && layout !== undefined && array.kind === 'picture') {
      return source.toNumbers(asPicture(numbers, array), layout, taker, `${path}, image ${i}`);
    }
    return holdsPixels
      ? pixelNumbers(numbers, array, layout, taker)
      : floatNumbers(numbers, array, layout, taker);
  };
  return { count, labels: undefined, holdsPixels, image };
}

function pixelNumbers(
  numbers: NpyData,
  array: ArrayLayout,
  layout: Layout | undefined,
  taker: Taker,
): Float64Array {
  const { preprocess, centre } = taker;
  if (layout !== undefined && array.kind === 'picture') {
    return networkNumbers(asPicture(numbers, array), layout, preprocess, centre);
  }
  return Float64Array.from(numbers, (pixel, i) => {
    const channel = layout === undefined ? 0 : channelAt(i, layout);
    return centre === null ? normalise(pixel, channel, preprocess) : pixel - centre[channel % centre.length]!;
  });
}

function floatNumbers(
  numbers: NpyData,
  array: ArrayLayout,
  layout: Layout | undefined,
  { preprocess, centre }: Taker,
): Float64Array {
  const ordered =
    layout !== undefined && array.kind === 'picture' ? reorder(numbers, array.order, layout) : numbers;
  return takeNormalised(Float64Array.from(ordered), layout, preprocess, centre);
}

/** Pixels with channels innermost. */
function asPicture(numbers: NpyData, array: Extract<ArrayLayout, { kind: 'picture' }>): Picture {
  const { width, height, channels, order } = array;
  const hwc = reorder(numbers, order, { width, height, channels, isChannelsLast: true });
  return { width, height, channels, data: hwc instanceof Uint8Array ? hwc : Uint8Array.from(hwc) };
}

function checkPixels(numbers: NpyData, i: number, path: string): void {
  if (numbers instanceof Uint8Array) return;
  const wrong = numbers.find(pixel => pixel < 0 || pixel > 255);
  if (wrong !== undefined)
    refuse(path, `image ${i} has a pixel of ${wrong}; whole numbers are pixels, 0…255`);
}

/** A margin for what resampling in floats overshoots. */
const MARGIN = 0.25;

function checkFloats(numbers: NpyData, { path, taker, report }: ArraySource): void {
  if (taker.isAssumed) return;
  const { preprocess } = taker;
  const ends = channelsOf(preprocess).flatMap(c => [
    normalise(0, c, preprocess),
    normalise(255, c, preprocess),
  ]);
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const margin = MARGIN * (high - low);
  const far = numbers.find(x => x < low - margin || x > high + margin);
  if (far !== undefined) report('W0126', { origin: path }, { path, value: far, low, high });
}

const channelsOf = ({ mean, std }: Preprocess): readonly number[] =>
  Array.from({ length: Math.max(mean.length, std.length) }, (_, c) => c);
