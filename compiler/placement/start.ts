/** One way from nothing to a placement: a curve, annealing on smaller forms of the problem and on itself, forces, relief. */
import { anneal } from './anneal.ts';
import { orderCells } from './curve.ts';
import { settle } from './force.ts';
import { makeLayout } from './layout.ts';
import { coarsen, type Level, levelOf, refine } from './levels.ts';
import { measure, type Quality, scoreOf } from './measure.ts';
import type { Flows, PlacementProblem, Seats } from './problem.ts';
import { relieve } from './relieve.ts';

/** How much work a start may do. */
export interface StartPlan {
  readonly seed: number;
  /** Partners that annealing may look at. */
  readonly visits: number;
  /** Sweeps of forces after it. */
  readonly sweeps: number;
  /** Nodes that the smallest form of the problem may have. */
  readonly few: number;
}

/** Seats in an order → a seat for every node, in order of nodes; pinned ones have theirs. */
export function seatInOrder({ nodes, pins }: PlacementProblem, order: Iterable<number>): Int32Array {
  const taken = new Set(pins);
  const seatOf = Int32Array.from(pins);
  const free = order[Symbol.iterator]();
  for (let node = 0; node < nodes; node++) {
    while (seatOf[node]! < 0) {
      const { value, done } = free.next();
      if (done === true) throw new Error(`internal defect: ${nodes} nodes on fewer seats`);
      if (!taken.has(value)) seatOf[node] = value;
    }
  }
  return seatOf;
}

/** Seats chip by chip, router by router along Hilbert's curve. */
export function* hilbertSeats({ grid, cellStart, cellSeats }: Seats): Generator<number> {
  for (const cell of orderCells(grid))
    for (let i = cellStart[cell]!; i < cellStart[cell + 1]!; i++) yield cellSeats[i]!;
}

/** The published method: Hilbert's curve, then forces. */
export function hilbertForce(problem: PlacementProblem, pairs: Flows, sweeps: number): Int32Array {
  const layout = makeLayout(pairs, problem.seats, seatInOrder(problem, hilbertSeats(problem.seats)));
  settle(layout, isPinned(problem), sweeps);
  return layout.seatOf;
}

const isPinned = ({ pins }: PlacementProblem): Uint8Array =>
  Uint8Array.from(pins, seat => (seat < 0 ? 0 : 1));

/** From `begin`, which is the result if nothing better is found. */
export function runStart(
  problem: PlacementProblem,
  pairs: Flows,
  begin: Int32Array,
  known: Quality,
  plan: StartPlan,
): Int32Array {
  const { seats, flows } = problem;
  const pinned = isPinned(problem);
  if (known.cost === 0) return begin;
  const layout = makeLayout(pairs, seats, annealLevels(problem, plan));
  settle(layout, pinned, plan.sweeps);
  const annealed = better(problem, known, layout.seatOf.slice(), begin);
  const again = makeLayout(pairs, seats, annealed.slice());
  // A move walks the routes of two nodes, before and after.
  const walk = ((8 * pairs.to.length) / problem.nodes) * (1 + Math.min(8, known.averagePath));
  const moves = Math.ceil((0.1 * plan.visits) / walk);
  const rounds = Math.ceil(Math.min(50, (0.1 * plan.visits) / (10 * flows.to.length)));
  const movesPerRound = Math.ceil(moves / rounds);
  relieve(again, flows, pinned, { rounds, movesPerRound, seed: plan.seed, known });
  return better(problem, known, again.seatOf, annealed);
}

/** Work of a proposal beside its partners: random numbers, the seat. */
const OVERHEAD = 12;

/** From the smallest form of the problem up to itself: hot where nodes are few, then colder. */
function annealLevels(problem: PlacementProblem, { seed, visits, few }: StartPlan): Int32Array {
  const { level, nodes, seats } = levelOf(problem, hilbertSeats(problem.seats));
  const levels = [level];
  while (levels.at(-1)!.movable > few) levels.push(coarsen(levels.at(-1)!));
  let seatOf: Int32Array = Int32Array.from({ length: levels.at(-1)!.seats.count }, (_, i) => i);
  const share = visits / (levels.length + 1);
  for (const [i, form] of levels.toReversed().entries()) {
    const layout = makeLayout(form.pairs, form.seats, seatOf);
    annealForm(
      form,
      layout,
      i === 0 ? { seed, visits: 2 * share, ...HOT } : { seed: seed + i, visits: share, ...WARM },
    );
    seatOf = form.children === undefined ? seatOf : refine(form, seatOf);
  }
  const found = Int32Array.from(problem.pins);
  seatOf.forEach((seat, node) => {
    if (nodes[node]! >= 0) found[nodes[node]!] = seats[seat]!;
  });
  return found;
}

/** Temperatures in units of a typical change. */
const HOT = { hot: 2, cold: 0.1, reach: 0.33 };
const WARM = { hot: 0.8, cold: 0.1, reach: 0.1 };

interface Heat {
  readonly seed: number;
  readonly visits: number;
  readonly hot: number;
  readonly cold: number;
  /** Of the grid's side. */
  readonly reach: number;
}

function annealForm(
  { pairs, seats, movable }: Level,
  layout: ReturnType<typeof makeLayout>,
  heat: Heat,
): void {
  const inPlay = Array.from({ length: movable }, (_, node) => node);
  const nodes = Int32Array.from(inPlay.filter(node => pairs.start[node + 1]! > pairs.start[node]!));
  if (nodes.length === 0) return;
  const degree = pairs.to.length / nodes.length;
  const average = pairs.weight.reduce((sum, w) => sum + w, 0) / pairs.to.length;
  const unit = average * Math.sqrt(degree) * spacing(seats, movable);
  const moves = Math.ceil(heat.visits / (2 * degree + OVERHEAD));
  const side = Math.sqrt(seats.grid.width * seats.grid.height);
  const reach = Math.max(1, Math.round(heat.reach * side));
  anneal(layout, nodes, {
    ...{ moves, seed: heat.seed, hot: heat.hot * unit, cold: heat.cold * unit, reach },
    directed: 0.4,
  });
}

/** Distance between neighbouring seats: along the curve, of those that are not at one place. */
function spacing({ x, y, z }: Seats, movable: number): number {
  let [sum, count] = [0, 0];
  for (let seat = 1; seat < movable; seat++) {
    const step =
      Math.abs(x[seat]! - x[seat - 1]!) +
      Math.abs(y[seat]! - y[seat - 1]!) +
      Math.abs(z[seat]! - z[seat - 1]!);
    if (step > 0) count++;
    sum += step;
  }
  return count === 0 ? 1 : sum / count;
}

/** The first unless the second is better. */
function better(
  { flows, seats }: PlacementProblem,
  known: Quality,
  one: Int32Array,
  other: Int32Array,
): Int32Array {
  const score = (seatOf: Int32Array) => scoreOf(measure(flows, seats, seatOf), known);
  return score(one) <= score(other) ? one : other;
}
