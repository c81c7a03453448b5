/**
 * Published partitions of NxTF on Loihi 1: its own packing, and ours, which takes the fewest cores first and lets
 * an input layer, that has no synapses, lie beside another layer.
 *
 * The tutorial on MNIST runs sparse entries and keeps one partition a layer; it prints how many grids it refused.
 * Which settings gave the paper's 14 cores is not said: run-length entries and two kept partitions do.
 */
import { packItems } from '../compiler/mapping/pack.ts';
import { packProblem } from '../compiler/mapping/packing.ts';
import { type Layer, sizeOfShape } from '../compiler/mapping/strategies/layers.ts';
import {
  bindingOf,
  type LayerPartition,
  LOIHI1,
  type NxtfOptions,
  partitionNxtf,
} from '../compiler/mapping/strategies/nxtf.ts';
import { NXTF_MNIST, NXTF_MOBILENET } from './partition-tables.ts';

export interface NxtfAnchor {
  readonly name: string;
  readonly layers: readonly Layer[];
  readonly options: Omit<NxtfOptions, 'prefer'>;
  /** Undefined where the source prints no total. */
  readonly cores: number | undefined;
  /** Grids refused on the way, layer by layer from the first, where the source prints them. */
  readonly refused?: readonly number[];
}

const BASE = { limits: LOIHI1, weightBits: 8, reset: 'to-zero', compression: 'sparse', beam: 1 } as const;

export const NXTF_ANCHORS: readonly NxtfAnchor[] = [
  {
    name: 'MNIST CNN (paper)',
    layers: NXTF_MNIST,
    options: { ...BASE, compression: 'run-length', beam: 2 },
    cores: 14,
  },
  {
    name: 'MNIST CNN (tutorial)',
    layers: NXTF_MNIST,
    options: BASE,
    cores: undefined,
    refused: [0, 3, 16, 4, 0],
  },
  {
    name: 'pseudo-MobileNet (tutorial)',
    layers: NXTF_MOBILENET,
    options: { ...BASE, reset: 'subtract' },
    cores: 157,
  },
];

export const partitionAsNxtf = ({ layers, options }: NxtfAnchor): readonly LayerPartition[] | undefined =>
  partitionNxtf(layers, { ...options, prefer: 'price' });

export interface OurLoihi1 {
  readonly cores: number;
  readonly layers: readonly LayerPartition[];
}

/** Run-length entries are the shortest for convolutions; which ones a network takes is ours to choose. */
const OURS = { compression: 'run-length', beam: 1, prefer: 'cores' } as const;

export function partitionOurs({ layers, options }: NxtfAnchor): OurLoihi1 | undefined {
  const partitions = partitionNxtf(layers, { ...options, ...OURS });
  if (partitions === undefined) return undefined;
  const { limits, reset } = options;
  const capacity = [limits.compartments, limits.inAxons, limits.outAxonEntries, limits.synapseWords - 1, 1];
  const items = partitions.flatMap(({ plan, uses }) =>
    uses.map(use => {
      // Targets are counted from the lowest compartments, so that two tiles with synapses would be in each other's way.
      const hasSynapses = plan.layer.kind !== 'input' || reset === 'subtract';
      const { compartments, inAxons, outAxonEntries, synapseWords } = use;
      return { demand: [compartments, inAxons, outAxonEntries, synapseWords, hasSynapses ? 1 : 0] };
    }),
  );
  const problem = packProblem(capacity, items, []);
  const { bins } = packItems(problem, { bins: 0, messagesPerBin: 1, seed: 1, moves: 0 });
  return { cores: bins, layers: partitions };
}

export const bindingOn = (layer: LayerPartition): string => bindingOf(layer.fullest, LOIHI1);

/** Cores that all compartments fill. */
export function leastCoresOf({ layers, options: { limits, reset } }: NxtfAnchor): number {
  const neurons = layers.reduce((sum, { shape }) => sum + sizeOfShape(shape), 0);
  return Math.ceil((neurons * (reset === 'subtract' ? 2 : 1)) / limits.compartments);
}
