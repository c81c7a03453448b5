import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lowerBound } from '../compiler/placement/bound.ts';
import { costOf } from '../compiler/placement/layout.ts';
import { distanceOf } from '../compiler/placement/measure.ts';
import {
  bothWays,
  makeFlows,
  makeSeats,
  type PlacementProblem,
  squareSeats,
} from '../compiler/placement/problem.ts';
import { solve } from '../compiler/placement/solve.ts';
import { clusterBound, secondEigenvalue } from '../compiler/placement/spectrum.ts';
import { nearestDistances, starBound } from '../compiler/placement/stars.ts';
import { BOARDS, near, problemOf } from './placement-kit.ts';

/** Least cost over all ways to seat the nodes. */
function bruteForce({ nodes, flows, seats }: PlacementProblem): number {
  const seatOf = new Int32Array(nodes);
  const isTaken = new Uint8Array(seats.count);
  let best = Number.POSITIVE_INFINITY;
  const seat = (node: number) => {
    if (node === nodes) {
      best = Math.min(best, costOf(flows, seats, seatOf));
      return;
    }
    for (let s = 0; s < seats.count; s++) {
      if (isTaken[s]) continue;
      isTaken[s] = 1;
      seatOf[node] = s;
      seat(node + 1);
      isTaken[s] = 0;
    }
  };
  seat(0);
  return best;
}

test('the second eigenvalue of known graphs', () => {
  // Complete bipartite graph of 3 and 4: eigenvalues 0, 3, 3, 3, 4, 4, 7.
  const weights = bipartite(3, 4);
  const matrix = weights.map(w => -w);
  for (let i = 0; i < 7; i++) matrix[8 * i] = i < 3 ? 4 : 3;
  near(secondEigenvalue(matrix, 7), 3);
});

const bipartite = (a: number, b: number) =>
  Float64Array.from({ length: (a + b) ** 2 }, (_, i) => {
    const [from, to] = [Math.floor(i / (a + b)), i % (a + b)];
    return from < a === to < a ? 0 : 1;
  });

test('clusters: the bound holds for all of a few nodes, with one seat a router and with two', () => {
  for (const [a, b] of [
    [2, 2],
    [2, 3],
    [3, 3],
  ] as const) {
    const pairs = Array.from({ length: a * b }, (_, i) => [i % a, a + Math.floor(i / a)] as const);
    const [from, to] = [pairs.map(p => p[0]), pairs.map(p => p[1])];
    const flows = makeFlows(
      a + b,
      from,
      to,
      from.map(() => 1),
    );
    const pins = new Int32Array(a + b).fill(-1);
    const one = bruteForce({ nodes: a + b, flows, seats: squareSeats(3), pins });
    const grid = { width: 2, height: 2, layers: 1, chipWidth: 2, chipHeight: 2, border: 1 };
    const places = Array.from({ length: 8 }, (_, i) => ({ column: i % 2, row: (i >> 1) % 2, layer: 0 }));
    const two = bruteForce({ nodes: a + b, flows, seats: makeSeats(grid, places), pins });
    assert.ok(clusterBound(bipartite(a, b), a + b, 1) <= one);
    assert.ok(clusterBound(bipartite(a, b), a + b, 2) <= two);
    assert.ok(clusterBound(bipartite(a, b), a + b, 1) > 0.5 * one);
  }
});

test('layers that are joined all to all: the bound holds, and is above that of stars alone', () => {
  const layer = (n: number) => Array.from({ length: 25 }, (_, i) => 5 * n + (i % 5));
  const all = (n: number) => Array.from({ length: 25 }, (_, i) => 5 * n + Math.floor(i / 5));
  const from = [0, 1, 2].flatMap(layer);
  const to = [1, 2, 3].flatMap(all);
  const flows = makeFlows(
    20,
    from,
    to,
    from.map(() => 1),
  );
  const seats = squareSeats(5);
  const problem = { nodes: 20, flows, seats, pins: new Int32Array(20).fill(-1) };
  const found = solve(problem, { effort: 'fast', seed: 1, workers: 0 });
  const stars = starBound(bothWays(20, flows), nearestDistances(seats, 19));
  assert.ok(found.lowerBound > 1.1 * stars, `${found.lowerBound} of ${stars}`);
  assert.ok(found.lowerBound <= found.quality.cost);
});

test('small problems: the bound holds, and placement finds the least cost', () => {
  const grid = { width: 4, height: 1, layers: 1, chipWidth: 2, chipHeight: 1, border: 5 };
  const places = [0, 0, 1, 2, 2, 3].map(column => ({ column, row: 0, layer: 0 }));
  for (let seed = 1; seed <= 12; seed++) {
    for (const seats of [squareSeats(3), makeSeats(grid, places)]) {
      const problem = problemOf(seed, seats, seats.count === 9 ? 6 : 5);
      const least = bruteForce(problem);
      const { quality, lowerBound } = solve(problem, { effort: 'fast', seed, workers: 0 });
      assert.ok(lowerBound <= least * (1 + 1e-12), `bound ${lowerBound} above ${least}`);
      assert.ok(lowerBound > 0);
      assert.ok(quality.cost <= 1.1 * least + 1e-9, `${quality.cost} far from ${least}`);
    }
  }
});

test('nearest distances: no seat has its neighbours nearer', () => {
  for (const [, seats] of BOARDS) {
    const nearest = nearestDistances(seats, seats.count - 1);
    for (let a = 0; a < seats.count; a++) {
      const own = Array.from({ length: seats.count }, (_, b) => distanceOf(seats, a, b)).sort(
        (p, q) => p - q,
      );
      assert.ok(own.slice(1).every((distance, k) => nearest[k]! <= distance));
    }
  }
  assert.deepEqual([...nearestDistances(squareSeats(3), 8)], [1, 1, 1, 1, 2, 2, 2, 2]);
});

test('a path and a star on a square: the bound is met where it can be', () => {
  const star = makeFlows(5, [0, 0, 0, 0], [1, 2, 3, 4], [1, 2, 3, 4]);
  assert.equal(lowerBound(star, squareSeats(3)), 10);
});
