/** What the checks of a device share: a session, the loaded network, commands, and what is said when a rule is broken. */
import { createHash } from 'node:crypto';
import type { ReplyOf, RequestDraft } from '../../device/messages.ts';
import { slowSimulator } from '../../simulator.ts';
import { expectedSpikes, expectImages } from '../expected.ts';
import type { GrpcLink } from '../grpc-link.ts';
import { type DeviceStream, LinkError, type Status } from '../link.ts';
import { hostTurns, scheduleOf } from '../schedule.ts';
import { type Description, type Limits, limitsOf } from '../session.ts';
import type { Spikes } from '../spikes.ts';
import { IMAGES, NETWORK, networkBytes } from './network.ts';

export interface Check {
  readonly name: string;
  /** The rule, in a sentence. */
  readonly rule: string;
  /** Not run where the device says that it cannot. */
  readonly needs?: 'memory' | 'counters' | 'spikesOnDemand' | 'sent' | undefined;
  /** Errors: Broken, LinkError. */
  run(bench: Bench): Promise<void>;
}

/** A rule is broken; the message says what was expected and what came. */
export class Broken extends Error {}
export const broken = (problem: string): never => {
  throw new Broken(problem);
};
export const must = (holds: boolean, problem: string): void => {
  if (!holds) broken(problem);
};

export interface Bench {
  readonly link: GrpcLink;
  readonly description: Description;
  readonly limits: Limits;
  /** Milliseconds of one call. */
  readonly timeout: number;
  /** A session, which is closed when the check is over. */
  open(leaseSeconds?: number): Promise<string>;
  /** The network of the suite on the device, everything recorded; the same is closed when the check is over. */
  prepare(form?: 'hash' | 'spikes'): Promise<string>;
  plan(files?: readonly FileOfPlan[]): RequestDraft<'Load'>['plan'];
  run(): DeviceStream<'Run'>;
  load(): DeviceStream<'Load'>;
}

export interface FileOfPlan {
  readonly kind: 'manifest' | 'program';
  readonly chip: number;
  readonly bytes: Uint8Array;
}

/** The program alone: a manifest only tells a device what it could do without. */
export const FILES: readonly FileOfPlan[] = [{ kind: 'program', chip: 0, bytes: networkBytes() }];

export const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

const schedule = scheduleOf([NETWORK]);
const expected = expectImages(slowSimulator([NETWORK]), IMAGES, schedule, NETWORK.header);

/** Chip timesteps of one image. */
export const TIMESTEPS = schedule.timesteps;
export const HIDDEN_POPULATION = 0;
export const READOUT_POPULATION = 1;
const turnOf = (population: number) => schedule.turns.find(turn => turn.population === population)!;
export const HIDDEN_TIMESTEP = turnOf(HIDDEN_POPULATION).timestep;
export const READOUT_TIMESTEP = turnOf(READOUT_POPULATION).timestep;

export const hiddenSpikes = (image: number): Spikes =>
  expectedSpikes(expected[image]!, turnOf(HIDDEN_POPULATION));
/** Of every neuron. */
export const readoutOf = (image: number): readonly number[] =>
  Array.from(expected[image]!.held(READOUT_POPULATION, 1));

/** All of one image in one command. */
export function advanceOf(image: number, timesteps = TIMESTEPS): RequestDraft<'Run'>['advance'] {
  const [first] = hostTurns(IMAGES[image]!, schedule, NETWORK.header);
  return { timesteps, inputs: [{ offset: 0, elements: first!.elements, values: first!.values }] };
}

export async function createBench(link: GrpcLink, description: Description, timeout: number) {
  const opened: string[] = [];
  const streams: { cancel(): void }[] = [];
  const bench: Bench = {
    ...{ link, description, timeout, limits: limitsOf(description) },
    async open(leaseSeconds = 30) {
      const { session } = await link.call('Open', { client: 'conformance', leaseSeconds }, timeout);
      opened.push(session);
      return session;
    },
    async prepare(form = 'spikes') {
      const session = await bench.open();
      await loadAll(bench, session);
      const recordings = NETWORK.header.populations.map((_, population) => ({ population, form }));
      await link.call('Configure', { session, recordings, counters: true }, timeout);
      return session;
    },
    plan: (files = FILES) => ({
      files: files.map(({ kind, chip, bytes }) => ({
        kind,
        chip,
        bytes: bytes.length,
        sha256: sha256(bytes),
      })),
    }),
    run: () => keep(link.stream('Run')),
    load: () => keep(link.stream('Load')),
  };
  const keep = <S extends { cancel(): void }>(stream: S): S => {
    streams.push(stream);
    return stream;
  };
  return {
    bench,
    /** Whatever a check has left open. */
    async tidy(): Promise<void> {
      for (const stream of streams.splice(0)) stream.cancel();
      for (const session of opened.splice(0)) await link.call('Close', { session }, timeout).catch(() => {});
    },
  };
}

/** The reply to one message of a stream. */
export async function ask<C extends 'Load' | 'Run'>(
  stream: DeviceStream<C>,
  request: RequestDraft<C>,
  timeout: number,
): Promise<ReplyOf<C>> {
  await stream.send(request);
  return (await stream.next(timeout)) ?? broken('the device ended the stream instead of answering');
}

export async function loadAll(
  bench: Bench,
  session: string,
  {
    files = FILES,
    chunkBytes = bench.limits.chunkBytes,
  }: { files?: readonly FileOfPlan[]; chunkBytes?: number } = {},
): Promise<void> {
  const stream = bench.load();
  const { files: held } = await ask(stream, { session, plan: bench.plan(files) ?? {} }, bench.timeout);
  for (const [file, { bytes }] of files.entries()) {
    const state = held.find(one => one.file === file);
    if (state?.verified === true) continue;
    for (let offset = state?.held ?? 0; offset < bytes.length; offset += chunkBytes) {
      const data = bytes.subarray(offset, offset + chunkBytes);
      const reply = await ask(stream, { session, chunk: { file, offset, data } }, bench.timeout);
      const after = reply.files.find(one => one.file === file);
      must(
        after?.held === offset + data.length,
        `after ${offset + data.length} bytes of file ${file} it holds ${after?.held ?? 'nothing'}`,
      );
    }
  }
  const { booted } = await ask(stream, { session, commit: {} }, bench.timeout);
  must(booted, 'the commit is answered without `booted`');
  stream.end();
}

/** The call must be refused with one of these. */
export async function mustRefuse(
  what: string,
  allowed: Status | readonly Status[],
  work: () => Promise<unknown>,
): Promise<void> {
  const statuses = typeof allowed === 'string' ? [allowed] : allowed;
  try {
    await work();
  } catch (error) {
    if (!(error instanceof LinkError)) throw error;
    must(
      statuses.includes(error.status),
      `${what}: ${statuses.join(' or ')} expected, ${error.status} came (${error.message})`,
    );
    must(error.message.length > 0, `${what}: ${error.status} without a reason`);
    return;
  }
  broken(`${what}: ${statuses.join(' or ')} expected, and it was answered`);
}

/** Does a reply have what image `image` must give, begun at clock `from`? */
export function mustHold(
  reply: ReplyOf<'Run'>,
  image: number,
  from: number,
  form: 'hash' | 'spikes',
  hash: (spikes: Spikes) => Uint8Array,
): void {
  const clock = from + HIDDEN_TIMESTEP;
  const own = reply.emissions.find(e => e.population === HIDDEN_POPULATION && e.timestep === clock);
  const wanted = hiddenSpikes(image);
  if (form === 'spikes') {
    const got = { neurons: own?.spikes?.neurons ?? [], payloads: own?.spikes?.payloads ?? [] };
    must(
      JSON.stringify(got) === JSON.stringify(wanted),
      `image ${image}: spikes ${JSON.stringify(wanted)} expected in timestep ${clock}, got ${JSON.stringify(got)}`,
    );
  } else {
    const got =
      Buffer.from(own?.sha256 ?? []).toString('hex') ||
      Buffer.from(hash({ neurons: [], payloads: [] })).toString('hex');
    must(
      got === Buffer.from(hash(wanted)).toString('hex'),
      `image ${image}: another hash than that of ${JSON.stringify(wanted)} in timestep ${clock}`,
    );
  }
  const at = from + READOUT_TIMESTEP;
  const readout = reply.readouts.find(r => r.population === READOUT_POPULATION && r.timestep === at);
  const held = readoutOf(image).map((_, neuron) => {
    const i = readout?.neurons.indexOf(neuron) ?? -1;
    return i < 0 ? 0 : readout!.values[i]!;
  });
  must(
    JSON.stringify(held) === JSON.stringify(readoutOf(image)),
    `image ${image}: readout ${readoutOf(image).join(', ')} expected in timestep ${at}, got ${held.join(', ')}`,
  );
}
