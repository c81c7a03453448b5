/** What messages do to a tile: rows of weights, rows and columns of partners, graded values, added one by one. */
import { rs } from '../ir/fixed.ts';
import { HOLE } from '../ir/map.ts';
import { stepWeight } from '../ir/step-weights.ts';
import type { TileCounts } from './counts.ts';
import type { DepthwiseState, GatherState, HadamardState, MaximumState, ProductState } from './gathers.ts';
import type { Batch } from './messages.ts';
import type { Link, TileState } from './state.ts';

/** A new image: sums and accumulators are empty. */
export function clear(tile: TileState<GatherState>): void {
  tile.sums.fill(0);
  for (const gather of tile.gathers) {
    gather.accumulator.fill(0);
    if ('step' in gather) gather.step.fill(0);
    for (const array of sumsOf(gather)) array.fill(0);
  }
}

function sumsOf(gather: GatherState): readonly (Float64Array | Int32Array)[] {
  switch (gather.kind) {
    case 'product': {
      const { sumA, sumB, nonzeroA, nonzeroB, termsA, termsB } = gather;
      return [sumA, sumB, nonzeroA, nonzeroB, termsA, termsB];
    }
    case 'hadamard':
      return [gather.sumA, gather.sumB, gather.termsA, gather.termsB];
    case 'maximum':
      return [gather.sums];
    default:
      return [];
  }
}

/** What a message of step t counts for where its operand weighs steps. */
export function weigh(batch: Batch, { gather, side }: Link<GatherState>, t: number): Batch {
  const weight = 'weighed' in gather ? stepWeight(t, gather.weighed[side]) : 1;
  return weight === 1 ? batch : { ...batch, payloads: Float64Array.from(batch.payloads, x => x * weight) };
}

/** The sum of a step joins the accumulator, rounded. */
export function closeStep(gather: GatherState): void {
  if (!('step' in gather) || gather.step === gather.accumulator) return;
  const { accumulator, step, weighed } = gather;
  const shift = weighed[0] + weighed[1];
  for (let i = 0; i < step.length; i++) accumulator[i]! += rs(step[i]!, shift);
  step.fill(0);
}

export function apply(
  { gather, side, positions }: Link<GatherState>,
  batch: Batch,
  counts: TileCounts,
): void {
  switch (gather.kind) {
    case 'linear':
      addWeightRows(
        gather,
        gather.channels,
        positions,
        batch,
        gather.step,
        row => row * gather.channels,
        counts,
      );
      break;
    case 'relay': {
      const { neurons, payloads } = batch;
      for (let e = 0; e < neurons.length; e++) {
        const position = positions[neurons[e]!]!;
        if (position === HOLE) continue;
        gather.step[position]! += payloads[e]!;
        counts.relayAdds += 1;
      }
      break;
    }
    case 'product':
      if (side === 0) applyRows(gather, positions, batch, counts);
      else applyColumns(gather, positions, batch, counts);
      break;
    case 'hadamard':
      applyPairs(gather, side, positions, batch, counts);
      break;
    case 'depthwise':
      applyTaps(gather, positions, batch, counts);
      break;
    case 'maximum': {
      const { neurons, payloads, terms } = batch;
      for (let e = 0; e < neurons.length; e++) {
        const position = positions[neurons[e]!]!;
        if (position === HOLE) continue;
        gather.sums[position]! += payloads[e]!;
        counts.relayAdds += terms[e]!;
      }
      break;
    }
    case 'bias':
      break;
    default:
      gather satisfies never;
  }
}

/** Weights of a linear, one row for each input. */
interface WeightRows {
  readonly weights: Int8Array;
  readonly inputs: number;
  /** 64-bit words of one row. */
  readonly rowWords: number;
  readonly graded: boolean;
}

/** Each message adds payload × its row of weights to the sums of the row that it is for, which begin at `placeOf(row)`. */
export function addWeightRows(
  { weights, inputs, rowWords, graded }: WeightRows,
  channels: number,
  positions: Int32Array,
  { neurons, payloads, terms }: Batch,
  sums: Float64Array,
  placeOf: (row: number) => number,
  counts: TileCounts,
): void {
  let met = 0;
  let termsMet = 0;
  for (let e = 0; e < neurons.length; e++) {
    const position = positions[neurons[e]!]!;
    if (position === HOLE) continue;
    const payload = payloads[e]!;
    const row = Math.floor(position / inputs);
    const into = placeOf(row);
    const from = (position - row * inputs) * channels;
    for (let c = 0; c < channels; c++) sums[into + c]! += payload * weights[from + c]!;
    met += 1;
    termsMet += terms[e]!;
  }
  counts.synops += met * channels;
  counts.memoryWords += met * rowWords;
  if (graded) counts.gradedSynops += met * channels;
  else counts.termSynops += termsMet * channels;
}

/** Events of the first operand: each adds payload × the other operand's sums to a row, then joins its own sum. */
function applyRows(
  gather: ProductState,
  positions: Int32Array,
  { neurons, payloads, terms }: Batch,
  counts: TileCounts,
): void {
  const { step, sumA, sumB, nonzeroA, nonzeroB, termsA } = gather;
  const { rows, columns, inner } = gather.shape;
  for (let e = 0; e < neurons.length; e++) {
    const position = positions[neurons[e]!]!;
    if (position === HOLE) continue;
    const payload = payloads[e]!;
    const row = Math.floor(position / inner);
    const channel = Math.floor(row / rows) * inner + (position % inner);
    const into = row * columns;
    const from = channel * columns;
    for (let j = 0; j < columns; j++) step[into + j]! += payload * sumB[from + j]!;
    const before = sumA[position]!;
    sumA[position] = before + payload;
    nonzeroA[channel]! += (before + payload !== 0 ? 1 : 0) - (before !== 0 ? 1 : 0);
    termsA[channel]! += terms[e]!;
    counts.synops += columns;
    counts.productAdds += terms[e]! * nonzeroB[channel]!;
  }
}

function applyColumns(
  gather: ProductState,
  positions: Int32Array,
  { neurons, payloads, terms }: Batch,
  counts: TileCounts,
): void {
  const { step, sumA, sumB, nonzeroA, nonzeroB, termsB } = gather;
  const { rows, columns, inner } = gather.shape;
  for (let e = 0; e < neurons.length; e++) {
    const position = positions[neurons[e]!]!;
    if (position === HOLE) continue;
    const payload = payloads[e]!;
    const column = Math.floor(position / inner);
    const group = Math.floor(column / columns);
    const j = column - group * columns;
    const c = position % inner;
    const channel = group * inner + c;
    for (let i = 0; i < rows; i++) {
      const row = group * rows + i;
      step[row * columns + j]! += payload * sumA[row * inner + c]!;
    }
    const at = channel * columns + j;
    const before = sumB[at]!;
    sumB[at] = before + payload;
    nonzeroB[channel]! += (before + payload !== 0 ? 1 : 0) - (before !== 0 ? 1 : 0);
    termsB[channel]! += terms[e]!;
    counts.synops += rows;
    counts.productAdds += terms[e]! * nonzeroA[channel]!;
  }
}

/** Payload × the partner's sum, then the payload joins its own sum: every pair counts once. */
function applyPairs(
  gather: HadamardState,
  side: 0 | 1,
  positions: Int32Array,
  { neurons, payloads, terms }: Batch,
  counts: TileCounts,
): void {
  const { step, sumA, sumB, termsA, termsB } = gather;
  const [own, other, ownTerms] = side === 0 ? [sumA, sumB, termsA] : [sumB, sumA, termsB];
  for (let e = 0; e < neurons.length; e++) {
    const position = positions[neurons[e]!]!;
    if (position === HOLE) continue;
    step[position]! += payloads[e]! * other[position]!;
    own[position]! += payloads[e]!;
    ownTerms[position]! += terms[e]!;
    counts.synops += 1;
    if (other[position] !== 0) counts.productAdds += terms[e]!;
  }
}

function applyTaps(
  { step, weights, taps, period, graded }: DepthwiseState,
  positions: Int32Array,
  { neurons, payloads, terms }: Batch,
  counts: TileCounts,
): void {
  for (let e = 0; e < neurons.length; e++) {
    const position = positions[neurons[e]!]!;
    if (position === HOLE) continue;
    const neuron = Math.floor(position / taps);
    const tap = position - neuron * taps;
    step[neuron]! += payloads[e]! * weights[tap * period + (neuron % period)]!;
    counts.synops += 1;
    counts.memoryWords += 1;
    if (graded) counts.gradedSynops += 1;
    else counts.termSynops += terms[e]!;
  }
}

/** The largest sum of each neuron's taps. */
export function takeMaximum({ accumulator, sums, taps }: MaximumState): void {
  for (let i = 0; i < accumulator.length; i++) {
    let largest = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < taps; k++) largest = Math.max(largest, sums[i * taps + k]!);
    accumulator[i] = largest;
  }
}

/** What the paper counts of the products of a tile in one step; the terms of the step are spent with it. */
export function paperProducts(gather: GatherState): number {
  let paper = 0;
  if (gather.kind === 'product') {
    const { termsA, termsB, nonzeroA, nonzeroB } = gather;
    for (let i = 0; i < termsA.length; i++)
      paper += termsA[i]! * termsB[i]! + termsA[i]! * nonzeroB[i]! + nonzeroA[i]! * termsB[i]!;
  } else if (gather.kind === 'hadamard') {
    const { termsA, termsB, sumA, sumB } = gather;
    for (let i = 0; i < termsA.length; i++) {
      paper += termsA[i]! * termsB[i]!;
      paper += (sumB[i] === 0 ? 0 : termsA[i]!) + (sumA[i] === 0 ? 0 : termsB[i]!);
    }
  } else return 0;
  gather.termsA.fill(0);
  gather.termsB.fill(0);
  return paper;
}
