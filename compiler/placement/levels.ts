/**
 * The problem in smaller and smaller forms: pairs of nodes become nodes, pairs of neighbouring seats become seats. What is
 * near on the small form is near on the large one, and there one move takes many nodes along.
 *
 * Source  Hendrickson and Leland 1995, matching by heavy edges
 * Cost    linear in flows for each level
 */
import { bothWays, type Flows, mergeFlows, type PlacementProblem, type Seats } from './problem.ts';

/**
 * As many seats as nodes: nodes without flows sit on those that are free. The first `movable` nodes and seats are in play,
 * seats in the order of the curve; nodes beyond keep the seats of their own numbers.
 */
export interface Level {
  readonly pairs: Flows;
  readonly seats: Seats;
  readonly movable: number;
  /** Nodes and seats of the next larger form: two for each in play, one for each other. Undefined: there is none. */
  readonly children?: { readonly nodes: Int32Array; readonly seats: Int32Array };
}

/** Coordinates of a small form are finer by this, so that the middle of two seats is a place. */
const FINE = 64;

/** The problem itself, renumbered; and which of its nodes and seats the level's are (−1: a node that is none). */
export function levelOf(
  { nodes, flows, seats, pins }: PlacementProblem,
  order: Iterable<number>,
): { readonly level: Level; readonly nodes: Int32Array; readonly seats: Int32Array } {
  const all = Array.from({ length: nodes }, (_, node) => node);
  const fixed = all.filter(node => pins[node]! >= 0);
  const taken = new Set(fixed.map(node => pins[node]!));
  const free = [...order].filter(seat => !taken.has(seat));
  const dummies = Array.from({ length: free.length + fixed.length - nodes }, () => -1);
  const nodesOf = Int32Array.from([...all.filter(node => pins[node]! < 0), ...dummies, ...fixed]);
  const seatsOf = Int32Array.from([...free, ...fixed.map(node => pins[node]!)]);
  const numberOf = new Int32Array(nodes);
  nodesOf.forEach((node, i) => {
    if (node >= 0) numberOf[node] = i;
  });
  const pairs = renumber(bothWays(nodes, flows), numberOf, nodesOf.length);
  const own = pickSeats(seats, seatsOf, free.length);
  return { level: { pairs, seats: own, movable: free.length }, nodes: nodesOf, seats: seatsOf };
}

/** Flows among nodes that get other numbers; two may become one. */
function renumber({ start, to, weight }: Flows, numberOf: Int32Array, nodes: number): Flows {
  const begin = new Int32Array(nodes + 1);
  const count = numberOf.length;
  const inner = (node: number, i: number) => numberOf[to[i]!] === numberOf[node];
  for (let node = 0; node < count; node++)
    for (let i = start[node]!; i < start[node + 1]!; i++) if (!inner(node, i)) begin[numberOf[node]! + 1]!++;
  for (let n = 0; n < nodes; n++) begin[n + 1]! += begin[n]!;
  const next = begin.slice(0, nodes);
  const others = new Int32Array(begin[nodes]!);
  const weights = new Float64Array(begin[nodes]!);
  for (let node = 0; node < count; node++) {
    for (let i = start[node]!; i < start[node + 1]!; i++) {
      if (inner(node, i)) continue;
      const at = next[numberOf[node]!]!++;
      others[at] = numberOf[to[i]!]!;
      weights[at] = weight[i]!;
    }
  }
  return mergeFlows(nodes, { start: begin, to: others, weight: weights });
}

function pickSeats(seats: Seats, which: Int32Array, movable: number): Seats {
  const pick = (axis: Int32Array) => Int32Array.from(which, seat => axis[seat]!);
  const cell = pick(seats.cell);
  const { x, y, z, grid } = seats;
  return {
    count: which.length,
    x: pick(x),
    y: pick(y),
    z: pick(z),
    cell,
    grid,
    ...listCells(cell, movable, grid),
  };
}

/** Seats in play by their cell. */
function listCells(cell: Int32Array, movable: number, { width, height, layers }: Seats['grid']) {
  const cells = width * height * layers;
  const cellStart = new Int32Array(cells + 1);
  for (let seat = 0; seat < movable; seat++) cellStart[cell[seat]! + 1]!++;
  for (let c = 0; c < cells; c++) cellStart[c + 1]! += cellStart[c]!;
  const next = cellStart.slice(0, cells);
  const cellSeats = new Int32Array(movable);
  for (let seat = 0; seat < movable; seat++) cellSeats[next[cell[seat]!]!++] = seat;
  return { cellStart, cellSeats };
}

/** Half as many nodes and seats in play; of an odd number the last stays what it is. */
export function coarsen({ pairs, seats, movable, children }: Level): Level {
  const half = Math.floor(movable / 2);
  const nodes = matchNodes(pairs, movable);
  const rest = pairs.start.length - 1 - 2 * half;
  const members = Int32Array.from([...nodes, ...restOf(nodes, pairs.start.length - 1)]);
  const places = Int32Array.from({ length: seats.count }, (_, seat) => seat);
  const numberOf = new Int32Array(members.length);
  members.forEach((node, i) => {
    numberOf[node] = i < 2 * half ? i >> 1 : i - half;
  });
  const coarse = renumber(pairs, numberOf, half + rest);
  const factor = children === undefined ? FINE : 1;
  const middles = halveSeats(seats, half, factor);
  return { pairs: coarse, seats: middles, movable: half, children: { nodes: members, seats: places } };
}

/** Nodes that are in no pair: those that are not in play, and the odd one. */
function restOf(paired: Int32Array, nodes: number): number[] {
  const isPaired = new Uint8Array(nodes);
  for (const node of paired) isPaired[node] = 1;
  return Array.from({ length: nodes }, (_, node) => node).filter(node => isPaired[node] === 0);
}

/** Nodes two by two: each with the partner that it shares most with, of those that are left; then who is left. */
function matchNodes({ start, to, weight }: Flows, movable: number): Int32Array {
  const nodes = start.length - 1;
  const sum = new Float64Array(nodes);
  for (let node = 0; node < nodes; node++)
    for (let i = start[node]!; i < start[node + 1]!; i++) sum[node]! += weight[i]!;
  const partner = new Int32Array(movable).fill(-1);
  for (let node = 0; node < movable; node++) {
    if (partner[node]! >= 0) continue;
    let [best, most] = [-1, 0];
    for (let i = start[node]!; i < start[node + 1]!; i++) {
      const other = to[i]!;
      if (other >= movable || partner[other]! >= 0) continue;
      const share = weight[i]! / sum[other]!;
      if (share > most) [best, most] = [other, share];
    }
    if (best >= 0) [partner[node], partner[best]] = [best, node];
  }
  const alone = Array.from(partner.keys()).filter(node => partner[node]! < 0);
  for (let i = 0; i + 1 < alone.length; i += 2)
    [partner[alone[i]!], partner[alone[i + 1]!]] = [alone[i + 1]!, alone[i]!];
  const firsts = Array.from(partner.keys()).filter(node => partner[node]! > node);
  return Int32Array.from(firsts.flatMap(node => [node, partner[node]!]));
}

/** Seats two by two become their middle, the others stay. */
function halveSeats(seats: Seats, half: number, factor: number): Seats {
  const count = seats.count - half;
  const middle = (axis: Int32Array) =>
    Int32Array.from({ length: count }, (_, i) =>
      i < half ? (factor * (axis[2 * i]! + axis[2 * i + 1]!)) >> 1 : factor * axis[i + half]!,
    );
  const grid = seats.grid;
  const crowd = (grid.width * grid.height * grid.layers) / Math.max(1, half);
  const scale = crowd > 2 ? 2 : 1;
  const { width, height } = grid;
  const coarse = { ...grid, width: Math.ceil(width / scale), height: Math.ceil(height / scale) };
  const cell = Int32Array.from({ length: count }, (_, i) => {
    const at = seats.cell[i < half ? 2 * i : i + half]!;
    const line = Math.floor(at / width);
    const column = Math.floor((at % width) / scale);
    const row = Math.floor((line % height) / scale);
    return column + coarse.width * (row + coarse.height * Math.floor(line / height));
  });
  return {
    ...{ count, x: middle(seats.x), y: middle(seats.y), z: middle(seats.z) },
    ...{ cell, grid: coarse, ...listCells(cell, half, coarse) },
  };
}

/** Seats of a small form's nodes → seats of the next larger one's. */
export function refine({ movable, children }: Level, seatOf: Int32Array): Int32Array {
  const { nodes } = children!;
  const finer = new Int32Array(nodes.length);
  seatOf.forEach((seat, node) => {
    if (node >= movable) finer[nodes[node + movable]!] = seat + movable;
    else for (const i of [0, 1]) finer[nodes[2 * node + i]!] = 2 * seat + i;
  });
  return finer;
}
