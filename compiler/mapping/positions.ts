/** Flat positions of a box of a [·, rows, columns] grid, in order. */
import type { Range } from './tiles.ts';

export function gridPositions(
  group: Range,
  row: Range,
  column: Range,
  rows: number,
  columns: number,
): Int32Array {
  const width = column[1] - column[0];
  const out = new Int32Array((group[1] - group[0]) * (row[1] - row[0]) * width);
  let at = 0;
  for (let g = group[0]; g < group[1]; g++) {
    for (let r = row[0]; r < row[1]; r++) {
      const first = (g * rows + r) * columns + column[0];
      for (let c = 0; c < width; c++) out[at++] = first + c;
    }
  }
  return out;
}
