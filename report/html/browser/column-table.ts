/** Tables of thousands of rows, from columns; only one page of them stands in the document. */
import { format, grouped } from '../format.ts';
import { element } from './dom.ts';
import { type Cell, compareCells, makeTools, saveCsv, turnSort } from './save.ts';

export interface TableColumn {
  readonly head: string;
  readonly of: (row: number) => Cell;
  /** Of numbers. */
  readonly unit?: string;
  readonly figure?: number | null | undefined;
  readonly isEstimate?: boolean;
  readonly show?: (row: number) => Node | string;
}

const PAGE = 50;

export function fillTable(
  box: HTMLElement,
  caption: string,
  columns: readonly TableColumn[],
  rows: number,
  prefix: string,
): void {
  const every = Array.from({ length: rows }, (_, i) => i);
  let shown: readonly number[] = every;
  let order: readonly number[] = every;
  let from = 0;
  let texts: readonly string[] | undefined;
  const { search, count, bar } = makeTools(caption, () =>
    saveCsv(`${prefix}-${box.dataset.file}`, [
      columns.map(column => column.head),
      ...shown.map(row => columns.map(column => column.of(row))),
    ]),
  );
  const heads = columns.map(headOf);
  const body = element('tbody');
  const scroll = element(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption },
    element(
      'table',
      {},
      element('caption', { class: 'sr' }, caption),
      element('thead', {}, element('tr', {}, ...heads)),
      body,
    ),
  );
  const turn = (text: string, by: number) => {
    const button = element('button', { type: 'button', class: 'act' }, text);
    button.addEventListener('click', () => {
      from += by;
      draw();
    });
    return button;
  };
  const [back, on] = [turn('Previous', -PAGE), turn('Next', PAGE)];
  const pages = element('div', { class: 'tools' }, back, on);

  const draw = () => {
    from = Math.max(0, Math.min(from, shown.length - 1));
    from -= from % PAGE;
    body.replaceChildren(
      ...shown
        .slice(from, from + PAGE)
        .map(row => element('tr', {}, ...columns.map((column, c) => cellOf(column, row, c === 0)))),
    );
    const to = Math.min(shown.length, from + PAGE);
    const of =
      shown.length === rows ? grouped(rows) : `${grouped(shown.length)} found, ${grouped(rows)} in all`;
    count.textContent =
      shown.length === 0
        ? `none of ${grouped(rows)} rows`
        : `rows ${grouped(from + 1)}–${grouped(to)} of ${of}`;
    back.disabled = from === 0;
    on.disabled = to >= shown.length;
    pages.hidden = shown.length <= PAGE;
  };
  const filter = () => {
    texts ??= every.map(row =>
      columns
        .map(column => String(column.of(row) ?? ''))
        .join(' ')
        .toLowerCase(),
    );
    const words = search.value.toLowerCase().split(/\s+/);
    shown =
      search.value === '' ? order : order.filter(row => words.every(word => texts![row]!.includes(word)));
    from = 0;
    draw();
  };
  search.addEventListener('input', filter);
  for (const [c, head] of heads.entries()) {
    head.querySelector('.sort')!.addEventListener('click', () => {
      const column = columns[c]!;
      const direction = turnSort(head, column.unit !== undefined, heads);
      const keys = every.map(column.of);
      order = every.toSorted((a, b) => compareCells(keys[a]!, keys[b]!, direction) || a - b);
      filter();
    });
  }
  box.replaceChildren(bar, scroll, pages);
  draw();
}

function headOf({ head, unit, figure }: TableColumn): HTMLTableCellElement {
  const why =
    typeof figure === 'number' &&
    element(
      'button',
      { type: 'button', class: 'why', 'data-f': figure, 'aria-label': `${head}: where this comes from` },
      '?',
    );
  const sort = element('button', { type: 'button', class: 'sort' }, element('span', { class: 'h' }, head));
  return element('th', { scope: 'col', class: unit === undefined ? undefined : 'r' }, sort, why);
}

function cellOf({ of, unit, show, isEstimate }: TableColumn, row: number, isName: boolean): HTMLElement {
  const value = of(row);
  const text = show?.(row) ?? (typeof value === 'number' ? format(value, unit) : (value ?? 'unknown'));
  if (isName) return element('th', { scope: 'row' }, text);
  const classes = [
    unit !== undefined && 'r',
    value === null && 'none',
    isEstimate && value !== null && 'est',
  ].filter(Boolean);
  return element('td', { class: ['k', ...classes].join(' ') }, text);
}
