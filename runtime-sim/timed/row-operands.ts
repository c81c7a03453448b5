/**
 * Where rows pass through time, the first operand of a product waits until its row is executed and meets the second one
 * then: how many of its elements there are is how long that takes. Found once: which neurons feed which row.
 */
import type { ChipProgram, CoreProgram, Route, TileProgram } from '../../backends/program/program.ts';
import { expandMap, HOLE } from '../../ir/map.ts';
import { boxSizes } from '../state.ts';

/** Population of the host's elements. */
export const HOST = -1;

/** Neurons of one population that feed a product, by row of the tile: starts[row] … starts[row + 1]. */
export interface RowOperand {
  readonly population: number;
  /** Synops of each element that is not 0. */
  readonly columns: number;
  readonly starts: Int32Array;
  readonly neurons: Int32Array;
}

/** By core, by tile of the core. */
export type RowOperands = ReadonlyMap<number, ReadonlyMap<number, readonly RowOperand[]>>;

export function findOperands(
  programs: readonly ChipProgram[],
  placeOf: (route: Route) => { readonly core: number; readonly program: CoreProgram },
): RowOperands {
  const found = new Map<number, Map<number, RowOperand[]>>();
  const header = programs[0]!.header;
  if (header.mode !== 'streaming') return found;
  const follow = (routes: readonly Route[], population: number, members: () => Int32Array) => {
    for (const route of routes) {
      const { core, program } = placeOf(route);
      for (const target of program.axons[route.axon]!.targets) {
        const tile = program.tiles[target.tile]!;
        const gather = tile.gathers[target.gather]!;
        if (gather.kind !== 'product' || target.side !== 0) continue;
        const { rows, inner, columns } = gather;
        const rowOf = expandMap(target.map).map(at => (at === HOLE ? HOLE : Math.floor(at / inner) % rows));
        const own = found.get(core) ?? new Map<number, RowOperand[]>();
        found.set(core, own);
        const operand = { population, columns, ...groupByRow(rowOf, rows, members()) };
        own.set(target.tile, [...(own.get(target.tile) ?? []), operand]);
      }
    }
  };
  for (const { input, cores } of programs) {
    if (input !== undefined)
      follow(input.routes, HOST, () => Int32Array.from({ length: input.size }, (_, i) => i));
    for (const { tiles } of cores)
      for (const tile of tiles)
        follow(tile.routes, tile.population, () =>
          membersOf(tile, header.populations[tile.population]!.shape),
        );
  }
  return found;
}

function groupByRow(rowOf: Int32Array, rows: number, members: Int32Array) {
  const starts = new Int32Array(rows + 1);
  for (const row of rowOf) if (row !== HOLE) starts[row + 1]! += 1;
  for (let row = 0; row < rows; row++) starts[row + 1]! += starts[row]!;
  const neurons = new Int32Array(starts[rows]!);
  const next = starts.slice();
  rowOf.forEach((row, i) => {
    if (row !== HOLE) neurons[next[row]!++] = members[i]!;
  });
  return { starts, neurons };
}

/** Neurons of a tile, by number in the population. */
function membersOf({ box }: TileProgram, shape: readonly number[]): Int32Array {
  const [, allRows, allChannels] = shape as [number, number, number];
  const [groups, rows, channels] = boxSizes(box);
  const members = new Int32Array(groups * rows * channels);
  let at = 0;
  for (let g = box.group[0]; g < box.group[1]; g++)
    for (let r = box.row[0]; r < box.row[1]; r++)
      for (let c = box.channel[0]; c < box.channel[1]; c++)
        members[at++] = (g * allRows + r) * allChannels + c;
  return members;
}
