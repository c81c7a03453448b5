/** Messages between cores in a step: what every source tile sends to each core that reads it, times its rate. */
import type { ValueId } from '../../ir/dialect.ts';
import { createArrivals, sentBy, type Wiring } from './arrivals.ts';
import { HOST } from './feeds.ts';
import { createUnions } from './sent.ts';

/** By destination core: core i hears from[begins[i]] … from[begins[i + 1]], ascending, never from itself or the host. */
export interface Traffic {
  readonly begins: Int32Array;
  readonly from: Int32Array;
  readonly messages: Float64Array;
}

/**
 * `rates`: share of a population's neurons that send in a step; 1 where unknown.
 * Cost: linear in the connections of all cores
 */
export function trafficOf(wiring: Wiring, rates: ReadonlyMap<ValueId, number>): Traffic {
  const { tiling, populationOf, coreOf, cores } = wiring;
  const arrive = createArrivals(wiring);
  const unions = createUnions();
  const rateOf = Float64Array.from(tiling.populations, ({ id }) => rates.get(id) ?? 1);
  const begins = new Int32Array(cores + 1);
  const from: number[] = [];
  const messages: number[] = [];
  const sums = new Float64Array(cores);
  const met = new Int32Array(cores).fill(-1);
  for (let core = 0; core < cores; core++) {
    const arrivals = arrive(core);
    const senders: number[] = [];
    arrivals.sources.forEach((source, i) => {
      if (source === HOST || coreOf[source] === core) return;
      const sender = coreOf[source]!;
      if (met[sender] !== core) {
        met[sender] = core;
        sums[sender] = 0;
        senders.push(sender);
      }
      const { count } = sentBy(arrivals, arrivals.begins[i]!, arrivals.begins[i + 1]!, unions);
      sums[sender]! += count * rateOf[populationOf[source]!]!;
    });
    senders.sort((a, b) => a - b);
    for (const sender of senders) {
      from.push(sender);
      messages.push(sums[sender]!);
    }
    begins[core + 1] = begins[core]! + senders.length;
  }
  return { begins, from: Int32Array.from(from), messages: Float64Array.from(messages) };
}
