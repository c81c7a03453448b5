/**
 * Our own cut and packing on published tables: the pieces that populations are cut into (cuts.ts) and the packing
 * of tiles on cores (pack.ts), under the accounting of the compiler that published.
 *
 * Charged beyond what the reports show: an in-axon for every source tile that reaches a core of a convolution, its
 * halo included, and an entry for every position and destination tile.
 */
import { pieceCounts } from '../compiler/mapping/cuts.ts';
import { packItems } from '../compiler/mapping/pack.ts';
import { type PlainItem, type PlainNet, packProblem } from '../compiler/mapping/packing.ts';
import {
  halo,
  isChannelwise,
  type Layer,
  type LayerBox,
  type Range,
  type Shape,
  sizeOfShape,
  windowOf,
} from '../compiler/mapping/strategies/layers.ts';
import { pieces } from '../compiler/mapping/tiles.ts';
import { defect } from '../ir/diagnostics/diagnostic.ts';
import { inputsOf, LAVA_CORE, neuronsOf, weightWords } from './partition-lava.ts';
import type { LavaTable } from './partition-tables.ts';

const RESOURCES = ['neurons', 'synapseWords', 'inAxons', 'outAxonEntries', 'groups'] as const;
type Resource = (typeof RESOURCES)[number];
type Cost = Readonly<Record<Resource, number>>;

export interface OurRow {
  readonly grid: Shape;
  readonly tiles: number;
  /** Cores that hold some tile of the row; others may share them. */
  readonly cores: number;
  /** Nearest to its limit on the fullest of those cores. */
  readonly binding: Resource;
  readonly fill: number;
}

export interface OurPartition {
  readonly cores: number;
  /** What every core holds of each resource, recounted from its tiles. */
  readonly loads: readonly (readonly number[])[];
  readonly capacity: readonly number[];
  readonly rows: readonly OurRow[];
}

export function partitionTable(table: LavaTable): OurPartition {
  const grids = cutTable(table);
  const boxes = table.rows.map(({ layer }, i) => boxesOf(layer, grids[i]!));
  const capacity = capacityOf(table);
  const limits = RESOURCES.map(resource => capacity[resource]);
  const tiles = boxes.flatMap((own, row) => own.map(box => ({ row, box })));
  const first = boxes.map((_, row) => boxes.slice(0, row).reduce((sum, own) => sum + own.length, 0));
  const sources = tiles.map(({ row, box }) =>
    sourcesOf(table, boxes, row, box).map(t => first[row - 1]! + t),
  );
  const items = tiles.map((tile, i) => itemOf(table, tile, sources[i]!, grids));
  const problem = packProblem(limits, items, netsOf(tiles, sources));
  // As few cores as can be: moves afterwards would only save messages, and those were not published.
  const packing = packItems(problem, { bins: 0, messagesPerBin: capacity.neurons, seed: 1, moves: 0 });
  const used = usedOf(items, packing.binOf, packing.bins);
  const rows = table.rows.map((_, row): OurRow => {
    const cores = new Set(tiles.flatMap((tile, i) => (tile.row === row ? [packing.binOf[i]!] : [])));
    const fills = [...cores].flatMap(core =>
      RESOURCES.map((resource, r) => ({ resource, fill: used[core]![r]! / capacity[resource] })),
    );
    const fullest = fills.reduce((a, b) => (b.fill > a.fill ? b : a));
    return {
      grid: grids[row]!,
      tiles: boxes[row]!.length,
      cores: cores.size,
      binding: fullest.resource,
      fill: fullest.fill,
    };
  });
  return { cores: packing.bins, loads: used, capacity: limits, rows };
}

const capacityOf = ({ synapseWords }: LavaTable): Cost => ({ ...LAVA_CORE, synapseWords });

/** From the last row to the first: what a tile sends depends on the tiles that read it. */
function cutTable(table: LavaTable): readonly Shape[] {
  const grids: Shape[] = [];
  for (let row = table.rows.length - 1; row >= 0; row--) grids[row] = cheapestGrid(table, row, grids);
  return grids;
}

function cheapestGrid(table: LavaTable, row: number, grids: readonly Shape[]): Shape {
  const { layer } = table.rows[row]!;
  const capacity = capacityOf(table);
  const [rowCounts, columnCounts, channelCounts] = layer.shape.map(pieceCounts);
  let best: { grid: Shape; price: number; tiles: number } | undefined;
  for (const rows of rowCounts!) {
    for (const columns of columnCounts!) {
      for (const channels of channelCounts!) {
        const grid: Shape = [rows, columns, channels];
        const tiles = sizeOfShape(grid);
        const cost = costOf(table, row, boxesOf(layer, grid, true)[0]!, 1, grids);
        const share = Math.max(...RESOURCES.map(resource => cost[resource] / capacity[resource]));
        if (share > 1) continue;
        const price = tiles / Math.floor(1 / share);
        if (best === undefined || price < best.price || (price === best.price && tiles < best.tiles))
          best = { grid, price, tiles };
      }
    }
  }
  return best?.grid ?? defect(`no cut of ${layer.name} fits a core`);
}

/** Tiles of a grid in order; or the largest alone, which is the first. */
function boxesOf({ shape }: Layer, grid: Shape, isFirstOnly = false): readonly LayerBox[] {
  const [rows, columns, channels] = shape.map((size, axis) => {
    const all = pieces(size, grid[axis]!);
    return isFirstOnly ? all.slice(0, 1) : all;
  });
  return rows!.flatMap(r =>
    columns!.flatMap(c => channels!.map(d => ({ rows: r, columns: c, channels: d }))),
  );
}

const lengthOf = ([from, to]: Range): number => to - from;

/** Weights of a convolution apart from the rest: tiles of the same channels on one core share them. */
function costOf(
  table: LavaTable,
  row: number,
  box: LayerBox,
  sources: number,
  grids: readonly Shape[],
): Cost {
  const { layer } = table.rows[row]!;
  const inputs = inputsOf(table, row);
  const [positions, channels] = [lengthOf(box.rows) * lengthOf(box.columns), lengthOf(box.channels)];
  const next = table.rows[row + 1]?.layer;
  return {
    neurons: neuronsOf(layer, positions * channels),
    synapseWords: weightWords(table.rows[row]!, inputs, channels),
    inAxons: layer.kind === 'dense' ? sizeOfShape(inputs) : layer.kind === 'input' ? 0 : sources,
    // Dense layers and the host are reached neuron by neuron, convolutions position by position.
    outAxonEntries:
      next === undefined || next.kind === 'dense'
        ? positions * channels * (next === undefined ? 1 : sizeOfShape(grids[row + 1]!))
        : entriesTo(next, layer.shape, box, grids[row + 1]!),
    groups: 1,
  };
}

/** Positions of a tile times the tiles of the next layer that read each of them. */
function entriesTo(next: Layer, shape: Shape, box: LayerBox, grid: Shape): number {
  const readers = (axis: 0 | 1, range: Range): number =>
    pieces(next.shape[axis], grid[axis])
      .map(piece => lengthOf(overlap(halo(windowOf(next, shape, axis), piece), range)))
      .reduce((sum, length) => sum + Math.max(0, length), 0);
  const channels = isChannelwise(next)
    ? pieces(next.shape[2], grid[2]).filter(piece => lengthOf(overlap(piece, box.channels)) > 0).length
    : grid[2];
  return readers(0, box.rows) * readers(1, box.columns) * channels;
}

const overlap = (a: Range, b: Range): Range => [Math.max(a[0], b[0]), Math.min(a[1], b[1])];

/** Tiles of the row before that a tile of a convolution reads; a dense tile has private axons. */
function sourcesOf(
  table: LavaTable,
  boxes: readonly (readonly LayerBox[])[],
  row: number,
  box: LayerBox,
): readonly number[] {
  const before = table.rows[row - 1]?.layer;
  const { layer } = table.rows[row]!;
  if (before === undefined) return [];
  const isDense = layer.kind === 'dense';
  const rows = halo(windowOf(layer, before.shape, 0), box.rows);
  const columns = halo(windowOf(layer, before.shape, 1), box.columns);
  const channels = isChannelwise(layer) ? box.channels : ([0, before.shape[2]] as const);
  return boxes[row - 1]!.flatMap((source, tile) => {
    const isRead =
      lengthOf(overlap(source.rows, rows)) > 0 &&
      lengthOf(overlap(source.columns, columns)) > 0 &&
      lengthOf(overlap(source.channels, channels)) > 0;
    return isDense || isRead ? [tile] : [];
  });
}

interface TableTile {
  readonly row: number;
  readonly box: LayerBox;
}

function itemOf(
  table: LavaTable,
  { row, box }: TableTile,
  sources: readonly number[],
  grids: readonly Shape[],
): PlainItem {
  const { layer } = table.rows[row]!;
  const cost = costOf(table, row, box, 0, grids);
  if (layer.kind !== 'convolution') return { demand: RESOURCES.map(resource => cost[resource]) };
  const axons = sources.length > 0 ? sources.map(source => `tile ${source}`) : ['outside'];
  return {
    demand: RESOURCES.map(resource => (resource === 'synapseWords' ? 0 : cost[resource])),
    shares: [
      { key: `weights ${row} ${box.channels}`, resource: indexOf('synapseWords'), amount: cost.synapseWords },
      ...axons.map(key => ({ key, resource: indexOf('inAxons'), amount: 1 })),
    ],
  };
}

const indexOf = (resource: Resource): number => RESOURCES.indexOf(resource);

function netsOf(tiles: readonly TableTile[], sources: readonly (readonly number[])[]): readonly PlainNet[] {
  const targets = tiles.map((): number[] => []);
  sources.forEach((own, target) => {
    for (const source of own) targets[source]!.push(target);
  });
  return tiles.map(({ box }, source) => ({
    weight: lengthOf(box.rows) * lengthOf(box.columns) * lengthOf(box.channels),
    source,
    targets: targets[source]!,
  }));
}

/** Recounted from the items, not asked of the packer. */
function usedOf(
  items: readonly PlainItem[],
  binOf: Int32Array,
  bins: number,
): readonly (readonly number[])[] {
  const used = Array.from({ length: bins }, () => RESOURCES.map(() => 0));
  const held = Array.from({ length: bins }, () => new Set<string>());
  items.forEach(({ demand, shares = [] }, item) => {
    const bin = binOf[item]!;
    demand.forEach((amount, r) => {
      used[bin]![r]! += amount;
    });
    for (const { key, resource, amount } of shares) {
      if (!held[bin]!.has(key)) used[bin]![resource]! += amount;
      held[bin]!.add(key);
    }
  });
  return used;
}
