/**
 * Which neuron of which tile feeds which position of which tile: the views of the network, cut by boxes. Axons
 * are made from this and from nothing else.
 *
 * Tiles that read the same part of an operand (all channels of a linear's rows, say) share one window of it, and
 * operands of equal shape, view and cut share one pattern, so that the blocks of a Transformer are looked at once.
 */
import { operandIndices } from '../../ir/count/counts.ts';
import { defect } from '../../ir/diagnostics/diagnostic.ts';
import { nodeMap, sizeOf } from '../../ir/dialect.ts';
import type { IntProjection } from '../../ir/int.ts';
import { compressMap, HOLE, printMap, type StridedMap } from '../../ir/map.ts';
import { gridPositions } from './positions.ts';
import type { Cut, Tile } from './tiles.ts';
import {
  axisPieces,
  numberPopulations,
  piecesOf,
  type Tiling,
  tileCount,
  tileOfPopulation,
} from './tiling.ts';

/** The host sends the image: a source that is no population. */
export const HOST = -1;

/** One operand of one gather of a population, as its tiles read it. */
export interface Feed {
  /** Numbers of populations; the source may be HOST. */
  readonly population: number;
  readonly source: number;
  /** Number of the projection among the population's operands. */
  readonly gather: number;
  readonly side: 0 | 1;
  readonly pattern: Pattern;
}

/** Tiles are numbered within their populations here, so that equal blocks have one pattern. */
export interface Pattern {
  /** Parts of the operand that tiles read, each once. */
  readonly windows: readonly (readonly Intake[])[];
  /** Window of every tile. */
  readonly windowOf: Int32Array;
}

/** What one source tile sends into one window. */
export interface Intake {
  /** Number of the tile within its population; 0 for the host. */
  readonly source: number;
  /** Neuron of the source tile → position in the operand; one map for each further use of the same neuron. */
  readonly maps: readonly StridedMap[];
  readonly sent: Sent;
}

/** Neurons of a tile that a destination needs. Equal sets of one pattern are one object. */
export interface Sent {
  readonly count: number;
  /** Their numbers within the tile, ascending; undefined: all of it. */
  readonly neurons: Int32Array | undefined;
  /** Rows (tokens, in all groups of the tile) that hold at least one of them. */
  readonly rows: number;
  readonly key: string;
}

/** Cost: linear in the positions of the operands of each new shape, nothing by the tile or neuron beyond. */
export function feedsOf(tiling: Tiling): readonly Feed[] {
  const byId = nodeMap(tiling.network.nodes);
  const number = numberPopulations(tiling);
  const patterns = new Map<string, Pattern>();
  return tiling.populations.flatMap((node, population) =>
    node.operands.flatMap((id, gather): readonly Feed[] => {
      const projection = byId.get(id);
      if (projection === undefined || projection.kind === 'population' || projection.kind === 'input') {
        return defect(`${id} is not a projection`);
      }
      return projection.operands.map((source, i): Feed => {
        // A relay adds its sources into one operand; the two of a product are sides of their own.
        const side = projection.kind !== 'relay' && i === 1 ? 1 : 0;
        const from = number(source);
        const sender: Sender =
          from === HOST
            ? {
                shape: [1, 1, sizeOf(byId.get(source)!.type.shape)],
                cut: { groups: 1, rows: 1, channels: 1 },
              }
            : { shape: tiling.populations[from]!.type.shape, cut: tiling.cuts[from]! };
        const request = { tiling, population, projection, operand: i, side, sender } as const;
        const key = patternKey(request);
        const pattern = patterns.get(key) ?? findPattern(request);
        patterns.set(key, pattern);
        return { population, source: from, gather, side, pattern };
      });
    }),
  );
}

interface Sender {
  readonly shape: readonly number[];
  readonly cut: Cut;
}

interface Request {
  readonly tiling: Tiling;
  readonly population: number;
  readonly projection: IntProjection;
  readonly operand: number;
  readonly side: 0 | 1;
  readonly sender: Sender;
}

/** All that a pattern depends on. */
function patternKey({ tiling, population, projection, operand, side, sender }: Request): string {
  const { shape } = tiling.populations[population]!.type;
  const attrs = projection.attrs as { map?: StridedMap; mapA?: StridedMap; mapB?: StridedMap };
  const map = side === 1 ? attrs.mapB : (attrs.mapA ?? attrs.map);
  const { kind } = projection;
  const width = widthOf(projection, tiling);
  const about = [kind, kind === 'relay' ? 0 : operand, width, shape, tiling.cuts[population], sender];
  return `${JSON.stringify(about)} ${map === undefined ? '' : printed(map)}`;
}

const prints = new WeakMap<StridedMap, string>();
function printed(map: StridedMap): string {
  const known = prints.get(map) ?? printMap(map);
  prints.set(map, known);
  return known;
}

/** Inputs of a row or taps of a neuron. */
function widthOf(projection: IntProjection, { network }: Tiling): number {
  switch (projection.kind) {
    case 'linear':
    case 'depthwise':
      return network.constants.get(projection.attrs.weight).shape[0]!;
    case 'product':
      return projection.attrs.inner;
    case 'maximum':
      return projection.attrs.taps;
    case 'hadamard':
    case 'relay':
    case 'bias':
      return 1;
    default:
      return projection satisfies never;
  }
}

function findPattern(request: Request): Pattern {
  const { tiling, population, projection, operand, side, sender } = request;
  const node = tiling.populations[population]!;
  const cut = tiling.cuts[population]!;
  const indices = operandIndices(projection, tiling.network.constants)[operand]!;
  const width = widthOf(projection, tiling);
  const locate = createLocator(sender);
  const known = new Map<string, Sent>();
  const numbers = new Map<string, number>();
  const windows: (readonly Intake[])[] = [];
  const windowOf = Int32Array.from({ length: tileCount(cut) }, (_, tile) => {
    const key = windowKey(projection, side, piecesOf(cut, tile));
    const old = numbers.get(key);
    if (old !== undefined) return old;
    const positions = operandPositions(projection, side, width, tileOfPopulation(node, cut, tile));
    numbers.set(key, windows.length);
    return windows.push(intakesOf(positions, indices, locate, known)) - 1;
  });
  return { windows, windowOf };
}

/** Tiles of one key read the same part of the operand. */
function windowKey(
  { kind }: IntProjection,
  side: 0 | 1,
  [g, r, c]: readonly [number, number, number],
): string {
  if (kind === 'linear') return `${r}`;
  if (kind === 'product') return side === 0 ? `${g} ${r}` : `${g} ${c}`;
  return `${g} ${r} ${c}`;
}

/** Positions of the whole operand that a tile reads, in the tile's own order (program.ts, AxonTarget.map). */
export function operandPositions(
  projection: IntProjection,
  side: 0 | 1,
  width: number,
  { population, box }: Tile,
): Int32Array {
  const [, rows, channels] = population.type.shape as [number, number, number];
  switch (projection.kind) {
    case 'linear':
      return gridPositions([0, 1], box.row, [0, width], rows, width);
    case 'hadamard':
    case 'relay':
      return gridPositions(box.group, box.row, box.channel, rows, channels);
    case 'depthwise':
    case 'maximum': {
      const neurons = gridPositions(box.group, box.row, box.channel, rows, channels);
      const positions = new Int32Array(neurons.length * width);
      for (let i = 0; i < positions.length; i++)
        positions[i] = neurons[Math.floor(i / width)]! * width + (i % width);
      return positions;
    }
    case 'product': {
      const [range, size] = side === 0 ? [box.row, rows] : [box.channel, channels];
      return gridPositions(box.group, range, [0, width], size, width);
    }
    case 'bias':
      return defect('a bias has no operand');
    default:
      return projection satisfies never;
  }
}

interface Locator {
  readonly tiles: number;
  /** Writes tile and place of a neuron of the source. */
  readonly find: (neuron: number, into: { tile: number; local: number }) => void;
  /** Neurons and channels of a tile. */
  readonly sizeOf: (tile: number) => number;
  readonly channelsOf: (tile: number) => number;
}

function createLocator({ shape, cut }: Sender): Locator {
  const [groups, rows, channels] = shape as [number, number, number];
  const [g, r, c] = [
    axisPieces(groups, cut.groups),
    axisPieces(rows, cut.rows),
    axisPieces(channels, cut.channels),
  ];
  const lengths = ({ piece }: typeof g, count: number) => {
    const out = new Int32Array(count);
    for (const k of piece) out[k]! += 1;
    return out;
  };
  const [gl, rl, cl] = [lengths(g, cut.groups), lengths(r, cut.rows), lengths(c, cut.channels)];
  const channelsOf = (tile: number) => cl[tile % cut.channels]!;
  return {
    tiles: tileCount(cut),
    find(neuron, into) {
      const row = Math.floor(neuron / channels);
      const channel = neuron - row * channels;
      const group = Math.floor(row / rows);
      const inner = row - group * rows;
      const [rp, cp] = [r.piece[inner]!, c.piece[channel]!];
      into.tile = (g.piece[group]! * cut.rows + rp) * cut.channels + cp;
      into.local = (g.at[group]! * rl[rp]! + r.at[inner]!) * cl[cp]! + c.at[channel]!;
    },
    sizeOf: tile => {
      const [gp, rp, cp] = piecesOf(cut, tile);
      return gl[gp]! * rl[rp]! * cl[cp]!;
    },
    channelsOf,
  };
}

/** Positions → what each source tile sends, in order of source tiles. */
function intakesOf(
  positions: Int32Array,
  indices: Int32Array,
  locate: Locator,
  known: Map<string, Sent>,
): readonly Intake[] {
  const tiles = new Int32Array(positions.length);
  const locals = new Int32Array(positions.length);
  const begins = new Int32Array(locate.tiles + 1);
  const where = { tile: 0, local: 0 };
  for (let i = 0; i < positions.length; i++) {
    const neuron = indices[positions[i]!]!;
    if (neuron === HOLE) {
      tiles[i] = -1;
      continue;
    }
    locate.find(neuron, where);
    tiles[i] = where.tile;
    locals[i] = where.local;
    begins[where.tile + 1]! += 1;
  }
  for (let t = 0; t < locate.tiles; t++) begins[t + 1]! += begins[t]!;
  const order = new Int32Array(begins[locate.tiles]!);
  const next = begins.slice(0, locate.tiles);
  for (let i = 0; i < positions.length; i++) if (tiles[i]! >= 0) order[next[tiles[i]!]!++] = i;
  const intakes: Intake[] = [];
  for (let source = 0; source < locate.tiles; source++) {
    const mine = order.subarray(begins[source]!, begins[source + 1]!);
    if (mine.length === 0) continue;
    const layers = layersOf(mine, locals, locate.sizeOf(source));
    const sent = sentOf(layers[0]!, locate.channelsOf(source), known);
    intakes.push({ source, maps: layers.map(compressMap), sent });
  }
  return intakes;
}

/** Positions by neuron, as injective maps: the k-th position of every neuron goes into the k-th map. */
function layersOf(positions: Int32Array, locals: Int32Array, size: number): readonly Int32Array[] {
  const layers: Int32Array[] = [new Int32Array(size).fill(HOLE)];
  const uses = new Int32Array(size);
  for (const position of positions) {
    const neuron = locals[position]!;
    const use = uses[neuron]!++;
    layers[use] ??= new Int32Array(size).fill(HOLE);
    layers[use][neuron] = position;
  }
  return layers;
}

function sentOf(layer: Int32Array, channels: number, known: Map<string, Sent>): Sent {
  let count = 0;
  for (const position of layer) if (position !== HOLE) count += 1;
  const neurons = new Int32Array(count);
  let rows = 0;
  let last = -1;
  let at = 0;
  for (let neuron = 0; neuron < layer.length; neuron++) {
    if (layer[neuron] === HOLE) continue;
    neurons[at++] = neuron;
    const row = Math.floor(neuron / channels);
    if (row !== last) rows += 1;
    last = row;
  }
  const isAll = count === layer.length;
  const key = `${layer.length} ${channels} ${isAll ? 'all' : printMap(compressMap(neurons))}`;
  const found = known.get(key) ?? { count, neurons: isAll ? undefined : neurons, rows, key };
  known.set(key, found);
  return found;
}

/** Neurons that are in any of the sets, all of one tile with so many neurons and channels. */
export function unionOf(sets: readonly Sent[], size: number, channels: number): Sent {
  const [first] = sets;
  const whole = sets.find(set => set.neurons === undefined);
  if (whole !== undefined) return whole;
  if (first === undefined) return defect('a union of nothing');
  if (sets.every(set => set.key === first.key)) return first;
  const layer = new Int32Array(size).fill(HOLE);
  for (const { neurons } of sets) for (const neuron of neurons!) layer[neuron] = neuron;
  return sentOf(layer, channels, new Map());
}
