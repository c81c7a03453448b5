/** What a host asked to see of every population, and how it is put into messages. */
import { createHash } from 'node:crypto';
import type { Booted, Tile } from './boot.ts';
import type { PopulationEvents } from './events.ts';
import type { Machine } from './machine.ts';
import type { ReplyDraft, RequestOf } from './messages.ts';
import { refuse } from './refusal.ts';

type Recording = RequestOf<'Configure'>['recordings'][number];
export type Recordings = ReadonlyMap<number, Recording>;
type Emission = NonNullable<ReplyDraft<'Run'>['emissions']>[number];
export type StateKind = 'sent' | 'target' | 'potential';

/** Neurons ascending, each as neuron and payload, little endian. */
export function hashSpikes({ neurons, values }: Pick<PopulationEvents, 'neurons' | 'values'>): Buffer {
  const bytes = Buffer.alloc(8 * neurons.length);
  neurons.forEach((neuron, i) => {
    bytes.writeUInt32LE(neuron, 8 * i);
    bytes.writeInt32LE(values[i]!, 8 * i + 4);
  });
  return createHash('sha256').update(bytes).digest();
}

/** Errors: Refusal */
export function checkRecordings(
  recordings: readonly Recording[],
  { header }: Booted,
  stateNeurons: number,
): Recordings {
  const checked = new Map<number, Recording>();
  let neurons = 0;
  for (const recording of recordings) {
    const { population, form, states } = recording;
    const size = populationSize(header.populations[population]?.shape, population);
    if (checked.has(population)) refuse('INVALID_ARGUMENT', `population ${population} is recorded twice`);
    if (form === '' && states.length === 0)
      refuse('INVALID_ARGUMENT', `population ${population} is recorded in no form`);
    checkStates(recording.neurons, states, size, header.mode);
    neurons += recording.neurons.length * states.length;
    checked.set(population, recording);
  }
  if (neurons > stateNeurons)
    refuse('RESOURCE_EXHAUSTED', `states of ${neurons} neurons; at most ${stateNeurons}`);
  return checked;
}

function populationSize(shape: readonly number[] | undefined, population: number): number {
  if (shape === undefined) return refuse('INVALID_ARGUMENT', `there is no population ${population}`);
  return shape.reduce((a, b) => a * b, 1);
}

function checkStates(
  neurons: readonly number[],
  states: readonly string[],
  size: number,
  mode: Booted['header']['mode'],
): void {
  if (states.length === 0 && neurons.length === 0) return;
  if (mode === 'streaming')
    refuse('FAILED_PRECONDITION', 'rows pass through time: neurons keep no state from one to the next');
  const wrong = states.find(kind => (kind === 'potential') !== (mode === 'free') || kind === '');
  if (wrong !== undefined)
    refuse('FAILED_PRECONDITION', `neurons of mode ${mode} have no state "${wrong || 'unspecified'}"`);
  const beyond = neurons.find(neuron => neuron >= size);
  if (beyond !== undefined) refuse('INVALID_ARGUMENT', `neuron ${beyond} of a population of ${size}`);
}

export function recordEmission(
  events: PopulationEvents,
  timestep: number,
  recordings: Recordings,
  machine: Machine,
): Emission | undefined {
  const { population, neurons, values } = events;
  const recording = recordings.get(population);
  if (recording === undefined) return undefined;
  const { form, states } = recording;
  return {
    population,
    timestep,
    ...(form === 'hash' && { sha256: hashSpikes(events) }),
    ...(form === 'spikes' && { spikes: { neurons, payloads: values } }),
    states: readStates(machine, population, recording.neurons, states),
  };
}

const within = ([from, to]: readonly [number, number], x: number): boolean => x >= from && x < to;

/** The tile of a neuron and its number there. */
function findNeuron(
  { tiles, header }: Booted,
  population: number,
  neuron: number,
): [Tile, number] | undefined {
  const [, rows, channels] = header.populations[population]!.shape as [number, number, number];
  const [g, r, c] = [
    Math.floor(neuron / (rows * channels)),
    Math.floor(neuron / channels) % rows,
    neuron % channels,
  ];
  for (const tile of tiles) {
    const { group, row, channel } = tile.program.box;
    if (tile.program.population !== population) continue;
    if (!within(group, g) || !within(row, r) || !within(channel, c)) continue;
    return [tile, ((g - group[0]) * tile.rows + r - row[0]) * tile.channels + c - channel[0]];
  }
  return undefined;
}

function readStates(
  machine: Machine,
  population: number,
  neurons: readonly number[],
  kinds: readonly string[],
) {
  return kinds.map(kind => ({
    kind: kind as StateKind,
    values: neurons.map(neuron => {
      const found = findNeuron(machine.booted, population, neuron);
      if (found === undefined) return 0;
      const [tile, i] = found;
      const state = machine.stateOf(tile);
      return (kind === 'sent' ? state?.sent[i] : state?.target[i]) ?? 0;
    }),
  }));
}

/** Errors: Refusal */
export function answerStates(
  machine: Machine,
  { population, neurons, states }: RequestOf<'ReadState'>,
  stateNeurons: number,
): ReplyDraft<'ReadState'> {
  const { header } = machine.booted;
  checkStates(
    neurons,
    states,
    populationSize(header.populations[population]?.shape, population),
    header.mode,
  );
  if (neurons.length * states.length > stateNeurons)
    refuse(
      'RESOURCE_EXHAUSTED',
      `states of ${neurons.length * states.length} neurons; at most ${stateNeurons}`,
    );
  return { timestep: machine.timestep, states: readStates(machine, population, neurons, states) };
}
