/** `snnc submit`: hands what is missing of a work to an engine; it neither waits for nor watches over what others run. */
import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { sha256 } from '../../ir/constants.ts';
import { fail, makeDiagnostic } from '../../ir/diagnostics/diagnostic.ts';
import { type Console, createConsole, reportDiagnostics } from '../console.ts';
import type { Shared } from '../options.ts';
import { selfWords } from '../sweep/sweep-work.ts';
import type { EngineName } from './engine-names.ts';
import {
  type Cluster,
  KUBERNETES_FILE,
  kubernetesJob,
  SLURM_FILES,
  type Submission,
  slurmScripts,
} from './engines.ts';
import type { Plan } from './kinds.ts';
import { lastLines, runLocally } from './local-engine.ts';
import { mergeCommand, missingOf, printCommand, printIndices } from './merge.ts';
import { shardFolder } from './shard.ts';
import { findShards, keepJob, makeJob, makeShardFolder, writeAside } from './shard-folder.ts';

export interface SubmitArguments extends Shared {
  readonly engine: EngineName;
  readonly count: number;
  readonly out?: string | undefined;
  readonly workers?: number | undefined;
  readonly threads: number;
  readonly dryRun: boolean;
  /** The program that engines call; undefined: this one. */
  readonly program?: string | undefined;
  readonly sbatch: readonly string[];
  readonly image?: string | undefined;
  readonly volume: readonly string[];
}

/** Errors: E0772, E0773, E0775, E0780 the engine refuses, E0781 what it must be told, E0782 shards that failed */
export async function submitCommand(
  args: SubmitArguments,
  planOf: (out: Console) => Promise<Plan>,
): Promise<number> {
  const out = createConsole(args);
  out.step('inputs');
  const plan = await planOf(out);
  const dir = resolve(shardFolder(args, plan));
  const job = makeJob(plan.work, args.count, plan.subject, [...plan.words, '--count', `${args.count}`]);
  keepJob(dir, job);
  const missing = missingOf(job, findShards(dir, job));
  const submission: Submission = {
    name: `snnc-${job.work.kind}-${job.key.slice(0, 12)}-${sha256(printIndices(missing)).slice(0, 6)}`,
    dir,
    count: args.count,
    missing,
    workers: args.workers,
    threads: args.threads,
    shard: [...programOf(args), 'shard', ...job.words, ...threadsOf(plan, args), '--out', dir],
    merge: [...programOf(args), 'merge', dir],
  };
  reportDiagnostics(out.diagnostics.list, false);
  out.step(
    `${missing.length} of ${args.count} shards are missing${missing.length === 0 ? '' : `: ${printIndices(missing)}`}`,
  );
  const done = { engine: args.engine, dir, key: job.key, count: args.count, missing };
  if (args.engine === 'local') return submitLocally(submission, args, out, done);
  const more =
    args.engine === 'slurm' ? submitSlurm(submission, args, out) : submitKubernetes(submission, args, out);
  out.result({ ...done, ...more });
  return 0;
}

const programOf = ({ program, engine }: SubmitArguments): readonly string[] =>
  program !== undefined ? [program] : engine === 'kubernetes' ? ['snnc'] : selfWords();

/** As shells have it. */
const INTERRUPTED = 130;

/** A point of a sweep is a process of its own. */
const threadsOf = ({ work }: Plan, { threads }: SubmitArguments): readonly string[] =>
  work.kind === 'sweep' ? [] : ['--workers', `${threads}`];

async function submitLocally(
  { dir, missing, shard, workers, count }: Submission,
  args: SubmitArguments,
  out: Console,
  done: object,
): Promise<number> {
  if (args.dryRun) {
    for (const index of missing) out.line(printCommand([...shard, '--index', `${index}`]));
    out.result(done);
    return 0;
  }
  const failed: string[] = [];
  let ended = count - missing.length;
  const isWhole = await runLocally(
    shard,
    missing,
    workers ?? availableParallelism(),
    ({ index, how, said }) => {
      if (how === undefined) ended += 1;
      else failed.push(`${index}: ${lastLines(said) || `ended by ${how}`}`);
      out.step(`shard ${index} ${how === undefined ? 'done' : 'failed'}, ${ended} of ${count}`);
    },
  );
  if (!isWhole) return INTERRUPTED;
  if (failed.length === 0) return mergeCommand({ dir, json: args.json, quiet: args.quiet });
  const at = { origin: dir };
  return reportDiagnostics(
    [makeDiagnostic('E0782', at, { failed: failed.length, count }, undefined, failed)],
    args.json,
  );
}

/** Errors: E0775, E0780 */
function submitSlurm(submission: Submission, { sbatch, dryRun }: SubmitArguments, out: Console): object {
  const { dir, missing } = submission;
  const scripts = slurmScripts(submission);
  makeShardFolder(join(dir, 'logs'));
  const files = { array: join(dir, SLURM_FILES.array), merge: join(dir, SLURM_FILES.merge) };
  if (missing.length > 0) writeAside(files.array, scripts.array);
  writeAside(files.merge, scripts.merge);
  const commandOf = (after: readonly string[], file: string) => [
    'sbatch',
    '--parsable',
    ...after,
    ...sbatch,
    file,
  ];
  if (dryRun) {
    if (missing.length > 0) out.line(printCommand(commandOf([], files.array)));
    out.line(printCommand(commandOf(missing.length > 0 ? ['--dependency=afterany:ARRAY'] : [], files.merge)));
    return { files, array: null, merge: null };
  }
  const array = missing.length > 0 ? runEngine(commandOf([], files.array)).split(';')[0]! : null;
  const after = array === null ? [] : [`--dependency=afterany:${array}`];
  const merge = runEngine(commandOf(after, files.merge)).split(';')[0]!;
  if (array !== null)
    out.line(
      `array ${array}, ${missing.length} tasks; then job ${merge} merges into ${join(dir, 'result.json')}`,
    );
  else out.line(`all shards are there; job ${merge} merges them into ${join(dir, 'result.json')}`);
  out.line(`progress: snnc status ${dir}`);
  return { files, array, merge };
}

/** Errors: E0775, E0780, E0781 */
function submitKubernetes(submission: Submission, args: SubmitArguments, out: Console): object {
  const { name, dir } = submission;
  const cluster: Cluster = { image: args.image, volumes: args.volume };
  const file = join(dir, KUBERNETES_FILE);
  writeAside(file, `${JSON.stringify(kubernetesJob(submission, cluster), null, 2)}\n`);
  const apply = ['kubectl', 'apply', '-f', file];
  const then = `kubectl wait --for=condition=complete --timeout=-1s job/${name} && ${printCommand(submission.merge)}`;
  const isApplied = !args.dryRun && isThere('kubectl');
  if (isApplied) out.line(runEngine(apply));
  else out.line(`written: ${file}\napply it: ${printCommand(apply)}`);
  out.line(`then: ${then}`);
  return { file, applied: isApplied, then };
}

function isThere(program: string): boolean {
  try {
    execFileSync(program, ['version', '--client'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Errors: E0780 */
function runEngine([program = '', ...words]: readonly string[]): string {
  try {
    return execFileSync(program, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  } catch (error) {
    const { code, stderr } = error as { code?: string; stderr?: string };
    const reason =
      code === 'ENOENT' ? 'it is not installed here' : (stderr ?? '').trim().split('\n')[0] || `${code}`;
    return fail('E0780', { origin: '--engine' }, { program, reason });
  }
}
