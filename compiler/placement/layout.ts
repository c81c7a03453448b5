/** Who sits where, and what a move would change. */
import type { Flows, Seats } from './problem.ts';

/** A placement under change. Coordinates stand by node, so that an inner loop does not go through its seat. */
export interface Layout {
  /** Without direction: every pair stands with both of its nodes. */
  readonly pairs: Flows;
  readonly seats: Seats;
  readonly seatOf: Int32Array;
  /** Node of a seat; −1 where it is free. */
  readonly nodeAt: Int32Array;
  readonly x: Int32Array;
  readonly y: Int32Array;
  readonly z: Int32Array;
}

/** `seatOf` becomes the layout's own and changes with it. */
export function makeLayout(pairs: Flows, seats: Seats, seatOf: Int32Array): Layout {
  const nodeAt = new Int32Array(seats.count).fill(-1);
  seatOf.forEach((seat, node) => {
    nodeAt[seat] = node;
  });
  const along = (axis: Int32Array) => Int32Array.from(seatOf, seat => axis[seat]!);
  return { pairs, seats, seatOf, nodeAt, x: along(seats.x), y: along(seats.y), z: along(seats.z) };
}

/** Σ weight × distance of all flows: the slow reference of every delta. */
export function costOf(flows: Flows, { x, y, z }: Seats, seatOf: Int32Array): number {
  let cost = 0;
  for (let node = 0; node < seatOf.length; node++) {
    const a = seatOf[node]!;
    for (let i = flows.start[node]!; i < flows.start[node + 1]!; i++) {
      const b = seatOf[flows.to[i]!]!;
      cost +=
        flows.weight[i]! * (Math.abs(x[a]! - x[b]!) + Math.abs(y[a]! - y[b]!) + Math.abs(z[a]! - z[b]!));
    }
  }
  return cost;
}

/**
 * By how much Σ weight × distance grows if `node` takes `seat` and whoever sits there takes the node's seat.
 * What flows between the two is as long before as after, and is left out.
 */
export function deltaOf(layout: Layout, node: number, seat: number): number {
  const other = layout.nodeAt[seat]!;
  const from = layout.seatOf[node]!;
  if (layout.seats.grid.layers > 1) {
    const own = stretch(layout, node, from, seat, other);
    return other < 0 ? own : own + stretch(layout, other, seat, from, node);
  }
  const own = stretchFlat(layout, node, from, seat, other);
  return other < 0 ? own : own + stretchFlat(layout, other, seat, from, node);
}

/** Growth of a node's own flows, all but those with `except`, if it goes from one seat to another. */
function stretch(layout: Layout, node: number, from: number, seat: number, except: number): number {
  const { seats, x, y, z, pairs } = layout;
  const { start, to, weight } = pairs;
  const x0 = seats.x[from]!;
  const y0 = seats.y[from]!;
  const z0 = seats.z[from]!;
  const x1 = seats.x[seat]!;
  const y1 = seats.y[seat]!;
  const z1 = seats.z[seat]!;
  let delta = 0;
  for (let i = start[node]!, end = start[node + 1]!; i < end; i++) {
    const partner = to[i]!;
    if (partner === except) continue;
    const before = Math.abs(x[partner]! - x0) + Math.abs(y[partner]! - y0) + Math.abs(z[partner]! - z0);
    const after = Math.abs(x[partner]! - x1) + Math.abs(y[partner]! - y1) + Math.abs(z[partner]! - z1);
    delta += weight[i]! * (after - before);
  }
  return delta;
}

/** The same where all seats lie in one layer: most boards, and a third of the time saved. */
function stretchFlat(layout: Layout, node: number, from: number, seat: number, except: number): number {
  const { seats, x, y, pairs } = layout;
  const { start, to, weight } = pairs;
  const x0 = seats.x[from]!;
  const y0 = seats.y[from]!;
  const x1 = seats.x[seat]!;
  const y1 = seats.y[seat]!;
  let delta = 0;
  for (let i = start[node]!, end = start[node + 1]!; i < end; i++) {
    const partner = to[i]!;
    if (partner === except) continue;
    const before = Math.abs(x[partner]! - x0) + Math.abs(y[partner]! - y0);
    const after = Math.abs(x[partner]! - x1) + Math.abs(y[partner]! - y1);
    delta += weight[i]! * (after - before);
  }
  return delta;
}

/** `node` takes `seat`; whoever sits there takes the node's. */
export function move(layout: Layout, node: number, seat: number): void {
  const { nodeAt, seatOf } = layout;
  const other = nodeAt[seat]!;
  const from = seatOf[node]!;
  sit(layout, node, seat);
  if (other >= 0) sit(layout, other, from);
  else nodeAt[from] = -1;
}

function sit({ seats, seatOf, nodeAt, x, y, z }: Layout, node: number, seat: number): void {
  seatOf[node] = seat;
  nodeAt[seat] = node;
  x[node] = seats.x[seat]!;
  y[node] = seats.y[seat]!;
  z[node] = seats.z[seat]!;
}
