/**
 * Chip stage → what each chip is loaded with (backends/program). Slices weights, constants and scales by tile;
 * makes nothing up: every number stands in the integer network or in the tables of the chip stage.
 *
 * Cost  tables: linear in the connections of all cores, once; a program: linear in what it holds, at every call,
 *       so that the weights of one chip at a time are in memory
 */
import type {
  AxonTarget,
  ChipProgram,
  CoreProgram,
  HostInput,
  InAxon,
  ProgramHeader,
  Route,
  TileProgram,
} from '../backends/program/program.ts';
import { type ChipGraph, networkOf } from '../ir/chip.ts';
import { defect } from '../ir/diagnostics/diagnostic.ts';
import { sizeOf, type Table } from '../ir/dialect.ts';
import type { IntGraph } from '../ir/int.ts';
import { compressMap, type StridedMap } from '../ir/map.ts';
import { type Arrivals, createArrivals, sentBy, type Wiring, wiringOf } from './mapping/arrivals.ts';
import { HOST } from './mapping/feeds.ts';
import { hostStepsOf } from './mapping/row-schedule.ts';
import { createUnions, type Sent } from './mapping/sent.ts';
import { rowsOf } from './mapping/tables.ts';
import { tileAt } from './mapping/tiling.ts';
import {
  createShared,
  emitProgram,
  gatherProgram,
  type Reading,
  readingsOf,
  type Shared,
  somaProgram,
} from './tile-programs.ts';

export interface AssembleOptions {
  readonly weightBits: number;
  /** How the target's cores send and reset (program.ts, ProgramHeader). */
  readonly spiking: Pick<ProgramHeader, 'binary' | 'resetNeurons'>;
  /** Without weights and biases: tables are all that is looked at. */
  readonly isOutline?: boolean | undefined;
}

export interface Programs {
  /** Chips that hold at least one core, ascending. */
  readonly chips: readonly number[];
  /** Made anew at every call. */
  program(chip: number): ChipProgram;
}

export const allPrograms = ({ chips, program }: Programs): readonly ChipProgram[] =>
  chips.map(chip => program(chip));

export function assemble(graph: ChipGraph, options: AssembleOptions): Programs {
  const header = { ...headerOf(graph, networkOf(graph)), ...options.spiking };
  const context = createContext(graph, options);
  const chipOf = graph.tables.cores.columns.chip!;
  const coresOf = new Map<number, number[]>();
  for (let core = 0; core < chipOf.length; core++) {
    const own = coresOf.get(chipOf[core]!);
    if (own === undefined) coresOf.set(chipOf[core]!, [core]);
    else own.push(core);
  }
  const chips = [...coresOf.keys()].sort((a, b) => a - b);
  return {
    chips,
    program(chip) {
      const cores = coresOf.get(chip) ?? defect(`no core on chip ${chip}`);
      const input = chip === chips[0] ? hostInput(context) : undefined;
      return { header, chip, input, cores: cores.map(core => coreProgram(core, context)) };
    },
  };
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
  readonly graph: ChipGraph;
  readonly network: IntGraph;
  readonly wiring: Wiring;
  readonly arrive: (core: number) => Arrivals;
  readonly options: AssembleOptions;
  /** Number of a core on its chip, and of a tile on its core. */
  readonly coreNumber: Int32Array;
  readonly tileNumber: Int32Array;
  /** Routes of source tile s: routesOf[s + 1] … routesOf[s + 2]; targets of route r: targetsOf[r] … targetsOf[r + 1]. */
  readonly routesOf: Int32Array;
  readonly targetsOf: Int32Array;
  /** What each route sends. */
  readonly elements: readonly (StridedMap | undefined)[];
  /** Of every tile, by gather and side; empty unless rows pass through time. */
  readonly rings: ReadonlyMap<number, readonly (readonly number[])[]>;
  /** Of each population. */
  readonly readings: readonly (readonly Reading[])[];
}

function createContext(graph: ChipGraph, options: AssembleOptions): Context {
  const wiring = wiringOf(graph);
  const { routes, targets, cores } = graph.tables;
  const { network } = wiring.tiling;
  const arrive = createArrivals(wiring);
  const routesOf = beginsOf(routes.columns.tile!, wiring.coreOf.length + 1, 1);
  const targetsOf = beginsOf(targets.columns.route!, routes.rows, 0);
  return {
    graph,
    network,
    wiring,
    arrive,
    options,
    coreNumber: numberWithin(cores.columns.chip!),
    tileNumber: numberWithin(wiring.coreOf),
    routesOf,
    targetsOf,
    elements: elementsOf(wiring, arrive, routes, routesOf),
    rings: ringsOf(graph, wiring),
    readings: wiring.tiling.populations.map(population =>
      readingsOf(population, network, options.isOutline === true),
    ),
  };
}

function ringsOf({ attrs, tables, dialect }: ChipGraph, { tiling, populationOf }: Wiring): Context['rings'] {
  if (attrs.mode !== 'streaming') return new Map();
  const empty = (p: number) => tiling.populations[p]!.operands.map((): number[] => []);
  const rings = new Map(Array.from(populationOf, (p, tile) => [tile, empty(p)] as const));
  for (const row of rowsOf(tables.rings, dialect.tables.rings))
    rings.get(row.tile)![row.gather]![row.side] = row.slots;
  return rings;
}

/** Where the rows of every key begin in a column that ascends; keys count from −`offset`. */
function beginsOf(column: Int32Array, keys: number, offset: number): Int32Array {
  const begins = new Int32Array(keys + 1);
  let last = 0;
  for (const key of column) {
    if (key + offset < last) defect('rows of a table are out of order');
    last = key + offset;
    begins[last + 1]! += 1;
  }
  for (let key = 0; key < keys; key++) begins[key + 1]! += begins[key]!;
  return begins;
}

/** Running number of every item among those with its own key. */
function numberWithin(keys: Int32Array): Int32Array {
  const next = new Int32Array(keys.reduce((a, b) => Math.max(a, b), 0) + 1);
  return keys.map(key => next[key]!++);
}

function elementsOf(
  wiring: Wiring,
  arrive: (core: number) => Arrivals,
  routes: Table,
  routesOf: Int32Array,
): readonly (StridedMap | undefined)[] {
  const unions = createUnions();
  const maps = new Map<Sent, StridedMap | undefined>();
  const mapOf = (sent: Sent) => {
    if (!maps.has(sent)) maps.set(sent, sent.neurons && compressMap(sent.neurons));
    return maps.get(sent);
  };
  const elements = new Array<StridedMap | undefined>(routes.rows);
  const next = routesOf.slice();
  for (let core = 0; core < wiring.cores; core++) {
    const arrivals = arrive(core);
    arrivals.sources.forEach((source, i) => {
      const route = next[source + 1]!++;
      if (routes.columns.core![route] !== core) defect('the route table does not belong to these tiles');
      elements[route] = mapOf(sentBy(arrivals, arrivals.begins[i]!, arrivals.begins[i + 1]!, unions));
    });
  }
  return elements;
}

function hostInput(context: Context): HostInput {
  const input =
    context.network.nodes.find(node => node.kind === 'input') ?? defect('a network without input');
  return {
    name: input.attrs.name,
    size: sizeOf(input.type.shape),
    fraction: input.attrs.fraction,
    steps: hostSteps(context),
    routes: routesFrom(HOST, context),
  };
}

function hostSteps({ graph, network, wiring }: Context): StridedMap | undefined {
  if (graph.attrs.mode !== 'streaming') return undefined;
  const { depth } = graph.tables.tiles.columns;
  const { populations, first } = wiring.tiling;
  return compressMap(hostStepsOf(network, new Map(populations.map(({ id }, p) => [id, depth![first[p]!]!]))));
}

function routesFrom(source: number, { graph, routesOf, coreNumber, elements }: Context): readonly Route[] {
  const { core: cores, axon, entries } = graph.tables.routes.columns;
  const chipOf = graph.tables.cores.columns.chip!;
  const routes: Route[] = [];
  for (let r = routesOf[source + 1]!; r < routesOf[source + 2]!; r++) {
    const core = cores![r]!;
    routes.push({
      chip: chipOf[core]!,
      core: coreNumber[core]!,
      axon: axon![r]!,
      elements: elements[r],
      entries: entries![r]!,
    });
  }
  return routes;
}

function coreProgram(core: number, context: Context): CoreProgram {
  const { wiring, graph } = context;
  const { x, y, slot } = graph.tables.cores.columns;
  const shared = createShared(context.network, context.options);
  const tiles = Array.from(wiring.tiles.subarray(wiring.begins[core]!, wiring.begins[core + 1]!), tile =>
    tileProgram(tile, context, shared),
  );
  const place = { x: x![core]!, y: y![core]!, slot: slot![core]! };
  return { ...place, ...shared.contents(), axons: inAxons(core, context), tiles };
}

function tileProgram(tile: number, context: Context, shared: Shared): TileProgram {
  const { wiring, network, readings, graph } = context;
  const { population, box } = tileAt(wiring.tiling, tile);
  const number = wiring.populationOf[tile]!;
  return {
    population: number,
    box,
    depth: graph.tables.tiles.columns.depth![tile]!,
    gathers: readings[number]!.map(reading => gatherProgram(reading, box, network, shared)),
    rings: context.rings.get(tile) ?? [],
    fraction: population.attrs.fraction,
    outFraction: population.attrs.outFraction,
    function: somaProgram(population, network, shared),
    emit: emitProgram(population),
    routes: routesFrom(tile, context),
  };
}

function inAxons(core: number, context: Context): readonly InAxon[] {
  const { graph, tileNumber, targetsOf } = context;
  const { columns } = graph.tables.targets;
  const { sources, begins, tile, feed, intake } = context.arrive(core);
  const axons: InAxon[] = [];
  sources.forEach((source, i) => {
    const route = findRoute(source, core, context);
    const first = targetsOf[route]!;
    if (targetsOf[route + 1]! - first !== begins[i + 1]! - begins[i]!)
      defect('the target table does not belong to these routes');
    const targets: AxonTarget[] = [];
    for (let c = begins[i]!; c < begins[i + 1]!; c++) {
      const row = first + c - begins[i]!;
      const { gather, side } = feed[c]!;
      const isIt =
        columns.tile![row] === tile[c] && columns.gather![row] === gather && columns.side![row] === side;
      if (!isIt) defect('a target without delay');
      const about = { tile: tileNumber[tile[c]!]!, gather, side, delay: columns.delay![row]! };
      for (const map of intake[c]!.maps) targets.push({ ...about, map });
    }
    axons[graph.tables.routes.columns.axon![route]!] = { targets };
  });
  return axons;
}

/** The row of a source tile and a destination core. */
function findRoute(source: number, core: number, { graph, routesOf }: Context): number {
  const cores = graph.tables.routes.columns.core!;
  let [low, high] = [routesOf[source + 1]!, routesOf[source + 2]! - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cores[middle]! < core) low = middle + 1;
    else high = middle;
  }
  return cores[low] === core ? low : defect(`tile ${source} has no route to core ${core}`);
}
