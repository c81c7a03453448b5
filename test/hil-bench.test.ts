/** One tile alone sends what it sends on the chip; and what is wrong with a tile is found from what it sent. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChipProgram } from '../backends/program/program.ts';
import type { Mode } from '../ir/chip.ts';
import { randomAnn } from '../ir/random/ann.ts';
import { MODERN_BLOCKS, randomModern } from '../ir/random/modern.ts';
import { createRandom } from '../ir/random/seeded.ts';
import { CODINGS, type Coding } from '../ir/snn.ts';
import { planBatch } from '../runtime-sim/hil/batch.ts';
import { expectedSpikes, expectImages } from '../runtime-sim/hil/expected.ts';
import { locateFaults } from '../runtime-sim/hil/locate.ts';
import { scheduleOf } from '../runtime-sim/hil/schedule.ts';
import { limitsOf } from '../runtime-sim/hil/session.ts';
import { spikesOf } from '../runtime-sim/hil/spikes.ts';
import { createTileBench, type Disturb, type TileBench } from '../runtime-sim/hil/tile-bench.ts';
import { slowSimulator } from '../runtime-sim/simulator.ts';
import { deploySmall } from './hil-kit.ts';

const kinds = Object.keys(MODERN_BLOCKS) as (keyof typeof MODERN_BLOCKS)[];
const graphOf = (seed: number) =>
  seed % 2 === 0 ? randomAnn(seed) : randomModern(seed + 40, [kinds[seed % kinds.length]!]);

const deployed = new Map<number, ReturnType<typeof makeDeployment>>();
const deploy = (...about: Parameters<typeof makeDeployment>) => {
  const made = deployed.get(about[0]) ?? makeDeployment(...about);
  deployed.set(about[0], made);
  return made;
};

const makeDeployment = (seed: number, mode: Mode, coding: Coding, steps: number) =>
  deploySmall(mode, coding, steps, { seed, graph: graphOf(seed) });

/** Every mode, coding and number of steps that there is. */
const CASES = [
  ...(['pipelined', 'layerwise'] as const).flatMap(mode => [
    [mode, 'sum', 1] as const,
    ...CODINGS.map(coding => [mode, coding, 3] as const),
  ]),
  ['streaming', 'sum', 1] as const,
  ['streaming', 'sum', 1] as const,
];

const expectAll = (programs: readonly ChipProgram[], images: readonly Float64Array[]) =>
  expectImages(slowSimulator(programs), images, scheduleOf(programs), programs[0]!.header);

test('a tile that is given what its sources sent sends what it sends on the chip', async () => {
  let tiles = 0;
  for (const [seed, [mode, coding, steps]] of CASES.entries()) {
    const { programs, images } = await deploy(seed, mode, coding, steps);
    const bench = createTileBench(programs);
    for (const expected of expectAll(programs, images.slice(0, 2))) {
      for (const tile of bench.tiles) {
        const predicted = bench.predict(tile, expected);
        for (const [i, values] of predicted.entries()) {
          const all = (tile.isReadout ? expected.held : expected.sent)(tile.population, i + 1);
          assert.deepEqual(
            [...values],
            Array.from(tile.members, neuron => all[neuron]!),
            `${mode} ${coding}`,
          );
        }
        tiles += 1;
      }
    }
  }
  assert.ok(tiles > 200, `${tiles}`);
});

test('every neuron of every step has one turn, and all turns of all images one place on the clock', async () => {
  for (const [seed, [mode, coding, steps]] of CASES.entries()) {
    const { programs, images } = await deploy(seed, mode, coding, steps);
    const { header } = programs[0]!;
    const schedule = scheduleOf(programs);
    for (const [population, { shape }] of header.populations.entries()) {
      const own = schedule.turns.filter(turn => turn.population === population);
      const perStep = shape.reduce((a, b) => a * b, 1);
      const neurons = own.flatMap(turn => Array.from(turn.neurons, n => `${turn.step} ${n}`));
      assert.equal(new Set(neurons).size, neurons.length);
      assert.equal(neurons.length, perStep * header.steps);
    }
    const limits = { ...limitsOf({} as never), timesteps: 7, messageBytes: 4096, form: 'hash' as const };
    const { replies, commands } = planBatch(
      images.map(image => ({ image })),
      schedule,
      header,
      limits,
    );
    const places = replies.flatMap(({ due }) => due.map(one => `${one.turn.population} ${one.clock}`));
    assert.equal(new Set(places).size, schedule.turns.length * images.length);
    assert.equal(commands.length, replies.length);
    for (const { from, to, due } of replies.slice(1)) {
      assert.ok(to > from && to - from <= 7);
      assert.ok(due.every(({ clock }) => clock >= from && clock < to));
    }
  }
});

/** As a device would report an image in which one passage into a tile is disturbed. */
function disturbed(bench: TileBench, programs: readonly ChipProgram[], image: Float64Array, seed: number) {
  const random = createRandom(seed);
  const [expected] = expectAll(programs, [image]);
  const schedule = scheduleOf(programs);
  for (let attempt = 0; attempt < 50; attempt++) {
    const tile = bench.tiles[Math.floor(random.next() * bench.tiles.length)]!;
    const passage = tile.passages[Math.floor(random.next() * tile.passages.length)];
    if (passage === undefined) continue;
    const chance = random.next();
    const disturb: Disturb = (other, batch, step) => {
      if (other !== passage || step > 1) return [{ batch, late: 0 }];
      const kept = Array.from(batch.neurons.keys()).filter(
        i => (batch.neurons[i]! * 7919 + 13) % 97 > chance * 30,
      );
      const of = (a: ArrayLike<number>) => Int32Array.from(kept, i => a[i]!);
      return [
        {
          batch: {
            neurons: of(batch.neurons),
            payloads: of(batch.payloads),
            terms: Uint8Array.from(of(batch.terms)),
          },
          late: 0,
        },
      ];
    };
    const got = bench.predict(tile, expected!, { disturb });
    const differences = got.flatMap((values, i) => {
      const all = (tile.isReadout ? expected!.held : expected!.sent)(tile.population, i + 1);
      const wrong = all.slice();
      tile.members.forEach((neuron, n) => {
        wrong[neuron] = values[n]!;
      });
      return schedule.turns
        .map((turn, index) => ({ turn, index }))
        .filter(({ turn }) => turn.population === tile.population && turn.step === i + 1)
        .map(({ turn, index }) => ({
          image: 0,
          due: { image: 0, index, turn, clock: turn.timestep },
          expected: tile.isReadout ? spikesOf(all, turn.neurons) : expectedSpikes(expected!, turn),
          got: spikesOf(wrong, turn.neurons),
        }))
        .filter(one => JSON.stringify(one.expected) !== JSON.stringify(one.got));
    });
    if (differences.length > 0)
      return { tile, passage, wrong: { number: 0, expected: expected!, differences } };
  }
  return undefined;
}

test('lost messages are traced to the link that lost them', async () => {
  let found = 0;
  let right = 0;
  for (const [seed, [mode, coding, steps]] of CASES.entries()) {
    const { programs, images } = await deploy(seed, mode, coding, steps);
    const bench = createTileBench(programs);
    for (let n = 0; n < 1; n++) {
      const case_ = disturbed(bench, programs, images[n]!, seed * 10 + n);
      if (case_ === undefined) continue;
      const { tile, passage, wrong } = case_;
      const faults = await locateFaults(bench, programs[0]!.header, [wrong], async () => undefined);
      assert.equal(faults.length, 1);
      const { at, from, kind } = faults[0]!;
      assert.deepEqual(at, { chip: tile.chip, core: tile.core });
      found += 1;
      const source =
        passage.from === undefined ? 'host' : { chip: passage.from.chip, core: passage.from.core };
      if (kind === 'link' && JSON.stringify(from) === JSON.stringify(source)) right += 1;
    }
  }
  assert.ok(found >= 7, `${found}`);
  assert.ok(right >= 0.9 * found, `${right} of ${found}`);
});
