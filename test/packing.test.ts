/** Packing against a count from scratch: loads, messages, limits, and moves that never make it worse. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countMessages, netsOfTiles, neuronGraph } from '../bench/partition-block.ts';
import { byAffinity, byFit, packItems } from '../compiler/mapping/pack.ts';
import {
  type Bins,
  binsOf,
  emptyBins,
  gainOf,
  isOver,
  isRoom,
  openBin,
  type Packing,
  type PlainItem,
  type PlainNet,
  packProblem,
  putItem,
  takeItem,
} from '../compiler/mapping/packing.ts';
import { createPairCounts } from '../compiler/mapping/pair-counts.ts';
import { refine } from '../compiler/mapping/refine.ts';
import { createRandom } from '../ir/random/seeded.ts';

interface Case {
  readonly capacity: readonly number[];
  readonly items: readonly PlainItem[];
  readonly nets: readonly PlainNet[];
}

function randomCase(seed: number): Case {
  const random = createRandom(seed);
  const count = random.int(2, 40);
  const capacity = [random.int(20, 60), random.int(20, 60), 6];
  const amounts = Array.from({ length: 8 }, () => random.int(0, 8));
  const items = Array.from({ length: count }, (): PlainItem => {
    const shares = Array.from({ length: random.int(0, 2) }, () => random.int(0, 7));
    return {
      demand: [random.int(0, 20), random.int(0, 4), 1],
      shares: [...new Set(shares)].map(key => ({ key: `${key}`, resource: 1, amount: amounts[key]! })),
    };
  });
  const nets = Array.from({ length: random.int(1, 60) }, (): PlainNet => {
    const targets = Array.from({ length: random.int(1, 5) }, () => random.int(0, count - 1));
    const weight = random.int(1, 9);
    return random.chance(0.1) ? { weight, targets } : { weight, targets, source: random.int(0, count - 1) };
  });
  return { capacity, items, nets };
}

/** What a bin holds, counted item by item. */
function heldBy({ capacity, items }: Case, binOf: Int32Array, bin: number): number[] {
  const used = capacity.map(() => 0);
  const seen = new Set<string>();
  items.forEach((item, i) => {
    if (binOf[i] !== bin) return;
    item.demand.forEach((amount, r) => {
      used[r]! += amount;
    });
    for (const { key, resource, amount } of item.shares ?? []) {
      if (!seen.has(key)) used[resource]! += amount;
      seen.add(key);
    }
  });
  return used;
}

/** Messages, receiver by receiver. */
function messagesOf({ nets }: Case, binOf: Int32Array): number {
  let sum = 0;
  for (const { weight, source, targets } of nets) {
    const receivers = new Set(targets.map(target => binOf[target]!).filter(bin => bin >= 0));
    if (source !== undefined) receivers.delete(binOf[source]!);
    sum += weight * receivers.size;
  }
  return sum;
}

function checkBins(problem: Case, bins: Bins): void {
  const resources = problem.capacity.length;
  for (let bin = 0; bin < bins.count; bin++) {
    const held = heldBy(problem, bins.binOf, bin);
    assert.deepEqual([...bins.used.subarray(bin * resources, (bin + 1) * resources)], held);
    assert.equal(
      isOver(bins, bin),
      held.some((amount, r) => amount > problem.capacity[r]!),
    );
    const listed: number[] = [];
    for (let item = bins.first[bin]!; item >= 0; item = bins.next[item]!) listed.push(item);
    const own = [...bins.binOf.keys()].filter(item => bins.binOf[item] === bin);
    assert.deepEqual(
      listed.toSorted((a, b) => a - b),
      own,
    );
  }
}

function checkPacking(problem: Case, packing: Packing): void {
  assert.deepEqual(
    [...new Set(packing.binOf)].toSorted((a, b) => a - b),
    [...Array(packing.bins).keys()],
  );
  for (let bin = 0; bin < packing.bins; bin++) {
    heldBy(problem, packing.binOf, bin).forEach((amount, r) => {
      assert.ok(amount <= problem.capacity[r]!, `bin ${bin} is over`);
    });
  }
}

test('bins hold and send what a count from scratch says, whatever is put in and taken out', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = createRandom(seed + 1000);
    const plain = randomCase(seed);
    const problem = packProblem(plain.capacity, plain.items, plain.nets);
    const bins = emptyBins(problem);
    for (let i = 0; i < 5; i++) openBin(bins);
    for (let item = 0; item < problem.items; item++) putItem(bins, item, random.int(0, 4));
    assert.equal(bins.messages, messagesOf(plain, bins.binOf));
    for (let step = 0; step < 30; step++) {
      const item = random.int(0, problem.items - 1);
      const bin = random.int(0, 4);
      const before = bins.messages;
      if (bins.binOf[item] === bin) continue;
      const gain = gainOf(bins, item, bin);
      takeItem(bins, item);
      const roomy = isRoom(bins, item, bin);
      putItem(bins, item, bin);
      assert.equal(roomy, !isOver(bins, bin));
      assert.equal(before - bins.messages, gain);
      assert.equal(bins.messages, messagesOf(plain, bins.binOf));
    }
    checkBins(plain, bins);
  }
});

test('no packing exceeds a limit; moves never make it worse; one seed gives one packing', () => {
  let better = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const plain = randomCase(seed);
    const problem = packProblem(plain.capacity, plain.items, plain.nets);
    for (const start of [byAffinity(problem), byFit(problem)]) {
      checkPacking(plain, start);
      const refined = refine(problem, start, { seed, moves: 50 });
      checkPacking(plain, refined);
      const [before, after] = [messagesOf(plain, start.binOf), messagesOf(plain, refined.binOf)];
      assert.ok(after <= before, `${after} messages after, ${before} before`);
      assert.equal(binsOf(problem, refined).messages, after);
      if (after < before) better += 1;
    }
    const options = { seed, moves: 20, bins: 1000, messagesPerBin: 10 };
    const packed = packItems(problem, options);
    checkPacking(plain, packed);
    assert.deepEqual(packItems(problem, options), packed);
    const tight = packItems(problem, { ...options, bins: 1 });
    checkPacking(plain, tight);
    assert.ok(tight.bins <= Math.min(byAffinity(problem).bins, byFit(problem).bins));
  }
  assert.ok(better > 20, `${better} packings got better`);
});

test('two groups of talkers end in two bins', () => {
  const items = Array.from({ length: 12 }, (): PlainItem => ({ demand: [1] }));
  const nets = items.map((_, source): PlainNet => {
    const targets = items.flatMap((__, target) => (target % 2 === source % 2 ? [target] : []));
    return { weight: 1, source, targets };
  });
  const problem = packProblem([6], items, nets);
  const packing = packItems(problem, { seed: 1, moves: 200, bins: 2, messagesPerBin: 1 });
  assert.equal(packing.bins, 2);
  assert.equal(binsOf(problem, packing).messages, 0);
});

test('pair counts are those of a map of pairs', () => {
  const counts = createPairCounts();
  const slow = new Map<string, number>();
  const random = createRandom(7);
  for (let i = 0; i < 20_000; i++) {
    const [row, column] = [random.int(0, 40), random.int(0, 40)];
    const key = `${row} ${column}`;
    const old = slow.get(key) ?? 0;
    const by = old > 0 && random.chance(0.6) ? -1 : 1;
    slow.set(key, old + by);
    assert.equal(counts.add(row, column, by), old + by);
    const [r, c] = [random.int(0, 40), random.int(0, 40)];
    assert.equal(counts.get(r, c), slow.get(`${r} ${c}`) ?? 0);
  }
});

test('a Transformer block of 17 tokens: near the messages of a general partitioner, counted neuron by neuron', () => {
  const graph = neuronGraph({ tokens: 17, width: 48, heads: 3, hidden: 192 });
  assert.equal(graph.neurons, 13_974);
  const items = graph.tiles.map(({ length }): PlainItem => ({ demand: [length] }));
  const problem = packProblem([512], items, netsOfTiles(graph));
  const { binOf, bins } = packItems(problem, { seed: 1, moves: 1000, bins: 28, messagesPerBin: 1000 });
  const coreOf = new Int32Array(graph.neurons);
  graph.tiles.forEach((tile, i) => {
    for (const neuron of tile) coreOf[neuron] = binOf[i]!;
  });
  const messages = countMessages(graph, coreOf);
  assert.equal(messages, binsOf(problem, { binOf, bins }).messages);
  assert.ok(bins <= 28, `${bins} cores`);
  // Mt-KaHyPar: 5,170.
  assert.ok(messages <= 1.15 * 5170, `${messages} messages`);
});
