/** Runs cases in worker processes; one that hangs, grows or dies is ended and replaced. */
import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { OutcomeKind } from './exercise.ts';
import type { Result } from './worker.ts';

export interface PoolOptions {
  readonly runs: readonly number[];
  readonly seed: number;
  readonly only: string | undefined;
  /** Where the damaged files lie, so to speak (folder.ts). */
  readonly folder: string;
  readonly workers: number;
  readonly onResult: (result: Omit<Result, 'specimen' | 'mutators'> & Partial<Result>) => void;
}

/** Of the processor, where the system tells: a machine that others use too is not the file's fault. */
const LONGEST_MS = 5000;
/** By the clock: who waits for a pipe uses no processor. */
const LONGEST_WAIT_MS = 60_000;
/** Heap of one worker; typed arrays lie outside of it and are watched by the size of the process. */
const HEAP_MB = 1024;
const LARGEST_PROCESS = 1.7 * 2 ** 30;
const WATCH_MS = 100;
const PAGE = 4096;
/** Linux counts in hundredths of a second, whatever the processor. */
const TICK_MS = 10;

/** Bytes that a process holds, where the system says so. */
function residentBytes(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * PAGE;
  } catch {
    return 0;
  }
}

/** Milliseconds of the processor that a process has used; those since it started where the system does not say. */
function usedMs(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  } catch {
    return performance.now();
  }
}

/** Resolves when every run has its result. */
export function runPool(options: PoolOptions): Promise<void> {
  let next = 0;
  const takeRun = () => options.runs[next++];
  const count = Math.min(options.workers, options.runs.length);
  return Promise.all(Array.from({ length: count }, () => runWorker(takeRun, options))).then(() => undefined);
}

/** One place in the pool: a worker, and those that replace it. */
async function runWorker(takeRun: () => number | undefined, options: PoolOptions): Promise<void> {
  let run = takeRun();
  while (run !== undefined) {
    const child = start(options);
    const last = await serve(child, run, takeRun, options);
    run = last;
  }
}

function start({ seed, only, folder }: PoolOptions): ChildProcess {
  const worker = fileURLToPath(new URL('./worker.js', import.meta.url));
  return fork(worker, [`${seed}`, folder, only ?? ''], {
    execArgv: [`--max-old-space-size=${HEAP_MB}`],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
}

/** Feeds one worker until there is nothing left (undefined) or it ends; then the run to go on with. */
function serve(
  child: ChildProcess,
  first: number,
  takeRun: () => number | undefined,
  { onResult }: PoolOptions,
): Promise<number | undefined> {
  return new Promise(resolve => {
    let run: number | undefined = first;
    const pid = child.pid ?? 0;
    let since = performance.now();
    let usedBefore = 0;
    let isReady = false;
    let reason: { kind: OutcomeKind; detail: string } | undefined;
    let errors = '';
    child.stderr?.on('data', chunk => {
      errors = `${errors}${chunk}`.slice(-2000);
    });
    const end = (kind: OutcomeKind, detail: string) => {
      reason ??= { kind, detail };
      child.kill('SIGKILL');
    };
    const watch = setInterval(() => {
      const waited = performance.now() - since;
      const isLate = waited > LONGEST_MS && usedMs(pid) - usedBefore > LONGEST_MS;
      if (isReady && (isLate || waited > LONGEST_WAIT_MS)) end('hang', `more than ${LONGEST_MS / 1000} s`);
      const bytes = residentBytes(pid);
      if (bytes > LARGEST_PROCESS) end('memory', `${Math.round(bytes / 2 ** 20)} MB`);
    }, WATCH_MS);
    child.on('message', (message: Result | 'ready') => {
      isReady = true;
      since = performance.now();
      usedBefore = usedMs(pid);
      if (message === 'ready') child.send(first);
      else {
        onResult(message);
        // The largest size of a process never shrinks again, so a fresh one measures the next.
        run = takeRun();
        if (run === undefined || message.kind === 'memory') child.kill('SIGKILL');
        else child.send(run);
      }
    });
    child.on('exit', (code, signal) => {
      clearInterval(watch);
      const isLost = run !== undefined && (reason !== undefined || signal !== 'SIGKILL');
      if (isLost && run !== undefined) {
        const kind = /heap out of memory/.test(errors) ? 'memory' : 'crash';
        const told = reason ?? { kind, detail: `the process ended (${signal ?? code}): ${errors}` };
        onResult({ ...told, run, codes: [], seconds: (performance.now() - since) / 1000 });
      }
      resolve(isLost ? takeRun() : run);
    });
  });
}
