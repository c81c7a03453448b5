import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { convertNetwork, readNetwork } from '../compiler/compile.ts';
import { readNpz } from '../compiler/data/npz.ts';
import { applyPreprocess, preprocessOf } from '../compiler/preprocess.ts';
import { defaultProfile } from '../compiler/profile.ts';
import { createDiagnostics } from '../ir/diagnostics/diagnostic.ts';
import { createSnnRunner } from '../ir/interpret/snn.ts';

const DIGITS = 'examples/digits';
const IMAGES = 40;
const STEPS = 8;

test('Algorithm 1 (coding rate, thresholds paper): logits of T = 1…8 equal the NumPy oracle within 1e-6', () => {
  const context = { diagnostics: createDiagnostics(), step: () => {} };
  const { ann, metadata } = readNetwork(
    readFileSync(`${DIGITS}/vit-digits.onnx`),
    'vit-digits.onnx',
    context,
  );
  const preprocess = preprocessOf(metadata)!;
  const load = (name: string) => {
    const images = readNpz(readFileSync(`${DIGITS}/${name}`), name).get('images')!;
    const data = images.data as Uint8Array;
    return Array.from({ length: images.shape[0]! }, (_, i) =>
      applyPreprocess(data.subarray(i * 64, (i + 1) * 64), preprocess),
    );
  };
  const { snn } = convertNetwork(
    ann,
    load('digits-calib.npz'),
    {
      coding: 'rate',
      steps: STEPS,
      thresholds: 'paper',
      profile: defaultProfile(4),
      weightBits: 8,
      seed: 1,
      effort: 'fast',
      biasCorrection: false,
      keepUnread: false,
    },
    context,
  );
  assert.deepEqual(context.diagnostics.list, []);
  const golden = readNpz(readFileSync('test/oracle/ecmt-digits.npz'), 'ecmt-digits.npz').get('logits')!;
  assert.deepEqual([...golden.shape], [IMAGES, STEPS, 10]);
  const runner = createSnnRunner(snn);
  const images = load('digits-test.npz').slice(0, IMAGES);
  let worst = 0;
  images.forEach((image, n) => {
    runner.run(image).forEach((logits, t) => {
      for (let c = 0; c < 10; c++) {
        const wanted = Number(golden.data[(n * STEPS + t) * 10 + c]);
        worst = Math.max(worst, Math.abs(logits[c]! - wanted));
      }
    });
  });
  assert.ok(worst < 1e-6, `largest distance ${worst}`);
});
