/** Events tile by tile, in columns, and their sums by layer, by core and over all. */
import type { ChipProgram } from '../backends/program/program.ts';
import { fail } from '../ir/diagnostics/diagnostic.ts';
import type { MachineCounts } from './counts.ts';
import { PRICED_EVENTS, type PricedEvents } from './energy.ts';

/** Where every tile belongs, in the order in which a machine numbers them. */
export interface TilePlaces {
  /** Number of its population, as the programs list them. */
  readonly population: ArrayLike<number>;
  /** Number of its core in a list of them. */
  readonly core: ArrayLike<number>;
}

export interface Seat {
  readonly chip: number;
  readonly x: number;
  readonly y: number;
  readonly slot: number;
}

/** Per image; one number for each tile. */
export type EventColumns = { readonly [E in (typeof PRICED_EVENTS)[number]]: Float64Array };

export interface TileEvents extends TilePlaces {
  readonly events: EventColumns;
}

/** `seats`: where each core of the list sits; the list of a manifest is in another order than programs are. Errors: E0703 */
export function placesOf(programs: readonly ChipProgram[], seats: readonly Seat[]): TilePlaces {
  const key = ({ chip, x, y, slot }: Seat) => `${chip} ${x} ${y} ${slot}`;
  const numbers = new Map(seats.map((seat, i) => [key(seat), i]));
  const tiles = programs.flatMap(({ chip, cores }) =>
    cores.flatMap(({ x, y, slot, tiles: own }) => {
      const core = numbers.get(key({ chip, x, y, slot }));
      const problem = `no core is listed at x ${x}, y ${y}, slot ${slot}`;
      if (core === undefined) return fail('E0703', { origin: `chip ${chip}` }, { problem });
      return own.map(({ population }) => ({ population, core }));
    }),
  );
  return { population: tiles.map(tile => tile.population), core: tiles.map(tile => tile.core) };
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
