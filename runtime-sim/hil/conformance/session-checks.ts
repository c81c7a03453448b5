/** Checks: what a device says of itself, sessions, leases. */
import type { UnaryCall } from '../link.ts';
import { type Bench, type Check, FILES, loadAll, must, mustRefuse } from './kit.ts';

const pause = (seconds: number): Promise<void> => new Promise(resolve => setTimeout(resolve, seconds * 1000));

/** Calls that carry a session and nothing that must be sound besides. */
const WITH_SESSION: readonly UnaryCall[] = [
  'Close',
  'Locate',
  'Configure',
  'Reset',
  'ReadSpikes',
  'ReadMemory',
  'ReadState',
  'ReadCounters',
];

const refusesAll = async ({ link, timeout, run, load, plan }: Bench, session: string): Promise<void> => {
  for (const call of WITH_SESSION)
    await mustRefuse(call, 'NOT_FOUND', () => link.call(call, { session } as never, timeout));
  await mustRefuse('Run', 'NOT_FOUND', async () => {
    const stream = run();
    await stream.send({ session, sequence: 1, restart: {} });
    return stream.next(timeout);
  });
  await mustRefuse('Load', 'NOT_FOUND', async () => {
    const stream = load();
    await stream.send({ session, plan: plan() ?? {} });
    return stream.next(timeout);
  });
};

export const SESSION_CHECKS: readonly Check[] = [
  {
    name: 'describe',
    rule: 'Describe needs no session and names protocol version 1, the device and its limits.',
    async run({ description }) {
      const { protocol, device, limits } = description;
      must(protocol === 1, `protocol version ${protocol}`);
      must(device.length > 0, 'no name');
      must(limits !== undefined, 'no limits');
      const { messageBytes, chunkBytes, window, timesteps } = limits!;
      must(messageBytes >= 4096, `messages of ${messageBytes} bytes`);
      must(
        chunkBytes >= 1 && chunkBytes <= messageBytes,
        `chunks of ${chunkBytes} bytes in messages of ${messageBytes}`,
      );
      must(window >= 1 && timesteps >= 1, `a window of ${window}, ${timesteps} timesteps`);
    },
  },
  {
    name: 'health',
    rule: 'Health needs no session; a free device is ready, and says which start of it this is.',
    async run({ link, timeout }) {
      const { status, boot } = await link.call('Health', {}, timeout);
      must(status === 'ready', `a device that nobody holds is ${status || 'nothing'}`);
      must(boot.length > 0, 'no boot');
      const again = await link.call('Health', {}, timeout);
      must(again.boot === boot, 'another boot without a restart');
    },
  },
  {
    name: 'open',
    rule: 'Open gives a session of 128 random bits or more, its lease, and the boot that Health gives.',
    async run({ link, timeout, open }) {
      const { boot: healthy } = await link.call('Health', {}, timeout);
      const { session, leaseSeconds, boot } = await link.call(
        'Open',
        { client: 'conformance', leaseSeconds: 5 },
        timeout,
      );
      must(session.length >= 22, `a session id of ${session.length} characters`);
      must(leaseSeconds >= 1 && leaseSeconds <= 5, `a lease of ${leaseSeconds} s, where 5 s were asked for`);
      must(boot === healthy, 'another boot than that of Health');
      await link.call('Close', { session }, timeout);
      must((await open()) !== session, 'two sessions have one id');
    },
  },
  {
    name: 'exclusive',
    rule: 'One session holds the device; everybody else gets RESOURCE_EXHAUSTED, and Health says busy.',
    async run({ link, timeout, open }) {
      const session = await open();
      await mustRefuse('a second Open', 'RESOURCE_EXHAUSTED', () =>
        link.call('Open', { client: 'somebody else', leaseSeconds: 5 }, timeout),
      );
      const { status, busySeconds } = await link.call('Health', {}, timeout);
      must(status === 'busy' && busySeconds > 0, `Health says ${status || 'nothing'}, ${busySeconds} s`);
      await link.call('Locate', { session }, timeout);
    },
  },
  {
    name: 'close',
    rule: 'Close frees the device, and the session is NOT_FOUND from then on.',
    async run(bench) {
      const session = await bench.open();
      await bench.link.call('Close', { session }, bench.timeout);
      await mustRefuse('Locate', 'NOT_FOUND', () => bench.link.call('Locate', { session }, bench.timeout));
      await bench.open();
    },
  },
  {
    name: 'unknown-session',
    rule: 'Every call with a session that the device does not know is NOT_FOUND, streams too.',
    async run(bench) {
      await bench.open();
      await refusesAll(bench, 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA');
      await refusesAll(bench, '');
    },
  },
  {
    name: 'lease-ends',
    rule: 'A session without a call for longer than its lease has ended; the device is free.',
    async run({ link, timeout, open }) {
      const session = await open(1);
      await pause(1.6);
      await open();
      await mustRefuse('Locate of the old one', 'NOT_FOUND', () => link.call('Locate', { session }, timeout));
    },
  },
  {
    name: 'lease-renews',
    rule: 'Every call with the session renews its lease.',
    async run({ link, timeout, open }) {
      const session = await open(1);
      for (let i = 0; i < 4; i++) {
        await pause(0.5);
        await link.call('Locate', { session }, timeout);
      }
    },
  },
  {
    name: 'locate',
    rule: 'Locate says how far a session is: empty, loaded, configured.',
    async run(bench) {
      const { link, timeout, open } = bench;
      const session = await open();
      const stage = async () => (await link.call('Locate', { session }, timeout)).stage;
      must((await stage()) === 'empty', `after Open it is ${await stage()}`);
      await loadAll(bench, session);
      must((await stage()) === 'loaded', `after Load it is ${await stage()}`);
      await link.call('Configure', { session }, timeout);
      must((await stage()) === 'configured', `after Configure it is ${await stage()}`);
    },
  },
  {
    name: 'not-before',
    rule: 'What comes too early is FAILED_PRECONDITION: run or configure before load, run before configure.',
    async run(bench) {
      const { link, timeout, open, run } = bench;
      const session = await open();
      const restart = async () => {
        const stream = run();
        await stream.send({ session, sequence: 1, restart: {} });
        return stream.next(timeout);
      };
      await mustRefuse('Run before Load', 'FAILED_PRECONDITION', restart);
      await mustRefuse('Configure before Load', 'FAILED_PRECONDITION', () =>
        link.call('Configure', { session }, timeout),
      );
      await mustRefuse('Reset before Load', 'FAILED_PRECONDITION', () =>
        link.call('Reset', { session }, timeout),
      );
      await loadAll(bench, session, { files: FILES });
      await mustRefuse('Run before Configure', 'FAILED_PRECONDITION', restart);
    },
  },
];
