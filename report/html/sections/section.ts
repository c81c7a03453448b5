/** What a section of the page is. */
import type { Report } from '../../schema.ts';
import type { Asker } from '../figures.ts';
import { html, type Markup, type Part } from '../markup.ts';

export interface Section {
  readonly id: string;
  readonly title: string;
  /** The question that it answers. */
  readonly asks: string;
  readonly body: (report: Report, ask: Asker) => Part;
}

/** A number with its name. */
export interface Fact {
  readonly name: Part;
  readonly value: Part;
  readonly note?: Part;
}

export const facts = (list: readonly (Fact | false)[], className = 'facts'): Markup =>
  html`<dl class="${className}">${list.map(
    fact =>
      fact &&
      html`<div><dt>${fact.name}</dt><dd>${fact.value}${fact.note && html`<span class="note">${fact.note}</span>`}</dd></div>`,
  )}</dl>`;

/** Where there is nothing to show: why, and the command that changes it. */
export const missing = (reason: Part, command?: string | null): Markup =>
  html`<p class="missing">${reason}${command && html` <code>${command}</code>`}</p>`;
