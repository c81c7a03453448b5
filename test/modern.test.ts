/** The property tests of the ladder on networks with everything that Vision Transformers have gained since. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadTarget } from '../backends/target.ts';
import { compareEmissions } from '../cli/compare.ts';
import { mapNetwork } from '../compiler/map-network.ts';
import { convert } from '../compiler/passes/convert.ts';
import { foldAttentionScale } from '../compiler/passes/fold-attention-scale.ts';
import { foldNorms } from '../compiler/passes/fold-norms.ts';
import { createActivityLog } from '../ir/count/activity.ts';
import { closedFormCounts } from '../ir/count/closed-form.ts';
import { countedPopulations } from '../ir/count/counts.ts';
import { eventCounts } from '../ir/count/events.ts';
import { createDiagnostics } from '../ir/diagnostics/diagnostic.ts';
import { int as intDialect } from '../ir/int.ts';
import { createIntRunner } from '../ir/interpret/int.ts';
import { createSnnRunner } from '../ir/interpret/snn.ts';
import { MODERN_BLOCKS, randomModern } from '../ir/random/modern.ts';
import { CODINGS, snn as snnDialect } from '../ir/snn.ts';
import { parseGraph, printGraph } from '../ir/text.ts';
import { verifyGraph } from '../ir/verify.ts';
import { bootFromBytes, descend, furthest, logitsOf, randomImages, shrunk } from './kit.ts';

const KINDS = Object.keys(MODERN_BLOCKS) as (keyof typeof MODERN_BLOCKS)[];

for (const kind of KINDS) {
  test(`${kind}: expectation compensation is lossless with neurons off, T = 1…4, every coding, folded or not`, () => {
    for (let seed = 0; seed < 8; seed++) {
      const graph = randomModern(seed, [kind]);
      assert.deepEqual(verifyGraph(graph), []);
      const [image] = randomImages(graph, 1, seed);
      const wanted = logitsOf(graph, image!);
      const { report, list } = createDiagnostics();
      const folded = foldAttentionScale.run(foldNorms.run(graph, undefined, report), undefined, report);
      assert.ok(furthest(logitsOf(folded, image!), wanted) < 1e-9, `folded, seed ${seed}`);
      for (const coding of CODINGS) {
        for (const network of [graph, folded]) {
          const spiking = convert.run(network, { coding, steps: 4, emits: new Map() }, report);
          assert.deepEqual([...list, ...verifyGraph(spiking)], []);
          for (const logits of createSnnRunner(spiking).run(image!))
            assert.ok(furthest(logits, wanted) < 1e-9, `${coding} seed ${seed}`);
        }
      }
    }
  });

  test(`${kind}: int stays near snn, multiplies nothing, is counted alike twice, and the chip equals it`, async () => {
    const large = await loadTarget('loihi2');
    const small = shrunk(large, 100, 600);
    for (let seed = 0; seed < 4; seed++) {
      const coding = CODINGS[(seed + kind.length) % 3]!;
      const graph = randomModern(seed + 100, [kind]);
      const images = randomImages(graph, 6, seed);
      const { snn, int } = descend(graph, images, { coding, steps: 3, shift: 6, terms: 3 });
      assert.deepEqual(verifyGraph(int), []);
      checkText(snn, int);
      const scale = Math.max(...logitsOf(graph, images[0]!).map(Math.abs));
      const logits = countedRun(int, images[0]!);
      const error = furthest(createSnnRunner(snn).run(images[0]!).at(-1)!, logits) / scale;
      assert.ok(error < 0.15, `${coding} seed ${seed}: ${error}`);
      // Every coding once on cores so small that each population is cut.
      const target = seed < 2 ? small : large;
      const context = { diagnostics: createDiagnostics(), step: () => {} };
      const mapped = mapNetwork(int, target, new Map(), { weightBits: 8, seed: 1, effort: 'fast' }, context);
      const machine = bootFromBytes(mapped);
      assert.equal(compareEmissions(mapped.int, machine, images[1]!).difference, undefined, `seed ${seed}`);
    }
  });
}

function checkText(snn: Parameters<typeof printGraph>[0], int: Parameters<typeof printGraph>[0]): void {
  const printed = [printGraph(snn), printGraph(int)] as const;
  assert.equal(printGraph(parseGraph(printed[0], snnDialect)).text, printed[0].text);
  assert.equal(printGraph(parseGraph(printed[1], intDialect)).text, printed[1].text);
}

/** The last readout; both counters agree at every population and step, and `sum` multiplies nothing. */
function countedRun(int: ReturnType<typeof descend>['int'], image: Float64Array): Float64Array {
  const { coding } = int.attrs;
  const populations = new Map(countedPopulations(int).map(p => [p.node.id, p]));
  const log = createActivityLog();
  let adds = 0;
  const readouts = createIntRunner(int).run(image, (step, node, emission) => {
    log.record(step, node.id, emission);
    const population = populations.get(node.id);
    if (population === undefined) return;
    const fast = closedFormCounts(population, coding, step, log);
    assert.deepEqual(eventCounts(population, coding, step, log), fast, `${node.id} step ${step}`);
    adds += fast.performed.acs;
    if (coding === 'sum') assert.equal(fast.performed.macs, 0, node.id);
  });
  assert.ok(adds > 0);
  return readouts.at(-1)!;
}

test('sum coding approaches modern networks as T grows', () => {
  for (let seed = 0; seed < 12; seed++) {
    const graph = randomModern(seed);
    const images = randomImages(graph, 8, seed);
    const { snn } = descend(graph, images, { coding: 'sum', steps: 8, shift: 8, terms: 1 });
    const wanted = logitsOf(graph, images[0]!);
    const errors = createSnnRunner(snn)
      .run(images[0]!)
      .map(logits => furthest(logits, wanted));
    assert.ok(errors[7]! < 0.2 * errors[0]! + 1e-2, `seed ${seed}: ${errors}`);
  }
});

test('what is sent as spikes and graded stands behind one copy of its weights', () => {
  const graph = randomModern(3, ['dense']);
  const { snn } = descend(graph, randomImages(graph, 4, 3), { coding: 'sum', steps: 1, shift: 5, terms: 3 });
  const weights = snn.nodes.flatMap(node => (node.kind === 'linear' ? [node.attrs.weight] : []));
  assert.equal(new Set(weights).size, weights.length);
});
