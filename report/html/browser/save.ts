/** Tables as files. */
import { element } from './dom.ts';

export type Cell = string | number | null;

const quote = (cell: Cell): string => {
  const text = cell === null ? '' : String(cell);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

export const csvOf = (rows: readonly (readonly Cell[])[]): string =>
  `${rows.map(row => row.map(quote).join(',')).join('\r\n')}\r\n`;

/** Numbers in full, whatever is shown of them. */
export function saveCsv(name: string, rows: readonly (readonly Cell[])[]): void {
  const url = URL.createObjectURL(new Blob(['\ufeff', csvOf(rows)], { type: 'text/csv' }));
  const link = element('a', { href: url, download: `${name}.csv` });
  document.body.append(link);
  link.click();
  link.remove();
  window.setTimeout(() => URL.revokeObjectURL(url), 1000);
}

export interface Tools {
  readonly search: HTMLInputElement;
  readonly count: HTMLElement;
  readonly bar: HTMLElement;
}

export function makeTools(what: string, save: () => void): Tools {
  const search = element('input', { type: 'search', placeholder: 'Search', 'aria-label': `Search: ${what}` });
  const count = element('span', { class: 'count', role: 'status' });
  const button = element('button', { type: 'button', class: 'act' }, 'Save as CSV');
  button.addEventListener('click', save);
  return { search, count, bar: element('div', { class: 'tools' }, search, count, button) };
}

/** Numbers by size, words as people sort them; what is unknown stands last either way. */
export function compareCells(a: Cell, b: Cell, direction: 1 | -1): number {
  const [isA, isB] = [a !== null && a !== '', b !== null && b !== ''];
  if (!isA || !isB) return Number(isB) - Number(isA);
  if (typeof a === 'number' && typeof b === 'number') return direction * (a - b);
  return direction * String(a).localeCompare(String(b), 'en', { numeric: true });
}

/** Next state of a column's header: numbers begin with the largest, words with the first. */
export function turnSort(head: HTMLElement, isNumber: boolean, heads: readonly HTMLElement[]): 1 | -1 {
  const now = head.getAttribute('aria-sort');
  const first = isNumber ? 'descending' : 'ascending';
  const next = now === null || now === 'none' ? first : now === 'ascending' ? 'descending' : 'ascending';
  for (const each of heads) each.removeAttribute('aria-sort');
  head.setAttribute('aria-sort', next);
  return next === 'ascending' ? 1 : -1;
}
