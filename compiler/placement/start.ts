/** One way from nothing to a placement: a curve, forces, annealing, relief. */
import { anneal } from './anneal.ts';
import { orderCells } from './curve.ts';
import { settle } from './force.ts';
import { makeLayout } from './layout.ts';
import { measure, type Quality, scoreOf } from './measure.ts';
import type { Flows, PlacementProblem, Seats } from './problem.ts';
import { relieve } from './relieve.ts';

/** How much work a start may do. */
export interface StartPlan {
  readonly seed: number;
  /** Partners that annealing may look at. */
  readonly visits: number;
  /** Sweeps of forces before it. */
  readonly sweeps: number;
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

/** Work of a proposal beside its partners: random numbers, the seat. */
const OVERHEAD = 12;

/** From `begin`, which becomes the result if nothing better is found. */
export function runStart(
  problem: PlacementProblem,
  pairs: Flows,
  begin: Int32Array,
  known: Quality,
  plan: StartPlan,
): Int32Array {
  const { nodes, seats, flows } = problem;
  const pinned = isPinned(problem);
  const movable = Int32Array.from(pinned.keys()).filter(node => pinned[node] === 0);
  if (known.cost === 0 || movable.length === 0) return begin;
  const degree = pairs.to.length / nodes;
  const moves = Math.ceil(plan.visits / (2 * degree + OVERHEAD));
  const unit = (pairs.weight.reduce((sum, w) => sum + w, 0) / pairs.to.length) * Math.sqrt(degree);
  const layout = makeLayout(pairs, seats, begin.slice());
  const side = Math.sqrt(seats.grid.width * seats.grid.height);
  const schedule = { hot: 2 * unit, cold: 0.1 * unit, reach: Math.max(1, Math.round(side / 3)) };
  anneal(layout, movable, { moves, seed: plan.seed, ...schedule, directed: 0.4 });
  settle(layout, pinned, plan.sweeps);
  const annealed = better(problem, known, layout.seatOf.slice(), begin);
  const again = makeLayout(pairs, seats, annealed.slice());
  const rounds = Math.max(1, Math.min(100, Math.floor(plan.visits / (20 * flows.to.length + 1e6))));
  relieve(again, flows, pinned, { rounds, movesPerRound: 2000, seed: plan.seed, known });
  return better(problem, known, again.seatOf, annealed);
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
