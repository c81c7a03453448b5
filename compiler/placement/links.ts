/**
 * What the links of the mesh carry: every message goes along its row, then its column, then from layer to layer.
 *
 * Units  messages in a step
 * Cost   linear in flows + routers: runs of links are counted at their ends and summed up once
 */
import type { Flows, Grid, Seats } from './problem.ts';

/** By router, the load of the link that leaves it in a direction. */
export interface LinkLoads {
  readonly east: Float64Array;
  readonly west: Float64Array;
  readonly south: Float64Array;
  readonly north: Float64Array;
  readonly up: Float64Array;
  readonly down: Float64Array;
}

export function linkLoads(flows: Flows, seats: Seats, seatOf: Int32Array): LinkLoads {
  const { grid, cell } = seats;
  const { width, height, layers } = grid;
  const cells = width * height * layers;
  const plane = width * height;
  const make = () => new Float64Array(cells);
  const loads = { east: make(), west: make(), south: make(), north: make(), up: make(), down: make() };
  for (let node = 0; node < seatOf.length; node++) {
    const from = cell[seatOf[node]!]!;
    const column = from % width;
    const row = Math.floor(from / width) % height;
    for (let i = flows.start[node]!; i < flows.start[node + 1]!; i++) {
      const to = cell[seatOf[flows.to[i]!]!]!;
      const dx = (to % width) - column;
      const dy = (Math.floor(to / width) % height) - row;
      const turn = from + dx;
      const rise = turn + width * dy;
      const w = flows.weight[i]!;
      mark(dx > 0 ? loads.east : loads.west, from, turn, w);
      mark(dy > 0 ? loads.south : loads.north, turn, rise, w);
      mark(to > rise ? loads.up : loads.down, rise, to, w);
    }
  }
  sumUp(loads.east, loads.west, 1);
  sumUp(loads.south, loads.north, width);
  sumUp(loads.up, loads.down, plane);
  return loads;
}

function mark(load: Float64Array, from: number, to: number, weight: number): void {
  if (from === to) return;
  load[from]! += weight;
  load[to]! -= weight;
}

/** Ends of runs → loads. A run ends where it began in another row: marks cancel before the next row begins. */
function sumUp(forth: Float64Array, back: Float64Array, step: number): void {
  for (let c = step; c < forth.length; c++) forth[c]! += forth[c - step]!;
  for (let c = back.length - 1 - step; c >= 0; c--) back[c]! += back[c + step]!;
}

/** The most that one link carries, on a chip and over a border between two chips, which is one link. */
export function hottestLinks(
  loads: LinkLoads,
  grid: Grid,
): { readonly link: number; readonly border: number } {
  const { width, height, layers, chipWidth, chipHeight } = grid;
  const chipsX = width / chipWidth;
  const borders = new Map<string, number>();
  let link = 0;
  const cells = width * height * layers;
  const take = (name: string, load: number, isBorder: boolean, chip: number) => {
    if (load === 0) return;
    if (!isBorder) link = Math.max(link, load);
    else borders.set(`${name} ${chip}`, (borders.get(`${name} ${chip}`) ?? 0) + load);
  };
  for (let c = 0; c < cells; c++) {
    const x = c % width;
    const line = Math.floor(c / width);
    const y = line % height;
    const chip =
      Math.floor(x / chipWidth) +
      chipsX * (Math.floor(y / chipHeight) + (height / chipHeight) * Math.floor(line / height));
    take('east', loads.east[c]!, x % chipWidth === chipWidth - 1, chip);
    take('west', loads.west[c]!, x % chipWidth === 0, chip);
    take('south', loads.south[c]!, y % chipHeight === chipHeight - 1, chip);
    take('north', loads.north[c]!, y % chipHeight === 0, chip);
    take('up', loads.up[c]!, true, chip);
    take('down', loads.down[c]!, true, chip);
  }
  return { link, border: Math.max(0, ...borders.values()) };
}
