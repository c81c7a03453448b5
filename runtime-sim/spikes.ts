/**
 * What a tile sends in one step, as messages: a payload each, or, where spikes are binary, one message for each signed
 * power of two of it, on the axon of that threshold and sign. What arrives adds up to the same.
 */
import type { ChipProgram } from '../backends/program/program.ts';
import { termExponent } from '../ir/fixed.ts';
import type { Batch } from './messages.ts';
import type { TileState } from './state.ts';

type Header = Pick<ChipProgram['header'], 'binary'>;

export function messagesOf<G>(
  { program }: Pick<TileState<G>, 'program'>,
  batch: Batch,
  { binary }: Header,
): Batch {
  return binary && program.emit.kind === 'mt' ? splitTerms(batch, program.emit.levels) : batch;
}

/** Signed powers of two, largest first, none above 2^(levels−1): those that the neuron fired (ir/fixed.ts, fire). */
export function splitTerms({ neurons, payloads }: Omit<Batch, 'terms'>, levels: number): Batch {
  const from: number[] = [];
  const sent: number[] = [];
  for (let e = 0; e < neurons.length; e++) {
    for (let rest = payloads[e]!; rest !== 0; ) {
      // Thresholds in quarters, as termExponent wants them.
      const size = Math.sign(rest) * 2 ** termExponent(4 * rest, 2, levels, 1);
      from.push(neurons[e]!);
      sent.push(size);
      rest -= size;
    }
  }
  return {
    neurons: Int32Array.from(from),
    payloads: Int32Array.from(sent),
    terms: new Uint8Array(from.length).fill(1),
  };
}
