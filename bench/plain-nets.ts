/** Networks of plain neurons that measures share. */
import type { PlainNetwork } from '../compiler/plain-neurons/network.ts';
import { type PlainMapping, sliceGroups } from '../compiler/plain-neurons/slices.ts';
import { createRandom } from '../ir/random/seeded.ts';

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
