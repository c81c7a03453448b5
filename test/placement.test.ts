import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { boardOf } from '../compiler/placement/board.ts';
import { lowerBound } from '../compiler/placement/bound.ts';
import { hilbert, orderCells, snake } from '../compiler/placement/curve.ts';
import { settle } from '../compiler/placement/force.ts';
import { costOf, deltaOf, makeLayout, move } from '../compiler/placement/layout.ts';
import { coarsen, type Level, levelOf, refine } from '../compiler/placement/levels.ts';
import { hottestLinks, linkLoads } from '../compiler/placement/links.ts';
import { distanceOf, measure } from '../compiler/placement/measure.ts';
import {
  bothWays,
  type Flows,
  makeFlows,
  makeSeats,
  type PlacementProblem,
  type Seats,
  squareSeats,
} from '../compiler/placement/problem.ts';
import { relieve } from '../compiler/placement/relieve.ts';
import { createLoadSums, createRouteMap, power16 } from '../compiler/placement/routes.ts';
import { solve } from '../compiler/placement/solve.ts';
import { clusterBound, secondEigenvalue } from '../compiler/placement/spectrum.ts';
import { nearestDistances, starBound } from '../compiler/placement/stars.ts';
import { hilbertSeats, seatInOrder } from '../compiler/placement/start.ts';
import {
  DONE,
  OPEN,
  runStarts,
  type Starts,
  shareStarts,
  startWorker,
  takeStarts,
  workerPath,
} from '../compiler/placement/threads.ts';
import { createRandom } from '../ir/random/seeded.ts';

/** Two by two chips of three by two routers with two seats each, in two layers; every seventh seat is not usable. */
function boardSeats(): Seats {
  const grid = { width: 6, height: 4, layers: 2, chipWidth: 3, chipHeight: 2, border: 30 };
  const routers = Array.from({ length: 96 }, (_, i) => ({
    column: i % 6,
    row: Math.floor(i / 6) % 4,
    layer: Math.floor(i / 24) % 2,
  })).filter((_, i) => i % 7 !== 0);
  return makeSeats(grid, routers);
}

function randomFlows(nodes: number, count: number, seed: number): Flows {
  const random = createRandom(seed);
  const draw = () => Array.from({ length: count }, () => random.int(0, nodes - 1));
  const weights = Array.from({ length: count }, () => random.next() * 10);
  return makeFlows(nodes, draw(), draw(), weights);
}

function problemOf(seed: number, seats: Seats, nodes: number, pinned = 0): PlacementProblem {
  const pins = new Int32Array(nodes).fill(-1);
  for (let i = 0; i < pinned; i++) pins[3 * i + 1] = (5 * i + 2) % seats.count;
  return { nodes, flows: randomFlows(nodes, 4 * nodes, seed), seats, pins };
}

const BOARDS: readonly (readonly [string, Seats, number])[] = [
  ['square', squareSeats(7), 43],
  ['full square', squareSeats(5), 25],
  ['chips', boardSeats(), 60],
];

const near = (a: number, b: number) =>
  assert.ok(Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a)), `${a} ≠ ${b}`);

test('flows: the same two nodes once, none to itself, both ways the same sum', () => {
  const flows = makeFlows(3, [0, 0, 1, 2, 0, 2], [1, 1, 0, 2, 2, 1], [1, 2, 4, 8, 16, 32]);
  assert.deepEqual([...flows.start], [0, 2, 3, 4]);
  assert.deepEqual([...flows.to], [1, 2, 0, 1]);
  assert.deepEqual([...flows.weight], [3, 16, 4, 32]);
  const pairs = bothWays(3, flows);
  const weightOf = (a: number, b: number) =>
    pairs.weight[pairs.start[a]! + [...pairs.to.subarray(pairs.start[a], pairs.start[a + 1])].indexOf(b)];
  assert.deepEqual([weightOf(0, 1), weightOf(1, 0), weightOf(0, 2), weightOf(2, 1)], [7, 7, 16, 32]);
});

test('curves meet every cell once; steps of the curve go to a neighbour, a diagonal one at most where sides are odd', () => {
  for (let width = 1; width <= 13; width++) {
    for (let height = 1; height <= 13; height++) {
      for (const cells of [hilbert(width, height), snake(width, height)]) {
        assert.equal(new Set(cells.map(([x, y]) => x + width * y)).size, width * height);
        assert.ok(cells.every(([x, y]) => x >= 0 && y >= 0 && x < width && y < height));
        const steps = cells
          .slice(1)
          .map(([x, y], i) => Math.abs(x - cells[i]![0]) + Math.abs(y - cells[i]![1]));
        assert.ok(steps.every(step => step <= 2) && steps.filter(step => step === 2).length <= 1);
      }
    }
  }
});

test('the curve of a board finishes a chip before it enters the next, and enters a neighbour', () => {
  const { grid } = boardSeats();
  const chipOf = (cell: number) => {
    const [x, y, z] = [cell % 6, Math.floor(cell / 6) % 4, Math.floor(cell / 24)];
    return [Math.floor(x / 3), Math.floor(y / 2), z] as const;
  };
  const chips = Array.from(orderCells(grid), chipOf);
  for (let chip = 0; chip < 8; chip++)
    assert.equal(new Set(chips.slice(6 * chip, 6 * chip + 6).map(String)).size, 1);
  for (let chip = 1; chip < 8; chip++) {
    const [a, b] = [chips[6 * chip - 1]!, chips[6 * chip]!];
    assert.equal(Math.abs(a[0] - b[0]) + Math.abs(a[1] - b[1]) + Math.abs(a[2] - b[2]), 1);
  }
});

for (const [name, seats, nodes] of BOARDS) {
  test(`${name}: a delta is the recomputed difference`, () => {
    const problem = problemOf(1, seats, nodes);
    const layout = makeLayout(
      bothWays(nodes, problem.flows),
      seats,
      seatInOrder(problem, hilbertSeats(seats)),
    );
    const random = createRandom(2);
    for (let i = 0; i < 500; i++) {
      const node = random.int(0, nodes - 1);
      const seat = random.int(0, seats.count - 1);
      if (seat === layout.seatOf[node]) continue;
      const before = costOf(problem.flows, seats, layout.seatOf);
      const delta = deltaOf(layout, node, seat);
      move(layout, node, seat);
      near(costOf(problem.flows, seats, layout.seatOf), before + delta);
      for (const [who, at] of layout.seatOf.entries()) assert.equal(layout.nodeAt[at], who);
    }
    assert.equal(layout.nodeAt.filter(node => node >= 0).length, nodes);
  });

  test(`${name}: link loads are those of the routes, hop by hop`, () => {
    const problem = problemOf(3, seats, nodes);
    const seatOf = seatInOrder(problem, hilbertSeats(seats));
    const map = createRouteMap(seats.grid);
    const sums = createLoadSums(map, 5, 7);
    let grown = 0;
    for (let node = 0; node < nodes; node++)
      for (let i = problem.flows.start[node]!; i < problem.flows.start[node + 1]!; i++) {
        const [from, to] = [seats.cell[seatOf[node]!]!, seats.cell[seatOf[problem.flows.to[i]!]!]!];
        grown += sums.add(from, to, problem.flows.weight[i]!);
      }
    const { link, border } = hottestLinks(linkLoads(problem.flows, seats, seatOf), seats.grid);
    near(link, Math.max(...sums.loads.subarray(0, map.borders)));
    near(border, Math.max(...sums.loads.subarray(map.borders)));
    const powers = sums.loads.reduce((sum, load, i) => sum + power16(load / (i < map.borders ? 5 : 7)), 0);
    near(grown, powers);
  });

  test(`${name}: forces and relief report and lose nothing; pinned nodes stay`, () => {
    const problem = problemOf(4, seats, nodes, 4);
    const { flows, pins } = problem;
    const layout = makeLayout(bothWays(nodes, flows), seats, seatInOrder(problem, hilbertSeats(seats)));
    const isPinned = Uint8Array.from(pins, seat => (seat < 0 ? 0 : 1));
    const before = measure(flows, seats, layout.seatOf);
    near(before.cost + settle(layout, isPinned, 50), costOf(flows, seats, layout.seatOf));
    const settled = measure(flows, seats, layout.seatOf);
    assert.ok(settled.cost < before.cost);
    relieve(layout, flows, isPinned, { rounds: 10, movesPerRound: 200, seed: 1, known: settled });
    assert.ok(pins.every((seat, node) => seat < 0 || layout.seatOf[node] === seat));
    assert.equal(new Set(layout.seatOf).size, nodes);
  });

  test(`${name}: each node has a seat of its own, pins theirs, at less than the baselines cost`, () => {
    const problem = problemOf(5, seats, nodes, 5);
    const { seatOf, quality, baselines, lowerBound } = solve(problem, { effort: 'fast', seed: 1 });
    assert.equal(new Set(seatOf).size, nodes);
    assert.ok(seatOf.every(seat => seat >= 0 && seat < seats.count));
    assert.ok(problem.pins.every((seat, node) => seat < 0 || seatOf[node] === seat));
    near(quality.cost, costOf(problem.flows, seats, seatOf));
    assert.ok(quality.cost < baselines.hilbertForce.cost && quality.cost >= lowerBound);
  });
}

test('relief takes load off the hottest link where traffic does not suffer', () => {
  const problem = problemOf(6, squareSeats(8), 60);
  const { flows, seats } = problem;
  const layout = makeLayout(bothWays(60, flows), seats, seatInOrder(problem, hilbertSeats(seats)));
  settle(layout, new Uint8Array(60), 50);
  const before = measure(flows, seats, layout.seatOf);
  relieve(layout, flows, new Uint8Array(60), { rounds: 20, movesPerRound: 500, seed: 1, known: before });
  const after = measure(flows, seats, layout.seatOf);
  assert.ok(after.hottestLink < before.hottestLink, `${after.hottestLink} of ${before.hottestLink}`);
  assert.ok(after.cost < 1.05 * before.cost);
});

test('smaller forms: every node and seat is in one pair or stays, and coming back gives every node a seat', () => {
  for (const [, seats, nodes] of BOARDS) {
    const problem = problemOf(7, seats, nodes, 3);
    const { level } = levelOf(problem, hilbertSeats(seats));
    const weightOf = ({ pairs }: Level) => pairs.weight.reduce((sum, w) => sum + w, 0);
    let form = level;
    const forms = [form];
    while (form.movable > 4) {
      const smaller = coarsen(form);
      assert.equal(smaller.movable, form.movable >> 1);
      assert.deepEqual(
        [...smaller.children!.nodes].sort((a, b) => a - b),
        [...form.pairs.start.keys()].slice(0, -1),
      );
      assert.ok(weightOf(smaller) <= weightOf(form));
      form = smaller;
      forms.push(form);
    }
    let seatOf: Int32Array = Int32Array.from({ length: form.seats.count }, (_, i) => i);
    for (const each of forms.toReversed()) {
      if (each.children === undefined) break;
      seatOf = refine(each, seatOf);
      assert.equal(new Set(seatOf).size, seatOf.length);
    }
    for (let i = level.movable; i < seatOf.length; i++) assert.equal(seatOf[i], i);
  }
});

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

function startsOf(seed: number, count: number, visits: number): Starts {
  const problem = problemOf(seed, squareSeats(20), 390);
  const pairs = bothWays(problem.nodes, problem.flows);
  const begin = seatInOrder(problem, hilbertSeats(problem.seats));
  const known = measure(problem.flows, problem.seats, begin);
  const plans = Array.from({ length: count }, (_, i) => ({ seed: i, visits, sweeps: 5, few: 150 }));
  return { problem, pairs, begin, known, plans };
}

test('the same result for any number of threads, another one for another seed', () => {
  const starts = startsOf(8, 3, 2e7);
  const results = [0, 1, 3].map(workers => runStarts(starts, workers));
  for (const found of results) assert.deepEqual(found, results[0]);
  assert.notDeepEqual(results[0]![0], results[0]![1]);
});

test('a thread starts and places by itself, as compiled and from the bundle', () => {
  for (const path of [workerPath()!, resolve('dist/placement-worker.js')]) {
    const starts = startsOf(9, 1, 1e5);
    const shared = shareStarts(starts);
    startWorker(path, shared);
    Atomics.wait(shared.control, 1, OPEN, 60_000);
    assert.equal(shared.control[1], DONE, path);
    assert.deepEqual([...shared.found[0]!], [...runStarts(starts, 0)[0]!]);
  }
});

test('where no thread can start, this one does it all', () => {
  const starts = startsOf(10, 2, 3e7);
  const shared = shareStarts(starts);
  startWorker(resolve('dist/there-is-none.js'), shared);
  takeStarts(shared);
  assert.deepEqual([...shared.control], [3, DONE, DONE]);
});

test('nothing, one core and cores without traffic are placed', () => {
  for (const nodes of [0, 1, 5]) {
    const flows = makeFlows(nodes, [], [], []);
    const problem = { nodes, flows, seats: squareSeats(3), pins: new Int32Array(nodes).fill(-1) };
    const { seatOf, quality, lowerBound } = solve(problem, { effort: 'fast', seed: 1 });
    assert.equal(new Set(seatOf).size, nodes);
    assert.deepEqual([quality.cost, quality.longestPath, lowerBound], [0, 0, 0]);
  }
});

test('a board gives no more chips than needed, and those that are pinned', () => {
  const positions = Array.from({ length: 8 * 4 }, (_, i) => ({
    ...{ chip: Math.floor(i / 4), x: i % 2, y: Math.floor(i / 2) % 2, slot: 0 },
  }));
  const mesh = { positions, chipsX: 2, chipsY: 2, routersX: 2, routersY: 2 };
  const chipsOf = (cores: number, pinned: number[]) => [
    ...new Set(boardOf(mesh, cores, new Set(pinned)).positions.map(({ chip }) => chip)),
  ];
  assert.deepEqual(chipsOf(4, []), [0]);
  assert.equal(chipsOf(9, []).length, 3);
  assert.deepEqual(chipsOf(4, [6]), [6]);
  assert.equal(chipsOf(32, []).length, 8);
  const { seats } = boardOf(mesh, 32, new Set());
  assert.equal(
    distanceOf(seats, 0, 4),
    31,
    'the first routers of two chips side by side: a hop and a border',
  );
});
