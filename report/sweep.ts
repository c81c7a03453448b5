/** Many compiles side by side: rows of figures, which of them nothing beats, and the same as text and CSV. */
import { z } from 'zod';
import { layoutTable } from './table.ts';
import { energyRange, seconds } from './units.ts';

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const figure = z.number().nullable();

const figuresSchema = z.strictObject({
  board: z.string(),
  mode: z.string(),
  steps: z.number(),
  cores: z.number(),
  chips: z.number(),
  /** Of an image alone, at least. */
  latencySeconds: figure,
  /** Images a second, at most. */
  throughput: figure,
  /** Of an image, by the target's first cost set; null: it has none. */
  energyPj: figure,
  /** With what nobody has published taken from the next chip that has it. */
  energyHighPj: figure,
  costSet: z.string().nullable(),
  /** Of the integer network, as the chip gives it; null: nothing was measured. */
  accuracy: figure,
  agreement: figure,
  logitMse: figure,
  /** Eq. 30 by the paper's count: counted where images were run, else predicted. */
  eq30: figure,
});
export type SweepFigures = z.infer<typeof figuresSchema>;

const rowSchema = z.strictObject({
  index: z.int().nonnegative(),
  /** Of fields with several values: the one of this point. */
  options: z.record(z.string(), scalar),
  /** Null: it did not come to figures, and `problem` says why. */
  figures: figuresSchema.nullable(),
  problem: z.strictObject({ code: z.string(), message: z.string(), origin: z.string() }).nullable(),
});
export type SweepRow = z.infer<typeof rowSchema>;

export const sweepFacts = z.strictObject({
  axes: z.array(z.string()),
  /** Fields with one value. */
  fixed: z.record(z.string(), scalar),
  rows: z.array(rowSchema),
});
export type SweepFacts = z.infer<typeof sweepFacts>;

/** What is to be large or small. */
export const OBJECTIVES = [
  { name: 'accuracy', label: 'accuracy', better: 'more' },
  { name: 'agreement', label: 'agreement', better: 'more' },
  { name: 'energyPj', label: 'energy', better: 'less' },
  { name: 'cores', label: 'cores', better: 'less' },
  { name: 'latencySeconds', label: 'latency', better: 'less' },
  { name: 'throughput', label: 'throughput', better: 'more' },
] as const;
export type Objective = (typeof OBJECTIVES)[number];

export interface SweepResult extends Omit<SweepFacts, 'rows'> {
  readonly schema: 'snnc-sweep';
  readonly schemaVersion: 1;
  readonly points: number;
  readonly failed: number;
  /** What the front is over: figures that every point has. */
  readonly objectives: readonly Objective['name'][];
  /** Points that no other beats: as good in everything and better in something. */
  readonly front: readonly number[];
  readonly rows: readonly SweepRow[];
}

type Done = SweepRow & { readonly figures: SweepFigures };
const isDone = (row: SweepRow): row is Done => row.figures !== null;

export function sweepResult({ axes, fixed, rows }: SweepFacts): SweepResult {
  const done = rows.filter(isDone);
  const objectives = objectivesOf(done);
  return {
    schema: 'snnc-sweep',
    schemaVersion: 1,
    axes,
    fixed,
    points: rows.length,
    failed: rows.length - done.length,
    objectives: objectives.map(({ name }) => name),
    front: frontOf(done, objectives),
    rows,
  };
}

/** Agreement stands in where there is no accuracy; energies by different cost sets are no figure to compare. */
function objectivesOf(rows: readonly Done[]): readonly Objective[] {
  const has = ({ name }: Objective) => rows.length > 0 && rows.every(({ figures }) => figures[name] !== null);
  const costSets = new Set(rows.map(({ figures }) => figures.costSet));
  const isMeasured = rows.every(({ figures }) => figures.accuracy !== null);
  return OBJECTIVES.filter(has)
    .filter(({ name }) => name !== 'agreement' || !isMeasured)
    .filter(({ name }) => name !== 'energyPj' || costSets.size === 1);
}

/** Cost: quadratic in the number of points. */
function frontOf(rows: readonly Done[], objectives: readonly Objective[]): readonly number[] {
  const valuesOf = ({ figures }: Done) =>
    objectives.map(({ name, better }) => (better === 'more' ? 1 : -1) * figures[name]!);
  const values = rows.map(valuesOf);
  const beats = (a: readonly number[], b: readonly number[]) =>
    a.every((value, i) => value >= b[i]!) && a.some((value, i) => value > b[i]!);
  return rows.filter((_, i) => !values.some(other => beats(other, values[i]!))).map(({ index }) => index);
}

export const valueText = (value: string | number | boolean | null | undefined): string =>
  value === null || value === undefined ? '–' : `${value}`;

const percent = (share: number | null): string => (share === null ? '–' : `${(100 * share).toFixed(2)} %`);
const rate = (perSecond: number | null): string =>
  perSecond === null ? '–' : perSecond.toLocaleString('en-US', { maximumSignificantDigits: 4 });

interface SweepColumn {
  readonly head: string;
  readonly of: (figures: SweepFigures) => string;
}

/** Columns of figures beside those of the axes. */
export const columnsBeside = (axes: readonly string[]): readonly SweepColumn[] =>
  COLUMNS.filter(({ head }) => !axes.includes(head));

const COLUMNS: readonly SweepColumn[] = [
  { head: 'accuracy', of: f => percent(f.accuracy) },
  { head: 'agreement', of: f => percent(f.agreement) },
  {
    head: 'energy',
    of: f => (f.energyPj === null ? '–' : energyRange(f.energyPj, f.energyHighPj ?? f.energyPj)),
  },
  { head: 'cores', of: f => f.cores.toLocaleString('en-US') },
  { head: 'chips', of: f => f.chips.toLocaleString('en-US') },
  { head: 'latency', of: f => (f.latencySeconds === null ? '–' : seconds(f.latencySeconds)) },
  { head: 'images/s', of: f => rate(f.throughput) },
  { head: 'Eq. 30', of: f => f.eq30?.toFixed(3) ?? '–' },
  { head: 'mode', of: f => f.mode },
  { head: 'board', of: f => f.board },
];

/** As a terminal shows it; `columns`: how wide that is. */
export function sweepLines(result: SweepResult, columns: number): readonly string[] {
  const { rows, axes, front, objectives, failed } = result;
  const best = new Set(front);
  const done = rows.filter(isDone);
  const beside = columnsBeside(axes);
  const cells = done.map(({ index, options, figures }) => [
    `${best.has(index) ? '*' : ' '} ${index}`,
    ...axes.map(axis => valueText(options[axis])),
    ...beside.map(({ of }) => of(figures)),
  ]);
  const table =
    done.length === 0
      ? []
      : layoutTable([['  #', ...axes, ...beside.map(({ head }) => head)], ...cells], { columns });
  const labels = OBJECTIVES.filter(({ name }) => objectives.includes(name)).map(({ label }) => label);
  return [
    ...table,
    ...(done.length === 0
      ? []
      : ['', `* nothing else is better in ${labels.join(', ')} without being worse in one of them`]),
    ...(failed === 0 ? [] : ['', `${failed} of ${rows.length} points came to nothing:`]),
    ...rows.flatMap(({ index, options, problem }) =>
      problem === null
        ? []
        : [
            `  ${index}  ${axes.map(axis => `${axis} ${valueText(options[axis])}`).join(', ')}  ${problem.code}: ${problem.message}`,
          ],
    ),
  ];
}

const FIGURES = Object.keys(figuresSchema.shape) as readonly (keyof SweepFigures)[];

/** One row a point, figures as they are. */
export function sweepCsv({ rows, axes, front }: SweepResult): string {
  const best = new Set(front);
  const names = FIGURES.map(name => (axes.includes(name) ? `${name}.result` : name));
  const head = ['index', ...axes, 'front', ...names, 'code', 'message'];
  const lines = rows.map(({ index, options, figures, problem }) => [
    index,
    ...axes.map(axis => options[axis]),
    best.has(index) ? 1 : 0,
    ...FIGURES.map(name => figures?.[name]),
    problem?.code,
    problem?.message,
  ]);
  return `${[head, ...lines].map(line => line.map(cell).join(',')).join('\n')}\n`;
}

const cell = (value: unknown): string => {
  const text = value === null || value === undefined ? '' : `${value}`;
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};
