import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { boardOf } from '../compiler/placement/board.ts';
import { hilbert, orderCells, snake } from '../compiler/placement/curve.ts';
import { settle } from '../compiler/placement/force.ts';
import { costOf, deltaOf, makeLayout, move } from '../compiler/placement/layout.ts';
import { coarsen, type Level, levelOf, refine } from '../compiler/placement/levels.ts';
import { hottestLinks, linkLoads } from '../compiler/placement/links.ts';
import { distanceOf, measure } from '../compiler/placement/measure.ts';
import { bothWays, makeFlows, squareSeats } from '../compiler/placement/problem.ts';
import { relieve } from '../compiler/placement/relieve.ts';
import { createLoadSums, createRouteMap, power16 } from '../compiler/placement/routes.ts';
import { solve } from '../compiler/placement/solve.ts';
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
import { BOARDS, boardSeats, near, problemOf } from './placement-kit.ts';

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
