/** Line charts as SVG text: no script, no font of their own, light and dark by the reader's setting. */

export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly isDashed?: boolean;
}

export interface Axis {
  readonly label: string;
  /** Marks; without them round numbers. */
  readonly ticks?: readonly { readonly at: number; readonly text: string }[];
  /** Printed form of round marks. */
  readonly print?: (value: number) => string;
}

export interface Chart {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
}

const SIZE = { width: 720, height: 440 } as const;
const PLOT = { left: 72, top: 44, right: 700, bottom: 330 } as const;
/** An entry is a line and its name; `letter`: width of one, about. */
const LEGEND = { top: 392, line: 28, letter: 6.6, gap: 16, row: 18, most: 4 } as const;

/** Columns that the longest name leaves room for. */
function legendColumns(series: readonly Series[]): number {
  const longest = Math.max(0, ...series.map(({ name }) => name.length));
  const width = LEGEND.line + longest * LEGEND.letter + LEGEND.gap;
  return Math.max(1, Math.min(LEGEND.most, Math.floor((PLOT.right - PLOT.left) / width)));
}

/** Distinct for the colour-blind as well (Okabe and Ito, 2002), the dark ones lightened. */
const COLOURS = [
  '#0072b2',
  '#d55e00',
  '#009e73',
  '#cc79a7',
  '#8a6d00',
  '#a65628',
  '#555555',
  '#7a3b9a',
] as const;
const DARK_COLOURS = [
  ...['#56b4e9', '#ff8f4a', '#35d0a5', '#f0a5cd', '#f0e442', '#d9a066', '#bbbbbb', '#c79be6'],
] as const;

export function chartSvg(chart: Chart): string {
  const all = chart.series.flatMap(({ points }) => points);
  const x = scaleOf(
    chart.x,
    all.map(p => p[0]),
    PLOT.left,
    PLOT.right,
  );
  const y = scaleOf(
    chart.y,
    all.map(p => p[1]),
    PLOT.bottom,
    PLOT.top,
  );
  const columns = legendColumns(chart.series);
  const rows = Math.ceil(chart.series.length / columns);
  const height = SIZE.height + Math.max(0, rows - 2) * LEGEND.row;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE.width} ${height}" role="img" aria-label="${escapeXml(chart.title)}">`,
    `<title>${escapeXml(chart.title)}</title>`,
    `<style>${styleSheet()}</style>`,
    `<rect class="paper" width="${SIZE.width}" height="${height}"/>`,
    text(SIZE.width / 2, 26, chart.title, 'middle', 'title'),
    ...y.ticks.flatMap(({ at, text: label }) => [
      `<line class="grid" x1="${PLOT.left}" x2="${PLOT.right}" y1="${round(y.place(at))}" y2="${round(y.place(at))}"/>`,
      text(PLOT.left - 8, y.place(at) + 4, label, 'end'),
    ]),
    ...x.ticks.map(({ at, text: label }) => text(x.place(at), PLOT.bottom + 18, label, 'middle')),
    `<path class="axis" d="M${PLOT.left} ${PLOT.top}V${PLOT.bottom}H${PLOT.right}"/>`,
    text((PLOT.left + PLOT.right) / 2, PLOT.bottom + 40, chart.x.label, 'middle'),
    `<g transform="rotate(-90 18 ${(PLOT.top + PLOT.bottom) / 2})">${text(18, (PLOT.top + PLOT.bottom) / 2, chart.y.label, 'middle')}</g>`,
    ...chart.series.map((series, i) => curve(series, i, x, y)),
    ...chart.series.map((series, i) => legendEntry(series, i, columns)),
    '</svg>',
    '',
  ].join('\n');
}

interface Scale {
  readonly place: (value: number) => number;
  readonly ticks: readonly { readonly at: number; readonly text: string }[];
}

function scaleOf({ ticks, print }: Axis, values: readonly number[], from: number, to: number): Scale {
  const numbers = [...values, ...(ticks ?? []).map(tick => tick.at)].filter(Number.isFinite);
  const marks = ticks ?? roundTicks(numbers).map(at => ({ at, text: print?.(at) ?? plain(at) }));
  const low = Math.min(...numbers, ...marks.map(mark => mark.at));
  const high = Math.max(...numbers, ...marks.map(mark => mark.at));
  const span = high > low ? high - low : 1;
  return { place: value => from + ((value - low) / span) * (to - from), ticks: marks };
}

/** Up to seven round numbers from below the least value to above the largest. */
export function roundTicks(values: readonly number[]): readonly number[] {
  const low = Math.min(...values);
  const high = Math.max(...values);
  if (!Number.isFinite(low) || !Number.isFinite(high)) return [0, 1];
  const raw = (high - low || Math.abs(high) || 1) / 5;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map(n => n * power).find(n => n >= raw)!;
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  return Array.from({ length: Math.max(1, last - first) + 1 }, (_, i) => (first + i) * step);
}

const plain = (value: number): string => `${Number(value.toPrecision(6))}`;
const round = (value: number): string => `${Math.round(value * 100) / 100}`;

function curve({ points, isDashed }: Series, i: number, x: Scale, y: Scale): string {
  const places = points
    .filter(point => point.every(Number.isFinite))
    .map(([px, py]) => [round(x.place(px)), round(y.place(py))] as const);
  const path = places.map(([px, py], n) => `${n === 0 ? 'M' : 'L'}${px} ${py}`).join('');
  const dash = dashOf(isDashed, i);
  const marks = isDashed === true ? [] : places.map(([px, py]) => `<circle cx="${px}" cy="${py}" r="3"/>`);
  return `<g class="s${i % COLOURS.length}"><path class="curve" d="${path}"${dash}/>${marks.join('')}</g>`;
}

/** Reference lines are dashed, and so is each further round through the colours, otherwise. */
function dashOf(isDashed: boolean | undefined, i: number): string {
  const rounds = ['', '2 3', '9 3 2 3'];
  const pattern = isDashed === true ? '6 5' : rounds[Math.floor(i / COLOURS.length) % rounds.length]!;
  return pattern === '' ? '' : ` stroke-dasharray="${pattern}"`;
}

function legendEntry({ name, isDashed }: Series, i: number, columns: number): string {
  const left = PLOT.left + (i % columns) * Math.floor((PLOT.right - PLOT.left) / columns);
  const top = LEGEND.top + Math.floor(i / columns) * LEGEND.row;
  const dash = dashOf(isDashed, i);
  const line = `<path class="curve" d="M${left} ${top - 4}h22"${dash}/>`;
  return `<g class="s${i % COLOURS.length}">${line}</g>${text(left + LEGEND.line, top, name, 'start')}`;
}

const text = (x: number, y: number, content: string, anchor: string, kind = 'label'): string =>
  `<text class="${kind}" x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${escapeXml(content)}</text>`;

const escapeXml = (content: string): string =>
  content.replace(/[&<>"]/g, c => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]!);

function styleSheet(): string {
  const series = (colours: readonly string[]) =>
    colours.map((c, i) => `.s${i} .curve{stroke:${c}}.s${i} circle{fill:${c}}`).join('');
  const theme = (ink: string, paper: string, grid: string) =>
    `.paper{fill:${paper}}text{fill:${ink}}.axis{stroke:${ink}}.grid{stroke:${grid}}`;
  return [
    'text{font:13px system-ui,sans-serif}.title{font-size:16px;font-weight:600}',
    '.curve,.axis{fill:none;stroke-width:2}.axis{stroke-width:1}',
    theme('#222', '#fff', '#ddd'),
    series(COLOURS),
    `@media (prefers-color-scheme:dark){${theme('#ddd', '#16181c', '#3a3d44')}${series(DARK_COLOURS)}}`,
  ].join('');
}
