/**
 * Which neurons sent in which step of which image: one bit a neuron, and the number of its messages where spikes are
 * binary or come back as messages. Payloads play no part in time.
 */
import type { ChipProgram, ProgramHeader } from '../../backends/program/program.ts';
import { defect } from '../../ir/diagnostics/diagnostic.ts';
import type { PopulationEmission } from '../chip.ts';
import { hostValue } from '../messages.ts';

/** Of one population in one step, by neuron of the population. */
export interface Sent {
  readonly bits: Uint8Array;
  /** Signed powers of two that each neuron sent; undefined where nothing depends on them. */
  readonly terms: Uint8Array | undefined;
}

/** One image as the chip ran it. */
export interface ImageSent {
  /** Steps that were taken: the host may have stopped before the last. */
  readonly steps: number;
  /** Elements of the image that the host sends. */
  readonly host: Uint8Array;
  /** Of step t and population p: sent[(t − 1) · populations + p]. */
  readonly sent: readonly (Sent | undefined)[];
}

export const isSet = (bits: Uint8Array, i: number): boolean => ((bits[i >> 3]! >> (i & 7)) & 1) === 1;

export function bitsOf(values: ArrayLike<number>): Uint8Array {
  const bits = new Uint8Array((values.length + 7) >> 3);
  for (let i = 0; i < values.length; i++) if (values[i] !== 0) bits[i >> 3]! |= 1 << (i & 7);
  return bits;
}

const wantsTerms = ({ binary, resetNeurons }: ProgramHeader): boolean => binary || resetNeurons > 1;

/** Takes what a simulator shows of an image, step by step. */
export interface ImageRecord {
  take(step: number, population: number, emission: PopulationEmission): void;
  finish(): ImageSent & { readonly bytes: number };
}

/** Of an image that a deployment is about to run. */
export function recordImage(programs: readonly ChipProgram[], image: Float64Array): ImageRecord {
  const { header } = programs[0] ?? defect('a deployment without chips');
  const fraction = programs.find(({ input }) => input !== undefined)?.input?.fraction ?? 0;
  return createImageRecord(header, bitsOf(Float64Array.from(image, x => hostValue(x, fraction))));
}

export function createImageRecord(header: ProgramHeader, host: Uint8Array): ImageRecord {
  const sent: (Sent | undefined)[] = [];
  let bytes = host.byteLength;
  let steps = 0;
  return {
    take(step, population, { values, terms }) {
      const own = { bits: bitsOf(values), terms: wantsTerms(header) ? terms.slice() : undefined };
      sent[(step - 1) * header.populations.length + population] = own;
      bytes += own.bits.byteLength + (own.terms?.byteLength ?? 0);
      steps = Math.max(steps, step);
    },
    finish: () => ({ steps, host, sent, bytes }),
  };
}
