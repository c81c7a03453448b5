import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadTarget } from '../backends/target.ts';
import { convertMeasured } from '../cli/convert.ts';
import { BY_IMAGES, chooseShift, relativeError } from '../compiler/choose-shift.ts';
import { defaultProfile } from '../compiler/profile.ts';
import { createDiagnostics, fail } from '../ir/diagnostics/diagnostic.ts';
import { randomAnn } from '../ir/random/ann.ts';
import { randomImages } from './kit.ts';

const rule = (...shifts: number[]) => ({ ...BY_IMAGES, shifts });
const made = (errors: Readonly<Record<number, number>>) => (shift: number) => ({ logitMse: errors[shift]! });

test('the coarsest shift that is near enough is taken, and no finer one is tried', () => {
  const chosen = chooseShift(rule(3, 4, 5), made({ 3: 0.3, 4: 0.01 }), createDiagnostics());
  assert.equal(chosen.shift, 4);
  assert.ok(chosen.isEnough);
  assert.deepEqual(
    chosen.tried.map(t => t.shift),
    [3, 4],
  );
});

test('where none is near enough the best one is taken, not the last', () => {
  const chosen = chooseShift(rule(3, 4, 5), made({ 3: 0.3, 4: 0.1, 5: 0.2 }), createDiagnostics());
  assert.deepEqual([chosen.shift, chosen.isEnough], [4, false]);
});

test('a shift that its formats cannot hold ends the search; only what the taken one said is said', () => {
  const diagnostics = createDiagnostics();
  const facts = { population: '%p', bits: 30, available: 24 };
  const make = (shift: number, own: ReturnType<typeof createDiagnostics>) => {
    own.report('W0402', { origin: `shift ${shift}` }, { population: '%p', theta: 1 });
    if (shift === 5) fail('E0403', { origin: 'x' }, facts);
    return { logitMse: 1 / shift };
  };
  const chosen = chooseShift(rule(3, 4, 5, 6), make, diagnostics);
  assert.equal(chosen.shift, 4);
  assert.deepEqual(
    diagnostics.list.map(d => d.at.origin),
    ['shift 4'],
  );
  assert.throws(() => chooseShift(rule(5, 6), make, createDiagnostics()), /E0403/);
});

test('the error is relative to the variance of the wanted answers, and finite where they have none', () => {
  const wanted = [Float64Array.of(1, 3), Float64Array.of(-1, 5)];
  assert.equal(relativeError(wanted, wanted), 0);
  const off = wanted.map(x => x.map(y => y + 1));
  assert.equal(relativeError(wanted, off), 1 / 5); // mean 2, squares 9: variance 5
  assert.equal(relativeError([Float64Array.of(2, 2)], [Float64Array.of(2, 3)]), 0.5);
});

test('auto: the error falls with the shift, is what the integer network makes, and the same twice', async () => {
  const target = await loadTarget('loihi2');
  const ann = randomAnn(5, { tokens: 5, dim: 12, heads: 2, mlp: 17, depth: 2, classes: 4, patch: 6 });
  const images = randomImages(ann, 12, 5);
  const about = { target, isPixels: false, origin: 'test' };
  const base = {
    coding: 'sum',
    steps: 1,
    thresholds: 'pow2',
    weightBits: 8,
    seed: 1,
    effort: 'fast',
  } as const;
  const options = {
    ...base,
    biasCorrection: false,
    keepUnread: false,
    profileOf: (d: number) => defaultProfile(d),
  };
  const run = (shift: number | 'auto') => {
    const diagnostics = createDiagnostics();
    const chosen = convertMeasured(ann, images, { ...options, shift }, about, {
      diagnostics,
      step: () => {},
    });
    return { chosen, codes: diagnostics.list.map(d => d.code) };
  };
  const { chosen, codes } = run('auto');
  assert.deepEqual(
    chosen.tried.map(t => t.shift),
    BY_IMAGES.shifts.slice(0, chosen.tried.length),
  );
  assert.equal(chosen.isEnough, chosen.logitMse <= BY_IMAGES.enough);
  assert.deepEqual(codes, chosen.isEnough ? [] : ['W0302']);
  for (const { shift, logitMse } of chosen.tried) assert.equal(run(shift).chosen.logitMse, logitMse);
  assert.ok(run(7).chosen.logitMse < run(1).chosen.logitMse);
  assert.equal(run(4).chosen.made.activity.answers.length, 12);
});

test('W0302: two bits of weights are too few for any shift', async () => {
  const target = await loadTarget('loihi2');
  const ann = randomAnn(6, { tokens: 5, dim: 12, heads: 2, mlp: 17, depth: 2, classes: 4, patch: 6 });
  const base = {
    coding: 'sum',
    steps: 1,
    thresholds: 'pow2',
    weightBits: 2,
    seed: 1,
    effort: 'fast',
  } as const;
  const options = {
    ...base,
    biasCorrection: false,
    keepUnread: false,
    profileOf: (d: number) => defaultProfile(d),
  };
  const diagnostics = createDiagnostics();
  const about = { target, isPixels: false, origin: 'vit.onnx' };
  const images = randomImages(ann, 4, 6);
  const chosen = convertMeasured(ann, images, { ...options, shift: 'auto' }, about, {
    diagnostics,
    step: () => {},
  });
  assert.equal(chosen.tried.length, BY_IMAGES.shifts.length);
  assert.deepEqual(
    diagnostics.list.map(d => [d.code, d.at.origin, d.facts.shift]),
    [['W0302', 'vit.onnx', chosen.shift]],
  );
});
