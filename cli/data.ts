/** Reading what the user names: models and images. */
import { readFileSync } from 'node:fs';
import { readNpz } from '../compiler/data/npz.ts';
import { applyPreprocess, type Preprocess } from '../compiler/preprocess.ts';
import { fail } from '../ir/diagnostics/diagnostic.ts';
import { sizeOf } from '../ir/dialect.ts';
import { createRandom } from '../ir/random/seeded.ts';

/** Errors: E0101. */
export function readBytes(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? `${error.code}` : 'unknown';
    return fail('E0101', { origin: path }, { path, reason });
  }
}

export interface Images {
  readonly images: readonly Float64Array[];
  readonly labels: ArrayLike<number> | undefined;
}

/**
 * npz with `images` [n, …] and perhaps `labels` [n]. Bytes are taken through the model's preprocessing; floating
 * point images are taken as they are.
 * Errors: E0101, E0120 arrays that are missing or of another size than the network's input
 */
export function readImages(
  path: string,
  shape: readonly number[],
  preprocess: Preprocess | undefined,
): Images {
  const arrays = readNpz(readBytes(path), path);
  const images = arrays.get('images');
  if (images === undefined) return fail('E0120', { origin: path }, { path, problem: 'no array `images`' });
  const count = images.shape[0] ?? 0;
  const size = sizeOf(shape);
  if (count === 0 || images.data.length !== count * size) {
    const problem = `images of ${images.data.length / Math.max(1, count)} numbers; the network takes ${size}`;
    return fail('E0120', { origin: path }, { path, problem });
  }
  const list = Array.from({ length: count }, (_, i) => {
    const raw = images.data.subarray(i * size, (i + 1) * size);
    return raw instanceof Uint8Array && preprocess !== undefined
      ? applyPreprocess(raw, preprocess)
      : Float64Array.from(raw as ArrayLike<number>);
  });
  return { images: list, labels: arrays.get('labels')?.data as ArrayLike<number> | undefined };
}

/** Synthetic calibration: smooth noise over the usual range of a normalised image. */
export function noiseImages(shape: readonly number[], count: number): readonly Float64Array[] {
  const random = createRandom(1);
  const size = sizeOf(shape);
  return Array.from({ length: count }, () => {
    let level = 0;
    return Float64Array.from({ length: size }, () => {
      level = 0.7 * level + 0.7 * random.normal();
      return Math.max(-2, Math.min(2, level));
    });
  });
}
