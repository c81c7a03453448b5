/**
 * When each population runs: which of its neurons execute in which chip timestep of an image, and as which step of it.
 * A device reports by timestep, the simulator by step; this table leads from one to the other.
 */
import type { ChipProgram, HostInput, TileProgram } from '../../backends/program/program.ts';
import { fail } from '../../ir/diagnostics/diagnostic.ts';
import { expandMap, HOLE } from '../../ir/map.ts';
import { hostValue } from '../messages.ts';
import { boxSizes } from '../state.ts';

/** Neurons of one population that execute in one chip timestep. */
export interface Turn {
  readonly population: number;
  /** From the beginning of the image. */
  readonly timestep: number;
  /** Of the image, from 1; 1 where rows pass through time. */
  readonly step: number;
  /** Numbers within the population, ascending. */
  readonly neurons: Int32Array;
}

export interface Schedule {
  /** Chip timesteps of one image. */
  readonly timesteps: number;
  /** Chip timesteps from one image to the next. */
  readonly interval: number;
  /** By timestep, then population. */
  readonly turns: readonly Turn[];
  readonly turnAt: (population: number, timestep: number) => Turn | undefined;
  /** Populations whose neurons are read and send nothing. */
  readonly readouts: ReadonlySet<number>;
  /** Fraction bits of what a readout holds. */
  readonly outFraction: (population: number) => number;
  readonly input: HostInput;
}

/** What the host sends in one timestep: nonzero elements in the program's integers. */
export interface HostTurn {
  readonly timestep: number;
  readonly elements: readonly number[];
  readonly values: readonly number[];
}

/** Errors: E0703 nobody takes the input, E0711 no images. */
export function scheduleOf(programs: readonly ChipProgram[]): Schedule {
  const header = programs[0]?.header ?? fail('E0703', { origin: 'program' }, { problem: 'no chip' });
  if (header.mode === 'free') fail('E0711', { origin: 'program' }, {});
  const input =
    programs.find(program => program.input !== undefined)?.input ??
    fail('E0703', { origin: 'program' }, { problem: 'no chip takes the input' });
  const tiles = programs.flatMap(({ cores }) => cores.flatMap(core => core.tiles));
  const found = new Map<string, { population: number; timestep: number; step: number; neurons: number[] }>();
  for (const tile of tiles) {
    for (const { timestep, step, neurons } of turnsOf(tile, header)) {
      const key = keyOf(tile.population, timestep);
      const turn = found.get(key) ?? { population: tile.population, timestep, step, neurons: [] };
      for (const neuron of neurons) turn.neurons.push(neuron);
      found.set(key, turn);
    }
  }
  const turns = [...found.values()]
    .map(({ neurons, ...turn }): Turn => ({ ...turn, neurons: Int32Array.from(neurons).sort() }))
    .sort((a, b) => a.timestep - b.timestep || a.population - b.population);
  const byKey = new Map(turns.map(turn => [keyOf(turn.population, turn.timestep), turn]));
  const readoutTiles = tiles.filter(({ emit }) => emit.kind === 'readout');
  const fractions = new Map(readoutTiles.map(tile => [tile.population, tile.outFraction]));
  return {
    timesteps: 1 + (turns.at(-1)?.timestep ?? 0),
    interval: header.interval,
    turns,
    turnAt: (population, timestep) => byKey.get(keyOf(population, timestep)),
    readouts: new Set(fractions.keys()),
    outFraction: population => fractions.get(population) ?? 0,
    input,
  };
}

const keyOf = (population: number, timestep: number): string => `${population} ${timestep}`;

function turnsOf(tile: TileProgram, header: ChipProgram['header']) {
  const { group, row, channel } = tile.box;
  const [, rows, channels] = header.populations[tile.population]!.shape as [number, number, number];
  const neuronsOf = (from: number, to: number): number[] => {
    const list: number[] = [];
    for (let g = group[0]; g < group[1]; g++)
      for (let r = from; r < to; r++)
        for (let c = channel[0]; c < channel[1]; c++) list.push((g * rows + r) * channels + c);
    return list;
  };
  if (header.mode === 'streaming') {
    return Array.from({ length: boxSizes(tile.box)[1] }, (_, r) => {
      const at = row[0] + r;
      return { timestep: tile.depth + r, step: 1, neurons: neuronsOf(at, at + 1) };
    });
  }
  const neurons = neuronsOf(row[0], row[1]);
  return Array.from({ length: header.steps }, (_, i) => ({
    timestep: tile.depth + i * header.period,
    step: i + 1,
    neurons,
  }));
}

/** All that the host sends for one image, by timestep. */
export function hostTurns(
  image: Float64Array,
  { input }: Pick<Schedule, 'input'>,
  header: ChipProgram['header'],
): readonly HostTurn[] {
  const values = Array.from(image, x => hostValue(x, input.fraction));
  const turnOf = (timestep: number, members: readonly number[]): HostTurn => {
    const elements = members.filter(element => values[element] !== 0);
    return { timestep, elements, values: elements.map(element => values[element]!) };
  };
  const all = values.map((_, element) => element);
  if (input.steps === undefined) {
    const times = header.coding === 'rate' ? header.steps : 1;
    return Array.from({ length: times }, (_, i) => turnOf(i * header.period, all));
  }
  const lists = new Map<number, number[]>();
  expandMap(input.steps).forEach((timestep, element) => {
    if (timestep === HOLE) return;
    const list = lists.get(timestep) ?? [];
    lists.set(timestep, list);
    list.push(element);
  });
  return [...lists].sort(([a], [b]) => a - b).map(([timestep, members]) => turnOf(timestep, members));
}
