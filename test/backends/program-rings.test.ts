/** What a chip program must hold where rows pass through time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findTrouble } from '../../backends/program/check.ts';
import { decodeChip } from '../../backends/program/decode.ts';
import { encodeChip } from '../../backends/program/encode.ts';
import type { ChipProgram, TileProgram } from '../../backends/program/program.ts';
import { loadTarget } from '../../backends/target.ts';
import { mapNetwork } from '../../compiler/map-network.ts';
import { createDiagnostics, UserError } from '../../ir/diagnostics/diagnostic.ts';
import { identityMap, shiftMap } from '../../ir/map.ts';
import { randomModern } from '../../ir/random/modern.ts';
import { createMachine } from '../../runtime-sim/chip.ts';
import { descend, randomImages } from '../kit.ts';

async function programOf(mode: 'pipelined' | 'streaming'): Promise<ChipProgram> {
  const graph = randomModern(6, ['attention', 'gatedMlp', 'taps', 'postNorm']);
  const options = { coding: 'sum', steps: 1, shift: 4, terms: 2 } as const;
  const { int } = descend(graph, randomImages(graph, 3, 6), options);
  const context = { diagnostics: createDiagnostics(), step: () => {} };
  const wanted = { weightBits: 8, seed: 1, effort: 'fast', mode } as const;
  return mapNetwork(int, await loadTarget('loihi2'), new Map(), wanted, context).programs.program(0);
}
const [streaming, unrolled] = [await programOf('streaming'), await programOf('pipelined')];

/** With the first tile that has several rows changed. */
function withTile(program: ChipProgram, change: (tile: TileProgram) => TileProgram): ChipProgram {
  const tile = program.cores
    .flatMap(core => core.tiles)
    .find(({ box }) => box.row[1] > 1 && box.channel[1] > 1)!;
  const cores = program.cores.map(core => ({
    ...core,
    tiles: core.tiles.map(old => (old === tile ? change(old) : old)),
  }));
  return { ...program, cores };
}
const withHeader = (change: Partial<ChipProgram['header']>) => ({
  ...streaming,
  header: { ...streaming.header, ...change },
});
const withInput = (steps: NonNullable<ChipProgram['input']>['steps']) => ({
  ...streaming,
  input: { ...streaming.input!, steps },
});

test('rings and the host’s timesteps go through bytes unchanged', () => {
  const bytes = encodeChip(streaming);
  const again = decodeChip(bytes, 'memory');
  assert.deepEqual(encodeChip(again), bytes);
  assert.deepEqual(again.input!.steps, streaming.input!.steps);
  const rings = ({ cores }: ChipProgram) => cores.flatMap(core => core.tiles.map(tile => tile.rings));
  assert.deepEqual(rings(again), rings(streaming));
  assert.ok(
    rings(streaming)
      .flat(2)
      .some(slots => slots > 1),
  );
});

const { size } = streaming.input!;
const FAULTS: { readonly [what: string]: readonly [() => ChipProgram, RegExp] } = {
  'rings of rows in space': [
    () => withTile(unrolled, tile => ({ ...tile, rings: [[1]] })),
    /rows wait, but the mode is pipelined/,
  ],
  'rows in time and two steps': [() => withHeader({ steps: 2 }), /an image has 2 steps/],
  'some of the rows': [
    () => withTile(streaming, tile => ({ ...tile, box: { ...tile.box, row: [0, 1] } })),
    /not all \d+ rows|tile needs/,
  ],
  'more rows than an image has time': [() => withHeader({ interval: 1 }), /an image every 1 timesteps/],
  'rings for other gathers': [
    () => withTile(streaming, tile => ({ ...tile, rings: tile.rings.slice(1) })),
    /\d for \d gathers/,
  ],
  'a ring too many': [
    () => withTile(streaming, tile => ({ ...tile, rings: tile.rings.map(sides => [...sides, 1]) })),
    /for a \w+ of \d operand/,
  ],
  'delays on axons': [
    () => ({
      ...streaming,
      cores: streaming.cores.map(core => ({
        ...core,
        axons: core.axons.map(({ targets }) => ({ targets: targets.map(t => ({ ...t, delay: 1 })) })),
      })),
    }),
    /waits in a ring/,
  ],
  'a host that sends at no time': [() => withInput(undefined), /absent in mode streaming/],
  'times for other elements': [() => withInput(identityMap(size + 1)), /elements/],
  'a host that sends after the end': [() => withInput(shiftMap(identityMap(size), 1e6)), /after timestep/],
  'times of a host that sends at once': [
    () => ({ ...unrolled, input: { ...unrolled.input!, steps: identityMap(size) } }),
    /present in mode pipelined/,
  ],
};

for (const [what, [make, problem]] of Object.entries(FAULTS)) {
  test(`a program with ${what} is refused`, () => {
    assert.match(findTrouble(make())?.problem ?? 'nothing found', problem);
    assert.throws(() => encodeChip(make()));
  });
}

const refuses = (program: ChipProgram, problem: RegExp) =>
  assert.throws(
    () => createMachine([program]),
    (error: unknown) =>
      error instanceof UserError &&
      error.diagnostics[0]!.code === 'E0703' &&
      problem.test(error.diagnostics[0]!.message),
  );

test('a simulator has no room for rings without end, and no time for a host that never ends', () => {
  const cores = streaming.cores.map(core => ({
    ...core,
    tiles: core.tiles.map(tile => ({ ...tile, rings: tile.rings.map(s => s.map(() => 2 ** 22)) })),
  }));
  const wide = { ...streaming, cores };
  assert.equal(findTrouble(wide), undefined);
  refuses(wide, /no more are simulated/);
  const late = withInput(shiftMap(identityMap(size), 2 ** 20));
  refuses({ ...late, header: { ...late.header, depth: 2 ** 30 } }, /sends at timestep/);
});
