import assert from 'node:assert/strict';
import { test } from 'node:test';
import { calibrate } from '../compiler/calibrate.ts';
import { convert } from '../compiler/passes/convert.ts';
import { foldAttentionScale } from '../compiler/passes/fold-attention-scale.ts';
import { foldNorms } from '../compiler/passes/fold-norms.ts';
import { defaultProfile } from '../compiler/profile.ts';
import { findSites } from '../compiler/sites.ts';
import { emitsOf } from '../compiler/thresholds.ts';
import { createDiagnostics } from '../ir/diagnostics/diagnostic.ts';
import { createSnnRunner } from '../ir/interpret/snn.ts';
import { randomAnn } from '../ir/random/ann.ts';
import { createRandom } from '../ir/random/seeded.ts';
import { CODINGS } from '../ir/snn.ts';
import { verifyGraph } from '../ir/verify.ts';
import { furthest, logitsOf, randomImages } from './kit.ts';
import { buildModel } from './onnx/build.ts';
import { imported } from './onnx/run.ts';

test('folding gains, offsets and attention scales keeps the values', () => {
  for (let seed = 0; seed < 40; seed++) {
    const graph = randomAnn(seed);
    assert.deepEqual(verifyGraph(graph), []);
    const { report } = createDiagnostics();
    const folded = foldAttentionScale.run(foldNorms.run(graph, undefined, report), undefined, report);
    assert.ok(!folded.nodes.some(n => n.kind === 'layernorm' && n.attrs.gamma !== undefined));
    const [image] = randomImages(graph, 1, seed);
    assert.ok(furthest(logitsOf(graph, image!), logitsOf(folded, image!)) < 1e-9, `seed ${seed}`);
  }
});

test('Eqs. 15-18: expectation compensation is lossless with neurons off, T = 1…16, every coding', () => {
  for (let seed = 0; seed < 30; seed++) {
    const graph = randomAnn(seed);
    const [image] = randomImages(graph, 1, seed);
    const wanted = logitsOf(graph, image!);
    const scale = Math.max(1, ...wanted.map(Math.abs));
    for (const coding of CODINGS) {
      const { report, list } = createDiagnostics();
      const spiking = convert.run(graph, { coding, steps: 16, emits: new Map() }, report);
      assert.deepEqual(list, []);
      assert.deepEqual(verifyGraph(spiking), []);
      for (const [t, logits] of createSnnRunner(spiking).run(image!).entries()) {
        assert.ok(furthest(logits, wanted) < 1e-12 * scale, `${coding} seed ${seed} T ${t + 1}`);
      }
    }
  }
});

test('sum coding approaches the network as T grows, and its spikes die out', () => {
  for (let seed = 0; seed < 20; seed++) {
    const { report } = createDiagnostics();
    const graph = foldAttentionScale.run(
      foldNorms.run(randomAnn(seed), undefined, report),
      undefined,
      report,
    );
    const images = randomImages(graph, 8, seed);
    const sites = findSites(graph);
    const options = { rule: 'pow2', profile: defaultProfile(8, 1), maxLevels: 16 } as const;
    const emits = emitsOf(sites, calibrate(graph, sites, images), options, report);
    const runner = createSnnRunner(convert.run(graph, { coding: 'sum', steps: 8, emits }, report));
    const wanted = logitsOf(graph, images[0]!);
    const errors = runner.run(images[0]!).map(logits => furthest(logits, wanted));
    assert.ok(errors[7]! < 0.2 * errors[0]! + 1e-3, `seed ${seed}: ${errors}`);
  }
});

/** A model with what no population can hold in three places, and two outputs. */
function unconvertible(): Uint8Array {
  const m = buildModel(18);
  const exp = m.op('Exp', ['input']);
  const root = m.op('Sqrt', [m.op('Abs', ['input'])]);
  const all = m.op('Add', [exp, root]);
  return m.bytes(['batch', 3, 4], [all, exp]);
}

test('E0302 and E0303: everything that does not convert is said at once, by the user’s node', () => {
  const { report, list } = createDiagnostics();
  const graph = imported(unconvertible());
  const spiking = convert.run(graph, { coding: 'sum', steps: 1, emits: new Map() }, report);
  assert.deepEqual(spiking.nodes, []);
  const said = list.map(d => [d.code, d.at.origin, d.facts.what ?? d.facts.count]);
  assert.deepEqual(
    said.toSorted((a, b) => `${a}`.localeCompare(`${b}`)),
    [
      ['E0302', '/Abs_1', 'the function abs of a tensor [3, 4]'],
      ['E0302', '/Exp_0', 'the function exp of a tensor [3, 4]'],
      ['E0302', '/Sqrt_2', 'the function sqrt of a tensor [3, 4]'],
      ['E0303', 'test', 2],
    ],
  );
  assert.ok(list.every(d => d.code !== 'E0302' || (d.help?.length ?? 0) > 20));
});

test('a scale goes into the weights in front of it, a rotation becomes taps, a constant the bias of its linear', () => {
  const m = buildModel(18);
  const random = createRandom(1);
  const weight = (...shape: number[]) =>
    m.weight(
      shape,
      Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.normal()),
    );
  const scaled = m.op('Mul', [m.op('MatMul', ['input', weight(4, 5)]), weight(5)]);
  const shifted = m.op('Add', [scaled, weight(3, 5)]);
  const turned = m.op('Mul', [m.op('MatMul', ['input', weight(4, 5)]), weight(3, 5)]);
  const graph = imported(m.bytes(['batch', 3, 4], [m.op('Add', [shifted, turned])]));
  const { report, list } = createDiagnostics();
  const spiking = convert.run(graph, { coding: 'sum', steps: 1, emits: new Map() }, report);
  assert.deepEqual([...list, ...verifyGraph(spiking)], []);
  assert.deepEqual(
    spiking.nodes.map(node => node.kind),
    ['input', 'linear', 'population', 'linear', 'depthwise', 'population'],
  );
  const image = Float64Array.from({ length: 12 }, (_, i) => i / 5 - 1);
  assert.ok(furthest(createSnnRunner(spiking).run(image)[0]!, logitsOf(graph, image)) < 1e-9);
});
