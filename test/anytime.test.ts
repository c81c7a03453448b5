/** Coarse to fine, and the host that stops where the logits are sure. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadTarget } from '../backends/target.ts';
import { marginsOf } from '../cli/anytime.ts';
import { mapNetwork } from '../compiler/map-network.ts';
import { calibrateMargins } from '../compiler/margins.ts';
import { createDiagnostics, UserError } from '../ir/diagnostics/diagnostic.ts';
import { exitStep, isSettled } from '../ir/exit.ts';
import { createFastIntRunner } from '../ir/fast/int.ts';
import { fire } from '../ir/fixed.ts';
import { int as intDialect } from '../ir/int.ts';
import { createIntRunner } from '../ir/interpret/int.ts';
import { createSnnRunner } from '../ir/interpret/snn.ts';
import { marginOf } from '../ir/logits.ts';
import { randomAnn } from '../ir/random/ann.ts';
import { parseGraph, printGraph } from '../ir/text.ts';
import { bootFromBytes, descend, randomImages, said } from './kit.ts';

const WIDE = { tokens: 6, dim: 24, heads: 2, mlp: 36, depth: 1, classes: 5, patch: 12 } as const;

test('a coarse step fires nothing below its lowest threshold, whose dead band grows with it', () => {
  const out = { payload: 0, terms: 0, clipped: false };
  const at = (m: number, lowest: number) => ({ ...fire(m, 4, 6, 3, 3, out, lowest) }).payload;
  assert.deepEqual([at(12, 0), at(11, 0)], [1, 0]);
  assert.deepEqual([at(23, 1), at(24, 1), at(-40, 1)], [0, 2, -2]);
  assert.deepEqual([at(56, 0), at(56, 2)], [4, 4]);
  assert.deepEqual([at(20, 0), at(47, 2), at(48, 2)], [1, 0, 4]);
});

test('the last step of a coarse network sees every threshold, the first ones only high ones', () => {
  const ann = randomAnn(3, WIDE);
  const images = randomImages(ann, 6, 3);
  for (const coding of ['sum', 'differential'] as const) {
    const { snn, int } = descend(ann, images, { coding, steps: 3, shift: 4, terms: 2, coarse: 1 });
    const printed = printGraph(int);
    assert.match(printed.text, /coarse=1/);
    assert.equal(printGraph(parseGraph(printed, intDialect)).text, printed.text);
    const lowest = new Map<string, number>();
    createIntRunner(int).run(images[0]!, (step, node, { values }) => {
      const isCoarse = node.kind === 'population' && node.attrs.emit.kind === 'mt' && node.attrs.emit.coarse;
      if (!isCoarse) return;
      for (const value of values) {
        if (value === 0) continue;
        // Powers of two that divide a payload: no term of it can be lower.
        const divisor = value & -value;
        lowest.set(`${step}`, Math.min(lowest.get(`${step}`) ?? 64, divisor));
      }
    });
    assert.equal(lowest.get('1')! % 4, 0);
    assert.equal(lowest.get('2')! % 2, 0);
    assert.equal(lowest.get('3'), 1);
    const [first, , last] = createSnnRunner(snn).run(images[0]!);
    assert.notDeepEqual(first, last);
  }
});

test('the text of a network that is not coarse does not mention it', () => {
  const ann = randomAnn(3);
  const { snn, int } = descend(ann, randomImages(ann, 2, 3), { coding: 'sum', steps: 2, shift: 4, terms: 2 });
  for (const graph of [snn, int]) assert.doesNotMatch(printGraph(graph).text, /coarse/);
});

test('margins: of the images that reach a step, the given share goes on', () => {
  assert.equal(marginOf([3, -1, 2.5]), 0.5);
  assert.equal(marginOf([1, 1]), 0);
  const runs = Array.from({ length: 10 }, (_, i) => [
    Float64Array.of(i, 0),
    Float64Array.of(10 * i, 0),
    Float64Array.of(0, 0),
  ]);
  const margins = calibrateMargins(runs, { by: 'share', value: 0.4 });
  assert.deepEqual(margins, [4, 10]);
  const taken = runs.map(run => exitStep(run, margins));
  assert.deepEqual(taken, [3, 2, 2, 2, 1, 1, 1, 1, 1, 1]);
  assert.deepEqual(calibrateMargins(runs, { by: 'share', value: 0.05 }), [0, 0]);
});

test('margins: no more answers change than allowed, and a tenth goes on', () => {
  // Image 4 answers 1 with a margin of 3 and ends with 0; all others keep their answer, four of them barely.
  const runs = Array.from({ length: 40 }, (_, i) => {
    const final = Float64Array.of(i < 5 ? 1 : 9, 0);
    return [i === 4 ? Float64Array.of(0, 3) : final, final];
  });
  const at = (value: number) => calibrateMargins(runs, { by: 'change', value })[0]!;
  assert.ok(at(0.02) > 3 && at(0.02) < 3.001);
  assert.equal(at(0.03), 3);
});

test('margins: errors of other images are expected too', () => {
  // An error of (−5, +5) turns every image whose margin is below 10, one in five here.
  const runs = Array.from({ length: 20 }, (_, i) => {
    const final = i % 5 === 1 ? Float64Array.of(4, 0) : Float64Array.of(50, 0);
    return [i === 0 ? Float64Array.of(45, 5) : final, final];
  });
  const [margin] = calibrateMargins(runs, { by: 'change', value: 0.005 });
  assert.ok(margin! > 6 && margin! < 6.001, `${margin}`);
  assert.equal(calibrateMargins(runs, { by: 'change', value: 0.02 })[0], 4);
});

test('a chip that the host stops runs and counts the steps that were taken, and no other', async () => {
  const ann = randomAnn(5, WIDE);
  const images = randomImages(ann, 10, 5);
  const { int } = descend(ann, images, { coding: 'sum', steps: 3, shift: 4, terms: 2, coarse: 1 });
  const context = { diagnostics: createDiagnostics(), step: () => {} };
  const options = {
    weightBits: 8,
    seed: 1,
    effort: 'fast' as const,
    anytime: { by: 'share', value: 0.5 } as const,
  };
  const mapped = mapNetwork(int, await loadTarget('loihi2'), new Map(), options, context);
  const boot = () => bootFromBytes(mapped);
  const runner = createFastIntRunner(int);
  const readouts = images.map(image => runner.run(image));
  const margins = calibrateMargins(readouts, { by: 'share', value: 0.5 });
  const [whole, stopped] = [boot(), boot()];
  const met = new Set<number>();
  let neurons = 0;
  images.forEach((image, i) => {
    const taken = exitStep(readouts[i]!, margins);
    met.add(taken);
    assert.deepEqual(whole.run(image), readouts[i]);
    const steps = new Set<number>();
    const got = stopped.run(
      image,
      step => steps.add(step),
      (logits, t) => isSettled(logits, t, margins),
    );
    assert.deepEqual(got, readouts[i]!.slice(0, taken));
    assert.equal(steps.size, taken);
    neurons += taken;
  });
  assert.deepEqual([...met].sort(), [1, 2, 3]);
  const updates = (machine: typeof whole) => machine.counts.tiles.reduce((n, tile) => n + tile.updates, 0);
  assert.equal(updates(stopped) / updates(whole), neurons / (3 * images.length));
  assert.equal(stopped.counts.ran.at(-1), [...readouts].filter(r => exitStep(r, margins) === 3).length);
});

test('E0320 and E0001: one step, and a share that is none', async () => {
  const compiled = (...args: string[]) => said('compile', 'examples/digits/vit-digits.onnx', ...args);
  assert.match(await compiled('--anytime', '--steps', '1'), /^1 [\s\S]*E0320/);
  assert.match(await compiled('--anytime', '120'), /^[12] [\s\S]*E0001[\s\S]*percentage/);
});

test('E0321: one logit has no margin', () => {
  const ann = randomAnn(1, { ...WIDE, classes: 1 });
  const images = randomImages(ann, 2, 1);
  const { int } = descend(ann, images, { coding: 'sum', steps: 2, shift: 4, terms: 2 });
  assert.throws(
    () => marginsOf(int, images, { by: 'share', value: 0.2 }),
    (error: unknown) => error instanceof UserError && error.diagnostics[0]!.code === 'E0321',
  );
  assert.equal(marginsOf(int, images, undefined), undefined);
});
