/** What travels: links with their load, who uses them, how far messages go. */
import type { Report } from '../../schema.ts';
import { type Axis, chart, columns, frame, more } from '../chart.ts';
import type { Asker } from '../figures.ts';
import { coreName, digits, format, plural, short } from '../format.ts';
import { html, type Markup, type Part } from '../markup.ts';
import { table } from '../table.ts';
import { facts, type Section } from './section.ts';

export const TRAFFIC: Section = {
  id: 'traffic',
  title: 'Traffic',
  asks: 'Which links are hot, who loads them, and how much can they take?',
  body: (report, ask) =>
    html`${summary(report, ask)}${linkMap(report)}${hottest(report, ask)}${histogram(report)}${flows(report, ask)}`,
};

function summary({ traffic }: Report, ask: Asker): Markup {
  const {
    capacity,
    interChip,
    flows: { count },
  } = traffic;
  return facts([
    {
      name: 'Messages an image',
      value: ask.number('traffic.messages', traffic.messages, '#'),
      note: html`${plural(count, 'flow')} between cores`,
    },
    {
      name: 'Link passages',
      value: ask.number('traffic.hops', traffic.hops, '#'),
      note: html`${ask.number('traffic.averageHops', traffic.averageHops)} a message on average, at most ${ask.number('traffic.longestPath', traffic.longestPath)} weighted hops`,
    },
    {
      name: 'Between chips',
      value: ask.number('traffic.interChip.share', interChip.share, '%'),
      note: html`${ask.number('traffic.interChip.messages', interChip.messages, '#')} messages`,
    },
    {
      name: 'A link carries',
      value:
        capacity === null
          ? 'unknown'
          : html`${ask.number('traffic.capacity.messagesPerSecond', capacity.messagesPerSecond, '#')}<small> messages/s</small>`,
      note:
        capacity === null
          ? 'nobody has published its capacity'
          : html`<span class="tag ${capacity.status}">${capacity.status}</span>; press the number for its source`,
    },
  ]);
}

function linkMap({ traffic: { links, borders } }: Report): Markup {
  if (links.chip.length === 0 && borders.from.length === 0)
    return html`<h3>Link loads</h3><p class="missing">No message leaves its router: every reader sits beside its sender.</p>`;
  return html`<h3>Link loads</h3><div id="linkmap" class="map"><div class="controls"><label>Chip <select id="link-chip"></select></label></div>
<div class="stage"><canvas id="link-canvas" role="img" aria-label="Links of a chip by load; the table below lists them"></canvas></div><p id="link-says" class="small" aria-live="polite"></p><div id="link-legend" class="maplegend"></div></div>
${borders.from.length > 0 && html`<h3>From chip to chip</h3><div class="stage"><canvas id="border-canvas" role="img" aria-label="Messages from chip to chip; the table below lists them"></canvas></div><p id="border-says" class="small"></p>`}
${more('All links', html`<div id="link-table" class="box tool" data-file="links"></div>`)}${borders.from.length > 0 && more('All pairs of chips', html`<div id="border-table" class="box tool" data-file="chip-borders"></div>`)}`;
}

function hottest({ traffic, layers }: Report, ask: Asker): Markup {
  return html`<h3>Ten hottest links</h3>${table(
    'Load of an image, against what a link carries between two images of a stream',
    [
      {
        head: 'Link',
        isName: true,
        of: row => `${row.from.chip}:${row.from.x},${row.from.y} ${row.direction}`,
        show: row => `chip ${row.from.chip}, router ${row.from.x},${row.from.y} → ${row.direction}`,
      },
      { head: 'Messages', unit: '#', of: row => row.messages, path: 'traffic.hottest.messages' },
      {
        head: 'of capacity',
        unit: '%',
        of: row => row.share,
        path: 'traffic.hottest.share',
        share: row => row.share,
      },
      {
        head: 'Used by',
        of: row => row.users.map(user => layers[user.layer]!.name).join(', '),
        show: row =>
          row.users
            .slice(0, 4)
            .map(
              (user, i) =>
                html`${i > 0 && ', '}${layers[user.layer]!.name} <small>${short(user.messages)}</small>`,
            ),
      },
    ],
    traffic.hottest,
    ask.figures,
    { file: 'hottest-links', isQuiet: true },
  )}`;
}

function histogram({ traffic: { hopsHistogram } }: Report): Part {
  const total = hopsHistogram.reduce((sum, n) => sum + n, 0);
  if (total === 0) return false;
  const bars = hopsHistogram.map((n, hops) => ({ name: String(hops), value: (100 * n) / total }));
  const y: Axis = { low: 0, high: 1.1 * Math.max(...bars.map(b => b.value)), from: 170, to: 26 };
  const x: Axis = { low: 0, high: 0, from: 44, to: 510 };
  return chart(
    {
      id: 'hops',
      title: 'How far messages go',
      says: bars
        .filter(b => b.value > 0)
        .map(b => `${b.name} links: ${digits(b.value)} %`)
        .join('; '),
    },
    520,
    216,
    html`${frame({ x, y, xLabel: 'Links passed on a chip', yLabel: 'Messages, %', xTick: () => '' })}${columns(bars, { x, y })}`,
    'Messages of an image by the links that they pass on a chip; 0 stays at its router.',
  );
}

function flows({ traffic, chipMap, layers }: Report, ask: Asker): Markup {
  const place = (core: number) =>
    html`<a href="#core-${coreName(chipMap, core)}">${coreName(chipMap, core)}</a>`;
  return html`<h3>Largest flows</h3>${table(
    'Between two cores, of an image',
    [
      { head: 'From', isName: true, of: row => coreName(chipMap, row.from), show: row => place(row.from) },
      { head: 'To', of: row => coreName(chipMap, row.to), show: row => place(row.to) },
      { head: 'Layer', of: row => layers[row.layer]!.name },
      { head: 'Messages', unit: '#', of: row => row.messages, path: 'traffic.flows.top.messages' },
      {
        head: 'Links',
        unit: '',
        of: row => row.hops,
        path: 'traffic.flows.top.hops',
        show: row => (row.hops === null ? 'between chips' : format(row.hops)),
      },
    ],
    traffic.flows.top,
    ask.figures,
    { file: 'flows', isQuiet: true },
  )}`;
}
