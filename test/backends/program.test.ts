/** What a chip program refers to is there, and has the size that its reader relies on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findTrouble } from '../../backends/program/check.ts';
import { decodeChip } from '../../backends/program/decode.ts';
import { encodeChip } from '../../backends/program/encode.ts';
import type { ChipProgram, CoreProgram, Gather, SomaProgram } from '../../backends/program/program.ts';
import { loadTarget } from '../../backends/target.ts';
import { mapNetwork } from '../../compiler/map-network.ts';
import { createDiagnostics } from '../../ir/diagnostics/diagnostic.ts';
import { randomModern } from '../../ir/random/modern.ts';
import { descend, randomImages } from '../kit.ts';

/** One program with every kind of gather and function. */
async function everything(): Promise<ChipProgram> {
  const graph = randomModern(6, ['attention', 'gatedMlp', 'taps', 'postNorm']);
  const options = { coding: 'sum', steps: 1, shift: 4, terms: 2 } as const;
  const { int } = descend(graph, randomImages(graph, 3, 6), options);
  const context = { diagnostics: createDiagnostics(), step: () => {} };
  const wanted = { weightBits: 8, seed: 1, effort: 'fast' as const };
  const { programs } = mapNetwork(int, await loadTarget('loihi2'), new Map(), wanted, context);
  assert.equal(programs.chips.length, 1);
  return programs.program(programs.chips[0]!);
}

const program = await everything();
const gathers = program.cores.flatMap(core => core.tiles.flatMap(tile => tile.gathers));
const functions = program.cores.flatMap(core => core.tiles.map(tile => tile.function));

/** The program with the first gather, or function, of a kind changed; `axons`: of its core. */
function change<K extends Gather['kind']>(kind: K, make: (gather: Extract<Gather, { kind: K }>) => Gather) {
  const isWanted = (gather: Gather): gather is Extract<Gather, { kind: K }> => gather.kind === kind;
  const first = gathers.find(isWanted)!;
  return withTiles(tile => ({
    ...tile,
    gathers: tile.gathers.map(gather => (gather === first ? make(first) : gather)),
  }));
}

function changeFunction<K extends SomaProgram['kind']>(
  kind: K,
  make: (fn: Extract<SomaProgram, { kind: K }>) => SomaProgram,
) {
  const isWanted = (fn: SomaProgram): fn is Extract<SomaProgram, { kind: K }> => fn.kind === kind;
  const first = functions.find(isWanted)!;
  return withTiles(tile => (tile.function === first ? { ...tile, function: make(first) } : tile));
}

const withTiles = (
  map: (tile: CoreProgram['tiles'][number]) => CoreProgram['tiles'][number],
): ChipProgram => ({
  ...program,
  cores: program.cores.map(core => ({ ...core, tiles: core.tiles.map(map) })),
});

test('every kind of gather and function goes through bytes unchanged', () => {
  const kinds = new Set<string>([...gathers, ...functions].map(({ kind }) => kind));
  const wanted = ['linear', 'product', 'hadamard', 'depthwise', 'maximum', 'bias', 'relay'];
  for (const kind of [...wanted, 'identity', 'pointwise', 'layernorm', 'rmsnorm', 'softmax'])
    assert.ok(kinds.has(kind), kind);
  assert.equal(findTrouble(program), undefined);
  const bytes = encodeChip(program);
  assert.deepEqual(encodeChip(decodeChip(bytes, 'memory')), bytes);
});

const FAULTS: { readonly [what: string]: readonly [() => ChipProgram, RegExp] } = {
  'taps without weights': [
    () => change('depthwise', g => ({ ...g, weights: 999 })),
    /no weight block 999|operand of 0 elements/,
  ],
  'taps for other neurons': [() => change('depthwise', g => ({ ...g, size: g.size + 1 })), /tile needs/],
  'scales for other channels': [
    () => change('depthwise', g => ({ ...g, scale: new Int32Array(g.scale.length + 1) })),
    /tile needs/,
  ],
  'an elementwise product of another size': [
    () => change('hadamard', g => ({ ...g, size: g.size - 1 })),
    /tile needs|outside/,
  ],
  'a maximum over fewer taps than arrive': [
    () => change('maximum', g => ({ ...g, taps: g.taps - 1 })),
    /outside an operand/,
  ],
  'constants that do not repeat': [
    () => change('bias', g => ({ ...g, values: new Int32Array(g.values.length + 1) })),
    /neurons/,
  ],
  'no constants': [() => change('bias', g => ({ ...g, values: new Int32Array(0) })), /0 for/],
  'messages to a constant': [
    () => change('hadamard', () => ({ kind: 'bias', values: Int32Array.of(1), fraction: 0 })),
    /takes no messages/,
  ],
  'two sides of a relay': [
    () => change('hadamard', g => ({ kind: 'relay', shift: 0, size: g.size, scale: Int32Array.of(0) })),
    /has one operand/,
  ],
  'a remainder table that is not there': [
    () => changeFunction('pointwise', fn => ({ ...fn, remainder: 99 })),
    /no remainder table 99/,
  ],
  'a gain for other channels': [
    () => changeFunction('rmsnorm', fn => ({ ...fn, gain: new Int32Array(3) })),
    /3 numbers for/,
  ],
  'scores shifted out of reach': [() => changeFunction('softmax', fn => ({ ...fn, shift: 127 })), /127 with/],
  'an offset for other channels': [
    () => changeFunction('layernorm', fn => ({ ...fn, offset: new Int32Array(1) })),
    /1 numbers for/,
  ],
};

for (const [what, [make, problem]] of Object.entries(FAULTS)) {
  test(`a program with ${what} is refused`, () => {
    assert.match(findTrouble(make())?.problem ?? 'nothing found', problem);
    assert.throws(() => encodeChip(make()));
  });
}
