/** What messages do to a tile: rows of weights, rows and columns of partners, graded values, added one by one. */
import { HOLE } from '../ir/map.ts';
import type { TileCounts } from './counts.ts';
import type { LinearState, Link, ProductState, TileState } from './state.ts';

/** Messages of one sender in one timestep. */
export interface Batch {
  readonly neurons: Int32Array;
  readonly payloads: Int32Array;
  readonly terms: Uint8Array;
}
/** A new image: sums and accumulators are empty. */
export function clear(tile: TileState): void {
  tile.sums.fill(0);
  for (const gather of tile.gathers) {
    gather.accumulator.fill(0);
    if (gather.kind !== 'product') continue;
    for (const array of [
      gather.sumA,
      gather.sumB,
      gather.nonzeroA,
      gather.nonzeroB,
      gather.termsA,
      gather.termsB,
    ])
      array.fill(0);
  }
}

export function apply({ gather, side, positions }: Link, batch: Batch, counts: TileCounts): void {
  switch (gather.kind) {
    case 'linear':
      applyLinear(gather, positions, batch, counts);
      break;
    case 'relay': {
      const { neurons, payloads } = batch;
      for (let e = 0; e < neurons.length; e++) {
        const position = positions[neurons[e]!]!;
        if (position === HOLE) continue;
        gather.accumulator[position]! += payloads[e]!;
        counts.relayAdds += 1;
      }
      break;
    }
    case 'product':
      if (side === 0) applyRows(gather, positions, batch, counts);
      else applyColumns(gather, positions, batch, counts);
      break;
    default:
      gather satisfies never;
  }
}

function applyLinear(
  gather: LinearState,
  positions: Int32Array,
  { neurons, payloads, terms }: Batch,
  counts: TileCounts,
): void {
  const { accumulator, weights, inputs, channels } = gather;
  let met = 0;
  let termsMet = 0;
  for (let e = 0; e < neurons.length; e++) {
    const position = positions[neurons[e]!]!;
    if (position === HOLE) continue;
    const payload = payloads[e]!;
    const row = Math.floor(position / inputs);
    const into = row * channels;
    const from = (position - row * inputs) * channels;
    for (let c = 0; c < channels; c++) accumulator[into + c]! += payload * weights[from + c]!;
    met += 1;
    termsMet += terms[e]!;
  }
  counts.synops += met * channels;
  counts.memoryWords += met * gather.rowWords;
  if (gather.graded) counts.gradedSynops += met * channels;
  else counts.termSynops += termsMet * channels;
}

/** Events of the first operand: each adds payload × the other operand's sums to a row, then joins its own sum. */
function applyRows(
  gather: ProductState,
  positions: Int32Array,
  { neurons, payloads, terms }: Batch,
  counts: TileCounts,
): void {
  const { accumulator, sumA, sumB, nonzeroA, nonzeroB, termsA } = gather;
  const { rows, columns, inner } = gather.shape;
  for (let e = 0; e < neurons.length; e++) {
    const position = positions[neurons[e]!]!;
    if (position === HOLE) continue;
    const payload = payloads[e]!;
    const row = Math.floor(position / inner);
    const channel = Math.floor(row / rows) * inner + (position % inner);
    const into = row * columns;
    const from = channel * columns;
    for (let j = 0; j < columns; j++) accumulator[into + j]! += payload * sumB[from + j]!;
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
  const { accumulator, sumA, sumB, nonzeroA, nonzeroB, termsB } = gather;
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
      accumulator[row * columns + j]! += payload * sumA[row * inner + c]!;
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
