/** The numerics report as people read it: at most 100 columns, the worst population first. */
import type { NumericsReport, PopulationNumerics } from '../compiler/numerics/report.ts';
import type { Quantity } from '../compiler/widths/prove.ts';
import { widthLine } from '../compiler/widths/summary.ts';
import { csvText } from './text-files.ts';

interface Column {
  readonly title: string;
  readonly width: number;
  readonly cell: (row: PopulationNumerics) => string;
}

const NAME_WIDTH = 20;
/** Table functions and unproved widths that are printed; --json has them all. */
const SHOWN = 8;

const nameOf = (id: string): string => {
  const name = id.replace(/^%/, '');
  return name.length <= NAME_WIDTH ? name : `${name.slice(0, 8)}…${name.slice(-(NAME_WIDTH - 9))}`;
};
const decibels = (x: number | null): string => (x === null ? '–' : x.toFixed(1));
const percent = (x: number): string => (100 * x).toFixed(1);

/** Three digits that fit six columns. */
function short(x: number): string {
  const size = Math.abs(x);
  if (size >= 1e5) return x.toExponential(0);
  return x.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
}

/** Signed bits met of a quantity, the most of several; an identity's y is its U. */
function bitsMet({ widths }: PopulationNumerics, quantity: Quantity): string {
  const isOwn = widths.some(w => w.quantity === quantity) || quantity !== 'target';
  const wanted = isOwn ? quantity : 'state';
  const met = widths.flatMap(w => (w.quantity === wanted && w.bits.met !== null ? [w.bits.met] : []));
  return met.length === 0 ? '–' : `${Math.max(...met)}`;
}

const COLUMNS: readonly Column[] = [
  { title: 'population', width: NAME_WIDTH, cell: row => nameOf(row.population) },
  { title: 'SQNR', width: 5, cell: row => decibels(row.sqnrDb.integer) },
  { title: 'thr', width: 5, cell: row => decibels(row.sqnrDb.thresholds) },
  { title: 'wgt', width: 5, cell: row => decibels(row.sqnrDb.weights) },
  { title: 'tab', width: 5, cell: row => decibels(row.sqnrDb.tables) },
  { title: 'own', width: 4, cell: row => decibels(row.firingSqnrDb) },
  { title: 'min', width: 6, cell: row => short(row.range.min) },
  { title: 'max', width: 6, cell: row => short(row.range.max) },
  { title: 'p99', width: 6, cell: row => short(row.range.p99) },
  { title: 'f', width: 5, cell: ({ format }) => `${format.fraction}/${format.outFraction}` },
  { title: 'acc', width: 3, cell: row => bitsMet(row, 'accumulator') },
  { title: 'U', width: 2, cell: row => bitsMet(row, 'state') },
  { title: 'y', width: 2, cell: row => bitsMet(row, 'target') },
  { title: 'E', width: 2, cell: row => bitsMet(row, 'sent') },
  { title: 'fire', width: 5, cell: row => percent(row.firing.share) },
  { title: 't/s', width: 4, cell: row => row.firing.termsPerSpike.toFixed(2) },
];

const line = (cell: (column: Column) => string): string =>
  COLUMNS.map((column, i) =>
    i === 0 ? cell(column).padEnd(column.width) : cell(column).padStart(column.width),
  ).join(' ');

const LEGEND = [
  'SQNR        dB of what a population has sent against its value in the float network; thr, wgt, tab:',
  '            with the thresholds, with integer weights, with tables and formats alone',
  'own         dB of what a population has sent against its own target: what its firing leaves out',
  'min max p99 values met (p99 of magnitudes);  f: fraction bits of U and of y = F(U)',
  'acc U y E   signed bits that accumulator, state, target and sum of payloads used of their words',
  'fire t/s    % of neurons that send in a step; terms (powers of two) in what they send',
];

export function renderNumerics(report: NumericsReport): string {
  const { images, coding, steps, populations } = report;
  return [
    `${images} images, coding ${coding}, T = ${steps}`,
    '',
    ...answerLines(report),
    '',
    line(column => column.title),
    ...populations.map(row => line(column => column.cell(row))),
    '',
    ...LEGEND,
    '',
    ...saturationLines(report),
    ...flipLines(report),
    ...widthLines(report),
    '',
    ...tableLines(report),
  ].join('\n');
}

const ANSWERS = {
  integer: 'integers: everything',
  thresholds: 'thresholds alone',
  weights: 'weights alone',
  tables: 'tables and formats alone',
} as const;

function answerLines({ answers }: NumericsReport): readonly string[] {
  const rows = Object.entries(answers).map(([source, { agreement, logitMse }]) => {
    const name = ANSWERS[source as keyof typeof ANSWERS];
    return `${name.padEnd(26)}${`${(100 * agreement).toFixed(2)} %`.padStart(10)}${logitMse.toExponential(2).padStart(12)}`;
  });
  return [
    `${'against the float network'.padEnd(26)}${'agreement'.padStart(10)}${'logit mse'.padStart(12)}`,
    ...rows,
  ];
}

function saturationLines({ populations, totals }: NumericsReport): readonly string[] {
  const rows = populations.flatMap(({ population, saturations: s }) =>
    s.accumulator + s.state + s.threshold === 0
      ? []
      : [
          `            ${nameOf(population)}: accumulator ${s.accumulator}, state ${s.state}, threshold ${s.threshold}`,
        ],
  );
  const { accumulator, state, threshold } = totals.saturations;
  const all = `accumulator ${accumulator}, state ${state}, threshold ${threshold}`;
  return [
    `saturations ${all} in ${totals.neurons.toLocaleString('en-US')} neurons × images × steps`,
    ...rows,
  ];
}

function flipLines({ flips, images }: NumericsReport): readonly string[] {
  const turned = flips.reduce((n, flip) => n + flip.images.length, 0);
  if (turned === 0) return [`answers     all ${images} are the float network’s`];
  const rows = flips.map(({ population, origin, images: which }) => {
    const shown = which.slice(0, SHOWN).join(', ');
    const rest = which.length > SHOWN ? ` and ${which.length - SHOWN} more` : '';
    return `            ${nameOf(population).padEnd(NAME_WIDTH)} (${origin}): image ${shown}${rest}`;
  });
  return [`answers     ${turned} of ${images} turn; in the network’s order, where:`, ...rows];
}

function widthLines({ widths }: NumericsReport): readonly string[] {
  const unproved = widths.widths.filter(w => w.status !== 'proved');
  const rows = unproved.slice(0, SHOWN).map(({ node, quantity, bits, status }) => {
    const name = `${nameOf(node)} ${quantity}`;
    return `            ${name.padEnd(34)} worst case ${bits.worst} bits of ${bits.available}, met ${bits.met ?? '–'}: ${status}`;
  });
  const more = unproved.length > SHOWN ? [`            and ${unproved.length - SHOWN} more`] : [];
  return [`widths      ${widthLine(widths)}`, ...rows, ...more];
}

function tableLines({ tables }: NumericsReport): readonly string[] {
  const rows = tables.slice(0, SHOWN).map(row => {
    const db = row.sqnrDb === null ? 'exact' : `${row.sqnrDb.toFixed(1)} dB`;
    return `${nameOf(row.population).padEnd(NAME_WIDTH)}  ${row.function.padEnd(12)} ${db.padStart(8)}   ${row.worst.toExponential(1).padStart(8)}`;
  });
  const more = tables.length > SHOWN ? [`and ${tables.length - SHOWN} better ones`] : [];
  const head = 'table functions against exact ones, on the values met';
  return [`${head}, worst first: SQNR, largest error`, ...rows, ...more];
}

/** One row a population, in the order of the table. */
export function numericsCsv({ populations }: NumericsReport): string {
  const quantities: readonly Quantity[] = ['accumulator', 'state', 'target', 'membrane', 'sent', 'inner'];
  const head = [
    ...[
      'population',
      'origin',
      'function',
      'emit',
      'neurons',
      'min',
      'max',
      'p99',
      'fraction',
      'out_fraction',
    ],
    ...[
      'theta',
      'levels',
      'terms',
      'sqnr_db',
      'sqnr_thresholds_db',
      'sqnr_weights_db',
      'sqnr_tables_db',
      'sqnr_firing_db',
    ],
    ...['error', 'error_thresholds', 'error_weights', 'error_tables'],
    ...['saturated_accumulator', 'saturated_state', 'saturated_threshold', 'fire', 'terms_per_spike'],
    ...quantities.flatMap(q => [`${q}_bits_met`, `${q}_bits_worst`, `${q}_status`]),
  ];
  const rows = populations.map(p => {
    const { range, format, sqnrDb, squaredError, saturations, firing } = p;
    return [
      ...[p.population, p.origin, p.function, p.emit, p.neurons, range.min, range.max, range.p99],
      ...[format.fraction, format.outFraction, format.theta, format.levels, format.terms],
      ...[sqnrDb.integer, sqnrDb.thresholds, sqnrDb.weights, sqnrDb.tables, p.firingSqnrDb],
      ...[squaredError.integer, squaredError.thresholds, squaredError.weights, squaredError.tables],
      ...[
        saturations.accumulator,
        saturations.state,
        saturations.threshold,
        firing.share,
        firing.termsPerSpike,
      ],
      ...quantities.flatMap(quantity => widthCells(p, quantity)),
    ];
  });
  return csvText([head, ...rows]);
}

/** The widest of a population's accumulators stands for all. */
function widthCells({ widths }: PopulationNumerics, quantity: Quantity): readonly (string | number | null)[] {
  const own = widths.filter(w => w.quantity === quantity).sort((a, b) => b.bits.worst - a.bits.worst)[0];
  return own === undefined ? [null, null, null] : [own.bits.met, own.bits.worst, own.status];
}
