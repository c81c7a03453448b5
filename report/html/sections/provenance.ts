/** Where all of it comes from, and what it rests on. */
import type { Report } from '../../schema.ts';
import { more } from '../chart.ts';
import type { Asker } from '../figures.ts';
import { format, plural, tally, wordsOf } from '../format.ts';
import { html, type Markup, type Part } from '../markup.ts';
import { table } from '../table.ts';
import { facts, type Section } from './section.ts';

export const PROVENANCE: Section = {
  id: 'provenance',
  title: 'Provenance',
  asks: 'Which model, tool, options and assumptions is this made from?',
  body: (report, ask) =>
    html`${notes(report)}${origin(report)}${restsOn(report, ask)}${build(report, ask)}${more('Options of the compile', options(report, ask))}${more('Files and hashes', files(report, ask))}`,
};

function notes({ provenance: { notes: list, diagnostics } }: Report): Part {
  return html`${list.length > 0 && html`<ul class="notes">${list.map(note => html`<li>${note}</li>`)}</ul>`}${diagnostics.length > 0 && html`<h3>Warnings of the compile</h3><ul class="blocks">${diagnostics.map(each => html`<li><b>${each.code}</b> ${each.message}<p class="small">${each.at}</p></li>`)}</ul>`}`;
}

const hash = (sha256: string): Markup =>
  html`<code class="hash" title="${sha256}">${sha256.slice(0, 12)}…</code>`;

const origin = ({ provenance, header }: Report): Markup =>
  facts([
    { name: 'Model', value: provenance.model.file, note: html`SHA-256 ${hash(provenance.model.sha256)}` },
    ...provenance.model.data.map(file => ({
      name: 'Weights',
      value: file.file,
      note: html`SHA-256 ${hash(file.sha256)}`,
    })),
    {
      name: 'Tool',
      value: `${provenance.tool.name} ${provenance.tool.version}`,
      note: `seed ${provenance.seed}`,
    },
    { name: 'Target', value: header.target.spec, note: header.target.title },
    {
      name: 'Manifest',
      value: hash(provenance.manifest),
      note: 'SHA-256; it lists the hash of every other file',
    },
  ]);

const valueText = (value: string | number | boolean | null): string =>
  value === null ? '–' : typeof value === 'number' ? format(value) : String(value);

const ORDER = ['assumed', 'inherited', 'derived', 'published', 'measured'];

function restsOn({ provenance: { restsOn: list } }: Report, ask: Asker): Markup {
  const rows = list.toSorted((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status));
  const statuses = tally(rows.map(row => row.status)).map(([status, n]) => `${n} ${status}`);
  return html`<h3>This mapping rests on</h3><p>${plural(list.length, 'figure')} of the chip that its maker did not state as used here: ${statuses.join(', ') || 'none'}. A figure that turns out otherwise changes what follows from it.</p>${table(
    'Figures of the chip that were used, with status and source',
    [
      { head: 'Figure', isName: true, of: row => row.name, show: row => html`<code>${row.name}</code>` },
      {
        head: 'Value',
        of: row => (row.value === null ? null : String(row.value)),
        show: row =>
          typeof row.value === 'number'
            ? format(row.value, row.unit ?? '')
            : html`<code>${valueText(row.value)}</code> ${row.unit}`,
      },
      {
        head: 'Status',
        of: row => row.status,
        show: row => html`<span class="tag ${row.status}">${row.status}</span>`,
      },
      { head: 'Source', of: row => row.source },
    ],
    rows,
    ask.figures,
    { file: 'rests-on', isQuiet: true },
  )}`;
}

function build({ provenance: { build: made } }: Report, ask: Asker): Part {
  if (made === null) return false;
  const longest = Math.max(...made.passes.map(pass => pass.seconds), 1e-9);
  return html`<h3>Compile</h3><p>Took ${ask.number('provenance.build.seconds', made.seconds, 's')} and at most ${ask.number('provenance.build.peakBytes', made.peakBytes, 'B')} of memory, on Node ${made.node}.</p>${more(
    'Time of each pass',
    table(
      'Passes in their order',
      [
        { head: 'Pass', isName: true, of: row => row.name },
        {
          head: 'Time',
          unit: 's',
          of: row => row.seconds,
          path: 'provenance.build.passes.seconds',
          share: row => row.seconds / longest,
        },
        {
          head: 'Memory so far',
          unit: 'B',
          of: row => row.peakBytes,
          path: 'provenance.build.passes.peakBytes',
        },
      ],
      made.passes,
      ask.figures,
      { file: 'passes' },
    ),
  )}`;
}

const options = ({ provenance }: Report, ask: Asker): Markup =>
  table(
    'Every option, resolved',
    [
      {
        head: 'Option',
        isName: true,
        of: ([name]) => `--${wordsOf(name).replaceAll(' ', '-')}`,
        show: ([name]) => html`<code>--${wordsOf(name).replaceAll(' ', '-')}</code>`,
      },
      { head: 'Value', of: ([, value]) => (value === null ? null : String(value)) },
    ],
    Object.entries(provenance.options),
    ask.figures,
    { file: 'options' },
  );

const files = ({ provenance }: Report, ask: Asker): Markup =>
  html`${table(
    'Files of the deployment',
    [
      { head: 'File', isName: true, of: row => row.path },
      { head: 'Size', unit: 'B', of: row => row.bytes, path: 'provenance.files.bytes' },
      { head: 'SHA-256', of: row => row.sha256, show: row => hash(row.sha256) },
    ],
    provenance.files,
    ask.figures,
    { file: 'files' },
  )}${table(
    'Stages and descriptors',
    [
      { head: 'Name', isName: true, of: row => row.name },
      { head: 'SHA-256', of: row => row.sha256, show: row => hash(row.sha256) },
    ],
    [
      ...provenance.stages.map(({ name, sha256 }) => ({ name: `stage ${name}`, sha256 })),
      ...provenance.descriptors.map(({ vlnv, sha256 }) => ({ name: vlnv, sha256 })),
    ],
    ask.figures,
    { file: 'stages' },
  )}`;
