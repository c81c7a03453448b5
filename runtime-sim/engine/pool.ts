/**
 * Threads that each run images on an engine of their own. The caller waits without returning to its event loop, shows what
 * is observed and answers for the host, so that a simulation is a function to whoever calls it.
 */
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { fileBeside } from '../../ir/beside.ts';
import { defect } from '../../ir/diagnostics/diagnostic.ts';
import type { ArenaRoom } from '../../ir/fast/arena.ts';
import type { HostStop, PopulationEmission } from '../chip.ts';
import type { EnginePlan } from './plan.ts';
import type { Tally } from './tally.ts';
import { planForThreads, type ThreadPlan } from './thread-plan.ts';

/** What a thread is told. */
export type Order =
  | {
      readonly kind: 'run';
      readonly image: Float64Array;
      readonly isObserved: boolean;
      readonly canStop: boolean;
    }
  | { readonly kind: 'answer'; readonly isOver: boolean }
  | { readonly kind: 'tallies' }
  | { readonly kind: 'close' };

/** What it says. */
export type Answer =
  | {
      readonly kind: 'sent';
      readonly step: number;
      readonly population: number;
      readonly emission: PopulationEmission;
    }
  | { readonly kind: 'ask'; readonly readout: Float64Array; readonly step: number }
  /** undefined: not exact. */
  | { readonly kind: 'done'; readonly readouts: readonly Float64Array[] | undefined }
  | { readonly kind: 'tallies'; readonly tallies: readonly Tally[] }
  | { readonly kind: 'failed' };

/** What a thread is made with: a port to speak through, the bell that it rings, and its own, which it waits for. */
export interface ThreadData {
  readonly plan: ThreadPlan;
  /** Of the memory that the weights lie in. */
  readonly room: ArenaRoom;
  readonly port: MessagePort;
  readonly common: Int32Array;
  readonly bells: Int32Array;
}

interface Thread {
  readonly port: MessagePort;
  readonly bells: Int32Array;
  isAlive: boolean;
  /** Image that it runs; none: −1. */
  image: number;
  /** Images that it has counted. */
  done: number;
}

export interface PoolHandlers {
  readonly observe?:
    | ((image: number, step: number, population: number, sent: PopulationEmission) => void)
    | undefined;
  readonly stop?: HostStop | undefined;
  /** Runs an image elsewhere: a thread could not say exactly what comes of it, or came to an end. */
  readonly runSelf: (image: number) => readonly Float64Array[];
}

export interface Pool {
  run(images: readonly Float64Array[], handlers: PoolHandlers): readonly (readonly Float64Array[])[];
  tallies(): readonly Tally[];
  close(): void;
}

/** Longer than any image; a thread that was killed would be waited for without end. */
const PATIENCE_MS = 20 * 60 * 1000;
const IDLE = -1;

/** A thread for each room; undefined where none is to be had. */
export function createPool(whole: EnginePlan, rooms: readonly ArenaRoom[]): Pool | undefined {
  const path = workerPath();
  const size = rooms.length;
  if (path === undefined || size < 1) return undefined;
  const plan = planForThreads(whole);
  const bell = new SharedArrayBuffer(4 * (size + 1));
  const all = rooms.flatMap((room, i) => startThread(path, { plan, room }, bell, i) ?? []);
  if (all.length === 0) return undefined;
  const bells = new Int32Array(bell);
  const alive = () => all.filter(thread => thread.isAlive);

  /** Shows `take` every answer until it has what it wants. */
  function listen(take: (thread: Thread, answer: Answer) => void, isOver: () => boolean): void {
    while (!isOver()) {
      const heard = Atomics.load(bells, 0);
      let count = 0;
      for (const thread of alive()) {
        for (let got = receive(thread); got !== undefined; got = receive(thread)) {
          count += 1;
          take(thread, got);
        }
      }
      if (count > 0 || Atomics.wait(bells, 0, heard, PATIENCE_MS) !== 'timed-out') continue;
      for (const thread of alive()) take(thread, { kind: 'failed' });
    }
  }

  function run(images: readonly Float64Array[], handlers: PoolHandlers) {
    const readouts: (readonly Float64Array[] | undefined)[] = images.map(() => undefined);
    const left: number[] = [];
    let next = 0;
    const begin = (thread: Thread) => {
      thread.image = next < images.length ? next++ : IDLE;
      if (thread.image === IDLE) return;
      const { observe, stop } = handlers;
      const flags = { isObserved: observe !== undefined, canStop: stop !== undefined };
      tell(thread, { kind: 'run', image: images[thread.image]!, ...flags });
    };
    const take = (thread: Thread, answer: Answer) => {
      if (answer.kind === 'sent')
        handlers.observe?.(thread.image, answer.step, answer.population, answer.emission);
      else if (answer.kind === 'ask')
        tell(thread, { kind: 'answer', isOver: handlers.stop?.(answer.readout, answer.step) === true });
      else if (answer.kind === 'done' || answer.kind === 'failed') {
        if (answer.kind === 'failed') giveUp(thread);
        else thread.done += 1;
        if (thread.image !== IDLE) {
          readouts[thread.image] = answer.kind === 'done' ? answer.readouts : undefined;
          if (readouts[thread.image] === undefined) left.push(thread.image);
        }
        thread.image = IDLE;
        if (thread.isAlive) begin(thread);
      }
    };
    for (const thread of alive()) begin(thread);
    listen(take, () => alive().every(({ image }) => image === IDLE));
    while (next < images.length) left.push(next++);
    for (const image of left) readouts[image] = handlers.runSelf(image);
    return readouts.map(own => own ?? []);
  }

  function tallies(): readonly Tally[] {
    const found: Tally[] = [];
    const waiting = new Set(alive());
    for (const thread of waiting) tell(thread, { kind: 'tallies' });
    const take = (thread: Thread, answer: Answer) => {
      if (answer.kind === 'failed') giveUp(thread);
      if (answer.kind === 'tallies') found.push(...answer.tallies);
      waiting.delete(thread);
    };
    listen(take, () => waiting.size === 0);
    return found;
  }

  return {
    run,
    tallies,
    close() {
      for (const thread of alive()) {
        tell(thread, { kind: 'close' });
        thread.isAlive = false;
        thread.port.close();
      }
    },
  };
}

/** A thread that cannot begin leaves its work to others; what one has counted is lost with it. */
function giveUp(thread: Thread): void {
  if (thread.done > 0) defect('a thread of the simulation came to an end');
  thread.isAlive = false;
}

function startThread(
  path: string,
  about: Pick<ThreadData, 'plan' | 'room'>,
  bell: SharedArrayBuffer,
  i: number,
): Thread | undefined {
  const { port1: port, port2: other } = new MessageChannel();
  // Each thread has a bell of its own behind the common one.
  const bells = new Int32Array(bell, 4 * (i + 1), 1);
  const common = new Int32Array(bell, 0, 1);
  try {
    const workerData = { ...about, port: other, common, bells };
    const worker = new Worker(path, { workerData, transferList: [other], execArgv: [], stdin: false });
    // What a thread fails with it says itself.
    worker.on('error', () => {});
    worker.unref();
    port.unref();
    return { port, bells, isAlive: true, image: IDLE, done: 0 };
  } catch {
    return undefined;
  }
}

function tell({ port, bells }: Thread, order: Order): void {
  port.postMessage(order);
  Atomics.add(bells, 0, 1);
  Atomics.notify(bells, 0);
}

const receive = ({ port }: Thread): Answer | undefined =>
  (receiveMessageOnPort(port) as { readonly message: Answer } | undefined)?.message;

/** Beside this file: in the bundle under a name of its own, else as it was compiled. */
function workerPath(): string | undefined {
  return fileBeside(import.meta.url, './simulator-worker.js', './worker.js');
}
