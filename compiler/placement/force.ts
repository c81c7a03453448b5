/**
 * Swaps of neighbours until none pays: every pair of seats at adjacent routers is under a tension, what its two nodes
 * would gain by changing seats; pairs under the greatest tension give way first.
 *
 * Source  Jin et al., ASPLOS 2023, "Mapping Very Large Scale Spiking Neuron Network to Neuromorphic Hardware": the idea
 *         of forces between neighbours, sorted by tension
 * Cost    each sweep linear in flows × slots of a router
 */
import { deltaOf, type Layout, move } from './layout.ts';
import type { Seats } from './problem.ts';

/** Settles `layout` in place, in at most so many sweeps. `isPinned` by node. Returns by how much the cost grew. */
export function settle(layout: Layout, isPinned: Uint8Array, sweeps: number): number {
  const { seats } = layout;
  const slots = mostSlots(seats);
  const first = new Int32Array(3 * seats.count);
  const second = new Int32Array(3 * seats.count);
  const tension = new Float64Array(3 * seats.count);
  let grown = 0;
  let idle = 0;
  for (let sweep = 0; sweep < sweeps && idle < slots; sweep++) {
    const pairs = findPairs(seats, sweep % slots, first, second);
    const pulled: number[] = [];
    for (let i = 0; i < pairs; i++) {
      tension[i] = deltaOfSwap(layout, first[i]!, second[i]!, isPinned);
      if (tension[i]! < 0) pulled.push(i);
    }
    pulled.sort((a, b) => tension[a]! - tension[b]! || a - b);
    let gained = 0;
    for (const i of pulled) {
      const delta = deltaOfSwap(layout, first[i]!, second[i]!, isPinned);
      if (delta >= 0) continue;
      swapSeats(layout, first[i]!, second[i]!);
      gained += delta;
    }
    idle = gained < 0 ? 0 : idle + 1;
    grown += gained;
  }
  return grown;
}

function mostSlots({ cellStart }: Seats): number {
  let most = 1;
  for (let c = 0; c + 1 < cellStart.length; c++) most = Math.max(most, cellStart[c + 1]! - cellStart[c]!);
  return most;
}

/** Pairs of seats at a router and at the next one east, south or above; slots are turned against each other by `turn`. */
function findPairs(
  { count, cell, cellStart, cellSeats, grid }: Seats,
  turn: number,
  first: Int32Array,
  second: Int32Array,
): number {
  const { width, height, layers } = grid;
  const slot = new Int32Array(count);
  for (let c = 0; c + 1 < cellStart.length; c++)
    for (let i = cellStart[c]!; i < cellStart[c + 1]!; i++) slot[cellSeats[i]!] = i - cellStart[c]!;
  let pairs = 0;
  const add = (seat: number, where: number) => {
    const begin = cellStart[where]!;
    const size = cellStart[where + 1]! - begin;
    if (size === 0) return;
    first[pairs] = seat;
    second[pairs++] = cellSeats[begin + ((slot[seat]! + turn) % size)]!;
  };
  for (let seat = 0; seat < count; seat++) {
    const at = cell[seat]!;
    const line = Math.floor(at / width);
    if (at % width < width - 1) add(seat, at + 1);
    if (line % height < height - 1) add(seat, at + width);
    if (Math.floor(line / height) < layers - 1) add(seat, at + width * height);
  }
  return pairs;
}

function deltaOfSwap(layout: Layout, a: number, b: number, isPinned: Uint8Array): number {
  const [one, other] = [layout.nodeAt[a]!, layout.nodeAt[b]!];
  if ((one >= 0 && isPinned[one]) || (other >= 0 && isPinned[other])) return 0;
  if (one >= 0) return deltaOf(layout, one, b);
  return other >= 0 ? deltaOf(layout, other, a) : 0;
}

function swapSeats(layout: Layout, a: number, b: number): void {
  const one = layout.nodeAt[a]!;
  if (one >= 0) move(layout, one, b);
  else move(layout, layout.nodeAt[b]!, a);
}
