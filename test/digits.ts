/** The bundled digits model and its images, for tests. */
import { readFileSync } from 'node:fs';
import { readNetwork } from '../compiler/compile.ts';
import { readNpz } from '../compiler/data/npz.ts';
import { applyPreprocess, preprocessOf } from '../compiler/preprocess.ts';
import type { AnnGraph } from '../ir/ann.ts';
import { createDiagnostics } from '../ir/diagnostics/diagnostic.ts';

export const DIGITS = 'examples/digits';

export interface Digits {
  readonly ann: AnnGraph;
  readonly calibration: readonly Float64Array[];
  readonly images: readonly Float64Array[];
}

/** `count` test images and all of calibration, normalised. */
export function readDigits(count: number): Digits {
  const context = { diagnostics: createDiagnostics(), step: () => {} };
  const { ann, metadata } = readNetwork(readFileSync(`${DIGITS}/vit-digits.onnx`), 'digits', context);
  const preprocess = preprocessOf(metadata)!;
  const load = (name: string, most: number) => {
    const images = readNpz(readFileSync(`${DIGITS}/${name}`), name).get('images')!;
    const data = images.data as Uint8Array;
    return Array.from({ length: Math.min(most, images.shape[0]!) }, (_, i) =>
      applyPreprocess(data.subarray(i * 64, (i + 1) * 64), preprocess),
    );
  };
  return {
    ann,
    calibration: load('digits-calib.npz', Number.POSITIVE_INFINITY),
    images: load('digits-test.npz', count),
  };
}
