/**
 * Chip energy of an image: exact counts × the costs of a descriptor's cost set. A cost that nobody has published
 * is listed as unknown and left out, never taken as zero silently.
 */
import type { CostSet } from '../backends/target.ts';
import { addCounts, createTileCounts, type MachineCounts, type TileCounts } from './counts.ts';

export interface ChipEnergy {
  readonly costSet: string;
  /** pJ per image, by part. */
  readonly parts: Readonly<Record<string, number>>;
  readonly totalPj: number;
  readonly unknown: readonly string[];
}

export function chipEnergy(counts: MachineCounts, set: CostSet, isClocked = false): ChipEnergy {
  const sum = createTileCounts();
  for (const tile of counts.tiles) addCounts(sum, tile);
  const images = Math.max(1, counts.images);
  const perImage = Object.entries(sum).map(([event, n]) => [event, n / images]);
  return energyOf(Object.fromEntries(perImage) as TileCounts, set, isClocked);
}

/** What is priced. */
export type PricedEvents = Pick<
  TileCounts,
  'synops' | 'active' | 'updates' | 'spikes' | 'messages' | 'hopsEastWest' | 'hopsNorthSouth' | 'chipMessages'
>;

/** The energy of an image's events, counted or expected. A clocked chip has no barrier to pay for. */
export function energyOf(sum: PricedEvents, { name, costs }: CostSet, isClocked: boolean): ChipEnergy {
  const unknown: string[] = [];
  const priced: readonly (readonly [string, number, { readonly value: number } | undefined, string])[] = [
    ['synapse', sum.synops, costs.synop, 'synop'],
    ['neuron active', sum.active, costs.updateActive, 'updateActive'],
    ['neuron inactive', sum.updates - sum.active, costs.updateInactive, 'updateInactive'],
    ['spike out', sum.spikes, costs.spikeOut, 'spikeOut'],
    ['axon out', sum.messages, costs.axonOut, 'axonOut'],
    ['axon in', sum.messages, costs.axonIn, 'axonIn'],
    ['router', sum.messages, costs.spikeInTile, 'spikeInTile'],
    ['hop east-west', sum.hopsEastWest, costs.hopEastWest, 'hopEastWest'],
    ['hop north-south', sum.hopsNorthSouth, costs.hopNorthSouth, 'hopNorthSouth'],
    ['between chips', sum.chipMessages, costs.hopBetweenChips, 'hopBetweenChips'],
  ];
  const parts: Record<string, number> = {};
  for (const [part, count, figure, cost] of priced) {
    if (figure !== undefined) parts[part] = count * figure.value;
    else if (count > 0) unknown.push(cost);
  }
  if (costs.barrier === undefined && !isClocked) unknown.push('barrier');
  return { costSet: name, parts, totalPj: Object.values(parts).reduce((a, b) => a + b, 0), unknown };
}
