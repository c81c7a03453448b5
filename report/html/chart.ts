/** Charts as SVG that scripts need not draw; each has a name and a text that says what it shows. */
import { digits } from './format.ts';
import { html, type Markup, type Part } from './markup.ts';

export interface ChartText {
  readonly id: string;
  readonly title: string;
  /** What a reader sees in it, in words: for those who cannot see it. */
  readonly says: string;
}

export function chart(
  { id, title, says }: ChartText,
  width: number,
  height: number,
  body: Part,
  /** Under the chart, instead of what it says; null: nothing. */
  note?: Part,
): Markup {
  return html`<figure class="chart" id="chart-${id}"><svg role="img" aria-labelledby="t-${id} d-${id}" viewBox="0 0 ${width} ${height}">
<title id="t-${id}">${title}</title><desc id="d-${id}">${says}</desc>${body}</svg>
${note !== null && html`<figcaption><strong>${title}.</strong> ${note ?? says}</figcaption>`}</figure>`;
}

export interface Axis {
  readonly low: number;
  readonly high: number;
  /** Pixels of both ends. */
  readonly from: number;
  readonly to: number;
}

export const place = ({ low, high, from, to }: Axis, value: number): number =>
  from + ((value - low) / (high - low || 1)) * (to - from);

/** Round numbers inside an axis, about as many as asked. */
export function ticksOf({ low, high }: Axis, about: number): readonly number[] {
  const rough = (high - low) / about;
  if (!(rough > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(m => m * power).find(s => s >= rough)!;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
}

const at = (value: number): string => value.toFixed(1).replace(/\.0$/, '');

export interface Frame {
  readonly x: Axis;
  readonly y: Axis;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly xTick?: (value: number) => string;
  readonly yTick?: (value: number) => string;
}

/** Axes with ticks, lines across and names. */
export function frame({ x, y, xLabel, yLabel, xTick = digits, yTick = digits }: Frame): Markup {
  const rows = ticksOf(y, 5);
  const columns = ticksOf(x, 5);
  return html`<g class="axes">${rows.map(
    value => html`<line class="grid" x1="${x.from}" x2="${x.to}" y1="${at(place(y, value))}" y2="${at(place(y, value))}"/>
<text class="tick" x="${x.from - 6}" y="${at(place(y, value) + 4)}" text-anchor="end">${yTick(value)}</text>`,
  )}${columns.map(
    value =>
      html`<text class="tick" x="${at(place(x, value))}" y="${y.from + 16}" text-anchor="middle">${xTick(value)}</text>`,
  )}<line class="axis" x1="${x.from}" x2="${x.to}" y1="${y.from}" y2="${y.from}"/>
<text class="label" x="${(x.from + x.to) / 2}" y="${y.from + 34}" text-anchor="middle">${xLabel}</text>
<text class="label" x="${x.from}" y="${y.to - 14}" text-anchor="start">${yLabel}</text></g>`;
}

export interface Point {
  readonly x: number;
  readonly y: number;
  readonly label?: string;
}

export const pathOf = (points: readonly Point[], x: Axis, y: Axis): string =>
  points.map((p, i) => `${i === 0 ? 'M' : 'L'}${at(place(x, p.x))} ${at(place(y, p.y))}`).join('');

/** Names of points that stand this close are written as one. */
const CLOSE = 34;

/** Labels of points, those of neighbours together. */
function labelsOf(points: readonly Point[], x: Axis, y: Axis): readonly Point[] {
  const labels: { x: number; y: number; label: string }[] = [];
  for (const { label, ...point } of points) {
    if (label === undefined) continue;
    const [px, py] = [place(x, point.x), place(y, point.y)];
    const last = labels.at(-1);
    if (last !== undefined && Math.hypot(px - last.x, py - last.y) < CLOSE) last.label += `, ${label}`;
    else labels.push({ x: px, y: py, label });
  }
  return labels;
}

/** A line through marked points, in colour number `series`; its marks differ by form too, its names stand above or below. */
export function line(points: readonly Point[], x: Axis, y: Axis, series: number, before = ''): Markup {
  const isBelow = series === 2;
  const label = ({ x: left, y: top, label: text }: Point): Markup => {
    const anchor = !isBelow ? 'middle' : left > x.to - CLOSE ? 'end' : 'start';
    const [dx, dy] = isBelow ? [anchor === 'end' ? 4 : 6, 18] : [0, -13];
    return html`<text class="tick" x="${at(left + dx)}" y="${at(top + dy)}" text-anchor="${anchor}">${before}${text}</text>`;
  };
  return html`<g class="s${series}"><path class="line" d="${pathOf(points, x, y)}"/>${points.map(p =>
    markAt(place(x, p.x), place(y, p.y), series),
  )}${labelsOf(points, x, y).map(label)}</g>`;
}

export function markAt(x: number, y: number, series: number): Markup {
  if (series === 2) return html`<rect class="mark" x="${at(x - 4)}" y="${at(y - 4)}" width="8" height="8"/>`;
  return html`<circle class="mark" cx="${at(x)}" cy="${at(y)}" r="4.5"/>`;
}

export interface Bar {
  readonly name: string;
  readonly value: number;
  /** Colour number. */
  readonly series?: number;
}

/** Upright bars side by side; names stand below every one, or every n-th where they are many. */
export function columns(bars: readonly Bar[], { x, y }: Pick<Frame, 'x' | 'y'>): Markup {
  const width = (x.to - x.from) / Math.max(1, bars.length);
  const gap = width > 6 ? Math.min(4, width * 0.2) : 0;
  const every = Math.max(1, Math.ceil((bars.length * 34) / (x.to - x.from)));
  return html`${[1, 2, 3, 4, 5].map(series => {
    const d = bars
      .map((bar, i) =>
        (bar.series ?? 1) === series && bar.value > 0
          ? columnPath(x.from + i * width + gap / 2, width - gap, y, bar.value)
          : '',
      )
      .join('');
    return d !== '' && html`<path class="s${series} area" d="${d}"/>`;
  })}${bars.map(
    (bar, i) =>
      i % every === 0 &&
      bar.name !== '' &&
      html`<text class="tick" x="${at(x.from + (i + 0.5) * width)}" y="${y.from + 16}" text-anchor="middle">${bar.name}</text>`,
  )}`;
}

const columnPath = (left: number, width: number, y: Axis, value: number): string => {
  const top = Math.min(place(y, value), y.from - 0.5);
  return `M${left.toFixed(2)} ${y.from}V${at(top)}h${width.toFixed(2)}V${y.from}z`;
};

export interface Segment {
  readonly name: string;
  readonly share: number;
}

/** One bar of parts that make a whole; the legend stands beside it as text. */
export function stacked(segments: readonly Segment[]): Markup {
  let from = 0;
  return html`<svg class="stack" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">${segments.map(
    ({ share }, i) => {
      const x = from;
      from += 100 * share;
      return html`<rect class="c${i % 10}" x="${x.toFixed(2)}" width="${(100 * share).toFixed(2)}" height="8"/>`;
    },
  )}</svg>`;
}

export const legend = (entries: readonly (readonly [className: string, text: Part])[]): Markup =>
  html`<ul class="legend">${entries.map(([name, text]) => html`<li><svg viewBox="0 0 12 12" aria-hidden="true" class="key ${name}"><rect class="area" width="12" height="12" rx="2"/></svg>${text}</li>`)}</ul>`;

/** More of it, on demand. */
export const more = (summary: string, body: Part): Markup =>
  html`<details><summary>${summary}</summary>${body}</details>`;
