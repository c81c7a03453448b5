/** The traffic of a tiny deployment, by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChipProgram, CoreProgram, Route, TileProgram } from '../../backends/program/program.ts';
import { UserError } from '../../ir/diagnostics/diagnostic.ts';
import { compressMap, identityMap } from '../../ir/map.ts';
import { refine } from '../../runtime-sim/timed/classes.ts';
import { type CoreCosts, serviceOf } from '../../runtime-sim/timed/costs.ts';
import { createListBuilder, NO_LIST } from '../../runtime-sim/timed/lists.ts';
import { bitsOf, createImageRecord } from '../../runtime-sim/timed/sent.ts';
import { createTrafficMaker } from '../../runtime-sim/timed/traffic.ts';
import { wire } from '../../runtime-sim/timed/wiring.ts';

const COSTS: CoreCosts = {
  ...{
    updateActive: 100,
    updateInactive: 10,
    spikeOut: 1,
    axonIn: 1000,
    axonOut: 7,
    synop: 3,
    memoryRead: 20,
  },
};

const route = (core: number, elements?: Route['elements']): Route => ({
  chip: 0,
  core,
  axon: 0,
  elements,
  entries: 1,
});

/** Neurons in a row that gather all inputs through weights of 8 bits. */
const tile = (
  population: number,
  neurons: number,
  depth: number,
  emit: TileProgram['emit'],
  routes: readonly Route[],
): TileProgram => ({
  population,
  box: { group: [0, 1], row: [0, 1], channel: [0, neurons] },
  depth,
  gathers: [{ kind: 'linear', rows: 1, weights: 0, scale: Int32Array.of(0), graded: false, shift: 0 }],
  rings: [],
  fraction: 0,
  outFraction: 0,
  function: { kind: 'identity' },
  emit,
  routes,
});

const MT = { kind: 'mt', theta: 0, levels: 4, terms: 3, band: 3, coarse: 0 } as const;

const core = (x: number, inputs: number, tiles: readonly TileProgram[]): CoreProgram => {
  const channels = tiles[0]!.box.channel[1];
  return {
    ...{ x, y: 0, slot: 0, remainders: [], tiles },
    weights: [{ inputs, channels, bits: 8, data: new Int8Array(inputs * channels) }],
    axons: [{ targets: [{ tile: 0, gather: 0, side: 0, delay: 0, map: identityMap(inputs) }] }],
  };
};

/** Two inputs → 4 neurons on core 0 → 30 on core 1 (all of them) and 2 on core 2 (neurons 1 and 3 alone). */
function deployment(binary: boolean, resetNeurons: number): readonly ChipProgram[] {
  const routes = [route(1), route(2, compressMap([1, 3]))];
  return [
    {
      header: {
        ...{ coding: 'sum', steps: 1, accumulatorBits: 24, stateBits: 24, binary, resetNeurons, depth: 2 },
        ...{ period: 1, mode: 'pipelined', interval: 1 },
        populations: [
          { name: 'hidden', shape: [1, 1, 4] },
          { name: 'wide', shape: [1, 1, 30] },
          { name: 'out', shape: [1, 1, 2] },
        ],
      },
      chip: 0,
      input: { name: 'input', size: 2, fraction: 0, routes: [route(0)] },
      cores: [
        core(0, 2, [tile(0, 4, 1, MT, routes)]),
        core(1, 4, [tile(1, 30, 2, MT, [])]),
        core(3, 4, [tile(2, 2, 2, { kind: 'readout' }, [])]),
      ],
    },
  ];
}

/** Neurons 0, 1 and 3 of `hidden` send, with one, two and three terms. */
function run(binary: boolean, resetNeurons: number) {
  const wiring = wire(deployment(binary, resetNeurons), COSTS);
  const record = createImageRecord(wiring.header, bitsOf([0, 5]));
  const emission = (values: readonly number[], terms: readonly number[]) => ({
    values: Int32Array.from(values),
    terms: Uint8Array.from(terms),
    sums: new Int32Array(values.length),
  });
  record.take(1, 0, emission([1, 3, 0, -7], [1, 2, 0, 3]));
  record.take(
    1,
    1,
    emission(
      Array.from({ length: 30 }, () => 0),
      Array.from({ length: 30 }, () => 0),
    ),
  );
  record.take(1, 2, emission([4, 0], [1, 0]));
  const maker = createTrafficMaker(wiring, COSTS);
  const instances = [{ image: 0, sent: record.finish(), start: 0 }];
  const listed = (list: number) =>
    Array.from(
      { length: wiring.lists.starts[list + 1]! - wiring.lists.starts[list]! },
      (_, i) => wiring.lists.target[wiring.lists.starts[list]! + i]!,
    );
  const step = (now: number) => {
    const { traffic, tally } = maker.make(now, instances);
    return {
      ...{ traffic, tally, starts: [...traffic.starts], gap: [...traffic.gap], tail: [...traffic.tail] },
      sent: [...traffic.fanout].map(listed),
      host: [...traffic.host].map(listed),
    };
  };
  return { wiring, step };
}

test('neurons cost their update, send to those that read them, and what arrives costs synops or words', () => {
  const { wiring, step } = run(false, 1);
  const first = step(0);
  assert.deepEqual(
    [first.starts, first.tail],
    [
      [0, 0, 0, 0],
      [0, 0, 0],
    ],
  );
  // The second element is not 0: one message, 4 synops of 8 bits in one word of 64.
  assert.deepEqual(first.host, [[0]]);
  assert.deepEqual([...first.tally.perCore.synops], [4, 0, 0]);
  assert.equal(first.tally.perCore.sent[0], 0);

  const { starts, gap, tail, sent, tally } = step(1);
  assert.deepEqual(starts, [0, 3, 3, 3]);
  assert.deepEqual(gap, [101, 101, 10 + 101]);
  assert.deepEqual(tail, [0, 0, 0]);
  assert.deepEqual(sent, [[1], [1, 2], [1, 2]]);
  assert.deepEqual([...tally.perCore.received], [0, 3, 2]);
  assert.deepEqual([...tally.perCore.synops], [0, 90, 4]);
  // 30 weights of 8 bits are 4 words, 2 of them one.
  assert.deepEqual([...tally.perCore.words], [0, 12, 2]);
  assert.deepEqual(tally.hops, { eastWest: 3 * 1 + 2 * 3, northSouth: 0, chipMessages: 0 });
  const services = new Map([...wiring.lists.target].map((target, m) => [target, wiring.lists.service[m]]));
  assert.equal(services.get(1), 1000 + Math.max(30 * 3, 4 * 20));
  assert.equal(services.get(2), 1000 + Math.max(2 * 3, 1 * 20));

  const last = step(2);
  assert.deepEqual([last.tail, last.gap], [[0, 300, 100 + 1 + 10], []]);
  assert.deepEqual([...last.tally.perCore.updateTicks], [0, 300, 111]);
});

test('without payloads each term is a message; a second neuron takes each back through a synapse', () => {
  const binary = run(true, 1).step(1);
  assert.deepEqual(binary.sent, [[1], ...[1, 2].map(() => [1, 2]), ...[1, 2, 3].map(() => [1, 2])]);
  assert.deepEqual(binary.gap, [101, 101, 1, 10 + 101, 1, 1]);
  assert.deepEqual([...binary.tally.perCore.spikes], [6, 0, 0]);
  const returned = run(true, 2).step(1);
  const [back, all] = [[0], [1, 2]];
  assert.deepEqual(returned.sent, [[1], back, all, all, back, back, all, all, all, back, back, back]);
  assert.deepEqual(returned.gap, [201, 0, 201, 1, 0, 0, 20 + 201, 1, 1, 0, 0, 0]);
  assert.deepEqual([...returned.tally.perCore.synops], [6, 180, 10]);
  assert.equal(returned.tally.perCore.updates[0], 8);
});

test('a word may take a part of a tick: it is rounded for a message, not for a word', () => {
  const costs = { ...COSTS, synop: 0.1, memoryRead: 0.4 };
  assert.deepEqual(serviceOf({ synops: 14, words: 4 }, costs), {
    synopTicks: 1,
    wordTicks: 2,
    service: 1002,
  });
});

test('E0743: more different messages than are kept', () => {
  const message = {
    ...{ target: 0, service: 1, synopTicks: 0, wordTicks: 0, synops: 0, words: 0 },
    ...{ hopsEastWest: 0, hopsNorthSouth: 0, crossesChips: false },
  };
  const lists = createListBuilder(3);
  assert.deepEqual([lists.add([message, message]), lists.add([]), lists.add([message])], [0, NO_LIST, 1]);
  assert.throws(
    () => lists.add([message]),
    error => error instanceof UserError && error.diagnostics[0]?.code === 'E0743',
  );
  assert.deepEqual([...lists.finish().starts], [0, 2, 3]);
});

test('classes are as few as the properties of neurons let them be', () => {
  const first = refine({ of: undefined, examples: [0] }, [1, 1, 0, 0, 1]);
  assert.deepEqual(first, { of: Int32Array.of(0, 0, 1, 1, 0), examples: [0, 2] });
  assert.equal(refine(first, [7, 7, 9, 9, 7]), first);
  assert.deepEqual(refine(first, [1, 0, 1, 1, 1]), { of: Int32Array.of(0, 1, 2, 2, 0), examples: [0, 1, 2] });
  assert.equal(refine(first, undefined), first);
});
