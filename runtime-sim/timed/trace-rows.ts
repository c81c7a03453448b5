/**
 * Rows of a trace in the columns of SANA-FE: spikes.csv, messages.csv, perf.csv. Times are seconds; those of messages count
 * from the beginning of their timestep.
 */
import type { CostSet } from '../../backends/target.ts';
import { linkTicks, type Mesh } from '../noc/mesh.ts';
import { portsOf } from '../noc/step.ts';
import { TICKS_PER_SECOND } from './costs.ts';
import { routeOf } from './places.ts';
import type { TimedStep } from './run.ts';
import type { Wiring } from './wiring.ts';

export const SPIKE_COLUMNS = ['neuron', 'timestep'] as const;
export const MESSAGE_COLUMNS = [
  ...(['timestep', 'mid', 'src_neuron', 'src_hw', 'dest_hw', 'hops', 'spikes'] as const),
  ...(['send_timestamp', 'received_timestamp', 'processed_timestamp'] as const),
  ...(['generation_delay', 'processing_latency', 'network_delay', 'blocking_delay'] as const),
  ...(['min_hop_delay', 'messages_along_route'] as const),
] as const;
export const PERF_COLUMNS = [
  ...(['timestep', 'fired', 'updated', 'packets', 'hops', 'spikes', 'sim_time'] as const),
  ...(['synapse_energy', 'dendrite_energy', 'soma_energy', 'network_energy', 'total_energy'] as const),
] as const;

export type Row = readonly (string | number)[];

const seconds = (ticks: number): number => ticks / TICKS_PER_SECOND;
const JOULES_PER_PJ = 1e-12;

/** One timestep: counts, time, and energy by the given costs; what they do not price counts as 0. */
export function perfRow({ timestep, total, tally }: TimedStep, { costs }: CostSet): Row {
  const sum = (column: keyof typeof tally.perCore) => tally.perCore[column].reduce((a, b) => a + b, 0);
  const price = (events: number, name: keyof typeof costs) =>
    events * (costs[name]?.value ?? 0) * JOULES_PER_PJ;
  const [updates, active, spikes] = [sum('updates'), sum('active'), sum('spikes')];
  const [packets, synops] = [sum('sent'), sum('synops')];
  const { eastWest, northSouth, chipMessages } = tally.hops;
  const synapse = price(synops, 'synop');
  const soma =
    price(active, 'updateActive') + price(updates - active, 'updateInactive') + price(spikes, 'spikeOut');
  const network =
    price(packets, 'axonOut') +
    price(packets, 'axonIn') +
    price(packets, 'spikeInTile') +
    price(eastWest, 'hopEastWest') +
    price(northSouth, 'hopNorthSouth') +
    price(chipMessages, 'hopBetweenChips');
  const counts = [timestep, spikes, updates, packets, eastWest + northSouth, synops];
  return [...counts, seconds(total), synapse, 0, soma, network, synapse + soma + network];
}

/** Where a message comes from. */
export interface Origin {
  /** Undefined: the host. */
  readonly core: number | undefined;
  readonly neuron: string;
}

export interface MessageRows {
  /** Message `id` of a step, number `mid` of the run, `entry` of the lists; `before`: when the core was free for it. */
  row(
    step: TimedStep,
    about: { readonly id: number; readonly mid: number; readonly entry: number; readonly before: number },
    origin: Origin,
  ): Row;
}

export function createMessageRows(mesh: Mesh, { lists }: Wiring, names: readonly string[]): MessageRows {
  const ports = portsOf(mesh);
  const ways = new Map<string, { readonly ports: readonly number[]; readonly minimum: number }>();
  const wayOf = (from: number, to: number) => {
    const key = `${from} ${to}`;
    const known = ways.get(key);
    if (known !== undefined) return known;
    const path = [...routeOf(mesh, from, to)];
    const between = path
      .slice(0, -1)
      .reduce(
        (sum, port) => sum + linkTicks(mesh, Math.floor(port / ports), (port % ports) - mesh.slots)!.latency,
        0,
      );
    const way = { ports: path, minimum: between + 2 * mesh.ticks.local };
    ways.set(key, way);
    return way;
  };
  return {
    row(step, { id, mid, entry, before }, { core, neuron }) {
      const { ready, entered, arrived, processed } = step.times.messages!;
      const target = lists.target[entry]!;
      const way = core === undefined ? { ports: [], minimum: 0 } : wayOf(core, target);
      const sent = core === undefined ? 0 : entered[id]!;
      const wanted = core === undefined ? 0 : ready[id]!;
      const received = core === undefined ? 0 : arrived[id]!;
      const busiest = way.ports.reduce((n, port) => Math.max(n, step.times.perLink.messages[port]!), 0);
      return [
        ...[step.timestep, mid, neuron, core === undefined ? 'host' : names[core]!, names[target]!],
        ...[Math.max(0, way.ports.length - 1), lists.synops[entry]!],
        ...[seconds(sent), seconds(received), seconds(processed[id]!)],
        ...[seconds(wanted - before), seconds(lists.service[entry]!), seconds(received - sent)],
        ...[seconds(sent - wanted), seconds(way.minimum), busiest],
      ];
    },
  };
}
