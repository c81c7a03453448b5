/** A difference as one page that opens from a file: no script, no request; made from what `snnc diff --json` prints alone. */
import type { Change, DiffResult } from '../diff-result.ts';
import { cells, printValue } from '../diff-table.ts';
import { html, type Markup, type Part, raw } from '../html/markup.ts';
import { percentOf } from '../units.ts';
import { colourOf, coreMap, frameOf } from './maps.ts';
import { STYLE } from './style.ts';

/** Rows of a table that are shown; the JSON has all. */
const MOST_ROWS = 500;

export function renderDiffPage(diff: DiffResult): string {
  const { a, b, equal } = diff;
  const title = `${a.path} → ${b.path}`;
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>snnc diff: ${title}</title><style>${raw(STYLE)}</style></head>
<body><header><h1>What changed between two deployments</h1>
<div class="sides">${sideCard('a', a)}${sideCard('b', b)}</div>
<p class="verdict">${equal ? 'Equal, byte for byte.' : summaryOf(diff)}</p></header>
<main>${figures(diff)}${causes(diff)}${maps(diff)}${changedCores(diff)}${populations(diff)}${files(diff)}</main>
<footer><p class="soft">Differences are b less a. The same as data: <code>snnc diff A B --json</code>.</p></footer></body></html>
`.markup;
}

const sideCard = (
  name: 'a' | 'b',
  side: DiffResult['a'],
): Markup => html`<section class="side" aria-label="${name}"><h2>${name}: ${side.path}</h2>
<dl><dt>model</dt><dd>${side.model}</dd><dt>target</dt><dd>${side.target}</dd><dt>manifest</dt><dd><code>${side.manifest.slice(0, 16)}…</code></dd><dt>validated</dt><dd>${side.isValidated ? 'yes' : 'no'}</dd></dl></section>`;

function summaryOf({ cores, populations: p, files: list }: DiffResult): string {
  const programs = list.filter(file => file.isProgram);
  const different = programs.filter(file => !file.equal).length;
  return `Different: ${cores.changed.length} seats of cores, ${p.changed.length} populations, ${different} of ${programs.length} programs.`;
}

function table(
  caption: string,
  heads: readonly string[],
  rows: readonly (readonly Part[])[],
  numbers: readonly number[] = [],
): Markup {
  const shown = rows.slice(0, MOST_ROWS);
  const rest = rows.length - shown.length;
  const at = (column: number) => numbers.includes(column) && html` class="r"`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table><caption>${caption}${rest > 0 && `; ${shown.length} of ${rows.length} rows, the JSON has all`}</caption>
<thead><tr>${heads.map((head, i) => html`<th scope="col"${at(i)}>${head}</th>`)}</tr></thead>
<tbody>${shown.map(row => html`<tr>${row.map((cell, i) => (i === 0 ? html`<th scope="row">${cell}</th>` : html`<td${at(i)}>${cell}</td>`))}</tr>`)}</tbody></table></div>`;
}

const changeRow = (change: Change): readonly Part[] => {
  const [before, after, by] = cells(change);
  const direction = change.delta === null || change.delta === 0 ? 'soft' : change.delta > 0 ? 'more' : 'less';
  const said = change.a === change.b ? 'the same' : by || 'another';
  return [change.name, before, after, html`<span class="${direction}">${said}</span>`];
};
const HEADS = ['', 'a', 'b', 'b − a'];
const NUMBERS = [1, 2, 3];

function figures({ figures: all }: DiffResult): Markup {
  const sections = [...new Set(all.map(({ section }) => section))];
  return html`<section id="figures"><h2>Figures</h2>${sections.map(section =>
    table(section, HEADS, all.filter(figure => figure.section === section).map(changeRow), NUMBERS),
  )}</section>`;
}

/** What is no figure of both: options, target, thresholds and the rest of the manifest. */
function causes({ changes, figures: all }: DiffResult): Markup | false {
  const known = new Set(all.map(({ section, name }) => `${section} ${name}`));
  const other = changes.filter(({ section, name }) => !known.has(`${section} ${name}`));
  const sections = [...new Set(other.map(({ section }) => section))];
  return (
    other.length > 0 &&
    html`<section id="other"><h2>Options, target and the rest of the manifest</h2>${sections.map(section =>
      table(section, HEADS, other.filter(change => change.section === section).map(changeRow), NUMBERS),
    )}</section>`
  );
}

function maps({ cores }: DiffResult): Markup {
  const frame = frameOf(cores);
  const pair = (colours: 'change' | 'layer') =>
    html`<div class="sides maps">${(['a', 'b'] as const).map(
      name =>
        html`<figure class="side"><figcaption>${name}: ${cores[name].core.length} cores</figcaption>${coreMap(cores, name, colours, frame)}</figure>`,
    )}</div>`;
  return html`<section id="maps"><h2>Cores, seat by seat</h2>
<input class="choice" type="radio" name="view" id="view-change" checked><label for="view-change">coloured by what changed</label>
<input class="choice" type="radio" name="view" id="view-layer"><label for="view-layer">coloured by population</label>
<div class="by-change">${pair('change')}<ul class="legend"><li>${swatch('var(--same)')}the same in both</li><li>${swatch('var(--changed)')}changed</li><li>${swatch('var(--only)')}only here</li></ul></div>
<div class="by-layer">${pair('layer')}<details><summary>Colours of ${cores.populations.length} populations; a dark edge marks what changed</summary><ul class="legend">${cores.populations.map(
    (name, i) => html`<li>${swatch(colourOf(i))}${name}</li>`,
  )}</ul></details></div></section>`;
}

const swatch = (colour: string): Markup => html`<span class="key" style="background:${colour}"></span>`;

function changedCores({ cores: { changed } }: DiffResult): Markup | false {
  const held = (core: (typeof changed)[number]['a']): Part =>
    core === null
      ? html`<span class="soft">nothing</span>`
      : `${core.binding} ${percentOf(core.fill)}; ${core.populations.join(', ') || 'not known'}`;
  return (
    changed.length > 0 &&
    html`<section id="cores"><h2>Changed cores</h2>${table(
      `${changed.length} seats`,
      ['seat: chip, router, slot', 'core in a', 'holds in a', 'core in b', 'holds in b'],
      changed.map(({ seat, a, b }) => [
        `${seat.chip}, ${seat.x},${seat.y}, ${seat.slot}`,
        ...[a?.core ?? '–', held(a), b?.core ?? '–', held(b)],
      ]),
    )}</section>`
  );
}

function populations({ populations: { onlyA, onlyB, changed } }: DiffResult): Markup | false {
  const said = (name: string, origin: string, changes: readonly Change[]) => [
    name,
    origin,
    changes
      .map(({ name: figure, a, b }) => [figure, printValue(a, ''), printValue(b, '')] as const)
      .filter(([, before, after]) => before !== after)
      .map(([figure, before, after]) => `${figure} ${before} → ${after}`)
      .join('; ') || 'by less than a thousandth',
  ];
  return (
    onlyA.length + onlyB.length + changed.length > 0 &&
    html`<section id="populations"><h2>Populations</h2>${onlyA.length > 0 && html`<p>Only in a: ${onlyA.join(', ')}</p>`}${onlyB.length > 0 && html`<p>Only in b: ${onlyB.join(', ')}</p>`}${
      changed.length > 0 &&
      table(
        `${changed.length} changed`,
        ['population', 'from', 'what'],
        changed.map(p => said(p.name, p.origin, p.changes)),
      )
    }</section>`
  );
}

function files({ files: list, stages }: DiffResult): Markup {
  const bytes = (n: number | null) => (n === null ? 'not there' : printValue(n, ''));
  return html`<section id="files"><h2>Files and stages</h2>${table(
    `${list.filter(file => !file.equal).length} of ${list.length} files differ`,
    ['file', 'bytes in a', 'bytes in b', 'first byte that differs'],
    list.map(f => [
      f.path,
      bytes(f.bytes.a),
      bytes(f.bytes.b),
      f.equal ? 'equal' : f.firstByte === null ? 'differs' : printValue(f.firstByte, ''),
    ]),
    NUMBERS,
  )}${table(
    'stages of the compiler',
    ['stage', 'first difference', 'a', 'b'],
    stages.map(({ name, equal, first }) => [
      name,
      equal
        ? 'equal'
        : first === null
          ? 'differs'
          : `${first.where}${first.origin === null ? '' : ` (from ${first.origin})`}`,
      ...[first?.a ?? (equal ? '' : '–'), first?.b ?? (equal ? '' : '–')],
    ]),
  )}</section>`;
}
