/** What messages do where rows pass through time: arrivals join the ring of their row, a row that executes is taken out. */
import { defect } from '../ir/diagnostics/diagnostic.ts';
import { HOLE } from '../ir/map.ts';
import type { TileCounts } from './counts.ts';
import { addWeightRows } from './kernels.ts';
import type { Batch } from './messages.ts';
import { claim, FREE, find, type Ring, release } from './rings.ts';
import type {
  ConstantRows,
  DepthwiseRows,
  HadamardRows,
  Kept,
  MaximumRows,
  ProductRows,
  RowGather,
} from './row-gathers.ts';

/** Messages of one row of one image. */
export interface RowBatch extends Batch {
  readonly image: number;
  readonly row: number;
}

/** Called with each row that something arrives for: too late is an error of the program. */
export type OnTime = (row: number) => void;

export function arrive(
  gather: RowGather,
  side: 0 | 1,
  positions: Int32Array,
  batch: RowBatch,
  isOnTime: OnTime,
  counts: TileCounts,
): void {
  switch (gather.kind) {
    case 'linear': {
      const { ring } = gather;
      const placeOf = (row: number) => {
        isOnTime(row);
        return claim(ring, batch.image * ring.rows + row);
      };
      addWeightRows(gather, ring.width, positions, batch, ring.data, placeOf, counts);
      break;
    }
    case 'depthwise':
      arriveTaps(gather, positions, batch, isOnTime, counts);
      break;
    case 'relay':
    case 'maximum': {
      const isRelay = gather.kind === 'relay';
      const width = gather.shape[2] * (gather.kind === 'maximum' ? gather.taps : 1);
      eachArrival(gather.ring, width, positions, batch, isOnTime, (at, e) => {
        gather.ring.data[at]! += batch.payloads[e]!;
        counts.relayAdds += isRelay ? 1 : batch.terms[e]!;
      });
      break;
    }
    case 'hadamard': {
      const ring = gather.rings[side];
      eachArrival(ring, gather.shape[2], positions, batch, isOnTime, (at, e) => {
        ring.data[at]! += batch.payloads[e]!;
        ring.terms[at]! += batch.terms[e]!;
        counts.synops += 1;
      });
      break;
    }
    case 'product':
      if (side === 1) keep(gather, positions, batch, isOnTime);
      else
        eachArrival(gather.ring, gather.inner, positions, batch, isOnTime, (at, e) => {
          gather.ring.data[at]! += batch.payloads[e]!;
          gather.ring.terms[at]! += batch.terms[e]!;
        });
      break;
    case 'bias':
      break;
    default:
      gather satisfies never;
  }
}

/** Positions (group, row, place of `width`) → where they lie in their row's slot. */
function eachArrival(
  ring: Ring,
  width: number,
  positions: Int32Array,
  { neurons, image }: RowBatch,
  isOnTime: OnTime,
  visit: (at: number, event: number) => void,
): void {
  for (let e = 0; e < neurons.length; e++) {
    const position = positions[neurons[e]!]!;
    if (position === HOLE) continue;
    const line = Math.floor(position / width);
    const row = line % ring.rows;
    isOnTime(row);
    const group = Math.floor(line / ring.rows);
    visit(claim(ring, image * ring.rows + row) + group * width + (position % width), e);
  }
}

function arriveTaps(
  { ring, shape, weights, taps, period, graded }: DepthwiseRows,
  positions: Int32Array,
  { neurons, payloads, terms, image }: RowBatch,
  isOnTime: OnTime,
  counts: TileCounts,
): void {
  const [, rows, channels] = shape;
  for (let e = 0; e < neurons.length; e++) {
    const position = positions[neurons[e]!]!;
    if (position === HOLE) continue;
    const neuron = Math.floor(position / taps);
    const line = Math.floor(neuron / channels);
    isOnTime(line % rows);
    const at = claim(ring, image * rows + (line % rows)) + Math.floor(line / rows) * channels;
    const weight = weights[(position - neuron * taps) * period + (neuron % period)]!;
    ring.data[at + (neuron % channels)]! += payloads[e]! * weight;
    counts.synops += 1;
    counts.memoryWords += 1;
    if (graded) counts.gradedSynops += 1;
    else counts.termSynops += terms[e]!;
  }
}

const keptOf = ({ kept }: ProductRows): Kept => kept ?? defect('an operand that nobody looked for');

/** Writes dynamic weights: nothing is added to any sum yet. */
function keep(
  gather: ProductRows,
  positions: Int32Array,
  { neurons, payloads, terms, image, row }: RowBatch,
  isOnTime: OnTime,
): void {
  const { ring, places, tallies } = keptOf(gather);
  const [groups, , columns] = gather.shape;
  const { inner } = gather;
  const size = groups * inner;
  const tally = tallies.get(image) ?? { terms: new Int32Array(size), nonzero: new Int32Array(size) };
  tallies.set(image, tally);
  for (let e = 0; e < neurons.length; e++) {
    const position = positions[neurons[e]!]!;
    if (position === HOLE) continue;
    isOnTime(0);
    ring.data[claim(ring, image * ring.rows + row) + places[position]!] = payloads[e]!;
    const channel = Math.floor(position / (inner * columns)) * inner + (position % inner);
    tally.terms[channel]! += terms[e]!;
    tally.nonzero[channel]! += 1;
  }
}

/** What a gather has for a row, one number for each neuron; the row's slot is free then. */
export function takeRow(gather: RowGather, image: number, row: number, counts: TileCounts): Float64Array {
  const [groups, rows, channels] = gather.shape;
  const out = new Float64Array(groups * channels);
  switch (gather.kind) {
    case 'bias':
      addConstants(gather, out, row);
      return out;
    case 'linear':
      take(gather.ring, image, row, data => out.set(data));
      if (gather.bias !== undefined)
        for (let c = 0; c < channels; c++) out[c]! += gather.bias[(row * channels + c) % gather.bias.length]!;
      return out;
    case 'depthwise':
    case 'relay':
      take(gather.ring, image, row, data => out.set(data));
      return out;
    case 'maximum':
      take(gather.ring, image, row, data => takeLargest(gather, data, out));
      return out;
    case 'hadamard':
      takePairs(gather, image * rows + row, out, counts);
      return out;
    case 'product':
      takeProduct(gather, image, row, out, counts);
      return out;
    default:
      return gather satisfies never;
  }
}

/** Visits what has arrived for a row, if anything has, and frees it. */
function take(ring: Ring, image: number, row: number, visit: (data: Float64Array) => void): void {
  const number = image * ring.rows + row;
  const at = find(ring, number);
  if (at === FREE) return;
  visit(ring.data.subarray(at, at + ring.width));
  release(ring, number);
}

function addConstants(
  { bias, shape: [groups, rows, channels] }: ConstantRows,
  out: Float64Array,
  row: number,
) {
  for (let g = 0; g < groups; g++) {
    const from = (g * rows + row) * channels;
    for (let c = 0; c < channels; c++) out[g * channels + c]! += bias[(from + c) % bias.length]!;
  }
}

function takeLargest({ taps }: MaximumRows, data: Float64Array, out: Float64Array): void {
  for (let i = 0; i < out.length; i++) {
    let largest = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < taps; k++) largest = Math.max(largest, data[i * taps + k]!);
    out[i] = largest;
  }
}

function takePairs({ rings }: HadamardRows, number: number, out: Float64Array, counts: TileCounts): void {
  const [a, b] = rings;
  const [atA, atB] = [find(a, number), find(b, number)];
  for (let i = 0; i < out.length; i++) {
    const [x, termsX] = atA === FREE ? [0, 0] : [a.data[atA + i]!, a.terms[atA + i]!];
    const [y, termsY] = atB === FREE ? [0, 0] : [b.data[atB + i]!, b.terms[atB + i]!];
    out[i] = x * y;
    if (x !== 0) counts.productAdds += termsY;
    counts.productPaper += termsX * termsY + (y === 0 ? 0 : termsX) + (x === 0 ? 0 : termsY);
  }
  release(a, number);
  release(b, number);
}

function takeProduct(
  gather: ProductRows,
  image: number,
  row: number,
  out: Float64Array,
  counts: TileCounts,
): void {
  const { ring, inner } = gather;
  const [groups, rows, columns] = gather.shape;
  const kept = keptOf(gather);
  const tally = kept.tallies.get(image);
  const begins = Int32Array.from({ length: kept.ring.rows }, (_, s) =>
    find(kept.ring, image * kept.ring.rows + s),
  );
  take(ring, image, row, () => {
    const at = find(ring, image * rows + row);
    for (let channel = 0; channel < groups * inner; channel++) {
      const x = ring.data[at + channel]!;
      const terms = ring.terms[at + channel]!;
      const own = { terms: tally?.terms[channel] ?? 0, nonzero: tally?.nonzero[channel] ?? 0 };
      if (x === 0) continue;
      counts.synops += columns;
      counts.productAdds += terms * own.nonzero;
      counts.productPaper += terms * own.terms + terms * own.nonzero + own.terms;
      const group = Math.floor(channel / inner);
      for (let j = 0; j < columns; j++) {
        const position = (group * columns + j) * inner + (channel % inner);
        const source = kept.rows[position]!;
        const begin = source === HOLE ? FREE : begins[source]!;
        if (begin !== FREE) out[group * columns + j]! += x * kept.ring.data[begin + kept.places[position]!]!;
      }
    }
  });
  if (row < rows - 1) return;
  for (let s = 0; s < kept.ring.rows; s++) release(kept.ring, image * kept.ring.rows + s);
  kept.tallies.delete(image);
}
