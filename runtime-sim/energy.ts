/**
 * Chip energy: counted or expected events × the costs of a descriptor's cost set. A cost that nobody has published is
 * listed with the events that it would price, never taken as zero silently; one that another figure includes is known.
 *
 * Units  pJ per image
 */
import type { CostSet } from '../backends/target.ts';

export const PRICED_EVENTS = [
  ...(['synops', 'relayAdds', 'updates', 'active', 'spikes', 'messages'] as const),
  ...(['hopsEastWest', 'hopsNorthSouth', 'chipMessages'] as const),
] as const;
/** What is priced, of a tile, a layer, a core or the chip. */
export type PricedEvents = { readonly [E in (typeof PRICED_EVENTS)[number]]: number } & {
  /** Of updates those that had input or state to work on; absent: nobody counted more than those that fired. */
  readonly worked?: number;
};

export interface Priced {
  readonly parts: Readonly<Record<string, number>>;
  readonly totalPj: number;
  /** Cost → events that it would price. */
  readonly unknown: Readonly<Record<string, number>>;
}

export interface ChipEnergy extends Priced {
  readonly costSet: string;
  /** `totalPj` takes a neuron that did not fire for inactive where nothing more was counted of it; this one for active. */
  readonly highPj: number;
}

type Costs = CostSet['costs'];
type Line = readonly [part: string, events: number, cost: keyof Costs];

/** The energy of an image's events. `isMultiplied`: each synop is a multiply-accumulate of 8 bits. */
export function energyOf(sum: PricedEvents, { name, costs }: CostSet, isMultiplied = false): ChipEnergy {
  const worked = sum.worked ?? sum.active;
  const priced = price(costs, [
    ['synapse', sum.synops, 'synop'],
    ...(isMultiplied ? [['multiplication', sum.synops, 'multiply'] as const] : []),
    // One value joins one sum because of one message: an accumulation whose weight is 1.
    ['relay', sum.relayAdds, 'synop'],
    ['neuron active', worked, 'updateActive'],
    ['neuron inactive', sum.updates - worked, 'updateInactive'],
    ['spike out', sum.spikes, 'spikeOut'],
    ['axon out', sum.messages, 'axonOut'],
    ['axon in', sum.messages, 'axonIn'],
    ['router', sum.messages, 'spikeInTile'],
    ['hop east-west', sum.hopsEastWest, 'hopEastWest'],
    ['hop north-south', sum.hopsNorthSouth, 'hopNorthSouth'],
    ['between chips', sum.chipMessages, 'hopBetweenChips'],
  ]);
  const highPj = priced.totalPj + (sum.worked === undefined ? unsure(sum, costs) : 0);
  return { costSet: name, ...priced, highPj };
}

/** How much more it is if every neuron that did not fire had something to work on. */
function unsure({ updates, active }: PricedEvents, { updateActive, updateInactive }: Costs): number {
  if (updateActive === undefined || updateInactive === undefined) return 0;
  return Math.max(0, (updates - active) * (updateActive.value - updateInactive.value));
}

/** What passes while an image is worked on. */
export interface Span {
  readonly chips: number;
  readonly steps: number;
  readonly seconds: number;
}

const PJ_PER_MW_SECOND = 1e9;

/** What chips take because time passes, whatever they do in it. A clocked chip has no barrier to pay for. */
export function standingEnergy(
  { chips, steps, seconds }: Span,
  { costs }: CostSet,
  isClocked: boolean,
): Priced {
  const span = chips * seconds * PJ_PER_MW_SECOND;
  return price(costs, [
    ['static', span, 'staticPower'],
    ['host', span, 'hostPower'],
    ['barrier', isClocked ? 0 : chips * steps, 'barrier'],
  ]);
}

function price(costs: Costs, lines: readonly Line[]): Priced {
  const included = new Set(Object.values(costs).flatMap(figure => figure?.includes ?? []));
  const parts: Record<string, number> = {};
  const unknown: Record<string, number> = {};
  for (const [part, events, cost] of lines) {
    const figure = costs[cost];
    if (figure !== undefined) parts[part] = events * figure.value;
    else if (events > 0 && !included.has(cost)) unknown[cost] = (unknown[cost] ?? 0) + events;
  }
  return { parts, totalPj: Object.values(parts).reduce((a, b) => a + b, 0), unknown };
}
