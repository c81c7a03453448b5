/** A spiking network in real numbers and timesteps: groups of neurons, synapses between them, what goes in and out. */
import type { RealNeurons } from './neurons.ts';

export interface RealGroup {
  readonly name: string;
  /** NIR node, with its type. */
  readonly origin: string;
  readonly type: string;
  readonly shape: readonly number[];
  readonly size: number;
  readonly neurons: RealNeurons;
  /** Σ biases that reach each neuron in every timestep, before its gain. */
  readonly drive: Float64Array;
  /** Fraction bits of its potentials, where the file says them. */
  readonly fraction: number | undefined;
}

/** Synapses in the order of their sources, before the gain of their targets. */
export interface RealSynapses {
  readonly starts: Int32Array;
  readonly targets: Int32Array;
  readonly weights: Float64Array;
}

export interface RealEdge {
  /** Number of a group, or the host. */
  readonly from: number | 'host';
  readonly to: number;
  /** Timesteps that the file asks for: 0, within the same timestep. */
  readonly delay: number;
  readonly synapses: RealSynapses;
}

export interface RealPort {
  readonly name: string;
  readonly shape: readonly number[];
}

export interface RealNetwork {
  readonly groups: readonly RealGroup[];
  readonly edges: readonly RealEdge[];
  /** Their elements, one after another, are those of the host. */
  readonly inputs: readonly RealPort[];
  readonly hostSize: number;
  /** Potentials are read of groups that never fire, spikes of the others. */
  readonly outputs: readonly (RealPort & { readonly group: number })[];
}
