/**
 * Simulated annealing: a node takes a free seat, or changes seats with the node that sits there, if that shortens
 * Σ weight × distance or if the temperature allows it.
 *
 * Source  Kirkpatrick et al. 1983; the window that shrinks as it cools is VPR's (Betz and Rose 1997), so are moves
 *         towards a partner ("directed moves")
 * Cost    `moves` proposals, each linear in the partners of two nodes; nothing is allocated on the way
 */
import { deltaOf, type Layout, move } from './layout.ts';
import { draw, next, seeded } from './random.ts';

export interface AnnealOptions {
  readonly moves: number;
  readonly seed: number;
  /** Temperatures at the start and at the end, in units of weight × hops. */
  readonly hot: number;
  readonly cold: number;
  /** Routers to each side of a node from which a seat is drawn, at the start; 1 at the end. */
  readonly reach: number;
  /** Share of moves that go beside a partner instead. */
  readonly directed: number;
}

const CHANCES = 1 << 14;

/** −ln of evenly spread chances: how many temperatures a move may cost. */
const TOLERANCES = Float64Array.from({ length: CHANCES }, (_, i) => -Math.log((i + 0.5) / CHANCES));

/** Moves between two temperatures. */
const ROUND = 4096;

/** Anneals `layout` in place. `movable`: the nodes that are not pinned. Returns by how much the cost grew. */
export function anneal(layout: Layout, movable: Int32Array, options: AnnealOptions): number {
  if (movable.length === 0 || layout.seats.count < 2) return 0;
  const rounds = Math.ceil(options.moves / ROUND);
  let random = seeded(options.seed);
  let grown = 0;
  for (let round = 0; round < rounds; round++) {
    const progress = round / rounds;
    const temperature = options.hot * (options.cold / options.hot) ** progress;
    const reach = Math.max(1, Math.round(options.reach ** (1 - Math.min(1, progress * 1.2))));
    for (let i = 0; i < ROUND; i++) {
      random = next(random);
      const node = movable[draw(random, movable.length)]!;
      random = next(random);
      const seat = drawSeat(layout, node, random, options.directed, reach);
      if (seat < 0 || seat === layout.seatOf[node]) continue;
      const delta = deltaOf(layout, node, seat);
      random = next(random);
      if (delta > TOLERANCES[random & (CHANCES - 1)]! * temperature) continue;
      move(layout, node, seat);
      grown += delta;
    }
  }
  return grown;
}

/** A seat near the node, or beside one of its partners; −1 where there is none. */
export function drawSeat(
  layout: Layout,
  node: number,
  random: number,
  directed: number,
  reach: number,
): number {
  const { seats, seatOf, pairs } = layout;
  const { cell, cellStart, cellSeats, grid } = seats;
  const first = pairs.start[node]!;
  const degree = pairs.start[node + 1]! - first;
  let state = random;
  let around = cell[seatOf[node]!]!;
  let span = 2 * reach + 1;
  if (degree > 0 && (state & 0xffff) < directed * 0x10000) {
    state = next(state);
    around = cell[seatOf[pairs.to[first + draw(state, degree)]!]!]!;
    span = 3;
  }
  state = next(state);
  const half = span >> 1;
  const column = (around % grid.width) + (((state & 0x7fff) * span) >>> 15) - half;
  const line = (around / grid.width) | 0;
  const row = (line % grid.height) + ((((state >>> 15) & 0x7fff) * span) >>> 15) - half;
  if (column < 0 || row < 0 || column >= grid.width || row >= grid.height) return -1;
  const layer = (line / grid.height) | 0;
  const where = column + grid.width * (row + grid.height * layer);
  const begin = cellStart[where]!;
  const count = cellStart[where + 1]! - begin;
  if (count === 0) return -1;
  return count === 1 ? cellSeats[begin]! : cellSeats[begin + draw(next(state), count)]!;
}
