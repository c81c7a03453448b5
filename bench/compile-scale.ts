/**
 * How the whole compile, and the mapping of an outline, grow with the network: each model in a process of its own, time of
 * the processor by step, peak memory, size of what came out; exponents fitted on logarithms. Processor time, since a busy
 * machine lengthens every other.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Chart, chartSvg } from '../report/svg.ts';
import { bigNumber } from '../report/units.ts';

export interface ScalePoint {
  readonly model: string;
  readonly parameters: number;
  readonly neurons: number;
  readonly cores: number;
  readonly chips: number;
  readonly routes: number;
  readonly deliveries: number;
  readonly cpuSeconds: number;
  readonly peakBytes: number;
  /** Seconds by step: by the clock for a compile, of the processor for an outline. */
  readonly steps: Readonly<Record<string, number>>;
}

export type ScaleRow = ScalePoint | { readonly model: string; readonly problem: string };

export interface ScaleWishes {
  readonly target: string;
  readonly mode: string;
  /** Mapping of the outline alone, under this reading of the neurons a core may hold. */
  readonly reading?: string | undefined;
}

/** Sizes that the generator knows, and how many tokens they have. */
export const SIZES = ['tiny', 's', 'b', 'l'] as const;

/** Models of growing size by `python TOOL --variant SIZE -o FILE`; those that are there are kept. */
export function generateModels(tool: string, python: string, folder: string, sizes: readonly string[]): void {
  mkdirSync(folder, { recursive: true });
  for (const size of sizes) {
    const file = join(folder, `vit-${size}.onnx`);
    if (!existsSync(file)) execFileSync(python, [tool, '--variant', size, '-o', file], { stdio: 'inherit' });
  }
}

export const modelsOf = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.onnx'))
    .map(file => join(folder, file));

export function measureGrowth(models: readonly string[], wishes: ScaleWishes): readonly ScaleRow[] {
  const rows = models.map(model =>
    wishes.reading === undefined ? compile(model, wishes) : outline(model, wishes),
  );
  return rows.toSorted((a, b) => ('problem' in a || 'problem' in b ? 0 : a.parameters - b.parameters));
}

function compile(model: string, { target, mode }: ScaleWishes): ScaleRow {
  const options = [
    '--target',
    target,
    '--mode',
    mode,
    '--effort',
    'fast',
    '--simulate',
    '0',
    '--dry-run',
    '--json',
  ];
  const found = jsonOf(['bin/snnc.js', 'compile', model, ...options]);
  if (typeof found === 'string') return { model: basename(model), problem: found };
  if (found.fits !== true) return { model: basename(model), problem: JSON.stringify(found.diagnostics) };
  const {
    weights: parameters,
    neurons,
    cores,
    chips,
    routes,
    deliveries,
    cpuSeconds,
    peakBytes,
    stepSeconds,
  } = found;
  const size = { cores: cores.used, chips: chips.used, routes, deliveries };
  return { model: basename(model), parameters, neurons, ...size, cpuSeconds, peakBytes, steps: stepSeconds };
}

function outline(model: string, { target, mode, reading = 'neurons' }: ScaleWishes): ScaleRow {
  const found = jsonOf(['build/bench/map-outline.js', model, target, mode, '8', 'fast', reading]);
  if (typeof found === 'string') return { model: basename(model), problem: found };
  if (found.fits === true) return { ...found, model: basename(model) };
  const bound = `at least ${found.fewestCores} of ${found.available} cores`;
  return { model: basename(model), problem: `${found.why.join('; ')}; ${bound}` };
}

function jsonOf(command: readonly string[]) {
  const { stdout, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8', maxBuffer: 2 ** 28 });
  try {
    return JSON.parse(stdout);
  } catch {
    const lines = stderr.trim().split('\n');
    return lines.find(line => /error/i.test(line)) ?? lines.at(-1) ?? 'it said nothing';
  }
}

/** Slope of log y over log x, least squares. */
export function exponentOf(points: readonly (readonly [x: number, y: number])[]): number {
  const logs = points.map(([x, y]) => [Math.log(x), Math.log(y)] as const);
  const mean = (of: 0 | 1) => logs.reduce((sum, point) => sum + point[of], 0) / logs.length;
  const [mx, my] = [mean(0), mean(1)];
  const spread = logs.reduce((sum, [x]) => sum + (x - mx) ** 2, 0);
  return logs.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0) / spread;
}

const MEASURES = {
  'processor time': (row: ScalePoint) => row.cpuSeconds,
  'peak memory': (row: ScalePoint) => row.peakBytes,
} as const;
const SIZES_OF = {
  parameters: (row: ScalePoint) => row.parameters,
  neurons: (row: ScalePoint) => row.neurons,
} as const;

export interface Exponent {
  readonly measure: string;
  readonly against: string;
  readonly exponent: number;
}

export const exponentsOf = (rows: readonly ScalePoint[]): readonly Exponent[] =>
  Object.entries(MEASURES).flatMap(([measure, y]) =>
    Object.entries(SIZES_OF).map(([against, x]) => ({
      measure,
      against,
      exponent: exponentOf(rows.map(row => [x(row), y(row)])),
    })),
  );

export const pointsOf = (rows: readonly ScaleRow[]): readonly ScalePoint[] =>
  rows.filter((row): row is ScalePoint => !('problem' in row));

const millions = (n: number): string => `${(n / 1e6).toPrecision(3)} M`;
const COLUMNS: Readonly<Record<string, (row: ScalePoint) => string>> = {
  model: row => row.model,
  parameters: row => millions(row.parameters),
  neurons: row => millions(row.neurons),
  cores: row => `${row.cores}`,
  chips: row => `${row.chips}`,
  routes: row => millions(row.routes),
  deliveries: row => millions(row.deliveries),
  'processor s': row => row.cpuSeconds.toFixed(1),
  'peak MB': row => (row.peakBytes / 1e6).toFixed(0),
  'longest steps': row =>
    Object.entries(row.steps)
      .toSorted((a, b) => b[1] - a[1])
      .slice(0, 4)
      .map(([name, seconds]) => `${name} ${seconds.toFixed(1)}`)
      .join(', '),
};

export function printGrowth(rows: readonly ScaleRow[]): string {
  const heads = Object.keys(COLUMNS);
  const cells = pointsOf(rows).map(row => Object.values(COLUMNS).map(print => print(row)));
  const table = [heads, heads.map(() => '---'), ...cells].map(line => `| ${line.join(' | ')} |`);
  const problems = rows.flatMap(row => ('problem' in row ? [`${row.model}: ${row.problem}`] : []));
  const points = pointsOf(rows);
  const fits = points.length < 2 ? [] : exponentsOf(points);
  const said = fits.map(
    ({ measure, against, exponent }) => `${measure} grows with ${against}^${exponent.toFixed(2)}`,
  );
  return [...table, ...problems, ...said].join('\n');
}

/** Both measures against neurons, on logarithms. */
export function growthChart(points: readonly ScalePoint[]): Chart {
  const log = (of: (row: ScalePoint) => number) =>
    points.map(row => [Math.log10(row.neurons), Math.log10(of(row))] as const);
  const print = (exponent: number) => bigNumber(Number((10 ** exponent).toPrecision(2)));
  return {
    title: 'Compile against the size of the network',
    x: { label: 'million neurons', print: exponent => print(exponent - 6) },
    y: { label: 'processor seconds; peak memory in MB', print },
    series: [
      { name: 'processor time', points: log(row => row.cpuSeconds) },
      { name: 'peak memory', points: log(row => row.peakBytes / 1e6) },
    ],
  };
}

export function saveGrowth(folder: string, rows: readonly ScaleRow[]): void {
  mkdirSync(folder, { recursive: true });
  const points = pointsOf(rows).toSorted((a, b) => a.neurons - b.neurons);
  const names = [
    'model',
    'parameters',
    'neurons',
    'cores',
    'chips',
    'routes',
    'cpuSeconds',
    'peakBytes',
  ] as const;
  const lines = [names.join(','), ...points.map(row => names.map(name => row[name]).join(','))];
  writeFileSync(join(folder, 'compile-scale.csv'), `${lines.join('\n')}\n`);
  writeFileSync(join(folder, 'compile-scale.svg'), chartSvg(growthChart(points)));
}
