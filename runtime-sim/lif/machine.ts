/** A free-running chip, however it is simulated: the reference and the engine answer alike, bit for bit. */
import type { CoreEvents } from './events.ts';
import type { LifNetwork } from './network.ts';

/** One timestep, seen when it is over. What it names is written over by the next one. */
export interface LifStep {
  /** From 0 on, since the machine was made. */
  readonly step: number;
  /** Of this timestep. */
  readonly events: CoreEvents;
  /**
   * Who fired, by number in its tile, in the order of the cores, their tiles and the tiles' neurons: those of tile t stand
   * at starts[t] … starts[t + 1].
   */
  readonly fired: { readonly starts: Int32Array; readonly neurons: Int32Array };
  /** For each neuron of a tile 1 if it was updated, else 0; undefined: all were. */
  readonly updated: (tile: number) => Uint8Array | undefined;
  /** Elements that the host sent. */
  readonly host: Int32Array;
}
export type LifObserver = (step: LifStep) => void;

/** Elements of the host that send a spike in a timestep, each at most once. */
export type HostSpikes = (step: number) => Int32Array;

export interface LifMachine {
  readonly network: LifNetwork;
  /** Since the machine was made. */
  readonly steps: number;
  readonly totals: CoreEvents;
  /** Goes on where it stands. Memory does not grow with the steps. */
  run(steps: number, observe?: LifObserver, host?: HostSpikes): void;
  /** Of the neurons of each tile, now. */
  potentials(tile: number): Int32Array;
}
