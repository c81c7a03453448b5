/** HTML as values: what is put into a template is escaped unless it is markup itself. */

import { deflateRawSync } from 'node:zlib';

export interface Markup {
  readonly markup: string;
}
export type Part = Markup | string | number | null | undefined | false | readonly Part[];

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export const escapeText = (text: string): string => text.replace(/[&<>"']/g, c => ESCAPES[c]!);

/** Needs: `markup` made by this module, or a constant. */
export const raw = (markup: string): Markup => ({ markup });

function print(part: Part): string {
  if (part === null || part === undefined || part === false) return '';
  if (typeof part === 'string') return escapeText(part);
  if (typeof part === 'number') return String(part);
  return 'markup' in part ? part.markup : part.map(print).join('');
}

export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return raw(texts.reduce((all, text, i) => all + print(parts[i - 1]) + text));
}

/** Data for the page’s script: a quarter of their size as JSON, and nothing in them can end the element. */
export const packData = (value: unknown): string => deflateRawSync(JSON.stringify(value)).toString('base64');

/** An identifier in the page, from any text. */
export const idOf = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]+/g, '-');
