/** The functional engine equals the machine that follows every message: values, terms, sums, readouts, all counts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChipProgram } from '../backends/program/program.ts';
import { loadTarget } from '../backends/target.ts';
import { mapNetwork } from '../compiler/map-network.ts';
import { randomAnn } from '../ir/random/ann.ts';
import type { HostStop, PopulationEmission } from '../runtime-sim/chip.ts';
import { planEngine } from '../runtime-sim/engine/plan.ts';
import { createSimulator, type Simulator, slowSimulator } from '../runtime-sim/simulator.ts';
import { integerNetworks } from './integer-networks.ts';
import { cramped, descend, mapTo, randomImages, reload } from './kit.ts';
import { spikingMlp } from './spiking-mlp.ts';

/** Nothing here is a power of two. */
const UNTIDY = { tokens: 10, dim: 48, heads: 3, mlp: 100, depth: 2, classes: 5, patch: 12 } as const;

function watch(simulator: Simulator, images: readonly Float64Array[], stop?: HostStop) {
  const sent = new Map<string, PopulationEmission>();
  const readouts = simulator.run(
    images,
    (image, step, population, emission) => {
      const key = `${image} ${step} ${population}`;
      assert.ok(!sent.has(key), key);
      sent.set(key, structuredClone(emission));
    },
    stop,
  );
  return { readouts, sent, counts: simulator.counts };
}

/** Runs both; the engine must be the one that runs. */
function assertEqual(
  name: string,
  programs: readonly ChipProgram[],
  images: readonly Float64Array[],
  stop?: HostStop,
) {
  assert.ok(planEngine(programs) !== undefined, `${name}: no engine`);
  const fast = watch(createSimulator(programs), images, stop);
  const slow = watch(slowSimulator(programs), images, stop);
  assert.deepEqual(fast.readouts, slow.readouts, name);
  assert.equal(fast.sent.size, slow.sent.size, name);
  for (const [key, emission] of slow.sent) assert.deepEqual(fast.sent.get(key), emission, `${name}: ${key}`);
  for (const field of Object.keys(slow.counts) as (keyof typeof slow.counts)[])
    assert.deepEqual(fast.counts[field], slow.counts[field], `${name}: ${field}`);
  return fast;
}

const MODES = ['pipelined', 'layerwise', 'streaming'] as const;

/** Cores so small that populations are cut, and few. */
const CRAMPED = [150, 1500] as const;

test('one step: pipelined, layerwise and streaming, whole and cut', async () => {
  const large = await loadTarget('loihi2');
  const small = cramped(large, ...CRAMPED);
  let number = 0;
  for (const { name, int, images } of integerNetworks(UNTIDY, 1)) {
    const [mode, other] = [MODES[number % 3]!, MODES[(number + 1) % 3]!];
    number += 1;
    assertEqual(`${name} ${mode}`, mapTo(int, large, { mode }), images);
    const cut = mapTo(int, small, { mode: other });
    assertEqual(`${name} ${other} cut`, cut, images.slice(0, 2));
  }
});

test('several steps in every coding, whole and cut, stopped early or not', async () => {
  const large = await loadTarget('loihi2');
  const small = cramped(large, ...CRAMPED);
  let number = 0;
  for (const { name, int, images } of integerNetworks(UNTIDY, 3)) {
    const mode = MODES[number++ % 2]!;
    const programs = mapTo(int, number % 2 === 0 ? large : small, { mode });
    assertEqual(`${name} ${mode}`, programs, images);
    const stop: HostStop = (readout, t) => t === 2 || readout[0]! > readout[1]!;
    const stopped = assertEqual(`${name} ${mode} stopped`, programs, images, stop);
    assert.ok(stopped.readouts.every(r => r.length < 3));
  }
});

test('binary spikes: a message for each power of two, neurons of two compartments, each with a way back', async () => {
  const target = await loadTarget('loihi1');
  for (const steps of [1, 2]) {
    const { int, images, options, context } = await spikingMlp(target, [37, 29, 23, 11], steps);
    const programs = reload(mapNetwork(int, target, new Map(), options, context));
    assert.ok(programs[0]!.header.binary && programs[0]!.header.resetNeurons > 1);
    const { counts } = assertEqual(`binary, T = ${steps}`, programs, images);
    assert.ok(counts.tiles.some(({ messages, spikes }) => messages > spikes && spikes > 0));
  }
});

test('payloads and sums beyond 16 and 32 bits: digits, doubles, and what only the slow machine says', async () => {
  const graph = randomAnn(5);
  const images = randomImages(graph, 2, 5);
  const { int } = descend(graph, images, { coding: 'sum', steps: 2, shift: 4, terms: 3 });
  const programs = mapTo(int, await loadTarget('loihi2'));
  for (const size of [1e1, 1e3, 1e5, 1e9])
    assertEqual(
      `images of ${size}`,
      programs,
      images.map(image => image.map(x => x * size)),
    );
  // Accumulators that 32 bits do not hold.
  const fine = programs.map(program => ({ ...program, header: { ...program.header, accumulatorBits: 40 } }));
  assertEqual(
    'wide accumulators',
    fine,
    images.map(image => image.map(x => x * 1e5)),
  );
});

test('the same results, observed and stopped, for any number of workers', async () => {
  const target = await loadTarget('loihi2');
  const graph = randomAnn(7, UNTIDY);
  const images = randomImages(graph, 5, 3);
  const { int } = descend(graph, images, { coding: 'differential', steps: 3, shift: 4, terms: 3 });
  const programs = mapTo(int, target);
  const stop: HostStop = (readout, t) => t === 2 || readout[0]! > readout[1]!;
  const [one, ...others] = [1, 2, 3].map(workers => {
    const simulator = createSimulator(programs, { workers });
    const watched = watch(simulator, images, stop);
    const plain = simulator.run(images);
    const { counts } = simulator;
    simulator.close();
    return { ...watched, sent: [...watched.sent].sort(([a], [b]) => (a < b ? -1 : 1)), plain, counts };
  });
  for (const other of others) assert.deepEqual(other, one);
});
