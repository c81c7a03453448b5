/**
 * Picture files → pixels, as Pillow's open() and convert('RGB') give them: no turning by EXIF, no colour profile,
 * transparency dropped, the high byte of 16-bit colours. Decoded by sharp (libvips), which is optional.
 */
import { readFileSync, statSync } from 'node:fs';
import type { Picture } from '../compiler/data/resample.ts';
import { fail, UserError } from '../ir/diagnostics/diagnostic.ts';
import { cannotRead } from './data.ts';

/** More pixels than this are refused before they are decoded. */
export const MAX_PIXELS = 2 ** 26;
const MAX_FILE = 2 ** 28;

/** What is used of sharp. */
interface Sharp {
  metadata(): Promise<{ space?: string; depth?: string; width?: number; height?: number }>;
  pipelineColourspace(space: string): Sharp;
  toColourspace(space: string): Sharp;
  raw(): Sharp;
  toBuffer(options: { resolveWithObject: true }): Promise<{
    data: Uint8Array;
    info: { width: number; height: number; channels: number };
  }>;
}
type MakeSharp = (input: Uint8Array, options: object) => Sharp;

async function loadSharp(path: string, decoder: string): Promise<MakeSharp> {
  try {
    const module: { default: MakeSharp } = await import(decoder);
    return module.default;
  } catch {
    return fail('E0124', { origin: path }, { path });
  }
}

/**
 * `decoder`: the package, by a name that compiler and bundler do not see, since it may be missing.
 * Errors  E0101 · E0123 no picture, a broken or a huge one · E0124 no decoder
 */
export async function decodePicture(path: string, decoder = 'sharp'): Promise<Picture> {
  const refuse = (problem: string): never => fail('E0123', { origin: path }, { path, problem });
  const bytes = readPicture(path, refuse);
  if (!isPicture(bytes)) return refuse('it is no PNG, JPEG, WebP or GIF');
  const sharp = await loadSharp(path, decoder);
  const open = () => sharp(bytes, { limitInputPixels: MAX_PIXELS, failOn: 'error', ignoreIcc: true });
  try {
    const { space, depth, width = 0, height = 0 } = await open().metadata();
    if (width * height > MAX_PIXELS) return refuse(`${width}×${height} pixels are more than ${MAX_PIXELS}`);
    if (depth === 'ushort' && space !== 'rgb16' && space !== 'srgb')
      return refuse('16-bit grey has no one meaning in 8 bits; save it with 8 bits');
    const isCmyk = space === 'cmyk';
    const source = isCmyk ? open().pipelineColourspace('cmyk').toColourspace('cmyk') : open();
    const { data, info } = await source.raw().toBuffer({ resolveWithObject: true });
    const isGrey = space === 'b-w' || info.channels < 3;
    const pixels = isCmyk ? fromCmyk(data) : takeChannels(data, info.channels, isGrey ? 1 : 3);
    return { width: info.width, height: info.height, channels: isGrey ? 1 : 3, data: pixels };
  } catch (error) {
    if (error instanceof UserError) throw error;
    const text = error instanceof Error ? error.message : `${error}`;
    return refuse(text.split('\n')[0]!);
  }
}

function readPicture(path: string, refuse: (problem: string) => never): Uint8Array {
  try {
    const kind = statSync(path);
    if (!kind.isFile()) return refuse('it is no file');
    if (kind.size > MAX_FILE) return refuse(`the file is larger than ${MAX_FILE} bytes`);
    return readFileSync(path);
  } catch (error) {
    return cannotRead(path, error);
  }
}

/** By the first bytes, whatever the file is called. */
const MAGIC: readonly (readonly [at: number, text: string])[][] = [
  [[0, '\x89PNG\r\n\x1a\n']],
  [[0, '\xff\xd8\xff']],
  [
    [0, 'RIFF'],
    [8, 'WEBP'],
  ],
  [[0, 'GIF8']],
];

export const isPicture = (bytes: Uint8Array): boolean =>
  MAGIC.some(parts =>
    parts.every(([at, text]) => [...text].every((letter, i) => bytes[at + i] === letter.charCodeAt(0))),
  );

function takeChannels(data: Uint8Array, channels: number, wanted: 1 | 3): Uint8Array {
  if (channels === wanted) return data;
  return Uint8Array.from(
    { length: (data.length / channels) * wanted },
    (_, i) => data[Math.floor(i / wanted) * channels + (i % wanted)]!,
  );
}

/** As Pillow: what black leaves, less the ink's share of it, in rounded 255ths. */
function fromCmyk(data: Uint8Array): Uint8Array {
  return Uint8Array.from({ length: (data.length / 4) * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3) * 4;
    const light = 255 - data[pixel + 3]!;
    const product = data[pixel + (i % 3)]! * light + 128;
    return Math.max(0, light - (((product >> 8) + product) >> 8));
  });
}
