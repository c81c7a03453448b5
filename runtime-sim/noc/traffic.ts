/**
 * What the cores of a board do in one timestep, as the timed engine takes it: each core works through its neurons in
 * order and sends; every message is taken in and worked off where it arrives. Times are whole numbers of ticks of 1 ps.
 * A neuron that fires names a list, made once, of the messages that it sends: nothing is kept by the message.
 */

/** Where messages go, shared by all neurons that send to the same cores at the same cost. List i: starts[i] … starts[i + 1]. */
export interface Fanouts {
  readonly starts: Int32Array;
  readonly target: Int32Array;
  /** Ticks that the target needs to take the message in and work it off. */
  readonly service: Float64Array;
}

export interface StepTraffic {
  /** Sends of core c, in its order: starts[c] … starts[c + 1]. */
  readonly starts: Int32Array;
  /** Ticks that the core computes between the last message of its previous send and the first of this one. */
  readonly gap: Float64Array;
  /** List of the messages of each send. */
  readonly fanout: Int32Array;
  /** Ticks that each core computes after its last message. */
  readonly tail: Float64Array;
  /** Lists of the host's messages, which wait at their targets when the step begins. */
  readonly host: Int32Array;
}
