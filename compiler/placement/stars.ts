/**
 * The star of a node: its partners sit on different seats, so the k-th nearest of them is no nearer than the k-th nearest
 * seat of the best router; the heaviest flow takes the nearest. A flow belongs to two stars and is split between them,
 * first in halves. Every split gives a bound: what is shifted to the star in which the flow lies farther lifts it.
 *
 * Source  a star is a row of Gilmore 1962 and Lawler 1963; the shifting is a subgradient's (Held and Karp 1971)
 */
import type { Flows, Seats } from './problem.ts';

/** Distances from the best place to the other seats, nearest first: no seat has a k-th neighbour nearer than that. */
export function nearestDistances(seats: Seats, count: number): Float64Array {
  const { width, height, layers, chipWidth, chipHeight, border } = seats.grid;
  const slots = slotsOf(seats);
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

/** Seats of the fullest router. */
export function slotsOf({ cellStart }: Seats): number {
  let slots = 1;
  for (let c = 0; c + 1 < cellStart.length; c++) slots = Math.max(slots, cellStart[c + 1]! - cellStart[c]!);
  return slots;
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

/** Splits that are tried: so many, and so many flows in all. */
const MOST_ROUNDS = 150;
const MOST_FLOWS = 1e6;

/** `pairs`: every flow with both of its nodes. */
export function starBound(pairs: Flows, distances: Float64Array): number {
  const { to, weight } = pairs;
  const share = new Float64Array(to.length).fill(0.5);
  const far = new Float64Array(to.length);
  const rounds = Math.max(1, Math.min(MOST_ROUNDS, Math.floor(MOST_FLOWS / Math.max(1, to.length))));
  const twin = rounds === 1 ? new Int32Array(0) : twinsOf(pairs);
  let best = 0;
  for (let round = 0; round < rounds; round++) {
    spread(pairs, share, distances, far);
    best = Math.max(
      best,
      far.reduce((sum, distance, i) => sum + share[i]! * weight[i]! * distance, 0),
    );
    const step = 0.1 / (1 + round / 10);
    twin.forEach((other, i) => {
      if (i > other) return;
      share[i] = Math.max(0, Math.min(1, share[i]! + step * (far[i]! - far[other]!)));
      share[other] = 1 - share[i]!;
    });
  }
  return best;
}

/** Where the same flow stands with its other node. */
function twinsOf({ start, to }: Flows): Int32Array {
  const nodes = start.length - 1;
  const twin = new Int32Array(to.length);
  const placeOf = new Int32Array(nodes);
  const lower: [node: number, flow: number][][] = Array.from({ length: nodes }, () => []);
  for (let node = 0; node < nodes; node++)
    for (let i = start[node]!; i < start[node + 1]!; i++) if (to[i]! > node) lower[to[i]!]!.push([node, i]);
  // A node's flows by partner; then those from lower nodes find theirs.
  for (let node = 0; node < nodes; node++) {
    for (let i = start[node]!; i < start[node + 1]!; i++) placeOf[to[i]!] = i;
    for (const [from, i] of lower[node]!) {
      const at = placeOf[from]!;
      twin[i] = at;
      twin[at] = i;
    }
  }
  return twin;
}

/** The distance of every flow in its star. */
function spread({ start, weight }: Flows, share: Float64Array, distances: Float64Array, far: Float64Array) {
  for (let node = 0; node + 1 < start.length; node++) {
    const first = start[node]!;
    const own = Array.from({ length: start[node + 1]! - first }, (_, i) => first + i);
    own.sort((a, b) => share[b]! * weight[b]! - share[a]! * weight[a]! || a - b);
    own.forEach((i, k) => {
      far[i] = distances[k]!;
    });
  }
}
