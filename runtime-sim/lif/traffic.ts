/**
 * What a timestep of plain neurons asks of the network between cores: each core takes its neurons in order, and those that
 * fire send.
 *
 * Cost  once: linear in neurons and routes; a timestep: linear in who fires, and in neurons where some rest
 */
import type { Fanouts, StepTraffic } from '../noc/traffic.ts';
import type { RouteState } from '../state.ts';
import type { EventTimes } from './costs.ts';
import type { LifStep } from './machine.ts';
import { fanOf, type LifNetwork, type Synaptic } from './network.ts';

export interface LifTraffic {
  readonly fanouts: Fanouts;
  /** Written over by the next one. */
  make(step: LifStep): StepTraffic;
}

const NO_LIST = -1;

/** `ticks`: costs of events. */
export function createLifTraffic(
  network: LifNetwork,
  ticks: Pick<EventTimes, 'neuron' | 'update' | 'fire' | 'axonIn' | 'synop'>,
): LifTraffic {
  const { tiles, cores, hostRoutes, hostSize } = network;
  const lists = createLists(ticks);
  const listsOf = (routes: readonly RouteState<Synaptic>[], size: number) =>
    Int32Array.from({ length: size }, (_, neuron) => lists.find(routes, neuron));
  const tileLists = tiles.map(({ routes, size }) => listsOf(routes, size));
  const hostLists = listsOf(hostRoutes, hostSize);
  const fanouts = lists.finish();
  const most = tiles.reduce((n, { size }) => n + size, 0);
  const starts = new Int32Array(cores.length + 1);
  const tail = new Float64Array(cores.length);
  const gap = new Float64Array(most);
  const fanout = new Int32Array(most);
  const tileStarts = firstTiles(network);

  /** Of one tile, after `waited` ticks of its core. Returns the ticks behind its last send. */
  function addTile(
    tile: number,
    { fired, updated }: LifStep,
    waited: number,
    sends: { count: number },
  ): number {
    const own = tileLists[tile]!;
    const isUpdated = updated(tile);
    let rest = waited;
    let next = 0;
    const pass = (end: number) => {
      if (isUpdated === undefined) rest += (end - next) * (ticks.neuron + ticks.update);
      else for (let i = next; i < end; i++) rest += ticks.neuron + isUpdated[i]! * ticks.update;
      next = end;
    };
    for (let i = fired.starts[tile]!; i < fired.starts[tile + 1]!; i++) {
      const neuron = fired.neurons[i]!;
      pass(neuron + 1);
      rest += ticks.fire;
      const list = own[neuron]!;
      if (list === NO_LIST) continue;
      gap[sends.count] = rest;
      fanout[sends.count++] = list;
      rest = 0;
    }
    pass(own.length);
    return rest;
  }

  return {
    fanouts,
    make(step) {
      const sends = { count: 0 };
      for (let core = 0; core < cores.length; core++) {
        starts[core] = sends.count;
        let rest = 0;
        for (let tile = tileStarts[core]!; tile < tileStarts[core + 1]!; tile++)
          rest = addTile(tile, step, rest, sends);
        tail[core] = rest;
      }
      starts[cores.length] = sends.count;
      const host = step.host.map(element => hostLists[element]!).filter(list => list !== NO_LIST);
      return {
        starts,
        gap: gap.subarray(0, sends.count),
        fanout: fanout.subarray(0, sends.count),
        tail,
        host,
      };
    },
  };
}

/** Tiles of core c: from entry c to entry c + 1. */
function firstTiles({ tiles, cores }: LifNetwork): Int32Array {
  const first = new Int32Array(cores.length + 1);
  for (const { core } of tiles) first[core.number + 1]! += 1;
  for (let core = 0; core < cores.length; core++) first[core + 1]! += first[core]!;
  return first;
}

/** Lists of messages, one for all senders whose messages are alike. */
function createLists({ axonIn, synop }: Pick<EventTimes, 'axonIn' | 'synop'>) {
  const known = new Map<string, number>();
  const starts = [0];
  const target: number[] = [];
  const service: number[] = [];
  const find = (routes: readonly RouteState<Synaptic>[], neuron: number): number => {
    const messages = routes
      .filter(({ sends }) => sends?.[neuron] !== 0)
      .map(
        ({ core, links }) => [core.number, links.reduce((n, link) => n + fanOf(link, neuron), 0)] as const,
      );
    if (messages.length === 0) return NO_LIST;
    const key = messages.join(' ');
    const before = known.get(key);
    if (before !== undefined) return before;
    for (const [core, synops] of messages) {
      target.push(core);
      service.push(axonIn + Math.round(synops * synop));
    }
    starts.push(target.length);
    known.set(key, starts.length - 2);
    return starts.length - 2;
  };
  const finish = (): Fanouts => ({
    starts: Int32Array.from(starts),
    target: Int32Array.from(target),
    service: Float64Array.from(service),
  });
  return { find, finish };
}
