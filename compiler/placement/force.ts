/**
 * Swaps of neighbours until none pays: every pair of seats at adjacent routers is under a tension, what its two nodes
 * would gain by changing seats; pairs under the greatest tension give way first.
 *
 * Source  Jin et al., ASPLOS 2023, "Mapping Very Large Scale Spiking Neuron Network to Neuromorphic Hardware": the idea
 *         of forces between neighbours, sorted by tension
 * Cost    each sweep linear in flows and in seats
 */
import { deltaOf, type Layout, move } from './layout.ts';
import type { Seats } from './problem.ts';

/** A sweep that adds less than this to what is gained already is one of the last. */
const LEAST = 5e-4;

/** Settles `layout` in place, in at most so many sweeps. `isPinned` by node. Returns by how much the cost grew. */
export function settle(layout: Layout, isPinned: Uint8Array, sweeps: number): number {
  const { seats } = layout;
  const slots = mostSlots(seats);
  const forces = new Float64Array(DIRECTIONS * layout.seatOf.length);
  let grown = 0;
  let idle = 0;
  for (let sweep = 0; sweep < sweeps && idle < slots; sweep++) {
    measureForces(layout, forces);
    const pulled = pairsUnderTension(layout, forces, isPinned, sweep % slots);
    let gained = 0;
    for (const { a, b } of pulled) {
      const delta = deltaOfSwap(layout, a, b);
      if (delta >= 0) continue;
      swapSeats(layout, a, b);
      gained += delta;
    }
    grown += gained;
    idle = gained < LEAST * grown ? 0 : idle + 1;
  }
  return grown;
}

function mostSlots({ cellStart }: Seats): number {
  let most = 1;
  for (let c = 0; c + 1 < cellStart.length; c++) most = Math.max(most, cellStart[c + 1]! - cellStart[c]!);
  return most;
}

/** East, west, south, north, up, down. */
const DIRECTIONS = 6;

/** By how much the flows of a node grow if it goes one router on and all others stay. */
function measureForces({ pairs, seats, seatOf, x, y, z }: Layout, forces: Float64Array): void {
  const { start, to, weight } = pairs;
  const { chipWidth, chipHeight, width, height, border } = seats.grid;
  const isFlat = seats.grid.layers === 1;
  for (let node = 0; node < seatOf.length; node++) {
    const cell = seats.cell[seatOf[node]!]!;
    const column = cell % width;
    const row = Math.floor(cell / width) % height;
    const x0 = x[node]!;
    const y0 = y[node]!;
    const z0 = z[node]!;
    const east = x0 + ((column + 1) % chipWidth === 0 ? border : 1);
    const west = x0 - (column % chipWidth === 0 ? border : 1);
    const south = y0 + ((row + 1) % chipHeight === 0 ? border : 1);
    const north = y0 - (row % chipHeight === 0 ? border : 1);
    const first = DIRECTIONS * node;
    let toEast = 0;
    let toWest = 0;
    let toSouth = 0;
    let toNorth = 0;
    let toUp = 0;
    let toDown = 0;
    for (let i = start[node]!, end = start[node + 1]!; i < end; i++) {
      const partner = to[i]!;
      const w = weight[i]!;
      const dx = Math.abs(x[partner]! - x0);
      const dy = Math.abs(y[partner]! - y0);
      toEast += w * (Math.abs(x[partner]! - east) - dx);
      toWest += w * (Math.abs(x[partner]! - west) - dx);
      toSouth += w * (Math.abs(y[partner]! - south) - dy);
      toNorth += w * (Math.abs(y[partner]! - north) - dy);
      if (isFlat) continue;
      const dz = Math.abs(z[partner]! - z0);
      toUp += w * (Math.abs(z[partner]! - z0 - border) - dz);
      toDown += w * (Math.abs(z[partner]! - z0 + border) - dz);
    }
    forces[first] = toEast;
    forces[first + 1] = toWest;
    forces[first + 2] = toSouth;
    forces[first + 3] = toNorth;
    forces[first + 4] = toUp;
    forces[first + 5] = toDown;
  }
}

interface Pull {
  readonly a: number;
  readonly b: number;
  readonly delta: number;
}

/** Pairs of seats whose nodes want to change, those that gain most first; slots are turned against each other by `turn`. */
function pairsUnderTension(
  layout: Layout,
  forces: Float64Array,
  isPinned: Uint8Array,
  turn: number,
): readonly Pull[] {
  const { seats, nodeAt } = layout;
  const { cell, cellStart, cellSeats } = seats;
  const { width, height, layers } = seats.grid;
  const slot = slotsOf(seats);
  const pulled: Pull[] = [];
  const forceOn = (seat: number, direction: number): number => {
    const node = nodeAt[seat]!;
    if (node < 0) return 0;
    return isPinned[node] ? Number.POSITIVE_INFINITY : forces[DIRECTIONS * node + direction]!;
  };
  const look = (a: number, where: number, direction: number) => {
    const begin = cellStart[where]!;
    const size = cellStart[where + 1]! - begin;
    if (size === 0) return;
    const b = cellSeats[begin + ((slot[a]! + turn) % size)]!;
    // What flows between the two is counted as gain by both and is none: the sum is a bound of the change.
    if (forceOn(a, direction) + forceOn(b, direction + 1) >= 0) return;
    const delta = deltaOfSwap(layout, a, b);
    if (delta < 0) pulled.push({ a, b, delta });
  };
  for (let seat = 0; seat < seats.count; seat++) {
    const at = cell[seat]!;
    const line = Math.floor(at / width);
    if (at % width < width - 1) look(seat, at + 1, 0);
    if (line % height < height - 1) look(seat, at + width, 2);
    if (Math.floor(line / height) < layers - 1) look(seat, at + width * height, 4);
  }
  return pulled.sort((p, q) => p.delta - q.delta || p.a - q.a || p.b - q.b);
}

/** Number of a seat at its router. */
function slotsOf({ count, cellStart, cellSeats }: Seats): Int32Array {
  const slot = new Int32Array(count);
  for (let c = 0; c + 1 < cellStart.length; c++)
    for (let i = cellStart[c]!; i < cellStart[c + 1]!; i++) slot[cellSeats[i]!] = i - cellStart[c]!;
  return slot;
}

function deltaOfSwap(layout: Layout, a: number, b: number): number {
  const [one, other] = [layout.nodeAt[a]!, layout.nodeAt[b]!];
  if (one >= 0) return deltaOf(layout, one, b);
  return other >= 0 ? deltaOf(layout, other, a) : 0;
}

function swapSeats(layout: Layout, a: number, b: number): void {
  const one = layout.nodeAt[a]!;
  if (one >= 0) move(layout, one, b);
  else move(layout, layout.nodeAt[b]!, a);
}
