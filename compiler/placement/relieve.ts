/**
 * Takes load off the hottest links and length off the longest paths, where that costs little traffic. Both maxima are
 * taken as sums of high powers, so that every move has a delta; nodes whose flows make a maximum are tried.
 *
 * Needs  a good placement: a move is kept only if it pays
 * Cost   a move: partners of two nodes × links of their routes; a round: flows × links of a route
 */
import { drawSeat } from './anneal.ts';
import { deltaOf, type Layout, move } from './layout.ts';
import { distanceOf, LINK_WEIGHT, PATH_WEIGHT, type Quality } from './measure.ts';
import type { Flows } from './problem.ts';
import { draw, next, seeded } from './random.ts';
import {
  cellsOf,
  createLoadSums,
  createRouteMap,
  type LoadSums,
  power16,
  type RouteMap,
  root16,
} from './routes.ts';

export interface RelieveOptions {
  readonly rounds: number;
  readonly movesPerRound: number;
  readonly seed: number;
  /** The placement that quality is measured against. */
  readonly known: Quality;
}

/** What is kept up to date while nodes move. */
interface Strain {
  readonly layout: Layout;
  readonly out: Flows;
  readonly in: Flows;
  readonly loads: LoadSums;
  readonly known: Quality;
  readonly longest: number;
  cost: number;
  links: number;
  paths: number;
}

export function relieve(
  layout: Layout,
  flows: Flows,
  isPinned: Uint8Array,
  { rounds, movesPerRound, seed, known }: RelieveOptions,
): void {
  if (known.cost === 0) return;
  const map = createRouteMap(layout.seats.grid);
  const incoming = turned(flows);
  let random = seeded(seed);
  for (let round = 0; round < rounds; round++) {
    const strain = measureStrain(layout, flows, incoming, map, known);
    const nodes = strained(strain, map, isPinned);
    if (nodes.length === 0) return;
    let kept = 0;
    for (let i = 0; i < movesPerRound; i++) {
      random = next(random);
      const node = nodes[draw(random, nodes.length)]!;
      random = next(random);
      const seat = drawSeat(layout, node, random, 0.3, REACH);
      if (seat < 0 || seat === layout.seatOf[node]) continue;
      const other = layout.nodeAt[seat]!;
      if (other >= 0 && isPinned[other]) continue;
      if (tryMove(strain, node, seat)) kept++;
    }
    if (kept === 0) return;
  }
}

/** Routers to each side from which a seat is drawn. */
const REACH = 3;

const total = ({ cost, links, paths }: Strain): number =>
  cost + LINK_WEIGHT * root16(links) + PATH_WEIGHT * root16(paths);

/** Moves, and moves back if it did not pay. */
function tryMove(strain: Strain, node: number, seat: number): boolean {
  const { layout, known } = strain;
  const { cost, links, paths } = strain;
  const before = total(strain);
  const delta = deltaOf(layout, node, seat) / known.cost;
  // Links and paths cannot win back more than they weigh.
  if (delta > LINK_WEIGHT * root16(links) + PATH_WEIGHT * root16(paths)) return false;
  const from = layout.seatOf[node]!;
  const other = layout.nodeAt[seat]!;
  exchange(strain, node, other, seat);
  strain.cost += delta;
  if (total(strain) < before) return true;
  exchange(strain, node, other, from);
  Object.assign(strain, { cost, links, paths });
  return false;
}

/** `node` takes `seat`, `other` the node's; loads and paths follow. */
function exchange(strain: Strain, node: number, other: number, seat: number): void {
  charge(strain, node, -1, -1);
  if (other >= 0) charge(strain, other, -1, node);
  move(strain.layout, node, seat);
  charge(strain, node, 1, -1);
  if (other >= 0) charge(strain, other, 1, node);
}

/** Adds (sign 1) or takes away (−1) the flows of a node, all but those with `except`. */
function charge(strain: Strain, node: number, sign: number, except: number): void {
  const { layout, loads, longest } = strain;
  const { seats, seatOf } = layout;
  const seat = seatOf[node]!;
  const cell = seats.cell[seat]!;
  for (const flows of [strain.out, strain.in]) {
    const isOut = flows === strain.out;
    for (let i = flows.start[node]!, end = flows.start[node + 1]!; i < end; i++) {
      const partner = flows.to[i]!;
      if (partner === except) continue;
      const there = seatOf[partner]!;
      const end = seats.cell[there]!;
      const weight = sign * flows.weight[i]!;
      strain.links += isOut ? loads.add(cell, end, weight) : loads.add(end, cell, weight);
      strain.paths += sign * power16(distanceOf(seats, seat, there) / longest);
    }
  }
}

/** From nothing, so that rounding does not pile up. */
function measureStrain(layout: Layout, out: Flows, incoming: Flows, map: RouteMap, known: Quality): Strain {
  const loads = createLoadSums(map, known.hottestLink || 1, known.hottestBorder || 1);
  const longest = known.longestPath || 1;
  const { seats, seatOf } = layout;
  const cells = cellsOf(seats, seatOf);
  let [cost, links, paths] = [0, 0, 0];
  for (let node = 0; node < cells.length; node++) {
    for (let i = out.start[node]!; i < out.start[node + 1]!; i++) {
      const to = out.to[i]!;
      const distance = distanceOf(seats, seatOf[node]!, seatOf[to]!);
      links += loads.add(cells[node]!, cells[to]!, out.weight[i]!);
      paths += power16(distance / longest);
      cost += (out.weight[i]! * distance) / known.cost;
    }
  }
  return { layout, out, in: incoming, loads, known, longest, cost, links, paths };
}

/** Share of the maximum from which on a link is hot, a path long. */
const HOT = 0.92;

/** Nodes at the ends of flows that are long or run over a hot link. */
function strained({ layout, out, loads, known }: Strain, map: RouteMap, isPinned: Uint8Array): Int32Array {
  const { seats, seatOf } = layout;
  const cells = cellsOf(seats, seatOf);
  const most = [0, 0];
  const kind = (link: number) => (link < map.borders ? 0 : 1);
  loads.loads.forEach((load, link) => {
    most[kind(link)] = Math.max(most[kind(link)]!, load);
  });
  const limits = most.map(load => HOT * load);
  const isMarked = new Uint8Array(seatOf.length);
  const path = new Int32Array(map.longest);
  const far = HOT * longestOf(layout, out);
  for (let node = 0; node < cells.length; node++) {
    for (let i = out.start[node]!; i < out.start[node + 1]!; i++) {
      const to = out.to[i]!;
      let isStrained = distanceOf(seats, seatOf[node]!, seatOf[to]!) >= far;
      const count = isStrained ? 0 : map.trace(cells[node]!, cells[to]!, path);
      for (let k = 0; k < count && !isStrained; k++)
        isStrained = loads.loads[path[k]!]! >= limits[kind(path[k]!)]!;
      if (isStrained) isMarked[node] = isMarked[to] = 1;
    }
  }
  void known;
  const all = Int32Array.from(isMarked.keys());
  return all.filter(node => isMarked[node] === 1 && isPinned[node] === 0);
}

function longestOf({ seats, seatOf }: Layout, { start, to }: Flows): number {
  let longest = 0;
  for (let node = 0; node < seatOf.length; node++)
    for (let i = start[node]!; i < start[node + 1]!; i++)
      longest = Math.max(longest, distanceOf(seats, seatOf[node]!, seatOf[to[i]!]!));
  return longest;
}

/** The same flows by receiver. */
function turned({ start, to, weight }: Flows): Flows {
  const nodes = start.length - 1;
  const begin = new Int32Array(nodes + 1);
  for (const node of to) begin[node + 1]!++;
  for (let n = 0; n < nodes; n++) begin[n + 1]! += begin[n]!;
  const next = begin.slice(0, nodes);
  const from = new Int32Array(to.length);
  const weights = new Float64Array(to.length);
  for (let node = 0; node < nodes; node++) {
    for (let i = start[node]!; i < start[node + 1]!; i++) {
      const at = next[to[i]!]!++;
      from[at] = node;
      weights[at] = weight[i]!;
    }
  }
  return { start: begin, to: from, weight: weights };
}
