/** Events tile by tile, in columns, and their sums by layer, by core and over all. */
import type { ChipProgram } from '../backends/program/program.ts';
import type { MachineCounts } from './counts.ts';
import { PRICED_EVENTS, type PricedEvents } from './energy.ts';

/** Where every tile belongs, in the order in which a machine numbers them. */
export interface TilePlaces {
  /** Number of its population, as the programs list them. */
  readonly population: ArrayLike<number>;
  /** Number of its core: chip by chip, in the order of each chip's program. */
  readonly core: ArrayLike<number>;
}

/** Per image; one number for each tile. */
export type EventColumns = { readonly [E in (typeof PRICED_EVENTS)[number]]: Float64Array };

export interface TileEvents extends TilePlaces {
  readonly events: EventColumns;
}

export function placesOf(programs: readonly ChipProgram[]): TilePlaces {
  const cores = programs.flatMap(program => program.cores);
  return {
    population: cores.flatMap(core => core.tiles.map(tile => tile.population)),
    core: cores.flatMap((core, number) => core.tiles.map(() => number)),
  };
}

export const columnsOf = (value: (event: (typeof PRICED_EVENTS)[number]) => Float64Array): EventColumns =>
  Object.fromEntries(PRICED_EVENTS.map(event => [event, value(event)])) as EventColumns;

export function tileEventsOf({ images, tiles }: MachineCounts, places: TilePlaces): TileEvents {
  const events = columnsOf(event => Float64Array.from(tiles, tile => tile[event] / Math.max(1, images)));
  return { ...places, events };
}

/** Sums over tiles of one key each: `keys` of them. */
export function sumEvents(
  events: EventColumns,
  keyOf: ArrayLike<number>,
  keys: number,
): readonly PricedEvents[] {
  const sums = columnsOf(() => new Float64Array(keys));
  for (const event of PRICED_EVENTS)
    for (let tile = 0; tile < keyOf.length; tile++) sums[event][keyOf[tile]!]! += events[event][tile]!;
  return Array.from(
    { length: keys },
    (_, key) => Object.fromEntries(PRICED_EVENTS.map(event => [event, sums[event][key]!])) as PricedEvents,
  );
}

export const totalEvents = (events: EventColumns): PricedEvents =>
  Object.fromEntries(
    PRICED_EVENTS.map(event => [event, events[event].reduce((a, b) => a + b, 0)]),
  ) as PricedEvents;
