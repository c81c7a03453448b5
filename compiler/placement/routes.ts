/** The links of single routes, and loads that change flow by flow: what links.ts computes at once, step by step. */
import type { Grid, Seats } from './problem.ts';

/** Numbers of links: six leave a router, then six borders leave a chip; a border is one link. */
export interface RouteMap {
  readonly links: number;
  /** The first border's number. */
  readonly borders: number;
  /** Writes the links of the route between two routers to `into`; returns how many. */
  trace(from: number, to: number, into: Int32Array): number;
  /** No route has more. */
  readonly longest: number;
}

export function createRouteMap(grid: Grid): RouteMap {
  const { width, height, layers, chipWidth, chipHeight } = grid;
  const cells = width * height * layers;
  const chipsX = width / chipWidth;
  const chipsY = height / chipHeight;
  const borders = 6 * cells;
  const border = (column: number, row: number, layer: number, direction: number) => {
    const chip = Math.floor(column / chipWidth) + chipsX * (Math.floor(row / chipHeight) + chipsY * layer);
    return borders + 6 * chip + direction;
  };
  const trace = (from: number, to: number, into: Int32Array): number => {
    let column = from % width;
    let row = Math.floor(from / width) % height;
    let layer = Math.floor(from / (width * height));
    const [x1, y1, z1] = [to % width, Math.floor(to / width) % height, Math.floor(to / (width * height))];
    let count = 0;
    for (; column !== x1; column += x1 > column ? 1 : -1) {
      const isEast = x1 > column;
      const isBorder = column % chipWidth === (isEast ? chipWidth - 1 : 0);
      const cell = column + width * (row + height * layer);
      into[count++] = isBorder ? border(column, row, layer, isEast ? 0 : 1) : 6 * cell + (isEast ? 0 : 1);
    }
    for (; row !== y1; row += y1 > row ? 1 : -1) {
      const isSouth = y1 > row;
      const isBorder = row % chipHeight === (isSouth ? chipHeight - 1 : 0);
      const cell = column + width * (row + height * layer);
      into[count++] = isBorder ? border(column, row, layer, isSouth ? 2 : 3) : 6 * cell + (isSouth ? 2 : 3);
    }
    for (; layer !== z1; layer += z1 > layer ? 1 : -1)
      into[count++] = border(column, row, layer, z1 > layer ? 4 : 5);
    return count;
  };
  return { links: borders + cells * 6, borders, trace, longest: width + height + layers };
}

/** Σ (load / scale)^16 over all links: its 16th root is close to the hottest link's share of `scale`. */
export interface LoadSums {
  readonly loads: Float64Array;
  /** Changes the loads of a route by `weight`; returns by how much the sum of powers grew. */
  add(from: number, to: number, weight: number): number;
}

export function createLoadSums(map: RouteMap, linkScale: number, borderScale: number): LoadSums {
  const loads = new Float64Array(map.links);
  const path = new Int32Array(map.longest);
  const add = (from: number, to: number, weight: number): number => {
    const count = map.trace(from, to, path);
    let grown = 0;
    for (let i = 0; i < count; i++) {
      const link = path[i]!;
      const scale = link < map.borders ? linkScale : borderScale;
      const before = loads[link]!;
      const after = before + weight;
      loads[link] = after;
      grown += power16(after / scale) - power16(before / scale);
    }
    return grown;
  };
  return { loads, add };
}

export function power16(x: number): number {
  const square = x * x;
  const fourth = square * square;
  const eighth = fourth * fourth;
  return eighth * eighth;
}

export const root16 = (x: number): number => Math.sqrt(Math.sqrt(Math.sqrt(Math.sqrt(Math.max(0, x)))));

export const cellsOf = ({ cell }: Seats, seatOf: Int32Array): Int32Array =>
  Int32Array.from(seatOf, seat => cell[seat]!);
