/**
 * Proves on the finished tables that each spike reaches exactly its tiles, at its step. Walks every route of
 * every tile as the chip would and writes down, for every operand position of every tile, which neuron feeds
 * it; then compares with what the integer network says, position by position. Run on every compile.
 *
 * Errors  a wrong table is our own fault: defect
 * Cost    linear in neurons × routes
 */
import type { ChipProgram, CoreProgram, Route, TileProgram } from '../backends/program/program.ts';
import { defect } from '../ir/diagnostics/diagnostic.ts';
import { sizeOf } from '../ir/dialect.ts';
import type { IntGraph, IntOf } from '../ir/int.ts';
import { expandMap, HOLE } from '../ir/map.ts';
import { operandPositions, operandsOf } from './mapping/connections.ts';
import { boxSize } from './mapping/tiles.ts';

export interface DeliveryProof {
  readonly routes: number;
  readonly deliveries: number;
}

/** What feeds one operand of one gather: per position, the neuron (within its source) and the source's number. */
interface Arrivals {
  readonly neuron: Int32Array;
  readonly source: Int32Array;
}
type Inbox = Map<string, Arrivals>;

/** Source number of the host; populations are numbered as in the header. */
const HOST_SOURCE = -2;
const NOBODY = -1;

export function checkDelivery(programs: readonly ChipProgram[], network: IntGraph): DeliveryProof {
  const cores = new Map(programs.flatMap(p => p.cores.map((core, i) => [`${p.chip} ${i}`, core] as const)));
  const populations = network.nodes.filter(node => node.kind === 'population');
  const inboxes = new Map<TileProgram, Inbox>();
  for (const core of cores.values()) {
    for (const tile of core.tiles)
      inboxes.set(tile, emptyInbox(tile, populations[tile.population]!, network));
  }
  let routes = 0;
  let deliveries = 0;
  const isStreaming = programs.some(({ header }) => header.mode === 'streaming');
  const follow = (route: Route, source: number, depth: number, neurons: Int32Array) => {
    const core = cores.get(`${route.chip} ${route.core}`) ?? defect(`no core ${route.chip}:${route.core}`);
    deliveries += deliver(route, core, source, isStreaming ? undefined : depth, neurons, inboxes);
    routes += 1;
  };
  for (const { input } of programs) {
    if (input === undefined) continue;
    const all = Int32Array.from({ length: input.size }, (_, i) => i);
    for (const route of input.routes) follow(route, HOST_SOURCE, 0, all);
  }
  for (const core of cores.values()) {
    for (const tile of core.tiles) {
      const neurons = globalNeurons(tile, populations[tile.population]!);
      for (const route of tile.routes) follow(route, tile.population, tile.depth, neurons);
    }
  }
  for (const [tile, inbox] of inboxes) compare(tile, inbox, populations, network);
  checkCoverage([...inboxes.keys()], populations);
  return { routes, deliveries };
}

const operandKey = (gather: number, side: number, source: number) => `${gather} ${side} ${source}`;

function emptyInbox(tile: TileProgram, population: IntOf<'population'>, network: IntGraph): Inbox {
  const inbox: Inbox = new Map();
  for (const operand of operandsOf(population, network)) {
    const { length } = operandPositions(operand, { population, box: tile.box });
    const key = operandKey(operand.gather, operand.side, sourceNumber(operand.source, network));
    inbox.set(key, {
      neuron: new Int32Array(length).fill(NOBODY),
      source: new Int32Array(length).fill(NOBODY),
    });
  }
  return inbox;
}

function sourceNumber(id: string, network: IntGraph): number {
  const index = network.nodes.filter(node => node.kind === 'population').findIndex(node => node.id === id);
  return index < 0 ? HOST_SOURCE : index;
}

function globalNeurons({ box }: TileProgram, population: IntOf<'population'>): Int32Array {
  const [, rows, channels] = population.type.shape as [number, number, number];
  const out = new Int32Array(boxSize(box));
  let at = 0;
  for (let g = box.group[0]; g < box.group[1]; g++) {
    for (let r = box.row[0]; r < box.row[1]; r++) {
      for (let c = box.channel[0]; c < box.channel[1]; c++) out[at++] = (g * rows + r) * channels + c;
    }
  }
  return out;
}

/** One message from every neuron that the route sends. Returns how many positions they reach. */
function deliver(
  route: Route,
  core: CoreProgram,
  source: number,
  depth: number | undefined,
  neurons: Int32Array,
  inboxes: ReadonlyMap<TileProgram, Inbox>,
): number {
  const axon = core.axons[route.axon] ?? defect(`core has no in-axon ${route.axon}`);
  const sent = route.elements === undefined ? neurons.keys() : expandMap(route.elements);
  const local = [...sent];
  let reached = 0;
  for (const target of axon.targets) {
    const tile = core.tiles[target.tile] ?? defect(`core has no tile ${target.tile}`);
    // Where rows pass through time (depth undefined), check-timing.ts proves that they come in time.
    if (depth !== undefined && depth + 1 + target.delay !== tile.depth) {
      defect(
        `a spike sent at depth ${depth} is used ${1 + target.delay} steps later by a tile of depth ${tile.depth}`,
      );
    }
    const key = operandKey(target.gather, target.side, source);
    const arrivals =
      inboxes.get(tile)?.get(key) ?? defect(`population ${source} has no business with gather ${key}`);
    const positions = expandMap(target.map);
    for (const neuron of local) {
      const position = positions[neuron]!;
      if (position === HOLE) continue;
      if (arrivals.source[position] !== NOBODY) defect(`position ${position} of gather ${key} is fed twice`);
      arrivals.source[position] = source;
      arrivals.neuron[position] = neurons[neuron]!;
      reached += 1;
    }
  }
  return reached;
}

/** Every position is fed by the neuron that the network's view names, and holes by nobody. */
function compare(
  tile: TileProgram,
  inbox: Inbox,
  populations: readonly IntOf<'population'>[],
  network: IntGraph,
): void {
  const population = populations[tile.population]!;
  for (const operand of operandsOf(population, network)) {
    const arrivals = inbox.get(
      operandKey(operand.gather, operand.side, sourceNumber(operand.source, network)),
    )!;
    const positions = operandPositions(operand, { population, box: tile.box });
    positions.forEach((position, i) => {
      const wanted = operand.indices[position]!;
      if (arrivals.neuron[i] !== (wanted === HOLE ? NOBODY : wanted)) {
        defect(`${population.id} position ${i}: fed by neuron ${arrivals.neuron[i]}, should be ${wanted}`);
      }
    });
  }
}

/** Every neuron of every population lives in exactly one tile. */
function checkCoverage(tiles: readonly TileProgram[], populations: readonly IntOf<'population'>[]): void {
  const seen = populations.map(population => new Uint8Array(sizeOf(population.type.shape)));
  for (const tile of tiles) {
    for (const neuron of globalNeurons(tile, populations[tile.population]!)) {
      if (seen[tile.population]![neuron] === 1) defect(`neuron ${neuron} of a population lives in two tiles`);
      seen[tile.population]![neuron] = 1;
    }
  }
  if (seen.some(flags => flags.includes(0))) defect('a neuron lives in no tile');
}
