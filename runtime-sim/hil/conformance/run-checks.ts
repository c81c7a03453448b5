/** Checks: commands are executed once, in order, and give what the program says. */
import { isDeepStrictEqual } from 'node:util';
import type { ReplyOf, RequestDraft } from '../../device/messages.ts';
import { hashSpikes } from '../spikes.ts';
import {
  advanceOf,
  ask,
  type Bench,
  broken,
  type Check,
  HIDDEN_POPULATION,
  must,
  mustHold,
  mustRefuse,
  TIMESTEPS,
} from './kit.ts';
import { IMAGES } from './network.ts';

type Reply = ReplyOf<'Run'>;
const sameReply = ({ timing: _, ...a }: Reply, { timing: __, ...b }: Reply): boolean =>
  isDeepStrictEqual(JSON.parse(JSON.stringify(a)), JSON.parse(JSON.stringify(b)));

const one = async (bench: Bench, request: RequestDraft<'Run'>): Promise<Reply> => {
  const stream = bench.run();
  const reply = await ask(stream, request, bench.timeout);
  stream.end();
  return reply;
};
const executed = async ({ link, timeout }: Bench, session: string): Promise<number> =>
  (await link.call('Locate', { session }, timeout)).executed;

const runsRight = (form: 'hash' | 'spikes') => async (bench: Bench) => {
  const session = await bench.prepare(form);
  const stream = bench.run();
  let sequence = 0;
  for (const image of IMAGES.keys()) {
    const restart = await ask(
      stream,
      { session, sequence: ++sequence, acknowledged: sequence - 1, restart: {} },
      bench.timeout,
    );
    must(restart.timestep === 0, `after a restart the clock stands at ${restart.timestep}`);
    const advance = advanceOf(image) ?? {};
    const reply = await ask(
      stream,
      { session, sequence: ++sequence, acknowledged: sequence - 1, advance },
      bench.timeout,
    );
    must(reply.sequence === sequence, `command ${sequence} is answered as ${reply.sequence}`);
    must(reply.timestep === TIMESTEPS, `after ${TIMESTEPS} timesteps the clock stands at ${reply.timestep}`);
    mustHold(reply, image, 0, form, hashSpikes);
  }
};

export const RUN_CHECKS: readonly Check[] = [
  {
    name: 'spikes',
    rule: 'Recorded as spikes, every population reports neurons and payloads of each timestep; readouts always come.',
    run: runsRight('spikes'),
  },
  {
    name: 'hashes',
    rule: 'Recorded as hashes, every population reports SHA-256 over neuron and payload, little endian, ascending.',
    run: runsRight('hash'),
  },
  {
    name: 'step-by-step',
    rule: 'How many timesteps a command takes changes nothing of what happens in them.',
    async run(bench) {
      const session = await bench.prepare();
      const stream = bench.run();
      const replies: Reply[] = [];
      for (let now = 0; now < TIMESTEPS; now++) {
        const advance = now === 0 ? advanceOf(0, 1) : { timesteps: 1, inputs: [] };
        replies.push(
          await ask(
            stream,
            { session, sequence: now + 1, acknowledged: now, advance: advance ?? {} },
            bench.timeout,
          ),
        );
      }
      const clocks = replies.map(({ timestep }) => timestep);
      must(
        clocks.every((clock, i) => clock === i + 1),
        `the clock goes ${clocks.join(', ')}`,
      );
      const whole = {
        ...replies.at(-1)!,
        emissions: replies.flatMap(({ emissions }) => emissions),
        readouts: replies.flatMap(({ readouts }) => readouts),
      };
      mustHold(whole, 0, 0, 'spikes', hashSpikes);
    },
  },
  {
    name: 'one-after-another',
    rule: 'Images that follow each other every `interval` timesteps, without a restart, do not disturb each other.',
    async run(bench) {
      const session = await bench.prepare();
      const count = IMAGES.length;
      const inputs = Array.from({ length: count }, (_, image) => ({
        ...advanceOf(image)!.inputs![0]!,
        offset: image,
      }));
      const advance = { timesteps: TIMESTEPS + count - 1, inputs };
      const reply = await one(bench, { session, sequence: 1, advance });
      for (const image of IMAGES.keys()) mustHold(reply, image, image, 'spikes', hashSpikes);
    },
  },
  {
    name: 'nothing-recorded',
    rule: 'Populations that are not recorded are not reported; readouts are.',
    async run(bench) {
      const session = await bench.prepare();
      await bench.link.call('Configure', { session }, bench.timeout);
      const reply = await one(bench, { session, sequence: 1, advance: advanceOf(0) ?? {} });
      must(
        reply.emissions.length === 0,
        `${reply.emissions.length} emissions of populations that were not asked for`,
      );
      must(reply.readouts.length > 0, 'no readout');
    },
  },
  {
    name: 'repeat',
    rule: 'A number that was executed is answered with the reply of then, and nothing is executed again.',
    async run(bench) {
      const session = await bench.prepare();
      const stream = bench.run();
      const request = { session, sequence: 1, advance: advanceOf(0) ?? {} };
      const first = await ask(stream, request, bench.timeout);
      const second = await ask(stream, request, bench.timeout);
      must(sameReply(first, second), 'the repeated command has another reply');
      stream.cancel();
      const third = await one(bench, request);
      must(sameReply(first, third), 'the command that is repeated on a new stream has another reply');
      must(
        (await executed(bench, session)) === 1,
        `after one command ${await executed(bench, session)} were executed`,
      );
    },
  },
  {
    name: 'resume',
    rule: 'After a broken stream the session goes on where it was: nothing is lost, nothing is done twice.',
    async run(bench) {
      const session = await bench.prepare();
      const command = (now: number): RequestDraft<'Run'> => ({
        ...{ session, sequence: now + 1 },
        advance: (now === 0 ? advanceOf(2, 1) : { timesteps: 1, inputs: [] }) ?? {},
      });
      const broken = bench.run();
      await broken.send(command(0));
      await broken.send(command(1));
      await broken.next(bench.timeout);
      broken.cancel();
      const replies: Reply[] = [];
      const stream = bench.run();
      for (let now = 0; now < TIMESTEPS; now++) replies.push(await ask(stream, command(now), bench.timeout));
      const whole = {
        ...replies.at(-1)!,
        emissions: replies.flatMap(({ emissions }) => emissions),
        readouts: replies.flatMap(({ readouts }) => readouts),
      };
      must(
        whole.timestep === TIMESTEPS,
        `the clock stands at ${whole.timestep} after ${TIMESTEPS} timesteps`,
      );
      mustHold(whole, 2, 0, 'spikes', hashSpikes);
    },
  },
  {
    name: 'gap',
    rule: 'A sequence number behind a gap is OUT_OF_RANGE.',
    async run(bench) {
      const session = await bench.prepare();
      await mustRefuse('command 3 before 1', 'OUT_OF_RANGE', () =>
        one(bench, { session, sequence: 3, restart: {} }),
      );
      must((await executed(bench, session)) === 0, 'it was executed all the same');
    },
  },
  {
    name: 'other-command',
    rule: 'A number that was executed, with another command, is INVALID_ARGUMENT.',
    async run(bench) {
      const session = await bench.prepare();
      await one(bench, { session, sequence: 1, restart: {} });
      await mustRefuse('command 1 as an advance', 'INVALID_ARGUMENT', () =>
        one(bench, { session, sequence: 1, advance: { timesteps: 1 } }),
      );
    },
  },
  {
    name: 'acknowledged',
    rule: 'A command whose reply was acknowledged may be forgotten: it is FAILED_PRECONDITION.',
    async run(bench) {
      const session = await bench.prepare();
      const stream = bench.run();
      await ask(stream, { session, sequence: 1, restart: {} }, bench.timeout);
      await ask(stream, { session, sequence: 2, acknowledged: 1, restart: {} }, bench.timeout);
      await mustRefuse('command 1', 'FAILED_PRECONDITION', () =>
        ask(stream, { session, sequence: 1, acknowledged: 1, restart: {} }, bench.timeout),
      );
    },
  },
  {
    name: 'window',
    rule: 'More than limits.window commands without acknowledgement are RESOURCE_EXHAUSTED.',
    async run(bench) {
      const { window } = bench.limits;
      if (window > 2000) return;
      const session = await bench.prepare();
      const stream = bench.run();
      for (let n = 1; n <= window; n++)
        await ask(stream, { session, sequence: n, restart: {} }, bench.timeout);
      await mustRefuse(`command ${window + 1}`, 'RESOURCE_EXHAUSTED', () =>
        ask(stream, { session, sequence: window + 1, restart: {} }, bench.timeout),
      );
      const next = bench.run();
      await ask(next, { session, sequence: window + 1, acknowledged: window, restart: {} }, bench.timeout);
    },
  },
  {
    name: 'takes-over',
    rule: 'A newer Run of the session takes over; the older one ends with ABORTED.',
    async run(bench) {
      const session = await bench.prepare();
      const older = bench.run();
      await ask(older, { session, sequence: 1, restart: {} }, bench.timeout);
      await one(bench, { session, sequence: 2, restart: {} });
      await mustRefuse('the older stream', ['ABORTED', 'CANCELLED'], async () => {
        const next = await older.next(bench.timeout);
        return next ?? broken('the older stream ended without an error');
      });
    },
  },
  {
    name: 'silent',
    rule: 'A silent command is executed like any other; its reply has only sequence and timestep.',
    async run(bench) {
      const session = await bench.prepare();
      const stream = bench.run();
      const whole = { session, sequence: 1, silent: true, advance: advanceOf(0) ?? {} };
      const reply = await ask(stream, whole, bench.timeout);
      must(reply.timestep === TIMESTEPS, `the clock stands at ${reply.timestep}`);
      must(reply.emissions.length + reply.readouts.length === 0, 'it says what was recorded');
      await ask(stream, { session, sequence: 2, acknowledged: 1, restart: {} }, bench.timeout);
      const first = { session, sequence: 3, acknowledged: 2, silent: true, advance: advanceOf(0, 1) ?? {} };
      await ask(stream, first, bench.timeout);
      const rest = { session, sequence: 4, acknowledged: 3, advance: { timesteps: TIMESTEPS - 1 } };
      mustHold(await ask(stream, rest, bench.timeout), 0, 0, 'spikes', hashSpikes);
    },
  },
  {
    name: 'reset',
    rule: 'Reset: state as after loading, clock 0, numbers begin anew, recordings stay.',
    async run(bench) {
      const session = await bench.prepare();
      await one(bench, { session, sequence: 1, advance: { timesteps: 1, inputs: advanceOf(2, 1)?.inputs } });
      const position = await bench.link.call('Reset', { session }, bench.timeout);
      must(
        position.executed === 0 && position.timestep === 0,
        `it stands at command ${position.executed}, timestep ${position.timestep}`,
      );
      mustHold(
        await one(bench, { session, sequence: 1, advance: advanceOf(1) ?? {} }),
        1,
        0,
        'spikes',
        hashSpikes,
      );
    },
  },
  {
    name: 'timesteps',
    rule: 'An advance of more than limits.timesteps is RESOURCE_EXHAUSTED, of none INVALID_ARGUMENT.',
    async run(bench) {
      const session = await bench.prepare();
      const { timesteps } = bench.limits;
      if (timesteps < 2 ** 32 - 1)
        await mustRefuse(`${timesteps + 1} timesteps`, ['RESOURCE_EXHAUSTED', 'INVALID_ARGUMENT'], () =>
          one(bench, { session, sequence: 1, advance: { timesteps: timesteps + 1 } }),
        );
      await mustRefuse('no timestep', 'INVALID_ARGUMENT', () =>
        one(bench, { session, sequence: 1, advance: { timesteps: 0 } }),
      );
      must((await executed(bench, session)) === 0, 'it was executed all the same');
    },
  },
  {
    name: 'bad-input',
    rule: 'Input that the program does not take is INVALID_ARGUMENT, and nothing is executed.',
    async run(bench) {
      const session = await bench.prepare();
      const bad: readonly (readonly [string, NonNullable<RequestDraft<'Run'>['advance']>])[] = [
        ['element 1,000 of 7', { timesteps: 1, inputs: [{ offset: 0, elements: [1000], values: [1] }] }],
        ['two elements, one value', { timesteps: 1, inputs: [{ offset: 0, elements: [1, 2], values: [1] }] }],
        [
          'elements that do not ascend',
          { timesteps: 1, inputs: [{ offset: 0, elements: [2, 2], values: [1, 1] }] },
        ],
        [
          'an offset behind the last timestep',
          { timesteps: 1, inputs: [{ offset: 1, elements: [1], values: [1] }] },
        ],
      ];
      for (const [what, advance] of bad)
        await mustRefuse(what, 'INVALID_ARGUMENT', () => one(bench, { session, sequence: 1, advance }));
      must((await executed(bench, session)) === 0, 'it was executed all the same');
      mustHold(
        await one(bench, { session, sequence: 1, advance: advanceOf(3) ?? {} }),
        3,
        0,
        'spikes',
        hashSpikes,
      );
    },
  },
  {
    name: 'bad-recording',
    rule: 'A recording of a population or neuron that is not there is INVALID_ARGUMENT.',
    async run(bench) {
      const session = await bench.prepare();
      await mustRefuse('population 77', 'INVALID_ARGUMENT', () =>
        bench.link.call(
          'Configure',
          { session, recordings: [{ population: 77, form: 'hash' }] },
          bench.timeout,
        ),
      );
      const recordings = [{ population: HIDDEN_POPULATION, form: 'hash' as const }];
      await bench.link.call('Configure', { session, recordings }, bench.timeout);
    },
  },
];
