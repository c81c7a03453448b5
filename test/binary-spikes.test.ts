/** Chips without payloads: 2n axons a neuron, soft reset of two neurons, one message for each power of two. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createAccounting } from '../backends/accounting.ts';
import { encodeEntries, synapticWords } from '../backends/synaptic-words.ts';
import { loadTarget, type Target } from '../backends/target.ts';
import { tileCost } from '../backends/tile-cost.ts';
import { compareEmissions } from '../cli/compare.ts';
import { allPrograms } from '../compiler/assemble.ts';
import { mapNetwork } from '../compiler/map-network.ts';
import { coreUsage } from '../compiler/mapping/core-usage.ts';
import { UserError } from '../ir/diagnostics/diagnostic.ts';
import { fire } from '../ir/fixed.ts';
import { createMachine } from '../runtime-sim/chip.ts';
import { totalOf } from '../runtime-sim/counts.ts';
import { splitTerms } from '../runtime-sim/spikes.ts';
import { spikingMlp } from './spiking-mlp.ts';

test('a payload comes apart into the powers of two that the neuron fired, as many as it fired', () => {
  const arbitrary = fc.record({
    m: fc.integer({ min: -(2 ** 16), max: 2 ** 16 }),
    levels: fc.integer({ min: 1, max: 12 }),
    terms: fc.integer({ min: 1, max: 4 }),
    band: fc.constantFrom(2, 3, 4),
  });
  fc.assert(
    fc.property(arbitrary, ({ m, levels, terms, band }) => {
      const fired = fire(m, 5, levels, terms, band, { payload: 0, terms: 0, clipped: false });
      const split = splitTerms({ neurons: Int32Array.of(9), payloads: [fired.payload] }, levels);
      assert.equal(split.neurons.length, fired.terms, `${m}`);
      assert.equal(
        Array.from(split.payloads).reduce((a, b) => a + b, 0),
        fired.payload,
      );
      for (const payload of Array.from(split.payloads)) {
        const exponent = Math.log2(Math.abs(payload));
        assert.ok(Number.isInteger(exponent) && exponent < levels);
      }
    }),
    { numRuns: 2000 },
  );
});

test('Loihi 1: a perceptron runs bit for bit, every power of two a message and its synops', async () => {
  const [one, two] = [await loadTarget('loihi1'), await loadTarget('loihi2')];
  for (const steps of [1, 2]) {
    const { int, images, options, context } = await spikingMlp(one, [37, 29, 23, 11], steps);
    const run = (target: Target) => {
      const mapped = mapNetwork(int, target, new Map(), options, context);
      const programs = allPrograms(mapped.programs);
      const machine = createMachine(programs);
      for (const image of images) assert.equal(compareEmissions(int, machine, image).difference, undefined);
      // What is read out is no spike.
      const readout = int.nodes
        .filter(({ kind }) => kind === 'population')
        .findIndex(({ id }) => id === int.outputs[0]);
      const firing = machine.counts.tiles.filter((_, i) => machine.tilePopulations[i] !== readout);
      return {
        ...totalOf(machine.counts.tiles),
        fired: totalOf(firing).terms,
        cores: programs.flatMap(({ cores }) => cores).length,
      };
    };
    const [binary, graded] = [run(one), run(two)];
    assert.equal(graded.cores, 1);
    assert.equal(binary.fired, graded.fired);
    // Of every spike: its weights, and the synapse through which the neuron resets itself.
    assert.equal(binary.synops, graded.termSynops + graded.fired);
    assert.equal(binary.spikes - binary.fired, graded.terms - graded.fired);
    assert.ok(graded.messages < binary.messages && binary.messages >= 2 * graded.fired);
    // Two compartments for each neuron that fires, one for each of the 11 that are read.
    assert.equal(binary.updates, graded.updates * 2 - 11 * steps * images.length);
    assert.ok(context.diagnostics.list.some(({ code }) => code === 'W0512'));
  }
});

test('Loihi 1: cost of a tile by hand: 2n axons with weights of their own, a second compartment, a loop', async () => {
  const accounting = createAccounting(await loadTarget('loihi1'));
  const cost = tileCost(accounting, {
    groups: 1,
    rows: 1,
    channels: 10,
    gathers: [{ kind: 'linear', inputs: 64, weightBits: 8, sourceTiles: 1, axons: 16, biasRows: 1 }],
    delay: 0,
    destinationTiles: 1,
    axons: 6,
    isSoftReset: true,
  });
  assert.deepEqual(cost, {
    neurons: 20,
    // 24 bytes each.
    stateWords: 60,
    // 10 synapses of 8 bits behind 4 + 6 + 10 bits: 100 bits, 2 words, for 64 · 16 axons; each loop is one word.
    synapseWords: 64 * 16 * 2 + 10,
    // Shared: 16 for the source, one for the loop; leaving: 2 for each of 6, 2 for the loop.
    inAxons: 16 + 1,
    outAxonEntries: 12 + 2,
    groups: 1,
  });
});

test('Loihi 1: words of a row are those of the entries, written one by one', async () => {
  const accounting = createAccounting(await loadTarget('loihi1'));
  const { rowWords } = accounting.weights.get('dense')!;
  const arbitrary = fc.record({
    n: fc.integer({ min: 1, max: 500 }),
    weightBits: fc.integer({ min: 1, max: 8 }),
    delayBits: fc.constantFrom(0, 3, 4, 5, 6),
  });
  fc.assert(
    fc.property(arbitrary, ({ n, weightBits, delayBits }) => {
      // Compartments from 512 on, whose number takes the 10 bits that are charged.
      const targets = Int32Array.from({ length: n }, (_, i) => 512 + i);
      const delay = delayBits === 0 ? 0 : delayBits === 3 ? 5 : 2 ** (delayBits - 1);
      const widths = { weightBits: weightBits === 7 ? 8 : weightBits, delayBits };
      assert.equal(rowWords(n, weightBits, delay), synapticWords([targets], 'dense', widths));
      assert.equal(encodeEntries(targets, 'dense').length, Math.ceil(n / 60));
    }),
  );
});

test('any chip without payloads: shared weights, once for each threshold', async () => {
  const graded = await loadTarget('loihi2');
  const { capabilities, limits } = graded;
  const target = {
    ...graded,
    capabilities: { ...capabilities, gradedSpikes: { ...capabilities.gradedSpikes, value: false } },
    limits: { ...limits, payloadBits: { ...limits.payloadBits, value: 0 } },
  };
  const { int, images, options, context } = await spikingMlp(target, [30, 20, 10], 1);
  const mapped = mapNetwork(int, target, new Map(), options, context);
  const machine = createMachine(allPrograms(mapped.programs));
  for (const image of images) assert.equal(compareEmissions(int, machine, image).difference, undefined);
  const axons = (id: string) => {
    const node = int.nodes.find(candidate => candidate.id === id);
    const emit = node?.kind === 'population' ? node.attrs.emit : undefined;
    return emit?.kind === 'mt' ? 2 * emit.levels : 0;
  };
  const [usage] = coreUsage(mapped.chip, mapped.accounting, 8);
  // ceil((20 · 8 + 10) / 64) = 3 words for 20 channels, ceil((10 · 8 + 10) / 64) = 2 for 10.
  assert.equal(usage?.used.synapseWords, 30 * axons('%image') * 3 + 20 * axons('%fc1') * 2);
  // The image comes from the host; the readout counts as read by one.
  assert.equal(usage?.used.inAxons, axons('%image') + axons('%fc1'));
  assert.equal(usage?.used.outAxonEntries, axons('%image') + axons('%fc1') + 1);
});

test('sums that would have to be split pass whole, which binary spikes cannot', async () => {
  const one = await loadTarget('loihi1');
  const { int, options, context } = await spikingMlp(one, [17_000, 3], 1);
  assert.throws(
    () => mapNetwork(int, one, new Map(), options, context),
    (error: unknown) =>
      error instanceof UserError &&
      error.diagnostics.some(({ code, list }) => code === 'E0510' && `${list}`.includes('send sums whole')),
  );
});

test('what Loihi 1 has no room for is said with the resource', async () => {
  const one = await loadTarget('loihi1');
  const { int, options, context } = await spikingMlp(one, [3000, 40, 3], 1);
  assert.throws(
    () => mapNetwork(int, one, new Map(), options, context),
    (error: unknown) =>
      error instanceof UserError &&
      error.diagnostics.every(({ code }) => code === 'E0501' || code === 'W0512'),
  );
});
