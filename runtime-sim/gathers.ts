/** State of the gathers of a tile: accumulators, weights, and the sums of operands where a gather needs them. */
import type { CoreProgram, Gather } from '../backends/program/program.ts';

export type GatherState =
  | LinearState
  | ProductState
  | HadamardState
  | DepthwiseState
  | MaximumState
  | ConstantState
  | RelayState;
export interface LinearState {
  readonly kind: 'linear';
  readonly accumulator: Float64Array;
  readonly weights: Int8Array;
  readonly inputs: number;
  readonly channels: number;
  /** 64-bit words of one weight row. */
  readonly rowWords: number;
  readonly bias: Int32Array | undefined;
  readonly scale: Int32Array;
  readonly graded: boolean;
}
export interface ProductState {
  readonly kind: 'product';
  readonly accumulator: Float64Array;
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
export interface HadamardState {
  readonly kind: 'hadamard';
  readonly accumulator: Float64Array;
  readonly sumA: Float64Array;
  readonly sumB: Float64Array;
  readonly termsA: Int32Array;
  readonly termsB: Int32Array;
  readonly scale: Int32Array;
}
export interface DepthwiseState {
  readonly kind: 'depthwise';
  readonly accumulator: Float64Array;
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
export interface RelayState {
  readonly kind: 'relay';
  readonly accumulator: Float64Array;
  readonly scale: Int32Array;
}

export function createGather(gather: Gather, core: CoreProgram, size: number): GatherState {
  const accumulator = new Float64Array(size);
  switch (gather.kind) {
    case 'linear': {
      const block = core.weights[gather.weights]!;
      const rowWords = Math.ceil((block.channels * block.bits) / 64);
      const { inputs, channels, data: weights } = block;
      const { bias, scale, graded } = gather;
      return { kind: 'linear', accumulator, weights, inputs, channels, rowWords, bias, scale, graded };
    }
    case 'product': {
      const { groups, rows, columns, inner, fraction } = gather;
      const channels = () => new Int32Array(groups * inner);
      return {
        kind: 'product',
        accumulator,
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
      return { kind: 'hadamard', accumulator, sumA, sumB, termsA, termsB, scale };
    }
    case 'depthwise': {
      const { inputs: taps, channels: period, data: weights } = core.weights[gather.weights]!;
      const { scale, graded } = gather;
      return { kind: 'depthwise', accumulator, weights, taps, period, scale, graded };
    }
    case 'maximum': {
      const { taps, fraction } = gather;
      const sums = new Float64Array(size * taps);
      return { kind: 'maximum', accumulator, taps, sums, scale: Int32Array.of(fraction) };
    }
    case 'bias':
      return { kind: 'bias', accumulator, bias: gather.values, scale: Int32Array.of(gather.fraction) };
    case 'relay':
      return { kind: 'relay', accumulator, scale: gather.scale };
    default:
      return gather satisfies never;
  }
}
