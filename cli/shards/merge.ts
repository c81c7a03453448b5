/** `snnc merge`: what all shards of a folder say together, byte for byte what the undivided command says. */
import { join, resolve } from 'node:path';
import { fail, UserError } from '../../ir/diagnostics/diagnostic.ts';
import { type Console, createConsole } from '../console.ts';
import { readBytes } from '../data.ts';
import type { Shared } from '../options.ts';
import { mergeSweep } from '../sweep/sweep-work.ts';
import { type Merging, mergeSimulation, mergeValidation } from './kinds.ts';
import { decodeShard } from './shard-file.ts';
import { type Found, findShards, type Job, listShards, readJob, writeAside } from './shard-folder.ts';
import { type KindName, rangeOf } from './work.ts';

export interface MergeArguments extends Shared {
  readonly dir: string;
  /** Where the deployment is now, or the file of the sweep. */
  readonly subject?: string | undefined;
}

export const RESULT = 'result.json';

const MERGES: { readonly [K in KindName]: (merging: Merging, out: Console) => number } = {
  validate: mergeValidation,
  simulate: mergeSimulation,
  sweep: mergeSweep,
};

/** Errors: E0771 damaged, E0772 of another work, E0773 two that differ, E0777 no shards, E0778 missing ones */
export async function mergeCommand(args: MergeArguments): Promise<number> {
  const out = createConsole(args);
  const job = jobOf(args.dir);
  const found = findShards(args.dir, job);
  refuseIncomplete(args.dir, job, found);
  checkRanges(job, found);
  for (const { at, message } of found.damaged)
    out.diagnostics.report('W0779', { origin: at.origin }, { problem: message });
  out.step(`merge ${job.count} shards`);
  const merging = {
    work: job.work,
    dir: args.dir,
    subject: resolve(args.subject ?? job.subject),
    shards: inOrder(job, found),
  };
  const keeping: Console = {
    ...out,
    result(value) {
      writeAside(join(args.dir, RESULT), `${JSON.stringify(value)}\n`);
      out.result(value);
    },
  };
  return MERGES[job.work.kind](merging, keeping);
}

/** Without job.json, what the first sound shard says. Errors: E0777 */
export function jobOf(dir: string): Job {
  const said = readJob(dir);
  if (said !== undefined) return said;
  for (const path of listShards(dir)) {
    try {
      const { work, key, count } = decodeShard(readBytes(path), path);
      return { schema: 'snnc-job', schemaVersion: 1, work, key, count, subject: '', words: [] };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
    }
  }
  return fail('E0777', { origin: dir }, { dir });
}

export const missingOf = ({ count }: Job, { shards }: Found): readonly number[] =>
  Array.from({ length: count }, (_, i) => i).filter(i => !shards.has(i));

/** 0-2,5,7-9 */
export function printIndices(indices: readonly number[]): string {
  const runs: [first: number, last: number][] = [];
  for (const index of indices) {
    const run = runs.at(-1);
    if (run !== undefined && run[1] === index - 1) run[1] = index;
    else runs.push([index, index]);
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}

const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

export const printCommand = (words: readonly string[]): string => words.map(quoted).join(' ');

/** Runs all that is missing, one after the other. */
export const missingCommand = ({ words }: Job, dir: string): string =>
  printCommand(['snnc', 'shard', ...words, '--missing', '--out', resolve(dir)]);

/** Errors: E0778 */
function refuseIncomplete(dir: string, job: Job, found: Found): void {
  const missing = missingOf(job, found);
  if (missing.length === 0) return;
  const damaged = found.damaged.map(({ at }) => at.origin);
  const also = damaged.length === 0 ? '' : `; damaged: ${damaged.join(', ')}`;
  const help = job.words.length === 0 ? undefined : `Run what is missing: ${missingCommand(job, dir)}`;
  const facts = { missing: missing.length, count: job.count, indices: `${printIndices(missing)}${also}` };
  fail('E0778', { origin: dir }, facts, help);
}

/** Disjoint and whole: every shard holds the items of its index. Errors: E0771 */
function checkRanges(job: Job, { shards }: Found): void {
  for (const { index, first, end, path } of shards.values()) {
    const range = rangeOf(job.work.total, index, job.count);
    if (range.first !== first || range.end !== end)
      fail(
        'E0771',
        { origin: path },
        { problem: `it holds ${first} to ${end}, not ${range.first} to ${range.end}` },
      );
  }
}

/** Holds one at a time. */
function* inOrder({ count }: Job, { shards }: Found) {
  for (let index = 0; index < count; index++) {
    const { path } = shards.get(index)!;
    yield { ...decodeShard(readBytes(path), path), path };
  }
}
