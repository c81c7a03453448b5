/** Axon tables, traffic and chip programs against a walk over every position of every tile, one neuron at a time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAccounting } from '../backends/accounting.ts';
import { decodeChip, decodeTables } from '../backends/program/decode.ts';
import { encodeChip } from '../backends/program/encode.ts';
import { loadTarget } from '../backends/target.ts';
import { allPrograms, assemble, type Programs } from '../compiler/assemble.ts';
import { checkDelivery } from '../compiler/check-delivery.ts';
import { encodeChips } from '../compiler/encode.ts';
import { tilingOfChip, wiringOf } from '../compiler/mapping/arrivals.ts';
import { needsWholeGroups } from '../compiler/mapping/demand.ts';
import { HOST } from '../compiler/mapping/feeds.ts';
import { operandPositions } from '../compiler/mapping/operands.ts';
import { findDepths } from '../compiler/mapping/schedule.ts';
import { emptyTable, placedTiles, rowsOf } from '../compiler/mapping/tables.ts';
import { type Cut, findOwners, lengthOf } from '../compiler/mapping/tiles.ts';
import { tileAt, tilingOf } from '../compiler/mapping/tiling.ts';
import { trafficOf } from '../compiler/mapping/traffic.ts';
import { route } from '../compiler/passes/route.ts';
import { type ChipGraph, chip } from '../ir/chip.ts';
import { operandIndices } from '../ir/count/counts.ts';
import { nodeMap, type ValueId } from '../ir/dialect.ts';
import type { IntGraph, IntProjection } from '../ir/int.ts';
import { expandMap, HOLE } from '../ir/map.ts';
import { randomAnn } from '../ir/random/ann.ts';
import { randomModern } from '../ir/random/modern.ts';
import { createRandom } from '../ir/random/seeded.ts';
import { descend, randomImages } from './kit.ts';

const CORES_OF_CHIP = 3;

/** The network cut at random, its tiles strewn over cores and chips at random. */
function strewn(network: IntGraph, seed: number): ChipGraph {
  const random = createRandom(seed);
  const upTo = (n: number) => random.int(1, Math.min(n, 3));
  const cuts = new Map<string, Cut>();
  for (const node of network.nodes) {
    if (node.kind !== 'population') continue;
    const [groups, rows, channels] = node.type.shape as [number, number, number];
    const cut = { groups: upTo(groups), rows: upTo(rows), channels: upTo(channels) };
    cuts.set(node.id, needsWholeGroups(node) ? { ...cut, channels: 1 } : cut);
  }
  const tiling = tilingOf(network, ({ id }) => cuts.get(id)!);
  const count = tiling.first.at(-1)!;
  const cores = Math.ceil(count / 2);
  const index = new Map<string, number>(network.nodes.map((node, i) => [node.id, i]));
  const depths = findDepths(network);
  const tiles = emptyTable(chip.tables.tiles, count);
  const { columns } = tiles;
  for (let i = 0; i < count; i++) {
    const { population, box } = tileAt(tiling, i);
    columns.population![i] = index.get(population.id)!;
    columns.core![i] = i < cores ? i : random.int(0, cores - 1);
    [columns.group0![i], columns.group1![i]] = box.group;
    [columns.row0![i], columns.row1![i]] = box.row;
    [columns.channel0![i], columns.channel1![i]] = box.channel;
    columns.depth![i] = depths.get(population.id)!;
  }
  const places = emptyTable(chip.tables.cores, cores);
  for (let i = 0; i < cores; i++) {
    places.columns.chip![i] = i % Math.ceil(cores / CORES_OF_CHIP);
    places.columns.slot![i] = i;
  }
  const depth = Math.max(...depths.values());
  return {
    ...network,
    dialect: chip,
    attrs: { ...network.attrs, target: 't', board: '', chips: cores, mode: 'pipelined', depth, interval: 1 },
    tables: {
      cores: places,
      tiles,
      routes: emptyTable(chip.tables.routes, 0),
      targets: emptyTable(chip.tables.targets, 0),
      rings: emptyTable(chip.tables.rings, 0),
    },
  };
}

interface Walked {
  /** Source tile and core → neurons that are sent there. */
  readonly sent: Map<string, Set<number>>;
  /** Source tile and core → tile and row of the source, of all that is read. */
  readonly rows: Map<string, Set<string>>;
  /** Source tile and core → tile, gather and side that is fed, once for each operand. */
  readonly fed: Map<string, string[]>;
}

function walk(graph: ChipGraph, network: IntGraph): Walked {
  const tiles = placedTiles(graph);
  const owners = findOwners(network, tiles);
  const byId = nodeMap(network.nodes);
  const found: Walked = { sent: new Map(), rows: new Map(), fed: new Map() };
  const at = <K, V>(map: Map<K, V>, key: K, make: () => V): V => {
    const value = map.get(key) ?? make();
    map.set(key, value);
    return value;
  };
  tiles.forEach((tile, number) => {
    tile.population.operands.forEach((id, gather) => {
      const projection = byId.get(id) as IntProjection;
      operandIndices(projection, network.constants).forEach((indices, operand) => {
        const side = projection.kind !== 'relay' && operand === 1 ? 1 : 0;
        const owner = owners.get(projection.operands[operand]!);
        const { type } = tile.population;
        const width =
          projection.kind === 'linear'
            ? indices.length / type.shape[1]!
            : projection.kind === 'product'
              ? projection.attrs.inner
              : indices.length / type.shape.reduce((a, b) => a * b, 1);
        const keys = new Set<string>();
        for (const position of operandPositions(projection, side, width, tile)) {
          const neuron = indices[position]!;
          if (neuron === HOLE) continue;
          const source = owner === undefined ? HOST : owner.tile[neuron]!;
          const local = owner === undefined ? neuron : owner.local[neuron]!;
          const key = `${source} ${tile.core}`;
          keys.add(key);
          at(found.sent, key, () => new Set()).add(local);
          const channels = source === HOST ? 1 : lengthOf(tiles[source]!.box.channel);
          if (source !== HOST)
            at(found.rows, key, () => new Set()).add(`${number} ${Math.floor(local / channels)}`);
        }
        for (const key of keys) at(found.fed, key, () => []).push(`${number} ${gather} ${side}`);
      });
    });
  });
  return found;
}

function* networks(): Generator<readonly [number, IntGraph]> {
  for (let seed = 1; seed <= 4; seed++) {
    for (const make of [randomAnn, randomModern]) {
      const ann = make(seed);
      const images = randomImages(ann, 2, seed);
      yield [seed, descend(ann, images, { coding: 'sum', steps: 1, shift: 4, terms: 2 }).int];
    }
  }
}

const routed = (graph: ChipGraph, accounting: ReturnType<typeof createAccounting>): ChipGraph =>
  route.run(graph, { accounting, delayMax: 62, target: 't' }, () => {});
const programsOf = (graph: ChipGraph): Programs =>
  assemble(graph, { weightBits: 8, spiking: { binary: false, resetNeurons: 1 } });

test('routes, targets, entries, elements and traffic are those of a walk over every position', async () => {
  const accounting = createAccounting(await loadTarget('loihi2'));
  for (const [seed, network] of networks()) {
    const graph = routed(strewn(network, seed), accounting);
    const { sent, rows, fed } = walk(graph, network);
    const { routes, targets, tiles } = graph.tables;
    const keys = [...rowsOf(routes, chip.tables.routes)].map(r => `${r.tile} ${r.core}`);
    assert.deepEqual([...keys].sort(), [...sent.keys()].sort());
    const wanted = keys.map(key => rows.get(key)?.size ?? 0);
    assert.deepEqual([...routes.columns.entries!], wanted);
    const found = new Map<string, string[]>(keys.map(key => [key, []]));
    for (const { route: r, tile, gather, side, delay } of rowsOf(targets, chip.tables.targets)) {
      found.get(keys[r]!)!.push(`${tile} ${gather} ${side}`);
      const source = routes.columns.tile![r]!;
      const depth = source === HOST ? 0 : tiles.columns.depth![source]!;
      assert.equal(depth + 1 + delay, tiles.columns.depth![tile]);
    }
    assert.deepEqual(found, new Map(keys.map(key => [key, fed.get(key)!])));
    checkElements(graph, keys, sent);
    checkTraffic(graph, sent);
  }
});

/** Every route of the programs sends exactly the neurons that somebody at its end reads. */
function checkElements(graph: ChipGraph, keys: readonly string[], sent: Walked['sent']): void {
  const tiles = placedTiles(graph);
  const { chip: chips } = graph.tables.cores.columns;
  const coresOf = (c: number) => [...chips!.keys()].filter(core => chips![core] === c);
  const seen: string[] = [];
  for (const program of allPrograms(programsOf(graph))) {
    const own = coresOf(program.chip);
    const check = (source: number, size: number, routes: (typeof program.cores)[0]['tiles'][0]['routes']) => {
      for (const { chip: c, core, elements } of routes) {
        const key = `${source} ${coresOf(c)[core]}`;
        const all = Array.from({ length: size }, (_, i) => i);
        assert.deepEqual(
          elements === undefined ? all : [...expandMap(elements)],
          [...sent.get(key)!].sort((a, b) => a - b),
        );
        seen.push(key);
      }
    };
    if (program.input !== undefined) check(HOST, program.input.size, program.input.routes);
    program.cores.forEach((core, i) => {
      const mine = [...tiles.keys()].filter(tile => tiles[tile]!.core === own[i]);
      core.tiles.forEach((tile, k) => {
        const { group, row, channel } = tile.box;
        check(mine[k]!, lengthOf(group) * lengthOf(row) * lengthOf(channel), tile.routes);
      });
    });
  }
  assert.deepEqual(seen.sort(), [...keys].sort());
}

function checkTraffic(graph: ChipGraph, sent: Walked['sent']): void {
  const tiles = placedTiles(graph);
  const rates = new Map<ValueId, number>(tiles.map(({ population: { id } }) => [id, 0.5]));
  const { begins, from, messages } = trafficOf(wiringOf(graph), rates);
  const wanted = new Map<string, number>();
  for (const [key, neurons] of sent) {
    const [source, core] = key.split(' ').map(Number) as [number, number];
    if (source === HOST || tiles[source]!.core === core) continue;
    const pair = `${tiles[source]!.core} ${core}`;
    wanted.set(pair, (wanted.get(pair) ?? 0) + neurons.size * 0.5);
  }
  const found = new Map<string, number>();
  for (let core = 0; core < begins.length - 1; core++) {
    for (let i = begins[core]!; i < begins[core + 1]!; i++) found.set(`${from[i]} ${core}`, messages[i]!);
  }
  assert.deepEqual(new Map([...found].sort()), new Map([...wanted].sort()));
}

test('programs do not depend on when they are made, and their bytes deliver', async () => {
  const accounting = createAccounting(await loadTarget('loihi2'));
  for (const [seed, network] of networks()) {
    const graph = routed(strewn(network, seed), accounting);
    const programs = programsOf(graph);
    const backwards = new Map([...programs.chips].reverse().map(c => [c, encodeChip(programs.program(c))]));
    const written = new Map<number, Uint8Array>();
    const proof = await encodeChips(programsOf(graph), network, (c, bytes) => {
      written.set(c, bytes);
    });
    assert.ok(programs.chips.length > 1);
    assert.deepEqual([...written.keys()], programs.chips);
    for (const [c, bytes] of written) assert.deepEqual(bytes, backwards.get(c));
    const whole = [...written].map(([c, bytes]) => decodeChip(bytes, `${c}`));
    assert.deepEqual(checkDelivery(whole, network), proof);
    assert.equal(proof.routes, graph.tables.routes.rows);
  }
});

test('tables are read without weights, equal maps as one object', async () => {
  const [, network] = networks().next().value!;
  const accounting = createAccounting(await loadTarget('loihi2'));
  const programs = programsOf(routed(strewn(network, 3), accounting));
  const known = new Map();
  const maps = new Map<string, object>();
  let shared = 0;
  for (const c of programs.chips) {
    const bytes = encodeChip(programs.program(c));
    const [whole, tables] = [decodeChip(bytes, 'b'), decodeTables(bytes, 'b', known)];
    whole.cores.forEach((core, i) => {
      const { weights, ...rest } = tables.cores[i]!;
      assert.deepEqual({ ...core, weights: [] }, { ...rest, weights: [] });
      assert.ok(weights.every(({ data }) => data.length === 0));
      for (const { map } of rest.axons.flatMap(({ targets }) => targets)) {
        const text = JSON.stringify(map);
        if (maps.has(text)) shared += 1;
        assert.equal(maps.get(text) ?? map, map);
        maps.set(text, map);
      }
    });
  }
  assert.ok(shared > 0);
});

test('an outline has the tables of the network', async () => {
  const accounting = createAccounting(await loadTarget('loihi2'));
  for (const [seed, network] of networks()) {
    const graph = routed(strewn(network, seed), accounting);
    const spiking = { binary: false, resetNeurons: 1 };
    const outline = assemble(graph, { weightBits: 8, isOutline: true, spiking });
    const proof = checkDelivery(allPrograms(outline), network);
    assert.deepEqual(proof, checkDelivery(allPrograms(programsOf(graph)), network));
    const [first] = allPrograms(outline);
    assert.ok(first!.cores.every(core => core.weights.every(({ data }) => data.length === 0)));
  }
});

test('a relay may hear one population twice', async () => {
  const ann = randomAnn(2);
  const { int } = descend(ann, randomImages(ann, 2, 2), { coding: 'sum', steps: 1, shift: 4, terms: 2 });
  const nodes = int.nodes.map(node =>
    node.kind === 'relay' ? { ...node, operands: [node.operands[0]!, node.operands[0]!] } : node,
  );
  const doubled = { ...int, nodes };
  assert.ok(doubled.nodes.some(({ kind }) => kind === 'relay'));
  const accounting = createAccounting(await loadTarget('loihi2'));
  const programs = programsOf(routed(strewn(doubled, 4), accounting));
  assert.ok(checkDelivery(allPrograms(programs), doubled).deliveries > 0);
});

test('tiles that are no grid are our own fault', async () => {
  const [, network] = networks().next().value!;
  const graph = strewn(network, 5);
  assert.equal(tilingOfChip(graph).first.at(-1), graph.tables.tiles.rows);
  const { columns } = graph.tables.tiles;
  const moved = { ...columns, channel1: columns.channel1!.map((end, i) => (i === 0 ? end + 1 : end)) };
  const tiles = { rows: graph.tables.tiles.rows, columns: moved };
  assert.throws(() => wiringOf({ ...graph, tables: { ...graph.tables, tiles } }), /does not lie on its grid/);
});
