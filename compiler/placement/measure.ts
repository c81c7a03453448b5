/** What a placement is worth: traffic, the hottest link, the longest path; and one figure out of the three. */
import { costOf } from './layout.ts';
import { hottestLinks, linkLoads } from './links.ts';
import type { Flows, Seats } from './problem.ts';

export interface Quality {
  /** Σ messages × weighted hops, in a step. */
  readonly cost: number;
  /** Messages over the busiest link of a chip, in a step. */
  readonly hottestLink: number;
  /** Messages over the busiest border between two chips, one way, in a step. */
  readonly hottestBorder: number;
  /** Weighted hops of the farthest flow, and of flows on average, each counted once. */
  readonly longestPath: number;
  readonly averagePath: number;
}

export function measure(flows: Flows, seats: Seats, seatOf: Int32Array): Quality {
  const { link, border } = hottestLinks(linkLoads(flows, seats, seatOf), seats.grid);
  let longest = 0;
  let sum = 0;
  for (let node = 0; node < seatOf.length; node++) {
    for (let i = flows.start[node]!; i < flows.start[node + 1]!; i++) {
      const length = distanceOf(seats, seatOf[node]!, seatOf[flows.to[i]!]!);
      longest = Math.max(longest, length);
      sum += length;
    }
  }
  return {
    cost: costOf(flows, seats, seatOf),
    hottestLink: link,
    hottestBorder: border,
    longestPath: longest,
    averagePath: flows.to.length === 0 ? 0 : sum / flows.to.length,
  };
}

export const distanceOf = ({ x, y, z }: Seats, a: number, b: number): number =>
  Math.abs(x[a]! - x[b]!) + Math.abs(y[a]! - y[b]!) + Math.abs(z[a]! - z[b]!);

/** A tenth less of these is worth so many hundredths of the traffic: 0.5 and 0.2. */
export const LINK_WEIGHT = 0.05;
export const PATH_WEIGHT = 0.02;

/** Quality as one figure, each part against that of a placement that is known. Less is better. */
export function scoreOf(quality: Quality, known: Quality): number {
  const share = (of: keyof Quality) => (known[of] === 0 ? 0 : quality[of] / known[of]);
  const links =
    known.hottestBorder === 0 ? share('hottestLink') : (share('hottestLink') + share('hottestBorder')) / 2;
  return share('cost') + LINK_WEIGHT * links + PATH_WEIGHT * share('longestPath');
}
