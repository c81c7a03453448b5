/**
 * What a core holds as tiles are put on it: weights that several tiles share, in-axons from one source tile
 * and function tables count once a core.
 */
import {
  type Accounting,
  addCost,
  type CostSum,
  createCostSum,
  type TileCost,
} from '../../backends/accounting.ts';
import { functionWords } from '../../backends/tile-cost.ts';
import type { IntGraph } from '../../ir/int.ts';
import { hasLogarithms } from '../../ir/interpret/soma.ts';
import { blockOf } from './blocks.ts';
import { type Connection, connectTiles } from './connections.ts';
import { createDemandModel } from './demand.ts';
import { outAxonEntries } from './out-axons.ts';
import type { Schedule } from './schedule.ts';
import type { Tile } from './tiles.ts';

export interface CoreLoad {
  readonly tiles: number[];
  readonly used: CostSum;
  readonly tables: Set<string>;
  readonly weights: Set<string>;
  readonly sources: Set<number>;
}

export const emptyCore = (): CoreLoad => ({
  tiles: [],
  used: createCostSum(),
  tables: new Set(),
  weights: new Set(),
  sources: new Set(),
});

export interface LoadModel {
  /** What the core would hold with this tile too. */
  preview(load: CoreLoad, tile: number): TileCost;
  add(load: CoreLoad, tile: number): void;
  /** Source tiles of a tile. */
  sourcesOf(tile: number): readonly number[];
}

/** Cost: the connections of all tiles once, then constant time per call. */
export function createLoadModel(
  graph: IntGraph,
  tiles: readonly Tile[],
  accounting: Accounting,
  weightBits: number,
  schedule: Schedule,
): LoadModel {
  const connections = connectTiles(graph, tiles);
  const incoming = groupBy(connections, c => c.target);
  const outgoing = groupBy(connections, c => c.source);
  const demand = createDemandModel(graph, accounting, weightBits, schedule);
  const asks = tiles.map((tile, number) => {
    const inputs = incoming.get(number) ?? [];
    const readouts = graph.outputs.includes(tile.population.id) ? 1 : 0;
    const cost = demand.cost(tile.population, tile.box, { sources: [], destinations: readouts });
    const entries = outAxonEntries(outgoing.get(number) ?? [], tiles, schedule.rows !== undefined);
    return {
      cost: { ...cost, inAxons: 0, outAxonEntries: cost.outAxonEntries + entries },
      sources: [...new Set(inputs.map(c => c.source))],
      tables: tablesOf(tile),
      weights: weightBlocks(tile, graph, accounting, weightBits),
    };
  });
  const preview = (load: CoreLoad, tile: number): TileCost => {
    const { cost, sources, tables, weights } = asks[tile]!;
    const sum = { ...load.used };
    addCost(sum, cost);
    for (const source of sources) if (!load.sources.has(source)) sum.inAxons += 1;
    if (!load.tables.has(tables.key)) sum.stateWords += functionWords(accounting, tables.fn);
    for (const { key, words } of weights) if (load.weights.has(key)) sum.synapseWords -= words;
    return sum;
  };
  return {
    preview,
    sourcesOf: tile => asks[tile]!.sources,
    add(load, tile) {
      Object.assign(load.used, preview(load, tile));
      const { sources, tables, weights } = asks[tile]!;
      load.tiles.push(tile);
      load.tables.add(tables.key);
      for (const { key } of weights) load.weights.add(key);
      for (const source of sources) load.sources.add(source);
    },
  };
}

/** Functions that read the same tables share them. */
function tablesOf({ population }: Tile) {
  const fn = population.attrs.function;
  const key = hasLogarithms(fn) ? 'log' : fn.kind === 'pointwise' ? (fn.table ?? 'none') : 'none';
  return { key, fn };
}

/** Weight blocks of a tile: tiles of other rows with the same channels read the same block. */
function weightBlocks(
  { population, box }: Tile,
  graph: IntGraph,
  accounting: Accounting,
  weightBits: number,
) {
  return graph.nodes.flatMap(node => {
    const isWeighted = node.kind === 'linear' || node.kind === 'depthwise';
    if (!isWeighted || !population.operands.includes(node.id)) return [];
    const block = blockOf(node, box, graph);
    const words = block.inputs * accounting.weights.get('')!.rowWords(block.width, weightBits);
    return [{ key: block.key, words }];
  });
}

function groupBy(items: readonly Connection[], key: (item: Connection) => number) {
  const groups = new Map<number, Connection[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group) group.push(item);
    else groups.set(key(item), [item]);
  }
  return groups as ReadonlyMap<number, readonly Connection[]>;
}
