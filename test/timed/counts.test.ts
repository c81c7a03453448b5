/** What is timed is what was counted: sums over timesteps equal the functional counts, events never beat the bound. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChipProgram } from '../../backends/program/program.ts';
import { loadTarget, type Target } from '../../backends/target.ts';
import { allPrograms } from '../../compiler/assemble.ts';
import { mapNetwork } from '../../compiler/map-network.ts';
import type { Mode } from '../../ir/chip.ts';
import { createDiagnostics } from '../../ir/diagnostics/diagnostic.ts';
import type { IntGraph } from '../../ir/int.ts';
import { randomAnn } from '../../ir/random/ann.ts';
import { randomModern } from '../../ir/random/modern.ts';
import { CODINGS } from '../../ir/snn.ts';
import { createMachine, type HostStop } from '../../runtime-sim/chip.ts';
import { createTimedMachine, timeImages } from '../../runtime-sim/timed/machine.ts';
import { runAlone, runStream, type TimedStep } from '../../runtime-sim/timed/run.ts';
import { recordImage } from '../../runtime-sim/timed/sent.ts';
import { cramped, descend, randomImages, reload } from '../kit.ts';
import { spikingMlp } from '../spiking-mlp.ts';

const COUNTED = {
  updates: 'updates',
  active: 'active',
  spikes: 'spikes',
  sent: 'messages',
  synops: 'synops',
  words: 'memoryWords',
} as const;
const HOPS = {
  eastWest: 'hopsEastWest',
  northSouth: 'hopsNorthSouth',
  chipMessages: 'chipMessages',
} as const;

const map = (int: IntGraph, target: Target, mode: Mode) => {
  const context = { diagnostics: createDiagnostics(), step: () => {} };
  return reload(
    mapNetwork(int, target, new Map(), { weightBits: 8, seed: 1, effort: 'fast', mode }, context),
  );
};

/** By core and, of hops, in all: what timesteps add up to. */
function tallies() {
  const perCore: Record<string, Float64Array> = {};
  const hops: Record<string, number> = { eastWest: 0, northSouth: 0, chipMessages: 0 };
  const add = ({ tally }: TimedStep) => {
    for (const name of Object.keys(COUNTED) as (keyof typeof COUNTED)[]) {
      const column = tally.perCore[name];
      perCore[name] = column.map((x, core) => x + (perCore[name]?.[core] ?? 0));
    }
    for (const name of Object.keys(HOPS) as (keyof typeof HOPS)[]) hops[name]! += tally.hops[name];
  };
  return { perCore, hops, observer: { witness: () => undefined, observe: add } };
}

async function checkRuns(
  name: string,
  programs: readonly ChipProgram[],
  target: Target,
  images: readonly Float64Array[],
  stop?: HostStop,
): Promise<void> {
  const machine = createMachine(programs);
  const timed = createTimedMachine(programs, target);
  const records = images.map(image => {
    const record = recordImage(programs, image);
    machine.run(image, record.take, stop);
    return record.finish();
  });
  const cores = timed.wiring.cores;
  const counted = (key: keyof (typeof machine.counts.tiles)[number]) => {
    const perCore = new Float64Array(cores.length);
    for (const { tiles } of cores)
      for (const { core, number } of tiles) perCore[core]! += machine.counts.tiles[number]![key];
    return perCore;
  };
  const runs = {
    alone: tallies(),
    stream: tallies(),
  };
  let begin = { timestep: 0, ticks: 0 };
  for (const [i, record] of records.entries()) {
    const { summary, end } = await runAlone(timed.clock, record, i, begin, runs.alone.observer);
    assert.ok(summary.seconds >= summary.boundSeconds, name);
    begin = end;
  }
  const { steady } = await runStream(timed.clock, records, false, runs.stream.observer);
  assert.ok(steady.seconds >= steady.boundSeconds, name);
  for (const [run, { perCore, hops }] of Object.entries(runs)) {
    for (const [own, key] of Object.entries(COUNTED))
      assert.deepEqual(perCore[own], counted(key), `${name}, ${run}: ${key}`);
    for (const [own, key] of Object.entries(HOPS))
      assert.equal(
        hops[own],
        counted(key).reduce((a, b) => a + b, 0),
        `${name}, ${run}: ${key}`,
      );
  }
}

test('random networks in every mode, whole and cut: timed events are the counted ones', async () => {
  const whole = await loadTarget('loihi2');
  const cut = cramped(whole, 60, 500);
  const graphs = [randomAnn(0), randomAnn(1), randomModern(42, ['gatedMlp', 'attention'])];
  for (const [number, graph] of graphs.entries()) {
    const images = randomImages(graph, 3, number);
    const coding = CODINGS[number]!;
    for (const mode of ['pipelined', 'layerwise', 'streaming'] as const) {
      const steps = mode === 'streaming' ? 1 : 2;
      const { int } = descend(graph, images, { coding, steps, shift: 5, terms: 3 });
      const target = number === 1 ? cut : whole;
      await checkRuns(`${coding} ${mode}`, map(int, target, mode), target, images.slice(0, 2));
    }
  }
});

test('spikes without payload: each is a message, and returns to its core through a synapse', async () => {
  const target = await loadTarget('loihi1');
  const { int, images, options, context } = await spikingMlp(target, [37, 29, 23, 11], 2);
  const programs = allPrograms(mapNetwork(int, target, new Map(), options, context).programs);
  await checkRuns('perceptron', programs, target, images);
});

test('images that the host stops early are timed as far as they went', async () => {
  const target = await loadTarget('loihi2');
  const graph = randomAnn(3);
  const images = randomImages(graph, 3, 1);
  const { int } = descend(graph, images, { coding: 'sum', steps: 3, shift: 4, terms: 2 });
  const programs = map(int, target, 'layerwise');
  let asked = 0;
  await checkRuns('stopped', programs, target, images, () => ++asked % 2 === 0);
  assert.ok(asked > 0);
});

test('a clocked chip keeps its tick; what a descriptor lacks is listed', async () => {
  const loihi = await loadTarget('loihi2');
  const tick = { ...loihi.timing.barrierAllTiles!, value: 1e6 };
  const { synop: _, ...timing } = loihi.timing;
  const target = { ...loihi, timing: { ...timing, tick } };
  const graph = randomAnn(1);
  const images = randomImages(graph, 1, 1);
  const { int } = descend(graph, images, { coding: 'sum', steps: 1, shift: 4, terms: 2 });
  const programs = map(int, loihi, 'pipelined');
  const timed = createTimedMachine(programs, target);
  const record = recordImage(programs, images[0]!);
  createMachine(programs).run(images[0]!, record.take);
  const report = await timeImages(timed, [record.finish()]);
  assert.ok(report.unknown.includes('synop') && !report.unknown.includes('updateActive'));
  assert.deepEqual(report.end, { name: 'tick', seconds: 1e-3 });
  assert.deepEqual(report.stream.stepSeconds, { min: 1e-3, mean: 1e-3, max: 1e-3 });
  assert.equal(report.latency.steps, programs[0]!.header.depth + 1);
});
