/** Published rows beside ours: the page is what the measure says, and its figures are those of hand. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { measureSilicon, outside, siliconPage } from '../bench/silicon.ts';

const PAGE = 'docs/silicon.md';
const results = await measureSilicon();
const find = (name: string) => results.find(({ row }) => row.name.startsWith(name))!;
const energy = (name: string, set: string) =>
  find(name)
    .energies.find(({ costSet }) => costSet === set)!
    .range.map(pj => pj * 1e-6);
const near = (a: number, b: number) => assert.ok(Math.abs(a - b) <= 1e-9 * Math.abs(b), `${a}, not ${b}`);

test(`${PAGE} is what the measure says (UPDATE=1 rewrites it)`, () => {
  if (process.env.UPDATE === '1') writeFileSync(PAGE, siliconPage(results));
  assert.equal(readFileSync(PAGE, 'utf8'), siliconPage(results));
});

test('nearest neighbours: synops and updates of a query, priced by hand', () => {
  const [low, high] = energy('kNN', 'davies2018') as [number, number];
  near(low, (5.12e7 * 23.6 + 76_800 * 60 * 52) * 1e-6);
  // All updates active, and every pattern sends one message within its tile.
  near(high, (5.76e7 * 23.6 + 76_800 * 60 * 81 + 76_800 * 1.7) * 1e-6);
  const { bound } = find('kNN');
  near(bound[0], ((5.12e7 / 60 / 4096) * 3.5) / 1e9);
});

test('Quartz: compartments and synapses counted from its layers', () => {
  const { row } = find('MNIST Quartz, 51');
  // A map of 24 · 24 · 6, two neurons that pace the layer, six biases; five synapses more a neuron than its 25 taps.
  assert.deepEqual(row.stages[0], { neurons: 24 * 24 * 6 + 2 + 6, synapses: 24 * 24 * 6 * (25 + 5) });
  assert.deepEqual(row.stages[1], { neurons: 12 * 12 * 6 + 2, synapses: 12 * 12 * 6 * (4 + 1) });
  const neurons = row.stages.reduce((n, stage) => n + stage.neurons, 0);
  const [low, high] = energy('MNIST Quartz, each', 'davies2018') as [number, number];
  near(low, neurons * 52e-6);
  near(high, neurons * 81e-6);
  const { bound } = find('MNIST Quartz, each');
  near(bound[0], ((neurons / 11) * 5.3) / 1e9);
  near(bound[1], ((neurons / 11) * 8.4) / 1e9);
});

test('no measured step is shorter than the least bound; a figure inside a range is at no distance from it', () => {
  for (const { row, bound } of results) {
    const { stepMicroseconds } = row.measured;
    if (stepMicroseconds !== undefined) assert.ok(bound[0] * 1e6 <= stepMicroseconds, row.name);
    assert.ok(bound[0] <= bound[1], row.name);
  }
  for (const { energies } of results) for (const e of energies) assert.ok(e.range[0] <= e.range[1]);
  assert.equal(outside([1, 2], 1.5), 1);
  assert.equal(outside([1, 2], 4), 2);
  assert.equal(outside([1, 2], 0.5), 2);
});
