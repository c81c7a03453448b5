/**
 * The images that a user names – arrays, raw tensors, picture files, folders – one at a time as the numbers that
 * the network takes.
 */
import { existsSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Centre, Preprocess } from '../backends/preprocess.ts';
import { inputLayout, type Layout } from '../compiler/data/layout.ts';
import { isNpy } from '../compiler/data/npy.ts';
import { isZip } from '../compiler/data/npz.ts';
import { networkNumbers, resizedSize, shapePicture } from '../compiler/data/pixels.ts';
import type { Picture } from '../compiler/data/resample.ts';
import { fail, type Report } from '../ir/diagnostics/diagnostic.ts';
import { type NumberImages, openArray, openLargeZip, openRaw, openZip } from './array-images.ts';
import { cannotRead, readBytes, readSlice } from './data.ts';
import { decodePicture, isPicture, MAX_PIXELS } from './decode.ts';
import type { DataOptions } from './options.ts';
import { listPictures } from './picture-folder.ts';

export interface Images {
  readonly count: number;
  readonly labels: ArrayLike<number> | undefined;
  /** In the order of the network's input. Errors: E0120, E0123, E0124, E0125. */
  image(i: number): Promise<Float64Array>;
}

/** What the images are for. */
export interface Taker {
  readonly shape: readonly number[];
  readonly preprocess: Preprocess;
  readonly centre: Centre;
  /** Nothing says how pixels are normalised. */
  readonly isAssumed: boolean;
  readonly classes?: number | undefined;
}

/** Errors: E0101, E0113, E0120 · W0121 pixels without a normalisation. */
export async function openImages(
  path: string,
  taker: Taker,
  options: DataOptions,
  report: Report,
): Promise<Images> {
  const opened = openAny(path, taker, options, report);
  if (opened.count === 0) return fail('E0120', { origin: path }, { path, problem: 'it is empty' });
  if (opened.labels !== undefined && opened.labels.length !== opened.count) {
    const problem = `${opened.labels.length} labels for ${opened.count} images`;
    return fail('E0120', { origin: path }, { path, problem });
  }
  if (opened.holdsPixels && taker.isAssumed) report('W0121', { origin: path }, { path });
  return {
    count: opened.count,
    labels: opened.labels,
    image: async i => {
      const numbers = await opened.image(i);
      if (numbers.every(Number.isFinite)) return numbers;
      return fail(
        'E0120',
        { origin: path },
        { path, problem: `image ${i} holds numbers that are not finite` },
      );
    },
  };
}

/** Without a header, any first bytes may mean anything: the name decides. */
const RAW = /\.(bin|raw)$/i;

type Opened = Images & { readonly holdsPixels: boolean };

function openAny(path: string, taker: Taker, options: DataOptions, report: Report): Opened {
  const inZip = /\.npz$/i.test(dirname(path)) && !existsSync(path);
  const file = inZip ? dirname(path) : path;
  if (isFolder(file)) return openPictures(path, taker, report);
  const source = { path: file, taker, options, report, toNumbers: pictureNumbers };
  if (RAW.test(file)) return whole(openRaw(source));
  const head = readSlice(file, 0, 16);
  if (inZip || isZip(head)) {
    const wanted = inZip ? basename(path) : undefined;
    if (statSync(file).size > LARGE_ZIP) return whole(openLargeZip(source, wanted));
    return whole(openZip(readBytes(file), source, wanted));
  }
  if (isNpy(head)) return whole(openArray(source));
  if (isPicture(head)) return filesOf({ paths: [path], labels: undefined }, taker);
  const problem = 'it is no npz, npy, PNG, JPEG, WebP, GIF, .bin or .raw';
  return fail('E0120', { origin: path }, { path, problem });
}

/** Smaller archives are read whole, once. */
const LARGE_ZIP = 2 ** 26;

const whole = (images: NumberImages): Opened => ({ ...images, image: async i => images.image(i) });

function isFolder(path: string): boolean {
  try {
    const kind = statSync(path);
    // a pipe could keep us waiting for ever
    return kind.isDirectory() || kind.isFile()
      ? kind.isDirectory()
      : fail('E0101', { origin: path }, { path, reason: 'not a file' });
  } catch (error) {
    return cannotRead(path, error);
  }
}

function openPictures(folder: string, taker: Taker, report: Report): Opened {
  return filesOf(listPictures(folder, taker.classes, report), taker);
}

function filesOf(
  { paths, labels }: { paths: readonly string[]; labels: readonly number[] | undefined },
  taker: Taker,
): Opened {
  const layout = inputLayout(taker.shape);
  if (layout === undefined) {
    const problem = `the network’s input [${taker.shape.join(', ')}] is no picture of 1 or 3 channels`;
    return fail('E0120', { origin: paths[0]! }, { path: paths[0]!, problem });
  }
  return {
    count: paths.length,
    labels,
    holdsPixels: true,
    image: async i => pictureNumbers(await decodePicture(paths[i]!), layout, taker, paths[i]!),
  };
}

/** Errors E0123 a resize that would fill the memory · E0125. */
function pictureNumbers(picture: Picture, layout: Layout, taker: Taker, name: string): Float64Array {
  const { preprocess, centre } = taker;
  const { width, height } = resizedSize(picture, preprocess);
  if (width * height > MAX_PIXELS) {
    const problem = `its resize makes ${width}×${height} pixels, more than ${MAX_PIXELS}`;
    return fail('E0123', { origin: name }, { path: name, problem });
  }
  const shaped = shapePicture(picture, preprocess, layout.channels);
  if (shaped.width === layout.width && shaped.height === layout.height) {
    return networkNumbers(shaped, layout, preprocess, centre);
  }
  const made = `${shaped.height}×${shaped.width}`;
  const wanted = `${layout.height}×${layout.width}`;
  return fail('E0125', { origin: name }, { path: name, made, wanted });
}
