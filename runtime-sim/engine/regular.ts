/**
 * Is time no matter for what the chip computes? Then every message meets its step (its row, where rows pass through
 * time), nothing that waits is overwritten, and each place is fed once. What is found otherwise here is left to the
 * machine that follows every message and says what is wrong.
 */
import type { Gather } from '../../backends/program/program.ts';
import { expandMap, HOLE, type StridedMap } from '../../ir/map.ts';
import type { Layout, Operand } from './layout.ts';
import type { Wire, WiredTile, Wiring } from './wiring.ts';

/** Sums and their products stay whole numbers in doubles below so many bits of an accumulator. */
const MOST_ACCUMULATOR_BITS = 48;
/** As many timesteps as the slow machine takes. */
const MOST_TIMESTEPS = 2 ** 16;

/** Timesteps of one image up to the deepest tile. */
export function timestepsOf({ header, tiles }: Wiring): number {
  const last = (tile: WiredTile) =>
    tile.program.depth +
    (header.mode === 'streaming' ? tile.shape[1] - 1 : (header.steps - 1) * header.period);
  return tiles.reduce((most, tile) => Math.max(most, last(tile)), 0);
}

export function isRegular(wiring: Wiring, layout: Layout): boolean {
  const { header } = wiring;
  return (
    header.accumulatorBits <= MOST_ACCUMULATOR_BITS &&
    timestepsOf(wiring) <= MOST_TIMESTEPS &&
    isReadOnce(wiring) &&
    (header.mode === 'streaming' ? rowsMeet(wiring) : stepsMeet(wiring)) &&
    layout.operands.every(createFedOnce(wiring.maps))
  );
}

/** One population is read out; where the host may stop between steps, nothing is deeper than what it sees. */
function isReadOnce({ header, tiles }: Wiring): boolean {
  const read = tiles.filter(({ program }) => program.emit.kind === 'readout').map(({ program }) => program);
  const deepest = tiles.reduce((most, { program }) => Math.max(most, program.depth), 0);
  if (read.some(({ population }) => population !== read[0]!.population)) return false;
  return header.steps === 1 || read.every(({ depth }) => depth === deepest);
}

function stepsMeet({ tiles, hostRoutes }: Wiring): boolean {
  const depths = new Map<number, number>();
  const isAtOnce = tiles.every(({ program: { population, depth } }) => {
    const other = depths.get(population);
    depths.set(population, depth);
    return other === undefined || other === depth;
  });
  const meets = (routes: WiredTile['routes'], depth: number) =>
    routes.every(({ wires }) => wires.every(w => depth + 1 + w.delay === tiles[w.target]!.program.depth));
  return (
    isAtOnce && meets(hostRoutes, 0) && tiles.every(({ routes, program }) => meets(routes, program.depth))
  );
}

/** Each place of an operand is fed by one sender at most. Found once for each set of maps. */
function createFedOnce(maps: readonly StridedMap[]): (operand: Operand) => boolean {
  const known = new Map<string, boolean>();
  return ({ feeds, size }) => {
    const key = `${size} ${feeds.map(({ map, to }) => `${map}+${to}`).join(' ')}`;
    const found = known.get(key) ?? isFedOnce(feeds, size, maps);
    known.set(key, found);
    return found;
  };
}

function isFedOnce(feeds: Operand['feeds'], size: number, maps: readonly StridedMap[]): boolean {
  if (feeds.length === 0) return true;
  const fed = new Uint8Array(size);
  for (const { map, to } of feeds) {
    for (const place of expandMap(maps[map]!)) {
      if (place === HOLE) continue;
      if (fed[to + place] === 1) return false;
      fed[to + place] = 1;
    }
  }
  return true;
}

/** First and last row of the sender that feeds each row; none: Infinity and −1. */
interface RowFeeds {
  readonly first: Float64Array;
  readonly last: Float64Array;
  readonly ofSender: { readonly isFeeding: Uint8Array; readonly latest: number };
}

function rowsMeet(wiring: Wiring): boolean {
  const { tiles, hostRoutes, input, maps, header } = wiring;
  if (input.steps === undefined || tiles.some(tile => !hasPlainRows(tile))) return false;
  const steps = expandMap(input.steps);
  const deepest = timestepsOf(wiring);
  if (steps.some(step => step > deepest)) return false;
  const rings = new Map<string, Ring>();
  const known = new Map<string, RowFeeds>();
  const follow = (
    routes: WiredTile['routes'],
    sender: string,
    rows: number,
    rowOf: (neuron: number) => number,
    depth: number,
  ) =>
    routes.every(({ wires }) =>
      wires.every(w => {
        const to = tiles[w.target]!;
        const gather = to.program.gathers[w.gather]!;
        const isKept = gather.kind === 'product' && w.side === 1;
        const width = rowWidth(gather, to);
        const key = `${sender} ${w.map} ${width} ${to.shape[1]}`;
        const feeds = known.get(key) ?? rowFeeds(maps[w.map]!, rowOf, rows, width, to.shape[1]);
        known.set(key, feeds);
        const ring = ringOf(rings, w, to, isKept ? rows : to.shape[1], isKept);
        if (ring === undefined) return false;
        noteArrivals(ring, feeds, depth + 1, isKept);
        return isKept
          ? depth + 1 + feeds.ofSender.latest <= to.program.depth
          : feeds.last.every((last, row) => depth + 1 + last <= to.program.depth + row);
      }),
    );
  const hostRows = steps.reduce((most, step) => Math.max(most, step + 1), 0);
  const isOnTime =
    follow(hostRoutes, 'host', hostRows, neuron => steps[neuron]!, 0) &&
    tiles.every(({ routes, shape: [, rows, channels], program }) =>
      follow(routes, `${rows} ${channels}`, rows, n => Math.floor(n / channels) % rows, program.depth),
    );
  return isOnTime && [...rings.values()].every(ring => isEnough(ring, header.interval));
}

/** Rows of a linear are counted through all groups, so that there is one group. */
const hasPlainRows = ({ program, shape }: WiredTile): boolean =>
  shape[0] === 1 || program.gathers.every(({ kind }) => kind !== 'linear');

/** Positions of one row of one group. */
function rowWidth(gather: Gather, { home, shape }: WiredTile): number {
  switch (gather.kind) {
    case 'linear':
      return home.weights[gather.weights]!.inputs;
    case 'product':
      return gather.inner;
    case 'depthwise':
      return shape[2] * home.weights[gather.weights]!.inputs;
    case 'maximum':
      return shape[2] * gather.taps;
    default:
      return shape[2];
  }
}

function rowFeeds(
  map: StridedMap,
  rowOf: (neuron: number) => number,
  senderRows: number,
  width: number,
  rows: number,
): RowFeeds {
  const first = new Float64Array(rows).fill(Number.POSITIVE_INFINITY);
  const last = new Float64Array(rows).fill(-1);
  const isFeeding = new Uint8Array(senderRows);
  let latest = -1;
  expandMap(map).forEach((place, neuron) => {
    const from = place === HOLE ? HOLE : rowOf(neuron);
    if (from === HOLE) return;
    const row = Math.floor(place / width) % rows;
    first[row] = Math.min(first[row]!, from);
    last[row] = Math.max(last[row]!, from);
    latest = Math.max(latest, from);
    isFeeding[from] = 1;
  });
  return { first, last, ofSender: { isFeeding, latest } };
}

/** Rows that wait for a tile: when the first of each arrives, when it is executed. */
interface Ring {
  readonly slots: number;
  readonly arrives: Float64Array;
  readonly leaves: Float64Array;
}

/** undefined where senders of one kept operand have other numbers of rows. */
function ringOf(
  rings: Map<string, Ring>,
  { target, gather, side }: Wire,
  { program, shape }: WiredTile,
  rows: number,
  isKept: boolean,
): Ring | undefined {
  const key = `${target} ${gather} ${side}`;
  const old = rings.get(key);
  if (old !== undefined) return old.arrives.length === rows ? old : undefined;
  const last = program.depth + shape[1] - 1;
  const ring = {
    slots: program.rings[gather]![side]!,
    arrives: new Float64Array(rows).fill(Number.POSITIVE_INFINITY),
    leaves: Float64Array.from({ length: rows }, (_, row) => (isKept ? last : program.depth + row)),
  };
  rings.set(key, ring);
  return ring;
}

function noteArrivals({ arrives }: Ring, { first, ofSender }: RowFeeds, from: number, isKept: boolean): void {
  for (let row = 0; row < arrives.length; row++) {
    const arrival = isKept ? (ofSender.isFeeding[row] === 1 ? row : Number.POSITIVE_INFINITY) : first[row]!;
    arrives[row] = Math.min(arrives[row]!, from + arrival);
  }
}

/** Does every row leave its slot before the next one for it arrives, however closely images follow each other? */
function isEnough({ slots, arrives, leaves }: Ring, interval: number): boolean {
  const rows = arrives.length;
  return arrives.every((arrival, row) => {
    const before = row - slots;
    const images = Math.floor(before / rows);
    return leaves[before - images * rows]! + images * interval < arrival;
  });
}
