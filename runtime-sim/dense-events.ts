/**
 * What the same mapped network moves and multiplies as an ordinary 8-bit one: every neuron of every population sends its
 * value once, along the same routes, and every message meets its row of weights once; of a product the second operand is
 * kept and the first meets it, so that each pair is multiplied once. From the tables alone: nothing is run.
 *
 * Cost  linear in the positions of all links; one map is expanded at a time
 */
import type { ChipProgram, CoreProgram, Gather, Route } from '../backends/program/program.ts';
import { fail } from '../ir/diagnostics/diagnostic.ts';
import { expandMap, HOLE } from '../ir/map.ts';
import { boxSizes } from './state.ts';
import { columnsOf, type EventColumns, placesOf, type Seat, type TileEvents } from './tile-events.ts';

interface Placed {
  readonly chip: number;
  readonly core: CoreProgram;
  /** Number of its first tile. */
  readonly first: number;
}

/** Errors: E0703 a route to a core or axon that is not there. */
export function denseEvents(programs: readonly ChipProgram[], seats: readonly Seat[]): TileEvents {
  const places = placesOf(programs, seats);
  const events = columnsOf(() => new Float64Array(places.core.length));
  const placed = new Map<string, Placed>();
  let first = 0;
  for (const { chip, cores } of programs) {
    cores.forEach((core, i) => {
      placed.set(`${chip} ${i}`, { chip, core, first });
      first += core.tiles.length;
    });
  }
  const find = (route: Route) =>
    placed.get(`${route.chip} ${route.core}`) ??
    fail('E0703', { origin: `chip ${route.chip}` }, { problem: `no core ${route.core}` });
  for (const from of placed.values()) {
    from.core.tiles.forEach((tile, i) => {
      const number = from.first + i;
      const size = boxSizes(tile.box).reduce((a, b) => a * b, 1);
      events.updates[number] = size;
      events.active[number] = size;
      events.spikes[number] = size;
      for (const route of tile.routes) {
        const to = find(route);
        countRoute(route, size, from, to, number, events);
        arrive(route, to, events);
      }
    });
  }
  for (const { input } of programs)
    for (const route of input?.routes ?? []) arrive(route, find(route), events);
  return { ...places, events };
}

function countRoute(
  { elements }: Route,
  size: number,
  from: Placed,
  to: Placed,
  number: number,
  events: EventColumns,
): void {
  const messages = elements === undefined ? size : new Set(expandMap(elements).filter(i => i !== HOLE)).size;
  events.messages[number]! += messages;
  if (from.chip !== to.chip) events.chipMessages[number]! += messages;
  else {
    events.hopsEastWest[number]! += messages * Math.abs(to.core.x - from.core.x);
    events.hopsNorthSouth[number]! += messages * Math.abs(to.core.y - from.core.y);
  }
}

function arrive(route: Route, { core, first, chip }: Placed, events: EventColumns): void {
  const axon =
    core.axons[route.axon] ??
    fail('E0703', { origin: `chip ${chip}` }, { problem: `no in-axon ${route.axon} at core ${route.core}` });
  const sent = route.elements && new Set(expandMap(route.elements));
  for (const target of axon.targets) {
    const gather = core.tiles[target.tile]!.gathers[target.gather]!;
    const number = first + target.tile;
    const operations = operationsOf(core, gather, target.side);
    let sum = 0;
    expandMap(target.map).forEach((position, neuron) => {
      if (position !== HOLE && (sent === undefined || sent.has(neuron))) sum += operations(position);
    });
    const isAdded = gather.kind === 'relay' || gather.kind === 'maximum';
    events[isAdded ? 'relayAdds' : 'synops'][number]! += sum;
  }
}

/** Of one message, by the position that it stands at. */
function operationsOf({ weights }: CoreProgram, gather: Gather, side: 0 | 1): (position: number) => number {
  const constant = (n: number) => () => n;
  switch (gather.kind) {
    case 'linear':
      return constant(weights[gather.weights]!.channels);
    case 'product':
      return constant(side === 0 ? gather.columns : 0);
    case 'hadamard':
      return constant(side === 0 ? 1 : 0);
    case 'sparse':
      return input => gather.starts[input + 1]! - gather.starts[input]!;
    case 'depthwise':
    case 'maximum':
    case 'relay':
      return constant(1);
    case 'bias':
      return constant(0);
    default:
      return gather satisfies never;
  }
}
