/** A folder of shards: what is in it, what is missing, and the job that it belongs to. */
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { makeFolder } from '../../backends/folder.ts';
import { type Diagnostic, fail, UserError } from '../../ir/diagnostics/diagnostic.ts';
import { readBytes } from '../data.ts';
import { decodeShard, encodeShard, type Shard } from './shard-file.ts';
import { differenceOf, type KindName, keyOf, type Work, workSchema } from './work.ts';

const ENDING = '.shard';
const JOB = 'job.json';

/** How a work was asked for, so that what is missing can be run. No hash covers it: it names paths. */
const jobSchema = z.strictObject({
  schema: z.literal('snnc-job'),
  schemaVersion: z.literal(1),
  key: z.string(),
  work: workSchema,
  count: z.int().positive(),
  /** Deployment folder or file of a sweep. */
  subject: z.string(),
  /** Words after `snnc shard`, without index. */
  words: z.array(z.string()),
});
export type Job = z.infer<typeof jobSchema>;

export const makeJob = (work: Work, count: number, subject: string, words: readonly string[]): Job => ({
  schema: 'snnc-job',
  schemaVersion: 1,
  key: keyOf(work),
  work,
  count,
  subject,
  words: [...words],
});

const digits = (n: number, most: number) => `${n}`.padStart(Math.max(4, `${most}`.length), '0');

/** The name says all that tells one result from another. */
export const shardName = (kind: KindName, key: string, index: number, count: number): string =>
  `${kind}-${key.slice(0, 12)}-${digits(index, count)}-of-${digits(count, count)}${ENDING}`;

/** Whole or not at all, whoever else writes the same file. Errors: E0775 */
export function writeAside(path: string, content: Uint8Array | string): void {
  const aside = `${path}.tmp-${hostname()}-${process.pid}`;
  try {
    writeFileSync(aside, content);
    renameSync(aside, path);
  } catch (error) {
    rmSync(aside, { force: true });
    cannotWrite(path, error);
  }
}

function cannotWrite(path: string, error: unknown): never {
  if (!(error instanceof Error && 'code' in error)) throw error;
  return fail('E0775', { origin: path }, { path, reason: `${error.code}` });
}

/** Errors: E0775 */
export function makeShardFolder(dir: string): void {
  try {
    makeFolder(dir);
  } catch (error) {
    cannotWrite(dir, error);
  }
}

/** Errors: E0775 */
export function writeShard(
  dir: string,
  shard: Omit<Shard, 'hash'>,
): { readonly path: string; readonly hash: string } {
  const path = join(dir, shardName(shard.work.kind, shard.key, shard.index, shard.count));
  const { bytes, hash } = encodeShard(shard);
  writeAside(path, bytes);
  return { path, hash };
}

/** Undefined: there is none, or it is damaged. */
export function findShard(dir: string, { work, key, count }: Job, index: number): Shard | undefined {
  const path = join(dir, shardName(work.kind, key, index, count));
  if (!existsSync(path)) return undefined;
  try {
    const found = decodeShard(readBytes(path), path);
    return found.key === key && found.index === index && found.count === count ? found : undefined;
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

/** One folder holds results of one job. Errors: E0772 another's, E0775 */
export function keepJob(dir: string, job: Job): void {
  const old = readJob(dir);
  if (old === undefined) {
    makeShardFolder(dir);
    writeAside(join(dir, JOB), `${JSON.stringify(job, null, 2)}\n`);
    return;
  }
  const problem =
    old.key !== job.key
      ? differenceOf(old.work, job.work)
      : old.count !== job.count
        ? `--count ${old.count} and ${job.count}`
        : undefined;
  if (problem !== undefined) fail('E0772', { origin: dir }, { dir, problem });
}

/** Undefined: there is none. Errors: E0101, E0771 */
export function readJob(dir: string): Job | undefined {
  const path = join(dir, JOB);
  if (!existsSync(path)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    value = undefined;
  }
  const job = jobSchema.safeParse(value);
  if (job.success && keyOf(job.data.work) === job.data.key) return job.data;
  return fail(
    'E0771',
    { origin: path },
    { problem: 'it is no job.json' },
    `Remove ${path}; the next shard writes it anew.`,
  );
}

/** What is in a folder, without what any shard holds. */
export interface Found {
  /** By index; of duplicates one. */
  readonly shards: ReadonlyMap<number, FoundShard>;
  readonly damaged: readonly Diagnostic[];
  /** Files that say the same as another. */
  readonly duplicates: number;
}
interface FoundShard extends Omit<Shard, 'columns' | 'facts'> {
  readonly path: string;
  /** When it was written, in ms. */
  readonly time: number;
}

/** Reads and checks every file, one at a time. Errors: E0101, E0772 of another job, E0773 two that differ */
export function findShards(dir: string, job: Pick<Job, 'key' | 'work' | 'count'>): Found {
  const shards = new Map<number, FoundShard>();
  const damaged: Diagnostic[] = [];
  let duplicates = 0;
  for (const path of listShards(dir)) {
    const found = inspectShard(path, damaged);
    if (found === undefined) continue;
    const refuse = (problem: string) => fail('E0772', { origin: path }, { dir, problem });
    if (found.key !== job.key) refuse(differenceOf(job.work, found.work));
    if (found.count !== job.count) refuse(`--count ${job.count} and ${found.count}`);
    const other = shards.get(found.index);
    if (other !== undefined && other.hash !== found.hash)
      fail('E0773', { origin: path }, { index: found.index, other: other.path });
    if (other === undefined) shards.set(found.index, found);
    else duplicates += 1;
  }
  return { shards, damaged, duplicates };
}

function inspectShard(path: string, damaged: Diagnostic[]): FoundShard | undefined {
  try {
    const { columns: _, facts: __, ...head } = decodeShard(readBytes(path), path);
    return { ...head, path, time: statSync(path).mtimeMs };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    damaged.push(...error.diagnostics);
    return undefined;
  }
}

/** Of folders below too, as results of several machines are copied together. Errors: E0101 */
export function listShards(dir: string): readonly string[] {
  try {
    return readdirSync(dir, { recursive: true, encoding: 'utf8' })
      .filter(name => name.endsWith(ENDING))
      .toSorted()
      .map(name => join(dir, name));
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? `${error.code}` : 'unknown';
    return fail('E0101', { origin: dir }, { path: dir, reason });
  }
}
