/**
 * Places nodes on seats: several starts, the best of which wins.
 *
 * Source     design 4 §3
 * Preserves  the same result for any number of workers: a start's result depends on its own seed alone, and of equals
 *            the first wins
 */
import type { EFFORTS } from '../choices.ts';
import { lowerBound } from './bound.ts';
import { measure, type Quality, scoreOf } from './measure.ts';
import { bothWays, type PlacementProblem } from './problem.ts';
import { hilbertForce, hilbertSeats, type StartPlan, seatInOrder } from './start.ts';
import { runStarts } from './threads.ts';

export type Effort = (typeof EFFORTS)[number];

export interface PlacementOptions {
  readonly effort: Effort;
  readonly seed: number;
  /** Threads beside this one, at most; undefined: as many as the machine has cores to spare. */
  readonly workers?: number | undefined;
}

/** Of the same problem: seats in their own order, along the curve, and by the published method. */
export interface Baselines {
  readonly sequential: Quality;
  readonly hilbert: Quality;
  readonly hilbertForce: Quality;
}

export interface Placement {
  readonly seatOf: Int32Array;
  readonly quality: Quality;
  readonly baselines: Baselines;
  /** No placement costs less. */
  readonly lowerBound: number;
}

/** Of each start: partners looked at for each flow, at most so many, and those for each flow however many there are. */
const EFFORT = {
  fast: { starts: 1, perFlow: 50_000, most: 2e8, always: 40, sweeps: 16 },
  normal: { starts: 2, perFlow: 250_000, most: 1e9, always: 200, sweeps: 50 },
  max: { starts: 2, perFlow: 2_000_000, most: 6e9, always: 500, sweeps: 200 },
} as const;

/** Of forces in the published method; it settles in fewer. */
const SWEEPS = 200;
/** The smallest form of a problem; every other start takes a problem of up to so many nodes as it is. */
const FEW = 150;
const SIMPLE = 2000;

export function solve(problem: PlacementProblem, { effort, seed, workers }: PlacementOptions): Placement {
  const { nodes, flows, seats } = problem;
  const { starts, perFlow, most, always, sweeps } = EFFORT[effort];
  const count = flows.to.length;
  const pairs = bothWays(nodes, flows);
  const sequentialSeats = seatInOrder(
    problem,
    Array.from({ length: seats.count }, (_, seat) => seat),
  );
  const settled = hilbertForce(problem, pairs, SWEEPS);
  const hilbert = measure(flows, seats, seatInOrder(problem, hilbertSeats(seats)));
  const known = measure(flows, seats, settled);
  const sequential = measure(flows, seats, sequentialSeats);
  const begin = scoreOf(sequential, known) < scoreOf(known, known) ? sequentialSeats : settled;
  const plans = Array.from(
    { length: starts },
    (_, i): StartPlan => ({
      seed: seed * 16 + i,
      visits: Math.min(most, perFlow * count) + always * count,
      sweeps,
      few: nodes <= SIMPLE && i % 2 === 1 ? SIMPLE : FEW,
    }),
  );
  const found = runStarts({ problem, pairs, begin, known, plans }, workers);
  const qualities = found.map(seatOf => measure(flows, seats, seatOf));
  const best = qualities.reduce(
    (best, quality, i) => (scoreOf(quality, known) < scoreOf(qualities[best]!, known) ? i : best),
    0,
  );
  return {
    seatOf: found[best]!,
    quality: qualities[best]!,
    baselines: { sequential, hilbert, hilbertForce: known },
    lowerBound: lowerBound(flows, seats),
  };
}
