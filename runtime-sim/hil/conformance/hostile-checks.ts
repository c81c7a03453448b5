/** Checks: whatever comes over the wire is answered by an error, and the device goes on. */
import { createRandom } from '../../../ir/random/seeded.ts';
import { CALLS, type Call, pathOf } from '../../device/messages.ts';
import { LinkError } from '../link.ts';
import { hashSpikes } from '../spikes.ts';
import { advanceOf, ask, type Bench, broken, type Check, must, mustHold, mustRefuse } from './kit.ts';

const UNARY = (Object.keys(CALLS) as Call[]).filter(call => !CALLS[call].stream);
/** Messages of noise for each call. */
const NOISES = 12;

const bootOf = async ({ link, timeout }: Bench): Promise<string> =>
  (await link.call('Health', {}, timeout)).boot;

/** The device still holds the session and computes what it should. */
async function mustLive(bench: Bench, session: string, boot: string): Promise<void> {
  must((await bootOf(bench)) === boot, 'the device was restarted');
  await bench.link.call('Reset', { session }, bench.timeout);
  const stream = bench.run();
  const reply = await ask(stream, { session, sequence: 1, advance: advanceOf(0) ?? {} }, bench.timeout);
  mustHold(reply, 0, 0, 'spikes', hashSpikes);
  stream.end();
}

/** An answer or an error, but no silence. */
async function mustAnswer(what: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof LinkError)) throw error;
    if (['DEADLINE_EXCEEDED', 'UNAVAILABLE', 'INTERNAL', 'UNKNOWN'].includes(error.status))
      broken(`${what} ends in ${error.status} (${error.message})`);
  }
}

export const HOSTILE_CHECKS: readonly Check[] = [
  {
    name: 'noise',
    rule: 'Bytes that are no message are answered by an error on every call.',
    async run(bench) {
      const session = await bench.prepare();
      const boot = await bootOf(bench);
      const random = createRandom(1);
      for (const call of UNARY) {
        for (let n = 0; n < NOISES; n++) {
          const bytes = Uint8Array.from({ length: 1 + Math.floor(random.next() * 60) }, () =>
            Math.floor(random.next() * 256),
          );
          await mustAnswer(`noise to ${call}`, () =>
            bench.link.callBytes(pathOf(call), bytes, bench.timeout),
          );
        }
      }
      for (const call of ['Run', 'Load'] as const) {
        for (let n = 0; n < NOISES; n++) {
          const stream = bench.link.streamBytes(call);
          await stream.send(Uint8Array.from({ length: 40 }, () => Math.floor(random.next() * 256)));
          await mustAnswer(`noise to ${call}`, () => stream.next(bench.timeout));
          stream.cancel();
        }
      }
      await mustLive(bench, session, boot);
    },
  },
  {
    name: 'lying-lengths',
    rule: 'A field that says it is longer than its message is INVALID_ARGUMENT.',
    async run(bench) {
      const session = await bench.prepare();
      const boot = await bootOf(bench);
      const lies = [
        [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f],
        [0x0a, 0x7f, 0x41],
        [0x0a],
        [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
      ];
      for (const bytes of lies)
        await mustRefuse(`Locate with bytes ${bytes.join(' ')}`, 'INVALID_ARGUMENT', () =>
          bench.link.callBytes(pathOf('Locate'), Uint8Array.from(bytes), bench.timeout),
        );
      await mustLive(bench, session, boot);
    },
  },
  {
    name: 'oversize',
    rule: 'A message above limits.message_bytes is RESOURCE_EXHAUSTED.',
    async run(bench) {
      const { messageBytes } = bench.limits;
      if (messageBytes > 2 ** 25) return;
      const session = await bench.prepare();
      const boot = await bootOf(bench);
      await mustRefuse(`${messageBytes + 1024} bytes`, 'RESOURCE_EXHAUSTED', () =>
        bench.link.callBytes(pathOf('Locate'), new Uint8Array(messageBytes + 1024), bench.timeout),
      );
      await mustLive(bench, session, boot);
    },
  },
  {
    name: 'unknown-method',
    rule: 'A method that the service does not have is UNIMPLEMENTED.',
    async run(bench) {
      await mustRefuse('FormatDisk', 'UNIMPLEMENTED', () =>
        bench.link.callBytes('/snnc.device.v1.Device/FormatDisk', new Uint8Array(0), bench.timeout),
      );
    },
  },
  {
    name: 'unknown-fields',
    rule: 'Fields of later versions are passed over.',
    async run(bench) {
      const session = await bench.open();
      const known = CALLS.Locate.request.encode({ session });
      // Field 1,000, a number.
      const bytes = Buffer.concat([known, Uint8Array.of(0xc0, 0x3e, 0x2a)]);
      await bench.link.callBytes(pathOf('Locate'), bytes, bench.timeout);
    },
  },
  {
    name: 'absurd-numbers',
    rule: 'Numbers beyond all bounds are refused and allocate nothing.',
    async run(bench) {
      const session = await bench.prepare();
      const boot = await bootOf(bench);
      const most = 2 ** 32 - 1;
      const { link, timeout, run, load } = bench;
      const refused = [
        'INVALID_ARGUMENT',
        'OUT_OF_RANGE',
        'RESOURCE_EXHAUSTED',
        'NOT_FOUND',
        'UNIMPLEMENTED',
        'FAILED_PRECONDITION',
      ] as const;
      const recordings = [{ population: most, form: 'hash' as const }];
      await mustRefuse('a recording', refused, () =>
        link.call('Configure', { session, recordings }, timeout),
      );
      await mustRefuse('memory', refused, () =>
        link.call(
          'ReadMemory',
          { session, chip: most, region: 'program', form: 'bytes', offset: most, bytes: most },
          timeout,
        ),
      );
      await mustRefuse('state', refused, () =>
        link.call('ReadState', { session, population: most, neurons: [most], states: ['sent'] }, timeout),
      );
      await mustRefuse('an advance', refused, async () => {
        const stream = run();
        return ask(stream, { session, sequence: 1, advance: { timesteps: most } }, timeout);
      });
      await mustLive(bench, session, boot);
      await mustRefuse('a plan', refused, async () => {
        const file = {
          kind: 'program' as const,
          chip: most,
          bytes: Number.MAX_SAFE_INTEGER,
          sha256: new Uint8Array(32),
        };
        return ask(load(), { session, plan: { files: [file] } }, timeout);
      });
      must((await bootOf(bench)) === boot, 'the device was restarted');
    },
  },
  {
    name: 'deadline',
    rule: 'A call whose host has gone away leaves the device as it was.',
    async run(bench) {
      const session = await bench.prepare();
      const boot = await bootOf(bench);
      for (let n = 0; n < 5; n++) {
        const stream = bench.run();
        await stream.send({ session, sequence: 1, advance: advanceOf(0) ?? {} });
        stream.cancel();
      }
      await bench.link.call('Locate', { session }, 1).catch(() => {});
      await mustLive(bench, session, boot);
    },
  },
  {
    name: 'answers-while-running',
    rule: 'Describe and Health answer everybody while a session runs.',
    async run(bench) {
      const session = await bench.prepare();
      const stream = bench.run();
      await stream.send({ session, sequence: 1, advance: advanceOf(0) ?? {} });
      await Promise.all([bench.link.call('Describe', {}, bench.timeout), bootOf(bench)]);
      must((await stream.next(bench.timeout)) !== undefined, 'the run was not answered');
    },
  },
];
