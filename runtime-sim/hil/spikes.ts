/** Spikes of a population in one chip timestep: neurons and payloads, and the hash under which they are compared. */
import { createHash } from 'node:crypto';

export interface Spikes {
  /** Numbers within the population, ascending; none of them silent. */
  readonly neurons: readonly number[];
  readonly payloads: readonly number[];
}

export const NO_SPIKES: Spikes = { neurons: [], payloads: [] };

/** Those of `neurons` that are not silent. */
export function spikesOf(values: Int32Array, neurons: Int32Array): Spikes {
  const found: { neurons: number[]; payloads: number[] } = { neurons: [], payloads: [] };
  for (const neuron of neurons) {
    if (values[neuron] === 0) continue;
    found.neurons.push(neuron);
    found.payloads.push(values[neuron]!);
  }
  return found;
}

/** SHA-256 over neuron (uint32) and payload (int32) of each spike, little endian (docs/hil-protocol.md). */
export function hashSpikes({ neurons, payloads }: Spikes): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(8 * neurons.length));
  neurons.forEach((neuron, i) => {
    bytes.setUint32(8 * i, neuron, true);
    bytes.setInt32(8 * i + 4, payloads[i]!, true);
  });
  return createHash('sha256').update(bytes).digest();
}

export const EMPTY_HASH: Uint8Array = hashSpikes(NO_SPIKES);

export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);

/** What is wrong with spikes that came over the wire; undefined: nothing. */
export function spikesTrouble({ neurons, payloads }: Spikes, size: number): string | undefined {
  if (neurons.length !== payloads.length) return `${neurons.length} neurons with ${payloads.length} payloads`;
  for (let i = 0; i < neurons.length; i++) {
    if (neurons[i]! >= size) return `neuron ${neurons[i]} of ${size}`;
    if (i > 0 && neurons[i]! <= neurons[i - 1]!) return `neuron ${neurons[i]} after neuron ${neurons[i - 1]}`;
  }
  return undefined;
}
