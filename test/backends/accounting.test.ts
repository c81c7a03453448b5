import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  addCost,
  createAccounting,
  createCostSum,
  fill,
  fits,
  listOverflows,
  RESOURCES,
} from '../../backends/accounting.ts';
import { loadTarget } from '../../backends/target.ts';
import {
  functionConstantWords,
  functionWords,
  type TileRequest,
  tileCost,
} from '../../backends/tile-cost.ts';

const loihi2 = createAccounting(await loadTarget('loihi2'));

const linear = (rows: number, channels: number, inputs: number, weightBits: number): TileRequest => ({
  groups: 1,
  rows,
  channels,
  gathers: [{ kind: 'linear', inputs, weightBits, sourceTiles: 1, biasRows: 0 }],
  delay: 0,
  destinationTiles: 1,
});

test('linear, weights shared by the tokens: kn · ceil((cn·bits + header)/64) words, whatever the tokens', () => {
  // 64 inputs, 64 channels at 8 bit: ceil((512 + 10)/64) = 9 words a row, 576 in all.
  assert.deepEqual(tileCost(loihi2, linear(17, 64, 64, 8)), {
    neurons: 1088,
    stateWords: 1088,
    synapseWords: 576,
    inAxons: 1,
    outAxonEntries: 17,
    groups: 1,
  });
  assert.equal(tileCost(loihi2, linear(1, 64, 64, 8)).synapseWords, 576);
  // 48 channels at 5 bit: ceil(250/64) = 4. 100 channels at 4 bit: ceil(410/64) = 7.
  assert.equal(tileCost(loihi2, linear(10, 48, 48, 5)).synapseWords, 48 * 4);
  assert.equal(tileCost(loihi2, linear(10, 100, 48, 4)).synapseWords, 48 * 7);
});

test('constants: accumulator width, packed: 64 channels in 24 words, a position embedding once a row', () => {
  const withBias = (biasRows: number): TileRequest => ({
    ...linear(17, 64, 64, 8),
    gathers: [{ kind: 'linear', inputs: 64, weightBits: 8, sourceTiles: 1, biasRows }],
  });
  assert.equal(tileCost(loihi2, withBias(1)).stateWords, 1088 + 24);
  assert.equal(tileCost(loihi2, withBias(17)).stateWords, 1088 + 17 * 24);
});

test('linear, dense encoding: the rows of the published MNIST network (20 bit a synapse)', () => {
  const dense = (channels: number, inputs: number): TileRequest => ({
    ...linear(1, channels, inputs, 8),
    gathers: [{ kind: 'linear', inputs, weightBits: 8, encoding: 'dense', sourceTiles: 1, biasRows: 0 }],
  });
  // 16, 21 and 4 words a row in the compiler's report of 784-128-64-10.
  assert.equal(tileCost(loihi2, dense(50, 784)).synapseWords, 784 * 16);
  assert.equal(tileCost(loihi2, dense(64, 128)).synapseWords, 128 * 21);
  assert.equal(tileCost(loihi2, dense(10, 64)).synapseWords, 64 * 4);
  assert.equal(tileCost(loihi2, dense(64, 128)).inAxons, 128);
  // Nothing is shared: two tokens store everything twice and need twice the axons.
  const two = tileCost(loihi2, { ...dense(64, 128), rows: 2 });
  assert.equal(two.synapseWords, 2 * 128 * 21);
  assert.equal(two.inAxons, 256);
});

test('dense MNIST fits as published: 3, 1 and 1 cores, and the first layer not 2', () => {
  const cost = (channels: number, inputs: number) =>
    tileCost(loihi2, {
      ...linear(1, channels, inputs, 8),
      gathers: [{ kind: 'linear', inputs, weightBits: 8, encoding: 'dense', sourceTiles: 1, biasRows: 0 }],
    });
  assert.equal(fits(loihi2.capacity, cost(Math.ceil(128 / 3), 784)), undefined);
  assert.deepEqual(fits(loihi2.capacity, cost(64, 784)), {
    resource: 'synapseWords',
    needed: 784 * 21,
    available: 16_000,
  });
  assert.equal(fits(loihi2.capacity, cost(64, 128)), undefined);
});

test('delay buffer: (delay + 1) accumulators a neuron, in whole words', () => {
  const delayed = (delay: number): number => tileCost(loihi2, { ...linear(10, 8, 8, 8), delay }).stateWords;
  assert.equal(delayed(0), 80);
  assert.equal(delayed(1), 80 * (1 + 1)); // 48 bit
  assert.equal(delayed(2), 80 * (1 + 2)); // 72 bit
  assert.equal(delayed(62), 80 * (1 + 24)); // 1512 bit
});

test('product: broadcast operand as 16-bit weights, row operand 4 a word', () => {
  const scores: TileRequest = {
    groups: 2,
    rows: 17,
    channels: 17,
    gathers: [{ kind: 'product', inner: 16, sourceTilesA: 2, sourceTilesB: 3 }],
    wholeGroup: 17,
    delay: 0,
    destinationTiles: 1,
  };
  assert.deepEqual(tileCost(loihi2, scores), {
    neurons: 578,
    // S and E of each output, and 16 values = 4 words for each of 2 · 17 rows.
    stateWords: 578 + 34 * 4,
    // 16 rows of 17 values in 5 words, for each of 2 heads.
    synapseWords: 2 * 16 * 5,
    inAxons: 5,
    outAxonEntries: 34,
    groups: 1,
  });
});

test('residual: linear and relay land in one state word', () => {
  const residual: TileRequest = {
    ...linear(17, 64, 64, 8),
    gathers: [
      { kind: 'linear', inputs: 64, weightBits: 8, sourceTiles: 3, biasRows: 0 },
      { kind: 'relay', sourceTiles: 2 },
    ],
    destinationTiles: 5,
  };
  const cost = tileCost(loihi2, residual);
  assert.equal(cost.stateWords, 1088);
  assert.equal(cost.inAxons, 5);
  assert.equal(cost.outAxonEntries, 17 * 5);
  assert.equal(tileCost(loihi2, { ...residual, privateDestinationTiles: 1 }).outAxonEntries, 17 * 5 + 1088);
});

test('a wider accumulator takes a second state word', async () => {
  const target = await loadTarget('loihi2');
  const { arithmetic } = target;
  const wide = createAccounting({
    ...target,
    arithmetic: { ...arithmetic, accumulatorBits: { ...arithmetic.accumulatorBits, value: 25 } },
  });
  assert.equal(loihi2.neuronWords, 1);
  assert.equal(wide.neuronWords, 2);
  assert.equal(tileCost(wide, linear(10, 8, 8, 8)).stateWords, 160);
});

test('tables: 64 entries of 16 bit are 16 words; 16 entries a unit of the remainder', () => {
  const logs = { log2: '@a', exp2: '@b' } as const;
  const keys = { epsilonKey: 0, channelKey: 0 } as const;
  const pointwise = (name: 'gelu' | 'silu' | 'relu6') =>
    functionWords(loihi2, { kind: 'pointwise', name, table: '@t', tableFraction: 12 });
  assert.equal(functionWords(loihi2, { kind: 'identity' }), 0);
  assert.equal(pointwise('gelu'), 16);
  assert.equal(pointwise('silu'), 32);
  assert.equal(pointwise('relu6'), 0);
  assert.equal(functionWords(loihi2, { kind: 'layernorm', ...keys, ...logs }), 32);
  assert.equal(functionWords(loihi2, { kind: 'rmsnorm', ...keys, ...logs }), 32);
  assert.equal(functionWords(loihi2, { kind: 'softmax', scale: 1, shift: 0, ...logs }), 32);
  // γ with its sign and β: two vectors of 48 constants of 24 bit, ceil(48 · 24 / 64) = 18 words each.
  const gained = { kind: 'layernorm', ...keys, ...logs, gain: '@g', offset: '@o' } as const;
  assert.equal(functionConstantWords(loihi2, gained, 48), 36);
});

test('elementwise gathers keep what each neuron needs', () => {
  const cost = (gather: TileRequest['gathers'][number]) =>
    tileCost(loihi2, {
      groups: 2,
      rows: 3,
      channels: 8,
      gathers: [gather],
      delay: 0,
      destinationTiles: 1,
    });
  const bare = cost({ kind: 'relay', sourceTiles: 1 });
  // Two operands of 16 bit for each of 8 neurons: 4 words a row, 6 rows.
  const product = cost({ kind: 'hadamard', sourceTilesA: 1, sourceTilesB: 2 });
  assert.equal(product.stateWords - bare.stateWords, 24);
  assert.equal(product.inAxons, 3);
  // Nine taps of eight weights of 8 bit: ceil((64 + 10) / 64) = 2 words each.
  const depthwise = cost({ kind: 'depthwise', taps: 9, width: 8, weightBits: 8, sourceTiles: 1 });
  assert.equal(depthwise.synapseWords, 18);
  // Four sums of 16 bit for each of 8 neurons: 8 words a row, 6 rows.
  assert.equal(cost({ kind: 'maximum', taps: 4, sourceTiles: 1 }).stateWords - bare.stateWords, 48);
  // Eight constants of 24 bit: 3 words.
  assert.equal(cost({ kind: 'bias', numbers: 8 }).stateWords - bare.stateWords, 3);
});

test('the two readings of the neuron limit are both charged', () => {
  const { capacity } = loihi2;
  assert.equal(fits(capacity, tileCost(loihi2, linear(64, 64, 1, 8))), undefined);
  const between = tileCost(loihi2, linear(65, 64, 1, 8));
  assert.deepEqual(fits(capacity, between), { resource: 'neurons', needed: 4160, available: 4096 });
  assert.deepEqual(
    listOverflows(capacity, tileCost(loihi2, linear(129, 64, 1, 8))).map(over => over.resource),
    ['neurons', 'stateWords'],
  );
  assert.equal(fill(capacity, between).stateWords, 4160 / 8192);
});

test('the binding resource is the one that overflows most', () => {
  const capacity = {
    ...loihi2.capacity,
    neurons: 10,
    stateWords: 10,
    synapseWords: 10,
    inAxons: 10,
    outAxonEntries: 10,
    groups: 10,
  };
  assert.equal(fits(capacity, { ...capacity }), undefined);
  const sum = { ...capacity, synapseWords: 11, inAxons: 30, groups: 20 };
  assert.deepEqual(fits(capacity, sum), { resource: 'inAxons', needed: 30, available: 10 });
});

test('a cut group function is our own fault', () => {
  assert.throws(() => tileCost(loihi2, { ...linear(1, 32, 64, 8), wholeGroup: 64 }), /internal defect/);
});

test('first sizing of ViT-S/16 by hand: weights of about 200 cores, neurons of 1,670 or 3,340', () => {
  const [tokens, dim, heads, depth] = [197, 384, 6, 12];
  // Weights once, in slices of 64 channels: 9 words for 512 bits of weights.
  const layers = [
    [dim, 3 * dim],
    [dim, dim],
    [dim, 4 * dim],
    [4 * dim, dim],
  ] as const;
  const words = layers.map(
    ([inputs, outputs]) => (outputs / 64) * tileCost(loihi2, linear(1, 64, inputs, 8)).synapseWords,
  );
  const weightCores = (depth * words.reduce((a, b) => a + b)) / 16_000;
  assert.ok(weightCores > 180 && weightCores < 200, `${weightCores}`);
  // ln1, qkv, attention·V, res1, ln2, fc1, res2 hold 12 · dim a token, the scores one for each pair and head.
  const neurons = depth * (tokens * 12 * dim + heads * tokens * tokens);
  assert.equal(Math.round(neurons / 8192), 1671);
  assert.equal(Math.round(neurons / 4096), 3342);
});

const tiles = fc.record({
  groups: fc.integer({ min: 1, max: 4 }),
  rows: fc.integer({ min: 1, max: 40 }),
  channels: fc.integer({ min: 1, max: 80 }),
  inputs: fc.integer({ min: 1, max: 100 }),
  weightBits: fc.integer({ min: 1, max: 8 }),
  delay: fc.integer({ min: 0, max: 62 }),
  destinationTiles: fc.integer({ min: 0, max: 9 }),
});

test('costs are whole, grow with the tile, and a sum goes back to nothing', () => {
  fc.assert(
    fc.property(tiles, ({ inputs, weightBits, ...box }) => {
      const request = (channels: number): TileRequest => ({
        ...box,
        channels,
        gathers: [
          { kind: 'linear', inputs, weightBits, sourceTiles: 2, biasRows: 1 },
          { kind: 'product', inner: inputs, sourceTilesA: 1, sourceTilesB: 1 },
          { kind: 'relay', sourceTiles: 1 },
        ],
      });
      const small = tileCost(loihi2, request(box.channels));
      const large = tileCost(loihi2, request(box.channels + 1));
      const sum = createCostSum();
      addCost(sum, small);
      addCost(sum, large);
      addCost(sum, small, -1);
      for (const resource of RESOURCES) {
        assert.ok(Number.isInteger(small[resource]) && small[resource] >= 0, resource);
        assert.ok(small[resource] <= large[resource], resource);
      }
      assert.deepEqual(sum, large);
    }),
    { numRuns: 200, seed: 3 },
  );
});
