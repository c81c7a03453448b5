/** Checks: what is read back beside the run. */
import { hashSpikes } from '../spikes.ts';
import {
  advanceOf,
  ask,
  type Bench,
  type Check,
  FILES,
  HIDDEN_POPULATION,
  HIDDEN_TIMESTEP,
  hiddenSpikes,
  must,
  mustRefuse,
  readoutOf,
  sha256,
} from './kit.ts';
import { NETWORK } from './network.ts';

const PROGRAM = FILES[0]!.bytes;

async function runOne(bench: Bench, image: number, form: 'hash' | 'spikes' = 'hash'): Promise<string> {
  const session = await bench.prepare(form);
  const stream = bench.run();
  await ask(stream, { session, sequence: 1, advance: advanceOf(image) ?? {} }, bench.timeout);
  return session;
}

export const READ_CHECKS: readonly Check[] = [
  {
    name: 'read-spikes',
    rule: 'ReadSpikes gives the spikes behind a hash while its reply is not acknowledged.',
    needs: 'spikesOnDemand',
    async run(bench) {
      const session = await runOne(bench, 2);
      const about = { session, sequence: 1, population: HIDDEN_POPULATION };
      const { spikes } = await bench.link.call(
        'ReadSpikes',
        { ...about, timestep: HIDDEN_TIMESTEP },
        bench.timeout,
      );
      const got = spikes ?? { neurons: [], payloads: [] };
      must(
        JSON.stringify(got) === JSON.stringify(hiddenSpikes(2)) && hashSpikes(got).length === 32,
        `${JSON.stringify(hiddenSpikes(2))} expected, got ${JSON.stringify(got)}`,
      );
      await mustRefuse(
        'spikes of a command that was not executed',
        ['INVALID_ARGUMENT', 'OUT_OF_RANGE', 'FAILED_PRECONDITION', 'NOT_FOUND'],
        () => bench.link.call('ReadSpikes', { ...about, sequence: 9, timestep: 1 }, bench.timeout),
      );
    },
  },
  {
    name: 'memory-bytes',
    rule: 'ReadMemory of a program gives the bytes that were loaded.',
    needs: 'memory',
    async run(bench) {
      const session = await bench.prepare();
      const about = { session, chip: 0, region: 'program', form: 'bytes' } as const;
      const whole = await bench.link.call('ReadMemory', about, bench.timeout);
      must(
        whole.regionBytes === PROGRAM.length,
        `a region of ${whole.regionBytes} bytes, of ${PROGRAM.length}`,
      );
      must(Buffer.from(whole.data).equals(PROGRAM), 'other bytes than were loaded');
      const part = await bench.link.call('ReadMemory', { ...about, offset: 10, bytes: 20 }, bench.timeout);
      must(Buffer.from(part.data).equals(PROGRAM.subarray(10, 30)), 'other bytes from 10 to 30');
    },
  },
  {
    name: 'memory-hashes',
    rule: 'ReadMemory by hash gives SHA-256 of each block; the last block may be shorter.',
    needs: 'memory',
    async run(bench) {
      const session = await bench.prepare();
      const about = { session, chip: 0, region: 'program', form: 'sha256', blockBytes: 64 } as const;
      const { sha256: hashes } = await bench.link.call('ReadMemory', about, bench.timeout);
      const count = Math.ceil(PROGRAM.length / 64);
      must(hashes.length === count, `${hashes.length} hashes for ${count} blocks`);
      hashes.forEach((hash, i) => {
        const wanted = sha256(PROGRAM.subarray(64 * i, 64 * i + 64));
        must(wanted.equals(hash), `block ${i} has another hash`);
      });
    },
  },
  {
    name: 'memory-bounds',
    rule: 'Memory that is not there is INVALID_ARGUMENT or OUT_OF_RANGE.',
    needs: 'memory',
    async run(bench) {
      const session = await bench.prepare();
      const about = { session, chip: 0, region: 'program', form: 'bytes' } as const;
      const refused = ['INVALID_ARGUMENT', 'OUT_OF_RANGE', 'NOT_FOUND'] as const;
      const wrong = [
        ['chip 9', { ...about, chip: 9 }],
        ['an offset behind the end', { ...about, offset: PROGRAM.length + 1, bytes: 1 }],
        ['more bytes than there are', { ...about, offset: 1, bytes: PROGRAM.length }],
        ['blocks of no bytes', { ...about, form: 'sha256', blockBytes: 0 }],
      ] as const;
      for (const [what, request] of wrong)
        await mustRefuse(what, refused, () => bench.link.call('ReadMemory', request, bench.timeout));
    },
  },
  {
    name: 'state',
    rule: 'ReadState gives what neurons have sent so far, in the order in which they are named.',
    needs: 'sent',
    async run(bench) {
      const session = await runOne(bench, 0);
      const neurons = [3, 0, 5];
      const request = { session, population: HIDDEN_POPULATION, neurons, states: ['sent' as const] };
      const { states } = await bench.link.call('ReadState', request, bench.timeout);
      const { neurons: all, payloads } = hiddenSpikes(0);
      const wanted = neurons.map(neuron => payloads[all.indexOf(neuron)] ?? 0);
      const got = states.find(({ kind }) => kind === 'sent')?.values ?? [];
      must(
        JSON.stringify(got) === JSON.stringify(wanted),
        `sent ${wanted.join(', ')} expected, got ${got.join(', ')}`,
      );
      await mustRefuse('neuron 99 of 6', ['INVALID_ARGUMENT', 'OUT_OF_RANGE'], () =>
        bench.link.call('ReadState', { ...request, neurons: [99] }, bench.timeout),
      );
    },
  },
  {
    name: 'counters',
    rule: 'Counters count each core since Configure: neurons that fired, messages that left and reached it.',
    needs: 'counters',
    async run(bench) {
      const session = await runOne(bench, 0);
      const { cores, timesteps } = await bench.link.call('ReadCounters', { session }, bench.timeout);
      must(cores.length === NETWORK.cores.length, `${cores.length} cores, of ${NETWORK.cores.length}`);
      must(timesteps > 0, 'no timestep was counted');
      const fired = hiddenSpikes(0).neurons.length;
      const [first] = cores.filter(({ chip, core }) => chip === 0 && core === 0);
      for (const what of ['spikes', 'messages'] as const) {
        const count = first?.[what];
        if (count !== undefined)
          must(count === fired, `${count} ${what} of core 0:0, where ${fired} neurons fired`);
      }
      must(readoutOf(0).length > 0, 'no readout');
    },
  },
  {
    name: 'power',
    rule: 'ReadPower names what it measures, or is UNIMPLEMENTED; unknown is absent and never 0.',
    async run(bench) {
      const session = await bench.prepare();
      const read = () => bench.link.call('ReadPower', { session }, bench.timeout);
      if (bench.description.capabilities?.power !== true)
        return mustRefuse('ReadPower', 'UNIMPLEMENTED', read);
      const { rails } = await read();
      must(
        rails.length > 0 && rails.every(({ name }) => name.length > 0),
        'it measures power, but names no rail',
      );
      return undefined;
    },
  },
  {
    name: 'unable',
    rule: 'What a device says that it cannot do is UNIMPLEMENTED.',
    async run(bench) {
      const session = await bench.prepare();
      const { capabilities } = bench.description;
      const { link, timeout } = bench;
      if (capabilities?.memory !== true)
        await mustRefuse('ReadMemory', 'UNIMPLEMENTED', () =>
          link.call('ReadMemory', { session, region: 'program', form: 'bytes' }, timeout),
        );
      if (capabilities?.counters !== true)
        await mustRefuse('ReadCounters', 'UNIMPLEMENTED', () =>
          link.call('ReadCounters', { session }, timeout),
        );
      if (capabilities?.spikesOnDemand !== true)
        await mustRefuse('ReadSpikes', 'UNIMPLEMENTED', () =>
          link.call('ReadSpikes', { session, sequence: 1 }, timeout),
        );
    },
  },
];
