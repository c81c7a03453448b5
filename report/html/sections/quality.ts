/** How good the mapping is, beside baselines and a lower bound. */
import type { Report } from '../../schema.ts';
import type { Asker } from '../figures.ts';
import { plural, sentence } from '../format.ts';
import { html } from '../markup.ts';
import { table } from '../table.ts';
import { facts, type Section } from './section.ts';

export const QUALITY: Section = {
  id: 'quality',
  title: 'Quality of the mapping',
  asks: 'How far from the best is this, and what would simpler rules have given?',
  body,
};

function body({ quality, verdict }: Report, ask: Asker) {
  const { own, baselines, widths } = quality;
  const rows = [
    { name: 'This mapping', key: 'own', of: own },
    { name: 'Hilbert curve, then forces', key: 'baselines.hilbertForce', of: baselines.hilbertForce },
    { name: 'Hilbert curve', key: 'baselines.hilbert', of: baselines.hilbert },
    { name: 'Sequential', key: 'baselines.sequential', of: baselines.sequential },
  ];
  const worst = Math.max(...rows.map(row => row.of.cost)) || 1;
  const cell = (key: keyof typeof own, head: string, unit = '#') => ({
    head,
    unit,
    of: (row: (typeof rows)[number]) => row.of[key],
    path: `quality.own.${key}`,
  });
  return html`${facts([
    {
      name: 'Gap to the lower bound',
      value: ask.number('quality.gap', quality.gap, '%'),
      note: html`at most; no placement costs less than ${ask.number('quality.lowerBound', quality.lowerBound, '#')}`,
    },
    {
      name: 'Cores',
      value: ask.number('verdict.cores.used', verdict.cores.used),
      note:
        quality.leastCores !== null &&
        html`no mapping in this mode takes fewer than ${ask.number('quality.leastCores', quality.leastCores)}`,
    },
    {
      name: 'Routes proved',
      value: ask.number('quality.routes', quality.routes, '#'),
      note: html`deliver ${ask.number('quality.deliveries', quality.deliveries, '#')} connections, walked on the encoded tables`,
    },
    widths !== null && {
      name: 'Integers that cannot overflow',
      value: html`${ask.number('quality.widths.proved', widths.proved)}<small> proved</small>`,
      note: html`${ask.number('quality.widths.calibrated', widths.calibrated)} by calibration, ${ask.number('quality.widths.open', widths.open)} open`,
    },
  ])}${table(
    html`Placement of the same ${plural(verdict.cores.used, 'core')}: messages of a step × hops`,
    [
      { head: 'Placement', isName: true, of: row => row.name },
      { ...cell('cost', 'Cost'), share: row => row.of.cost / worst },
      cell('hottestLink', 'Hottest link'),
      cell('hottestBorder', 'Hottest chip border'),
      cell('longestPath', 'Longest path', ''),
      cell('averagePath', 'Average path', ''),
    ],
    rows,
    ask.figures,
    { file: 'placement' },
  )}<p class="small">All by the same cost, on the same cores. Hilbert curve and forces: the published method (ASPLOS 2023).${widths !== null && html` ${sentence(widths.says)}`}</p>`;
}
