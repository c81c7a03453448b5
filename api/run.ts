/**
 * Runs a command in a thread of its own, so that the caller's event loop stays free, nothing is printed and the work can be
 * stopped. It is the command line that runs: same options, same checks, same JSON.
 */
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { Listener, Told } from '../cli/status-line.ts';
import { fileBeside } from '../ir/beside.ts';
import { SnncError } from './error.ts';
import type { Progress, RunOptions } from './progress.ts';
import type { Diagnostic } from './results.ts';

export interface Task {
  readonly argv: readonly string[];
  readonly listener: Listener;
}

type Value = string | number | boolean | readonly (string | number)[] | null | undefined;
export type Options = Readonly<Record<string, Value>>;

export interface Ended<T> {
  readonly result: T;
  /** Of the command line: 0 where it passes. */
  readonly code: number;
}

/** Longer than a step that stops when it is asked to; what does not is ended. */
const PATIENCE_MS = 5000;

/** Errors: SnncError, or the reason of an aborted signal. */
export async function runCommand<T>(
  command: readonly string[],
  options: object,
  { signal, onProgress }: RunOptions,
): Promise<Ended<T>> {
  signal?.throwIfAborted();
  const argv = [...command, ...tokensOf(options as Options), '--json'];
  const { port1: told, port2 } = new MessageChannel();
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const task: Task = { argv, listener: { told: port2, stop } };
  const worker = new Worker(workerPath(), {
    ...{ workerData: task, transferList: [port2], execArgv: [], stdout: true, stderr: true, stdin: false },
  });
  const onAbort = () => {
    Atomics.store(stop, 0, 1);
    setTimeout(() => void worker.terminate(), PATIENCE_MS).unref();
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    const [code, out, err] = await Promise.all([
      exitOf(worker, told, onProgress),
      textOf(worker.stdout),
      textOf(worker.stderr),
    ]);
    signal?.throwIfAborted();
    return endedWith<T>(code, out, err);
  } finally {
    signal?.removeEventListener('abort', onAbort);
    told.close();
    await worker.terminate();
  }
}

const textOf = (stream: Readable): Promise<string> => text(stream);

function exitOf(
  worker: Worker,
  told: MessagePort,
  onProgress: ((progress: Progress) => void) | undefined,
): Promise<number> {
  return new Promise((resolve, reject) => {
    let code = FAULT;
    const hear = (message: Message) => {
      if (message.state !== 'exit') return onProgress?.(message);
      code = message.code;
      void worker.terminate();
    };
    told.on('message', hear);
    worker.once('error', reject);
    worker.once('exit', () => {
      // A thread may end before its last messages have arrived.
      for (let left = receiveMessageOnPort(told); left !== undefined; left = receiveMessageOnPort(told))
        hear(left.message as Message);
      resolve(code);
    });
  });
}

type Message = Told | { readonly state: 'exit'; readonly code: number };

const FAULT = 70;

/** Errors: SnncError where there is no result. */
function endedWith<T>(code: number, out: string, err: string): Ended<T> {
  const last = out.trimEnd().split('\n').at(-1) ?? '';
  const value =
    last === '' ? undefined : (JSON.parse(last) as Partial<{ diagnostics: readonly Diagnostic[] }>);
  const isResult =
    value !== undefined && !(Object.keys(value).length === 1 && value.diagnostics !== undefined);
  if (isResult && code !== FAULT) return { result: value as T, code };
  const diagnostics = value?.diagnostics ?? [];
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  const message = errors.map(({ code: name, message: says }) => `${name}: ${says}`).join('\n');
  throw new SnncError(message || err.trim() || 'snnc ended without a result', diagnostics, code);
}

function tokensOf(options: Options): readonly string[] {
  return Object.entries(options).flatMap(([key, value]): readonly string[] => {
    const name = key.replaceAll(/[A-Z]/g, letter => `-${letter.toLowerCase()}`);
    if (value === undefined || value === null) return [];
    if (typeof value === 'boolean') return [value ? `--${name}` : `--no-${name}`];
    if (typeof value === 'object') return [`--${name}`, ...value.map(String)];
    return [`--${name}=${value}`];
  });
}

/** Beside this file: in the bundle under a name of its own, else as it was compiled. */
function workerPath(): string {
  const found = fileBeside(import.meta.url, './api-worker.js', './worker.js');
  if (found === undefined) throw new Error('snnc is not built: there is no worker beside its library');
  return found;
}
