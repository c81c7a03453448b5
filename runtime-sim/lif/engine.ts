/**
 * A free-running chip on WebAssembly kernels: weights stand once in their memory, spikes go as lists of events, and whatever
 * is counted comes from how many stood in each list, times what is known of the tables. Equal to reference.ts bit for bit.
 *
 * Errors  those of readNetwork; E0714 where the network does not fit the memory of the kernels
 * Cost    a byte a synapse of a block, 4 where they stand by themselves
 */
import type { ChipProgram } from '../../backends/program/program.ts';
import { defect } from '../../ir/diagnostics/diagnostic.ts';
import type { RouteState } from '../state.ts';
import { addEvents, type CoreEvents, clearEvents, createEvents } from './events.ts';
import type { HostSpikes, LifMachine, LifObserver } from './machine.ts';
import { createMemory, type Memory } from './memory.ts';
import { type LifNetwork, readNetwork, type Synaptic, wordsOf } from './network.ts';
import { createLifReference } from './reference.ts';
import { ENTRY, FIELD, type LifTables, layOut } from './tables.ts';

/** Kernels write and read by these numbers without looking. */
function checkSpikes(spikes: Int32Array, hostSize: number): void {
  if (spikes.length > hostSize) defect(`${spikes.length} spikes of a host of ${hostSize} elements`);
  const wrong = spikes.find(element => element < 0 || element >= hostSize);
  if (wrong !== undefined) defect(`a spike of element ${wrong} of ${hostSize}`);
}

const NOBODY = new Int32Array(0);

/** Timesteps of one machine: kernels count them in 32 bits, with room for delays. */
const MAX_STEPS = 2 ** 30;

export function createLifMachine(programs: readonly ChipProgram[]): LifMachine {
  const memory = createMemory();
  if (memory === undefined) return createLifReference(programs);
  return createEngine(readNetwork(programs), memory);
}

function createEngine(network: LifNetwork, memory: Memory): LifMachine {
  const tables = layOut(network, memory);
  const i32 = new Int32Array(memory.buffer());
  const u8 = new Uint8Array(memory.buffer());
  const tally = createTally(network, tables, i32);
  const { cores, tiles, sumTop, stateTop } = network;
  const hostEntry = tables.tiles / 4 + tiles.length * ENTRY.tile;
  const events = createEvents(cores.length);
  const totals = createEvents(cores.length);
  const starts = new Int32Array(tiles.length + 1);
  const fired = new Int32Array(tiles.reduce((n, { size }) => n + size, 0));
  const isUpdated = new Uint8Array(tiles.reduce((most, { size }) => Math.max(most, size), 0));
  let now = 0;

  function placeHost(spikes: Int32Array): void {
    checkSpikes(spikes, network.hostSize);
    i32[hostEntry + FIELD.tile.fired] = spikes.length;
    i32.set(spikes, i32[hostEntry + FIELD.tile.events]! >>> 2);
  }

  /** A bit of a byte each. */
  function updated(tile: number): Uint8Array | undefined {
    const entry = tables.tiles / 4 + tile * ENTRY.tile;
    const { size } = tiles[tile]!;
    if (i32[entry + FIELD.tile.updated] === size) return undefined;
    const from = i32[entry + FIELD.tile.moved]! >>> 0;
    for (let i = 0; i < size; i++) isUpdated[i] = (u8[from + (i >> 2)]! >> (i & 3)) & 1;
    return isUpdated.subarray(0, size);
  }

  /** In the order of the tiles. */
  function listFired(): void {
    let to = 0;
    for (let t = 0; t < tiles.length; t++) {
      const entry = tables.tiles / 4 + t * ENTRY.tile;
      const from = i32[entry + FIELD.tile.events]! >>> 2;
      const count = i32[entry + FIELD.tile.fired]!;
      for (let i = 0; i < count; i++) fired[to + i] = i32[from + i]!;
      to += count;
      starts[t + 1] = to;
    }
  }

  function run(steps: number, observe?: LifObserver, host?: HostSpikes): void {
    if (now + steps > MAX_STEPS) defect(`${now + steps} timesteps of one machine`);
    for (const end = now + steps; now < end; now++) {
      const sent = host?.(now) ?? NOBODY;
      placeHost(sent);
      memory.lifStep(tables.place, now, sumTop, stateTop);
      tally(events);
      addEvents(totals, events);
      if (observe === undefined) continue;
      listFired();
      const neurons = fired.subarray(0, starts[tiles.length]);
      observe({ step: now, events, fired: { starts, neurons }, updated, host: sent });
    }
  }

  return {
    network,
    totals,
    run,
    get steps() {
      return now;
    },
    potentials(tile) {
      const from = i32[tables.tiles / 4 + tile * ENTRY.tile + FIELD.tile.state]! >>> 2;
      return i32.slice(from, from + tiles[tile]!.size);
    },
  };
}

/** Counts of a step per core, from the numbers that the kernels left in their tables. */
function createTally(network: LifNetwork, tables: LifTables, i32: Int32Array): (events: CoreEvents) => void {
  const { tiles } = network;
  const tileCore = Int32Array.from(tiles, ({ core }) => core.number);
  const routes = flattenRoutes(network, tables);
  const parts = tables.partList;
  const partCore = Int32Array.from(parts, ({ tile }) => tile.core.number);
  const partList = Int32Array.from(parts, ({ list }) => list);
  // Of an input of a block; 0 where the kernel counts synapse by synapse.
  const fan = Float64Array.from(parts, ({ synapses: s }) => (s.kind === 'dense' ? s.channels : 0));
  const words = Float64Array.from(parts, ({ synapses: s }) => (s.kind === 'dense' ? wordsOf(s, 0) : 0));
  const [tileAt, listAt, partAt] = [tables.tiles / 4, tables.lists / 4, tables.parts / 4];
  return events => {
    clearEvents(events);
    for (let t = 0; t < tileCore.length; t++) {
      const entry = tileAt + t * ENTRY.tile;
      events.updated[tileCore[t]!]! += i32[entry + FIELD.tile.updated]!;
      events.fired[tileCore[t]!]! += i32[entry + FIELD.tile.fired]!;
    }
    for (let r = 0; r < routes.count.length; r++) {
      const messages = i32[routes.count[r]!]!;
      if (messages === 0) continue;
      events.messagesIn[routes.to[r]!]! += messages;
      const from = routes.from[r]!;
      if (from < 0) continue;
      events.messagesOut[from]! += messages;
      events.hopsEastWest[from]! += messages * routes.eastWest[r]!;
      events.hopsNorthSouth[from]! += messages * routes.northSouth[r]!;
      events.chipMessages[from]! += messages * routes.crosses[r]!;
    }
    for (let p = 0; p < partCore.length; p++) {
      const inputs = i32[listAt + partList[p]! * ENTRY.list + FIELD.list.length]!;
      if (inputs === 0) continue;
      const entry = partAt + p * ENTRY.part;
      events.synops[partCore[p]!]! += inputs * fan[p]! + i32[entry + FIELD.part.synops]!;
      events.words[partCore[p]!]! += inputs * words[p]! + i32[entry + FIELD.part.words]!;
    }
  };
}

/** Routes side by side; `count`: where the number of messages stands. */
function flattenRoutes({ tiles, hostRoutes }: LifNetwork, tables: LifTables) {
  const someAt = new Map(tables.someRoutes.map((route, i) => [route, i]));
  const firedAt = (tile: number) => tables.tiles / 4 + tile * ENTRY.tile + FIELD.tile.fired;
  const countAt = (route: RouteState<Synaptic>, tile: number) => {
    const some = someAt.get(route);
    if (some === undefined) return firedAt(tile);
    return tables.routes / 4 + some * ENTRY.route + FIELD.route.messages;
  };
  const all = [
    ...tiles.flatMap(({ number, core, routes }) =>
      routes.map(route => ({ route, from: core.number, count: countAt(route, number) })),
    ),
    ...hostRoutes.map(route => ({ route, from: -1, count: countAt(route, tiles.length) })),
  ];
  return {
    count: Int32Array.from(all, ({ count }) => count),
    from: Int32Array.from(all, ({ from }) => from),
    to: Int32Array.from(all, ({ route }) => route.core.number),
    eastWest: Float64Array.from(all, ({ route }) => route.hopsEastWest),
    northSouth: Float64Array.from(all, ({ route }) => route.hopsNorthSouth),
    crosses: Uint8Array.from(all, ({ route }) => (route.crossesChips ? 1 : 0)),
  };
}
