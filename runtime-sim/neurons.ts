/** Neurons of a tile in one step: what they hold of their sums, and what they send. */
import type { TileProgram } from '../backends/program/program.ts';
import { type Firing, rs, saturate } from '../ir/fixed.ts';
import { rateFactor, rateReciprocal } from '../ir/interpret/int.ts';
import { createMembrane, firing } from '../ir/interpret/membrane.ts';
import type { GatherState } from './gathers.ts';

export interface NeuronArrays {
  readonly sums: Int32Array;
  readonly values: Int32Array;
  readonly terms: Uint8Array;
}
interface Arithmetic {
  readonly coding: 'sum' | 'rate' | 'differential';
  readonly steps: number;
  readonly accumulatorBits: number;
  readonly stateBits: number;
}

/** Adds an accumulator to U; what is held of it, saturated, is written back by `keep`. */
export function addHeld(
  u: Float64Array,
  { kind, accumulator, scale }: Pick<GatherState, 'kind' | 'accumulator' | 'scale'>,
  program: TileProgram,
  { coding, accumulatorBits }: Arithmetic,
  t: number,
): void {
  const partial = program.function.kind === 'partial';
  const of = coding === 'rate' ? rateReciprocal(kind, program.function.kind) : undefined;
  const factor = rateFactor(of);
  for (let i = 0; i < u.length; i++) {
    const held = saturate(accumulator[i]!, accumulatorBits);
    u[i]! += partial ? held : factor(rs(held, scale[i % scale.length]! - program.fraction), t);
  }
}

/** U as the state holds it; partial sums pass as they are. */
export function holdState(u: Float64Array, program: TileProgram, { stateBits }: Arithmetic): void {
  if (program.function.kind === 'partial') return;
  for (let i = 0; i < u.length; i++) u[i] = saturate(u[i]!, stateBits);
}

/** What is missing of y is sent. */
export function fireNeurons(
  y: Float64Array,
  { emit, outFraction }: TileProgram,
  { sums, values, terms }: NeuronArrays,
  header: Arithmetic,
  t: number,
): void {
  const membrane = emit.kind === 'mt' ? createMembrane(emit, outFraction, header)(t) : undefined;
  const fire = membrane !== undefined && emit.kind === 'mt' ? firing(membrane, emit) : undefined;
  const answer: Firing = { payload: 0, terms: 0, clipped: false };
  for (let i = 0; i < y.length; i++) {
    if (fire !== undefined) {
      fire(y[i]!, sums[i]!, answer);
      values[i] = answer.payload;
      terms[i] = answer.terms;
      sums[i]! += answer.payload * membrane!.weight;
    } else {
      values[i] = y[i]! - sums[i]!;
      terms[i] = values[i] === 0 ? 0 : 1;
      sums[i]! += values[i]!;
    }
  }
}
