import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createActivityLog } from '../ir/count/activity.ts';
import { closedFormCounts } from '../ir/count/closed-form.ts';
import { countedPopulations } from '../ir/count/counts.ts';
import { eventCounts } from '../ir/count/events.ts';
import { createIntRunner } from '../ir/interpret/int.ts';
import { createSnnRunner } from '../ir/interpret/snn.ts';
import { randomAnn } from '../ir/random/ann.ts';
import { CODINGS } from '../ir/snn.ts';
import { verifyGraph } from '../ir/verify.ts';
import { descend, furthest, logitsOf, randomImages } from './kit.ts';

const UNTIDY = { tokens: 10, dim: 48, heads: 3, mlp: 100, depth: 2, classes: 5, patch: 12 } as const;

test('the integer network stays near the spiking network, every coding', () => {
  for (const coding of CODINGS) {
    for (let seed = 0; seed < 6; seed++) {
      const ann = randomAnn(seed, UNTIDY);
      const images = randomImages(ann, 8, seed);
      const { snn, int } = descend(ann, images, { coding, steps: 3, shift: 5, terms: 3 });
      assert.deepEqual(verifyGraph(int), []);
      const scale = Math.max(...logitsOf(ann, images[0]!).map(Math.abs));
      const real = createSnnRunner(snn).run(images[0]!);
      const runner = createIntRunner(int);
      const whole = runner.run(images[0]!);
      for (const counter of runner.saturations.values()) assert.equal(counter.state + counter.accumulator, 0);
      const error = furthest(real[2]!, whole[2]!) / scale;
      assert.ok(error < 0.1, `${coding} seed ${seed}: ${error}`);
    }
  }
});

test('identity: event by event counts equal the closed forms as integers', () => {
  for (const coding of CODINGS) {
    for (let seed = 0; seed < 12; seed++) {
      const ann = randomAnn(seed);
      const images = randomImages(ann, 4, seed);
      const { int } = descend(ann, images, { coding, steps: 3, shift: 3, terms: 2 });
      const populations = countedPopulations(int);
      const log = createActivityLog();
      let adds = 0;
      createIntRunner(int).run(images[0]!, (step, node, emission) => {
        log.record(step, node.id, emission);
        const population = populations.find(p => p.node.id === node.id);
        if (population === undefined) return;
        const fast = closedFormCounts(population, coding, step, log);
        assert.deepEqual(
          eventCounts(population, coding, step, log),
          fast,
          `${node.id} seed ${seed} step ${step}`,
        );
        adds += fast.performed.acs;
        if (coding === 'sum') assert.equal(fast.performed.macs, 0);
      });
      assert.ok(adds > 0);
    }
  }
});
