/**
 * What tiles gather. Messages are added up where they arrive; when a step or a row is executed, what has arrived joins what
 * is held. A third reading, see arithmetic.ts.
 */
import type { Gather } from '../../backends/program/program.ts';
import { stepWeight } from '../../ir/step-weights.ts';
import { clamp, shiftRound } from './arithmetic.ts';
import type { TileGather } from './boot.ts';
import { readWeight } from './image.ts';

/** State of one gather for one image. */
export interface Operand {
  /** What has arrived: sums of neurons, of taps, or of the two operands of a product. */
  readonly arrived: readonly Float64Array[];
  /** What every neuron holds of the steps so far. */
  readonly held: Float64Array;
  /** Products that are rounded step by step: the product of all steps before. */
  readonly before: Float64Array | undefined;
}

const NO_SHIFT = { shiftA: 0, shiftB: 0 };
const shiftsOf = (gather: Gather) => ('shiftA' in gather ? gather : NO_SHIFT);
/** Fraction bits of what a step adds, beyond those of the accumulator. */
const stepShift = (gather: Gather): number => {
  const { shiftA, shiftB } = shiftsOf(gather);
  return shiftA + shiftB + ('shift' in gather ? gather.shift : 0);
};

export function arrivedSizes(gather: Gather, size: number): readonly number[] {
  switch (gather.kind) {
    case 'bias':
      return [];
    case 'maximum':
      return [size * gather.taps];
    case 'hadamard':
      return [size, size];
    case 'product':
      return [gather.groups * gather.rows * gather.inner, gather.groups * gather.columns * gather.inner];
    default:
      return [size];
  }
}

const isProduct = ({ kind }: Gather): boolean => kind === 'product' || kind === 'hadamard';

export function createOperand({ gather }: TileGather, size: number): Operand {
  return {
    arrived: arrivedSizes(gather, size).map(length => new Float64Array(length)),
    held: new Float64Array(size),
    before: isProduct(gather) && stepShift(gather) > 0 ? new Float64Array(size) : undefined,
  };
}

export function clearOperand({ arrived, held, before }: Operand): void {
  for (const sums of arrived) sums.fill(0);
  held.fill(0);
  before?.fill(0);
}

/** A payload of step t at a position of the operand. */
export function arrive(
  { gather, block, bytes }: TileGather,
  { arrived }: Operand,
  side: 0 | 1,
  position: number,
  payload: number,
  t: number,
): void {
  const { shiftA, shiftB } = shiftsOf(gather);
  const weighed = isProduct(gather) ? (side === 0 ? shiftA : shiftB) : stepShift(gather);
  const amount = payload * stepWeight(t, weighed);
  const sums = arrived[isProduct(gather) ? side : 0]!;
  switch (gather.kind) {
    case 'linear': {
      const row = Math.floor(position / block!.rows);
      const input = position - row * block!.rows;
      for (let c = 0; c < block!.columns; c++)
        sums[row * block!.columns + c]! += amount * readWeight(bytes, block!, input, c);
      return;
    }
    case 'depthwise': {
      const neuron = Math.floor(position / block!.rows);
      const tap = position - neuron * block!.rows;
      sums[neuron]! += amount * readWeight(bytes, block!, tap, neuron % block!.columns);
      return;
    }
    case 'sparse':
      for (let s = gather.starts[position]!; s < gather.starts[position + 1]!; s++)
        sums[gather.targets[s]!]! += amount * readWeight(bytes, block!, s, 0);
      return;
    case 'bias':
      return;
    default:
      sums[position]! += amount;
  }
}

/** What a neuron of a gather has, step t included: in the units of its accumulator, within its width. */
export function settle(
  { gather }: TileGather,
  operand: Operand,
  neuron: number,
  t: number,
  isRate: boolean,
  bits: number,
): number {
  const { arrived, held, before } = operand;
  const shift = stepShift(gather);
  if (gather.kind === 'maximum') {
    let largest = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < gather.taps; k++) largest = Math.max(largest, arrived[0]![neuron * gather.taps + k]!);
    return clamp(largest, bits);
  }
  if (gather.kind === 'product' || gather.kind === 'hadamard') {
    const product =
      gather.kind === 'product'
        ? innerProduct(gather, operand, neuron)
        : arrived[0]![neuron]! * arrived[1]![neuron]!;
    if (before === undefined) return clamp(product, bits);
    held[neuron] = clamp(held[neuron]! + shiftRound(product - before[neuron]!, shift), bits);
    before[neuron] = product;
    return held[neuron]!;
  }
  const constants =
    gather.kind === 'bias' ? gather.values : gather.kind === 'linear' ? gather.bias : undefined;
  // A constant is there once; the sum of a rate grows by it in every step.
  const constant = constants !== undefined && (isRate || t === 1) ? constants[neuron % constants.length]! : 0;
  let step = 0;
  if (gather.kind !== 'bias') {
    step = shiftRound(arrived[0]![neuron]!, shift);
    arrived[0]![neuron] = 0;
  }
  held[neuron] = clamp(held[neuron]! + constant + step, bits);
  return held[neuron]!;
}

function innerProduct(
  { rows, columns, inner }: Extract<Gather, { kind: 'product' }>,
  { arrived }: Operand,
  neuron: number,
): number {
  const [a, b] = arrived as readonly [Float64Array, Float64Array];
  const line = Math.floor(neuron / columns);
  const group = Math.floor(line / rows);
  const column = group * columns + (neuron % columns);
  let sum = 0;
  for (let c = 0; c < inner; c++) sum += a[line * inner + c]! * b[column * inner + c]!;
  return sum;
}

/** Fraction bits of the accumulator of a neuron. */
export function scaleOf(gather: Gather, neuron: number): number {
  if ('scale' in gather) return gather.scale[neuron % gather.scale.length]!;
  return 'fraction' in gather ? gather.fraction : 0;
}
