/** Shards as processes of this machine, at most so many at a time. */
import { spawn } from 'node:child_process';

export interface Ended {
  readonly index: number;
  /** How, where that was not well: exit code or signal. */
  readonly how: string | undefined;
  /** What it said on stderr, the last of it. */
  readonly said: string;
}

/** Kept of what a process says. */
const TAIL = 4000;

/** A failed one stops none of the others. Stopping this process stops them; false: it was stopped. */
export async function runLocally(
  words: readonly string[],
  indices: readonly number[],
  workers: number,
  ended: (one: Ended) => void,
): Promise<boolean> {
  const waiting = [...indices];
  const running = new Set<ReturnType<typeof spawn>>();
  let isStopped = false;
  const stop = (signal: NodeJS.Signals) => {
    isStopped = true;
    for (const child of running) child.kill(signal);
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  const runOne = (index: number) =>
    new Promise<void>(resolve => {
      const [command = '', ...rest] = [...words, '--index', `${index}`];
      const child = spawn(command, rest, { stdio: ['ignore', 'ignore', 'pipe'] });
      running.add(child);
      let said = '';
      child.stderr.on('data', data => {
        said = `${said}${data}`.slice(-TAIL);
      });
      const end = (how: string | undefined, text: string) => {
        running.delete(child);
        if (!isStopped) ended({ index, how, said: text });
        resolve();
      };
      child.on('error', error => end('it cannot be started', error.message));
      child.on('close', (code, signal) =>
        end(code === 0 ? undefined : (signal ?? `exit code ${code}`), said),
      );
    });
  const runMany = async () => {
    for (let index = waiting.shift(); index !== undefined && !isStopped; index = waiting.shift())
      await runOne(index);
  };
  await Promise.all(Array.from({ length: Math.min(workers, indices.length) }, runMany));
  process.off('SIGINT', stop);
  process.off('SIGTERM', stop);
  return !isStopped;
}

export const lastLines = (said: string): string =>
  said
    .split('\n')
    .filter(line => line !== '' && !/^\[ *\d+\] /.test(line))
    .slice(0, 1)
    .join(' ');
