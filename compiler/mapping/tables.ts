/** Rows of the chip stage's tables as objects, for passes that are not in an inner loop. */
import type { Box } from '../../backends/program/program.ts';
import type { ChipGraph } from '../../ir/chip.ts';
import { defect } from '../../ir/diagnostics/diagnostic.ts';
import type { Table } from '../../ir/dialect.ts';
import type { Tile } from './tiles.ts';

export interface PlacedTile extends Tile {
  readonly core: number;
  readonly depth: number;
}

export function makeTable<C extends string>(
  columns: readonly C[],
  rows: readonly Readonly<Record<C, number>>[],
): Table {
  const column = (name: C) => [name, Int32Array.from(rows, row => row[name])] as const;
  return { rows: rows.length, columns: Object.fromEntries(columns.map(column)) };
}

/** A table of so many rows of zeros, to be written. */
export const emptyTable = (columns: readonly string[], rows: number): Table => ({
  rows,
  columns: Object.fromEntries(columns.map(name => [name, new Int32Array(rows)])),
});

export function* rowsOf<C extends string>(
  table: Table,
  columns: readonly C[],
): Generator<Readonly<Record<C, number>>> {
  for (let i = 0; i < table.rows; i++) {
    yield Object.fromEntries(columns.map(name => [name, table.columns[name]![i]!])) as Record<C, number>;
  }
}

export function placedTiles(graph: ChipGraph): readonly PlacedTile[] {
  return [...rowsOf(graph.tables.tiles, graph.dialect.tables.tiles)].map(row => {
    const population = graph.nodes[row.population];
    if (population?.kind !== 'population')
      return defect(`tile of node ${row.population}, which is no population`);
    const box: Box = {
      group: [row.group0, row.group1],
      row: [row.row0, row.row1],
      channel: [row.channel0, row.channel1],
    };
    return { population, box, core: row.core, depth: row.depth };
  });
}
