import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAccounting } from '../backends/accounting.ts';
import { loadTarget, type Target } from '../backends/target.ts';
import { compareEmissions } from '../cli/compare.ts';
import { allPrograms } from '../compiler/assemble.ts';
import { checkDelivery } from '../compiler/check-delivery.ts';
import { mapNetwork } from '../compiler/map-network.ts';
import { splitFanIn } from '../compiler/passes/split-fan-in.ts';
import { chip } from '../ir/chip.ts';
import { createDiagnostics } from '../ir/diagnostics/diagnostic.ts';
import { createIntRunner } from '../ir/interpret/int.ts';
import { randomAnn, type VitShape } from '../ir/random/ann.ts';
import { CODINGS, type Coding } from '../ir/snn.ts';
import { parseGraph, printGraph } from '../ir/text.ts';
import { createMachine } from '../runtime-sim/chip.ts';
import { bootFromBytes, descend, randomImages, shrunk } from './kit.ts';

/** Nothing here is a power of two: C = 48, 3 heads, 10 tokens. */
const UNTIDY = { tokens: 10, dim: 48, heads: 3, mlp: 100, depth: 2, classes: 5, patch: 12 } as const;
const OPTIONS = { weightBits: 8, seed: 1, effort: 'fast' } as const;

const mapOn = (target: Target, seed: number, coding: Coding, steps: number, shape?: VitShape) => {
  const ann = randomAnn(seed, shape);
  const images = randomImages(ann, 4, seed);
  const { int } = descend(ann, images, { coding, steps, shift: 4, terms: 3 });
  const context = { diagnostics: createDiagnostics(), step: () => {} };
  return { images, mapped: mapNetwork(int, target, new Map(), OPTIONS, context) };
};

test('the untidy model runs through every stage and the chip equals int bit for bit', async () => {
  const target = await loadTarget('loihi2');
  for (const [coding, steps] of [
    ['sum', 1],
    ['sum', 3],
    ['rate', 3],
    ['differential', 4],
  ] as const) {
    const { images, mapped } = mapOn(target, 7, coding, steps, UNTIDY);
    const machine = bootFromBytes(mapped);
    for (const image of images)
      assert.equal(compareEmissions(mapped.int, machine, image).difference, undefined);
    assert.ok(checkDelivery(allPrograms(mapped.programs), mapped.int).deliveries > 0);
  }
});

test('small cores force cuts over groups, rows and channels; values stay', async () => {
  const target = shrunk(await loadTarget('loihi2'), 60, 400);
  let cut = 0;
  for (let seed = 0; seed < 6; seed++) {
    const { images, mapped } = mapOn(target, seed, CODINGS[seed % 3]!, 3);
    const machine = bootFromBytes(mapped);
    assert.equal(compareEmissions(mapped.int, machine, images[0]!).difference, undefined, `seed ${seed}`);
    cut += mapped.chip.tables.tiles.rows - mapped.int.nodes.filter(n => n.kind === 'population').length;
  }
  assert.ok(cut > 0, 'nothing was cut');
});

test('a fan-in split adds depth and never changes a value', () => {
  for (let seed = 0; seed < 8; seed++) {
    const ann = randomAnn(seed);
    const images = randomImages(ann, 3, seed);
    const { int } = descend(ann, images, {
      coding: CODINGS[seed % 3]!,
      steps: 3,
      shift: 4,
      terms: 3,
    });
    const { report } = createDiagnostics();
    const split = splitFanIn.run(
      int,
      { piecesOf: linear => Math.min(3, int.constants.get(linear.attrs.weight).shape[0]!) },
      report,
    );
    assert.ok(split.nodes.length > int.nodes.length);
    for (const image of images)
      assert.deepEqual(createIntRunner(split).run(image), createIntRunner(int).run(image));
  }
});

test('a fan-in split runs on the chip as well', async () => {
  const target = shrunk(await loadTarget('loihi2'), 200, 6);
  const shape = { tokens: 4, dim: 6, heads: 2, mlp: 17, depth: 1, classes: 3, patch: 4 };
  for (const coding of CODINGS) {
    const { images, mapped } = mapOn(target, 3, coding, 3, shape);
    assert.ok(mapped.int.nodes.some(n => n.kind === 'population' && n.attrs.function.kind === 'partial'));
    const machine = createMachine(allPrograms(mapped.programs));
    assert.equal(compareEmissions(mapped.int, machine, images[0]!).difference, undefined, coding);
  }
});

test('the delivery proof refuses a wrong delay, a wrong axon and a wrong map', async () => {
  const { mapped } = mapOn(await loadTarget('loihi2'), 5, 'sum', 1);
  const programs = allPrograms(mapped.programs);
  const text = JSON.stringify(programs);
  const restore = (from: RegExp, to: string) => {
    const broken = text.replace(from, to);
    assert.notEqual(broken, text);
    return programs.map((p, i) => ({
      ...p,
      cores: p.cores.map((c, k) => ({ ...c, axons: JSON.parse(broken)[i].cores[k].axons })),
    }));
  };
  checkDelivery(programs, mapped.int);
  assert.throws(() => checkDelivery(restore(/"delay":0/, '"delay":1'), mapped.int), /steps later/);
  assert.throws(() =>
    checkDelivery(
      restore(
        /"start":0,"loops":\[\{"count":(\d+),"stride":1\}/,
        '"start":1,"loops":[{"count":$1,"stride":1}',
      ),
      mapped.int,
    ),
  );
});

test('the chip stage prints, parses and prints again', async () => {
  const { mapped } = mapOn(await loadTarget('loihi2'), 4, 'sum', 1);
  const printed = printGraph(mapped.chip);
  assert.equal(printGraph(parseGraph(printed, chip)).text, printed.text);
  assert.ok(createAccounting(await loadTarget('loihi2')).capacity.neurons > 0);
});
