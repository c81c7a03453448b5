/** Runs images on a device and compares everything that it reports with the simulator. */
import type { ChipProgram } from '../../backends/program/program.ts';
import type { ReplyOf } from '../device/messages.ts';
import type { Simulator } from '../simulator.ts';
import { type Due, planBatch } from './batch.ts';
import { type Comparer, compareReply, type TurnDifference } from './compare.ts';
import { type Expected, expectImages } from './expected.ts';
import { scheduleOf } from './schedule.ts';
import { AskAgain, type HilDevice } from './session.ts';
import type { Spikes } from './spikes.ts';
import { createSpread, type FirstDifference, firstOf, type OwnerOf, type Spread } from './spread.ts';

export interface HilRunOptions {
  /** Images that follow each other without a restart. */
  readonly together: number;
  /** Chip timesteps of one command, at most. */
  readonly stride?: number | undefined;
  readonly progress?: ((images: number, turns: number) => void) | undefined;
  /** What the device said of each image at last: its readouts in real numbers. */
  readonly answered?: ((image: number, readout: Float64Array) => void) | undefined;
}

/** An image in which something differs, with all that the device sent for it. */
export interface WrongImage {
  readonly number: number;
  readonly expected: Expected;
  readonly differences: readonly TurnDifference[];
  /** The image before it in the same batch, wrong or not. */
  readonly before?: Omit<WrongImage, 'before'> | undefined;
}

export interface HilOutcome {
  readonly images: number;
  /** Commands that were executed. */
  readonly commands: number;
  /** Chip timesteps. */
  readonly timesteps: number;
  /** Turns that were compared: one population in one timestep of one image. */
  readonly compared: number;
  readonly different: number;
  readonly corrupt: number;
  readonly firstDifference: FirstDifference | undefined;
  readonly spread: Spread;
  readonly wrong: readonly WrongImage[];
  /** Nanoseconds of the chip, where the device measures them. */
  readonly chipNs: number | undefined;
}

/** Images of which spikes are kept, for locating what is wrong. */
const KEPT_IMAGES = 8;
/** Replies that are asked for once more when something in them differs. */
const ASKED_AGAIN = 16;

/** As hashes where the device can be asked for the spikes behind them; what came by chance does not come again. */
export const formOf = ({ capabilities }: HilDevice['description']): 'hash' | 'spikes' =>
  capabilities?.spikesOnDemand === true ? 'hash' : 'spikes';

/** All populations. */
export const recordAll = (device: HilDevice, { populations }: ChipProgram['header']) => ({
  recordings: populations.map((_, population) => ({ population, form: formOf(device.description) })),
  counters: device.description.capabilities?.counters === true,
});

/** Errors: those of the session. */
export async function runImages(
  device: HilDevice,
  programs: readonly ChipProgram[],
  simulator: Pick<Simulator, 'run'>,
  images: readonly Float64Array[],
  ownerOf: OwnerOf,
  { together, stride, progress, answered }: HilRunOptions,
): Promise<HilOutcome> {
  const { header } = programs[0]!;
  const schedule = scheduleOf(programs);
  const spread = createSpread(ownerOf, header);
  const wrong: WrongImage[] = [];
  const total = { commands: 0, timesteps: 0, compared: 0, different: 0, corrupt: 0, chipNs: 0 };
  let isTimed = false;
  let asked = 0;
  let firstDifference: FirstDifference | undefined;
  for (let first = 0; first < images.length; first += together) {
    const some = images.slice(first, first + together);
    const expected = expectImages(simulator, some, schedule, header);
    const batch = planBatch(
      some.map(image => ({ image })),
      schedule,
      header,
      { ...device.limits, form: formOf(device.description) },
      stride,
    );
    const found: TurnDifference[] = [];
    const again = new Map<number, ReplyOf<'Run'>>();
    const take = async (reply: ReplyOf<'Run'>, index: number) => {
      const result = await compareReply(reply, batch.replies[index]!, comparerOf(index));
      const before = again.get(index);
      if (result.differences.length > 0 && before === undefined && asked < ASKED_AGAIN) {
        asked += 1;
        again.set(index, reply);
        throw new AskAgain();
      }
      // A reply that changes when it is asked for again was damaged on its way.
      total.corrupt += result.corrupt + (before !== undefined && !sameReply(before, reply) ? 1 : 0);
      total.compared += result.compared;
      total.different += result.differences.length;
      for (const difference of result.differences) found.push(difference);
      if (reply.timing?.chipNs !== undefined) {
        isTimed = true;
        total.chipNs += reply.timing.chipNs;
      }
    };
    const comparerOf = (index: number): Comparer => ({
      ...{ schedule, header, expected, first },
      readSpikes: device.description.capabilities?.spikesOnDemand
        ? due => readSpikes(device, index, due)
        : undefined,
    });
    await device.run(batch.commands, take);
    total.commands += batch.commands.length;
    total.timesteps += batch.replies.at(-1)!.to;
    for (const difference of found) spread.add(difference);
    firstDifference ??= firstOf(found, ownerOf, header);
    const imageOf = (i: number) => ({
      number: first + i,
      expected: expected[i]!,
      differences: found.filter(({ due }) => due.image === i),
    });
    for (const i of expected.keys()) {
      const own = imageOf(i);
      if (own.differences.length > 0 && wrong.length < KEPT_IMAGES)
        wrong.push({ ...own, before: i === 0 ? undefined : imageOf(i - 1) });
    }
    progress?.(Math.min(first + together, images.length), total.compared);
    expected.forEach((own, i) => {
      answered?.(
        first + i,
        readoutOf(
          own,
          found.filter(({ due }) => due.image === i),
          schedule,
        ),
      );
    });
  }
  const { chipNs, ...counted } = total;
  return {
    images: images.length,
    ...counted,
    firstDifference,
    spread: spread.summary(),
    wrong,
    chipNs: isTimed ? chipNs : undefined,
  };
}

async function readSpikes(device: HilDevice, index: number, { turn, clock }: Due): Promise<Spikes> {
  const { spikes } = await device.readSpikes(index, turn.population, clock);
  return spikes ?? { neurons: [], payloads: [] };
}

const sameReply = (a: ReplyOf<'Run'>, b: ReplyOf<'Run'>): boolean => textOf(a) === textOf(b);
const textOf = ({ emissions, readouts, sequence, timestep }: ReplyOf<'Run'>): string =>
  JSON.stringify({ emissions, readouts, sequence, timestep }, (_, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
  );

/** What the device answered: what was expected, but where it differs. */
function readoutOf(
  expected: Expected,
  differences: readonly TurnDifference[],
  { readouts, turns, outFraction }: ReturnType<typeof scheduleOf>,
): Float64Array {
  const last = turns.filter(({ population }) => readouts.has(population)).at(-1);
  if (last === undefined) return new Float64Array(0);
  const held = Float64Array.from(expected.held(last.population, last.step));
  for (const { due, expected: wanted, got } of differences) {
    if (due.turn.population !== last.population || due.turn.step !== last.step || got === undefined) continue;
    for (const neuron of wanted.neurons) held[neuron] = 0;
    got.neurons.forEach((neuron, i) => {
      held[neuron] = got.payloads[i]!;
    });
  }
  return held.map(value => value * 2 ** -outFraction(last.population));
}
