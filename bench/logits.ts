/**
 * The float network against onnxruntime on real images: every model below a folder that holds images (`*test*.npz`) and
 * onnxruntime's logits for them (`*logits*.npz`).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { openModelFile } from '../cli/model-files.ts';
import { readNetwork } from '../compiler/compile.ts';
import { readNpz } from '../compiler/data/npz.ts';
import { applyPreprocess, preprocessOf } from '../compiler/preprocess.ts';
import { createDiagnostics } from '../ir/diagnostics/diagnostic.ts';
import { createFastAnnRunner } from '../ir/fast/ann.ts';

export interface LogitRow {
  readonly file: string;
  readonly images: number;
  /** Largest distance over the largest logit of the image. */
  readonly error: number;
}

export function compareLogits(folder: string, most: number): readonly LogitRow[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return files.filter(file => file.endsWith('.onnx')).map(file => compare(folder, file, most));
}

function compare(folder: string, file: string, most: number): LogitRow {
  const path = join(folder, file);
  const beside = (part: string) => {
    const name = readdirSync(dirname(path)).find(other => other.includes(part) && other.endsWith('.npz'));
    if (name === undefined) throw new Error(`no *${part}*.npz beside ${file}`);
    return readNpz(readFileSync(join(dirname(path), name)), name);
  };
  const { ann, metadata } = readNetwork(openModelFile(path), path, {
    diagnostics: createDiagnostics(),
    step: () => {},
  });
  const preprocess = preprocessOf(metadata);
  const images = beside('test').get('images')!;
  const [logits] = beside('logits').values();
  const count = Math.min(most, images.shape[0]!);
  const size = images.data.length / images.shape[0]!;
  const classes = logits!.data.length / logits!.shape[0]!;
  const runner = createFastAnnRunner(ann);
  let error = 0;
  for (let i = 0; i < count; i++) {
    const pixels = images.data.subarray(i * size, (i + 1) * size);
    const image = preprocess === undefined ? Float64Array.from(pixels) : applyPreprocess(pixels, preprocess);
    const [computed] = runner.run(image).values();
    const wanted = Float64Array.from(logits!.data.subarray(i * classes, (i + 1) * classes));
    const largest = wanted.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
    wanted.forEach((x, c) => {
      error = Math.max(error, Math.abs(x - computed![c]!) / largest);
    });
  }
  return { file, images: count, error };
}
