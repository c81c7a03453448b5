/** Tables that can be sorted, searched and saved: values beside what is shown of them. */
import { type Figures, isEstimate } from './figures.ts';
import { format } from './format.ts';
import { html, idOf, type Markup, type Part } from './markup.ts';

export interface Column<Row> {
  readonly head: string;
  readonly of: (row: Row) => string | number | null;
  /** Of numbers: how they are shown; absent: text. */
  readonly unit?: string;
  /** Instead of what `of` gives. */
  readonly show?: (row: Row) => Part;
  /** Place in report.json, for formula, source and status. */
  readonly path?: string;
  /** Of the row's header. */
  readonly isName?: boolean;
  /** Above 90 % its bar warns. */
  readonly isLimit?: boolean;
  /** A bar of this share beside the number. */
  readonly share?: (row: Row) => number | null;
}

export interface TableOptions {
  /** With a box to search in and a button that saves it; undefined: neither. */
  readonly file?: string;
  readonly isQuiet?: boolean;
}

export function table<Row>(
  caption: Part,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  figures: Figures,
  { file, isQuiet = false }: TableOptions = {},
): Markup {
  const isTool = file !== undefined && rows.length > 1;
  return html`<div class="box${isTool && ' tool'}"${file !== undefined && html` data-file="${file}"`}>
<div class="scroll" tabindex="0" role="region" aria-label="${idOf(textOf(caption)).replaceAll('-', ' ').slice(0, 80)}">
<table${isTool && html` data-sort="on"`}><caption${isQuiet && html` class="sr"`}><span>${caption}</span></caption>
<thead><tr>${columns.map(column => headCell(column, figures))}</tr></thead>
<tbody>${rows.map(row => html`<tr>${columns.map(column => bodyCell(column, row, figures))}</tr>`)}</tbody>
</table></div></div>`;
}

const textOf = (part: Part): string =>
  typeof part === 'string'
    ? part
    : part !== null && typeof part === 'object' && 'markup' in part
      ? part.markup.replace(/<[^>]*>/g, '')
      : 'table';

function headCell<Row>({ head, unit, path }: Column<Row>, figures: Figures): Markup {
  const figure = path === undefined ? undefined : figures.at(path);
  const asks =
    figure !== undefined &&
    html`<button type="button" class="why" data-f="${figure}" aria-label="${head}: where this comes from">?</button>`;
  return html`<th scope="col"${unit !== undefined && html` class="r"`}><span class="h">${head}</span>${asks}</th>`;
}

function bodyCell<Row>(column: Column<Row>, row: Row, figures: Figures): Markup {
  const { unit, isName = false, path } = column;
  const value = column.of(row);
  const shown = column.show?.(row) ?? (typeof value === 'number' ? format(value, unit) : (value ?? '–'));
  if (isName) return html`<th scope="row">${shown}</th>`;
  const isNumber = unit !== undefined;
  const isMarked = isNumber && value !== null && path !== undefined && isEstimate(figures.status(path));
  const share = column.share?.(row) ?? null;
  const classes = [
    isNumber && 'r',
    isMarked && 'est',
    value === null && column.show === undefined && 'none',
    isShort(shown) && 'k',
    share !== null && value !== null && 'b',
  ]
    .filter(Boolean)
    .join(' ');
  return html`<td${classes !== '' && html` class="${classes}"`}${typeof value === 'number' && html` data-v="${value}"`}>${share !== null && value !== null && bar(share, column.isLimit)}${shown}</td>`;
}

/** Words that a cell never breaks. */
const isShort = (shown: Part): boolean => typeof shown === 'string' && shown.length <= 24;

/** A thin bar of a share, for the eye alone: the number stands beside it. */
export const bar = (share: number, isLimit = false): Markup =>
  html`<svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true"><rect class="track" width="100" height="6"/><rect class="fill${isLimit && share > 0.9 && ' hot'}" width="${(100 * Math.min(1, Math.max(0, share))).toFixed(1)}" height="6"/></svg>`;
