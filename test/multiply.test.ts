/** `--functions multiply`: the functions of a soma by multiplication, division and square root. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadTarget } from '../backends/target.ts';
import { compareEmissions } from '../cli/compare.ts';
import { allPrograms } from '../compiler/assemble.ts';
import { quantizeNetwork } from '../compiler/compile.ts';
import { mapNetwork } from '../compiler/map-network.ts';
import { createActivityLog } from '../ir/count/activity.ts';
import { closedFormCounts } from '../ir/count/closed-form.ts';
import { countedPopulations } from '../ir/count/counts.ts';
import { eventCounts } from '../ir/count/events.ts';
import { createDiagnostics, UserError } from '../ir/diagnostics/diagnostic.ts';
import { EXACT_POINTWISE, exactExp2, exactNorm, exactSoftmax } from '../ir/exact-functions.ts';
import { createFastIntRunner } from '../ir/fast/int.ts';
import { int as intDialect } from '../ir/int.ts';
import { createIntRunner } from '../ir/interpret/int.ts';
import { createSnnRunner } from '../ir/interpret/snn.ts';
import { randomAnn } from '../ir/random/ann.ts';
import { randomModern } from '../ir/random/modern.ts';
import { createRandom } from '../ir/random/seeded.ts';
import { scalarFunction } from '../ir/scalar.ts';
import { CODINGS, SOMA_POINTWISE } from '../ir/snn.ts';
import { parseGraph, printGraph } from '../ir/text.ts';
import { verifyGraph } from '../ir/verify.ts';
import { bootFromBytes, descend, furthest, randomImages } from './kit.ts';

test('2^x by polynomial: relative error below 1e-13, 0 far below, exact at whole numbers', () => {
  for (let x = -120; x < 120; x += 0.0371)
    assert.ok(Math.abs(exactExp2(x) / 2 ** x - 1) < 1e-13, `${x}: ${exactExp2(x)}`);
  for (const x of [-126, -7, 0, 1, 30]) assert.equal(exactExp2(x), 2 ** x);
  assert.equal(exactExp2(-200), 0);
  assert.equal(exactExp2(Number.NEGATIVE_INFINITY), 0);
});

test('every function of one variable within 1e-6 of what it means', () => {
  for (const name of SOMA_POINTWISE) {
    const [f, wanted] = [EXACT_POINTWISE[name], scalarFunction(name)];
    for (let x = -30; x <= 30; x += 0.0173)
      assert.ok(Math.abs(f(x) - wanted(x)) < 1e-6, `${name}(${x}) = ${f(x)}, should be ${wanted(x)}`);
  }
});

test('norms and softmax on integers are what they mean', () => {
  const random = createRandom(3);
  const group = Float64Array.from({ length: 37 }, () => Math.round(4096 * (random.normal() + 0.4)));
  const out = new Float64Array(37);
  const mean = group.reduce((a, b) => a + b) / 37;
  const variance = group.reduce((a, b) => a + (b - mean) ** 2, 0) / 37;
  exactNorm(group, out, true, 5, 4096);
  out.forEach((y, c) => {
    assert.ok(Math.abs(y - (4096 * (group[c]! - mean)) / Math.sqrt(variance + 5)) < 1e-6);
  });
  exactSoftmax(group, out, 2 ** -12, 2 ** 15);
  const powers = group.map(x => 2 ** (x / 4096));
  const sum = powers.reduce((a, b) => a + b);
  out.forEach((y, c) => {
    assert.ok(Math.abs(y - (2 ** 15 * powers[c]!) / sum) < 1e-6);
  });
});

test('a network that multiplies is nearer to the spiking network than tables are, counted, and the same on the chip', async () => {
  const target = await loadTarget('loihi2');
  const errors = { tables: 0, multiply: 0 };
  for (let seed = 0; seed < 6; seed++) {
    const graph = seed % 2 === 0 ? randomAnn(seed) : randomModern(seed);
    const images = randomImages(graph, 6, seed);
    const options = { coding: CODINGS[seed % 3]!, steps: 2, shift: 6, terms: 3 } as const;
    const tables = descend(graph, images, options);
    const { int } = descend(graph, images, { ...options, functions: 'multiply' });
    assert.deepEqual(verifyGraph(int), []);
    const printed = printGraph(int);
    assert.doesNotMatch(printed.text, /log2|table=/);
    assert.equal(printGraph(parseGraph(printed, intDialect)).text, printed.text);
    const wanted = createSnnRunner(tables.snn).run(images[0]!).at(-1)!;
    errors.tables += furthest(createIntRunner(tables.int).run(images[0]!).at(-1)!, wanted);
    const readout = createIntRunner(int).run(images[0]!).at(-1)!;
    errors.multiply += furthest(readout, wanted);
    assert.deepEqual(createFastIntRunner(int).run(images[0]!).at(-1)!, readout);
    const context = { diagnostics: createDiagnostics(), step: () => {} };
    const mapped = mapNetwork(int, target, new Map(), { weightBits: 8, seed: 1, effort: 'fast' }, context);
    assert.ok(allPrograms(mapped.programs).every(p => p.cores.every(core => core.log2 === undefined)));
    const machine = bootFromBytes(mapped);
    assert.equal(compareEmissions(mapped.int, machine, images[1]!).difference, undefined, `seed ${seed}`);
  }
  assert.ok(errors.multiply < errors.tables, JSON.stringify(errors));
});

test('multiplications are counted alike twice, and nothing is looked up', () => {
  const graph = randomModern(2);
  const images = randomImages(graph, 3, 2);
  const { int } = descend(graph, images, {
    coding: 'sum',
    steps: 1,
    shift: 4,
    terms: 2,
    functions: 'multiply',
  });
  const populations = new Map(countedPopulations(int).map(p => [p.node.id, p]));
  const log = createActivityLog();
  let macs = 0;
  createIntRunner(int).run(images[0]!, (step, node, emission) => {
    log.record(step, node.id, emission);
    const population = populations.get(node.id);
    if (population === undefined) return;
    const counts = closedFormCounts(population, 'sum', step, log);
    assert.deepEqual(eventCounts(population, 'sum', step, log), counts);
    assert.equal(counts.performed.lookups, 0);
    assert.equal(counts.paper.macs, 0);
    macs += counts.performed.macs;
  });
  assert.ok(macs > 0);
});

test('E0420: a core that does not say that somas multiply takes no such network', async () => {
  const graph = randomAnn(1);
  const images = randomImages(graph, 2, 1);
  const { snn } = descend(graph, images, { coding: 'sum', steps: 1, shift: 4, terms: 2 });
  const context = { diagnostics: createDiagnostics(), step: () => {} };
  const target = await loadTarget('generic');
  const make = (functions: 'tables' | 'multiply') =>
    quantizeNetwork(snn, images, target, 8, context, false, functions);
  assert.ok(make('tables').nodes.length > 0);
  assert.throws(
    () => make('multiply'),
    (error: unknown) => error instanceof UserError && error.diagnostics[0]!.code === 'E0420',
  );
});
