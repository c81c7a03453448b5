/** `snnc shard`: one part of a work, as a pure function of its inputs and its index, to one file. */
import { join } from 'node:path';
import { fail } from '../../ir/diagnostics/diagnostic.ts';
import { type Console, createConsole, reportDiagnostics } from '../console.ts';
import type { Shared } from '../options.ts';
import type { Plan } from './kinds.ts';
import { findShard, type Job, keepJob, makeJob, shardName, writeShard } from './shard-folder.ts';
import { rangeOf } from './work.ts';

export interface ShardArguments extends Shared {
  readonly count: number;
  readonly index?: number | undefined;
  readonly missing: boolean;
  readonly again: boolean;
  readonly out?: string | undefined;
}

/** What an array's engine says to each of its tasks. */
const INDEX_VARIABLES = ['SLURM_ARRAY_TASK_ID', 'JOB_COMPLETION_INDEX'] as const;

/** Beside what is run, one folder for each kind of it. */
export const shardFolder = ({ out }: { out?: string | undefined }, { subject, work }: Plan): string =>
  out ?? `${subject}.${work.kind}.shards`;

/** Errors: E0772, E0775, E0776 no index, or none of the count */
export async function shardCommand(
  args: ShardArguments,
  planOf: (out: Console) => Promise<Plan>,
): Promise<number> {
  const out = createConsole(args);
  const indices = wantedIndices(args);
  out.step('inputs');
  const plan = await planOf(out);
  const dir = shardFolder(args, plan);
  const job = makeJob(plan.work, args.count, plan.subject, [...plan.words, '--count', `${args.count}`]);
  keepJob(dir, job);
  const done: object[] = [];
  let run: Awaited<ReturnType<Plan['open']>> | undefined;
  for (const index of indices) {
    const range = rangeOf(job.work.total, index, args.count);
    const old = args.again ? undefined : findShard(dir, job, index);
    if (old !== undefined) {
      const path = join(dir, shardName(job.work.kind, job.key, index, args.count));
      if (!args.missing) out.line(`shard ${index} of ${args.count} is there already: ${path}`);
      done.push({ index, ...range, path, sha256: old.hash, wasThere: true });
      continue;
    }
    out.step(`shard ${index} of ${args.count}: ${describe(job, range)}`);
    run ??= await plan.open();
    const part = await run(range);
    const { path, hash } = writeShard(dir, {
      ...{ key: job.key, work: job.work, index, count: args.count, ...range },
      ...part,
    });
    out.line(`shard ${index} of ${args.count}, ${describe(job, range)}: ${path}`);
    done.push({ index, ...range, path, sha256: hash, wasThere: false });
  }
  out.result({ kind: job.work.kind, key: job.key, count: args.count, dir, shards: done });
  return reportDiagnostics(out.diagnostics.list, args.json);
}

const describe = ({ work }: Job, { first, end }: { first: number; end: number }): string => {
  const items = work.kind === 'sweep' ? 'points' : 'images';
  return end === first ? `no ${items}` : `${items} ${first} to ${end - 1}`;
};

/** Errors: E0776 */
function wantedIndices({ index: given, count, missing }: ShardArguments): readonly number[] {
  if (missing && given === undefined) return Array.from({ length: count }, (_, i) => i);
  const refuse = (problem: string): never => fail('E0776', { origin: '--index' }, { problem });
  if (missing) return refuse('--missing runs every index that has no result, so it takes none');
  const name = INDEX_VARIABLES.find(each => process.env[each] !== undefined);
  if (given === undefined && name === undefined) return refuse('none is given');
  const index = given ?? Number(process.env[name!]);
  if (Number.isInteger(index) && index >= 0 && index < count) return [index];
  const said = given === undefined ? `${name} says ${process.env[name!]}` : `it is ${given}`;
  return refuse(`${said}, and --count ${count} has indices 0 to ${count - 1}`);
}
