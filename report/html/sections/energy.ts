/** Eq. 30 in three counts, and what the chip's own events cost. */
import type { Report } from '../../schema.ts';
import { legend, more, stacked } from '../chart.ts';
import type { Asker } from '../figures.ts';
import { format, formatBand, plural, wordsOf } from '../format.ts';
import { html, type Markup, type Part } from '../markup.ts';
import { table } from '../table.ts';
import { facts, type Section } from './section.ts';

export const ENERGY: Section = {
  id: 'energy',
  title: 'Eq. 30 and energy',
  asks: 'What does an image cost, by which formula and whose constants?',
  body: (report, ask) => html`${equation(report, ask)}${chipEnergy(report, ask)}`,
};

const COUNTS = [
  ['paper', 'The paper’s count', 'Synaptic additions as Eq. 30 counts them'],
  ['performed', 'Performed', 'With the multiplications and table reads that the network really makes'],
  ['integer', 'Integer costs', 'The same, at integer prices on both sides'],
] as const;

function equation({ eq30 }: Report, ask: Asker): Markup {
  const { measured } = eq30;
  return html`<h3>Eq. 30</h3><p><code class="formula">${eq30.formula}</code></p>${table(
    'Share of the float network’s energy, in three counts',
    [
      { head: 'Count', isName: true, of: ([, name]) => name },
      {
        head: 'Predicted',
        unit: '',
        of: ([key]) => eq30.predicted[key],
        show: ([key]) => ask.number(`eq30.predicted.${key}`, eq30.predicted[key]),
      },
      {
        head: 'Measured',
        unit: '',
        of: ([key]) => measured?.[key] ?? null,
        show: ([key]) =>
          measured === null
            ? html`<span class="none">not validated</span>`
            : ask.number(`eq30.measured.${key}`, measured[key]),
      },
      { head: 'What is counted', of: ([, , says]) => says },
    ],
    COUNTS,
    ask.figures,
    { isQuiet: true },
  )}${operations(eq30, ask)}${
    measured === null
      ? html`<p class="small">Identity and prediction error are checked on real images: <code>snnc validate DIR --data SET</code>.</p>`
      : facts([
          {
            name: 'Identity',
            value: html`<span class="state ${measured.identity === null ? 'open' : measured.identity ? 'yes' : 'no'}">${measured.identity === null ? 'not checked' : measured.identity ? 'holds' : 'broken'}</span>`,
            note: `closed forms against counted events on ${plural(measured.identityImages, 'image')}`,
          },
          {
            name: 'Prediction error',
            value: ask.number('eq30.measured.predictionError', measured.predictionError, '%'),
          },
        ])
  }`;
}

function operations({ counts, annMacs, measured }: Report['eq30'], ask: Asker): Markup {
  const rows = [
    { name: 'Predicted, the paper’s count', path: 'eq30.counts.paper', of: counts.paper },
    ...(counts.performed === null
      ? []
      : [{ name: 'Predicted, performed', path: 'eq30.counts.performed', of: counts.performed }]),
    ...(measured === null ? [] : [{ name: 'Measured, performed', path: 'eq30.measured', of: measured }]),
  ];
  const cell = (key: 'acs' | 'macs' | 'lookups', head: string) => ({
    head,
    unit: '#',
    of: (row: (typeof rows)[number]) => row.of[key],
    show: (row: (typeof rows)[number]) => ask.number(`${row.path}.${key}`, row.of[key], '#'),
  });
  return html`${table(
    'Operations of an image',
    [
      { head: 'Count', isName: true, of: row => row.name },
      cell('acs', 'Additions'),
      cell('macs', 'Multiplications'),
      cell('lookups', 'Table reads'),
    ],
    rows,
    ask.figures,
  )}<p class="small">The float network takes ${ask.number('eq30.annMacs.paper', annMacs.paper, '#')} multiply-accumulates in the paper’s count, ${ask.number('eq30.annMacs.performed', annMacs.performed, '#')} performed.</p>`;
}

function chipEnergy({ energy }: Report, ask: Asker): Part {
  if (energy.costSets.length === 0)
    return html`<h3>Energy of the chip</h3><p class="missing">Unknown: the target has no cost set, so that no event has a price.</p>`;
  const parts = [...new Set(energy.costSets.flatMap(set => Object.keys(set.parts)))];
  const ordered = parts.toSorted(
    (a, b) => (energy.costSets[0]!.parts[b] ?? 0) - (energy.costSets[0]!.parts[a] ?? 0),
  );
  const from = energy.spanSource === 'timed' ? 'timed, every message' : 'the least that steps can take';
  return html`<h3>Energy of the chip, by part</h3>
<p>Dynamic energy of an image: ${ask.band('energy.band', energy.band, 'pJ')}, over ${plural(energy.costSets.length, 'cost set')}. The formula is events × constant; press a number for both.</p>
${energy.costSets.map(set => html`<p class="stackline"><span>${set.name}</span>${stacked(ordered.map(name => ({ name, share: (set.parts[name] ?? 0) / (set.totalPj || 1) })))}</p>`)}
${legend(ordered.map((name, i) => [`c${i % 10}`, name] as const))}
${table(
  'Energy of an image by part and cost set',
  [
    { head: 'Part', isName: true, of: name => name },
    ...energy.costSets.flatMap(set => [
      {
        head: set.name,
        unit: 'pJ',
        of: (name: string) => set.parts[name] ?? null,
        show: (name: string) =>
          set.parts[name] === undefined
            ? html`<span class="none">no price</span>`
            : ask.number(`energy.costSets.parts.${name}`, set.parts[name], 'pJ'),
      },
      {
        head: 'Share',
        unit: '%',
        of: (name: string) => (set.parts[name] === undefined ? null : set.parts[name] / (set.totalPj || 1)),
        share: (name: string) => (set.parts[name] ?? 0) / (set.totalPj || 1),
      },
    ]),
  ],
  ordered,
  ask.figures,
  { file: 'energy-parts' },
)}${totals(energy, ask)}
<p class="small">Time behind static energy: ${from}. Alone ${ask.number('energy.span.alone.seconds', energy.span.alone.seconds, 's')}; in a stream ${ask.number('energy.span.stream.seconds', energy.span.stream.seconds, 's')} an image, on ${plural(energy.span.stream.chips, 'chip')}.</p>
${unknowns(energy)}${more('Events of an image', eventTable(energy, ask))}${more('Constants and where they come from', constants(energy, ask))}`;
}

type Energy = Report['energy'];

function totals({ costSets }: Energy, ask: Asker): Markup {
  const standing = (side: 'alone' | 'stream', name: string) => ({
    head: name,
    unit: 'pJ',
    of: (set: Energy['costSets'][number]) => set.standing[side].totalPj,
    show: (set: Energy['costSets'][number]) =>
      Object.keys(set.standing[side].parts).length === 0
        ? html`<span class="none">unknown</span>`
        : ask.number(`energy.costSets.standing.${side}.totalPj`, set.standing[side].totalPj, 'pJ'),
  });
  return table(
    'Energy of an image by cost set: dynamic, static with time, the same network with 8-bit products, and spiking ÷ 8-bit',
    [
      { head: 'Cost set', isName: true, of: set => set.name },
      {
        head: 'Dynamic',
        unit: 'pJ',
        of: set => set.totalPj,
        path: 'energy.costSets.totalPj',
        show: set => formatBand(set.totalPj, set.highPj, 'pJ'),
      },
      standing('stream', 'Static, stream'),
      standing('alone', 'Static, alone'),
      {
        head: '8-bit',
        unit: 'pJ',
        of: set => (set.ratio === null ? null : set.int8.totalPj),
        path: 'energy.costSets.int8.totalPj',
      },
      {
        head: 'Ratio',
        unit: '',
        of: set => set.ratio?.low ?? null,
        path: 'energy.costSets.ratio.low',
        show: set => (set.ratio === null ? 'unknown' : formatBand(set.ratio.low, set.ratio.high, '×')),
      },
    ],
    costSets,
    ask.figures,
    { file: 'energy-totals' },
  );
}

function unknowns({ costSets }: Energy): Part {
  const open = costSets.flatMap(set => {
    const all = { ...set.unknown, ...set.standing.alone.unknown };
    const names = Object.keys(all);
    return names.length === 0 ? [] : [html`<li><b>${set.name}</b>: ${names.map(wordsOf).join(', ')}</li>`];
  });
  return open.length > 0 && html`<p>Left out, because nobody has published a price:</p><ul>${open}</ul>`;
}

const eventTable = ({ events }: Energy, ask: Asker): Markup =>
  table(
    'What an image makes the chip do',
    [
      { head: 'Event', isName: true, of: ([name]) => wordsOf(name) },
      {
        head: 'An image',
        unit: '',
        of: ([, n]) => n,
        show: ([name, n]) => ask.number(`energy.events.${name}`, n, '#'),
      },
    ],
    Object.entries(events),
    ask.figures,
    { file: 'events' },
  );

const constants = ({ constants: list }: Energy, ask: Asker): Markup =>
  table(
    'Constants of the cost sets',
    [
      { head: 'Cost set', of: row => row.costSet },
      { head: 'Constant', isName: true, of: row => wordsOf(row.name) },
      { head: 'Value', unit: '', of: row => row.value, show: row => format(row.value, row.unit) },
      {
        head: 'Status',
        of: row => row.status,
        show: row => html`<span class="tag ${row.status}">${row.status}</span>`,
      },
      {
        head: 'Condition',
        of: row =>
          [row.condition, row.basis === null ? null : `${row.basis}imum`].filter(Boolean).join('; ') || null,
      },
      { head: 'Source', of: row => row.source },
    ],
    list,
    ask.figures,
    { file: 'constants' },
  );
