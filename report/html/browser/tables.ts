/** Tables that stand in the page: sorting, searching, saving. */
import { all, element } from './dom.ts';
import { type Cell, compareCells, makeTools, saveCsv, turnSort } from './save.ts';

/** Rows that are seen at once need no search. */
const FEW = 12;

export function enhanceTables(prefix: string): void {
  for (const box of all('.box.tool:not([id])')) enhance(box, prefix);
}

const cellOf = (cell: HTMLTableCellElement): Cell => {
  const { v } = cell.dataset;
  return v === undefined ? (cell.textContent ?? '').replace(/\s+/g, ' ').trim() : Number(v);
};

/** The value by which a cell sorts; what is not known has a class that says so. */
const keyOf = (cell: HTMLTableCellElement): Cell =>
  cell.classList.contains('none') || cell.querySelector('.none') !== null ? null : cellOf(cell);

function enhance(box: HTMLElement, prefix: string): void {
  const table = box.querySelector('table')!;
  const body = table.tBodies[0]!;
  const rows = [...body.rows];
  const heads = all<HTMLTableCellElement>('thead th', table);
  const name = box.dataset.file ?? 'table';
  const { search, count, bar } = makeTools(table.caption?.textContent ?? name, () => {
    const shown = [...body.rows].filter(row => !row.hidden);
    const titles = heads.map(head => head.querySelector('.h')?.textContent ?? '');
    saveCsv(`${prefix}-${name}`, [titles, ...shown.map(row => [...row.cells].map(cellOf))]);
  });
  search.hidden = rows.length <= FEW;
  box.prepend(bar);
  const tell = () => {
    const shown = rows.filter(row => !row.hidden).length;
    count.textContent =
      rows.length <= FEW
        ? ''
        : shown === rows.length
          ? `${rows.length} rows`
          : `${shown} of ${rows.length} rows`;
  };
  tell();
  let texts: readonly string[] | undefined;
  search.addEventListener('input', () => {
    texts ??= rows.map(row => (row.textContent ?? '').toLowerCase());
    const words = search.value.toLowerCase().split(/\s+/);
    for (const [i, row] of rows.entries()) row.hidden = !words.every(word => texts![i]!.includes(word));
    tell();
  });
  for (const [column, head] of heads.entries()) {
    const title = head.querySelector<HTMLElement>('.h')!;
    const button = element('button', { type: 'button', class: 'sort' });
    title.replaceWith(button);
    button.append(title);
    button.addEventListener('click', () => {
      const direction = turnSort(head, head.classList.contains('r'), heads);
      const keys = new Map(rows.map(row => [row, keyOf(row.cells[column]!)] as const));
      body.append(...rows.toSorted((a, b) => compareCells(keys.get(a)!, keys.get(b)!, direction)));
    });
  }
}
