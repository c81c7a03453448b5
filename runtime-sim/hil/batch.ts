/** Some images that follow each other on a device: the commands that run them, and what each reply must hold. */
import type { ChipProgram } from '../../backends/program/program.ts';
import type { Expected } from './expected.ts';
import { hostTurns, type Schedule, type Turn } from './schedule.ts';
import type { Command, Limits } from './session.ts';

/** One turn of one image, at its place on the device's clock. */
export interface Due {
  /** Within the batch. */
  readonly image: number;
  /** Place in schedule.turns. */
  readonly index: number;
  readonly turn: Turn;
  readonly clock: number;
}

export interface Batch {
  readonly commands: readonly Command[];
  /** What the reply to each command must hold: the clock before it, and after it, and the turns in between. */
  readonly replies: readonly { readonly from: number; readonly to: number; readonly due: readonly Due[] }[];
}

/** What one hash, one spike, or one number of a readout takes of a reply at most. */
const HASH_BYTES = 64;
const SPIKE_BYTES = 10;
const NUMBER_BYTES = 16;

/**
 * A restart, then as many timesteps at a time as limits allow. The images are `interval` timesteps apart, so that those that
 * pass each other on the chip do so here too.
 */
export function planBatch(
  images: readonly Pick<Expected, 'image'>[],
  schedule: Schedule,
  header: ChipProgram['header'],
  limits: Pick<Limits, 'timesteps' | 'messageBytes'> & { readonly form: 'hash' | 'spikes' },
  stride = Number.POSITIVE_INFINITY,
): Batch {
  const { timesteps, interval, turns, readouts } = schedule;
  const end = timesteps + (images.length - 1) * interval;
  const inputs = new Map<number, Map<number, number>>();
  const due: Due[][] = Array.from({ length: end }, () => []);
  images.forEach(({ image }, number) => {
    // An image begins with an input, even an empty one.
    inputs.set(number * interval, inputs.get(number * interval) ?? new Map());
    for (const { timestep, elements, values } of hostTurns(image, schedule, header)) {
      const clock = timestep + number * interval;
      const now = inputs.get(clock) ?? new Map<number, number>();
      inputs.set(clock, now);
      elements.forEach((element, i) => void now.set(element, values[i]!));
    }
    turns.forEach((turn, index) => {
      const clock = turn.timestep + number * interval;
      due[clock]!.push({ image: number, index, turn, clock });
    });
  });
  const bytesAt = (clock: number) =>
    NUMBER_BYTES * (inputs.get(clock)?.size ?? 0) +
    due[clock]!.reduce((sum, { turn }) => {
      const held = readouts.has(turn.population) ? NUMBER_BYTES * turn.neurons.length : 0;
      return sum + HASH_BYTES + held + (limits.form === 'spikes' ? SPIKE_BYTES * turn.neurons.length : 0);
    }, 0);
  const most = Math.min(stride, limits.timesteps);
  const commands: Command[] = [{ restart: {} }];
  const replies: { from: number; to: number; due: readonly Due[] }[] = [{ from: 0, to: 0, due: [] }];
  for (let from = 0; from < end; ) {
    let to = from + 1;
    let bytes = bytesAt(from);
    while (to < end && to - from < most && bytes + bytesAt(to) <= limits.messageBytes / 2)
      bytes += bytesAt(to++);
    commands.push({ advance: { timesteps: to - from, inputs: inputsOf(inputs, from, to) } });
    replies.push({ from, to, due: due.slice(from, to).flat() });
    from = to;
  }
  return { commands, replies };
}

function inputsOf(inputs: ReadonlyMap<number, ReadonlyMap<number, number>>, from: number, to: number) {
  const list: { offset: number; elements: number[]; values: number[] }[] = [];
  for (let clock = from; clock < to; clock++) {
    const now = inputs.get(clock);
    if (now === undefined) continue;
    const elements = [...now.keys()].sort((a, b) => a - b);
    list.push({ offset: clock - from, elements, values: elements.map(element => now.get(element)!) });
  }
  return list;
}
