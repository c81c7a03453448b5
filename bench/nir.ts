/**
 * Networks of NIR on our chip beside the simulators that people have: the file as it is, and as our integers are when they are written
 * as NIR again. The second shows that the chip computes what it was given; the first what 8 bits cost.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { readNpz } from '../compiler/data/npz.ts';
import type { Measure, MeasureOptions } from './measure.ts';

const SCRIPT = 'bench/nir-reference.py';
const TOOLS = ['equations', 'norse', 'snntorch'] as const;
const DT = '1e-4';

type Spikes = ReadonlyMap<string, ReadonlySet<number>>;

interface Row {
  readonly name: string;
  readonly neurons: number;
  readonly cores: number;
  readonly spikes: number;
  /** Against the file as it is, and as our integers are; null: the tool does not run it. */
  readonly original: readonly (number | null)[];
  readonly written: readonly (number | null)[];
  /** Of the tools among each other, on the file as it is: the first against the others. */
  readonly tools: readonly (number | null)[];
}

/** `--data`: a folder of .nir files, in a timestep of 1e-4; reset by subtraction where their name says so. `--only`: part of a name. */
export async function measureNir({
  data,
  python,
  only,
  target = 'loihi2',
}: MeasureOptions): Promise<Measure> {
  if (data === undefined || python === undefined)
    throw new Error('--python PYTHON (with nir, norse, snntorch) and --data FOLDER of .nir files');
  const folder = mkdtempSync(join(tmpdir(), 'snnc-bench-nir-'));
  try {
    const files = readdirSync(data)
      .filter(name => name.endsWith('.nir') && (only === undefined || name.includes(only)))
      .sort();
    const rows = files.flatMap(file => {
      const row = compareFile(join(data, file), { python, target, folder });
      if (typeof row === 'string') console.log(`${file}: ${row}`);
      return typeof row === 'string' ? [] : [row];
    });
    print(rows);
    const worst = rows.flatMap(({ written }) => written.filter(share => share !== null));
    const value = Math.min(...worst);
    return {
      value,
      unit: 'least share of equal spikes',
      anchor: 'Norse, snnTorch on our integers',
      ratio: value,
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface Setting {
  readonly python: string;
  readonly target: string;
  readonly folder: string;
}

function compareFile(path: string, { python, target, folder }: Setting): Row | string {
  const reset = path.includes('subtract') ? 'subtract' : 'zero';
  const [input, ours, out, again] = ['in.npz', 'ours.npz', 'net.snnc', 'again.nir'].map(name =>
    join(folder, name),
  ) as [string, string, string, string];
  const drawn = spawnSync(python, [SCRIPT, 'draw', path, input, '--timesteps', '300', '--rate', '0.15'], {
    encoding: 'utf8',
  });
  if (drawn.status !== 0) return lastLine(drawn.stderr);
  const snnc = (...args: string[]) =>
    spawnSync(process.execPath, ['bin/snnc.js', ...args, '--json', '--quiet'], { encoding: 'utf8' });
  const options = ['--target', target, '--dt', DT, '--reset', reset, '--calibrate', input, '-o', out];
  const made = snnc('compile', path, ...options);
  if (made.status !== 0) return JSON.parse(made.stdout).diagnostics[0].message;
  const { neurons, cores } = JSON.parse(made.stdout);
  const { populations } = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8'));
  const names: string[] = populations.map(({ name }: { name: string }) => name);
  const run = snnc(
    'simulate',
    out,
    '--input',
    input,
    '--save',
    ours,
    ...names.flatMap(name => ['--record', name]),
  );
  if (run.status !== 0) return lastLine(run.stdout);
  snnc('export', out, '--to', 'nir', '-o', again);
  const chip = spikesIn(ours, name =>
    name.startsWith('population:') ? name.slice('population:'.length) : undefined,
  );
  const reference = (net: string, tool: string): Spikes | undefined => {
    const theirs = join(folder, 'theirs.npz');
    try {
      const args = [SCRIPT, 'run', net, input, theirs, '--dt', DT, '--reset', reset, '--tool', tool];
      execFileSync(python, args, { stdio: 'ignore' });
    } catch {
      return undefined;
    }
    return spikesIn(theirs, name => (names.includes(name) ? name : undefined));
  };
  const originals = TOOLS.map(tool => reference(path, tool));
  const written = TOOLS.map(tool => reference(again, tool));
  return {
    ...{ name: basename(path, '.nir'), neurons, cores: cores.used },
    spikes: [...chip.values()].reduce((n, own) => n + own.size, 0),
    original: originals.map(own => shareOf(chip, own)),
    written: written.map(own => shareOf(chip, own)),
    tools: originals.slice(1).map(own => (originals[0] === undefined ? null : shareOf(originals[0], own))),
  };
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? '';

/** Places of the spikes of each array that has a name for us, and holds nothing but spikes. */
function spikesIn(path: string, nameOf: (array: string) => string | undefined): Spikes {
  const found = new Map<string, Set<number>>();
  for (const [array, { data }] of readNpz(readFileSync(path), path)) {
    const name = nameOf(array);
    if (name === undefined || data.some(x => x !== 0 && x !== 1)) continue;
    const places = new Set<number>();
    data.forEach((x, i) => {
      if (x === 1) places.add(i);
    });
    found.set(name, places);
  }
  return found;
}

/** Of all spikes of both, those that both have; null: one of them did not run. */
function shareOf(a: Spikes, b: Spikes | undefined): number | null {
  if (b === undefined) return null;
  let [all, both] = [0, 0];
  for (const [name, own] of a) {
    const other = b.get(name) ?? new Set();
    all += own.size + other.size;
    for (const place of own) if (other.has(place)) both += 2;
  }
  return all === 0 ? 1 : both / all;
}

function print(rows: readonly Row[]): void {
  const percent = (share: number | null) =>
    (share === null ? '–' : `${(100 * share).toFixed(2)} %`).padStart(9);
  const head = `${'network'.padEnd(34)}${'neurons'.padStart(8)}${'cores'.padStart(6)}${'spikes'.padStart(8)}`;
  console.log(
    `${' '.repeat(head.length)}  equal spikes with the file as it is   with our integers as NIR        tools: equations against`,
  );
  console.log(
    `${head}${TOOLS.map(tool => tool.padStart(11)).join('')}${TOOLS.map(tool => tool.padStart(11)).join('')}${TOOLS.slice(
      1,
    )
      .map(tool => tool.padStart(11))
      .join('')}`,
  );
  for (const { name, neurons, cores, spikes, original, written, tools } of rows)
    console.log(
      `${name.padEnd(34)}${`${neurons}`.padStart(8)}${`${cores}`.padStart(6)}${`${spikes}`.padStart(8)}${[...original, ...written, ...tools].map(share => `  ${percent(share)}`).join('')}`,
    );
}
