/**
 * A free-running chip, event by event: slow, obviously right. In each timestep every neuron takes its turn (program.ts,
 * LifProgram, CubaProgram), in the order of the cores and their tiles; then every message is followed to its synapses. What is sent at k
 * is added to the sums of k + 1 + delay.
 *
 * Source  the rule of SANA-FE's leaky_integrate_fire, in whole numbers (docs/rationale/plain-neurons.md)
 * Cost    one addition of doubles, which hold whole numbers, a synop
 */
import type { ChipProgram } from '../../backends/program/program.ts';
import { HOLE } from '../../ir/map.ts';
import type { RouteState } from '../state.ts';
import { addEvents, clearEvents, createEvents } from './events.ts';
import type { HostSpikes, LifMachine, LifObserver } from './machine.ts';
import { at, eachSynapse, type LifTile, neuronsOf, readNetwork, type Synaptic, wordsOf } from './network.ts';

interface TileNow {
  readonly tile: LifTile;
  readonly potential: Float64Array;
  /** Of neurons that have one. */
  readonly current: Float64Array;
  /** What arrives, by timestep modulo their number; and whether anything did. */
  readonly sums: readonly Float64Array[];
  readonly isReached: readonly Uint8Array[];
  readonly isUpdated: Uint8Array;
  fired: readonly number[];
}

/** Errors: those of readNetwork */
export function createLifReference(programs: readonly ChipProgram[]): LifMachine {
  const network = readNetwork(programs);
  const tiles = network.tiles.map((tile): TileNow => {
    const { initial } = neuronsOf(tile);
    const slots = Array.from({ length: network.slots[tile.number]! });
    return {
      tile,
      potential: Float64Array.from({ length: tile.size }, (_, i) => at(initial, i)),
      current: new Float64Array(tile.size),
      sums: slots.map(() => new Float64Array(tile.size)),
      isReached: slots.map(() => new Uint8Array(tile.size)),
      isUpdated: new Uint8Array(tile.size),
      fired: [],
    };
  });
  const events = createEvents(network.cores.length);
  const totals = createEvents(network.cores.length);
  let now = 0;

  /** What is added to a potential: the sum, or the current that it goes into. */
  function takeIn({ tile, current }: TileNow, i: number, sum: number): number {
    const neurons = neuronsOf(tile);
    const input = within(sum, network.sumTop);
    if (neurons.kind === 'lif') return input;
    const held = now > tile.program.depth ? keep(current[i]!, at(neurons.currentLeak, i)) : current[i]!;
    const more = input * 2 ** at(neurons.gain, i) + at(neurons.currentBias, i);
    current[i] = within(held + more, network.stateTop) + 0;
    return current[i]!;
  }

  function takeTurn(own: TileNow, i: number): boolean {
    const { tile, potential, current, sums, isReached, isUpdated } = own;
    const neurons = neuronsOf(tile);
    const [sum, reached] = [sums[now % sums.length]!, isReached[now % sums.length]!];
    const [arrived, wasReached] = [sum[i]!, reached[i] === 1];
    sum[i] = 0;
    reached[i] = 0;
    isUpdated[i] = 0;
    if (now < tile.program.depth) return false;
    const bias = at(neurons.bias, i);
    const threshold = at(neurons.threshold, i);
    const isDriven = bias !== 0 || (neurons.kind === 'cuba' && at(neurons.currentBias, i) !== 0);
    const isAwake = potential[i] !== 0 || current[i] !== 0 || isDriven || wasReached;
    let v = potential[i]!;
    if (now > tile.program.depth) v = keep(v, at(neurons.leak, i));
    v = within(v + takeIn(own, i, arrived) + bias, network.stateTop);
    const isFiring = v > threshold;
    isUpdated[i] = isAwake || isFiring ? 1 : 0;
    events.updated[tile.core.number]! += isUpdated[i]!;
    if (isFiring && neurons.reset === 'hard') v = at(neurons.resetTo, i);
    if (isFiring && neurons.reset === 'soft') v = within(v - threshold, network.stateTop);
    // −0 is 0.
    potential[i] = v + 0;
    return isFiring;
  }

  function send(route: RouteState<Synaptic>, neuron: number, from: number | undefined): void {
    if (route.sends?.[neuron] === 0) return;
    const to = route.core.number;
    events.messagesIn[to]! += 1;
    if (from !== undefined) {
      events.messagesOut[from]! += 1;
      events.hopsEastWest[from]! += route.hopsEastWest;
      events.hopsNorthSouth[from]! += route.hopsNorthSouth;
      events.chipMessages[from]! += route.crossesChips ? 1 : 0;
    }
    for (const { tile, gather, delay, positions } of route.links) {
      const input = positions[neuron]!;
      if (input === HOLE) continue;
      events.words[to]! += wordsOf(gather, input);
      const { sums, isReached } = tiles[tile.number]!;
      const slot = (now + 1 + delay) % sums.length;
      eachSynapse(gather, input, (target, weight) => {
        sums[slot]![target]! += weight;
        isReached[slot]![target] = 1;
        events.synops[to]! += 1;
      });
    }
  }

  function run(steps: number, observe?: LifObserver, host?: HostSpikes): void {
    for (const end = now + steps; now < end; now++) {
      clearEvents(events);
      for (const own of tiles) {
        own.fired = Array.from(own.potential.keys()).filter(i => takeTurn(own, i));
        events.fired[own.tile.core.number]! += own.fired.length;
      }
      for (const { tile, fired } of tiles) {
        for (const neuron of fired) for (const route of tile.routes) send(route, neuron, tile.core.number);
      }
      const sent = host?.(now) ?? NOBODY;
      for (const element of sent) for (const route of network.hostRoutes) send(route, element, undefined);
      addEvents(totals, events);
      const updated = (tile: number) => allOr(tiles[tile]!.isUpdated);
      observe?.({ step: now, events, fired: listFired(tiles), updated, host: sent });
    }
  }

  return {
    network,
    totals,
    run,
    get steps() {
      return now;
    },
    potentials: tile => Int32Array.from(tiles[tile]!.potential),
  };
}

const NOBODY = new Int32Array(0);

const allOr = (updated: Uint8Array): Uint8Array | undefined =>
  updated.every(is => is === 1) ? undefined : updated;

const keep = (x: number, leak: number): number => Math.trunc((x * (4096 - leak)) / 4096);
const within = (x: number, top: number): number => Math.min(Math.max(x, -top), top);

function listFired(tiles: readonly TileNow[]) {
  const starts = new Int32Array(tiles.length + 1);
  tiles.forEach(({ fired }, t) => {
    starts[t + 1] = starts[t]! + fired.length;
  });
  return { starts, neurons: Int32Array.from(tiles.flatMap(({ fired }) => fired)) };
}
