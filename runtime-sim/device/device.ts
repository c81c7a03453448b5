/**
 * An emulated device behind its protocol: one session at a time, what it has loaded, and its calls. Knows nothing of how messages
 * come to it (server.ts).
 */
import { randomBytes } from 'node:crypto';
import { VERSION } from '../../backends/program/layout.ts';
import type { Booted } from './boot.ts';
import { bootDevice } from './boot.ts';
import { type CommandLimits, type Commands, createCommands } from './commands.ts';
import { createFileStore, type FileStore } from './files.ts';
import { createMachine, type Damage, type Machine } from './machine.ts';
import { type Call, PROTOCOL, type ReplyDraft, type RequestOf } from './messages.ts';
import { answerStates, checkRecordings, type Recordings } from './recording.ts';
import { refuse } from './refusal.ts';
import { answerMemory } from './scrub.ts';

export const DEFAULT_LIMITS = {
  messageBytes: 2 ** 22,
  chunkBytes: 2 ** 20,
  programBytes: 2 ** 30,
  timesteps: 1024,
  window: 64,
  stateNeurons: 4096,
  memoryBytes: 2 ** 26,
  leaseSeconds: 600,
  messagesPerSecond: 20_000,
} as const;
export type DeviceLimits = { readonly [K in keyof typeof DEFAULT_LIMITS]: number };

export interface DeviceOptions {
  readonly firmware: string;
  readonly limits?: Partial<DeviceLimits> | undefined;
  /** What is broken of a device that has booted, and what it does to its memory. */
  readonly damage?: ((booted: Booted) => Damage) | undefined;
  /** Files that it holds from the beginning: whoever plans to load them need not send them. */
  readonly held?: readonly Uint8Array[] | undefined;
  /** For a log. */
  readonly onEvent?: ((text: string) => void) | undefined;
  /** Called after every command that was executed for the first time. */
  readonly onCommand?: (() => void) | undefined;
  /** Seconds, for leases. */
  readonly clock?: (() => number) | undefined;
}

/** Who calls: the name in its certificate; undefined where there are none. */
export type Peer = string | undefined;

/** One message in, one out; `Run` may have nothing to say. Errors: Refusal */
type Calls = {
  readonly [C in Call]: (request: RequestOf<C>, peer: Peer) => Promise<ReplyDraft<C> | undefined>;
};
export interface Device {
  readonly limits: DeviceLimits;
  readonly calls: Calls;
  /** Forgets everything, as a loss of power would; what happens by chance goes on where it was. */
  crash(): void;
  /** Is the device free? */
  readonly isIdle: boolean;
}

type Entered<C extends Call> = RequestOf<C> & { readonly session: string };
interface Session {
  readonly id: string;
  readonly client: string;
  readonly peer: Peer;
  readonly seconds: number;
  until: number;
  /** Calls that are at work: a lease does not end meanwhile. */
  active: number;
}
interface Loaded {
  readonly machine: Machine;
  recordings: Recordings | undefined;
  commands: Commands | undefined;
}

const DEFAULT_LEASE = 60;

export function createDevice(options: DeviceOptions): Device {
  const { clock = () => performance.now() / 1000, damage } = options;
  const limits: DeviceLimits = { ...DEFAULT_LIMITS, ...options.limits };
  const started = clock();
  let boot = newId();
  let session: Session | undefined;
  const say = options.onEvent ?? (() => {});
  const emptyStore = (): FileStore => createFileStore(limits.programBytes, limits.chunkBytes, options.held);
  let files = emptyStore();
  let loaded: Loaded | undefined;
  const inTurn = createTurns();

  const holder = (): Session | undefined => {
    if (session !== undefined && session.active === 0 && clock() > session.until) session = undefined;
    return session;
  };

  /** Errors: Refusal NOT_FOUND, PERMISSION_DENIED */
  function enter(id: string, peer: Peer): Session {
    const own = holder();
    if (own === undefined || own.id !== id)
      return refuse(
        'NOT_FOUND',
        'no such session: its lease is over, or the device was restarted; open another',
      );
    if (own.peer !== peer) refuse('PERMISSION_DENIED', 'the session belongs to another client');
    own.until = clock() + own.seconds;
    return own;
  }

  const needLoaded = (): Loaded => loaded ?? refuse('FAILED_PRECONDITION', 'nothing is loaded');
  function needCommands(): Commands {
    const { commands } = needLoaded();
    return commands ?? refuse('FAILED_PRECONDITION', 'nothing is configured');
  }

  const positionOf = (): ReplyDraft<'Locate'> => ({
    stage: loaded === undefined ? 'empty' : loaded.commands === undefined ? 'loaded' : 'configured',
    executed: loaded?.commands?.executed ?? 0,
    acknowledged: loaded?.commands?.acknowledged ?? 0,
    timestep: loaded?.machine.timestep ?? 0,
  });

  function begin(own: Loaded, recordings: Recordings): ReplyDraft<'Reset'> {
    const { machine } = own;
    machine.restart();
    machine.resetCounts();
    own.recordings = recordings;
    own.commands = createCommands(machine, recordings, limits satisfies CommandLimits, createPause());
    return positionOf();
  }

  function load({ plan, chunk, commit }: RequestOf<'Load'>): ReplyDraft<'Load'> {
    if (plan !== undefined) {
      loaded = undefined;
      return { files: files.plan(plan.files) };
    }
    if (chunk !== undefined) return { files: files.take(chunk.file, chunk.offset, chunk.data) };
    if (commit === undefined) return refuse('INVALID_ARGUMENT', 'neither plan nor chunk nor commit');
    loaded = undefined;
    // Copies: what is damaged in memory is sound in the files.
    const chips = new Map(
      [...files.finish()].map(([chip, bytes]) => [chip, Uint8Array.from(bytes)] as const),
    );
    const booted = bootDevice(chips);
    loaded = {
      machine: createMachine(booted, damage?.(booted)),
      recordings: undefined,
      commands: undefined,
    };
    return { booted: true };
  }

  /** Calls that need the machine wait for each other; a session may have ended while they waited. */
  const withSession =
    <C extends Call>(answer: (request: Entered<C>) => Promise<ReplyDraft<C> | undefined> | ReplyDraft<C>) =>
    async (request: Entered<C>, peer: Peer): Promise<ReplyDraft<C> | undefined> => {
      const own = enter(request.session, peer);
      own.active += 1;
      try {
        return await inTurn(async () => {
          enter(request.session, peer);
          return answer(request);
        });
      } finally {
        own.active -= 1;
        own.until = clock() + own.seconds;
      }
    };

  const calls: Calls = {
    Describe: async () => describe(options.firmware, limits),
    Health: async () => {
      const own = holder();
      return {
        status: own === undefined ? 'ready' : 'busy',
        message: own === undefined ? '' : `in use by ${own.client}`,
        boot,
        uptimeSeconds: Math.floor(clock() - started),
        busySeconds: own === undefined ? 0 : Math.max(1, Math.ceil(own.until - clock())),
      };
    },
    Open: async ({ client, leaseSeconds }, peer) => {
      const own = holder();
      if (own !== undefined) {
        const seconds = Math.max(1, Math.ceil(own.until - clock()));
        refuse(
          'RESOURCE_EXHAUSTED',
          `the device is in use by ${own.client}; its lease ends in ${seconds} s unless it is renewed`,
        );
      }
      const seconds = Math.min(leaseSeconds === 0 ? DEFAULT_LEASE : leaseSeconds, limits.leaseSeconds);
      const name = printableName(peer ?? client);
      session = { id: newId(), client: name, peer, seconds, until: clock() + seconds, active: 0 };
      loaded = undefined;
      say(`${name} has opened a session`);
      return { session: session.id, leaseSeconds: seconds, boot };
    },
    Close: withSession<'Close'>(() => {
      say(`${session?.client} has closed its session`);
      session = undefined;
      loaded = undefined;
      return {};
    }),
    Locate: async ({ session: id }, peer) => {
      enter(id, peer);
      return positionOf();
    },
    Load: withSession<'Load'>(load),
    Configure: withSession<'Configure'>(({ recordings }) => {
      const own = needLoaded();
      return begin(own, checkRecordings(recordings, own.machine.booted, limits.stateNeurons));
    }),
    Reset: withSession<'Reset'>(() => {
      needCommands();
      return begin(needLoaded(), needLoaded().recordings!);
    }),
    Run: withSession<'Run'>(async request => {
      const commands = needCommands();
      const before = commands.executed;
      const reply = await commands.run(request);
      if (commands.executed > before) options.onCommand?.();
      return reply;
    }),
    ReadSpikes: withSession<'ReadSpikes'>(({ sequence, population, timestep }) => {
      const { neurons, values } = needCommands().spikesOf(sequence, population, timestep);
      return { spikes: { neurons, payloads: values } };
    }),
    ReadMemory: withSession<'ReadMemory'>(request =>
      answerMemory(needLoaded().machine.booted.images, request, limits.memoryBytes),
    ),
    ReadState: withSession<'ReadState'>(request => {
      needCommands();
      return answerStates(needLoaded().machine, request, limits.stateNeurons);
    }),
    ReadCounters: withSession<'ReadCounters'>(() => {
      needCommands();
      const { booted, counts, age } = needLoaded().machine;
      return {
        cores: booted.cores.map(({ chip, index, number }) => ({ chip, core: index, ...counts[number]! })),
        timesteps: age,
      };
    }),
    ReadPower: withSession<'ReadPower'>(() =>
      refuse('UNIMPLEMENTED', 'an emulated device has no power to measure'),
    ),
  };

  return {
    limits,
    calls,
    get isIdle() {
      return holder() === undefined;
    },
    crash() {
      boot = newId();
      session = undefined;
      loaded = undefined;
      files = emptyStore();
      say('restarted');
    },
  };
}

const newId = (): string => randomBytes(24).toString('base64url');

/** A stranger's name in our messages: short, and nothing that a terminal would obey. */
const printableName = (name: string): string =>
  name.replaceAll(/[^\p{L}\p{N} ._@-]/gu, '?').slice(0, 64) || 'somebody';

const describe = (firmware: string, limits: DeviceLimits): ReplyDraft<'Describe'> => ({
  protocol: PROTOCOL,
  device: 'snnc emulated device',
  firmware,
  targets: [],
  programVersions: [VERSION],
  limits,
  capabilities: {
    states: ['sent', 'target', 'potential'],
    counters: true,
    timing: true,
    power: false,
    memory: true,
    spikesOnDemand: true,
  },
});

/** One after another, in the order in which they came. */
function createTurns() {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work);
    last = turn.catch(() => {});
    return turn;
  };
}

/** Long work lets other calls in now and then. */
const TURN_MS = 20;
function createPause(): () => Promise<void> {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < TURN_MS) return;
    await new Promise(resolve => setImmediate(resolve));
    since = performance.now();
  };
}
