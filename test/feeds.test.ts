/** Who feeds whom, window by window, against a walk over every position of every tile. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { feedsOf, HOST } from '../compiler/mapping/feeds.ts';
import { createUnions } from '../compiler/mapping/sent.ts';
import { boxSize, type Cut, findOwners, lengthOf } from '../compiler/mapping/tiles.ts';
import { type Tiling, tileAt, tileOfPopulation, tilingOf } from '../compiler/mapping/tiling.ts';
import { operandIndices } from '../ir/count/counts.ts';
import { nodeMap } from '../ir/dialect.ts';
import type { IntGraph } from '../ir/int.ts';
import { expandMap, HOLE } from '../ir/map.ts';
import { randomAnn } from '../ir/random/ann.ts';
import { randomModern } from '../ir/random/modern.ts';
import { createRandom } from '../ir/random/seeded.ts';
import { descend, randomImages } from './kit.ts';

/** Position in the whole operand of every position of a tile, counted off neuron by neuron. */
function wholePositions(tiling: Tiling, tile: number, gather: number, side: 0 | 1): number[] {
  const { population, box } = tileAt(tiling, tile);
  const projection = nodeMap(tiling.network.nodes).get(population.operands[gather]!)!;
  const [, rows, channels] = population.type.shape as [number, number, number];
  const { constants } = tiling.network;
  const neurons: [number, number, number][] = [];
  for (let g = box.group[0]; g < box.group[1]; g++)
    for (let r = box.row[0]; r < box.row[1]; r++)
      for (let c = box.channel[0]; c < box.channel[1]; c++) neurons.push([g, r, c]);
  const out: number[] = [];
  const inputs =
    projection.kind === 'linear' || projection.kind === 'depthwise'
      ? constants.get(projection.attrs.weight).shape[0]!
      : projection.kind === 'maximum'
        ? projection.attrs.taps
        : 1;
  switch (projection.kind) {
    case 'linear':
      for (let r = box.row[0]; r < box.row[1]; r++) for (let k = 0; k < inputs; k++) out.push(r * inputs + k);
      break;
    case 'product': {
      const { inner } = projection.attrs;
      const size = side === 0 ? rows : channels;
      const [first, end] = side === 0 ? box.row : box.channel;
      for (let g = box.group[0]; g < box.group[1]; g++)
        for (let i = first; i < end; i++)
          for (let k = 0; k < inner; k++) out.push((g * size + i) * inner + k);
      break;
    }
    default:
      for (const [g, r, c] of neurons)
        for (let k = 0; k < inputs; k++) out.push(((g * rows + r) * channels + c) * inputs + k);
  }
  return out;
}

function checkFeeds(network: IntGraph, seed: number): void {
  const random = createRandom(seed);
  const upTo = (n: number) => random.int(1, Math.min(n, 4));
  const cuts = new Map<string, Cut>();
  for (const node of network.nodes) {
    if (node.kind !== 'population') continue;
    const [groups, rows, channels] = node.type.shape as [number, number, number];
    cuts.set(node.id, { groups: upTo(groups), rows: upTo(rows), channels: upTo(channels) });
  }
  const tiling = tilingOf(network, population => cuts.get(population.id)!);
  const tiles = Array.from({ length: tiling.first.at(-1)! }, (_, i) => tileAt(tiling, i));
  const owners = findOwners(network, tiles);
  const byId = nodeMap(network.nodes);
  let met = 0;
  for (const feed of feedsOf(tiling)) {
    const population = tiling.populations[feed.population]!;
    const projection = byId.get(population.operands[feed.gather]!)!;
    const from = feed.source === HOST ? undefined : owners.get(tiling.populations[feed.source]!.id)!;
    const indices = operandIndices(projection as never, network.constants)[feed.side]!;
    for (let own = 0; own < feed.pattern.windowOf.length; own++) {
      const tile = tiling.first[feed.population]! + own;
      const positions = wholePositions(tiling, tile, feed.gather, feed.side);
      const wanted = positions.map(position => {
        const neuron = indices[position]!;
        if (neuron === HOLE) return 'hole';
        return from === undefined
          ? `0 ${neuron}`
          : `${from.tile[neuron]! - tiling.first[feed.source]!} ${from.local[neuron]}`;
      });
      const found = wanted.map(() => 'hole');
      for (const { source, maps, sent } of feed.pattern.windows[feed.pattern.windowOf[own]!]!) {
        const used = new Set<number>();
        for (const map of maps) {
          expandMap(map).forEach((position, neuron) => {
            if (position === HOLE) return;
            assert.equal(found[position], 'hole', 'fed twice');
            found[position] = `${source} ${neuron}`;
            used.add(neuron);
          });
        }
        const size =
          feed.source === HOST ? maps[0]!.length : boxSize(tiles[tiling.first[feed.source]! + source]!.box);
        const sender = feed.source === HOST ? undefined : tiles[tiling.first[feed.source]! + source]!;
        const channels = sender === undefined ? size : lengthOf(sender.box.channel);
        assert.equal(maps[0]!.length, size);
        assert.equal(sent.count, used.size);
        assert.deepEqual(
          [...(sent.neurons ?? Int32Array.from({ length: size }, (_, i) => i))],
          [...used].sort((a, b) => a - b),
        );
        assert.equal(sent.rows, new Set([...used].map(n => Math.floor(n / channels))).size);
        assert.equal(createUnions().join(sent, sent).count, sent.count);
      }
      assert.deepEqual(found, wanted);
      met += wanted.length;
    }
  }
  assert.ok(met > 0);
}

test('feeds are what the views say, for any cut', () => {
  for (let seed = 1; seed <= 4; seed++) {
    for (const make of [randomAnn, randomModern]) {
      const ann = make(seed);
      const { int } = descend(ann, randomImages(ann, 2, seed), {
        coding: 'sum',
        steps: 1,
        shift: 4,
        terms: 2,
      });
      checkFeeds(int, seed);
    }
  }
});

test('tiles are numbered as their grid says', () => {
  const ann = randomAnn(5);
  const { int } = descend(ann, randomImages(ann, 2, 5), { coding: 'sum', steps: 1, shift: 4, terms: 2 });
  const tiling = tilingOf(int, ({ type: { shape } }) => ({
    groups: 1,
    rows: Math.min(3, shape[1]!),
    channels: 2,
  }));
  tiling.populations.forEach((population, p) => {
    for (let i = tiling.first[p]!; i < tiling.first[p + 1]!; i++) {
      assert.deepEqual(
        tileAt(tiling, i),
        tileOfPopulation(population, tiling.cuts[p]!, i - tiling.first[p]!),
      );
    }
  });
});
