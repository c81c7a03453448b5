/** Numbers that can be asked: each is a button that shows formula, constants, source and status of its figure. */
import type { Report } from '../schema.ts';
import { format, formatBand, UNKNOWN } from './format.ts';
import { html, type Markup } from './markup.ts';

type Figure = Report['figures'][number];

/** What the page knows of a figure. */
export interface ShownFigure {
  readonly says: string;
  readonly formula: string;
  readonly unit: string;
  readonly status: string;
  readonly source: string;
  /** Those of one source together. */
  readonly constants: readonly { readonly values: string; readonly source: string }[];
}

export interface Figures {
  /** Place in `shown` of the figure that a path of report.json has; undefined where it has none. */
  readonly at: (path: string) => number | undefined;
  readonly status: (path: string) => Figure['status'] | undefined;
  readonly shown: readonly ShownFigure[];
}

/** Statuses whose numbers are no counts. */
const ESTIMATES: ReadonlySet<string> = new Set(['estimated', 'assumed']);
export const isEstimate = (status: string | undefined): boolean =>
  status !== undefined && ESTIMATES.has(status);

const matches = (pattern: readonly string[], path: readonly string[]): boolean =>
  pattern.length === path.length && pattern.every((key, i) => key === '*' || key === path[i]);

export function figuresOf(report: Report): Figures {
  const patterns = report.figures.flatMap((figure, i) =>
    figure.paths.map(path => ({ keys: path.split('.'), figure: i })),
  );
  const constants = constantTexts(report);
  const known = new Map<string, number | undefined>();
  const at = (path: string): number | undefined => {
    if (!known.has(path)) {
      const keys = path.split('.');
      known.set(path, patterns.find(pattern => matches(pattern.keys, keys))?.figure);
    }
    return known.get(path);
  };
  return {
    at,
    status: path => report.figures[at(path) ?? -1]?.status,
    shown: report.figures.map(({ says, formula, unit, status, source, constants: names }) => ({
      ...{ says, formula, unit, status, source },
      constants: bySource(names.flatMap(name => constants.get(name) ?? [{ values: name, source: '' }])),
    })),
  };
}

type Constant = ShownFigure['constants'][number];

/** Of each constant by name, every value that it has, with unit and status. */
function constantTexts({ energy, provenance }: Report): ReadonlyMap<string, readonly Constant[]> {
  const texts = new Map<string, Constant[]>();
  const add = (name: string, values: string, source: string) =>
    texts.set(name, [...(texts.get(name) ?? []), { values, source }]);
  for (const { costSet, name, value, unit, status, condition, source } of energy.constants) {
    const where = condition === null ? costSet : `${costSet}; ${condition}`;
    add(name, `${name} = ${format(value, unit)} (${where}; ${status})`, source);
  }
  for (const { name, value, unit, status, source } of provenance.constants) {
    const shown = typeof value === 'number' ? format(value, unit ?? '') : String(value);
    add(name, `${name} = ${shown} (${status})`, source);
  }
  return texts;
}

function bySource(constants: readonly Constant[]): readonly Constant[] {
  const groups = new Map<string, string[]>();
  for (const { values, source } of constants) groups.set(source, [...(groups.get(source) ?? []), values]);
  return [...groups].map(([source, values]) => ({ values: values.join(', '), source }));
}

/** A number of report.json at `path`, that can be asked. */
export function ask(figures: Figures, path: string, text: string): Markup {
  const figure = figures.at(path);
  if (figure === undefined) return html`<span class="n">${text}</span>`;
  const isMarked = isEstimate(figures.status(path)) && text !== UNKNOWN;
  return html`<button type="button" class="n${isMarked && ' est'}" data-f="${figure}">${mark(isMarked)}${text}</button>`;
}

const mark = (isMarked: boolean): Markup | false =>
  isMarked && html`<span class="approx" aria-hidden="true">≈</span><span class="sr">estimated </span>`;

export const asker = (figures: Figures) => ({
  number: (path: string, value: number | null | undefined, unit = ''): Markup =>
    ask(figures, path, format(value, unit)),
  band: (path: string, band: { readonly low: number; readonly high: number } | null, unit: string): Markup =>
    ask(figures, `${path}.high`, band === null ? UNKNOWN : formatBand(band.low, band.high, unit)),
  text: (path: string, text: string): Markup => ask(figures, path, text),
  figures,
});
export type Asker = ReturnType<typeof asker>;
