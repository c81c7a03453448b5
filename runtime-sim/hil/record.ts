/**
 * A run on a device as one file, and the device that answers from it. What was asked stands beside what was answered, so that
 * the same questions get the same answers, without the device; other questions get none.
 *
 * Layout  "SNNCHIL" and a version byte; entries: kind (u8), length of the question (u32), of the answer (u32), both little endian,
 *         question, answer; at the end kind 255, then SHA-256 of all bytes before it
 */
import { createHash, type Hash } from 'node:crypto';
import { CALLS, type Call } from '../device/messages.ts';
import { WireError } from '../device/wire.ts';
import { AskAgain, type Command, type HilDevice, limitsOf, type Recordings } from './session.ts';

const MAGIC = 'SNNCHIL';
export const RECORDING_VERSION = 1;
const HEAD = 0;
const END = 255;
/** What is asked, as entries number it. */
const KINDS = { Describe: 1, Configure: 2, Run: 3, ReadSpikes: 4, ReadMemory: 5, ReadCounters: 6 } as const;
type Kind = keyof typeof KINDS;

/** What the run was about; a replay must be about the same. */
export interface RecordingHead {
  readonly schema: 'snnc-hil-recording';
  readonly tool: string;
  readonly device: string;
  /** SHA-256 of manifest.json. */
  readonly manifest: string;
  readonly images: number;
  readonly together: number;
  readonly stride: number | null;
}

export interface Recorder {
  /** The same device, all that it says written down. */
  readonly device: HilDevice;
  finish(): void;
}

/** The recording is not one, or not of this. */
export class RecordingError extends Error {}

/** `write` takes bytes in order. */
export function recordDevice(
  device: HilDevice,
  head: RecordingHead,
  write: (bytes: Uint8Array) => void,
): Recorder {
  const hash = createHash('sha256');
  const put = (bytes: Uint8Array) => {
    hash.update(bytes);
    write(bytes);
  };
  const entry = (kind: number, question: Uint8Array, answer: Uint8Array) => {
    const lengths = Buffer.alloc(9);
    lengths.writeUInt8(kind, 0);
    lengths.writeUInt32LE(question.length, 1);
    lengths.writeUInt32LE(answer.length, 5);
    for (const bytes of [lengths, question, answer]) put(bytes);
  };
  const note = (kind: Kind, question: object, answer: object) =>
    entry(KINDS[kind], encode(kind, 'request', question), encode(kind, 'reply', answer));
  put(Buffer.from([...Buffer.from(MAGIC), RECORDING_VERSION]));
  entry(HEAD, Buffer.from(JSON.stringify(head)), Buffer.alloc(0));
  note('Describe', {}, device.description);
  const recorded: HilDevice = {
    ...device,
    get mended() {
      return device.mended;
    },
    async configure(recordings) {
      await device.configure(recordings);
      note('Configure', recordings, {});
    },
    run: (commands, take) =>
      device.run(commands, async (reply, index) => {
        await take(reply, index);
        note('Run', commands[index]!, { ...reply, sequence: 0 });
      }),
    async readSpikes(index, population, timestep) {
      const reply = await device.readSpikes(index, population, timestep);
      note('ReadSpikes', { population, timestep }, reply);
      return reply;
    },
    async readMemory(request) {
      const reply = await device.readMemory(request);
      note('ReadMemory', request, reply);
      return reply;
    },
    async readCounters() {
      const reply = await device.readCounters();
      note('ReadCounters', {}, reply);
      return reply;
    },
  };
  return {
    device: recorded,
    finish() {
      put(Buffer.from([END]));
      write(hash.digest());
    },
  };
}

/** Errors: RecordingError. */
export function replayRecording(bytes: Uint8Array): {
  readonly head: RecordingHead;
  readonly device: HilDevice;
} {
  const entries = readEntries(bytes);
  const [first] = entries;
  if (first?.kind !== HEAD) throw new RecordingError('it does not begin with what it is about');
  const head = JSON.parse(Buffer.from(first.question).toString()) as RecordingHead;
  const answers = new Map<string, Uint8Array[]>();
  for (const { kind, question, answer } of entries.slice(1)) {
    const key = keyOf(kind, question);
    answers.set(key, [...(answers.get(key) ?? []), answer]);
  }
  /** Asked the same more often than it was, it says the last again. */
  const ask = <K extends Kind>(kind: K, question: object) => {
    const list = answers.get(keyOf(KINDS[kind], encode(kind, 'request', question)));
    const answer = list?.[0];
    if (list === undefined || answer === undefined)
      throw new RecordingError(`nothing in it answers this ${kind}: it was recorded with other options`);
    if (list.length > 1) list.shift();
    return decode(kind, answer);
  };
  const description = ask('Describe', {}) as HilDevice['description'];
  const device: HilDevice = {
    description,
    limits: limitsOf(description),
    mended: { connections: 0, sessions: 0, replayed: 0, unreadable: 0 },
    configure: async (recordings: Recordings) => void ask('Configure', recordings),
    async run(commands: readonly Command[], take) {
      for (const [index, command] of commands.entries()) {
        const reply = ask('Run', command) as Parameters<typeof take>[0];
        // What is asked again is answered alike.
        await take(reply, index).catch((error: unknown) => {
          if (!(error instanceof AskAgain)) throw error;
          return take(reply, index);
        });
      }
    },
    readSpikes: async (_, population, timestep) => ask('ReadSpikes', { population, timestep }) as never,
    readMemory: async request => ask('ReadMemory', request) as never,
    readCounters: async () => ask('ReadCounters', {}) as never,
    close: async () => {},
  };
  return { head, device };
}

const keyOf = (kind: number, question: Uint8Array): string =>
  `${kind} ${createHash('sha256').update(question).digest('hex')}`;

const encode = (call: Call, side: 'request' | 'reply', value: object): Uint8Array =>
  (CALLS[call][side] as unknown as { encode(value: object): Uint8Array }).encode(value);

function decode(call: Call, bytes: Uint8Array): unknown {
  try {
    return CALLS[call].reply.decode(bytes);
  } catch (error) {
    if (error instanceof WireError) throw new RecordingError(`an answer of ${call} is no message`);
    throw error;
  }
}

interface Entry {
  readonly kind: number;
  readonly question: Uint8Array;
  readonly answer: Uint8Array;
}

function readEntries(bytes: Uint8Array): readonly Entry[] {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = MAGIC.length + 1;
  if (view.length < start || view.toString('latin1', 0, MAGIC.length) !== MAGIC)
    throw new RecordingError(`it does not begin with ${MAGIC}`);
  const version = view[MAGIC.length];
  if (version !== RECORDING_VERSION)
    throw new RecordingError(`its version is ${version}; this snnc reads ${RECORDING_VERSION}`);
  const entries: Entry[] = [];
  for (let at = start; ; ) {
    if (at >= view.length) throw new RecordingError('it is cut off: the run did not end');
    const kind = view[at]!;
    if (kind === END) {
      checkHash(createHash('sha256').update(view.subarray(0, at + 1)), view.subarray(at + 1));
      return entries;
    }
    if (at + 9 > view.length) throw new RecordingError('it is cut off');
    const [asked, answered] = [view.readUInt32LE(at + 1), view.readUInt32LE(at + 5)];
    at += 9;
    if (asked + answered > view.length - at) throw new RecordingError('it is cut off');
    entries.push({
      kind,
      question: view.subarray(at, at + asked),
      answer: view.subarray(at + asked, at + asked + answered),
    });
    at += asked + answered;
  }
}

function checkHash(hash: Hash, said: Uint8Array): void {
  if (!hash.digest().equals(said)) throw new RecordingError('its SHA-256 differs: it was changed or damaged');
}
