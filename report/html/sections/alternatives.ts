/** What holds it back, and what computed changes would do. */
import type { Report } from '../../schema.ts';
import type { Asker } from '../figures.ts';
import { format, formatBand, plural, resourceName, sentence } from '../format.ts';
import { html, type Markup, type Part } from '../markup.ts';
import { table } from '../table.ts';
import { missing, type Section } from './section.ts';

export const ALTERNATIVES: Section = {
  id: 'alternatives',
  title: 'Bottlenecks and alternatives',
  asks: 'What holds it back, and what would change it by how much?',
  body: (report, ask) => html`${bottlenecks(report, ask)}${changes(report, ask)}${modes(report, ask)}`,
};

type Bottleneck = Report['alternatives']['bottlenecks'][number];
const titleOf = ({ of, what }: Bottleneck): string =>
  sentence(`${of}: ${of === 'cores' ? resourceName(what) : what}`).replace(/\.$/, '');

function bottlenecks({ alternatives: { bottlenecks: list }, layers }: Report, ask: Asker): Markup {
  if (list.length === 0) return html`<h3>Bottlenecks</h3>${missing('None was found.')}`;
  return html`<h3>Bottlenecks</h3><ul class="blocks">${list.map(
    each =>
      html`<li><b>${titleOf(each)}</b> ${each.share !== null && ask.number('alternatives.bottlenecks.share', each.share, '%')}<p>${sentence(each.says)}</p>${
        each.layers.length > 0 &&
        html`<p class="small">Most of it: ${each.layers
          .slice(0, 5)
          .map(layer => layers[layer]!.name)
          .join(', ')}</p>`
      }</li>`,
  )}</ul>`;
}

type Change = Report['alternatives']['changes'][number];
const FIGURES = [
  ['cores', 'Cores', ''],
  ['chips', 'Chips', ''],
  ['throughput', 'Images/s', '#'],
  ['latencySeconds', 'Latency', 's'],
  ['energyPj', 'Energy', 'pJ'],
] as const;

function pairCell(change: Change, key: (typeof FIGURES)[number][0], unit: string, ask: Asker): Part {
  const pair = change[key];
  if (pair === null) return html`<span class="none">unknown</span>`;
  const ratio = pair.after / pair.before;
  const isSame = Math.abs(ratio - 1) < 0.005;
  return html`<span class="pair">${format(pair.before, unit)} → ${ask.number(`alternatives.changes.${key}.after`, pair.after, unit)}</span>${isSame ? html`<span class="delta">no change</span>` : html`<span class="delta${change.improves === key && ' good'}">× ${ratio >= 10 ? ratio.toFixed(0) : ratio.toFixed(2)}</span>`}`;
}

function changes({ alternatives: { changes: list, tried, missing: absent } }: Report, ask: Asker): Markup {
  if (list.length === 0)
    return html`<h3>Changes, computed</h3>${missing(absent?.reason ?? 'No change was mapped.', absent?.command)}`;
  return html`<h3>Changes, computed</h3><p class="small">Each was mapped anew, none guessed: ${plural(tried, 'change')} tried, the ones that change most shown.</p>${table(
    'Before → after',
    [
      {
        head: 'Change',
        isName: true,
        of: row => row.change,
        show: row => html`<code>${row.change}</code><span class="note">${row.says}</span>`,
      },
      ...FIGURES.map(([key, head, unit]) => ({
        head,
        unit,
        of: (row: Change) => row[key]?.after ?? null,
        show: (row: Change) => pairCell(row, key, unit, ask),
      })),
    ],
    list,
    ask.figures,
    { file: 'alternatives', isQuiet: true },
  )}`;
}

function modes({ alternatives: { modes: list }, header }: Report, ask: Asker): Part {
  if (list.length === 0) return false;
  return html`<h3>Modes</h3>${table(
    'What the network takes and gives in each mode',
    [
      {
        head: 'Mode',
        isName: true,
        of: row => row.mode,
        show: row =>
          html`${row.mode}${row.mode === header.mode && html` <span class="tag">this one</span>`}${row.refused !== null && html`<span class="note">${row.refused}</span>`}`,
      },
      {
        head: 'Board',
        of: row => row.board,
        show: row => (row.fits ? row.board : `does not fit; ${row.board ?? 'none'}`),
      },
      { head: 'Cores', unit: '', of: row => row.cores, path: 'alternatives.modes.cores' },
      { head: 'Chips', unit: '', of: row => row.chips, path: 'alternatives.modes.chips' },
      {
        head: 'Image every',
        unit: 's',
        of: row => row.interval?.seconds ?? null,
        path: 'alternatives.modes.interval.seconds',
      },
      {
        head: 'Latency',
        unit: 's',
        of: row => row.latency?.seconds ?? null,
        path: 'alternatives.modes.latency.seconds',
      },
      { head: 'Images/s', unit: '#', of: row => row.throughput, path: 'alternatives.modes.throughput' },
      {
        head: 'Energy',
        unit: 'pJ',
        of: row => row.energyPj?.low ?? null,
        path: 'alternatives.modes.energyPj.low',
        show: row =>
          row.energyPj === null ? 'unknown' : formatBand(row.energyPj.low, row.energyPj.high, 'pJ'),
      },
    ],
    list,
    ask.figures,
    { file: 'modes', isQuiet: true },
  )}`;
}
