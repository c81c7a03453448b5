/** `snnc status`: how far a folder of shards is, from its files alone. */
import { createConsole } from '../console.ts';
import type { Shared } from '../options.ts';
import { jobOf, missingCommand, missingOf, printIndices } from './merge.ts';
import { type Found, findShards } from './shard-folder.ts';

export interface StatusArguments extends Shared {
  readonly dir: string;
}

/** 0: all shards are there. Errors: E0771, E0772, E0773, E0777 */
export async function statusCommand(args: StatusArguments): Promise<number> {
  const out = createConsole(args);
  const job = jobOf(args.dir);
  const found = findShards(args.dir, job);
  const missing = missingOf(job, found);
  const { work, count } = job;
  const eta = secondsLeft(found, missing.length);
  const done = count - missing.length;
  const items = work.kind === 'sweep' ? 'points' : 'images';
  const ready = [...found.shards.values()].reduce((sum, { first, end }) => sum + end - first, 0);
  const row = (name: string, text: string) => out.line(`${name.padEnd(10)}${text}`);
  row('work', `${work.kind} of ${work.total} ${items}, key ${job.key.slice(0, 12)}`);
  row('done', `${done} of ${count} shards, ${ready} of ${work.total} ${items}`);
  if (missing.length > 0) row('missing', printIndices(missing));
  if (eta !== null) row('left', `about ${duration(eta)} at the pace of the results so far`);
  for (const { at, message } of found.damaged) row('damaged', `${at.origin}: ${message}`);
  if (found.duplicates > 0) row('twice', `${found.duplicates} files say the same as another`);
  if (missing.length > 0 && job.words.length > 0) row('run', missingCommand(job, args.dir));
  else if (missing.length === 0) row('merge', `snnc merge ${args.dir}`);
  out.result({
    ...{ kind: work.kind, key: job.key, total: work.total, count, done, missing },
    damaged: found.damaged.map(({ at, message }) => ({ path: at.origin, problem: message })),
    duplicates: found.duplicates,
    secondsLeft: eta,
  });
  return missing.length === 0 ? 0 : 1;
}

/** What is left at the pace between the first and the last result; null: two results do not say. */
function secondsLeft({ shards }: Found, missing: number): number | null {
  const times = [...shards.values()].map(({ time }) => time);
  const [first, last] = [
    times.reduce((a, b) => Math.min(a, b), Infinity),
    times.reduce((a, b) => Math.max(a, b), 0),
  ];
  if (missing === 0 || times.length < 2 || last <= first) return null;
  return ((last - first) / 1000 / (times.length - 1)) * missing;
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  if (seconds < 5400) return `${Math.ceil(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
