/** What the bins of a run say, taken to every field of the machine's counts by the tables of the chip alone. */
import { createCounts, type MachineCounts, type TileCounts } from '../counts.ts';
import { ACTIVE, ACTIVE_TERMS, type Bins, type BinTable, PER_BIN, SPLIT, TERMS } from './bins.ts';
import { timestepsOf } from './regular.ts';
import type { Wire, WiredRoute, WiredTile, Wiring } from './wiring.ts';

/** Where each sender's bins lie in a tally: steps of an image one behind the other. */
export interface TallyPlaces {
  readonly length: number;
  readonly host: number;
  readonly tiles: readonly number[];
}

/** What images did that were stopped after the same timestep. */
export interface Tally {
  readonly lastStep: number;
  images: number;
  readonly bins: Float64Array;
  /** Of each tile: what its products did. */
  readonly productAdds: Float64Array;
  readonly productPaper: Float64Array;
  /** Where rows pass through time, the synops of each row of the tiles with products. */
  readonly rowSynops: ReadonlyMap<number, Float64Array>;
}

export function placeTallies({ tiles, host }: BinTable, { header: { steps } }: Wiring): TallyPlaces {
  let length = 0;
  const place = (bins: Bins) => {
    const at = length;
    length += bins.rows * bins.classes * steps * PER_BIN;
    return at;
  };
  return { host: place(host), tiles: tiles.map(place), length };
}

export function createTally(lastStep: number, places: TallyPlaces, { tiles, header }: Wiring): Tally {
  const isMultiplying = ({ program }: WiredTile) => program.gathers.some(({ kind }) => kind === 'product');
  const rows = header.mode === 'streaming' ? tiles.filter(isMultiplying) : [];
  return {
    lastStep,
    images: 0,
    bins: new Float64Array(places.length),
    productAdds: new Float64Array(tiles.length),
    productPaper: new Float64Array(tiles.length),
    rowSynops: new Map(rows.map(({ number, shape }) => [number, new Float64Array(shape[1])])),
  };
}

/** Counts of everything that was run. */
export function countAll(
  wiring: Wiring,
  table: BinTable,
  places: TallyPlaces,
  tallies: readonly Tally[],
): MachineCounts {
  const { header, tiles, cores } = wiring;
  const counts = createCounts(timestepsOf(wiring), header.interval, tiles.length, cores);
  for (const tally of tallies) {
    counts.images += tally.images;
    for (let now = 0; now <= tally.lastStep; now++) counts.ran[now]! += tally.images;
    if (tally.images === 0) continue;
    countSender(wiring, counts, tally, table.host, places.host, undefined);
    for (const [i, tile] of tiles.entries()) {
      countSender(wiring, counts, tally, table.tiles[i]!, places.tiles[i]!, tile);
      countProducts(counts, tally, tile, i);
    }
  }
  return counts;
}

function countProducts(counts: MachineCounts, tally: Tally, { core, program }: WiredTile, i: number): void {
  const own = counts.tiles[i]!;
  own.productAdds += tally.productAdds[i]!;
  own.productPaper += tally.productPaper[i]!;
  tally.rowSynops.get(i)?.forEach((synops, row) => {
    own.synops += synops;
    counts.work[program.depth + row]!.synops[core]! += synops;
  });
}

/** Messages of one sender in one timestep, by class. */
interface Sent {
  readonly now: number;
  readonly messages: Float64Array;
  readonly terms: Float64Array;
}

function countSender(
  wiring: Wiring,
  counts: MachineCounts,
  tally: Tally,
  bins: Bins,
  at: number,
  tile: WiredTile | undefined,
): void {
  const { header, hostRoutes } = wiring;
  const depth = tile?.program.depth ?? 0;
  const isRows = header.mode === 'streaming';
  const slots = isRows ? bins.rows : header.steps;
  const isSplit = header.binary && tile?.program.emit.kind === 'mt';
  const routes = tile?.routes ?? hostRoutes;
  for (let slot = 0; slot < slots; slot++) {
    const now = depth + slot * (isRows ? 1 : header.period);
    if (now > tally.lastStep) break;
    if (tile === undefined && !isRows && slot > 0 && header.coding !== 'rate') break;
    const first = at + slot * bins.classes * PER_BIN;
    const of = (what: number) =>
      Float64Array.from({ length: bins.classes }, (_, c) => tally.bins[first + c * PER_BIN + what]!);
    const messages = of(isSplit ? SPLIT : ACTIVE);
    const sent = { now, messages, terms: isSplit ? messages : of(ACTIVE_TERMS) };
    if (tile !== undefined) countUpdates(wiring, counts, tally, tile, now, sum(of(ACTIVE)), sum(of(TERMS)));
    for (const route of routes) countRoute(wiring, counts, tally, bins, route, sent, tile);
  }
}

const sum = (numbers: Float64Array): number => numbers.reduce((a, b) => a + b, 0);

function countUpdates(
  { header }: Wiring,
  counts: MachineCounts,
  { images }: Tally,
  { number, core, program, shape, size }: WiredTile,
  now: number,
  active: number,
  terms: number,
): void {
  const own = counts.tiles[number]!;
  const work = counts.work[now]!;
  const isFiring = program.emit.kind === 'mt';
  const held = isFiring ? header.resetNeurons : 1;
  const neurons = header.mode === 'streaming' ? size / shape[1] : size;
  own.updates += neurons * held * images;
  own.active += active * held;
  own.spikes += header.binary && isFiring ? terms : active;
  own.terms += terms;
  work.updates[core]! += neurons * held * images;
  work.active[core]! += active * held;
  if (held === 1) return;
  own.messages += terms;
  own.synops += terms;
  own.memoryWords += terms;
  work.synops[core]! += terms;
  work.words[core]! += terms;
}

function countRoute(
  wiring: Wiring,
  counts: MachineCounts,
  tally: Tally,
  bins: Bins,
  route: WiredRoute,
  { now, messages, terms }: Sent,
  tile: WiredTile | undefined,
): void {
  if (tile !== undefined) {
    const own = counts.tiles[tile.number]!;
    const n = route.elements === undefined ? sum(messages) : meet(messages, bins.sends(route.elements));
    own.messages += n;
    own.hopsEastWest += n * route.hopsEastWest;
    own.hopsNorthSouth += n * route.hopsNorthSouth;
    if (route.crossesChips) own.chipMessages += n;
    const links = counts.links[now]!;
    for (const link of route.path) links.set(link, (links.get(link) ?? 0) + n);
  }
  for (const wire of route.wires) {
    const due = now + 1 + wire.delay;
    if (due > tally.lastStep) continue;
    const takes = bins.takes(wire.map);
    const target = wiring.tiles[wire.target]!;
    const own = counts.tiles[wire.target]!;
    const { synops, memoryWords } = own;
    countArrivals(wiring, wire, target, meet(messages, takes), meet(terms, takes), own);
    const work = counts.work[due]!;
    work.synops[target.core]! += own.synops - synops;
    work.words[target.core]! += own.memoryWords - memoryWords;
  }
}

function meet(counts: Float64Array, takes: Uint8Array): number {
  let n = 0;
  for (let c = 0; c < counts.length; c++) n += counts[c]! * takes[c]!;
  return n;
}

function countArrivals(
  { header }: Wiring,
  { gather: number, side }: Wire,
  { program, home }: WiredTile,
  met: number,
  terms: number,
  own: TileCounts,
): void {
  const gather = program.gathers[number]!;
  switch (gather.kind) {
    case 'linear':
    case 'depthwise': {
      const block = home.weights[gather.weights]!;
      const isLinear = gather.kind === 'linear';
      const width = isLinear ? block.channels : 1;
      own.synops += met * width;
      own.memoryWords += met * (isLinear ? Math.ceil((block.channels * block.bits) / 64) : 1);
      if (gather.graded) own.gradedSynops += met * width;
      else own.termSynops += terms * width;
      break;
    }
    case 'product':
      // Where rows pass through time, operands wait and meet when their row is executed.
      if (header.mode !== 'streaming') own.synops += met * (side === 0 ? gather.columns : gather.rows);
      break;
    case 'hadamard':
      own.synops += met;
      break;
    case 'relay':
      own.relayAdds += met;
      break;
    case 'maximum':
      own.relayAdds += terms;
      break;
    case 'bias':
    case 'sparse':
      break;
    default:
      gather satisfies never;
  }
}
