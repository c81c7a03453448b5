/** NxTF's packing of Loihi 1: words by hand, cores against the slow reference on random layers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { axonWords, encodeEntries, synapticWords } from '../backends/synaptic-words.ts';
import { decodeFormat, encodeFormat, mergeFormats } from '../compiler/mapping/strategies/formats.ts';
import type { Layer, Shape } from '../compiler/mapping/strategies/layers.ts';
import { candidateGrids, LOIHI1 } from '../compiler/mapping/strategies/nxtf.ts';
import {
  type CoreNeeds,
  type CorePlan,
  coreBoxes,
  coreShape,
  ownUse,
  withAxons,
} from '../compiler/mapping/strategies/nxtf-core.ts';
import { referenceUse } from './nxtf-reference.ts';

const BYTE = { weightBits: 8, delayBits: 0 };

test('a run of entries takes one word more where its last word is full or nearly so', () => {
  assert.deepEqual([1, 58, 59, 63, 64, 65, 122, 123].map(axonWords), [1, 1, 2, 2, 2, 2, 2, 3]);
});

test('words of one axon, by hand', () => {
  const ten = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
  // Sparse: 10 + 10 · (8 + 6) = 150 bits; dense: 10 + 6 + 10 · 8 = 96; run length: 10 + 6 + 10 · (8 + 2) = 116.
  assert.deepEqual(
    (['sparse', 'dense', 'filled', 'run-length'] as const).map(c => synapticWords([ten], c, BYTE)),
    [3, 2, 2, 2],
  );
  // Two signs: 2 · 10 + 10 · 14 = 160 bits, and a compartment of 100 needs an index of 7 bits: 165.
  const signs = [
    [0, 1, 2, 3, 4],
    [5, 6, 7, 8, 100],
  ];
  assert.equal(synapticWords(signs, 'sparse', BYTE), 3);
  // Six bits of delay for each synapse: 10 + 10 · 20 = 210 bits.
  assert.equal(synapticWords([ten], 'sparse', { weightBits: 8, delayBits: 6 }), 4);
});

test('entries hold every compartment once, at most 60, and begin anew at gaps', () => {
  assert.deepEqual(
    encodeEntries([0, 1, 2, 5, 6], 'dense').map(e => e.synapses),
    [3, 2],
  );
  assert.deepEqual(
    encodeEntries([0, 1, 2, 5, 6], 'filled').map(e => e.synapses),
    [7],
  );
  assert.deepEqual(
    encodeEntries([0, 31, 63], 'run-length').map(e => [e.synapses, e.skipBits]),
    [
      [2, 5],
      [1, 2],
    ],
  );
  const compartments = fc.uniqueArray(fc.integer({ min: 0, max: 1023 }), { maxLength: 200 });
  fc.assert(
    fc.property(
      compartments,
      fc.constantFrom('sparse', 'run-length', 'dense', 'filled'),
      (set, compression) => {
        const entries = encodeEntries(
          set.toSorted((a, b) => a - b),
          compression,
        );
        const held = entries.reduce((sum, entry) => sum + entry.synapses, 0);
        assert.ok(compression === 'filled' ? held >= set.length : held === set.length);
        assert.ok(entries.every(entry => entry.synapses <= 60));
      },
    ),
  );
});

test('formats: codes read back, the closest widths are merged, grids and signs never', () => {
  const format = { offset: 2, step: 31, indexBits: 10, skipBits: 5, sign: 1, isReset: 1 } as const;
  assert.deepEqual(decodeFormat(encodeFormat(format)), format);
  const plain = { offset: 0, step: 0, skipBits: 0, sign: 0, isReset: 0 } as const;
  const merged = mergeFormats(
    [6, 8, 9].map(indexBits => ({ ...plain, indexBits })),
    2,
    8,
  );
  assert.deepEqual([...merged!.formatOf], [0, 1, 1]);
  assert.deepEqual(
    merged!.formats.map(f => f.indexBits),
    [6, 9],
  );
  const apart = [{ ...plain, indexBits: 6 }, { ...plain, indexBits: 6, sign: 1 } as const];
  assert.equal(mergeFormats(apart, 1, 8), undefined);
});

const pair = (max: number) => fc.tuple(fc.integer({ min: 1, max }), fc.integer({ min: 1, max }));

/** Two layers on a small input, of which the first is looked at. */
const network = fc
  .record({
    inputs: fc.tuple(
      fc.integer({ min: 3, max: 7 }),
      fc.integer({ min: 3, max: 7 }),
      fc.integer({ min: 1, max: 3 }),
    ),
    kinds: fc.tuple(
      fc.constantFrom('convolution', 'depthwise', 'pooling'),
      fc.constantFrom('convolution', 'depthwise', 'dense'),
    ),
    kernels: fc.tuple(pair(3), pair(2)),
    strides: fc.tuple(pair(2), pair(2)),
    channels: fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 4 })),
    isPadded: fc.boolean(),
  })
  .map(({ inputs, kinds, kernels, strides, channels, isPadded }): readonly Layer[] => {
    const size = (n: number, kernel: number, stride: number, padding: number) =>
      Math.floor((n + 2 * padding - kernel) / stride) + 1;
    let shape: Shape = inputs;
    const layers = kinds.map((kind, i): Layer => {
      const [kernel, stride] = [kernels[i]!, strides[i]!];
      const padding = isPadded ? Math.min(1, kernel[0] - 1, kernel[1] - 1) : 0;
      const own = kind === 'convolution' || kind === 'dense' ? channels[i]! : shape[2];
      const rows = Math.max(1, size(shape[0], kernel[0], stride[0], padding));
      const columns = Math.max(1, size(shape[1], kernel[1], stride[1], padding));
      shape = kind === 'dense' ? [1, 1, own] : [rows, columns, own];
      return { name: kind, kind, shape, kernel, stride, padding: [padding, padding] };
    });
    const input: Layer = {
      name: 'input',
      kind: 'input',
      shape: inputs,
      kernel: [1, 1],
      stride: [1, 1],
      padding: [0, 0],
    };
    return [input, ...layers];
  });

test('every core of random layers and grids holds what the reference finds synapse by synapse', () => {
  const settings = fc.record({
    compression: fc.constantFrom('sparse', 'run-length', 'dense', 'filled'),
    neuronSize: fc.constantFrom(1, 2),
    formats: fc.constantFrom(3, 7),
    coresPerChip: fc.constantFrom(2, 128),
    picks: fc.tuple(fc.nat(), fc.nat(), fc.nat()),
  });
  let held = 0;
  fc.assert(
    fc.property(network, settings, (layers, { picks, ...rest }) => {
      const needs: CoreNeeds = { weightBits: 8, ...rest };
      let next: CorePlan | undefined;
      for (let i = layers.length - 1; i >= 0; i--) {
        const layer = layers[i]!;
        const inputs = layers[Math.max(0, i - 1)]!.shape;
        const grids = candidateGrids(layer, 1024);
        const grid = grids[picks[i]! % grids.length]!;
        const before = next === undefined ? 0 : next.before + next.grid[0] * next.grid[1] * next.grid[2];
        const plan: CorePlan = { layer, inputs, grid, core: coreShape(layer, grid), before, next };
        for (const [number, box] of coreBoxes(layer, grid).entries()) {
          const own = ownUse(layer, inputs, box, needs, LOIHI1);
          const use = own && withAxons(own, plan, number, box, needs);
          assert.deepEqual(use, referenceUse(plan, number, needs, LOIHI1));
          if (use !== undefined) held += 1;
        }
        next = plan;
      }
    }),
    { numRuns: 40, seed: 11 },
  );
  assert.ok(held > 300, `${held} cores were held`);
});
