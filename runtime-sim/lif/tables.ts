/**
 * A free-running network in the memory of the kernels: weights and synapses once, state, and the tables of numbers that
 * kernels/lif.assembly.ts runs through in each timestep. Lists of inputs that several gathers read alike are one.
 */

import type { PlainEmit, SparseGather } from '../../backends/program/program.ts';
import { HOLE } from '../../ir/map.ts';
import type { Link, RouteState } from '../state.ts';
import { type Memory, store } from './memory.ts';
import { at, type LifNetwork, type LifTile, neuronsOf, type Synaptic, synapseBits } from './network.ts';

/** Numbers of 32 bits of an entry of each table, and those that are read here. */
export const ENTRY = { tile: 22, list: 4, source: 3, part: 10, route: 3 } as const;
export const FIELD = {
  tile: { state: 0, events: 9, fired: 14, updated: 15, moved: 16 },
  list: { length: 3 },
  part: { synops: 7, words: 8 },
  route: { messages: 2 },
} as const;

const KINDS = { bytes: 0, shorts: 1, pairs: 2, wide: 3 } as const;
/** Neurons whose numbers stand beside a weight in 32 bits. */
const PAIRED = 2 ** 16;
const RESETS = { hard: 0, soft: 1, none: 2 } as const;
/** Neurons and columns are padded to so many. */
const PADDING = 16;
const NEVER = 2 ** 31 - 1;

const padded = (size: number): number => Math.ceil(size / PADDING) * PADDING;

/** What one gather of a tile takes in with one delay. */
export interface Part {
  readonly tile: LifTile;
  readonly synapses: Synaptic;
  readonly delay: number;
  readonly list: number;
}

export interface LifTables {
  /** Where lifStep looks for the tables. */
  readonly place: number;
  /** Places of the first entries. */
  readonly tiles: number;
  readonly lists: number;
  readonly parts: number;
  readonly routes: number;
  readonly partList: readonly Part[];
  /** Routes that only some neurons take, in the order of the table. */
  readonly someRoutes: readonly RouteState<Synaptic>[];
}

/** A source of a list: the host is the tile after the last one. */
interface Source {
  readonly tile: number;
  readonly positions: Int32Array;
}
interface PartDraft {
  readonly tile: LifTile;
  readonly synapses: Synaptic;
  readonly delay: number;
  readonly sources: Source[];
}

export function layOut(network: LifNetwork, memory: Memory): LifTables {
  const { tiles } = network;
  const partDrafts = draftParts(network);
  const touched = new Set(partDrafts.filter(({ synapses }) => synapses.kind === 'sparse').map(p => p.tile));
  const tileEntries = tiles.flatMap(tile =>
    layOutTile(tile, network.slots[tile.number]!, touched.has(tile), memory),
  );
  const hostEvents = memory.reserve(4 * Math.max(1, network.hostSize));
  const host = new Array<number>(ENTRY.tile).fill(0);
  host[FIELD.tile.events] = hostEvents;
  const lists = createLists(memory);
  const written = new Map<Synaptic, SynapsePlaces>();
  const partList: Part[] = [];
  const partEntries = partDrafts.flatMap(({ tile, synapses, delay, sources }) => {
    const list = lists.find(sources);
    partList.push({ tile, synapses, delay, list });
    const places = written.get(synapses) ?? storeSynapses(synapses, memory);
    written.set(synapses, places);
    const { kind, weights, columns, targets, bits } = places;
    return [kind, list, tile.number, delay, weights, columns, targets, 0, 0, bits];
  });
  const senders = [
    ...tiles.map(({ number, routes }) => ({ number, routes })),
    { number: tiles.length, routes: network.hostRoutes },
  ];
  const some = senders.flatMap(({ number, routes }) =>
    routes.flatMap(route => (route.sends === undefined ? [] : [{ number, route, sends: route.sends }])),
  );
  const routeEntries = some.flatMap(({ number, sends }) => [number, store(memory, sends), 0]);
  const table = (entries: readonly number[]) => store(memory, Int32Array.from(entries));
  const places = {
    tiles: table([...tileEntries, ...host]),
    lists: table(lists.entries()),
    sources: table(lists.sources()),
    parts: table(partEntries),
    routes: table(routeEntries),
  };
  const place = table([
    ...[places.tiles, tiles.length + 1],
    ...[places.lists, lists.entries().length / ENTRY.list],
    ...[places.sources, lists.sources().length / ENTRY.source],
    ...[places.parts, partList.length],
    ...[places.routes, some.length],
  ]);
  return { place, ...places, partList, someRoutes: some.map(({ route }) => route) };
}

function draftParts({ tiles, hostRoutes }: LifNetwork): readonly PartDraft[] {
  const drafts = new Map<Synaptic, PartDraft[]>();
  const add = (from: number, { tile, gather, delay, positions }: Link<Synaptic>, sends?: Uint8Array) => {
    const own = drafts.get(gather) ?? [];
    drafts.set(gather, own);
    const draft = own.find(part => part.delay === delay) ?? { tile, synapses: gather, delay, sources: [] };
    if (!own.includes(draft)) own.push(draft);
    const sent = sends === undefined ? positions : positions.map((p, i) => (sends[i] === 1 ? p : HOLE));
    draft.sources.push({ tile: from, positions: sent });
  };
  for (const { number, routes } of tiles)
    for (const { links, sends } of routes) for (const link of links) add(number, link, sends);
  for (const { links, sends } of hostRoutes) for (const link of links) add(tiles.length, link, sends);
  // By tile and gather, so that the sums of a tile are worked on together.
  return tiles.flatMap(({ gathers }) => gathers.flatMap(gather => drafts.get(gather) ?? []));
}

function layOutTile(tile: LifTile, slots: number, hasSparse: boolean, memory: Memory): readonly number[] {
  const neurons = neuronsOf(tile);
  const { bias, threshold, leak, initial, resetTo, reset } = neurons;
  const size = padded(tile.size);
  const spread = (values: Int32Array, rest: number) => store(memory, spreadOver(values, tile.size, rest));
  const drives = neurons.kind === 'cuba' ? [bias, neurons.currentBias] : [bias];
  const isAlways = Array.from({ length: tile.size }, (_, i) => i).every(i =>
    drives.some(values => at(values, i) !== 0),
  );
  const sums = memory.reserve(4 * size * slots);
  const touched = hasSparse && !isAlways ? memory.reserve(4 * size * slots) : 0;
  const keep = storeKeep(leak, tile.size, memory);
  return [
    spread(initial, 0),
    sums,
    touched,
    spread(bias, 0),
    spread(threshold, NEVER),
    keep,
    spread(resetTo, 0),
    size,
    tile.size,
    memory.reserve(4 * size),
    RESETS[reset],
    slots,
    memory.reserve(4 * slots),
    isAlways ? 1 : 0,
    0,
    0,
    memory.reserve(size / 4),
    tile.program.depth,
    ...layOutCurrent(neurons, tile.size, memory),
  ];
}

/** 0 where the neurons have none. */
function layOutCurrent(neurons: PlainEmit, size: number, memory: Memory): readonly number[] {
  if (neurons.kind === 'lif') return [0, 0, 0, 0];
  const { currentLeak, currentBias, gain } = neurons;
  return [
    memory.reserve(4 * padded(size)),
    storeKeep(currentLeak, size, memory),
    store(memory, spreadOver(currentBias, size, 0)),
    store(
      memory,
      spreadOver(
        gain.map(bits => 2 ** bits),
        size,
        1,
      ),
    ),
  ];
}

/** A number for each neuron, and `rest` for what pads them. */
const spreadOver = (values: Int32Array, size: number, rest: number): Int32Array =>
  Int32Array.from({ length: padded(size) }, (_, i) => (i < size ? at(values, i) : rest));

/** What is left of each neuron's value after a timestep, as a share; 0: all of all. */
const storeKeep = (leak: Int32Array, size: number, memory: Memory): number =>
  leak.every(value => value === 0)
    ? 0
    : store(
        memory,
        Float64Array.from(spreadOver(leak, size, 0), parts => (4096 - parts) / 4096),
      );

interface SynapsePlaces {
  readonly kind: number;
  readonly weights: number;
  readonly columns: number;
  readonly targets: number;
  readonly bits: number;
}

function storeSynapses(synapses: Synaptic, memory: Memory): SynapsePlaces {
  if (synapses.kind === 'sparse') {
    const { starts, targets, weights, neurons } = synapses;
    const [columns, bits] = [store(memory, starts), synapseBits(synapses)];
    if (neurons <= PAIRED)
      return { kind: KINDS.pairs, weights: storePairs(synapses, memory), columns, targets: 0, bits };
    const places = { weights: store(memory, weights), targets: store(memory, targets) };
    return { kind: KINDS.wide, ...places, columns, bits };
  }
  const { inputs, channels, data } = synapses;
  const columns = padded(channels);
  const kind = data instanceof Int8Array ? KINDS.bytes : KINDS.shorts;
  const place = memory.reserve(inputs * columns * data.BYTES_PER_ELEMENT);
  const buffer = memory.buffer();
  const rows =
    data instanceof Int8Array
      ? new Int8Array(buffer, place, inputs * columns)
      : new Int16Array(buffer, place, inputs * columns);
  if (columns === channels) rows.set(data);
  else
    for (let i = 0; i < inputs; i++) rows.set(data.subarray(i * channels, (i + 1) * channels), i * columns);
  return { kind, weights: place, columns, targets: 0, bits: 0 };
}

function storePairs({ targets, weights }: SparseGather, memory: Memory): number {
  const place = memory.reserve(4 * targets.length);
  const pairs = new Int32Array(memory.buffer(), place, targets.length);
  for (let s = 0; s < pairs.length; s++) pairs[s] = (targets[s]! << 16) | (weights[s]! & 0xffff);
  return place;
}

/** Lists by what they are made of, each with room for everything that may stand in it. */
function createLists(memory: Memory) {
  const entries: number[] = [];
  const sources: number[] = [];
  const known = new Map<string, number>();
  const positionsAt = new Map<string, number>();
  const sourceOf = ({ tile, positions }: Source): readonly [number, number, number] => {
    const first = positions[0]!;
    if (first !== HOLE && positions.every((p, i) => p === first + i)) return [tile, 0, first];
    const key = Buffer.from(positions.buffer, positions.byteOffset, positions.byteLength).toString('latin1');
    const place = positionsAt.get(key) ?? store(memory, positions);
    positionsAt.set(key, place);
    return [tile, place, 0];
  };
  const find = (own: readonly Source[]): number => {
    const found = own.map(sourceOf);
    const key = found.join(' ');
    const before = known.get(key);
    if (before !== undefined) return before;
    const room = own.reduce((n, { positions }) => n + positions.length, 0);
    const first = sources.length / ENTRY.source;
    sources.push(...found.flat());
    entries.push(first, first + own.length, memory.reserve(4 * room), 0);
    const number = entries.length / ENTRY.list - 1;
    known.set(key, number);
    return number;
  };
  return { find, entries: () => entries, sources: () => sources };
}
