/** A sweep as a page of its own: what nothing beats, the rest around it, and all rows. */
import {
  columnsBeside,
  OBJECTIVES,
  type Objective,
  type SweepFigures,
  type SweepResult,
  type SweepRow,
  valueText,
} from '../sweep.ts';
import { STYLE } from './assets.ts';
import { type Axis, chart, frame, markAt, place, ticksOf } from './chart.ts';
import { format } from './format.ts';
import { html, type Markup } from './markup.ts';
import { shell } from './render.ts';

const SIZE = { width: 460, height: 300 } as const;
const UNITS: { readonly [N in Objective['name']]: string } = {
  accuracy: '%',
  agreement: '%',
  energyPj: 'pJ',
  cores: '',
  latencySeconds: 's',
  throughput: '',
};

type Done = SweepRow & { readonly figures: SweepFigures };
const isDone = (row: SweepRow): row is Done => row.figures !== null;

/** Source: the result alone; the same result gives the same bytes. */
export function sweepPage(result: SweepResult, title: string, tool: string): string {
  const { rows, front, failed, fixed } = result;
  const done = rows.filter(isDone);
  const shown = OBJECTIVES.filter(({ name }) => result.objectives.includes(name));
  const [height, ...others] = shown;
  const body = html`<header class="top"><div><h1>${title} <span>sweep</span></h1>
<p>${Object.entries(fixed).map(([name, value], i) => html`${i > 0 && ' · '}${name} ${valueText(value)}`)}</p></div></header>
<main id="main" class="sweep">
<section aria-labelledby="h-front"><h2 id="h-front">What nothing beats</h2>
<p>${done.length === 0 ? 'No point came to figures.' : html`${front.length} of ${rows.length} points: no other is better in ${shown.map(({ label }) => label).join(', ')} without being worse in one of them.`}
${failed > 0 && html` ${failed} came to nothing; the end of the page says why.`}</p>
${
  done.length > 0 &&
  rowTable(
    result,
    done.filter(({ index }) => front.includes(index)),
    'Points of the front',
  )
}
<div class="charts">${done.length > 0 && height !== undefined && others.map(across => scatter(done, front, across, height))}</div></section>
<section aria-labelledby="h-all"><h2 id="h-all">All points</h2>
${done.length > 0 && rowTable(result, done, 'All points that came to figures')}
${failed > 0 && problemTable(result)}</section>
<footer><p>Made by ${tool} from result.json; energies are of an image, from the target’s first cost set, as a range where costs are unpublished; latency and throughput are bounds. No part of this page was loaded from elsewhere.</p></footer></main>`;
  return shell({ title: `${title} – snnc sweep`, body, style: `${STYLE}${OWN_STYLE}`, script: '' });
}

/** Beside that of reports. */
const OWN_STYLE = [
  'main.sweep{max-width:76rem;margin:0 auto;padding:0 1rem}',
  '.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,22rem),1fr));gap:1rem}',
  '.front .mark{fill:var(--accent);stroke:var(--accent)}.rest .mark{fill:none;stroke:var(--soft)}',
].join('');

function rowTable({ axes, front }: SweepResult, rows: readonly Done[], caption: string): Markup {
  const best = new Set(front);
  return html`<div class="box"><div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table><caption class="sr">${caption}</caption>
<thead><tr><th scope="col">point</th>${axes.map(axis => html`<th scope="col">${axis}</th>`)}${columnsBeside(axes).map(({ head }) => html`<th scope="col" class="r">${head}</th>`)}<th scope="col">front</th></tr></thead>
<tbody>${rows.map(
    ({ index, options, figures }) =>
      html`<tr><th scope="row">${index}</th>${axes.map(axis => html`<td>${valueText(options[axis])}</td>`)}${columnsBeside(axes).map(({ of }) => html`<td class="r k">${of(figures)}</td>`)}<td>${best.has(index) ? 'yes' : 'no'}</td></tr>`,
  )}</tbody></table></div></div>`;
}

function problemTable({ rows, axes }: SweepResult): Markup {
  return html`<h3>Came to nothing</h3><div class="box"><div class="scroll" tabindex="0" role="region" aria-label="Points that came to nothing"><table><caption class="sr">Points that came to nothing</caption>
<thead><tr><th scope="col">point</th>${axes.map(axis => html`<th scope="col">${axis}</th>`)}<th scope="col">code</th><th scope="col">why</th></tr></thead>
<tbody>${rows.map(
    ({ index, options, problem }) =>
      problem !== null &&
      html`<tr><th scope="row">${index}</th>${axes.map(axis => html`<td>${valueText(options[axis])}</td>`)}<td>${problem.code}</td><td>${problem.message}</td></tr>`,
  )}</tbody></table></div></div>`;
}

/** An axis from a round number below all values to one above. */
function axisOf(values: readonly number[], from: number, to: number): Axis {
  const low = values.reduce((a, b) => Math.min(a, b));
  const high = values.reduce((a, b) => Math.max(a, b));
  const margin = (high - low || Math.abs(high) || 1) * 0.06;
  const axis = { low: low - margin, high: high + margin, from, to };
  return ticksOf(axis, 5).length > 1 ? axis : { ...axis, low: low - 10 * margin, high: high + 10 * margin };
}

function scatter(rows: readonly Done[], front: readonly number[], across: Objective, up: Objective): Markup {
  const best = new Set(front);
  const figureOf = ({ figures }: Done, { name }: Objective) => figures[name]!;
  const x = axisOf(
    rows.map(row => figureOf(row, across)),
    58,
    SIZE.width - 14,
  );
  const y = axisOf(
    rows.map(row => figureOf(row, up)),
    SIZE.height - 44,
    30,
  );
  const print =
    ({ name }: Objective) =>
    (value: number) =>
      format(value, UNITS[name]);
  const marks = (isBest: boolean) =>
    rows
      .filter(({ index }) => best.has(index) === isBest)
      .map(
        row =>
          html`<g><title>point ${row.index}: ${up.label} ${print(up)(figureOf(row, up))}, ${across.label} ${print(across)(figureOf(row, across))}</title>${markAt(place(x, figureOf(row, across)), place(y, figureOf(row, up)), 1)}</g>`,
      );
  const title = `${up.label} over ${across.label}`;
  const says = `${rows.length} points; ${front.length} filled ones are of the front. More ${up.label} is higher, ${across.better === 'less' ? 'better is to the left' : 'better is to the right'}.`;
  return chart(
    { id: across.name, title, says },
    SIZE.width,
    SIZE.height,
    html`${frame({ x, y, xLabel: across.label, yLabel: up.label, xTick: print(across), yTick: print(up) })}<g class="rest">${marks(false)}</g><g class="front">${marks(true)}</g>`,
  );
}
