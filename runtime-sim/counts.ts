/**
 * What happened, counted: one number per tile and step, one per route and step, nothing per spike. They come
 * from popcounts of a step's events times static tables; test/sim counts the same event by event.
 *
 * Words: an *event* is a message that an in-axon target uses. A synop is one event that meets one weight,
 * whatever the number of terms in its payload; an AC is one term that meets one weight.
 */
import { defect } from '../ir/diagnostics/diagnostic.ts';
import type { ChipTables, Tile } from './tables.ts';

export const TILE_COUNTERS = [
  /** Neurons that sent something, and the signed powers of two in it. */
  'spikes',
  'terms',
  /** Neurons that fired, or that a message of this step was addressed to. */
  'active',
  /** Linears: events × weights; the same per term, as ACs or, where the payload is graded, as MACs. */
  'synops',
  'acs',
  'macs',
  /** Relays: events, and their terms. */
  'relayAdds',
  'relayAcs',
  /** Products: events × partners in their row, zero or not. */
  'productSynops',
  /** Products as Eq. 30 counts them (terms × nonzero partners): a·B' + A·b performed, a·b + a·B + A·b in the paper. */
  'productAcs',
  'productPaperAcs',
  /** Words of synaptic memory: weight rows and rows of dynamic operands. */
  'memoryReads',
] as const;
export type TileCounter = (typeof TILE_COUNTERS)[number];

/** Sums over `images` images. */
export interface Counts {
  images: number;
  /** [tiles, T] each. */
  readonly tile: Readonly<Record<TileCounter, Float64Array>>;
  /** [tiles, T, levels]: terms per threshold, lowest first. */
  readonly levels: Float64Array;
  /** [routes, T]: messages by the step of their sender. */
  readonly messages: Float64Array;
}

export function createCounts({ tiles, routes, steps, levels }: ChipTables): Counts {
  const table = () => new Float64Array(tiles.length * steps);
  const entries = TILE_COUNTERS.map(name => [name, table()] as const);
  return {
    images: 0,
    // One entry for each name of the list.
    tile: Object.fromEntries(entries) as Record<TileCounter, Float64Array>,
    levels: new Float64Array(tiles.length * steps * levels),
    messages: new Float64Array(routes.length * steps),
  };
}

const arraysOf = (counts: Counts): readonly Float64Array[] => [
  ...TILE_COUNTERS.map(name => counts.tile[name]),
  counts.levels,
  counts.messages,
];

export function clearCounts(counts: Counts): void {
  counts.images = 0;
  for (const array of arraysOf(counts)) array.fill(0);
}

/** into += from, for means over many images. */
export function addCounts(into: Counts, from: Counts): void {
  const sources = arraysOf(from);
  arraysOf(into).forEach((array, i) => {
    const source = sources[i]!;
    if (source.length !== array.length) defect('counts of two different machines');
    for (let j = 0; j < array.length; j++) array[j]! += source[j]!;
  });
  into.images += from.images;
}

/** Sums over tiles, steps and images, of everything that a cost may stand against. */
export interface Totals {
  readonly images: number;
  readonly active: number;
  readonly inactive: number;
  readonly spikes: number;
  readonly terms: number;
  /** Linears, products and relays together: what the synapses of the chip work off. */
  readonly synapticEvents: number;
  readonly synops: number;
  readonly productSynops: number;
  readonly relayAdds: number;
  readonly memoryReads: number;
  readonly lookups: number;
  /** Sent by cores, one for each firing neuron and route; arriving at cores: those and the host's. */
  readonly messagesOut: number;
  readonly messagesIn: number;
  /** Messages whose destination sits at the same router. */
  readonly messagesInTile: number;
  readonly hopsEastWest: number;
  readonly hopsNorthSouth: number;
  /** Messages that leave their chip, and the chip borders they cross; their hops on the meshes are not known. */
  readonly messagesBetweenChips: number;
  readonly hopsBetweenChips: number;
}

/** Totals of all tiles, or of chosen ones: then also of the messages they send, and without the host's. */
export function totalsOf(tables: ChipTables, counts: Counts, chosen?: (tile: Tile) => boolean): Totals {
  const tiles = chosen === undefined ? tables.tiles : tables.tiles.filter(chosen);
  const { steps } = tables;
  const sum = (name: TileCounter) => tiles.reduce((n, tile) => n + sumOf(counts.tile[name], tile.number, steps), 0);
  const static_ = (of: (tile: Tile) => number) => tiles.reduce((n, tile) => n + of(tile), 0) * steps * counts.images;
  const active = sum('active');
  const [synops, productSynops, relayAdds] = [sum('synops'), sum('productSynops'), sum('relayAdds')];
  return {
    images: counts.images,
    active,
    inactive: static_(tile => tile.sender.size) - active,
    spikes: sum('spikes'),
    terms: sum('terms'),
    synapticEvents: synops + productSynops + relayAdds,
    synops,
    productSynops,
    relayAdds,
    memoryReads: sum('memoryReads'),
    lookups: static_(tile => tile.lookups),
    ...messageTotals(tables, counts, chosen),
  };
}

function messageTotals({ routes, tiles, steps }: ChipTables, counts: Counts, chosen?: (tile: Tile) => boolean) {
  const total = {
    messagesOut: 0,
    messagesIn: 0,
    messagesInTile: 0,
    hopsEastWest: 0,
    hopsNorthSouth: 0,
    messagesBetweenChips: 0,
    hopsBetweenChips: 0,
  };
  for (const route of routes) {
    const tile = route.tile === undefined ? undefined : tiles[route.tile];
    if (chosen !== undefined && (tile === undefined || !chosen(tile))) continue;
    const messages = sumOf(counts.messages, route.number, steps);
    total.messagesIn += messages;
    if (tile === undefined) continue;
    total.messagesOut += messages;
    if (route.chipHops > 0) {
      total.messagesBetweenChips += messages;
      total.hopsBetweenChips += messages * route.chipHops;
    } else {
      if (route.hopsEastWest + route.hopsNorthSouth === 0) total.messagesInTile += messages;
      total.hopsEastWest += messages * route.hopsEastWest;
      total.hopsNorthSouth += messages * route.hopsNorthSouth;
    }
  }
  return total;
}

function sumOf(table: Float64Array, row: number, steps: number): number {
  let total = 0;
  for (let t = 0; t < steps; t++) total += table[row * steps + t]!;
  return total;
}
