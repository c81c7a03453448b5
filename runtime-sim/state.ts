/**
 * A booted chip: the tables of its cores as flat arrays, with the state of every tile. Made once from the
 * decoded programs; nothing else of the network is known here.
 */
import type {
  Box,
  ChipProgram,
  CoreProgram,
  Gather,
  Route,
  TileProgram,
} from '../backends/program/program.ts';
import { fail } from '../ir/diagnostics/diagnostic.ts';
import { type SomaFunction, type SomaSpec, somaFunction } from '../ir/interpret/soma.ts';
import { expandMap, HOLE } from '../ir/map.ts';

/** One operand position map of one in-axon target: where the payload of each source neuron lands. */
export interface Link<G> {
  readonly tile: TileState<G>;
  readonly gather: G;
  readonly side: 0 | 1;
  readonly delay: number;
  /** Position in the operand, or HOLE. */
  readonly positions: Int32Array;
}

export interface RouteState<G> extends Way {
  readonly core: CoreState<G>;
  readonly links: readonly Link<G>[];
  /** 1 for each neuron that sends here; undefined: all. */
  readonly sends: Uint8Array | undefined;
}

export interface CoreState<G> {
  readonly number: number;
  readonly chip: number;
  readonly program: CoreProgram;
  readonly links: readonly (readonly Link<G>[])[];
}

export interface TileState<G> {
  readonly number: number;
  readonly core: CoreState<G>;
  readonly program: TileProgram;
  readonly gathers: readonly G[];
  readonly soma: SomaFunction;
  readonly size: number;
  /** The tile's neurons, by number in the population. */
  readonly members: Int32Array;
  /** Of the neurons that there are at once: all, or those of one row. */
  readonly sums: Int32Array;
  readonly values: Int32Array;
  readonly terms: Uint8Array;
  routes: readonly RouteState<G>[];
}

export interface Booted<G> {
  readonly programs: readonly ChipProgram[];
  readonly cores: readonly CoreState<G>[];
  readonly tiles: readonly TileState<G>[];
  readonly hostRoutes: readonly RouteState<G>[];
}

/** State of gather `number` of a tile. */
export type CreateGather<G> = (gather: Gather, number: number, tile: TileProgram, core: CoreProgram) => G;

/** Errors: E0703 a route to a core or axon that is not there. */
export function boot<G>(programs: readonly ChipProgram[], createGather: CreateGather<G>): Booted<G> {
  const cores: CoreState<G>[] = [];
  const tiles: TileState<G>[] = [];
  const byPlace = new Map<string, CoreState<G>>();
  for (const { chip, header, cores: own } of programs) {
    own.forEach((program, i) => {
      const links: Link<G>[][] = [];
      const core: CoreState<G> = { number: cores.length, chip, program, links };
      const mine = program.tiles.map((tile, t) =>
        createTile(tile, tiles.length + t, core, header, createGather),
      );
      for (const axon of program.axons) {
        links.push(
          axon.targets.map(({ tile, gather, side, delay, map }) => {
            const state = mine[tile]!;
            return { tile: state, gather: state.gathers[gather]!, side, delay, positions: expandMap(map) };
          }),
        );
      }
      byPlace.set(`${chip} ${i}`, core);
      cores.push(core);
      tiles.push(...mine);
    });
  }
  const resolve = (route: Route, from: CoreState<G> | undefined, size: number) =>
    createRoute(route, from, size, byPlace);
  for (const tile of tiles)
    tile.routes = tile.program.routes.map(route => resolve(route, tile.core, tile.size));
  const hostRoutes = programs.flatMap(({ input }) =>
    input === undefined ? [] : input.routes.map(route => resolve(route, undefined, input.size)),
  );
  return { programs, cores, tiles, hostRoutes };
}

export const boxSizes = ({ group, row, channel }: Box): readonly [number, number, number] => [
  group[1] - group[0],
  row[1] - row[0],
  channel[1] - channel[0],
];

function createTile<G>(
  program: TileProgram,
  number: number,
  core: CoreState<G>,
  header: ChipProgram['header'],
  createGather: CreateGather<G>,
): TileState<G> {
  const { group, row, channel } = program.box;
  const [groups, rows, channels] = boxSizes(program.box);
  const size = groups * rows * channels;
  const atOnce = header.mode === 'streaming' ? groups * channels : size;
  const [, allRows, allChannels] = header.populations[program.population]!.shape as [number, number, number];
  const members = new Int32Array(size);
  let at = 0;
  for (let g = group[0]; g < group[1]; g++) {
    for (let r = row[0]; r < row[1]; r++) {
      for (let c = channel[0]; c < channel[1]; c++) members[at++] = (g * allRows + r) * allChannels + c;
    }
  }
  return {
    number,
    core,
    program,
    gathers: program.gathers.map((gather, i) => createGather(gather, i, program, core.program)),
    soma: createSoma(program, core.program, channels, header),
    size,
    members,
    sums: new Int32Array(atOnce),
    values: new Int32Array(atOnce),
    terms: new Uint8Array(atOnce),
    routes: [],
  };
}

const createSoma = (...about: Parameters<typeof somaSpec>): SomaFunction => somaFunction(somaSpec(...about));

/** A tile's function with the tables of its core. */
export function somaSpec(
  tile: TileProgram,
  core: CoreProgram,
  channels: number,
  header: ChipProgram['header'],
): SomaSpec {
  const { function: fn, fraction, outFraction } = tile;
  const tables = {
    ...('multiplied' in fn && !fn.multiplied && { log2: core.log2!, exp2: core.exp2! }),
    ...(fn.kind === 'pointwise' &&
      fn.remainder !== undefined && { remainder: core.remainders[fn.remainder]! }),
  };
  const { stateBits, coding } = header;
  return { fn, channels, fraction, outFraction, stateBits, rate: coding === 'rate', tables };
}

function createRoute<G>(
  route: Route,
  from: CoreState<G> | undefined,
  size: number,
  byPlace: ReadonlyMap<string, CoreState<G>>,
): RouteState<G> {
  const core = byPlace.get(`${route.chip} ${route.core}`);
  const links = core?.links[route.axon];
  if (core === undefined || links === undefined) {
    return fail(
      'E0703',
      { origin: `chip ${route.chip}` },
      { problem: `no in-axon ${route.axon} at core ${route.core}` },
    );
  }
  if (links.some(link => link.positions.length !== size)) {
    fail(
      'E0703',
      { origin: `chip ${route.chip}` },
      { problem: `in-axon ${route.axon} of core ${route.core} expects another sender` },
    );
  }
  const sends = route.elements === undefined ? undefined : new Uint8Array(size);
  if (sends !== undefined)
    for (const neuron of expandMap(route.elements!)) if (neuron !== HOLE) sends[neuron] = 1;
  return { core, links, sends, ...wayOf(from, core) };
}

/** How far a message goes from one core to another on their chip; from the host it has no way to go. */
export interface Hops {
  readonly hopsEastWest: number;
  readonly hopsNorthSouth: number;
  readonly crossesChips: boolean;
}
export interface Way extends Hops {
  /** Mesh links on the way, X first, then Y. */
  readonly path: readonly number[];
}
interface Place {
  readonly chip: number;
  readonly program: { readonly x: number; readonly y: number };
}

export function hopsOf(from: Place | undefined, to: Place): Hops {
  const crossesChips = from !== undefined && from.chip !== to.chip;
  const start = from?.program ?? to.program;
  const hopsEastWest = crossesChips ? 0 : Math.abs(to.program.x - start.x);
  const hopsNorthSouth = crossesChips ? 0 : Math.abs(to.program.y - start.y);
  return { hopsEastWest, hopsNorthSouth, crossesChips };
}

export function wayOf(from: Place | undefined, to: Place): Way {
  const hops = hopsOf(from, to);
  const path = hops.crossesChips ? [] : meshPath(to.chip, from?.program ?? to.program, to.program);
  return { ...hops, path };
}

/** Directed links of the X–Y route, each as one number: chip, router, direction. */
function meshPath(
  chip: number,
  from: { x: number; y: number },
  to: { x: number; y: number },
): readonly number[] {
  const path: number[] = [];
  const link = (x: number, y: number, direction: number) => ((chip * 64 + y) * 64 + x) * 4 + direction;
  let { x, y } = from;
  for (; x !== to.x; x += Math.sign(to.x - x)) path.push(link(x, y, to.x > x ? 0 : 1));
  for (; y !== to.y; y += Math.sign(to.y - y)) path.push(link(x, y, to.y > y ? 2 : 3));
  return path;
}
