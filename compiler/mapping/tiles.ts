/** Tiles: boxes of populations. A population is cut on a regular grid, so that finding a neuron's tile is arithmetic. */
import type { Box } from '../../backends/program/program.ts';
import { sizeOf, type ValueId } from '../../ir/dialect.ts';
import type { IntGraph, IntOf } from '../../ir/int.ts';

export type Range = readonly [number, number];

/** How many pieces each axis of a population is cut into. */
export interface Cut {
  readonly groups: number;
  readonly rows: number;
  readonly channels: number;
}

export interface Tile {
  readonly population: IntOf<'population'>;
  readonly box: Box;
}

/** Pieces of nearly equal length, the longer ones first. */
export function pieces(size: number, count: number): readonly Range[] {
  const length = Math.floor(size / count);
  const longer = size % count;
  const start = (i: number) => i * length + Math.min(i, longer);
  return Array.from({ length: count }, (_, i) => [start(i), start(i + 1)]);
}

export function tilesOf(population: IntOf<'population'>, cut: Cut): readonly Tile[] {
  const [groups, rows, channels] = population.type.shape as [number, number, number];
  return pieces(groups, cut.groups).flatMap(group =>
    pieces(rows, cut.rows).flatMap(row =>
      pieces(channels, cut.channels).map((channel): Tile => ({ population, box: { group, row, channel } })),
    ),
  );
}

export const lengthOf = ([start, end]: Range): number => end - start;
export const boxShape = ({ group, row, channel }: Box): readonly [number, number, number] => [
  lengthOf(group),
  lengthOf(row),
  lengthOf(channel),
];
export const boxSize = (box: Box): number => sizeOf(boxShape(box));

/** For every neuron of a population: which tile holds it (number in `tiles`) and where in that tile. */
export interface Owners {
  readonly tile: Int32Array;
  readonly local: Int32Array;
}

/** Owners of every population, keyed by node. Cost: linear in the number of neurons. */
export function findOwners(graph: IntGraph, tiles: readonly Tile[]): ReadonlyMap<ValueId, Owners> {
  const owners = new Map<ValueId, Owners>();
  for (const node of graph.nodes) {
    if (node.kind !== 'population') continue;
    const size = sizeOf(node.type.shape);
    owners.set(node.id, { tile: new Int32Array(size).fill(-1), local: new Int32Array(size) });
  }
  tiles.forEach(({ population, box }, number) => {
    const { tile, local } = owners.get(population.id)!;
    const [, rows, channels] = population.type.shape as [number, number, number];
    let at = 0;
    for (let g = box.group[0]; g < box.group[1]; g++) {
      for (let r = box.row[0]; r < box.row[1]; r++) {
        for (let c = box.channel[0]; c < box.channel[1]; c++) {
          const neuron = (g * rows + r) * channels + c;
          tile[neuron] = number;
          local[neuron] = at++;
        }
      }
    }
  });
  return owners;
}
