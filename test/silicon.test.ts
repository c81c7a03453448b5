/** Published rows beside ours: the page is what the measure says, and its figures are those of hand. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { loadTarget } from '../backends/target.ts';
import { boundRange, energyRange, measureSilicon, outside } from '../bench/silicon.ts';
import { runOnePass } from '../bench/silicon-net.ts';
import { siliconPage } from '../bench/silicon-page.ts';
import { SILICON_ROWS } from '../bench/silicon-rows.ts';
import { fullyConnected } from '../bench/silicon-stages.ts';

const PAGE = 'docs/silicon.md';
/** Networks that are built in less than a second. */
const results = await measureSilicon(
  ({ stages }) => stages.reduce((n, stage) => n + stage.synapses, 0) < 1e6,
);
const find = (name: string) => results.find(({ row }) => row.name.startsWith(name))!;
const energy = (name: string, set: string) =>
  find(name)
    .energies.find(({ costSet }) => costSet === set)!
    .range.map(pj => pj * 1e-6);
const near = (a: number, b: number) => assert.ok(Math.abs(a - b) <= 1e-9 * Math.abs(b), `${a}, not ${b}`);

test(`${PAGE} holds the rows that are measured here (npm run bench -- silicon --save ${PAGE})`, () => {
  const cells = (line: string) =>
    line
      .split('|')
      .map(cell => cell.trim())
      .join('|');
  const written = new Set(readFileSync(PAGE, 'utf8').split('\n').map(cells));
  const lines = siliconPage(results)
    .split('\n')
    .filter(line => line.startsWith('| ') && !/^[| -]*$/.test(line));
  assert.ok(lines.length > 20);
  for (const line of lines) assert.ok(written.has(cells(line)), line);
});

test('synops, cores and spikes of a built network are those of its shape', () => {
  assert.ok(results.filter(({ pass }) => pass !== undefined).length >= 8);
  for (const { row, pass } of results) {
    if (pass === undefined) continue;
    const total = (of: 'neurons' | 'synapses') => row.stages.reduce((n, stage) => n + stage[of], 0);
    assert.equal(pass.synops, total('synapses'), row.name);
    assert.equal(pass.fired, total('neurons'), row.name);
    assert.equal(pass.cores, row.cores, row.name);
  }
});

test('nearest neighbours: a smaller database on 32 chips, run, and the whole one by hand', async () => {
  const [patterns, inputs] = [960, 70];
  const target = await loadTarget('loihi1:nahuku-32');
  const whole = SILICON_ROWS.find(({ name }) => name.startsWith('kNN'))!;
  const stages = [fullyConnected(inputs, patterns)];
  const pass = runOnePass({ ...whole, cores: 320, stages }, target)!;
  assert.deepEqual([pass.synops, pass.cores, pass.fired], [patterns * inputs, 320, patterns]);
  // What the host sends is free, and patterns send to nobody on the chip.
  assert.deepEqual([pass.messages, pass.hopsEastWest + pass.hopsNorthSouth, pass.chipMessages], [0, 0, 0]);
  const [low, high] = energyRange(whole, pass, target.costSets[0]!);
  near(low, 5.12e7 * 23.6 + 76_800 * 60 * 52);
  near(high, 5.76e7 * 23.6 + 76_800 * 60 * 81);
  // 32 · 128 cores share the synops of 60 steps evenly.
  near(boundRange(whole, target)[0], ((5.12e7 / 60 / 4096) * 3.5) / 1e9);
});

test('Quartz: compartments and synapses counted from its layers', () => {
  const { row } = find('MNIST Quartz, 51');
  // A map of 24 · 24 · 6, two neurons that pace the layer, six biases; five synapses more a neuron than its 25 taps.
  const [convolution, pool] = row.stages.map(({ neurons, synapses }) => [neurons, synapses]);
  assert.deepEqual(convolution, [24 * 24 * 6 + 2 + 6, 24 * 24 * 6 * (25 + 5)]);
  assert.deepEqual(pool, [12 * 12 * 6 + 2, 12 * 12 * 6 * (4 + 1)]);
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
