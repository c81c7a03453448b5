/** A device in a process of its own, which can be killed, behind a line that can be cut. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

const ENTRY = 'build/test/cli-entry.js';

export interface DeviceProcess {
  readonly port: number;
  readonly pid: number;
  /** What it wrote on stderr. */
  readonly said: () => string;
  /** Of its memory, in bytes: now, and the most so far. */
  memory(): { readonly now: number; readonly peak: number };
  isAlive(): boolean;
  kill(): Promise<void>;
}

export async function startProcess(port = 0, options: readonly string[] = []): Promise<DeviceProcess> {
  const child = spawn(
    process.execPath,
    [ENTRY, 'device', '--listen', `127.0.0.1:${port}`, '--json', '--rate', '1000000', ...options],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let errors = '';
  child.stderr.on('data', text => {
    errors += text;
  });
  const bound = await new Promise<number>((resolve, reject) => {
    let text = '';
    child.stdout.on('data', part => {
      text += part;
      if (text.includes('\n')) resolve((JSON.parse(text) as { port: number }).port);
    });
    child.once('exit', () => reject(new Error(`the device did not start: ${errors}`)));
  });
  const pid = child.pid!;
  return {
    port: bound,
    pid,
    said: () => errors,
    memory() {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      const of = (name: string) => 1024 * Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0);
      return { now: of('VmRSS'), peak: of('VmHWM') };
    },
    isAlive: () => child.exitCode === null && child.signalCode === null,
    kill: () => endOf(child),
  };
}

async function endOf(child: ChildProcess): Promise<void> {
  const ended = new Promise(resolve => child.once('exit', resolve));
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await ended;
}

export interface Line {
  readonly port: number;
  /** Breaks every connection at once, in the middle of whatever is on it. */
  cut(): void;
  close(): Promise<void>;
}

export async function openLine(target: () => number): Promise<Line> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  };
  const server = createServer(near => {
    const far = connect(target(), '127.0.0.1');
    for (const socket of [near, far]) keep(socket);
    near.pipe(far).pipe(near);
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => {
      for (const socket of sockets) socket.destroy();
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise(resolve => server.close(() => resolve()));
    },
  };
}
