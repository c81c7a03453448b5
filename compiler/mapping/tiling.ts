/** A network cut into tiles: every population on a regular grid, tiles numbered in order of populations, then of their boxes. */
import { nodeMap } from '../../ir/dialect.ts';
import type { IntGraph, IntOf } from '../../ir/int.ts';
import { type Cut, pieces, type Range, type Tile } from './tiles.ts';

export interface Tiling {
  readonly network: IntGraph;
  /** In the order of the network's nodes. */
  readonly populations: readonly IntOf<'population'>[];
  /** Of each population. */
  readonly cuts: readonly Cut[];
  /** Number of the first tile of each population; one entry more: how many tiles there are. */
  readonly first: Int32Array;
}

export function tilingOf(network: IntGraph, cutOf: (population: IntOf<'population'>) => Cut): Tiling {
  const populations = network.nodes.filter(node => node.kind === 'population');
  const cuts = populations.map(cutOf);
  const first = new Int32Array(populations.length + 1);
  cuts.forEach((cut, i) => {
    first[i + 1] = first[i]! + tileCount(cut);
  });
  return { network, populations, cuts, first };
}

export const tileCount = ({ groups, rows, channels }: Cut): number => groups * rows * channels;

/** Which piece of each axis a tile is: tiles of a population are numbered with channels innermost. */
export function piecesOf({ rows, channels }: Cut, tile: number): readonly [number, number, number] {
  return [Math.floor(tile / (rows * channels)), Math.floor(tile / channels) % rows, tile % channels];
}

/** The k-th piece of an axis: as `pieces` cuts it, without the list. */
function pieceAt(size: number, count: number, k: number): Range {
  const length = Math.floor(size / count);
  const longer = size % count;
  const start = k * length + Math.min(k, longer);
  return [start, start + length + (k < longer ? 1 : 0)];
}

/** Population of a tile, by its number among all tiles. */
export function populationOf({ first }: Tiling, tile: number): number {
  let [low, high] = [0, first.length - 2];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (first[middle]! <= tile) low = middle;
    else high = middle - 1;
  }
  return low;
}

export function tileAt(tiling: Tiling, tile: number): Tile {
  const p = populationOf(tiling, tile);
  return tileOfPopulation(tiling.populations[p]!, tiling.cuts[p]!, tile - tiling.first[p]!);
}

export function tileOfPopulation(population: IntOf<'population'>, cut: Cut, tile: number): Tile {
  const [groups, rows, channels] = population.type.shape as [number, number, number];
  const [g, r, c] = piecesOf(cut, tile);
  const box = {
    group: pieceAt(groups, cut.groups, g),
    row: pieceAt(rows, cut.rows, r),
    channel: pieceAt(channels, cut.channels, c),
  };
  return { population, box };
}

/** Number of a population among the populations, by its id; −1: the host. */
export function numberPopulations({ network, populations }: Tiling): (id: string) => number {
  const numbers = new Map<string, number>(populations.map((p, i) => [p.id, i]));
  const byId = nodeMap(network.nodes);
  return id => (byId.get(id as `%${string}`)?.kind === 'population' ? numbers.get(id)! : -1);
}

/** For every element of an axis: its piece, and its place in the piece. */
export function axisPieces(
  size: number,
  count: number,
): { readonly piece: Int32Array; readonly at: Int32Array } {
  const piece = new Int32Array(size);
  const at = new Int32Array(size);
  pieces(size, count).forEach(([start, end], k) => {
    for (let i = start; i < end; i++) {
      piece[i] = k;
      at[i] = i - start;
    }
  });
  return { piece, at };
}
