/** What a chip program must hold in mode `free`, and what of it may stand nowhere else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findCrossTrouble, findTrouble } from '../../backends/program/check.ts';
import { decodeChip } from '../../backends/program/decode.ts';
import { encodeChip } from '../../backends/program/encode.ts';
import type {
  ChipProgram,
  CoreProgram,
  CubaProgram,
  Gather,
  LifProgram,
  ProgramHeader,
  SparseGather,
  TileProgram,
} from '../../backends/program/program.ts';
import { UserError } from '../../ir/diagnostics/diagnostic.ts';
import { identityMap } from '../../ir/map.ts';
import { createMachine } from '../../runtime-sim/chip.ts';

const header: ProgramHeader = {
  coding: 'sum',
  steps: 1,
  accumulatorBits: 30,
  stateBits: 24,
  binary: true,
  resetNeurons: 1,
  depth: 0,
  period: 1,
  mode: 'free',
  interval: 1,
  populations: [
    { name: 'a', shape: [1, 1, 3] },
    { name: 'b', shape: [1, 1, 2] },
  ],
};
const one = (value: number) => Int32Array.of(value);
const emit: LifProgram = {
  ...{ kind: 'lif', reset: 'hard', bias: Int32Array.of(1, -2, 300), threshold: one(5), leak: one(17) },
  ...{ initial: one(-4), resetTo: one(2) },
};
const bare: TileProgram = {
  ...{
    population: 0,
    box: { group: [0, 1], row: [0, 1], channel: [0, 3] },
    depth: 0,
    gathers: [],
    rings: [],
  },
  ...{ fraction: 0, outFraction: 0, function: { kind: 'identity' }, emit, routes: [] },
};
const sparse: SparseGather = {
  ...{ kind: 'sparse', starts: Int32Array.of(0, 2, 2, 3), targets: Int32Array.of(1, 0, 1), bits: 16 },
  weights: Int16Array.of(-32768, 32767, 5),
};
const linear: Gather = {
  ...{ kind: 'linear', rows: 1, weights: 0, scale: new Int32Array(2), graded: false, shift: 0 },
};
const core = { x: 0, y: 0, slot: 0, remainders: [], weights: [], axons: [], tiles: [] };
const target = { tile: 0, gather: 0, side: 0, delay: 3, map: identityMap(3) } as const;
const program: ChipProgram = {
  header,
  chip: 0,
  cores: [
    { ...core, tiles: [{ ...bare, routes: [{ chip: 0, core: 1, axon: 0, entries: 1 }] }] },
    {
      ...core,
      slot: 1,
      weights: [{ inputs: 3, channels: 2, bits: 16, data: Int16Array.of(1, -1, 999, -32768, 32767, 0) }],
      axons: [{ targets: [target, { ...target, gather: 1, delay: 0 }] }],
      tiles: [
        {
          ...{ ...bare, population: 1, box: { group: [0, 1], row: [0, 1], channel: [0, 2] } },
          ...{ gathers: [sparse, linear], emit: { ...emit, bias: one(0) } },
        },
      ],
    },
  ],
};

test('synapses one by one, wide weights and plain neurons go through bytes unchanged', () => {
  assert.equal(findTrouble(program), undefined);
  assert.equal(findCrossTrouble([program]), undefined);
  const bytes = encodeChip(program);
  const again = decodeChip(bytes, 'memory');
  assert.deepEqual(again, program);
  assert.deepEqual(encodeChip(again), bytes);
});

test('a file cut or changed anywhere ends in a value or a diagnostic', () => {
  const bytes = encodeChip(program);
  const read = (damaged: Uint8Array) => {
    try {
      assert.deepEqual(encodeChip(decodeChip(damaged, 'memory')), damaged);
    } catch (error) {
      assert.ok(error instanceof UserError, String(error));
    }
  };
  for (let at = 0; at < bytes.length; at++) {
    read(bytes.subarray(0, at));
    for (const flip of [1, 128, 255]) {
      const damaged = bytes.slice();
      damaged[at]! ^= flip;
      read(damaged);
    }
  }
});

test('a program without images is no machine for images', () => {
  assert.throws(
    () => createMachine([program]),
    (error: unknown) => error instanceof UserError && error.diagnostics[0]!.code === 'E0711',
  );
});

const withHeader = (change: Partial<ProgramHeader>) => ({ ...program, header: { ...header, ...change } });
const withCore = (change: Partial<CoreProgram>) => ({
  ...program,
  cores: [program.cores[0]!, { ...program.cores[1]!, ...change }],
});
const withTile = (change: Partial<TileProgram>) =>
  withCore({ tiles: [{ ...program.cores[1]!.tiles[0]!, ...change }] });
const withSparse = (change: Partial<SparseGather>) =>
  withTile({ gathers: [{ ...sparse, ...change }, linear] });
const withLif = (change: Partial<LifProgram>) => withTile({ emit: { ...emit, bias: one(0), ...change } });
const withState = (stateBits: number, change: Partial<CubaProgram>): ChipProgram => {
  const cuba: CubaProgram = {
    ...{ ...emit, kind: 'cuba', bias: one(0), currentLeak: one(7), currentBias: one(3), gain: one(0) },
    ...change,
  };
  return { ...withTile({ emit: cuba }), header: { ...header, stateBits } };
};

const FAULTS: { readonly [what: string]: readonly [ChipProgram, RegExp] } = {
  'plain neurons and images': [withHeader({ mode: 'pipelined' }), /a lif, but the mode is pipelined/],
  'steps of images that there are none of': [withHeader({ steps: 2 }), /not 1, in mode free/],
  payloads: [withHeader({ binary: false }), /not true, in mode free/],
  'sums wider than 32 bits hold': [withHeader({ accumulatorBits: 31 }), /more than 30/],
  'potentials wider than 32 bits hold': [withHeader({ stateBits: 32 }), /more than 31/],
  'another emission': [withTile({ emit: { kind: 'relay' } }), /a relay in mode free/],
  'another function': [
    withTile({ function: { kind: 'softmax', scale: 0, shift: 0, multiplied: true } }),
    /a softmax in mode free/,
  ],
  'a fraction': [withTile({ fraction: 1 }), /1 in mode free/],
  'rows of rings': [withTile({ rings: [[1], [1]] }), /rows wait/],
  'a relayed sum': [
    withTile({ gathers: [{ kind: 'relay', size: 2, scale: one(0), shift: 0 }, linear] }),
    /a relay with more than weights|outside an operand/,
  ],
  'weights in fractions': [
    withTile({ gathers: [sparse, { ...linear, scale: Int32Array.of(0, 1) }] }),
    /a linear with more than weights/,
  ],
  'thresholds of other neurons': [withLif({ threshold: new Int32Array(3) }), /3 numbers for 2 neurons/],
  'a leak of more than all': [withLif({ leak: one(4097) }), /4097, not in 0 … 4096/],
  'a potential that its state does not hold': [withLif({ initial: one(2 ** 23) }), /8388608, not in/],
  'a bias that 32 bits do not hold': [withLif({ bias: one(2 ** 29) }), /not in/],
  'a place of reset that is not used': [withLif({ reset: 'soft' }), /the reset is soft/],
  'currents wider than 32 bits hold': [withState(31, {}), /a cuba with 31 bits of state/],
  'a current that grows': [withState(24, { currentLeak: one(-1) }), /-1, not in 0 … 4096/],
  'a gain that leaves 32 bits': [withState(24, { gain: one(1) }), /1, not in 0 … 0/],
  'a bias of a current that 32 bits do not hold': [withState(24, { currentBias: one(-(2 ** 29)) }), /not in/],
  'currents of other neurons': [withState(24, { gain: new Int32Array(3) }), /3 numbers for 2 neurons/],
  'a threshold above all potentials': [withState(24, { threshold: one(2 ** 23) }), /not in/],
  'synapses without weights': [withSparse({ weights: new Int16Array(2) }), /2 for 3 synapses/],
  'synapses of no input': [withSparse({ starts: Int32Array.of(0, 2, 2, 2) }), /not from 0 to 3/],
  'synapses out of order': [withSparse({ starts: Int32Array.of(0, 3, 2, 3) }), /not in order/],
  'synapses of other neurons': [withSparse({ targets: Int32Array.of(1, 0, 2) }), /neuron 2 of 2/],
  'weights wider than said': [withSparse({ bits: 8 }), /-32768 exceeds 8 bits/],
  'messages beyond the inputs': [
    withSparse({ starts: Int32Array.of(0, 3) }),
    /outside an operand of 1 elements/,
  ],
};

for (const [what, [wrong, problem]] of Object.entries(FAULTS)) {
  test(`a program with ${what} is refused`, () => {
    assert.match(findTrouble(wrong)?.problem ?? 'nothing found', problem);
    assert.throws(() => encodeChip(wrong));
  });
}

test('a host of fractions is refused, a missing one is not', () => {
  const input = { name: 'host', size: 3, fraction: 1, routes: [] };
  assert.match(findTrouble({ ...program, input })?.problem ?? '', /the host sends spikes/);
  assert.equal(findTrouble({ ...program, input: { ...input, fraction: 0 } }), undefined);
});
