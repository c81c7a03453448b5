/** The emulated device over gRPC: sessions, loading that goes on, commands that are executed once, hostile messages. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { ServerCredentials, status } from '@grpc/grpc-js';
import type { ChipProgram } from '../backends/program/program.ts';
import { loadTarget } from '../backends/target.ts';
import { randomAnn } from '../ir/random/ann.ts';
import { createRandom } from '../ir/random/seeded.ts';
import { createDevice, type DeviceOptions } from '../runtime-sim/device/device.ts';
import { CALLS, type Call, type ReplyOf, type RequestDraft } from '../runtime-sim/device/messages.ts';
import { hashSpikes } from '../runtime-sim/device/recording.ts';
import { type DeviceServer, startServer } from '../runtime-sim/device/server.ts';
import { connect, load, prepare, type TestClient } from './device-client.ts';
import { deviceOf, filesOf, inputsOf } from './device-kit.ts';
import { descend, mapTo, randomImages } from './kit.ts';

let programs: readonly ChipProgram[];
let images: readonly Float64Array[];
type File = Parameters<typeof load>[2][number];
let files: readonly File[];

before(async () => {
  const graph = randomAnn(3);
  images = randomImages(graph, 2, 5);
  const { int } = descend(graph, images, { coding: 'sum', steps: 2, shift: 4, terms: 2 });
  programs = mapTo(int, await loadTarget('loihi2'), { mode: 'pipelined' });
  files = filesOf(programs);
});

interface Running {
  readonly server: DeviceServer;
  readonly client: TestClient;
  readonly device: ReturnType<typeof createDevice>;
  readonly defects: unknown[];
}
const running: Running[] = [];
after(async () => {
  for (const { server, client } of running) {
    client.close();
    await server.close();
  }
});

async function start(options: Partial<DeviceOptions> = {}): Promise<Running> {
  const device = createDevice({ firmware: 'test', ...options });
  const defects: unknown[] = [];
  const server = await startServer({
    device,
    credentials: ServerCredentials.createInsecure(),
    address: '127.0.0.1:0',
    onDefect: error => defects.push(error),
  });
  const own = { server, client: connect(server.port), device, defects };
  running.push(own);
  return own;
}

const refused = (code: status, pattern: RegExp) => (error: { code: number; details: string }) => {
  assert.equal(error.code, code, error.details);
  assert.match(error.details, pattern);
  return true;
};

const allRecorded = (form: 'hash' | 'spikes') =>
  programs[0]!.header.populations.map((_, population) => ({ population, form }));

/** One command for every timestep of the images. */
function commandsOf(session: string): readonly RequestDraft<'Run'>[] {
  const { header } = programs[0]!;
  const inputs = inputsOf(programs, images);
  const last = (images.length - 1) * header.interval + header.depth;
  return Array.from({ length: last + 1 }, (_, now) => ({
    session,
    sequence: now + 1,
    advance: { timesteps: 1, inputs: inputs.has(now) ? [{ offset: 0, ...inputs.get(now)! }] : [] },
  }));
}

const withoutTiming = ({ timing: _, ...reply }: ReplyOf<'Run'>) => JSON.parse(JSON.stringify(reply));

test('a run over gRPC is that of the machine: spikes, hashes, readouts', async () => {
  const { client } = await start();
  const machine = deviceOf(programs);
  const inputs = inputsOf(programs, images);
  for (const form of ['spikes', 'hash'] as const) {
    machine.restart();
    const session = await prepare(client, files, allRecorded(form));
    const stream = client.stream('Run');
    let spikes = 0;
    for (const [now, command] of commandsOf(session).entries()) {
      stream.write({ ...command, acknowledged: now });
      const reply = await stream.next();
      const { emissions, readouts } = machine.advance(inputs.get(now));
      assert.equal(reply.timestep, now + 1);
      assert.deepEqual(
        reply.emissions.map(e => (form === 'hash' ? Buffer.from(e.sha256) : [e.population, e.spikes])),
        emissions.map(e =>
          form === 'hash' ? hashSpikes(e) : [e.population, { neurons: e.neurons, payloads: e.values }],
        ),
      );
      assert.deepEqual(
        reply.readouts,
        readouts.map(r => ({
          population: r.population,
          timestep: now,
          neurons: r.neurons,
          values: r.values,
        })),
      );
      spikes += emissions.reduce((sum, { neurons }) => sum + neurons.length, 0);
    }
    assert.ok(spikes > 100);
    stream.end();
    const { cores, timesteps } = await client.call('ReadCounters', { session });
    assert.equal(timesteps, commandsOf(session).length);
    assert.equal(
      cores.reduce((sum, core) => sum + (core.spikes ?? 0), 0),
      spikes,
    );
    await client.call('Close', { session });
  }
});

test('one session at a time; a lease that is over frees the device', async () => {
  let now = 0;
  const { client } = await start({ clock: () => now });
  const { session } = await client.call('Open', { client: 'Ada\u001b[31m', leaseSeconds: 10 });
  const busy = refused(status.RESOURCE_EXHAUSTED, /in use by Ada\?\?31m; its lease ends in \d+ s/);
  await assert.rejects(client.call('Open', { client: 'Bob' }), busy);
  assert.equal((await client.call('Health', {})).status, 'busy');
  now = 9;
  await client.call('Locate', { session });
  now = 18;
  await client.call('Locate', { session });
  now = 29;
  assert.equal((await client.call('Health', {})).status, 'ready');
  await assert.rejects(client.call('Locate', { session }), refused(status.NOT_FOUND, /lease is over/));
  const second = await client.call('Open', { client: 'Bob', leaseSeconds: 1e6 });
  assert.equal(second.leaseSeconds, 600);
  assert.notEqual(second.session, session);
  await client.call('Close', { session: second.session });
  assert.equal((await client.call('Health', {})).status, 'ready');
});

test('a broken load goes on where it was; a file that is there is not sent again; a wrong hash is noticed', async () => {
  const { client } = await start();
  const { session } = await client.call('Open', { client: 'test' });
  const [first] = files as [File];
  const plan = {
    files: files.map(({ kind, chip, bytes, sha256 }) => ({ kind, chip, bytes: bytes.length, sha256 })),
  };
  const broken = client.stream('Load');
  broken.write({ session, plan });
  await broken.next();
  broken.write({ session, chunk: { file: 0, offset: 0, data: first.bytes.subarray(0, 500) } });
  assert.deepEqual((await broken.next()).files, [{ file: 0, held: 500, verified: false }]);
  broken.cancel();
  const chunks = await load(client, session, files);
  const whole = files.reduce((sum, { bytes }) => sum + Math.ceil(bytes.length / 1000), 0);
  assert.ok(chunks === whole || chunks === whole - 1);
  assert.equal((await client.call('Locate', { session })).stage, 'loaded');
  await client.call('Close', { session });
  const { session: next } = await client.call('Open', { client: 'test' });
  assert.equal(await load(client, next, files), 0);

  const stream = client.stream('Load');
  const wrong = { ...plan.files[0]!, sha256: Buffer.alloc(32) };
  stream.write({ session: next, plan: { files: [wrong] } });
  await stream.next();
  stream.write({ session: next, chunk: { file: 0, offset: 0, data: first.bytes } });
  await assert.rejects(stream.next(), refused(status.DATA_LOSS, /send it again/));
  await assert.rejects(
    client.call('Configure', { session: next }),
    refused(status.FAILED_PRECONDITION, /nothing is loaded/),
  );
});

test('commands are executed once, whatever breaks', async () => {
  const { client, server } = await start();
  const session = await prepare(client, files, allRecorded('spikes'));
  const commands = commandsOf(session);
  const first = client.stream('Run');
  for (const command of commands.slice(0, 3)) first.write(command);
  const [one, two, three] = [await first.next(), await first.next(), await first.next()];
  assert.deepEqual(await client.call('Locate', { session }), {
    stage: 'configured',
    executed: 3,
    acknowledged: 0,
    timestep: 3,
  });
  server.disconnect();
  await assert.rejects(first.next());

  const second = client.stream('Run');
  second.write(commands[1]!);
  assert.deepEqual(await second.next(), two);
  second.write({ ...commands[2]!, acknowledged: 2 });
  assert.deepEqual(await second.next(), three);
  assert.equal((await client.call('Locate', { session })).timestep, 3);
  second.write(commands[0]!);
  await assert.rejects(second.next(), refused(status.FAILED_PRECONDITION, /reply 1 was acknowledged/));

  const errors: [RequestDraft<'Run'>, status, RegExp][] = [
    [{ ...commands[5]!, sequence: 6 }, status.OUT_OF_RANGE, /4 is missing/],
    [{ ...commands[2]!, sequence: 3, restart: {} }, status.INVALID_ARGUMENT, /it was another one/],
    [{ session, sequence: 4 }, status.INVALID_ARGUMENT, /nothing to do/],
    [{ session, sequence: 4, advance: {} }, status.INVALID_ARGUMENT, /0 timesteps/],
    [{ session, sequence: 4, acknowledged: 9, restart: {} }, status.OUT_OF_RANGE, /reply 9/],
    [
      { session, sequence: 4, advance: { timesteps: 1, inputs: [{ elements: [1e6], values: [1] }] } },
      status.INVALID_ARGUMENT,
      /not 1000000/,
    ],
  ];
  for (const [request, code, pattern] of errors) {
    const stream = client.stream('Run');
    stream.write(request);
    await assert.rejects(stream.next(), refused(code, pattern));
  }
  // A replay after a restart: silent up to where the host was, then as it would have been.
  await client.call('Reset', { session });
  const third = client.stream('Run');
  third.write({ ...commands[0]!, silent: true });
  assert.deepEqual(withoutTiming(await third.next()), {
    sequence: 1,
    timestep: 1,
    emissions: [],
    readouts: [],
  });
  third.write(commands[1]!);
  assert.deepEqual(withoutTiming(await third.next()), withoutTiming(two));
  assert.equal(one.sequence, 1);

  const older = third;
  const newer = client.stream('Run');
  newer.write(commands[2]!);
  assert.deepEqual(withoutTiming(await newer.next()), withoutTiming(three));
  await assert.rejects(older.next(), refused(status.ABORTED, /newer stream/));
});

test('a window of replies, spikes behind a hash, states, memory', async () => {
  const { client } = await start({ limits: { window: 3 } });
  const session = await prepare(client, files, allRecorded('hash'));
  const commands = commandsOf(session);
  const stream = client.stream('Run');
  for (const command of commands.slice(0, 4)) stream.write(command);
  const replies = [await stream.next(), await stream.next(), await stream.next()];
  await assert.rejects(stream.next(), refused(status.RESOURCE_EXHAUSTED, /3 replies wait/));
  const [{ sequence, emissions }] = replies.toReversed() as [ReplyOf<'Run'>];
  for (const { population, timestep, sha256 } of emissions) {
    const { spikes } = await client.call('ReadSpikes', { session, sequence, population, timestep });
    const { neurons, payloads } = spikes!;
    assert.deepEqual(hashSpikes({ neurons, values: payloads }), Buffer.from(sha256));
  }
  const state = await client.call('ReadState', {
    session,
    population: 0,
    neurons: [0, 1],
    states: ['sent', 'target'],
  });
  assert.deepEqual(
    state.states.map(({ kind, values }) => [kind, values.length]),
    [
      ['sent', 2],
      ['target', 2],
    ],
  );
  const [{ chip, bytes }] = files as [File];
  const read = await client.call('ReadMemory', { session, chip, region: 'program', form: 'bytes' });
  assert.deepEqual(Buffer.from(read.data), Buffer.from(bytes));
  const hashes = await client.call('ReadMemory', {
    session,
    chip,
    region: 'program',
    form: 'sha256',
    blockBytes: 256,
  });
  assert.equal(hashes.sha256.length, Math.ceil(bytes.length / 256));
  assert.deepEqual(
    Buffer.from(hashes.sha256[1]!),
    createHash('sha256').update(bytes.subarray(256, 512)).digest(),
  );
  await assert.rejects(client.call('ReadPower', { session }), refused(status.UNIMPLEMENTED, /no power/));
});

test('messages of any bytes are answered with an error, and the device goes on', async () => {
  const { client, defects } = await start({ limits: { messagesPerSecond: 1e9 } });
  const session = await prepare(client, files, allRecorded('hash'));
  const random = createRandom(11);
  const whole = (below: number) => Math.floor(random.next() * below);
  const sound: readonly [Call, Buffer][] = [
    ['Open', CALLS.Open.request.encode({ client: 'x', leaseSeconds: 5 })],
    ['Locate', CALLS.Locate.request.encode({ session })],
    ['Configure', CALLS.Configure.request.encode({ session, recordings: allRecorded('hash') })],
    ['ReadMemory', CALLS.ReadMemory.request.encode({ session, region: 'weights', form: 'bytes' })],
    ['ReadState', CALLS.ReadState.request.encode({ session, neurons: [1, 2], states: ['sent'] })],
    ['ReadSpikes', CALLS.ReadSpikes.request.encode({ session, sequence: 1 })],
    [
      'Run',
      CALLS.Run.request.encode({
        session,
        sequence: 1,
        advance: { timesteps: 2, inputs: [{ elements: [1, 2], values: [3, 4] }] },
      }),
    ],
    [
      'Load',
      CALLS.Load.request.encode({
        session,
        plan: { files: [{ kind: 'program', bytes: 10, sha256: Buffer.alloc(32) }] },
      }),
    ],
    ['Load', CALLS.Load.request.encode({ session, chunk: { file: 0, offset: 0, data: Buffer.alloc(9) } })],
  ];
  for (let round = 0; round < 600; round++) {
    const [name, bytes] = sound[round % sound.length]!;
    const damaged = Buffer.from(bytes);
    for (let flips = whole(4); flips >= 0; flips--) damaged[whole(damaged.length)] = whole(256);
    const cut = damaged.subarray(0, damaged.length - whole(3));
    const answer = CALLS[name].stream
      ? (() => {
          const stream = client.stream(name);
          stream.writeBytes(cut);
          return stream.next().finally(() => stream.cancel());
        })()
      : client.send(name, cut);
    await answer.catch((error: { code: number }) => {
      assert.ok(
        error.code !== status.INTERNAL && error.code !== status.UNAVAILABLE,
        `${name} ${cut.toString('hex')}`,
      );
    });
  }
  assert.deepEqual(defects, []);
  await assert.rejects(
    client.send('Locate', Buffer.alloc(5_000_000)),
    (error: { code: number }) => error.code === status.RESOURCE_EXHAUSTED,
  );
  assert.ok(['busy', 'ready'].includes((await client.call('Health', {})).status));
});
