/** Messages that no sound client sends: noise, and sound messages with something changed. */
import { createRandom, type Random } from '../ir/random/seeded.ts';
import { CALLS, type Call, pathOf } from '../runtime-sim/device/messages.ts';
import { advanceOf, FILES } from '../runtime-sim/hil/conformance/kit.ts';
import { runSuite } from '../runtime-sim/hil/conformance/suite.ts';
import { connectGrpc, type GrpcLink } from '../runtime-sim/hil/grpc-link.ts';
import { LinkError } from '../runtime-sim/hil/link.ts';

export interface FuzzResult {
  readonly messages: number;
  /** By status. */
  readonly answers: Readonly<Record<string, number>>;
  /** Without an answer, or answered as a fault of the device itself. */
  readonly hangs: number;
  readonly defects: number;
  /** Does it still keep the protocol afterwards? */
  readonly isSound: boolean;
}

const DEADLINE = 10_000;
const DEFECTS: ReadonlySet<string> = new Set(['INTERNAL', 'UNKNOWN', 'UNAVAILABLE']);

/** One sound message of each call, of a session that exists. */
function soundMessages(session: string): readonly (readonly [Call, Buffer])[] {
  const [file] = FILES;
  const plan = {
    files: [{ kind: 'program' as const, chip: 0, bytes: file!.bytes.length, sha256: new Uint8Array(32) }],
  };
  const recordings = [{ population: 0, form: 'hash' as const, states: ['sent' as const], neurons: [1, 2] }];
  const requests: readonly (readonly [Call, object])[] = [
    ['Describe', {}],
    ['Health', {}],
    ['Open', { client: 'fuzz', leaseSeconds: 3 }],
    ['Locate', { session }],
    ['Configure', { session, recordings, counters: true }],
    ['Reset', { session }],
    ['Run', { session, sequence: 1, restart: {} }],
    ['Run', { session, sequence: 2, acknowledged: 1, advance: advanceOf(0) }],
    ['Load', { session, plan }],
    ['Load', { session, chunk: { file: 0, offset: 0, data: file!.bytes } }],
    ['Load', { session, commit: {} }],
    ['ReadSpikes', { session, sequence: 1, population: 0, timestep: 1 }],
    ['ReadMemory', { session, chip: 0, region: 'program', form: 'sha256', blockBytes: 16 }],
    ['ReadState', { session, population: 0, neurons: [0, 3], states: ['sent'] }],
    ['ReadCounters', { session }],
    ['ReadPower', { session }],
  ];
  return requests.map(([call, request]) => [
    call,
    (CALLS[call].request as unknown as { encode(value: object): Buffer }).encode(request),
  ]);
}

const below = (random: Random, count: number): number => Math.floor(random.next() * count);

const MUTATIONS: readonly ((bytes: Buffer, random: Random) => Buffer)[] = [
  (bytes, random) => {
    const out = Buffer.from(bytes);
    for (let n = 1 + below(random, 4); n > 0 && out.length > 0; n--)
      out[below(random, out.length)]! ^= 1 << below(random, 8);
    return out;
  },
  (bytes, random) => bytes.subarray(0, below(random, bytes.length + 1)),
  (bytes, random) => {
    const at = below(random, bytes.length + 1);
    const more = Buffer.from(Array.from({ length: 1 + below(random, 12) }, () => below(random, 256)));
    return Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at)]);
  },
  bytes => Buffer.concat([bytes, bytes]),
  // Lengths and numbers as large as they can be written.
  (bytes, random) => {
    const at = below(random, bytes.length + 1);
    return Buffer.concat([
      bytes.subarray(0, at),
      Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f]),
      bytes.subarray(at + 1),
    ]);
  },
  (_, random) => Buffer.from(Array.from({ length: below(random, 400) }, () => below(random, 256))),
];

export async function fuzz(port: number, messages: number, seed: number): Promise<FuzzResult> {
  const link = connectGrpc(`127.0.0.1:${port}`, undefined);
  const random = createRandom(seed);
  const answers: Record<string, number> = {};
  let session = await openOf(link);
  for (let n = 0; n < messages; n++) {
    // Mutants may close it.
    if (n % 200 === 199) session = await openOf(link, session);
    const sound = soundMessages(session);
    const [call, bytes] = sound[below(random, sound.length)]!;
    const mutate = MUTATIONS[below(random, MUTATIONS.length)]!;
    const status = await answerOf(link, call, mutate(bytes, random));
    answers[status] = (answers[status] ?? 0) + 1;
  }
  await link.call('Close', { session }, DEADLINE).catch(() => {});
  await new Promise(resolve => setTimeout(resolve, 3500));
  const { checks } = await runSuite(link, DEADLINE, { only: ['health', 'load', 'spikes', 'noise'] });
  link.close();
  const count = (statuses: (status: string) => boolean) =>
    Object.entries(answers).reduce((sum, [status, own]) => sum + (statuses(status) ? own : 0), 0);
  return {
    messages,
    answers,
    hangs: count(status => status === 'DEADLINE_EXCEEDED'),
    defects: count(status => DEFECTS.has(status)),
    isSound: checks.every(({ outcome }) => outcome === 'passed'),
  };
}

async function openOf(link: GrpcLink, before?: string): Promise<string> {
  if (before !== undefined) await link.call('Close', { session: before }, DEADLINE).catch(() => {});
  for (;;) {
    try {
      return (await link.call('Open', { client: 'fuzz', leaseSeconds: 3 }, DEADLINE)).session;
    } catch (error) {
      if (!(error instanceof LinkError) || error.status !== 'RESOURCE_EXHAUSTED') throw error;
      // A mutant of Open has been let in; its lease ends by itself.
      await new Promise(resolve => setTimeout(resolve, 500));
    }
  }
}

async function answerOf(link: GrpcLink, call: Call, bytes: Buffer): Promise<string> {
  try {
    if (call !== 'Run' && call !== 'Load') {
      await link.callBytes(pathOf(call), bytes, DEADLINE);
      return 'OK';
    }
    const stream = link.streamBytes(call);
    await stream.send(bytes);
    // A command without a number only acknowledges: it has no answer, so that the end of the stream is one.
    stream.end();
    await stream.next(DEADLINE);
    stream.cancel();
    return 'OK';
  } catch (error) {
    if (error instanceof LinkError) return error.status;
    throw error;
  }
}
