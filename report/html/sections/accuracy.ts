/** Accuracy and energy over T, firing by threshold, and the chain of stages. */
import type { Report } from '../../schema.ts';
import { type Axis, chart, columns, frame, legend, line, markAt, more, place } from '../chart.ts';
import type { Asker } from '../figures.ts';
import { digits, format, formatBand, plural, powerOfTwo, UNKNOWN } from '../format.ts';
import { html, type Markup, type Part } from '../markup.ts';
import { table } from '../table.ts';
import { missing, type Section } from './section.ts';

export const ACCURACY: Section = {
  id: 'accuracy',
  title: 'Accuracy and energy',
  asks: 'What accuracy does each timestep buy, at what energy, and where do stages differ?',
  body: (report, ask) =>
    html`${curves(report, ask)}${validation(report, ask)}${chain(report, ask)}${firing(report, ask)}${search(report, ask)}`,
};

type Curve = Report['accuracy']['curve'][number];
const NAMES: Readonly<Record<Curve['method'], string>> = {
  ours: 'This compiler',
  paper: 'The paper’s method',
};
const SERIES: Readonly<Record<Curve['method'], number>> = { ours: 1, paper: 2 };

const WIDTH = 520;
const HEIGHT = 320;

function curves(report: Report, ask: Asker): Part {
  const { accuracy } = report;
  if (accuracy.curve.length === 0)
    return html`<h3>Accuracy and energy over T</h3>${missing(accuracy.missing?.reason ?? 'No curve was measured.', accuracy.missing?.command)}${chosenLine(report, ask)}`;
  return html`<h3>Accuracy and energy over T</h3>${curveChart(report)}${chosenLine(report, ask)}${table(
    'Method and T: accuracy, agreement with the float network, Eq. 30',
    [
      { head: 'Method', isName: true, of: row => NAMES[row.curve.method] },
      { head: 'T', unit: '', of: row => row.steps },
      { head: 'Accuracy', unit: '%', of: row => row.accuracy, path: 'accuracy.curve.accuracy' },
      {
        head: '95 % interval',
        of: row => (row.low === null || row.high === null ? null : formatBand(row.low, row.high, '%')),
      },
      { head: 'Agreement', unit: '%', of: row => row.agreement, path: 'accuracy.curve.agreement' },
      { head: 'Logit error', unit: '', of: row => row.logitMse, path: 'accuracy.curve.logitMse' },
      { head: 'Eq. 30', unit: '', of: row => row.eq30, path: 'accuracy.curve.eq30' },
    ],
    accuracy.curve.flatMap(curve =>
      curve.steps.map((steps, i) => ({
        curve,
        steps,
        accuracy: curve.accuracy[i] ?? null,
        low: curve.low[i] ?? null,
        high: curve.high[i] ?? null,
        agreement: curve.agreement[i]!,
        logitMse: curve.logitMse[i]!,
        eq30: curve.eq30[i]!,
      })),
    ),
    ask.figures,
    { file: 'curve' },
  )}`;
}

function curveChart({ accuracy }: Report): Markup {
  const isLabelled = accuracy.isLabelled;
  const yOf = (curve: Curve, i: number) => (isLabelled ? curve.accuracy[i] : curve.agreement[i]) ?? null;
  const lines = accuracy.curve.map(curve => ({
    curve,
    points: curve.steps.flatMap((steps, i) => {
      const y = yOf(curve, i);
      return y === null ? [] : [{ x: curve.eq30[i]!, y: 100 * y, label: String(steps) }];
    }),
  }));
  const ann = isLabelled ? (accuracy.float?.accuracy ?? null) : 1;
  const { chosen } = accuracy;
  const chosenY = isLabelled ? chosen.accuracy : chosen.agreement;
  const all = lines.flatMap(({ points }) => points);
  const ys = [
    ...all.map(p => p.y),
    ...(ann === null ? [] : [100 * ann]),
    ...(chosenY === null ? [] : [100 * chosenY]),
  ];
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const pad = Math.max(0.25, (high - low) * 0.15);
  const y: Axis = { low: low - pad, high: Math.min(100 + pad / 2, high + pad), from: HEIGHT - 46, to: 48 };
  const x: Axis = {
    low: 0,
    high: 1.08 * Math.max(chosen.eq30, ...all.map(p => p.x)),
    from: 52,
    to: WIDTH - 14,
  };
  const what = isLabelled ? 'Accuracy' : 'Agreement with the float network';
  const annY = ann === null ? null : place(y, 100 * ann);
  // Its name stands where no point of ours is.
  const isFree = !lines.some(
    ({ curve, points }) => curve.method === 'ours' && points.some(p => p.x > 0.7 * x.high),
  );
  return html`${chart(
    {
      id: 'curve',
      title: `${what} over energy`,
      says: [
        ann === null ? '' : `Float network: ${format(ann, '%')} at 1.`,
        ...lines.map(
          ({ curve, points }) =>
            `${NAMES[curve.method]}: ${points.map(p => `T = ${p.label}, ${digits(p.y)} % at ${digits(p.x)}`).join('; ')}.`,
        ),
        `Chosen: T = ${chosen.steps} at ${digits(chosen.eq30)}.`,
      ].join(' '),
    },
    WIDTH,
    HEIGHT,
    html`${frame({ x, y, xLabel: 'Energy, share of the float network’s (Eq. 30, paper’s count)', yLabel: `${what}, %` })}
${annY !== null && html`<line class="ann" x1="${x.from}" x2="${x.to}" y1="${annY.toFixed(1)}" y2="${annY.toFixed(1)}"/><text class="tick" x="${isFree ? x.to : x.from + 4}" y="${(annY - 7).toFixed(1)}" text-anchor="${isFree ? 'end' : 'start'}">${isLabelled ? 'float network' : 'full agreement'}</text>`}
${lines.map(({ curve, points }) => line(points, x, y, SERIES[curve.method], 'T = '))}
${chosenY !== null && html`<g class="chosen">${markAt(place(x, chosen.eq30), place(y, 100 * chosenY), 1)}<circle class="ring" cx="${place(x, chosen.eq30).toFixed(1)}" cy="${place(y, 100 * chosenY).toFixed(1)}" r="9"/></g>`}`,
    html`On ${plural(accuracy.images, 'image')} of ${accuracy.source}. ${accuracy.curve.map(curve => html`${NAMES[curve.method]}: ${curve.says}. `)}`,
  )}${legend([
    ...accuracy.curve.map(({ method }) => [`s${SERIES[method]}`, NAMES[method]] as const),
    ['ann', 'Float network'] as const,
    ['chosen', 'Chosen'] as const,
  ])}`;
}

function chosenLine({ accuracy: { chosen }, header }: Report, ask: Asker): Markup {
  return html`<p>Deployed: coding <b>${chosen.coding}</b>, T = ${ask.number('accuracy.chosen.steps', chosen.steps)}; Eq. 30 ${ask.number('accuracy.chosen.eq30', chosen.eq30)}; logit error ${ask.number('accuracy.chosen.logitMse', chosen.logitMse)} of their variance on ${plural(header.calibration.images, 'calibration image')} (${header.calibration.source})${chosen.agreement !== null && html`; agreement ${ask.number('accuracy.chosen.agreement', chosen.agreement, '%')}`}${chosen.accuracy !== null && html`; accuracy ${ask.number('accuracy.chosen.accuracy', chosen.accuracy, '%')}`}.</p>`;
}

function validation({ accuracy }: Report, ask: Asker): Part {
  const found = accuracy.validation;
  if (found === null) return false;
  const rows = found.integer.map((_, i) => i);
  return html`<h3>Validated</h3>${table(
    html`Accuracy after each timestep on ${plural(found.samples, 'image')} of ${found.data}; float network ${format(found.float, '%')}`,
    [
      { head: 'After timestep', unit: '', of: i => i + 1 },
      {
        head: 'Converted',
        unit: '%',
        of: i => found.converted[i] ?? null,
        path: 'accuracy.validation.converted',
      },
      { head: 'Integer', unit: '%', of: i => found.integer[i] ?? null, path: 'accuracy.validation.integer' },
      {
        head: 'Simulated',
        unit: '%',
        of: i => found.simulated[i] ?? null,
        path: 'accuracy.validation.simulated',
      },
      {
        head: 'Agreement',
        unit: '%',
        of: i => found.agreement[i] ?? null,
        path: 'accuracy.validation.agreement',
      },
      {
        head: 'Logit error',
        unit: '',
        of: i => found.logitMse[i] ?? null,
        path: 'accuracy.validation.logitMse',
      },
    ],
    rows,
    ask.figures,
    { file: 'validation' },
  )}<p class="small">First difference between integer network and chip: ${found.firstDifference ?? 'none'}.</p>`;
}

const HOLDS = new Map<boolean | null, string>([
  [true, 'holds'],
  [false, 'broken'],
  [null, 'not checked'],
]);

function chain({ accuracy }: Report, ask: Asker): Markup {
  return html`<h3>Stages compared</h3>${table(
    'Each stage is run beside the one above it',
    [
      { head: 'Stages', isName: true, of: row => `${row.from} → ${row.to}` },
      { head: 'Promise', of: row => row.class },
      {
        head: 'Found',
        of: row => HOLDS.get(row.holds)!,
        show: row =>
          html`<span class="state ${row.holds === null ? 'open' : row.holds ? 'yes' : 'no'}">${HOLDS.get(row.holds)}</span>`,
      },
      {
        head: 'Largest error',
        unit: '',
        of: row => row.maxError,
        path: 'accuracy.chain.maxError',
        show: row => (row.maxError === null ? UNKNOWN : digits(row.maxError)),
      },
      { head: 'How', of: row => row.says },
    ],
    accuracy.chain,
    ask.figures,
    { isQuiet: true },
  )}`;
}

function firing({ accuracy, layers }: Report, ask: Asker): Part {
  const { firing: rows } = accuracy;
  if (rows === null || rows.length === 0)
    return html`<h3>Firing by threshold</h3>${missing('Not measured.')}`;
  const most = Math.max(...rows.map(row => Math.max(row.positive.length, row.negative.length)));
  const neurons = rows.reduce((sum, row) => sum + layers[row.layer]!.neurons, 0);
  const mean = (side: 'positive' | 'negative', p: number) =>
    rows.reduce((sum, row) => sum + (row[side][p] ?? 0) * layers[row.layer]!.neurons, 0) /
    Math.max(1, neurons);
  const powers = Array.from({ length: most }, (_, p) => p);
  const bars = [
    ...powers
      .toReversed()
      .map(p => ({ name: `−${powerOfTwo(p)}`, value: 100 * mean('negative', p), series: 2 })),
    ...powers.map(p => ({ name: powerOfTwo(p), value: 100 * mean('positive', p), series: 1 })),
  ];
  const y: Axis = { low: 0, high: 1.1 * Math.max(...bars.map(b => b.value), 1e-9), from: 190, to: 26 };
  const x: Axis = { low: 0, high: bars.length, from: 44, to: WIDTH - 10 };
  const quiet = 100 - bars.reduce((sum, b) => sum + b.value, 0);
  return html`<h3>Firing by threshold</h3>${chart(
    {
      id: 'firing',
      title: 'How often each threshold fires',
      says: `${bars.map(b => `${b.name} θ: ${digits(b.value)} %`).join(', ')}; ${quiet > 0 ? `${digits(quiet)} % of neurons and steps send nothing` : 'neurons send more than one term'}.`,
    },
    WIDTH,
    236,
    html`${frame({ x: { ...x, low: 0, high: 0 }, y, xLabel: 'Threshold, in units of θ', yLabel: 'Neurons and steps, %', xTick: () => '' })}${columns(bars, { x, y })}`,
    'Mean over populations that fire, weighed by their neurons: Figure 6 of the paper for this network.',
  )}${more(
    'By population',
    table(
      'Share of neurons and steps that send each threshold',
      [
        { head: 'Population', isName: true, of: row => layers[row.layer]!.name },
        ...powers.map(p => ({
          head: `+${powerOfTwo(p)}`,
          unit: '%',
          of: (row: (typeof rows)[number]) => row.positive[p] ?? null,
          path: 'accuracy.firing.positive',
        })),
        ...powers.map(p => ({
          head: `−${powerOfTwo(p)}`,
          unit: '%',
          of: (row: (typeof rows)[number]) => row.negative[p] ?? null,
          path: 'accuracy.firing.negative',
        })),
      ],
      rows,
      ask.figures,
      { file: 'firing' },
    ),
  )}`;
}

function search({ accuracy }: Report, ask: Asker): Part {
  const found = accuracy.search;
  if (found === null) return false;
  return more(
    'Curve of the threshold search',
    table(
      `Predicted before any run; limit: ${found.limit} ${found.value}`,
      [
        { head: 'Eq. 30', unit: '', of: i => found.eq30[i]!, path: 'accuracy.search.eq30' },
        { head: 'Logit error', unit: '', of: i => found.logitMse[i]!, path: 'accuracy.search.logitMse' },
      ],
      found.eq30.map((_, i) => i),
      ask.figures,
      { file: 'search' },
    ),
  );
}
