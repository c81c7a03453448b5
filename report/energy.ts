/**
 * Energy of an image: dynamic, as a band over cost sets, by part, layer and core; what passes with time, apart; and the
 * same network as an 8-bit one on the same cores beside it. Every formula: docs/energy.md.
 */
import type { Target } from '../backends/target.ts';
import { type ChipEnergy, energyOf, type Priced, type Span, standingEnergy } from '../runtime-sim/energy.ts';
import { sumEvents, type TileEvents, totalEvents } from '../runtime-sim/tile-events.ts';

/** What an image makes every tile do, and what it would do as an ordinary network. */
export interface Tallied {
  readonly tiles: TileEvents;
  readonly dense: TileEvents;
}

/** Timed: from events in time; bound: from the least that a step can take. */
export interface SpanReport {
  readonly source: 'bound' | 'timed';
  /** One image by itself, and from one to the next in a stream. */
  readonly alone: Span;
  readonly stream: Span;
}

export interface EnergyReport extends ChipEnergy {
  readonly standing: { readonly alone: Priced; readonly stream: Priced };
  /** The same network with 8-bit multiply-accumulates: every neuron sends once. */
  readonly ann: Priced;
  /** Dynamic energy ÷ that of the 8-bit network; null where a synop has no price. */
  readonly ratio: { readonly low: number; readonly high: number } | null;
}

export interface LayerEnergy {
  readonly name: string;
  readonly costSet: string;
  readonly totalPj: number;
  readonly highPj: number;
  readonly annPj: number;
}

/** Of every core, in the order of the manifest. */
export interface CoreEnergies {
  readonly costSet: string;
  readonly totalPj: readonly number[];
  readonly highPj: readonly number[];
  readonly annPj: readonly number[];
}

export interface Energies {
  readonly energy: readonly EnergyReport[];
  readonly energySpan: SpanReport;
  readonly energyLayers: readonly LayerEnergy[];
  readonly energyCores: readonly CoreEnergies[];
}

export function energiesOf(
  { tiles, dense }: Tallied,
  span: SpanReport,
  { costSets, timing }: Pick<Target, 'costSets' | 'timing'>,
  populations: readonly string[],
  cores: number,
): Energies {
  const isClocked = timing.tick !== undefined;
  const [own, other] = [totalEvents(tiles.events), totalEvents(dense.events)];
  const byLayer = (side: TileEvents) => sumEvents(side.events, side.population, populations.length);
  const byCore = (side: TileEvents) => sumEvents(side.events, side.core, cores);
  const [layers, denseLayers] = [byLayer(tiles), byLayer(dense)];
  const [ofCores, denseCores] = [byCore(tiles), byCore(dense)];
  return {
    energySpan: span,
    energy: costSets.map(set => {
      const energy = energyOf(own, set);
      const { parts, totalPj, unknown } = energyOf(other, set, true);
      const isComparable = set.costs.synop !== undefined && totalPj > 0;
      const ratio = !isComparable ? null : { low: energy.totalPj / totalPj, high: energy.highPj / totalPj };
      const standing = {
        alone: standingEnergy(span.alone, set, isClocked),
        stream: standingEnergy(span.stream, set, isClocked),
      };
      return { ...energy, standing, ann: { parts, totalPj, unknown }, ratio };
    }),
    energyLayers: costSets.flatMap(set =>
      layers.map((events, i) => ({
        name: populations[i]!,
        costSet: set.name,
        ...pick(energyOf(events, set)),
        annPj: energyOf(denseLayers[i]!, set, true).totalPj,
      })),
    ),
    energyCores: costSets.map(set => {
      const energies = ofCores.map(events => energyOf(events, set));
      return {
        costSet: set.name,
        totalPj: energies.map(e => e.totalPj),
        highPj: energies.map(e => e.highPj),
        annPj: denseCores.map(events => energyOf(events, set, true).totalPj),
      };
    }),
  };
}

const pick = ({ totalPj, highPj }: ChipEnergy) => ({ totalPj, highPj });

/** From the cheapest reading to the dearest, over all cost sets that price anything; null where none does. */
export function bandOf(
  energies: readonly Pick<ChipEnergy, 'parts' | 'totalPj' | 'highPj'>[],
): { readonly low: number; readonly high: number } | null {
  const priced = energies.filter(isPriced);
  if (priced.length === 0) return null;
  return { low: Math.min(...priced.map(e => e.totalPj)), high: Math.max(...priced.map(e => e.highPj)) };
}

export const isPriced = ({ parts }: Pick<ChipEnergy, 'parts'>): boolean => Object.keys(parts).length > 0;
