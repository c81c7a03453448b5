/** `snnc sweep`: all points on this machine; each is a shard, so that one that was interrupted goes on where it was. */
import { join } from 'node:path';
import { createConsole } from '../console.ts';
import type { Shared } from '../options.ts';
import { mergeCommand, missingOf, printIndices } from '../shards/merge.ts';
import { shardFolder } from '../shards/shard.ts';
import { findShards, keepJob, makeJob, makeShardFolder, writeShard } from '../shards/shard-folder.ts';
import { rangeOf } from '../shards/work.ts';
import { planSweep } from './sweep-work.ts';

export interface SweepArguments extends Shared {
  readonly file: string;
  readonly out?: string | undefined;
  readonly workers?: number | undefined;
  readonly keep: boolean;
}

/** Errors: E0101, E0772, E0773, E0775, E0783 */
export async function sweepCommand(args: SweepArguments): Promise<number> {
  const out = createConsole(args);
  out.step('inputs');
  const { file, workers = 1 } = args;
  const alone = { ...out, advance: () => undefined };
  const first = planSweep({ file }, alone);
  const dir = shardFolder(args, first);
  const count = first.work.total;
  const job = makeJob(first.work, count, first.subject, [...first.words, '--count', `${count}`]);
  keepJob(dir, job);
  const keepIn = args.keep ? join(dir, 'points') : undefined;
  if (keepIn !== undefined) makeShardFolder(keepIn);
  const missing = missingOf(job, findShards(dir, job));
  if (missing.length > 0) out.step(`points ${printIndices(missing)} of ${count}`);
  const run = await planSweep({ file, keepIn }, alone).open();
  const waiting = [...missing];
  let ended = 0;
  const runMany = async () => {
    for (let index = waiting.shift(); index !== undefined; index = waiting.shift()) {
      const range = rangeOf(count, index, count);
      const part = await run(range);
      writeShard(dir, { key: job.key, work: job.work, index, count, ...range, ...part });
      ended += 1;
      out.advance(ended, missing.length);
    }
  };
  await Promise.all(Array.from({ length: Math.min(workers, missing.length) }, runMany));
  return mergeCommand({ dir, json: args.json, quiet: args.quiet });
}
