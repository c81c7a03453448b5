/** Energies: by hand on two cores, as sums on random networks, as a band, with what is unknown; the 8-bit network. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Figure } from '../backends/descriptor/figure.ts';
import type { ChipProgram, CoreProgram, TileProgram } from '../backends/program/program.ts';
import { type CostSet, loadTarget, type Target } from '../backends/target.ts';
import { compareEmissions } from '../cli/compare.ts';
import { talliedOf } from '../cli/compare-modes.ts';
import { estimatePlaced } from '../compiler/estimate/modes.ts';
import { tileWork } from '../compiler/estimate/tile-work.ts';
import { type Mapped, mapNetwork } from '../compiler/map-network.ts';
import { createDiagnostics } from '../ir/diagnostics/diagnostic.ts';
import { identityMap } from '../ir/map.ts';
import { randomModern } from '../ir/random/modern.ts';
import { bandOf, energiesOf } from '../report/energy.ts';
import { energyRows, energyTable, layerTable } from '../report/energy-table.ts';
import { createMachine } from '../runtime-sim/chip.ts';
import { denseEvents } from '../runtime-sim/dense-events.ts';
import { energyOf, PRICED_EVENTS, standingEnergy } from '../runtime-sim/energy.ts';
import { placesOf, type Seat, sumEvents, tileEventsOf, totalEvents } from '../runtime-sim/tile-events.ts';
import { descend, randomImages, reload, shrunk } from './kit.ts';

const figure = (value: number, includes?: readonly string[]): Figure => ({
  ...{ value, unit: 'pJ', status: 'assumed', source: 'this test' },
  ...(includes !== undefined && { includes }),
});

/** 3 inputs → 2 neurons on a core at (0, 0) → 1 readout on a core at (2, 1). */
function tinyChip(): ChipProgram {
  const tile = (population: number, channels: number, own: Partial<TileProgram>): TileProgram => ({
    ...{ population, box: { group: [0, 1], row: [0, 1], channel: [0, channels] }, depth: population + 1 },
    gathers: [
      { ...{ kind: 'linear', rows: 1, weights: 0, graded: false, shift: 0 }, scale: Int32Array.of(0) },
    ],
    ...{ rings: [], fraction: 0, outFraction: 0, function: { kind: 'identity' }, routes: [] },
    emit: { kind: 'readout' },
    ...own,
  });
  const core = (x: number, y: number, weights: readonly number[], inputs: number, of: TileProgram) =>
    ({
      ...{ x, y, slot: 0, remainders: [], tiles: [of] },
      weights: [{ inputs, channels: weights.length / inputs, bits: 8, data: Int8Array.from(weights) }],
      axons: [{ targets: [{ tile: 0, gather: 0, side: 0, delay: 0, map: identityMap(inputs) }] }],
    }) satisfies CoreProgram;
  const to = (number: number) => ({ chip: 0, core: number, axon: 0, entries: 1 });
  const hidden = tile(0, 2, {
    emit: { ...{ kind: 'mt', theta: 0, levels: 4, terms: 3 }, band: 3, coarse: 0 },
    routes: [to(1)],
  });
  return {
    header: {
      ...{ coding: 'sum', steps: 1, accumulatorBits: 24, stateBits: 24, binary: false, resetNeurons: 1 },
      ...{ depth: 2, period: 1, mode: 'pipelined', interval: 1 },
      populations: [
        { name: 'hidden', shape: [1, 1, 2] },
        { name: 'answer', shape: [1, 1, 1] },
      ],
    },
    chip: 0,
    input: { name: 'image', size: 3, fraction: 0, routes: [to(0)] },
    // Input by input: the second neuron hears of the second input alone.
    cores: [core(0, 0, [1, 0, 0, 5, 1, 0], 3, hidden), core(2, 1, [2, 2], 2, tile(1, 1, {}))],
  };
}

/** The other way round than the program has them. */
const TWO: readonly Seat[] = [
  { chip: 0, x: 2, y: 1, slot: 0 },
  { chip: 0, x: 0, y: 0, slot: 0 },
];

/** As the tables of a mapped network list its cores, and its manifest. */
const seatsOf = ({ chip: { tables } }: Mapped): readonly Seat[] => {
  const { chip, x, y, slot } = tables.cores.columns;
  return Array.from(chip!, (at, i) => ({ chip: at, x: x![i]!, y: y![i]!, slot: slot![i]! }));
};

const SET: CostSet = {
  name: 'hand',
  costs: {
    ...{ synop: figure(20), updateActive: figure(80, ['spikeOut']), updateInactive: figure(50) },
    ...{ multiply: figure(0.2), axonOut: figure(10), hopEastWest: figure(3), hopNorthSouth: figure(4) },
    ...{ staticPower: { ...figure(100), unit: 'mW' }, barrier: figure(7) },
  },
};

test('two cores by hand: parts, band, unknown costs, what passes with time', () => {
  const [programs, seats] = [[tinyChip()], TWO];
  const machine = createMachine(programs);
  // 1·1 + 3·1 = 4: the first neuron fires, the second is silent; the readout is 2·4 = 8.
  assert.deepEqual([...machine.run(Float64Array.of(1, 0, 3)).at(-1)!], [8]);
  const tiles = tileEventsOf(machine.counts, placesOf(programs, seats));
  const energy = energyOf(totalEvents(tiles.events), SET);
  // Two inputs meet two weights each, one spike meets one; of three neurons one is silent.
  assert.deepEqual(energy.parts, {
    ...{ synapse: (2 * 2 + 1) * 20, relay: 0, 'neuron active': 2 * 80, 'neuron inactive': 50 },
    ...{ 'axon out': 10, 'hop east-west': 2 * 3, 'hop north-south': 4 },
  });
  assert.equal(energy.totalPj, 100 + 160 + 50 + 10 + 6 + 4);
  // The silent one may have had something to work on: 80 in place of 50.
  assert.equal(energy.highPj, energy.totalPj + 30);
  // Firing is included, the rest nobody knows; no message leaves the chip.
  assert.deepEqual(energy.unknown, { axonIn: 1, spikeInTile: 1 });
  const standing = standingEnergy({ chips: 2, steps: 3, seconds: 1e-6 }, SET, false);
  // 100 mW · 2 chips · 1 µs = 0.2 µJ.
  assert.ok(Math.abs(standing.parts.static! - 2e5) < 1e-6);
  assert.equal(standing.parts.barrier, 2 * 3 * 7);
  assert.ok(Math.abs(standing.unknown.hostPower! - 2000) < 1e-9);
});

test('what was counted to have worked closes the band', () => {
  const events = { ...Object.fromEntries(PRICED_EVENTS.map(e => [e, 0])), updates: 10, active: 2, worked: 6 };
  const energy = energyOf(events as unknown as Parameters<typeof energyOf>[0], SET);
  assert.equal(energy.totalPj, 6 * 80 + 4 * 50);
  assert.equal(energy.highPj, energy.totalPj);
});

test('two cores by hand as an 8-bit network: every neuron sends once, every weight is multiplied once', () => {
  const dense = denseEvents([tinyChip()], TWO);
  assert.deepEqual([...dense.events.synops], [3 * 2, 2]);
  assert.deepEqual([...dense.events.updates], [2, 1]);
  assert.deepEqual([...dense.events.messages], [2, 0]);
  assert.deepEqual([...dense.events.hopsEastWest], [4, 0]);
  assert.deepEqual([...dense.events.hopsNorthSouth], [2, 0]);
  const { totalPj, parts } = energyOf(totalEvents(dense.events), SET, true);
  assert.equal(parts.multiplication, 8 * 0.2);
  assert.ok(Math.abs(totalPj - (8 * 20 + 8 * 0.2 + 3 * 80 + 2 * 10 + 4 * 3 + 2 * 4)) < 1e-9);
});

const near = (a: number, b: number, what: string) =>
  assert.ok(Math.abs(a - b) <= 1e-12 * Math.max(Math.abs(a), Math.abs(b)), `${what}: ${a}, not ${b}`);
const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0);
const context = () => ({ diagnostics: createDiagnostics(), step: () => {} });

/** Small cores, so that layers are cut and share cores, on several chips. */
const cramped = (target: Target): Target => {
  const small = shrunk(target, 60, 400);
  return {
    ...small,
    topology: { ...small.topology, usableCores: { ...small.topology.usableCores, value: 8 } },
  };
};

test('layers and cores add up to the total; tables and programs tell the same 8-bit network', async () => {
  const kinds = ['attention', 'gatedMlp', 'taps', 'postNorm'] as const;
  const target = cramped(await loadTarget('loihi2'));
  const graph = randomModern(3, kinds);
  const images = randomImages(graph, 2, 1);
  const { int } = descend(graph, images, { coding: 'sum', steps: 1, shift: 4, terms: 2 });
  for (const mode of ['pipelined', 'streaming'] as const) {
    const options = { weightBits: 8, seed: 1, effort: 'fast', mode } as const;
    const mapped = mapNetwork(int, target, new Map(), options, context());
    const programs = reload(mapped);
    const seats = seatsOf(mapped);
    const machine = createMachine(programs);
    for (const image of images)
      assert.equal(compareEmissions(mapped.int, machine, image).difference, undefined);
    const tiles = tileEventsOf(machine.counts, placesOf(programs, seats));
    const activity = { activity: new Map(), weightBits: 8 };
    const found = estimatePlaced(mapped.chip, target, mapped.accounting, activity);
    const expected = talliedOf(found, tileWork(mapped.chip, new Map(), 8), 8, undefined);
    const dense = denseEvents(programs, seats);
    const names = programs[0]!.header.populations.map(({ name }) => name);
    for (const [key, keys] of [['population', names.length] as const, ['core', seats.length] as const]) {
      const [a, b] = [dense, expected.dense].map(side => sumEvents(side.events, side[key], keys));
      assert.deepEqual(a, b, `${mode} ${key}`);
      const parts = sumEvents(tiles.events, tiles[key], keys);
      for (const event of PRICED_EVENTS)
        assert.equal(sum(parts.map(each => each[event])), totalEvents(tiles.events)[event], event);
    }
    const at = { chips: 1, steps: 1, seconds: 1 };
    const span = { source: 'bound', alone: at, stream: at } as const;
    const all = energiesOf({ tiles, dense }, span, target, names, seats.length);
    assert.equal(all.energy.length, 2);
    for (const { costSet, totalPj, highPj, ann, ratio, unknown } of all.energy) {
      const layers = all.energyLayers.filter(layer => layer.costSet === costSet);
      const own = all.energyCores.find(each => each.costSet === costSet)!;
      assert.equal(layers.length, names.length);
      assert.ok(totalPj > 0 && highPj >= totalPj && ann.totalPj > 0);
      near(sum(layers.map(layer => layer.totalPj)), totalPj, `${costSet} layers`);
      near(sum(layers.map(layer => layer.highPj)), highPj, `${costSet} layers, high`);
      near(sum(layers.map(layer => layer.annPj)), ann.totalPj, `${costSet} layers, int8`);
      near(sum(own.totalPj), totalPj, `${costSet} cores`);
      near(sum(own.highPj), highPj, `${costSet} cores, high`);
      near(sum(own.annPj), ann.totalPj, `${costSet} cores, int8`);
      near(ratio!.low * ann.totalPj, totalPj, `${costSet} ratio`);
      assert.equal('axonIn' in unknown, costSet === 'davies2018');
      assert.ok(!('spikeOut' in unknown), 'davies2018 includes firing');
    }
    const { low, high } = bandOf(all.energy)!;
    assert.ok(low <= high);
    for (const e of all.energy) assert.ok(low <= e.totalPj && e.highPj <= high);
    const text = [...energyTable(all), ...layerTable(all)].join('\n');
    assert.match(text, /left out of davies2018, unknown: .*axonOut \([\d,]+ events\)/);
    assert.match(text, /dearer than int8: /);
    assert.ok(energyRows(all).every(([, line]) => !/NaN|undefined/.test(line)));
  }
});

test('at one step no neuron sends more than the 8-bit network does; products unrolled in space meet twice', async () => {
  const target = await loadTarget('loihi2');
  const graph = randomModern(5, ['attention']);
  const images = randomImages(graph, 2, 5);
  const { int } = descend(graph, images, { coding: 'sum', steps: 1, shift: 4, terms: 2 });
  const options = { weightBits: 8, seed: 1, effort: 'fast', mode: 'pipelined' } as const;
  const mapped = mapNetwork(int, target, new Map(), options, context());
  const [programs, seats] = [reload(mapped), seatsOf(mapped)];
  const machine = createMachine(programs);
  for (const image of images) machine.run(image);
  const own = tileEventsOf(machine.counts, placesOf(programs, seats));
  const dense = denseEvents(programs, seats);
  const kinds = programs.flatMap(({ cores }) =>
    cores.flatMap(core => core.tiles.map(t => t.gathers.map(g => g.kind))),
  );
  let products = 0;
  kinds.forEach((of, tile) => {
    assert.ok(own.events.messages[tile]! <= dense.events.messages[tile]!);
    const most = of.includes('product') ? 2 : 1;
    assert.ok(own.events.synops[tile]! <= most * dense.events.synops[tile]!);
    if (most === 2 && own.events.synops[tile]! > dense.events.synops[tile]!) products += 1;
  });
  assert.ok(products > 0, 'operands of an attention send more than half of what they have');
});

test('where nothing has a price, nothing is said to cost 0', () => {
  const bare: CostSet = { name: 'bare', costs: {} };
  const programs = [tinyChip()];
  const machine = createMachine(programs);
  machine.run(Float64Array.of(1, 0, 3));
  const tiles = tileEventsOf(machine.counts, placesOf(programs, TWO));
  const at = { chips: 1, steps: 2, seconds: 1e-6 };
  const span = { source: 'bound', alone: at, stream: at } as const;
  const target = { costSets: [bare], timing: {} as Target['timing'] };
  const all = energiesOf({ tiles, dense: denseEvents(programs, TWO) }, span, target, ['hidden', 'answer'], 2);
  assert.equal(bandOf(all.energy), null);
  assert.equal(all.energy[0]!.ratio, null);
  assert.equal(all.energy[0]!.unknown.synop, 5);
  assert.match(energyRows(all)[0]![1], /unknown/);
  assert.deepEqual(layerTable(all), []);
  const text = energyTable(all).join('\n');
  assert.match(text, /dynamic +unknown/);
  assert.doesNotMatch(text, /NaN|0\.00 pJ/);
  // A set without the price of a multiplication compares, and says what it leaves out.
  const { multiply: _, ...others } = SET.costs;
  const partly = energiesOf(
    { tiles, dense: denseEvents(programs, TWO) },
    span,
    { ...target, costSets: [{ name: 'partly', costs: others }] },
    ['hidden', 'answer'],
    2,
  );
  assert.equal(partly.energy[0]!.ann.unknown.multiply, 8);
  assert.ok(partly.energy[0]!.ratio !== null);
});
