/**
 * What SANA-FE must count, step by step, computed from the spikes and tables alone: its energy is counts × costs, its
 * `simple` time that of the busiest core – of the neurons that it updates and the messages that it sends, or of the
 * messages that it works off – and the barrier.
 */

import { boxSizes } from '../../runtime-sim/state.ts';
import type { Board } from './board.ts';
import { PARTS } from './free-run.ts';
import type { Plan } from './plan.ts';
import { FREE, type Prices } from './prices.ts';
import { eachSynapse, sumFraction } from './synapses.ts';

export interface Expected {
  /** By timestep, the first one at index 0. */
  readonly fired: Float64Array;
  readonly packets: Float64Array;
  readonly hops: Float64Array;
  readonly synops: Float64Array;
  readonly synapseEnergy: Float64Array;
  readonly somaEnergy: Float64Array;
  readonly networkEnergy: Float64Array;
  readonly seconds: Float64Array;
}

/** Neurons of a core that cost something in every step, by core number. */
function updatesOf({ tiles }: Plan, isStreaming: boolean): ReadonlyMap<number, number> {
  const updates = new Map<number, number>();
  for (const { core, program, size } of tiles) {
    const rows = isStreaming ? boxSizes(program.box)[1] : 1;
    updates.set(core.number, (updates.get(core.number) ?? 0) + size / rows);
  }
  return updates;
}

export function expectedOf(plan: Plan, board: Board, prices: Prices, isStreaming: boolean): Expected {
  const { timesteps, sources } = plan;
  const zeros = () => new Float64Array(timesteps);
  const counts = { fired: zeros(), packets: zeros(), synops: zeros() };
  const hops = { eastWest: zeros(), northSouth: zeros() };
  const paid = zeros();
  const perCore = () => new Map([...board.seats.keys()].map(core => [core, zeros()]));
  const sending = perCore();
  const working = perCore();
  for (const { kind, core, senders, feeds } of sources) {
    const from = board.seats.get(core)!;
    const { energy, seconds } = kind === 'host' ? FREE : kind === 'neurons' ? prices.fire : prices.spike;
    const busy = sending.get(core)!;
    eachSpike(senders, now => {
      counts.fired[now]! += 1;
      busy[now]! += seconds;
      paid[now]! += energy;
    });
    for (const feed of feeds) {
      const to = board.seats.get(feed.core)!;
      const across = Math.abs(to.x - from.x);
      const along = Math.abs(to.y - from.y);
      const work = working.get(feed.core)!;
      eachSpike(senders, (now, b) => {
        const fan = feed.fan[b]!;
        if (fan === 0) return;
        counts.packets[now]! += 1;
        counts.synops[now]! += fan;
        hops.eastWest[now]! += across;
        hops.northSouth[now]! += along;
        busy[now]! += prices.messageOut.seconds;
        work[now]! += prices.messageIn.seconds + fan * prices.synapse.seconds;
      });
    }
  }
  for (const { number, core } of plan.free === undefined ? [] : plan.tiles) {
    plan.free!.updated[number]!.forEach((n, now) => {
      paid[now]! += n * prices.work.energy;
      sending.get(core.number)![now]! += n * prices.work.seconds;
    });
  }
  const updates = updatesOf(plan, isStreaming);
  const allUpdates = [...updates.values()].reduce((a, b) => a + b, 0);
  const perMessage = prices.messageOut.energy + prices.messageIn.energy;
  return {
    ...counts,
    hops: hops.eastWest.map((n, now) => n + hops.northSouth[now]!),
    synapseEnergy: counts.synops.map(n => n * prices.synapse.energy),
    somaEnergy: paid.map(energy => energy + allUpdates * prices.update.energy),
    networkEnergy: counts.packets.map(
      (n, now) =>
        n * perMessage +
        hops.eastWest[now]! * prices.hopEastWest.energy +
        hops.northSouth[now]! * prices.hopNorthSouth.energy,
    ),
    seconds: zeros().map((_, now) => {
      const longest = [...board.seats.keys()].reduce((most, core) => {
        const update = (updates.get(core) ?? 0) * prices.update.seconds;
        return Math.max(most, update + sending.get(core)![now]!, working.get(core)![now]!);
      }, 0);
      return longest + prices.barrierSeconds;
    }),
  };
}

function eachSpike(
  { starts, times }: Plan['sources'][number]['senders'],
  visit: (now: number, binary: number) => void,
): void {
  for (let b = 0; b + 1 < starts.length; b++)
    for (let i = starts[b]!; i < starts[b + 1]!; i++) visit(times[i]!, b);
}

/**
 * What has arrived at every neuron when all is over, by tile of the plan, in units of 2^−fractions; of plain neurons their
 * potentials.
 */
export function sumsOf({ sources, tiles, free }: Plan): ReadonlyMap<number, Float64Array> {
  if (free !== undefined)
    return new Map(
      tiles.map(({ number }) => [number, Float64Array.from(free.potentials[number]!, v => v / PARTS)]),
    );
  const sums = new Map(tiles.map(tile => [tile.number, new Float64Array(tile.size)]));
  for (const { senders, feeds } of sources) {
    for (const axon of feeds.flatMap(feed => feed.axons)) {
      const [, , channels] = boxSizes(axon.tile.program.box);
      const into = sums.get(axon.tile.number)!;
      senders.neuron.forEach((neuron, b) => {
        const sent = senders.payload[b]! * (senders.starts[b + 1]! - senders.starts[b]!);
        eachSynapse(axon, neuron, (line, channel, weight) => {
          into[line * channels + channel]! += sent * weight;
        });
      });
    }
  }
  return sums;
}

/** Fraction bits of the sums of each channel of a tile. */
export const fractionsOf = (tile: Plan['tiles'][number]): readonly number[] =>
  Array.from({ length: boxSizes(tile.program.box)[2] }, (_, c) => sumFraction(tile, c));
