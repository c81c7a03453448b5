/**
 * Chip stage → what each chip is loaded with (backends/program). Slices weights, constants and scales by tile;
 * makes nothing up: every number stands in the integer network or in the tables of the chip stage.
 */
import type {
  AxonTarget,
  ChipProgram,
  CoreProgram,
  HostInput,
  ProgramHeader,
  Route,
  TileProgram,
} from '../backends/program/program.ts';
import { type ChipGraph, networkOf } from '../ir/chip.ts';
import { defect } from '../ir/diagnostics/diagnostic.ts';
import { nodeMap, sizeOf } from '../ir/dialect.ts';
import type { IntGraph } from '../ir/int.ts';
import { compressMap } from '../ir/map.ts';
import { type Connection, connectTiles, HOST } from './mapping/connections.ts';
import { sentNeurons } from './mapping/out-axons.ts';
import { scheduleOf } from './mapping/schedule.ts';
import { type PlacedTile, placedTiles, rowsOf } from './mapping/tables.ts';
import { groupByRoute } from './passes/route.ts';
import { createShared, emitProgram, gatherProgram, type Shared, somaProgram } from './tile-programs.ts';

export interface AssembleOptions {
  readonly weightBits: number;
  /** How the target's cores send and reset (program.ts, ProgramHeader). */
  readonly spiking: Pick<ProgramHeader, 'binary' | 'resetNeurons'>;
}

/** One program per chip that holds at least one core, chip numbers ascending. */
export function assemble(graph: ChipGraph, { weightBits, spiking }: AssembleOptions): readonly ChipProgram[] {
  const network = networkOf(graph);
  const tiles = placedTiles(graph);
  const cores = [...rowsOf(graph.tables.cores, graph.dialect.tables.cores)];
  const header = { ...headerOf(graph, network), ...spiking };
  const context = createContext(graph, network, tiles, cores, weightBits);
  const chips = [...new Set(cores.map(core => core.chip))].sort((a, b) => a - b);
  return chips.map((chip): ChipProgram => {
    const own = cores.flatMap((core, number) => (core.chip === chip ? [number] : []));
    const input = chip === chips[0] ? hostInput(graph, network, context) : undefined;
    return { header, chip, input, cores: own.map(number => coreProgram(number, context)) };
  });
}

function headerOf(graph: ChipGraph, network: IntGraph): Omit<ProgramHeader, 'binary' | 'resetNeurons'> {
  const { coding, steps, accumulatorBits, stateBits, depth, mode, interval } = graph.attrs;
  const period = mode === 'layerwise' ? depth / steps : 1;
  const populations = network.nodes.flatMap(node =>
    node.kind === 'population' ? [{ name: node.id.slice(1), shape: [...node.type.shape] }] : [],
  );
  return { coding, steps, accumulatorBits, stateBits, depth, period, mode, interval, populations };
}

interface Context {
  readonly network: IntGraph;
  readonly tiles: readonly PlacedTile[];
  readonly cores: readonly Readonly<Record<'chip' | 'x' | 'y' | 'slot', number>>[];
  readonly weightBits: number;
  /** Number of a core on its chip, and of a tile on its core. */
  readonly coreNumber: readonly number[];
  readonly tileNumber: readonly number[];
  readonly routes: readonly {
    readonly connections: readonly Connection[];
    readonly route: Route;
    readonly core: number;
  }[];
  readonly delays: ReadonlyMap<string, number>;
  /** Of every tile, by gather and side. */
  readonly rings: ReadonlyMap<number, readonly (readonly number[])[]>;
}

function createContext(
  graph: ChipGraph,
  network: IntGraph,
  tiles: readonly PlacedTile[],
  cores: Context['cores'],
  weightBits: number,
): Context {
  const coreNumber = numberWithin(cores.map(core => core.chip));
  const tileNumber = numberWithin(tiles.map(tile => tile.core));
  const groups = groupByRoute(connectTiles(network, tiles), tiles);
  const rows = [...rowsOf(graph.tables.routes, graph.dialect.tables.routes)];
  if (rows.length !== groups.length) defect('the route table does not belong to these tiles');
  const routes = groups.map((connections, i) => {
    const { core, axon, entries } = rows[i]!;
    const neurons = sentNeurons(connections);
    const elements = neurons === undefined ? undefined : compressMap(neurons);
    return {
      connections,
      core,
      route: { chip: cores[core]!.chip, core: coreNumber[core]!, axon, elements, entries },
    };
  });
  const delays = new Map<string, number>();
  for (const row of rowsOf(graph.tables.targets, graph.dialect.tables.targets)) {
    delays.set(`${row.route} ${row.tile} ${row.gather} ${row.side}`, row.delay);
  }
  const rings = ringsOf(graph, tiles);
  return { network, tiles, cores, weightBits, coreNumber, tileNumber, routes, delays, rings };
}

function ringsOf(graph: ChipGraph, tiles: readonly PlacedTile[]): Context['rings'] {
  if (graph.attrs.mode !== 'streaming') return new Map();
  const rings = new Map(tiles.map((tile, i) => [i, tile.population.operands.map((): number[] => [])]));
  for (const row of rowsOf(graph.tables.rings, graph.dialect.tables.rings))
    rings.get(row.tile)![row.gather]![row.side] = row.slots;
  return rings;
}

/** Running number of every item among those with its own key. */
function numberWithin(keys: readonly number[]): readonly number[] {
  const next = new Map<number, number>();
  return keys.map(key => {
    const number = next.get(key) ?? 0;
    next.set(key, number + 1);
    return number;
  });
}

function hostInput({ attrs }: ChipGraph, network: IntGraph, { routes }: Context): HostInput {
  const input = network.nodes.find(node => node.kind === 'input') ?? defect('a network without input');
  const sent = routes.filter(({ connections }) => connections[0]!.source === HOST).map(({ route }) => route);
  const { rows } = scheduleOf(network, attrs.mode);
  return {
    name: input.attrs.name,
    size: sizeOf(input.type.shape),
    fraction: input.attrs.fraction,
    steps: rows && compressMap(rows.hostSteps),
    routes: sent,
  };
}

function coreProgram(number: number, context: Context): CoreProgram {
  const { x, y, slot } = context.cores[number]!;
  const shared = createShared(context.network, context.weightBits);
  const tiles = context.tiles.flatMap((tile, i) =>
    tile.core === number ? [tileProgram(tile, i, context, shared)] : [],
  );
  return { x, y, slot, ...shared.contents(), axons: inAxons(number, context), tiles };
}

function tileProgram(tile: PlacedTile, number: number, context: Context, shared: Shared): TileProgram {
  const { population, box, depth } = tile;
  const { network, routes } = context;
  const byId = nodeMap(network.nodes);
  const populations = network.nodes.filter(node => node.kind === 'population');
  const gathers = population.operands.map(id => {
    const projection = byId.get(id);
    if (projection === undefined || projection.kind === 'population' || projection.kind === 'input') {
      return defect(`${id} is not a projection`);
    }
    return gatherProgram(projection, box, network, shared);
  });
  return {
    population: populations.indexOf(population),
    box,
    depth,
    gathers,
    rings: context.rings.get(number) ?? [],
    fraction: population.attrs.fraction,
    outFraction: population.attrs.outFraction,
    function: somaProgram(population, network, shared),
    emit: emitProgram(population),
    routes: routes.filter(({ connections }) => connections[0]!.source === number).map(({ route }) => route),
  };
}

function inAxons(core: number, { routes, tileNumber, delays }: Context): CoreProgram['axons'] {
  const axons: { targets: readonly AxonTarget[] }[] = [];
  routes.forEach((entry, routeNumber) => {
    if (entry.core !== core) return;
    axons[entry.route.axon] = {
      targets: entry.connections.flatMap(({ target, gather, side, maps }) => {
        const delay =
          delays.get(`${routeNumber} ${target} ${gather} ${side}`) ?? defect('a target without delay');
        return maps.map(map => ({ tile: tileNumber[target]!, gather, side, delay, map }));
      }),
    };
  });
  return axons;
}
