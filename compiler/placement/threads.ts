/**
 * Starts shared among threads. Whoever is free takes the next; this thread works too, so that all are done even where
 * no other thread can start. It waits without returning to its event loop: placement is a pure function to its caller.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { fileBeside } from '../../ir/beside.ts';
import type { Quality } from './measure.ts';
import type { Flows, PlacementProblem } from './problem.ts';
import { runStart, type StartPlan } from './start.ts';

export interface Starts {
  readonly problem: PlacementProblem;
  readonly pairs: Flows;
  readonly begin: Int32Array;
  readonly known: Quality;
  readonly plans: readonly StartPlan[];
}

/** What a worker is handed: arrays in shared memory, so that nothing is copied for it. */
export interface SharedStarts {
  readonly starts: Starts;
  /** The next start that nobody has taken; then the state of each. */
  readonly control: Int32Array;
  /** What each start found. */
  readonly found: readonly Int32Array[];
}

/** States of a start. */
export const OPEN = 0;
export const DONE = 1;
const FAILED = 2;

/** Below so many visits in all a thread is not worth its making. */
const LEAST = 5e7;
/** Longer than any start; a thread that was killed would be waited for without end. */
const PATIENCE_MS = 20 * 60 * 1000;

/** The placement that each start finds. */
export function runStarts(starts: Starts, workers = availableParallelism() - 1): readonly Int32Array[] {
  const { plans } = starts;
  const visits = plans.reduce((sum, plan) => sum + plan.visits, 0);
  const wanted = visits < LEAST ? 0 : Math.min(workers, plans.length - 1);
  const path = wanted > 0 ? workerPath() : undefined;
  const run = (i: number) => runStart(starts.problem, starts.pairs, starts.begin, starts.known, plans[i]!);
  if (path === undefined) return plans.map((_, i) => run(i));
  const shared = shareStarts(starts);
  for (let i = 0; i < wanted; i++) startWorker(path, shared);
  takeStarts(shared);
  return shared.found.map((seatOf, i) => {
    Atomics.wait(shared.control, i + 1, OPEN, PATIENCE_MS);
    return Atomics.load(shared.control, i + 1) === DONE ? seatOf.slice() : run(i);
  });
}

export const shareStarts = (starts: Starts): SharedStarts => ({
  starts: shareAll(starts),
  control: new Int32Array(new SharedArrayBuffer(4 * (starts.plans.length + 1))),
  found: starts.plans.map(() => new Int32Array(new SharedArrayBuffer(4 * starts.begin.length))),
});

/** Runs starts until none is left. */
export function takeStarts({ starts, control, found }: SharedStarts): void {
  const { problem, pairs, begin, known, plans } = starts;
  for (let i = Atomics.add(control, 0, 1); i < plans.length; i = Atomics.add(control, 0, 1)) {
    let state: number = FAILED;
    try {
      found[i]!.set(runStart(problem, pairs, begin, known, plans[i]!));
      state = DONE;
    } finally {
      Atomics.store(control, i + 1, state);
      Atomics.notify(control, i + 1);
    }
  }
}

/** Beside this file: in the bundle under a name of its own, else as it was compiled. */
export function workerPath(): string | undefined {
  return fileBeside(import.meta.url, './placement-worker.js', './worker.js');
}

export function startWorker(path: string, shared: SharedStarts): void {
  try {
    const worker = new Worker(path, { workerData: shared, execArgv: [], stdin: false });
    // A worker that fails leaves its start to this thread, which says what is wrong.
    worker.on('error', () => {});
    worker.unref();
  } catch {
    // No thread to be had: this one does all.
  }
}

type Numbers = Int32Array | Float64Array;

function share<T extends Numbers>(array: T): T {
  const copy =
    array instanceof Int32Array
      ? new Int32Array(new SharedArrayBuffer(array.byteLength))
      : new Float64Array(new SharedArrayBuffer(array.byteLength));
  copy.set(array);
  return copy as T;
}

/** Every array of a plain object, however deep, in shared memory. */
function shareAll<T>(value: T): T {
  if (value instanceof Int32Array || value instanceof Float64Array) return share(value) as T;
  if (Array.isArray(value) || typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shareAll(inner)])) as T;
}
