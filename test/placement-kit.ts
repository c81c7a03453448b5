/** Boards and problems that tests of placement share. */
import assert from 'node:assert/strict';
import {
  type Flows,
  makeFlows,
  makeSeats,
  type PlacementProblem,
  type Seats,
  squareSeats,
} from '../compiler/placement/problem.ts';
import { createRandom } from '../ir/random/seeded.ts';

/** Two by two chips of three by two routers with two seats each, in two layers; every seventh seat is not usable. */
export function boardSeats(): Seats {
  const grid = { width: 6, height: 4, layers: 2, chipWidth: 3, chipHeight: 2, border: 30 };
  const routers = Array.from({ length: 96 }, (_, i) => ({
    column: i % 6,
    row: Math.floor(i / 6) % 4,
    layer: Math.floor(i / 24) % 2,
  })).filter((_, i) => i % 7 !== 0);
  return makeSeats(grid, routers);
}

export function randomFlows(nodes: number, count: number, seed: number): Flows {
  const random = createRandom(seed);
  const draw = () => Array.from({ length: count }, () => random.int(0, nodes - 1));
  const weights = Array.from({ length: count }, () => random.next() * 10);
  return makeFlows(nodes, draw(), draw(), weights);
}

export function problemOf(seed: number, seats: Seats, nodes: number, pinned = 0): PlacementProblem {
  const pins = new Int32Array(nodes).fill(-1);
  for (let i = 0; i < pinned; i++) pins[3 * i + 1] = (5 * i + 2) % seats.count;
  return { nodes, flows: randomFlows(nodes, 4 * nodes, seed), seats, pins };
}

export const BOARDS: readonly (readonly [string, Seats, number])[] = [
  ['square', squareSeats(7), 43],
  ['full square', squareSeats(5), 25],
  ['chips', boardSeats(), 60],
];

export const near = (a: number, b: number) =>
  assert.ok(Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a)), `${a} ≠ ${b}`);
