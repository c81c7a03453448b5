/** Seeded networks of plain neurons with everything that the format knows, on cores of several chips. */
import { buildPrograms } from '../../compiler/plain-neurons/build.ts';
import type { PlainEdge, PlainGroup, PlainNetwork, Synapses } from '../../compiler/plain-neurons/network.ts';
import type { PlainMapping, Slice } from '../../compiler/plain-neurons/slices.ts';
import { createRandom, type Random } from '../../ir/random/seeded.ts';

export interface RandomNet {
  readonly network: PlainNetwork;
  readonly mapping: PlainMapping;
  /** Elements of the host that send in each timestep. */
  readonly host: (step: number) => Int32Array;
}

export function randomNet(seed: number): RandomNet {
  const random = createRandom(seed);
  const groups = Array.from({ length: random.int(2, 4) }, (_, g) => randomGroup(random, `g${g}`));
  const hostSize = random.chance(0.6) ? random.int(1, 40) : 0;
  const edges = Array.from({ length: random.int(2, 7) }, () => randomEdge(random, groups, hostSize));
  const cores = randomCores(random);
  const slices = shuffle(
    random,
    groups.flatMap((group, g) => cutGroup(random, group, g, cores.length)),
  );
  const spikes = Array.from({ length: 8 }, () =>
    Int32Array.from(Array(hostSize).keys()).filter(() => random.chance(0.3)),
  );
  return {
    network: { hostSize, groups, edges },
    mapping: { cores, slices },
    host: step => spikes[step % 8]!,
  };
}

const MOST_GAIN = 4;

/** The same network, some groups of which have currents, or begin later. */
export function withCurrents(net: RandomNet, seed: number): RandomNet {
  const random = createRandom(seed);
  const groups = net.network.groups.map((group): PlainGroup => {
    const some = (from: number, to: number, zeros = 0) =>
      Int32Array.from({ length: random.chance(0.4) ? 1 : group.size }, () =>
        random.chance(zeros) ? 0 : random.int(from, to),
      );
    const currentLeak = random.chance(0.3) ? Int32Array.of(0) : some(0, 4096);
    const currentBias = some(-9, 20, random.chance(0.5) ? 0.8 : 0);
    const current = { currentLeak, currentBias, gain: some(0, MOST_GAIN) };
    const start = random.chance(0.5) ? random.int(1, 9) : 0;
    return { ...group, ...(random.chance(0.6) && { current }), start };
  });
  return { ...net, network: { ...net.network, groups } };
}

/** Widths that every such network fits; a sum has room for the gain behind it. */
export const randomPrograms = (net: RandomNet, accumulatorBits = 30 - MOST_GAIN, stateBits = 30) =>
  buildPrograms(net.network, net.mapping, { accumulatorBits, stateBits });

function randomGroup(random: Random, name: string): PlainGroup {
  const size = random.int(1, 150);
  const some = (from: number, to: number, zeros = 0) =>
    Int32Array.from({ length: random.chance(0.4) ? 1 : size }, () =>
      random.chance(zeros) ? 0 : random.int(from, to),
    );
  const reset = (['hard', 'soft', 'none'] as const)[random.int(0, 2)]!;
  return {
    name,
    size,
    neurons: {
      bias: some(-20, 60, random.chance(0.5) ? 0.7 : 0),
      threshold: some(-30, 400),
      leak: random.chance(0.4) ? Int32Array.of(0) : some(0, 4096),
      initial: some(-100, 300, 0.3),
      reset,
      resetTo: reset === 'hard' ? some(-50, 50) : Int32Array.of(0),
    },
  };
}

function randomEdge(random: Random, groups: readonly PlainGroup[], hostSize: number): PlainEdge {
  const from = hostSize > 0 && random.chance(0.3) ? 'host' : random.int(0, groups.length - 1);
  const to = random.int(0, groups.length - 1);
  const sources = from === 'host' ? hostSize : groups[from]!.size;
  const targets = groups[to]!.size;
  const top = random.chance(0.5) ? 127 : 3000;
  const weight = () => random.int(-top - 1, top);
  const delay = random.chance(0.6) ? 0 : random.int(1, 5);
  if (random.chance(0.5))
    return { from, to, delay, synapses: randomSynapses(random, sources, targets, weight) };
  const weights = Array.from({ length: sources * targets }, weight);
  return { from, to, delay, synapses: top === 127 ? Int8Array.from(weights) : Int16Array.from(weights) };
}

/** In no order, some of them twice between the same neurons; some sources have none. */
function randomSynapses(random: Random, sources: number, targets: number, weight: () => number): Synapses {
  const counts = Array.from({ length: sources }, () => (random.chance(0.3) ? 0 : random.int(0, 9)));
  const starts = Int32Array.from({ length: sources + 1 }, (_, i) =>
    counts.slice(0, i).reduce((a, b) => a + b, 0),
  );
  const length = starts.at(-1)!;
  return {
    starts,
    targets: Int32Array.from({ length }, () => random.int(0, targets - 1)),
    weights: Int16Array.from({ length }, weight),
  };
}

function randomCores(random: Random): PlainMapping['cores'] {
  const chips = random.int(1, 2);
  return Array.from({ length: random.int(2, 9) }, (_, i) => {
    const router = i >> 1;
    return { chip: i % chips, x: router % 3, y: Math.floor(router / 3), slot: i & 1 };
  });
}

function cutGroup(random: Random, { size }: PlainGroup, group: number, cores: number): readonly Slice[] {
  const slices: Slice[] = [];
  for (let from = 0; from < size; ) {
    const to = Math.min(size, from + random.int(1, 70));
    slices.push({ group, core: random.int(0, cores - 1), from, to });
    from = to;
  }
  return slices;
}

function shuffle<T>(random: Random, items: readonly T[]): readonly T[] {
  return items
    .map(item => ({ item, key: random.int(0, 2 ** 30) }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}

/** Neurons that keep what they get, and fire above 0. */
export const lif = (change: Partial<PlainGroup['neurons']>): PlainGroup['neurons'] => ({
  bias: Int32Array.of(0),
  threshold: Int32Array.of(0),
  leak: Int32Array.of(0),
  initial: Int32Array.of(0),
  reset: 'hard',
  resetTo: Int32Array.of(0),
  ...change,
});
