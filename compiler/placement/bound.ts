/**
 * What no placement can cost less than.
 *
 * The star of a node: its partners sit on different seats, so the k-th nearest of them is no nearer than the k-th nearest
 * seat of the best router; the heaviest flow takes the nearest. A flow belongs to two stars, half to each.
 *
 * Source  a row of Gilmore 1962 and Lawler 1963
 */
import type { Flows, Seats } from './problem.ts';

/** Distances from the best place to the other seats, nearest first: no seat has a k-th neighbour nearer than that. */
export function nearestDistances({ grid, cellStart }: Seats, count: number): Float64Array {
  const { width, height, layers, chipWidth, chipHeight, border } = grid;
  let slots = 1;
  for (let c = 0; c + 1 < cellStart.length; c++) slots = Math.max(slots, cellStart[c + 1]! - cellStart[c]!);
  const best = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  const above = distanceCounts(0, 1, layers, border);
  for (let x = 0; x < chipWidth; x++) {
    const columns = distanceCounts(x, chipWidth, width / chipWidth, border);
    for (let y = 0; y < chipHeight; y++) {
      const plane = convolve(columns, distanceCounts(y, chipHeight, height / chipHeight, border));
      const counts = convolve(plane, above);
      // The node's own seat is not its neighbour.
      let k = -1;
      for (let distance = 0; distance < counts.length && k < count; distance++)
        for (let i = 0; i < counts[distance]! * slots && k < count; i++, k++)
          if (k >= 0) best[k] = Math.min(best[k]!, distance);
    }
  }
  return best;
}

/** How many routers of a line of chips lie how far from a place on one of them, whichever chip that is. */
function distanceCounts(at: number, chip: number, chips: number, border: number): Float64Array {
  const counts = new Float64Array(chips * (chip + border));
  for (let c = 1 - chips; c < chips; c++)
    for (let i = 0; i < chip; i++) counts[Math.abs(c * (chip + border - 1) + i - at)]!++;
  return counts;
}

function convolve(a: Float64Array, b: Float64Array): Float64Array {
  const sum = new Float64Array(a.length + b.length - 1);
  a.forEach((n, i) => {
    b.forEach((m, j) => {
      sum[i + j]! += n * m;
    });
  });
  return sum;
}

/** Σ over nodes of half their star. `pairs`: every flow with both of its nodes. */
export function starBound(pairs: Flows, seats: Seats): number {
  const nodes = pairs.start.length - 1;
  let most = 0;
  for (let node = 0; node < nodes; node++) most = Math.max(most, pairs.start[node + 1]! - pairs.start[node]!);
  const distances = nearestDistances(seats, most);
  let twice = 0;
  for (let node = 0; node < nodes; node++) {
    const weights = pairs.weight.slice(pairs.start[node]!, pairs.start[node + 1]!).sort();
    for (let i = 0; i < weights.length; i++) twice += weights[weights.length - 1 - i]! * distances[i]!;
  }
  return twice / 2;
}
