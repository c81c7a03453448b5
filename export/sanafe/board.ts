/** Where cores sit on SANA-FE's one mesh: the chips of a board side by side, cut to the routers that are in use. */
import type { Gather } from '../../backends/program/program.ts';
import type { Topology } from '../../backends/target.ts';
import type { CoreState } from '../../runtime-sim/state.ts';

export interface Seat {
  readonly x: number;
  readonly y: number;
  /** Number of the router: x · height + y. */
  readonly tile: number;
  /** Place among the cores of its router. */
  readonly offset: number;
}

export interface Board {
  readonly width: number;
  readonly height: number;
  /** By core number; cores that are not in use have none. */
  readonly seats: ReadonlyMap<number, Seat>;
  readonly coresPerTile: number;
  /** Of each chip in use. */
  readonly routersInUse: readonly number[];
}

/** Layers of a board lie beside each other too. */
export function seatCores(
  cores: readonly CoreState<Gather>[],
  used: ReadonlySet<number>,
  { routersX, routersY, chipsX, chipsY }: Topology,
): Board {
  const own = cores.filter(core => used.has(core.number));
  const places = own.map(({ number, chip, program: { x, y, slot } }) => {
    const plane = chipsX.value * chipsY.value;
    const layer = Math.floor(chip / plane);
    const column = (chip % chipsX.value) + layer * chipsX.value;
    const row = Math.floor((chip % plane) / chipsX.value);
    return { number, chip, slot, x: column * routersX.value + x, y: row * routersY.value + y };
  });
  const least = (axis: 'x' | 'y') => places.reduce((a, p) => Math.min(a, p[axis]), Number.POSITIVE_INFINITY);
  const most = (axis: 'x' | 'y' | 'slot') => places.reduce((a, p) => Math.max(a, p[axis]), 0);
  const [left, top] = [least('x'), least('y')];
  const height = most('y') - top + 1;
  const seats = places.map(({ number, slot, x, y }): [number, Seat] => [
    number,
    { x: x - left, y: y - top, tile: (x - left) * height + y - top, offset: slot },
  ]);
  return {
    width: most('x') - left + 1,
    height,
    seats: new Map(seats),
    coresPerTile: most('slot') + 1,
    routersInUse: [...new Set(places.map(({ chip }) => chip))].map(
      own => new Set(places.filter(({ chip }) => chip === own).map(({ x, y }) => `${x} ${y}`)).size,
    ),
  };
}
