/** Rows that pass through time: the chip equals the integer network bit for bit, one image or many on their way. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeChip } from '../backends/program/encode.ts';
import { loadTarget, type Target } from '../backends/target.ts';
import { compareEmissions } from '../cli/compare.ts';
import { checkTiming } from '../compiler/check-timing.ts';
import { type Mapped, mapNetwork } from '../compiler/map-network.ts';
import type { Mode } from '../ir/chip.ts';
import { createDiagnostics, UserError } from '../ir/diagnostics/diagnostic.ts';
import type { IntGraph } from '../ir/int.ts';
import { createIntRunner } from '../ir/interpret/int.ts';
import { randomAnn } from '../ir/random/ann.ts';
import { MODERN_BLOCKS, randomModern } from '../ir/random/modern.ts';
import { CODINGS } from '../ir/snn.ts';
import { createMachine } from '../runtime-sim/chip.ts';
import { totalOf } from '../runtime-sim/counts.ts';
import { createStreamingMachine } from '../runtime-sim/streaming.ts';
import { readDigits } from './digits.ts';
import { cramped, descend, randomImages, reload } from './kit.ts';

const UNTIDY = { tokens: 10, dim: 48, heads: 3, mlp: 100, depth: 2, classes: 5, patch: 12 } as const;

const map = (int: IntGraph, target: Target, mode: Mode): Mapped => {
  const context = { diagnostics: createDiagnostics(), step: () => {} };
  return mapNetwork(int, target, new Map(), { weightBits: 8, seed: 1, effort: 'fast', mode }, context);
};
/** Cores so small that populations are cut, and few. */
const boot = (mapped: Mapped) => createStreamingMachine(reload(mapped));

test('digits: rows pass through time bit for bit', async () => {
  const { ann, calibration, images } = readDigits(3);
  const { int } = descend(ann, calibration.slice(0, 20), { coding: 'sum', steps: 1, shift: 4, terms: 3 });
  const mapped = map(int, await loadTarget('loihi2'), 'streaming');
  const machine = boot(mapped);
  for (const image of images)
    assert.equal(compareEmissions(mapped.int, machine, image).difference, undefined);
});

/** Networks with everything, their sizes no powers of two. */
function* networks(): Generator<readonly [string, IntGraph, readonly Float64Array[]]> {
  const graphs = [
    ['untidy', randomAnn(7, UNTIDY)] as const,
    ...Array.from({ length: 4 }, (_, seed) => [`random ${seed}`, randomAnn(seed)] as const),
    ...(Object.keys(MODERN_BLOCKS) as (keyof typeof MODERN_BLOCKS)[]).flatMap(kind =>
      [0, 1].map(seed => [`${kind} ${seed}`, randomModern(seed + 40, [kind])] as const),
    ),
  ];
  for (const [number, [name, graph]] of graphs.entries()) {
    const images = randomImages(graph, 5, number);
    const coding = CODINGS[number % 3]!;
    yield [name, descend(graph, images, { coding, steps: 1, shift: 5, terms: 3 }).int, images];
  }
}

test('random networks, whole and cut: bit for bit, and counted like unrolled ones', async () => {
  const large = await loadTarget('loihi2');
  const small = cramped(large, 50, 400);
  const sums = (counts: ReturnType<typeof boot>['counts']) => totalOf(counts.tiles);
  let cut = 0;
  for (const [name, int, images] of networks()) {
    for (const target of [large, small]) {
      const mapped = map(int, target, 'streaming');
      const machine = boot(mapped);
      for (const image of images.slice(0, 2))
        assert.equal(compareEmissions(mapped.int, machine, image).difference, undefined, name);
      cut += mapped.chip.tables.tiles.rows - mapped.int.nodes.filter(n => n.kind === 'population').length;
      // Cuts over rows are not made here, so that whole networks are compared.
      if (target === small) continue;
      const unrolled = map(int, target, 'pipelined');
      const other = createMachine(reload(unrolled));
      for (const image of images.slice(0, 2)) other.run(image);
      const [streamed, space] = [sums(machine.counts), sums(other.counts)];
      for (const key of [
        'spikes',
        'terms',
        'active',
        'updates',
        'productPaper',
        'relayAdds',
        'termSynops',
      ] as const)
        assert.equal(streamed[key], space[key], `${name}: ${key}`);
      assert.equal(streamed.gradedSynops, space.gradedSynops);
      assert.ok(streamed.synops <= space.synops);
    }
  }
  assert.ok(cut > 0, 'nothing was cut');
});

test('a stream of images: none disturbs another', async () => {
  const target = await loadTarget('loihi2');
  for (const [name, int, images] of networks()) {
    const mapped = map(int, target, 'streaming');
    const [stream, alone] = [boot(mapped), boot(mapped)];
    const wanted = images.map(image => createIntRunner(mapped.int).run(image)[0]!);
    assert.deepEqual(stream.runStream(images), wanted, name);
    assert.deepEqual(
      images.map(image => alone.run(image)[0]!),
      wanted,
      name,
    );
    assert.deepEqual(stream.counts, alone.counts, name);
    assert.ok(mapped.chip.attrs.interval <= mapped.chip.attrs.depth);
  }
});

test('queries that do not fit their core wait before, and images follow each other more slowly where keys do not', async () => {
  const graph = randomAnn(2, { tokens: 40, dim: 128, heads: 2, mlp: 130, depth: 1, classes: 3, patch: 12 });
  const images = randomImages(graph, 3, 2);
  const { int } = descend(graph, images, { coding: 'sum', steps: 1, shift: 5, terms: 3 });
  const [large, small] = [await loadTarget('loihi2'), cramped(await loadTarget('loihi2'), 130, 800)];
  const [wide, tight] = [map(int, large, 'streaming'), map(int, small, 'streaming')];
  const ring = (mapped: Mapped) => {
    const programs = reload(mapped);
    const gathers = programs.flatMap(p => p.cores.flatMap(core => core.tiles));
    const scores = gathers.find(tile => tile.function.kind === 'softmax')!;
    return { row: scores.rings[0]![0]!, kept: scores.rings[0]![1]!, interval: programs[0]!.header.interval };
  };
  const [free, held] = [ring(wide), ring(tight)];
  assert.ok(free.row >= 40 && held.row <= 32, `${free.row} and ${held.row} queries`);
  assert.ok(free.kept > 70 && held.kept < free.kept, `${free.kept} and ${held.kept} keys`);
  assert.ok(held.interval > free.interval, `every ${free.interval} and ${held.interval} timesteps`);
  assert.equal(wide.chip.attrs.depth, tight.chip.attrs.depth);
  const stream = boot(tight);
  assert.deepEqual(
    stream.runStream(images),
    images.map(image => createIntRunner(tight.int).run(image)[0]!),
  );
});

test('a fan-in split passes through time as well', async () => {
  const target = cramped(await loadTarget('loihi2'), 200, 12);
  const graph = randomAnn(3, { tokens: 4, dim: 6, heads: 2, mlp: 17, depth: 1, classes: 3, patch: 4 });
  const images = randomImages(graph, 3, 3);
  const { int } = descend(graph, images, { coding: 'sum', steps: 1, shift: 5, terms: 3 });
  const mapped = map(int, target, 'streaming');
  assert.ok(mapped.int.nodes.some(n => n.kind === 'population' && n.attrs.function.kind === 'partial'));
  const machine = boot(mapped);
  for (const image of images)
    assert.equal(compareEmissions(mapped.int, machine, image).difference, undefined);
});

test('E0501: keys that do not fit a core even once', async () => {
  const graph = randomAnn(7, UNTIDY);
  const { int } = descend(graph, randomImages(graph, 2, 7), { coding: 'sum', steps: 1, shift: 4, terms: 2 });
  const target = cramped(await loadTarget('loihi2'), 60, 45);
  assert.throws(
    () => map(int, target, 'streaming'),
    (error: unknown) => {
      const found = error instanceof UserError ? error.diagnostics : [];
      return found.some(d => d.code === 'E0501' && /scores/.test(d.message) && /never cut/.test(`${d.help}`));
    },
  );
});

test('E0530: several steps do not pass through time', async () => {
  const graph = randomAnn(1);
  const { int } = descend(graph, randomImages(graph, 2, 1), { coding: 'sum', steps: 2, shift: 4, terms: 2 });
  const target = await loadTarget('loihi2');
  assert.throws(
    () => map(int, target, 'streaming'),
    (error: unknown) => error instanceof UserError && error.diagnostics[0]!.code === 'E0530',
  );
});

test('a ring of one slot fewer than is needed is overwritten: proof and simulator say so', async () => {
  const graph = randomAnn(7, UNTIDY);
  const images = randomImages(graph, 4, 7);
  const { int } = descend(graph, images, { coding: 'sum', steps: 1, shift: 5, terms: 3 });
  const programs = reload(map(int, await loadTarget('loihi2'), 'streaming'));
  let narrowed = 0;
  programs.forEach((program, p) => {
    program.cores.forEach((core, c) => {
      core.tiles.forEach((tile, t) => {
        tile.rings.forEach((sides, g) => {
          sides.forEach((slots, side) => {
            if (slots < 2) return;
            narrowed += 1;
            const rings = tile.rings.map((old, i) =>
              i === g ? old.map((n, k) => (k === side ? n - 1 : n)) : old,
            );
            const cores = program.cores.with(c, { ...core, tiles: core.tiles.with(t, { ...tile, rings }) });
            const broken = programs.with(p, { ...program, cores });
            assert.throws(() => createStreamingMachine(broken).runStream(images), /still needs/);
            assert.throws(() => checkTiming(broken), /is needed until/);
          });
        });
      });
    });
  });
  assert.ok(narrowed >= 8, `${narrowed}`);
});

test('a tile that runs a step earlier, and images that follow too soon: proof and simulator say so', async () => {
  const graph = randomAnn(7, UNTIDY);
  const images = randomImages(graph, 4, 7);
  const { int } = descend(graph, images, { coding: 'sum', steps: 1, shift: 5, terms: 3 });
  const mapped = map(int, await loadTarget('loihi2'), 'streaming');
  const programs = reload(mapped);
  checkTiming(programs);
  let moved = 0;
  programs.forEach((program, p) => {
    program.cores.forEach((core, c) => {
      core.tiles.forEach((tile, t) => {
        if (tile.depth < 2) return;
        moved += 1;
        const tiles = core.tiles.with(t, { ...tile, depth: tile.depth - 1 });
        const broken = programs.with(p, { ...program, cores: program.cores.with(c, { ...core, tiles }) });
        assert.throws(() => checkTiming(broken), /that is read at/);
        assert.throws(() => createStreamingMachine(broken).run(images[0]!), /meets tile/);
      });
    });
  });
  assert.ok(moved > 10);
  const { interval } = programs[0]!.header;
  const hasty = programs.map(p => ({ ...p, header: { ...p.header, interval: interval - 1 } }));
  assert.throws(() => checkTiming(hasty), /is needed until|follow too soon/);
  assert.throws(() => encodeChip(hasty[0]!), /image every/);
});
