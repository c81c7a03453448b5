/**
 * The line on stderr that says what is being done. On a terminal a thread draws it, since the work itself leaves its own
 * thread no moment for that: time taken, and where the work says how far it is, a bar and the time that is left. Elsewhere a
 * step is a plain line: its name when it begins, the rest of it when it ends.
 */
import { writeSync } from 'node:fs';
import { isMainThread, MessagePort, Worker, workerData } from 'node:worker_threads';
import { fileBeside } from '../ir/beside.ts';
import { columnsOf } from './terminal.ts';

/** What both threads see. Numbers: a lock, whether something is drawn, bytes of the text, columns. */
export interface SharedLine {
  readonly control: Int32Array;
  readonly text: Uint8Array;
  /** Milliseconds at which the step began, parts that are done, parts in all. */
  readonly numbers: Float64Array;
}
export const SLOT = { lock: 0, isActive: 1, length: 2, columns: 3 } as const;
export const NUMBER = { start: 0, done: 1, total: 2 } as const;
const TEXT_BYTES = 256;

export interface StatusLine {
  /** Somebody wants to know, even where nothing is to be shown. */
  readonly isHeard: boolean;
  begin(text: string, step: Step): void;
  advance(done: number, total: number): void;
  /** `text` is the whole line; `rest` what it has more than it began with. */
  end(text: string, rest: string, seconds: number, found: string): void;
  /** Ends what is there, if anything. */
  leave(): void;
}

export interface Step {
  readonly step: string;
  readonly number: number;
  /** 0: nobody knows. */
  readonly of: number;
}

/** What the thread that asked for a command is told; see api/run.ts. */
export type Told =
  | (Step & { readonly state: 'begin' })
  | (Step & { readonly state: 'advance'; readonly done: number; readonly total: number })
  | (Step & { readonly state: 'end'; readonly seconds: number; readonly found: string });

/** Handed to a thread that runs a command for a program: whom to tell, and whether to stop. */
export interface Listener {
  readonly told: MessagePort;
  readonly stop: Int32Array;
}

const STDERR = 2;
const write = (text: string): void => {
  try {
    writeSync(STDERR, text);
  } catch {
    // Progress that nobody can read any more is no reason to stop.
  }
};

export function createStatusLine(): StatusLine {
  const listener: Listener | undefined = isMainThread ? undefined : workerData?.listener;
  if (listener?.told instanceof MessagePort) return createTold(listener);
  return process.stderr.isTTY ? createDrawn() : createPlain();
}

/** More messages than this a second are no use to anybody. */
const EVERY_MS = 50;

function createTold({ told, stop }: Listener): StatusLine {
  let current: Step | undefined;
  let last = 0;
  const tell = (message: Told) => told.postMessage(message);
  const stopIfAsked = () => {
    if (Atomics.load(stop, 0) !== 0) throw new Error('stopped');
  };
  return {
    isHeard: true,
    begin(_, step) {
      stopIfAsked();
      current = step;
      last = 0;
      tell({ ...step, state: 'begin' });
    },
    advance(done, total) {
      stopIfAsked();
      const now = performance.now();
      if (current === undefined || (now - last < EVERY_MS && done < total)) return;
      last = now;
      tell({ ...current, state: 'advance', done, total });
    },
    end(_, __, seconds, found) {
      if (current !== undefined) tell({ ...current, state: 'end', seconds, found });
      current = undefined;
    },
    leave() {},
  };
}

function createPlain(): StatusLine {
  let isOpen = false;
  const close = (rest: string) => {
    if (isOpen) write(`${rest}\n`);
    isOpen = false;
  };
  return {
    isHeard: false,
    begin(text) {
      close('');
      write(text);
      isOpen = true;
    },
    advance() {},
    end: (_, rest) => close(rest),
    leave: () => close(''),
  };
}

const CLEAR = '\r\x1b[K';

function createDrawn(): StatusLine {
  const shared: SharedLine = {
    control: new Int32Array(new SharedArrayBuffer(4 * 4)),
    text: new Uint8Array(new SharedArrayBuffer(TEXT_BYTES)),
    numbers: new Float64Array(new SharedArrayBuffer(8 * 3)),
  };
  const { control, text: bytes, numbers } = shared;
  let isDrawing = false;
  let isOpen = false;
  const locked = (work: () => void) => {
    takeLock(control);
    work();
    freeLock(control);
  };
  const close = (text: string) => {
    if (!isOpen) return;
    isOpen = false;
    locked(() => {
      Atomics.store(control, SLOT.isActive, 0);
      write(`${CLEAR}${text}`);
    });
  };
  return {
    isHeard: false,
    begin(text) {
      close('');
      isOpen = true;
      locked(() => {
        const { written } = new TextEncoder().encodeInto(text, bytes);
        Atomics.store(control, SLOT.length, written);
        Atomics.store(control, SLOT.columns, columnsOf(process.stderr));
        numbers.set([Date.now(), 0, 0]);
        Atomics.store(control, SLOT.isActive, 1);
        write(`${CLEAR}${text}`);
      });
      if (!isDrawing) startDrawing(shared);
      isDrawing = true;
    },
    advance(done, total) {
      numbers[NUMBER.done] = done;
      numbers[NUMBER.total] = total;
    },
    end: text => close(`${text}\n`),
    leave: () => close(''),
  };
}

/** Longer than a line takes to draw; a thread that died with the lock must not stop the work. */
const PATIENCE_MS = 200;

export function takeLock(control: Int32Array): void {
  while (Atomics.compareExchange(control, SLOT.lock, 0, 1) !== 0) {
    if (Atomics.wait(control, SLOT.lock, 1, PATIENCE_MS) === 'timed-out') return;
  }
}

export function freeLock(control: Int32Array): void {
  Atomics.store(control, SLOT.lock, 0);
  Atomics.notify(control, SLOT.lock);
}

/** Without a thread the line stands still. */
function startDrawing(shared: SharedLine): void {
  const path = fileBeside(import.meta.url, './status-worker.js', '../cli/status-worker.js');
  try {
    if (path !== undefined) {
      const worker = new Worker(path, { workerData: shared, execArgv: [], stdin: false });
      worker.on('error', () => {});
      worker.unref();
    }
  } catch {
    // No thread to be had.
  }
}
