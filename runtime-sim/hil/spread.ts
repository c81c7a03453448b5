/** Where a device differs first, and how far that spreads: populations, cores, images, steps. */
import type { ChipProgram } from '../../backends/program/program.ts';
import type { TurnDifference } from './compare.ts';
import type { TilePlace } from './tile-bench.ts';

export interface FirstDifference {
  readonly image: number;
  /** Step of the image, and chip timestep since its beginning. */
  readonly step: number;
  readonly timestep: number;
  readonly population: string;
  readonly chip: number;
  /** Number within the chip. */
  readonly core: number;
  readonly neuron: number;
  readonly expected: number;
  /** null: the device cannot say. */
  readonly got: number | null;
}

export interface Spread {
  /** Turns that differ: one population in one timestep of one image. */
  readonly turns: number;
  readonly neurons: number;
  readonly populations: readonly {
    readonly name: string;
    readonly turns: number;
    readonly neurons: number;
  }[];
  readonly cores: readonly { readonly chip: number; readonly core: number; readonly neurons: number }[];
  readonly images: readonly number[];
  readonly steps: readonly number[];
}

/** Neurons that differ, ascending, with expected and got. */
export function wrongNeurons({ expected, got }: TurnDifference) {
  const payloads = (spikes: typeof expected) =>
    new Map(spikes.neurons.map((neuron, i) => [neuron, spikes.payloads[i]!]));
  const [wanted, had] = [payloads(expected), payloads(got ?? expected)];
  return [...new Set([...wanted.keys(), ...had.keys()])]
    .sort((a, b) => a - b)
    .map(neuron => ({ neuron, expected: wanted.get(neuron) ?? 0, got: had.get(neuron) ?? 0 }))
    .filter(one => one.expected !== one.got);
}

/** Which tile holds a neuron of a population. */
export function ownersOf(tiles: readonly TilePlace[], header: ChipProgram['header']) {
  const owners = header.populations.map(({ shape }) =>
    new Int32Array(shape.reduce((a, b) => a * b, 1)).fill(-1),
  );
  for (const tile of tiles) for (const neuron of tile.members) owners[tile.population]![neuron] = tile.number;
  return (population: number, neuron: number): TilePlace | undefined => tiles[owners[population]![neuron]!];
}
export type OwnerOf = ReturnType<typeof ownersOf>;

/** In the order of time; images that pass each other do not hide which came first. */
const earlier = (a: TurnDifference, b: TurnDifference): number =>
  a.image - b.image ||
  a.due.turn.timestep - b.due.turn.timestep ||
  a.due.turn.population - b.due.turn.population;

export function firstOf(
  differences: readonly TurnDifference[],
  ownerOf: OwnerOf,
  header: ChipProgram['header'],
): FirstDifference | undefined {
  const first = differences.toSorted(earlier)[0];
  if (first === undefined) return undefined;
  const { turn } = first.due;
  const wrong = wrongNeurons(first)[0];
  const neuron = wrong?.neuron ?? turn.neurons[0] ?? 0;
  const owner = ownerOf(turn.population, neuron);
  return {
    image: first.image,
    step: turn.step,
    timestep: turn.timestep,
    population: header.populations[turn.population]!.name,
    chip: owner?.chip ?? 0,
    core: owner?.core ?? 0,
    neuron,
    expected: wrong?.expected ?? 0,
    got: first.got === undefined ? null : (wrong?.got ?? 0),
  };
}

export function createSpread(ownerOf: OwnerOf, header: ChipProgram['header']) {
  const populations = new Map<string, { turns: number; neurons: number }>();
  const cores = new Map<string, { chip: number; core: number; neurons: number }>();
  const images = new Set<number>();
  const steps = new Set<number>();
  let turns = 0;
  let neurons = 0;
  return {
    add(difference: TurnDifference): void {
      const { turn } = difference.due;
      turns += 1;
      images.add(difference.image);
      steps.add(turn.step);
      const { name } = header.populations[turn.population]!;
      const own = populations.get(name) ?? { turns: 0, neurons: 0 };
      populations.set(name, own);
      own.turns += 1;
      for (const { neuron } of wrongNeurons(difference)) {
        neurons += 1;
        own.neurons += 1;
        const owner = ownerOf(turn.population, neuron);
        if (owner === undefined) continue;
        const key = `${owner.chip} ${owner.core}`;
        const place = cores.get(key) ?? { chip: owner.chip, core: owner.core, neurons: 0 };
        cores.set(key, place);
        place.neurons += 1;
      }
    },
    summary: (): Spread => ({
      turns,
      neurons,
      populations: [...populations].map(([name, own]) => ({ name, ...own })),
      cores: [...cores.values()].sort((a, b) => a.chip - b.chip || a.core - b.core),
      images: [...images].sort((a, b) => a - b),
      steps: [...steps].sort((a, b) => a - b),
    }),
  };
}
