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
import { verifyGraph } from '../ir/verify.ts';
import { furthest, logitsOf, randomImages } from './kit.ts';

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

test('Eqs. 15-18: expectation compensation is lossless with neurons off, T = 1…16, both codings', () => {
  for (let seed = 0; seed < 30; seed++) {
    const graph = randomAnn(seed);
    const [image] = randomImages(graph, 1, seed);
    const wanted = logitsOf(graph, image!);
    for (const coding of ['rate', 'sum'] as const) {
      const { report, list } = createDiagnostics();
      const spiking = convert.run(graph, { coding, steps: 16, emits: new Map() }, report);
      assert.deepEqual(list, []);
      assert.deepEqual(verifyGraph(spiking), []);
      for (const [t, logits] of createSnnRunner(spiking).run(image!).entries()) {
        assert.ok(furthest(logits, wanted) < 1e-9, `${coding} seed ${seed} T ${t + 1}`);
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
    const options = { rule: 'pow2', profile: defaultProfile(8, 1), paperLevels: 8, maxLevels: 16 } as const;
    const emits = emitsOf(sites, calibrate(graph, sites, images), options, report);
    const runner = createSnnRunner(convert.run(graph, { coding: 'sum', steps: 8, emits }, report));
    const wanted = logitsOf(graph, images[0]!);
    const errors = runner.run(images[0]!).map(logits => furthest(logits, wanted));
    assert.ok(errors[7]! < 0.2 * errors[0]! + 1e-3, `seed ${seed}: ${errors}`);
  }
});
