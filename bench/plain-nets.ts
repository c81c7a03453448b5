/** Networks of plain neurons that measures share. */
import { LIF_RESETS } from '../backends/program/program.ts';
import type { PlainEdge, PlainGroup, PlainNetwork } from '../compiler/plain-neurons/network.ts';
import { type PlainMapping, sliceGroups } from '../compiler/plain-neurons/slices.ts';
import { createRandom, type Random } from '../ir/random/seeded.ts';

/** The mesh of SANA-FE's model of Loihi 1: routers numbered down its columns of 4, 4 cores each. */
export const LOIHI_MESH = { height: 4, slots: 4 } as const;

/** One period of drive; larger than the sum of a neuron's inputs in one period, so that weights move no spike. */
const DRIVE = 2 ** 18;

/**
 * R(layers, size, period): dense layers; each neuron fires once in `period` timesteps, at a random phase.
 * Source  the reference net of the measurements of SANA-FE, in whole numbers
 */
export function referenceNet(layers: number, size: number, period: number, seed = 1): PlainNetwork {
  const random = createRandom(seed);
  const one = (value: number) => Int32Array.of(value);
  const groups = Array.from({ length: layers }, (_, layer) => ({
    name: `l${layer}`,
    size,
    neurons: {
      bias: one(DRIVE),
      threshold: one(period * DRIVE - DRIVE / 2),
      leak: one(0),
      initial: Int32Array.from({ length: size }, () => random.int(0, period - 1) * DRIVE),
      reset: 'hard' as const,
      resetTo: one(0),
    },
  }));
  const edges = groups.slice(1).map((_, layer) => ({
    ...{ from: layer, to: layer + 1, delay: 0 },
    synapses: Int8Array.from({ length: size * size }, () => random.int(-127, 127)),
  }));
  return { hostSize: 0, groups, edges };
}

export const referenceMapping = (network: PlainNetwork, coresPerLayer: number): PlainMapping =>
  sliceGroups(
    network,
    network.groups.map(() => coresPerLayer),
    LOIHI_MESH,
  );

/** Anything that both know: leaks, every reset, dense and sparse edges, groups on several cores and cores of several groups. */
export function randomPlainNet(seed: number): {
  readonly network: PlainNetwork;
  readonly mapping: PlainMapping;
} {
  const random = createRandom(seed);
  const groups = Array.from({ length: random.int(2, 5) }, (_, g) => randomGroup(random, g));
  const edges = Array.from({ length: random.int(2, 7) }, () => randomEdge(random, groups));
  const network = { hostSize: 0, groups, edges };
  const sliced = sliceGroups(
    network,
    groups.map(({ size }) => random.int(1, Math.min(4, size))),
    LOIHI_MESH,
  );
  const used = random.int(1, sliced.cores.length);
  const slices = sliced.slices.map(slice => ({ ...slice, core: slice.core % used }));
  return { network, mapping: { cores: sliced.cores.slice(0, used), slices } };
}

function randomGroup(random: Random, number: number): PlainGroup {
  const size = random.int(3, 200);
  const some = (from: number, to: number, zeros: number) =>
    Int32Array.from({ length: size }, () => (random.chance(zeros) ? 0 : random.int(from, to)));
  const reset = random.pick(LIF_RESETS);
  return {
    name: `g${number}`,
    size,
    neurons: {
      bias: some(-10, 60, random.pick([0, 0.5, 0.95])),
      threshold: some(random.pick([20, -20]), 400, 0),
      leak: some(0, 4096, random.pick([0, 1])),
      initial: some(-100, 300, 0.5),
      reset,
      resetTo: reset === 'hard' ? some(-50, 50, 0.5) : Int32Array.of(0),
    },
  };
}

function randomEdge(random: Random, groups: readonly PlainGroup[]): PlainEdge {
  const [from, to] = [random.int(0, groups.length - 1), random.int(0, groups.length - 1)];
  const [sources, targets] = [groups[from]!.size, groups[to]!.size];
  const weight = () => random.int(-100, 127);
  if (random.chance(0.5))
    return { from, to, delay: 0, synapses: Int8Array.from({ length: sources * targets }, weight) };
  const starts = new Int32Array(sources + 1);
  for (let i = 0; i < sources; i++) starts[i + 1] = starts[i]! + random.int(0, 6);
  const length = starts[sources]!;
  const synapses = {
    starts,
    targets: Int32Array.from({ length }, () => random.int(0, targets - 1)),
    weights: Int16Array.from({ length }, weight),
  };
  return { from, to, delay: 0, synapses };
}
