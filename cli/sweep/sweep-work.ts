/** A sweep as work that can be divided: its key, its points, and what all rows say together. */
import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { sha256 } from '../../ir/constants.ts';
import { fail } from '../../ir/diagnostics/diagnostic.ts';
import { sweepPage } from '../../report/html/sweep.ts';
import {
  type SweepFacts,
  type SweepRow,
  sweepCsv,
  sweepFacts,
  sweepLines,
  sweepResult,
} from '../../report/sweep.ts';
import { type Console, reportDiagnostics } from '../console.ts';
import { dataKey } from '../shards/data-key.ts';
import type { Merging, Plan } from '../shards/kinds.ts';
import type { Part } from '../shards/part.ts';
import { writeAside } from '../shards/shard-folder.ts';
import { workOf } from '../shards/work.ts';
import { VERSION } from '../version.ts';
import { runPoint } from './run-point.ts';
import { MAYBE_PATH_FIELDS, PATH_FIELDS, readSweep, type Sweep } from './sweep-file.ts';

export interface SweepWork {
  readonly file: string;
  /** Points at a time. */
  readonly workers?: number | undefined;
  /** Folder for deployments; undefined: none is kept. */
  readonly keepIn?: string | undefined;
}

/** Words that call this program again. */
export const selfWords = (): readonly string[] => [process.execPath, resolve(process.argv[1] ?? 'snnc')];

/** Errors: E0101, E0783 */
export function planSweep({ file, workers = 1, keepIn }: SweepWork, out: Console): Plan {
  const sweep = readSweep(file);
  const subject = resolve(file);
  return {
    work: workOf('sweep', sweep.points.length, inputsOf(sweep), { name: basename(file) }),
    subject,
    words: ['sweep', subject],
    async open() {
      const context = { sweep, program: selfWords(), keepIn };
      return async ({ first, end }) => {
        const rows: SweepRow[] = [];
        const waiting = Array.from({ length: end - first }, (_, i) => first + i);
        const run = async () => {
          for (let index = waiting.shift(); index !== undefined; index = waiting.shift()) {
            rows[index - first] = await runPoint(context, index);
            out.advance(end - first - waiting.length, end - first);
          }
        };
        await Promise.all(Array.from({ length: Math.min(workers, end - first) }, run));
        return partOf(sweep, rows);
      };
    },
  };
}

const partOf = ({ axes, fixed }: Sweep, rows: readonly SweepRow[]): Part<SweepFacts> => ({
  facts: { axes: [...axes], fixed, rows: [...rows] },
  columns: {},
});

/** What is asked for, and every file that is named. Errors: E0101 */
function inputsOf({ axes, fixed, points, dir }: Sweep): Readonly<Record<string, string>> {
  const named = (fields: readonly string[]) => [
    ...new Set(fields.flatMap(field => [fixed, ...points].flatMap(given => given[field] ?? [])).map(String)),
  ];
  const maybe = named(MAYBE_PATH_FIELDS).filter(name => existsSync(resolve(dir, name)));
  const beside = named(['model']).flatMap(name => weightsBeside(dir, name));
  const files = [...named(PATH_FIELDS), ...maybe, ...beside].map(
    name => [name, dataKey(resolve(dir, name))] as const,
  );
  return { ...Object.fromEntries(files), sweep: sha256(JSON.stringify({ axes, fixed, points })) };
}

/** Where a model keeps its weights outside, their file has its name and more. */
function weightsBeside(dir: string, model: string): readonly string[] {
  const folder = dirname(resolve(dir, model));
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter(name => name.startsWith(basename(model)) && /data$/.test(name))
    .map(name => join(dirname(model), name));
}

export const SWEEP_CSV = 'sweep.csv';
export const SWEEP_PAGE = 'sweep.html';

/** Prints and keeps what all points say; 1: none came to figures. Errors: E0771, E0775 */
export function mergeSweep({ work, dir, shards }: Merging, out: Console): number {
  const rows: SweepRow[] = [];
  let head: Omit<SweepFacts, 'rows'> = { axes: [], fixed: {} };
  for (const { path, facts, first, end } of shards) {
    const read = sweepFacts.safeParse(facts);
    if (!read.success || read.data.rows.length !== end - first)
      return fail('E0771', { origin: path }, { problem: 'its rows are not those of its points' });
    head = read.data;
    rows.push(...read.data.rows);
  }
  const result = sweepResult({ ...head, rows });
  for (const line of sweepLines(result, out.columns)) out.line(line);
  const title = `${work.options.name}`.replace(/\.json$/, '');
  writeAside(join(dir, SWEEP_CSV), sweepCsv(result));
  writeAside(join(dir, SWEEP_PAGE), sweepPage(result, title, `snnc ${VERSION}`));
  out.line(`\nwritten: ${join(dir, SWEEP_PAGE)}, ${SWEEP_CSV}, result.json`);
  out.result(result);
  reportDiagnostics(out.diagnostics.list, out.json);
  return result.failed < result.points ? 0 : 1;
}
