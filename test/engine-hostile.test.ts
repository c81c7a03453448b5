/**
 * Programs that no compiler wrote: one number of a sound program is changed, and whatever may still be loaded either runs
 * as on the machine that follows every message, counts and all, or is refused with the same words.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findCrossTrouble } from '../backends/program/check.ts';
import { decodeChip } from '../backends/program/decode.ts';
import { encodeChip } from '../backends/program/encode.ts';
import type { ChipProgram } from '../backends/program/program.ts';
import { loadTarget } from '../backends/target.ts';
import { allPrograms } from '../compiler/assemble.ts';
import { mapNetwork } from '../compiler/map-network.ts';
import type { Mode } from '../ir/chip.ts';
import { createDiagnostics, UserError } from '../ir/diagnostics/diagnostic.ts';
import { randomAnn } from '../ir/random/ann.ts';
import { randomModern } from '../ir/random/modern.ts';
import { createRandom } from '../ir/random/seeded.ts';
import type { Coding } from '../ir/snn.ts';
import type { PopulationEmission } from '../runtime-sim/chip.ts';
import { planEngine } from '../runtime-sim/engine/plan.ts';
import { createSimulator, type Simulator, slowSimulator } from '../runtime-sim/simulator.ts';
import { descend, randomImages } from './kit.ts';

type Random = ReturnType<typeof createRandom>;
type Holder = Record<string, unknown> | unknown[] | Int32Array | Int8Array;

/** Every place where a number or a flag stands. */
function* leaves(value: unknown): Generator<readonly [Holder, string]> {
  if (value instanceof Int32Array || value instanceof Int8Array) {
    for (let i = 0; i < Math.min(3, value.length); i++) yield [value, `${i}`];
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (typeof inner === 'number' || typeof inner === 'boolean') yield [value as Holder, key];
    else yield* leaves(inner);
  }
}

function other(value: number, random: Random): number {
  const choices = [
    value + 1,
    value - 1,
    0,
    1,
    2 * value,
    -value,
    12,
    31,
    40,
    2 ** 20,
    2 ** 31 - 1,
    -(2 ** 31),
  ];
  return random.pick(choices);
}

/** undefined: what came out cannot be loaded. */
function mutate(programs: readonly ChipProgram[], random: Random): readonly ChipProgram[] | undefined {
  const mutant = structuredClone(programs);
  const parts = mutant.flatMap(({ cores, header, input }) => [
    ...cores.flatMap(core => [
      ...core.axons,
      ...core.tiles,
      { log2: core.log2, remainders: core.remainders },
    ]),
    ...cores.flatMap(core => core.weights),
    { steps: input?.steps, fraction: input?.fraction, routes: input?.routes },
    header,
  ]);
  const places = [...leaves(random.pick(parts))];
  if (places.length === 0) return undefined;
  const [holder, key] = random.pick(places);
  const record = holder as Record<string, number | boolean>;
  const old = record[key];
  record[key] = typeof old === 'boolean' ? !old : other(old ?? 0, random);
  const isTooLong = mutant.some(({ header, cores }) => {
    const far = cores.some(core => core.tiles.some(tile => tile.depth > 1000));
    return far || header.period > 1000 || header.interval > 1000 || header.steps > 8;
  });
  const isTooWide = mutant.some(({ cores }) =>
    cores.some(core => core.tiles.some(tile => tile.rings.some(sides => sides.some(slots => slots > 1000)))),
  );
  if (isTooLong || isTooWide) return undefined;
  try {
    const decoded = mutant.map(program => decodeChip(encodeChip(program), 'mutant'));
    return findCrossTrouble(decoded) === undefined ? decoded : undefined;
  } catch {
    return undefined;
  }
}

function outcomeOf(make: () => Simulator, images: readonly Float64Array[]) {
  try {
    const sent: [string, PopulationEmission][] = [];
    const simulator = make();
    const readouts = simulator.run(images, (image, step, population, emission) => {
      sent.push([`${image} ${step} ${population}`, structuredClone(emission)]);
    });
    sent.sort(([a], [b]) => (a < b ? -1 : 1));
    return { readouts, sent, counts: simulator.counts };
  } catch (error) {
    if (error instanceof UserError) return error.diagnostics.map(({ code, message }) => `${code} ${message}`);
    throw error;
  }
}

const KINDS: readonly (readonly [Mode, Coding, number, boolean])[] = [
  ['pipelined', 'sum', 1, false],
  ['streaming', 'sum', 1, false],
  ['pipelined', 'rate', 2, true],
  ['layerwise', 'differential', 3, true],
];

for (const [mode, coding, steps, isModern] of KINDS) {
  test(`${mode}, ${coding}, T = ${steps}: a number of a program is changed`, async () => {
    const random = createRandom(steps + mode.length);
    const graph = isModern ? randomModern(41) : randomAnn(3);
    const images = randomImages(graph, 2, 1);
    const { int } = descend(graph, images, { coding, steps, shift: 4, terms: 2 });
    const options = { weightBits: 8, seed: 1, effort: 'fast', mode } as const;
    const context = { diagnostics: createDiagnostics(), step: () => {} };
    const programs = allPrograms(
      mapNetwork(int, await loadTarget('loihi2'), new Map(), options, context).programs,
    );
    let [fast, refused] = [0, 0];
    for (let i = 0; i < 60; i++) {
      const mutant = mutate(programs, random);
      if (mutant === undefined) continue;
      const slow = outcomeOf(() => slowSimulator(mutant), images);
      assert.deepEqual(
        outcomeOf(() => createSimulator(mutant, { workers: 1 }), images),
        slow,
        `${i}`,
      );
      if (planEngine(mutant) !== undefined) fast += 1;
      if (Array.isArray(slow)) refused += 1;
    }
    assert.ok(fast > 4 && fast + refused > 8, `${fast} on the engine, ${refused} refused`);
  });
}
