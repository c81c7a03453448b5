/**
 * Chip stage → what each chip is loaded with (backends/program). Slices weights, constants and scales by tile;
 * makes nothing up: every number stands in the integer network or in the tables of the chip stage.
 */
import type {
  AxonTarget,
  Box,
  ChipProgram,
  CoreProgram,
  EmitProgram,
  Gather,
  HostInput,
  ProgramHeader,
  Route,
  SomaProgram,
  TileProgram,
  WeightBlock,
} from '../backends/program/program.ts';
import { type ChipGraph, networkOf } from '../ir/chip.ts';
import type { ConstId } from '../ir/constants.ts';
import { defect } from '../ir/diagnostics/diagnostic.ts';
import { nodeMap, sizeOf } from '../ir/dialect.ts';
import type { IntGraph, IntOf, IntProjection } from '../ir/int.ts';
import { projectionScale } from '../ir/interpret/int.ts';
import { biasOf } from '../ir/interpret/projections.ts';
import { compressMap } from '../ir/map.ts';
import { blockOf, constantsOf } from './mapping/blocks.ts';
import { type Connection, connectTiles, HOST } from './mapping/connections.ts';
import { sentNeurons } from './mapping/out-axons.ts';
import { type PlacedTile, placedTiles, rowsOf } from './mapping/tables.ts';
import { lengthOf } from './mapping/tiles.ts';
import { groupByRoute } from './passes/route.ts';

export interface AssembleOptions {
  readonly weightBits: number;
}

/** One program per chip that holds at least one core, chip numbers ascending. */
export function assemble(graph: ChipGraph, { weightBits }: AssembleOptions): readonly ChipProgram[] {
  const network = networkOf(graph);
  const tiles = placedTiles(graph);
  const cores = [...rowsOf(graph.tables.cores, graph.dialect.tables.cores)];
  const header = headerOf(graph, network);
  const context = createContext(graph, network, tiles, cores, weightBits);
  const chips = [...new Set(cores.map(core => core.chip))].sort((a, b) => a - b);
  return chips.map((chip): ChipProgram => {
    const own = cores.flatMap((core, number) => (core.chip === chip ? [number] : []));
    const input = chip === chips[0] ? hostInput(network, context) : undefined;
    return { header, chip, input, cores: own.map(number => coreProgram(number, context)) };
  });
}

function headerOf(graph: ChipGraph, network: IntGraph): ProgramHeader {
  const { coding, steps, accumulatorBits, stateBits, depth } = graph.attrs;
  const populations = network.nodes.flatMap(node =>
    node.kind === 'population' ? [{ name: node.id.slice(1), shape: [...node.type.shape] }] : [],
  );
  return { coding, steps, accumulatorBits, stateBits, depth, populations };
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
  return { network, tiles, cores, weightBits, coreNumber, tileNumber, routes, delays };
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

function hostInput(network: IntGraph, { routes }: Context): HostInput {
  const input = network.nodes.find(node => node.kind === 'input') ?? defect('a network without input');
  const sent = routes.filter(({ connections }) => connections[0]!.source === HOST).map(({ route }) => route);
  return {
    name: input.attrs.name,
    size: sizeOf(input.type.shape),
    fraction: input.attrs.fraction,
    routes: sent,
  };
}

function coreProgram(number: number, context: Context): CoreProgram {
  const { x, y, slot } = context.cores[number]!;
  const shared = createShared(context);
  const tiles = context.tiles.flatMap((tile, i) =>
    tile.core === number ? [tileProgram(tile, i, context, shared)] : [],
  );
  return { x, y, slot, ...shared.contents(), axons: inAxons(number, context), tiles };
}

/** Weight blocks and function tables of one core: whatever tiles ask for twice is stored once. */
function createShared({ network, weightBits }: Context) {
  const weights: WeightBlock[] = [];
  const numbers = new Map<string, number>();
  const remainders: Int32Array[] = [];
  const remainderNumbers = new Map<ConstId, number>();
  let log2: Int32Array | undefined;
  let exp2: Int32Array | undefined;
  const table = (id: ConstId) => Int32Array.from(network.constants.get(id).data);
  return {
    contents: () => ({ weights, remainders, log2, exp2 }),
    weights(projection: IntOf<'linear'> | IntOf<'depthwise'>, box: Box): number {
      const { key, inputs, width, columnOf } = blockOf(projection, box, network);
      const known = numbers.get(key);
      if (known !== undefined) return known;
      const { shape, data } = network.constants.get(projection.attrs.weight);
      const columns = shape[1]!;
      const block = new Int8Array(inputs * width);
      for (let k = 0; k < inputs; k++) {
        for (let c = 0; c < width; c++) block[k * width + c] = data[k * columns + columnOf(c)]!;
      }
      numbers.set(key, weights.length);
      return weights.push({ inputs, channels: width, bits: weightBits, data: block }) - 1;
    },
    logarithms(log2Id: ConstId, exp2Id: ConstId): void {
      log2 ??= table(log2Id);
      exp2 ??= table(exp2Id);
    },
    remainder(id: ConstId): number {
      const known = remainderNumbers.get(id);
      if (known !== undefined) return known;
      remainderNumbers.set(id, remainders.length);
      return remainders.push(table(id)) - 1;
    },
  };
}
type Shared = ReturnType<typeof createShared>;

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
    fraction: population.attrs.fraction,
    outFraction: population.attrs.outFraction,
    function: somaProgram(population, network, shared),
    emit: emitProgram(population),
    routes: routes.filter(({ connections }) => connections[0]!.source === number).map(({ route }) => route),
  };
}

function gatherProgram(projection: IntProjection, box: Box, network: IntGraph, shared: Shared): Gather {
  const channels = lengthOf(box.channel);
  const size = lengthOf(box.group) * lengthOf(box.row) * channels;
  const isGraded = () => {
    const source = nodeMap(network.nodes).get(projection.operands[0]!);
    return source?.kind !== 'population' || source.attrs.emit.kind !== 'mt';
  };
  const ownChannels = (values: readonly number[]) =>
    Int32Array.from(values.length === 1 ? values : values.slice(box.channel[0], box.channel[1]));
  switch (projection.kind) {
    case 'linear':
      return {
        kind: 'linear',
        rows: lengthOf(box.row),
        weights: shared.weights(projection, box),
        scale: ownChannels(projectionScale(projection, network.constants)),
        bias: biasProgram(projection, box, network),
        graded: isGraded(),
      };
    case 'depthwise':
      return {
        kind: 'depthwise',
        size,
        weights: shared.weights(projection, box),
        scale: ownChannels(projectionScale(projection, network.constants)),
        graded: isGraded(),
      };
    case 'hadamard':
      return { kind: 'hadamard', size, fraction: projection.attrs.fraction };
    case 'maximum':
      return { kind: 'maximum', size, taps: projection.attrs.taps, fraction: projection.attrs.fraction };
    case 'bias':
      return {
        kind: 'bias',
        values: constantsOf(projection, box, network),
        fraction: projection.attrs.fraction,
      };
    case 'product':
      return {
        kind: 'product',
        groups: lengthOf(box.group),
        rows: lengthOf(box.row),
        columns: channels,
        inner: projection.attrs.inner,
        fraction: projection.attrs.fraction,
      };
    case 'relay':
      return { kind: 'relay', size, scale: ownChannels(projectionScale(projection, network.constants)) };
    default:
      return projection satisfies never;
  }
}

/** [channels] where the constants are the same for all rows, else [rows, channels] of the tile. */
function biasProgram(linear: IntOf<'linear'>, box: Box, { constants }: IntGraph): Int32Array | undefined {
  const { bias, rows } = linear.attrs;
  if (bias === undefined) return undefined;
  const channels = linear.type.shape.at(-1)!;
  const [first, end] = box.channel;
  const { data } = constants.get(bias);
  if (data.length === channels) return Int32Array.from(data.subarray(first, end));
  const whole = biasOf(bias, rows, channels, constants);
  const out: number[] = [];
  for (let row = box.row[0]; row < box.row[1]; row++) {
    for (let c = first; c < end; c++) out.push(whole[row * channels + c]!);
  }
  return Int32Array.from(out);
}

function somaProgram({ attrs }: IntOf<'population'>, { constants }: IntGraph, shared: Shared): SomaProgram {
  const fn = attrs.function;
  const vector = (id: ConstId | undefined) =>
    id === undefined ? undefined : Int32Array.from(constants.get(id).data);
  switch (fn.kind) {
    case 'identity':
    case 'partial':
      return { kind: fn.kind };
    case 'pointwise':
      return {
        kind: 'pointwise',
        name: fn.name,
        remainder: fn.table === undefined ? undefined : shared.remainder(fn.table),
        tableFraction: fn.tableFraction,
      };
    case 'layernorm':
    case 'rmsnorm': {
      shared.logarithms(fn.log2, fn.exp2);
      const { kind, epsilonKey, channelKey } = fn;
      return { kind, epsilonKey, channelKey, gain: vector(fn.gain), offset: vector(fn.offset) };
    }
    case 'softmax':
      shared.logarithms(fn.log2, fn.exp2);
      return { kind: 'softmax', scale: fn.scale, shift: fn.shift };
    default:
      return fn satisfies never;
  }
}

function emitProgram({ attrs }: IntOf<'population'>): EmitProgram {
  const { emit } = attrs;
  if (emit.kind !== 'mt') return { kind: emit.kind };
  const { theta, levels, terms, band } = emit;
  return { kind: 'mt', theta, levels, terms, band };
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
