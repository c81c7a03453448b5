import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadTarget } from '../backends/target.ts';
import { measureConversions } from '../bench/conversion.ts';
import { calibrationSet, DATA_FREE_ON_DIGITS } from '../cli/calibration.ts';
import { convertMeasured } from '../cli/convert.ts';
import { BY_SYNTHETIC } from '../compiler/choose-shift.ts';
import { resolvePreprocess } from '../compiler/preprocess/resolve.ts';
import { defaultProfile } from '../compiler/profile.ts';
import { createDiagnostics } from '../ir/diagnostics/diagnostic.ts';
import { randomAnn } from '../ir/random/ann.ts';

const signed = (x: number, digits: number) => `${x < 0 ? '' : '+'}${x.toFixed(digits)}`;

test('W0301 says what data-free calibration costs the bundled model', async () => {
  const rows = await measureConversions(
    'examples/digits',
    [
      { name: 'calibrated', shift: 'auto', bits: 8 },
      { name: 'data-free', shift: 'auto', bits: 8, isDataFree: true },
    ],
    {},
  );
  const [calibrated, free] = rows;
  assert.deepEqual(DATA_FREE_ON_DIGITS, {
    accuracy: signed(100 * (free!.accuracy - calibrated!.accuracy), 1),
    agreement: (100 * free!.agreement).toFixed(1),
    energy: signed(100 * (free!.eq30.paper / calibrated!.eq30.paper - 1), 0),
  });
});

async function drawn(scale: number, mean: number, std: number, centre: readonly number[] | null) {
  const diagnostics = createDiagnostics();
  const { report } = diagnostics;
  const settings = { scale, mean: [mean], std: [std] };
  const resolved = resolvePreprocess([{ source: 'test', settings }], undefined, report);
  const set = await calibrationSet(
    { model: 'vit.onnx' },
    { shape: [1, 12, 12], resolved, centre },
    { diagnostics },
  );
  const all = set.images.flatMap(image => [...image]);
  return { set, low: Math.min(...all), high: Math.max(...all), all };
}

test('synthetic images reach black and white and no further, as the normalisation has them', async () => {
  const near = (x: number, wanted: number) => assert.ok(Math.abs(x - wanted) < 1e-9, `${x}, not ${wanted}`);
  for (const [scale, mean, std, white] of [
    [1 / 255, 0.286, 0.353, 255],
    [1 / 16, 0.5, 0.5, 16],
    [1 / 127.5, 1, 1, 255],
    [1, 127.5, 60, 255],
    [1, 0, 1, 255],
  ] as const) {
    const { low, high } = await drawn(scale, mean, std, null);
    near(low, -mean / std);
    near(high, (white * scale - mean) / std);
  }
  const pixels = await drawn(1 / 255, 0.5, 0.5, [128]);
  assert.deepEqual([pixels.low, pixels.high], [-128, 127]);
  assert.ok(pixels.all.every(Number.isInteger) && pixels.set.isSynthetic);
});

test('W0303: a network that no image was given for says so, and takes no coarsest shift', async () => {
  const ann = randomAnn(5, { tokens: 5, dim: 12, heads: 2, mlp: 17, depth: 1, classes: 4, patch: 6 });
  const { shape } = ann.nodes.find(node => node.kind === 'input')!.type;
  const diagnostics = createDiagnostics();
  const resolved = resolvePreprocess([], undefined, diagnostics.report);
  const about = { shape, resolved, centre: null };
  const { images } = await calibrationSet({ model: 'vit.onnx' }, about, { diagnostics });
  const options = {
    ...({ coding: 'sum', steps: 1, thresholds: 'pow2', weightBits: 8, seed: 1, effort: 'fast' } as const),
    ...({ biasCorrection: false, keepUnread: false, shift: 'auto' } as const),
    profileOf: (shift: number) => defaultProfile(shift),
  };
  const where = {
    target: await loadTarget('loihi2'),
    isPixels: false,
    origin: 'vit.onnx',
    isSynthetic: true,
  };
  const chosen = convertMeasured(ann, images, options, where, { diagnostics, step: () => {} });
  assert.equal(chosen.tried[0]!.shift, BY_SYNTHETIC.shifts[0]);
  const said = diagnostics.list.find(d => d.code === 'W0303');
  assert.deepEqual([said?.facts.shift, said?.facts.error], [chosen.shift, chosen.logitMse]);
  assert.ok(diagnostics.list.some(d => d.code === 'W0301'));
});
