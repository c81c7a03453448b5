/** Tables for people, as wide as there is room. */

export interface TableOptions {
  /** Infinite where nothing limits it. */
  readonly columns?: number;
  /** Columns of numbers, from 1 on. */
  readonly isRight?: boolean;
}

/**
 * Rows of cells, the first row the head. Where they are wider than the screen every row becomes a block: its first cell, then
 * each further one with its head. A row of one cell is a line of text.
 */
export function layoutTable(
  rows: readonly (readonly string[])[],
  { columns = Number.POSITIVE_INFINITY, isRight = false }: TableOptions = {},
): readonly string[] {
  const [head = []] = rows;
  const widths = head.map((_, c) =>
    Math.max(...rows.map(row => (row.length === 1 ? 0 : (row[c]?.length ?? 0)))),
  );
  const pad = (cell: string, c: number) =>
    isRight && c > 0 ? cell.padStart(widths[c] ?? 0) : cell.padEnd(widths[c] ?? 0);
  const lines = rows.map(row => (row.length === 1 ? row : row.map(pad)).join('  ').trimEnd());
  if (widths.reduce((sum, width) => sum + width + 2, -2) <= columns) return lines;
  const label = Math.max(...head.slice(1).map(cell => cell.length));
  return rows
    .slice(1)
    .flatMap(([first, ...cells]) => [
      first ?? '',
      ...cells.flatMap((cell, c) => (cell === '' ? [] : [`  ${(head[c + 1] ?? '').padEnd(label)}  ${cell}`])),
    ]);
}
