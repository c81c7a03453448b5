/**
 * A session on a device that outlives its connection: what breaks is opened again, what a restart of the device has
 * forgotten is loaded and replayed. Every command is executed once, every reply is taken once.
 */
import type { ReplyOf, RequestDraft } from '../device/messages.ts';
import { type DeviceLink, isPassing, LinkError } from './link.ts';
import { type DeviceFile, loadFiles } from './load.ts';

export type Description = ReplyOf<'Describe'>;
export type Command = Pick<RequestDraft<'Run'>, 'advance' | 'restart'>;
export type Recordings = Omit<RequestDraft<'Configure'>, 'session'>;

/** Of a device that leaves something out. */
const LIMITS = {
  messageBytes: 4 * 2 ** 20,
  chunkBytes: 2 ** 18,
  programBytes: 0,
  timesteps: 1,
  window: 1,
  stateNeurons: 0,
  memoryBytes: 2 ** 18,
  leaseSeconds: 0,
  messagesPerSecond: 0,
};
export type Limits = typeof LIMITS;

/** What the host asks of a device; mended where the connection breaks. */
export interface HilDevice {
  readonly description: Description;
  readonly limits: Limits;
  configure(recordings: Recordings): Promise<void>;
  /**
   * Commands of which the first is a restart, their replies taken in order. What `take` throws as a broken link is mended, and
   * the same reply taken again.
   */
  run(
    commands: readonly Command[],
    take: (reply: ReplyOf<'Run'>, index: number) => Promise<void>,
  ): Promise<void>;
  /** Of command `index` of this run, while its reply is taken. */
  readSpikes(index: number, population: number, timestep: number): Promise<ReplyOf<'ReadSpikes'>>;
  readMemory(request: Omit<RequestDraft<'ReadMemory'>, 'session'>): Promise<ReplyOf<'ReadMemory'>>;
  readCounters(): Promise<ReplyOf<'ReadCounters'>>;
  /** What was mended so far. */
  readonly mended: Mended;
  close(): Promise<void>;
}

export interface Mended {
  /** Times that the connection or a stream of it was opened again. */
  connections: number;
  /** Times that the device had forgotten the session. */
  sessions: number;
  /** Commands that were executed again after that, their replies not taken twice. */
  replayed: number;
  /** Replies that were no messages. */
  unreadable: number;
}

export interface SessionOptions {
  readonly client: string;
  /** Of one call, in milliseconds. */
  readonly timeout: number;
  /** Without any progress, in milliseconds. */
  readonly patience: number;
  /** Commands that are sent ahead, at most. */
  readonly ahead?: number | undefined;
  /** Of bytes of files, as they are loaded. */
  readonly loading?: ((done: number, all: number) => void) | undefined;
}

/** What `take` throws to be given the same reply once more, from the device. */
export class AskAgain extends Error {}

/** Nothing went on for too long; `reason` of the last attempt. */
export class GivenUp extends Error {
  readonly reason: LinkError;
  constructor(reason: LinkError) {
    super(reason.message);
    this.name = 'GivenUp';
    this.reason = reason;
  }
}

const FRUITLESS = 3;
const HEARTBEATS_PER_LEASE = 3;
const LEASE_SECONDS = 60;

/** Errors: LinkError (refused), GivenUp. */
export async function openSession(
  link: DeviceLink,
  description: Description,
  files: readonly DeviceFile[],
  { client, timeout, patience, ahead = 64, loading }: SessionOptions,
): Promise<HilDevice> {
  const limits = limitsOf(description);
  const mended: Mended = { connections: 0, sessions: 0, replayed: 0, unreadable: 0 };
  let session = '';
  let recordings: Recordings = {};
  /** Commands that the device has executed since it was configured, before this run. */
  let base = 0;
  let lastProgress = performance.now();

  /** Sessions that were opened since the last reply was taken. */
  let fruitless = 0;
  const progress = () => {
    lastProgress = performance.now();
    fruitless = 0;
  };
  /** Loading is progress too, but not for a device that forgets it again before it answers anything. */
  const loaded = () => {
    if (fruitless <= FRUITLESS) lastProgress = performance.now();
  };
  const note = (error: LinkError) => {
    if (error.status === 'DATA_LOSS') mended.unreadable += 1;
    mended.connections += 1;
  };
  /** Waits before the next attempt; longer each time. */
  async function waitAfter(error: LinkError, attempt: number): Promise<void> {
    if (performance.now() - lastProgress > patience) throw new GivenUp(error);
    await new Promise(resolve => setTimeout(resolve, Math.min(1000, 20 * 2 ** attempt)));
  }

  /** Opens, loads and configures until it succeeds. Errors: LinkError, GivenUp. */
  async function establish(isAgain: boolean): Promise<void> {
    fruitless += 1;
    for (let attempt = 0; ; attempt++) {
      try {
        const lease = await link.call('Open', { client, leaseSeconds: LEASE_SECONDS }, timeout);
        session = lease.session;
        await loadFiles(link, session, files, limits, timeout, (done, all) => {
          loaded();
          if (!isAgain) loading?.(done, all);
        });
        await link.call('Configure', { ...recordings, session }, timeout);
        base = 0;
        return loaded();
      } catch (error) {
        // At the beginning somebody else may hold the device; later it is our own session whose reply was lost.
        if (!isPassing(error) && !isGone(error)) throw error;
        if (!isAgain && error.status === 'RESOURCE_EXHAUSTED') throw error;
        await waitAfter(error, attempt);
        note(error);
      }
    }
  }

  /** After something broke: is the session still there? Errors: LinkError, GivenUp. */
  async function reattach(error: LinkError): Promise<'kept' | 'new'> {
    note(error);
    for (let attempt = 0, last = error; ; attempt++) {
      await waitAfter(last, attempt);
      try {
        const { stage } = await link.call('Locate', { session }, timeout);
        if (stage === 'configured') return 'kept';
      } catch (problem) {
        if (!isGone(problem)) {
          if (!isPassing(problem)) throw problem;
          last = problem;
          continue;
        }
      }
      mended.sessions += 1;
      await link.call('Close', { session }, timeout).catch(() => {});
      await establish(true);
      return 'new';
    }
  }

  /** One call that may be repeated. */
  async function mending<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        const result = await work();
        progress();
        return result;
      } catch (error) {
        if (!isPassing(error) && !isGone(error)) throw error;
        await reattach(error);
      }
    }
  }

  async function run(commands: readonly Command[], take: Parameters<HilDevice['run']>[1]): Promise<void> {
    let taken = 0;
    const took = async (reply: ReplyOf<'Run'>, index: number) => {
      await take(reply, index);
      taken = index + 1;
      progress();
    };
    while (taken < commands.length) {
      try {
        await pump(commands, taken, took);
      } catch (error) {
        if (error instanceof AskAgain) continue;
        if (!isPassing(error) && !isGone(error)) throw error;
        await reattach(error);
      }
    }
    base += commands.length;
  }

  /** Sends from the first reply that is missing; of a session that has forgotten everything, from the beginning. */
  async function pump(
    commands: readonly Command[],
    taken: number,
    took: (reply: ReplyOf<'Run'>, index: number) => Promise<void>,
  ): Promise<void> {
    const { executed } = await link.call('Locate', { session }, timeout);
    const start = executed < base + taken ? Math.max(0, executed - base) : taken;
    mended.replayed += Math.min(taken, commands.length) - start;
    const wire = link.stream('Run');
    try {
      let sent = start;
      let answered = start;
      const window = Math.max(1, Math.min(limits.window, ahead));
      while (answered < commands.length) {
        for (; sent < commands.length && sent < answered + window; sent++) {
          const silent = sent < taken;
          const sequence = base + sent + 1;
          await wire.send({ session, sequence, acknowledged: base + answered, silent, ...commands[sent]! });
        }
        const reply = await wire.next(timeout);
        if (reply === undefined) throw new LinkError('Run', 'UNAVAILABLE', 'the device has ended the stream');
        if (reply.sequence !== base + answered + 1) {
          const problem = `a reply with number ${reply.sequence} instead of ${base + answered + 1}`;
          throw new LinkError('Run', 'DATA_LOSS', problem);
        }
        if (answered >= taken) await took(reply, answered);
        answered += 1;
      }
      // What is left is acknowledged by the first message of the next run.
      wire.end();
    } catch (error) {
      wire.cancel();
      throw error;
    }
  }

  await establish(false);
  const beat =
    (limits.leaseSeconds > 0 ? Math.min(limits.leaseSeconds, LEASE_SECONDS) : LEASE_SECONDS) * 1000;
  const heart = setInterval(() => {
    link.call('Locate', { session }, timeout).catch(() => {});
  }, beat / HEARTBEATS_PER_LEASE).unref();

  return {
    description,
    limits,
    mended,
    run,
    configure: next => {
      recordings = next;
      return mending(async () => {
        await link.call('Configure', { ...recordings, session }, timeout);
        base = 0;
      });
    },
    readSpikes: (index, population, timestep) =>
      link.call('ReadSpikes', { session, sequence: base + index + 1, population, timestep }, timeout),
    readMemory: request => mending(() => link.call('ReadMemory', { ...request, session }, timeout)),
    readCounters: () => mending(() => link.call('ReadCounters', { session }, timeout)),
    async close() {
      clearInterval(heart);
      await link.call('Close', { session }, Math.min(timeout, 2000)).catch(() => {});
    },
  };
}

/** The device has never heard of the session, or has been restarted. */
const isGone = (error: unknown): error is LinkError =>
  error instanceof LinkError && (error.status === 'NOT_FOUND' || error.status === 'FAILED_PRECONDITION');

export function limitsOf({ limits }: Description): Limits {
  const said = Object.entries(limits ?? {}).filter(([, value]) => value > 0);
  return { ...LIMITS, ...Object.fromEntries(said) };
}
