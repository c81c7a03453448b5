/**
 * A target's costs and times in the parts of SANA-FE, in joules and seconds. A neuron costs `update` in every step; what
 * firing adds is paid by the binary neuron that fires. What a descriptor does not know counts 0 and is named.
 */
import { type CostSet, stepEndOf, type Target } from '../../backends/target.ts';

export interface Price {
  readonly energy: number;
  readonly seconds: number;
}

export const FREE: Price = { energy: 0, seconds: 0 };

export interface Prices {
  readonly costSet: string;
  /** Of a neuron in every step. */
  readonly update: Price;
  /** Of one that had input or a potential to work on, on top of it: of plain neurons alone. */
  readonly work: Price;
  /** Of a spike, on top of both. */
  readonly fire: Price;
  /** Of a binary neuron's spike: both together. */
  readonly spike: Price;
  readonly synapse: Price;
  readonly messageOut: Price;
  readonly messageIn: Price;
  readonly hopEastWest: Price;
  readonly hopNorthSouth: Price;
  readonly barrierSeconds: number;
  readonly unknown: readonly string[];
}

type Known = { readonly value: number } | undefined;

export function pricesOf(
  target: Pick<Target, 'timing' | 'topology'>,
  { name, costs }: CostSet,
  routersInUse: readonly number[],
): Prices {
  const { timing } = target;
  const end = stepEndOf(target, routersInUse).ns;
  const unknown: string[] = [];
  const take = (what: string, figure: Known) => {
    if (figure === undefined) unknown.push(what);
    return figure?.value ?? 0;
  };
  const price = (part: string, energy: Known, time: Known): Price => ({
    energy: PJ * take(`energy of ${part}`, energy),
    seconds: NS * take(`time of ${part}`, time),
  });
  const less = (a: Price, b: Price): Price => ({
    energy: a.energy - b.energy,
    seconds: a.seconds - b.seconds,
  });
  const plus = (a: Price, b: Price): Price => ({
    energy: a.energy + b.energy,
    seconds: a.seconds + b.seconds,
  });
  const update = price('updateInactive', costs.updateInactive, timing.updateInactive);
  const active = price('updateActive', costs.updateActive, timing.updateActive);
  const fire = price('spikeOut', costs.spikeOut, timing.spikeOut);
  const messageIn = price('axonIn', costs.axonIn, timing.axonIn);
  return {
    costSet: name,
    update,
    work: less(active, update),
    fire,
    spike: plus(fire, less(active, update)),
    synapse: price('synop', costs.synop, timing.synop),
    messageOut: price('axonOut', costs.axonOut, timing.axonOut),
    messageIn: {
      ...messageIn,
      energy: messageIn.energy + PJ * take('energy of spikeInTile', costs.spikeInTile),
    },
    hopEastWest: price('hopEastWest', costs.hopEastWest, timing.hopEastWest),
    hopNorthSouth: price('hopNorthSouth', costs.hopNorthSouth, timing.hopNorthSouth),
    barrierSeconds: NS * take('time of barrier', end === undefined ? undefined : { value: end }),
    unknown,
  };
}

const PJ = 1e-12;
const NS = 1e-9;
