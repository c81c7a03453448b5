/**
 * What is to be placed and where: nodes with flows between them, seats with coordinates. Plain typed arrays, so that a
 * worker thread can be handed them and an inner loop can run on them; nothing here knows of cores, tiles or networks.
 */
import { snake } from './curve.ts';

/**
 * Places for nodes. Distances are sums of |difference| of three coordinates in which the weight of chip borders is
 * folded in: a border between two columns simply lies farther apart. Seats of one router have the same coordinates.
 */
export interface Seats {
  readonly count: number;
  /** Weighted coordinates of a seat. */
  readonly x: Int32Array;
  readonly y: Int32Array;
  readonly z: Int32Array;
  /** Router of a seat: its number on the grid, `column + width · (row + height · layer)`. */
  readonly cell: Int32Array;
  /** Seats of a cell: `cellSeats[cellStart[c] … cellStart[c + 1]]`. */
  readonly cellStart: Int32Array;
  readonly cellSeats: Int32Array;
  readonly grid: Grid;
}

/** All routers of all chips as one grid; chips of `chipWidth` × `chipHeight` routers tile it. */
export interface Grid {
  readonly width: number;
  readonly height: number;
  readonly layers: number;
  readonly chipWidth: number;
  readonly chipHeight: number;
  /** A step over a chip border weighs so many hops. */
  readonly border: number;
}

/** Directed flows, by sender: `to[start[n] … start[n + 1]]` with their weights; messages in a step. */
export interface Flows {
  readonly start: Int32Array;
  readonly to: Int32Array;
  readonly weight: Float64Array;
}

export interface PlacementProblem {
  readonly nodes: number;
  readonly flows: Flows;
  readonly seats: Seats;
  /** Seat that a node must have; −1: any that no other must have. */
  readonly pins: Int32Array;
}

/** Router of a grid: column, row, layer. */
export interface Router {
  readonly column: number;
  readonly row: number;
  readonly layer: number;
}

/** Seats from the routers they are at. */
export function makeSeats(grid: Grid, routers: readonly Router[]): Seats {
  const count = routers.length;
  const cells = grid.width * grid.height * grid.layers;
  const x = new Int32Array(count);
  const y = new Int32Array(count);
  const z = new Int32Array(count);
  const cell = new Int32Array(count);
  const extra = grid.border - 1;
  routers.forEach(({ column, row, layer }, seat) => {
    x[seat] = column + extra * Math.floor(column / grid.chipWidth);
    y[seat] = row + extra * Math.floor(row / grid.chipHeight);
    z[seat] = grid.border * layer;
    cell[seat] = column + grid.width * (row + grid.height * layer);
  });
  const cellStart = new Int32Array(cells + 1);
  for (const c of cell) cellStart[c + 1]!++;
  for (let c = 0; c < cells; c++) cellStart[c + 1]! += cellStart[c]!;
  const next = cellStart.slice(0, cells);
  const cellSeats = new Int32Array(count);
  for (let seat = 0; seat < count; seat++) cellSeats[next[cell[seat]!]!++] = seat;
  return { count, x, y, z, cell, cellStart, cellSeats, grid };
}

/** One chip with one seat at every router, in the order of a snake: the mesh of the published graphs. */
export function squareSeats(side: number): Seats {
  const grid = { width: side, height: side, layers: 1, chipWidth: side, chipHeight: side, border: 1 };
  const routers = snake(side, side).map(([column, row]) => ({ column, row, layer: 0 }));
  return makeSeats(grid, routers);
}

/** Flows from triples; those between the same two nodes are added up, those of a node to itself left out. */
export function makeFlows(
  nodes: number,
  from: ArrayLike<number>,
  to: ArrayLike<number>,
  weight: ArrayLike<number>,
): Flows {
  const start = new Int32Array(nodes + 1);
  for (let i = 0; i < from.length; i++) if (from[i] !== to[i]) start[from[i]! + 1]!++;
  for (let n = 0; n < nodes; n++) start[n + 1]! += start[n]!;
  const next = start.slice(0, nodes);
  const targets = new Int32Array(start[nodes]!);
  const weights = new Float64Array(start[nodes]!);
  for (let i = 0; i < from.length; i++) {
    if (from[i] === to[i]) continue;
    const at = next[from[i]!]!++;
    targets[at] = to[i]!;
    weights[at] = weight[i]!;
  }
  return mergeFlows(nodes, { start, to: targets, weight: weights });
}

/** Each pair once, in order of first appearance; the arrays that are given are used up. */
export function mergeFlows(nodes: number, { start, to, weight }: Flows): Flows {
  const merged = new Int32Array(nodes + 1);
  const place = new Int32Array(nodes).fill(-1);
  let count = 0;
  for (let n = 0; n < nodes; n++) {
    const first = count;
    for (let i = start[n]!; i < start[n + 1]!; i++) {
      const at = place[to[i]!]!;
      if (at >= first && at < count && to[at] === to[i]) weight[at]! += weight[i]!;
      else {
        place[to[i]!] = count;
        to[count] = to[i]!;
        weight[count++] = weight[i]!;
      }
    }
    merged[n + 1] = count;
  }
  return { start: merged, to: to.slice(0, count), weight: weight.slice(0, count) };
}

/** The same flows without direction: every pair stands with both of its nodes, its two flows added up. */
export function bothWays(nodes: number, { start, to, weight }: Flows): Flows {
  const both = new Int32Array(nodes + 1);
  for (let n = 0; n < nodes; n++) {
    both[n + 1]! += start[n + 1]! - start[n]!;
    for (let i = start[n]!; i < start[n + 1]!; i++) both[to[i]! + 1]!++;
  }
  for (let n = 0; n < nodes; n++) both[n + 1]! += both[n]!;
  const next = both.slice(0, nodes);
  const others = new Int32Array(both[nodes]!);
  const weights = new Float64Array(both[nodes]!);
  const put = (node: number, other: number, w: number) => {
    const at = next[node]!++;
    others[at] = other;
    weights[at] = w;
  };
  for (let n = 0; n < nodes; n++) {
    for (let i = start[n]!; i < start[n + 1]!; i++) {
      put(n, to[i]!, weight[i]!);
      put(to[i]!, n, weight[i]!);
    }
  }
  return mergeFlows(nodes, { start: both, to: others, weight: weights });
}
