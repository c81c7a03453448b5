/** Tiles as a packing, cuts chosen together, and the pass: against counts from scratch, on random networks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Accounting,
  createAccounting,
  LIMITS,
  RESOURCES,
  type TileCost,
} from '../backends/accounting.ts';
import { loadTarget, type Target } from '../backends/target.ts';
import { functionWords } from '../backends/tile-cost.ts';
import { STRATEGIES } from '../compiler/choices.ts';
import { tilingOfChip } from '../compiler/mapping/arrivals.ts';
import { blockOf } from '../compiler/mapping/blocks.ts';
import { loadsOf, tileProblem } from '../compiler/mapping/core-load.ts';
import { coreUsage } from '../compiler/mapping/core-usage.ts';
import { type CutContext, cutClasses, everyCut } from '../compiler/mapping/cuts.ts';
import { createDemandModel } from '../compiler/mapping/demand.ts';
import { feedsOf, HOST } from '../compiler/mapping/feeds.ts';
import { chooseJointly } from '../compiler/mapping/joint.ts';
import { createVectors, packKinds } from '../compiler/mapping/kinds.ts';
import { binsOf } from '../compiler/mapping/packing.ts';
import { createReadings, messagesInto } from '../compiler/mapping/readings.ts';
import { scheduleOf } from '../compiler/mapping/schedule.ts';
import type { Strategy } from '../compiler/mapping/strategy.ts';
import { type Cut, lengthOf } from '../compiler/mapping/tiles.ts';
import { type Tiling, tileAt, tilingOf } from '../compiler/mapping/tiling.ts';
import { type PartitionNeeds, partition } from '../compiler/passes/partition.ts';
import type { AnnGraph } from '../ir/ann.ts';
import type { Mode } from '../ir/chip.ts';
import { createDiagnostics } from '../ir/diagnostics/diagnostic.ts';
import type { ValueId } from '../ir/dialect.ts';
import type { IntGraph } from '../ir/int.ts';
import { hasLogarithms } from '../ir/interpret/soma.ts';
import { expandMap, HOLE } from '../ir/map.ts';
import { randomAnn } from '../ir/random/ann.ts';
import { randomModern } from '../ir/random/modern.ts';
import { createRandom } from '../ir/random/seeded.ts';
import { descend, randomImages, shrunk } from './kit.ts';

const WEIGHT_BITS = 8;
const RUN = { coding: 'sum', steps: 1, shift: 4, terms: 2 } as const;

type Make = (seed: number) => AnnGraph;

function networkOf(make: Make, seed: number): IntGraph {
  const ann = make(seed);
  return descend(ann, randomImages(ann, 2, seed), RUN).int;
}

function randomTiling(network: IntGraph, seed: number): Tiling {
  const random = createRandom(seed);
  const cuts = new Map<string, Cut>();
  for (const node of network.nodes) {
    if (node.kind !== 'population') continue;
    const [groups, rows, channels] = node.type.shape.map(size => random.int(1, Math.min(size, 4)));
    cuts.set(node.id, { groups: groups!, rows: rows!, channels: channels! });
  }
  return tilingOf(network, ({ id }) => cuts.get(id)!);
}

/** Neurons of each source tile (HOST: −1) that each tile reads, one by one. */
function readsOf(tiling: Tiling): ReadonlyMap<number, ReadonlyMap<number, ReadonlySet<number>>> {
  const reads = new Map<number, Map<number, Set<number>>>();
  for (const { population, source, pattern } of feedsOf(tiling)) {
    pattern.windowOf.forEach((window, own) => {
      const tile = tiling.first[population]! + own;
      const mine = reads.get(tile) ?? new Map<number, Set<number>>();
      reads.set(tile, mine);
      for (const intake of pattern.windows[window]!) {
        const from = source === HOST ? HOST : tiling.first[source]! + intake.source;
        const neurons = mine.get(from) ?? new Set();
        mine.set(from, neurons);
        for (const map of intake.maps)
          expandMap(map).forEach((position, neuron) => void (position !== HOLE && neurons.add(neuron)));
      }
    });
  }
  return reads;
}

/** What a core of these tiles takes, counted tile by tile. */
function usedBy(tiling: Tiling, tiles: readonly number[], accounting: Accounting): TileCost {
  const { network } = tiling;
  const reads = readsOf(tiling);
  const demand = createDemandModel(
    network,
    accounting,
    WEIGHT_BITS,
    scheduleOf(network, 'pipelined', accounting),
  );
  const sum = { neurons: 0, stateWords: 0, synapseWords: 0, inAxons: 0, outAxonEntries: 0, groups: 0 };
  const [blocks, tables, sources] = [new Set<string>(), new Set<string>(), new Set<number>()];
  for (const number of tiles) {
    const { population, box } = tileAt(tiling, number);
    const isReadout = network.outputs.includes(population.id);
    const cost = demand.cost(population, box, { sources: [], destinations: isReadout ? 1 : 0 });
    for (const resource of RESOURCES) if (resource !== 'inAxons') sum[resource] += cost[resource];
    for (const node of network.nodes) {
      if ((node.kind !== 'linear' && node.kind !== 'depthwise') || !population.operands.includes(node.id))
        continue;
      const { key, inputs, width } = blockOf(node, box, network);
      if (blocks.has(key))
        sum.synapseWords -= inputs * accounting.weights.get('')!.rowWords(width, WEIGHT_BITS);
      blocks.add(key);
    }
    const fn = population.attrs.function;
    const words = functionWords(accounting, fn);
    const table = hasLogarithms(fn) ? 'log' : fn.kind === 'pointwise' ? `${fn.table}` : fn.kind;
    if (words > 0 && !tables.has(table)) {
      sum.stateWords += words;
      tables.add(table);
    }
    for (const source of reads.get(number)?.keys() ?? []) sources.add(source);
    for (const [, mine] of reads) {
      const channels = lengthOf(box.channel);
      const rows = new Set([...(mine.get(number) ?? [])].map(neuron => Math.floor(neuron / channels)));
      sum.outAxonEntries += rows.size;
    }
  }
  return { ...sum, inAxons: sources.size };
}

/** Messages between cores, neuron by neuron; those of the host reach a core each. */
function messagesOf(tiling: Tiling, core: Int32Array, rates: ReadonlyMap<ValueId, number>): number {
  const receivers = new Map<string, Set<number>>();
  for (const [tile, mine] of readsOf(tiling)) {
    for (const [source, neurons] of mine) {
      for (const neuron of neurons) {
        const key = `${source} ${neuron}`;
        receivers.set(key, (receivers.get(key) ?? new Set()).add(core[tile]!));
      }
    }
  }
  let sum = 0;
  for (const [key, cores] of receivers) {
    const source = Number(key.split(' ')[0]);
    if (source === HOST) sum += cores.size;
    else {
      cores.delete(core[source]!);
      sum += cores.size * (rates.get(tileAt(tiling, source).population.id) ?? 1);
    }
  }
  return sum;
}

const contextOf = (
  graph: IntGraph,
  accounting: Accounting,
  rates = new Map<ValueId, number>(),
): CutContext => ({
  graph,
  accounting,
  weightBits: WEIGHT_BITS,
  demand: createDemandModel(graph, accounting, WEIGHT_BITS, scheduleOf(graph, 'pipelined', accounting)),
  cutsRows: true,
  rates,
  durations: { synop: 1, update: 6 },
});

const needsOf = (target: Target, accounting: Accounting, strategy: Strategy, mode: Mode): PartitionNeeds => ({
  accounting,
  weightBits: WEIGHT_BITS,
  strategy,
  mode,
  favour: 'balance',
  target: target.name,
  board: '',
  chips: target.chips,
  cores: target.cores,
  rates: new Map(),
  durations: { synop: 1, update: 6 },
  seed: 1,
});

test('tiles as a packing: loads and messages are those of a count from scratch', async () => {
  const accounting = createAccounting(await loadTarget('loihi2'));
  for (const make of [randomAnn, randomModern] as readonly Make[]) {
    for (let seed = 1; seed <= 3; seed++) {
      const network = networkOf(make, seed);
      const tiling = randomTiling(network, seed);
      const rates = new Map(
        tiling.populations.map(({ id }, i): [ValueId, number] => [id, 1 / (1 + (i % 3))]),
      );
      const problem = tileProblem(tiling, feedsOf(tiling), contextOf(network, accounting, rates), true);
      const random = createRandom(seed);
      const cores = 5;
      const core = Int32Array.from({ length: problem.items }, () => random.int(0, cores - 1));
      const loads = loadsOf(problem, core, cores);
      const bins = binsOf(problem, { binOf: core, bins: cores });
      for (let c = 0; c < cores; c++) {
        const own = [...core.keys()].filter(tile => core[tile] === c);
        const used = usedBy(tiling, own, accounting);
        for (const resource of RESOURCES) {
          const at = c * LIMITS.length + LIMITS.indexOf(resource);
          assert.equal(loads[at], used[resource], `${resource} of core ${c}, seed ${seed}`);
          assert.equal(bins.used[at], used[resource]);
        }
      }
      const messages = messagesOf(tiling, core, rates);
      assert.ok(Math.abs(bins.messages - messages) < 1e-6 * messages, `${bins.messages}, ${messages}`);
    }
  }
});

test('messages into a cut are those that arrive, where no neuron is read twice', async () => {
  let met = 0;
  for (const make of [randomAnn, randomModern] as readonly Make[]) {
    for (let seed = 1; seed <= 4; seed++) {
      const network = networkOf(make, seed);
      const tiling = randomTiling(network, seed + 50);
      const reads = readsOf(tiling);
      const readingsOf = createReadings(network);
      tiling.populations.forEach((population, p) => {
        const readings = readingsOf(population);
        const sources = readings.map(({ source }) => source);
        if (readings.some(({ repeats }) => repeats) || new Set(sources).size < sources.length) return;
        let arriving = 0;
        for (let tile = tiling.first[p]!; tile < tiling.first[p + 1]!; tile++)
          for (const neurons of reads.get(tile)?.values() ?? []) arriving += neurons.size;
        const found = messagesInto(population, tiling.cuts[p]!, readings, () => 1, new Map(), network);
        assert.equal(found, arriving, population.id);
        met += 1;
      });
    }
  }
  assert.ok(met > 40, `${met} populations`);
});

test('cuts chosen together take no more cores than cuts chosen alone, and what is counted can be packed', async () => {
  const target = shrunk(await loadTarget('loihi2'), 60, 400);
  const accounting = createAccounting(target);
  for (let seed = 1; seed <= 3; seed++) {
    const context = contextOf(networkOf(randomAnn, seed), accounting);
    const classes = cutClasses(context, population => everyCut(population, true));
    const vectorsOf = createVectors(accounting);
    const coresOf = (offers: readonly (typeof classes)[number]['offers'][number][]) =>
      packKinds(
        offers.map((offer, i) => ({ offer, count: offer.tiles * classes[i]!.members.length })),
        vectorsOf,
      ).cores;
    const alone = classes.map(({ offers }) =>
      offers.reduce((a, b) => (b.tiles * b.share < a.tiles * a.share ? b : a)),
    );
    const together = chooseJointly(classes, accounting, 1, 'cores');
    assert.ok(coresOf(together) <= coresOf(alone));
    const least = RESOURCES.map(
      resource =>
        together.reduce(
          (sum, { own, tiles }, i) => sum + own[resource] * tiles * classes[i]!.members.length,
          0,
        ) / accounting.capacity[resource],
    );
    assert.ok(coresOf(together) >= Math.max(...least) - 1e-9);
  }
});

test('no core exceeds a limit, whatever the strategy and mode; the same again gives the same', async () => {
  for (const [neurons, words] of [
    [60, 400],
    [200, 3000],
  ] as const) {
    const target = shrunk(await loadTarget('loihi2'), neurons, words);
    const accounting = createAccounting(target);
    for (const strategy of STRATEGIES) {
      for (const mode of ['pipelined', 'streaming'] as const) {
        const network = networkOf(mode === 'streaming' ? randomModern : randomAnn, 5);
        const diagnostics = createDiagnostics();
        const needs = needsOf(target, accounting, strategy, mode);
        const chip = partition.run(network, needs, diagnostics.report);
        if (diagnostics.hasErrors()) {
          assert.deepEqual([...new Set(diagnostics.list.map(d => d.code))], ['E0501']);
          continue;
        }
        const tiling = tilingOfChip(chip);
        assert.equal(tiling.first.at(-1), chip.tables.tiles.rows);
        for (const { used, binding, fill, tiles } of coreUsage(chip, accounting, WEIGHT_BITS)) {
          assert.ok(tiles.length > 0);
          if (strategy !== 'auto') assert.equal(tiles.length, 1);
          for (const resource of RESOURCES) assert.ok(used[resource] <= accounting.capacity[resource]);
          assert.ok(fill > 0 && fill <= 1);
          if (binding !== 'memoryBytes') assert.equal(fill, used[binding] / accounting.capacity[binding]);
        }
        assert.deepEqual(partition.run(network, needs, diagnostics.report).tables, chip.tables);
      }
    }
  }
});

test('axons that run out on one side cut the other finer, or are told', async () => {
  const base = shrunk(await loadTarget('loihi2'), 400, 4000);
  const network = networkOf(randomAnn, 2);
  const codes = new Set<string>();
  for (const axons of [1000, 40, 12, 1]) {
    const limits = {
      ...base.limits,
      inAxons: { ...base.limits.inAxons!, value: axons },
      outAxonEntries: { ...base.limits.outAxonEntries!, value: axons },
    };
    const target = { ...base, limits };
    const accounting = createAccounting(target);
    const diagnostics = createDiagnostics();
    const needs = needsOf(target, accounting, 'auto', 'pipelined');
    const chip = partition.run(network, needs, diagnostics.report);
    if (diagnostics.hasErrors()) {
      codes.add(diagnostics.list[0]!.code);
      continue;
    }
    codes.add('fits');
    for (const { used } of coreUsage(chip, accounting, WEIGHT_BITS))
      for (const resource of RESOURCES) assert.ok(used[resource] <= accounting.capacity[resource], resource);
  }
  assert.deepEqual([...codes].sort(), ['E0501', 'fits']);
});
