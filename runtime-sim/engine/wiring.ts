/**
 * What the programs of all chips say of tiles and messages, with each map held once: networks repeat a few maps
 * thousands of times. Nothing is expanded here.
 */
import type {
  ChipProgram,
  CoreProgram,
  HostInput,
  Route,
  TileProgram,
} from '../../backends/program/program.ts';
import type { StridedMap } from '../../ir/map.ts';
import { boxSizes, type Way, wayOf } from '../state.ts';

/** From a sender's neurons to one operand of a gather of a tile. */
export interface Wire {
  readonly target: number;
  readonly gather: number;
  readonly side: 0 | 1;
  readonly delay: number;
  /** Number of its map. */
  readonly map: number;
}

export interface WiredRoute extends Way {
  /** Number of the map that lists the neurons that send here; undefined: all. */
  readonly elements: number | undefined;
  readonly wires: readonly Wire[];
}

export interface WiredTile {
  readonly number: number;
  readonly core: number;
  readonly home: CoreProgram;
  readonly program: TileProgram;
  readonly shape: readonly [groups: number, rows: number, channels: number];
  readonly size: number;
  readonly routes: readonly WiredRoute[];
}

export interface Wiring {
  readonly header: ChipProgram['header'];
  readonly input: HostInput;
  readonly hostRoutes: readonly WiredRoute[];
  readonly tiles: readonly WiredTile[];
  readonly cores: number;
  readonly maps: readonly StridedMap[];
}

interface Home {
  readonly chip: number;
  readonly number: number;
  readonly program: CoreProgram;
  readonly firstTile: number;
}

/** undefined where there are no images, or a route leads nowhere: the machine that looks at every message says so. */
export function wire(programs: readonly ChipProgram[]): Wiring | undefined {
  const homes = homesOf(programs);
  const maps: StridedMap[] = [];
  const known = new Map<string, number>();
  const seen = new WeakMap<StridedMap, number>();
  const numberOf = (map: StridedMap): number => {
    const old = seen.get(map);
    if (old !== undefined) return old;
    const key = JSON.stringify(map.segments);
    const number = known.get(key) ?? maps.push(map) - 1;
    known.set(key, number);
    seen.set(map, number);
    return number;
  };
  let isWhole = true;
  const follow = (route: Route, from: Home | undefined, size: number): WiredRoute => {
    const to = homes.get(`${route.chip} ${route.core}`);
    const axon = to?.program.axons[route.axon];
    if (to === undefined || axon === undefined || axon.targets.some(({ map }) => map.length !== size)) {
      isWhole = false;
      return {
        hopsEastWest: 0,
        hopsNorthSouth: 0,
        crossesChips: false,
        path: [],
        elements: undefined,
        wires: [],
      };
    }
    const elements = route.elements === undefined ? undefined : numberOf(route.elements);
    const wires = axon.targets.map(({ tile, gather, side, delay, map }) => ({
      ...{ target: to.firstTile + tile, gather, side, delay, map: numberOf(map) },
    }));
    return { ...wayOf(from, to), elements, wires };
  };
  const tiles = [...homes.values()].flatMap(home =>
    home.program.tiles.map((program, i): WiredTile => {
      const shape = boxSizes(program.box);
      const size = shape[0] * shape[1] * shape[2];
      const routes = program.routes.map(route => follow(route, home, size));
      return {
        number: home.firstTile + i,
        core: home.number,
        home: home.program,
        program,
        shape,
        size,
        routes,
      };
    }),
  );
  const [header] = programs.map(program => program.header);
  const [input, ...others] = programs.flatMap(program => program.input ?? []);
  if (header === undefined || input === undefined || others.length > 0 || header.mode === 'free')
    return undefined;
  if (homes.size !== programs.reduce((n, { cores }) => n + cores.length, 0)) return undefined;
  const hostRoutes = programs.flatMap(program =>
    (program.input?.routes ?? []).map(route => follow(route, undefined, program.input!.size)),
  );
  return isWhole ? { header, input, hostRoutes, tiles, cores: homes.size, maps } : undefined;
}

function homesOf(programs: readonly ChipProgram[]): ReadonlyMap<string, Home> {
  const homes = new Map<string, Home>();
  let firstTile = 0;
  for (const { chip, cores } of programs) {
    cores.forEach((program, i) => {
      homes.set(`${chip} ${i}`, { chip, number: homes.size, program, firstTile });
      firstTile += program.tiles.length;
    });
  }
  return homes;
}
