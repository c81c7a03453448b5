/** network.yaml: groups of neurons, edges between them, and the core of each; written part by part. */
import type { LifProgram } from '../../backends/program/program.ts';
import { boxSizes } from '../../runtime-sim/state.ts';
import type { Board } from './board.ts';
import { PARTS } from './free-run.ts';
import { type Plan, type Source, sumGroup } from './plan.ts';
import { eachSynapse, type Tile } from './synapses.ts';
import { createUnits, type Seating, type Units, unitOfLine } from './units.ts';

/** Nothing that is added up reaches it. */
const NEVER = 1e300;

export function* networkParts(
  name: string,
  plan: Plan,
  board: Board,
  isStreaming: boolean,
): Generator<string> {
  yield `network:\n  name: ${name}\n  groups:\n`;
  const units = createUnits();
  for (const tile of plan.tiles) yield* sumGroups(tile, isStreaming, units);
  for (const source of plan.sources) if (source.kind !== 'neurons') yield* replayGroups(source, units);
  yield '  edges:\n';
  let edges = 0;
  for (const source of plan.sources) {
    for (const edge of edgesOf(source)) {
      yield edge;
      edges += 1;
    }
  }
  if (edges === 0) yield '    []\n';
  yield 'mappings:\n';
  const at = (core: number) => {
    const { tile, offset } = board.seats.get(core)!;
    return `${tile}.${offset}`;
  };
  for (const { number, core, size, program } of plan.tiles) {
    const [, , channels] = boxSizes(program.box);
    for (let line = 0; line < size / channels; line++)
      yield `  - ${sumGroup(number, line)}.0..${channels - 1}: {core: ${at(core.number)}}\n`;
  }
  for (const source of plan.sources) {
    if (source.kind === 'neurons') continue;
    for (const [group, , size] of groupsOf(source))
      yield `  - ${group}.0..${size - 1}: {core: ${at(source.core)}}\n`;
  }
}

/** Name, first binary neuron and size. */
function* groupsOf({ groups, firsts }: Source): Generator<readonly [string, number, number]> {
  for (const [i, group] of groups.entries()) yield [group, firsts[i]!, firsts[i + 1]! - firsts[i]!];
}

const head = (name: string, attributes: string): string =>
  `    - name: ${name}\n      attributes: {${attributes}, synapse_hw_name: synapse}\n      neurons:\n`;

/** Neurons that add up what arrives. */
function* sumGroups(tile: Tile, isStreaming: boolean, units: Units): Generator<string> {
  const [, , channels] = boxSizes(tile.program.box);
  const { emit } = tile.program;
  const core = tile.core.number;
  for (let line = 0; line < tile.size / channels; line++) {
    const unit = unitOfLine(tile, line, isStreaming);
    const somas = units.take(core, unit, channels);
    const dendrites = units.take(core, 'dendrite', channels);
    const common = 'log_potential: true, input_decay: 0';
    const isNeuron = emit.kind === 'lif';
    const kind = isNeuron
      ? `log_spikes: true, reset_mode: ${emit.reset}`
      : `threshold: ${NEVER}, leak_decay: 1`;
    yield head(sumGroup(tile.number, line), `${common}, ${kind}`);
    for (const [from, to, soma, dendrite] of overlaps(somas, dendrites)) {
      const place = `soma_hw_name: "${soma}", dendrite_hw_name: "${dendrite}"`;
      if (!isNeuron) yield `        - ${from}..${to}: {${place}}\n`;
      else
        for (let c = from; c <= to; c++)
          yield `        - ${c}: {${place}, ${lifAttributes(emit, line * channels + c)}}\n`;
    }
  }
}

/** Runs of neurons that share both units. */
function* overlaps(
  somas: readonly Seating[],
  dendrites: readonly Seating[],
): Generator<readonly [number, number, string, string]> {
  for (const soma of somas) {
    for (const dendrite of dendrites) {
      const [from, to] = [Math.max(soma.from, dendrite.from), Math.min(soma.to, dendrite.to)];
      if (from <= to) yield [from, to, soma.name, dendrite.name];
    }
  }
}

function lifAttributes({ bias, threshold, leak, initial, resetTo }: LifProgram, neuron: number): string {
  const whole = (values: Int32Array) => values[neuron % values.length]!;
  const of = (values: Int32Array) => whole(values) / PARTS;
  const decay = (4096 - whole(leak)) / 4096;
  return `bias: ${of(bias)}, threshold: ${of(threshold)}, leak_decay: ${decay}, potential: ${of(initial)}, reset: ${of(resetTo)}`;
}

/** Each replays its own list of spikes, on a soma of its own. */
function* replayGroups(source: Source, units: Units): Generator<string> {
  const { kind, core, senders } = source;
  const unit = kind === 'host' ? 'host' : 'replay';
  for (const [group, first, size] of groupsOf(source)) {
    yield head(group, 'log_spikes: true');
    const places = overlaps(units.take(core, unit, size), units.take(core, 'dendrite', size));
    for (const [at, , soma, dendrite] of places) {
      const b = first + at;
      const spikes = spikeList(senders.times.subarray(senders.starts[b], senders.starts[b + 1]));
      yield `        - ${at}: {soma_hw_name: "${soma}", dendrite_hw_name: "${dendrite}", spikes: [${spikes}]}\n`;
    }
  }
}

/** 0 or 1 for each timestep up to the last spike. */
function spikeList(times: Int32Array): string {
  const spikes = new Array<number>(times.at(-1)! + 1).fill(0);
  for (const time of times) spikes[time] = 1;
  return spikes.join();
}

/** Synapses between two groups. */
interface Bundle {
  readonly from: number[];
  readonly to: number[];
  readonly weight: number[];
}

/** Between two groups either every pair has its weight (dense), or pairs are listed (sparse). */
function* edgesOf(source: Source): Generator<string> {
  const { senders, feeds } = source;
  for (const axon of feeds.flatMap(feed => feed.axons)) {
    const [, , channels] = boxSizes(axon.tile.program.box);
    for (const [group, first, size] of groupsOf(source)) {
      const bundles = new Map<number, Bundle>();
      for (let b = first; b < first + size; b++) {
        eachSynapse(axon, senders.neuron[b]!, (line, channel, weight) => {
          const bundle = bundles.get(line) ?? { from: [], to: [], weight: [] };
          bundles.set(line, bundle);
          bundle.from.push(b - first);
          bundle.to.push(channel);
          bundle.weight.push(senders.payload[b]! * weight);
        });
      }
      for (const [line, bundle] of bundles)
        yield `    - ${group} -> ${sumGroup(axon.tile.number, line)}: ${edgeText(bundle, size, channels)}\n`;
    }
  }
}

function edgeText({ from, to, weight }: Bundle, size: number, channels: number): string {
  const weights = `weight: [${weight.map(w => (w === 0 ? 0 : w)).join()}]`;
  const isDense =
    from.length === size * channels &&
    from.every((b, i) => b === Math.floor(i / channels) && to[i] === i % channels);
  if (isDense) return `[type: dense, ${weights}]`;
  return `[type: sparse, source_target_pairs: [${from.map((b, i) => `[${b},${to[i]}]`).join()}], ${weights}]`;
}
