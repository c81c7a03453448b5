/** The conformance suite: our device passes, and a device that breaks a rule fails just the check of that rule. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServerCredentials } from '@grpc/grpc-js';
import { createDevice, type Device } from '../runtime-sim/device/device.ts';
import type { Call, ReplyDraft, RequestOf } from '../runtime-sim/device/messages.ts';
import { Refusal } from '../runtime-sim/device/refusal.ts';
import { startServer } from '../runtime-sim/device/server.ts';
import { CHECKS, runSuite } from '../runtime-sim/hil/conformance/suite.ts';
import { connectGrpc } from '../runtime-sim/hil/grpc-link.ts';

async function suiteOn(device: Device, only?: readonly string[]) {
  const server = await startServer({
    device,
    credentials: ServerCredentials.createInsecure(),
    address: '127.0.0.1:0',
  });
  const link = connectGrpc(`127.0.0.1:${server.port}`, undefined);
  const { checks } = await runSuite(link, 5000, { only });
  link.close();
  await server.close();
  return checks;
}

test('the emulated device keeps every rule', async () => {
  const checks = await suiteOn(createDevice({ firmware: 'test' }));
  assert.deepEqual(
    checks.filter(({ outcome }) => outcome !== 'passed'),
    [],
  );
  assert.equal(checks.length, CHECKS.length);
  assert.ok(new Set(CHECKS.map(({ name }) => name)).size === CHECKS.length && CHECKS.length > 50);
});

type Answer<C extends Call> = (
  request: RequestOf<C>,
  sound: (request: RequestOf<C>) => Promise<ReplyDraft<C> | undefined>,
) => Promise<ReplyDraft<C> | undefined>;

/** A device of which one call does as the mutant likes. */
function mutant<C extends Call>(call: C, answer: Answer<C>): Device {
  const device = createDevice({ firmware: 'mutant' });
  const sound = device.calls[call] as (
    request: RequestOf<C>,
    peer: undefined,
  ) => Promise<ReplyDraft<C> | undefined>;
  const own = (request: RequestOf<C>) => answer(request, one => sound(one, undefined));
  return { ...device, calls: { ...device.calls, [call]: own } };
}

const refusal = (status: ConstructorParameters<typeof Refusal>[0]) => new Refusal(status, 'mutant');

/** What a laboratory may get wrong, and the check that must notice. */
const MUTANTS: readonly (readonly [check: string, device: () => Device])[] = [
  ['describe', () => mutant('Describe', async (q, sound) => ({ ...(await sound(q)), protocol: 2 }))],
  ['health', () => mutant('Health', async (q, sound) => ({ ...(await sound(q)), boot: '' }))],
  ['open', () => mutant('Open', async (q, sound) => ({ ...(await sound(q)), boot: 'other' }))],
  ['exclusive', () => mutant('Health', async (q, sound) => ({ ...(await sound(q)), status: 'ready' }))],
  [
    'unknown-session',
    () =>
      mutant('ReadCounters', (q, sound) =>
        sound(q).catch(() => {
          throw refusal('INVALID_ARGUMENT');
        }),
      ),
  ],
  ['close', () => mutant('Close', async () => ({}))],
  ['locate', () => mutant('Locate', async (q, sound) => ({ ...(await sound(q)), stage: 'loaded' }))],
  ['load', () => mutant('Load', async (q, sound) => ({ ...(await sound(q)), booted: false }))],
  [
    'spikes',
    () =>
      mutant('Run', async (q, sound) => {
        const reply = await sound(q);
        const emissions = (reply?.emissions ?? []) as NonNullable<ReplyDraft<'Run'>['emissions']>;
        return { ...reply, emissions: Array.from(emissions).slice(1) };
      }),
  ],
  [
    'hashes',
    () =>
      mutant('Run', async (q, sound) => {
        const reply = await sound(q);
        const emissions = Array.from(reply?.emissions ?? []).map(own => ({
          ...own,
          sha256: new Uint8Array(32),
        }));
        return { ...reply, emissions };
      }),
  ],
  ['repeat', () => ({ ...createForgetful() })],
  ['gap', () => mutant('Run', (q, sound) => (q.sequence > 2 ? sound({ ...q, sequence: 1 }) : sound(q)))],
  ['silent', () => mutant('Run', (q, sound) => sound({ ...q, silent: false }))],
  ['reset', () => mutant('Reset', async (q, sound) => ({ ...(await sound(q)), executed: 1 }))],
  ['read-spikes', () => mutant('ReadSpikes', async () => ({ spikes: { neurons: [1], payloads: [1] } }))],
  [
    'memory-bytes',
    () =>
      mutant('ReadMemory', async (q, sound) => {
        const reply = await sound(q);
        return { ...reply, data: Uint8Array.from(reply?.data ?? [], byte => byte ^ 1) };
      }),
  ],
  ['memory-hashes', () => mutant('ReadMemory', async (q, sound) => ({ ...(await sound(q)), sha256: [] }))],
  ['counters', () => mutant('ReadCounters', async (q, sound) => ({ ...(await sound(q)), timesteps: 0 }))],
  ['power', () => mutant('ReadPower', async () => ({ rails: [{ name: 'core', watts: 0 }] }))],
];

/** It executes a repeated command again. */
function createForgetful(): Device {
  let last = 0;
  return mutant('Run', async (q, sound) => {
    if (q.sequence === 0) return sound(q);
    last = q.sequence === 1 ? Math.max(1, last) : last;
    const reply = await sound(q);
    return { ...reply, timestep: (reply?.timestep ?? 0) + (q.sequence === 1 ? last++ : 0) };
  });
}

test('a device that breaks a rule fails its check', async () => {
  for (const [check, device] of MUTANTS) {
    const checks = await suiteOn(device(), [check]);
    assert.deepEqual(
      checks.map(({ name, outcome }) => [name, outcome]),
      [[check, 'failed']],
    );
    assert.ok(checks[0]!.problem!.length > 5);
  }
});
