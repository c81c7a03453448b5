/** State of the gathers of a tile: accumulators, weights, and the sums of operands where a gather needs them. */
import type { CoreProgram, Gather, TileProgram } from '../backends/program/program.ts';
import { byteWeights } from '../backends/program/weights.ts';
import { defect } from '../ir/diagnostics/diagnostic.ts';
import { boxSizes } from './state.ts';

export type GatherState =
  | LinearState
  | ProductState
  | HadamardState
  | DepthwiseState
  | MaximumState
  | ConstantState
  | RelayState;
/** Where a step is summed up: the accumulator itself, or beside it where the step is rounded before it is added. */
interface Stepped {
  readonly accumulator: Float64Array;
  readonly step: Float64Array;
  /** Fraction bits of the weight of what arrives (step-weights.ts), for each operand. */
  readonly weighed: readonly [number, number];
}
export interface LinearState extends Stepped {
  readonly kind: 'linear';
  readonly weights: Int8Array;
  readonly inputs: number;
  readonly channels: number;
  /** 64-bit words of one weight row. */
  readonly rowWords: number;
  readonly bias: Int32Array | undefined;
  readonly scale: Int32Array;
  readonly graded: boolean;
}
export interface ProductState extends Stepped {
  readonly kind: 'product';
  readonly shape: Extract<Gather, { kind: 'product' }>;
  /** Sums of the operands: a[g, i, c], and b laid out [g, c, j] so that a row of partners is contiguous. */
  readonly sumA: Float64Array;
  readonly sumB: Float64Array;
  /** Nonzero sums per (group, channel). */
  readonly nonzeroA: Int32Array;
  readonly nonzeroB: Int32Array;
  /** Terms of this step per (group, channel). */
  readonly termsA: Int32Array;
  readonly termsB: Int32Array;
  readonly scale: Int32Array;
}
export interface HadamardState extends Stepped {
  readonly kind: 'hadamard';
  readonly sumA: Float64Array;
  readonly sumB: Float64Array;
  readonly termsA: Int32Array;
  readonly termsB: Int32Array;
  readonly scale: Int32Array;
}
export interface DepthwiseState extends Stepped {
  readonly kind: 'depthwise';
  readonly weights: Int8Array;
  readonly taps: number;
  /** Columns of the weights: neuron i reads column i mod this. */
  readonly period: number;
  readonly scale: Int32Array;
  readonly graded: boolean;
}
export interface MaximumState {
  readonly kind: 'maximum';
  readonly accumulator: Float64Array;
  readonly taps: number;
  /** Of every tap of every neuron; 0 where nothing feeds it. */
  readonly sums: Float64Array;
  readonly scale: Int32Array;
}
export interface ConstantState {
  readonly kind: 'bias';
  readonly accumulator: Float64Array;
  readonly bias: Int32Array;
  readonly scale: Int32Array;
}
export interface RelayState extends Stepped {
  readonly kind: 'relay';
  readonly scale: Int32Array;
}

export function createGather(
  gather: Gather,
  _number: number,
  { box }: TileProgram,
  core: CoreProgram,
): GatherState {
  const [g, r, c] = boxSizes(box);
  const size = g * r * c;
  const accumulator = new Float64Array(size);
  const weighed = weighedOf(gather);
  const step = weighed[0] + weighed[1] === 0 ? accumulator : new Float64Array(size);
  const stepped = { accumulator, step, weighed };
  switch (gather.kind) {
    case 'linear': {
      const block = core.weights[gather.weights]!;
      const rowWords = Math.ceil((block.channels * block.bits) / 64);
      const weights = byteWeights(block);
      const { inputs, channels } = block;
      const { bias, scale, graded } = gather;
      return { kind: 'linear', ...stepped, weights, inputs, channels, rowWords, bias, scale, graded };
    }
    case 'product': {
      const { groups, rows, columns, inner, fraction } = gather;
      const channels = () => new Int32Array(groups * inner);
      return {
        kind: 'product',
        ...stepped,
        shape: gather,
        sumA: new Float64Array(groups * rows * inner),
        sumB: new Float64Array(groups * columns * inner),
        nonzeroA: channels(),
        nonzeroB: channels(),
        termsA: channels(),
        termsB: channels(),
        scale: Int32Array.of(fraction),
      };
    }
    case 'hadamard': {
      const [sumA, sumB] = [new Float64Array(size), new Float64Array(size)];
      const [termsA, termsB] = [new Int32Array(size), new Int32Array(size)];
      const scale = Int32Array.of(gather.fraction);
      return { kind: 'hadamard', ...stepped, sumA, sumB, termsA, termsB, scale };
    }
    case 'depthwise': {
      const block = core.weights[gather.weights]!;
      const weights = byteWeights(block);
      const { inputs: taps, channels: period } = block;
      const { scale, graded } = gather;
      return { kind: 'depthwise', ...stepped, weights, taps, period, scale, graded };
    }
    case 'maximum': {
      const { taps, fraction } = gather;
      const sums = new Float64Array(size * taps);
      return { kind: 'maximum', accumulator, taps, sums, scale: Int32Array.of(fraction) };
    }
    case 'bias':
      return { kind: 'bias', accumulator, bias: gather.values, scale: Int32Array.of(gather.fraction) };
    case 'relay':
      return { kind: 'relay', ...stepped, scale: gather.scale };
    case 'sparse':
      return defect('synapses one by one in a program with images');
    default:
      return gather satisfies never;
  }
}

function weighedOf(gather: Gather): readonly [number, number] {
  if (gather.kind === 'product' || gather.kind === 'hadamard') return [gather.shiftA, gather.shiftB];
  return ['shift' in gather ? gather.shift : 0, 0];
}
