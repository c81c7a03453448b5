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
import { axesRead, operandPositions, type Side, sideOf, viewOf, widthOf } from './operands.ts';
import { type Sent, sentOf } from './sent.ts';
import type { Cut } from './tiles.ts';
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
  readonly side: Side;
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
        const side = sideOf(projection, i);
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
  readonly side: Side;
  readonly sender: Sender;
}

/** All that a pattern depends on. */
function patternKey({ tiling, population, projection, operand, side, sender }: Request): string {
  const { shape } = tiling.populations[population]!.type;
  const map = viewOf(projection, side);
  const { kind } = projection;
  const width = widthOf(projection, tiling.network.constants);
  const about = [kind, kind === 'relay' ? 0 : operand, width, shape, tiling.cuts[population], sender];
  return `${JSON.stringify(about)} ${map === undefined ? '' : printed(map)}`;
}

const prints = new WeakMap<StridedMap, string>();
function printed(map: StridedMap): string {
  const known = prints.get(map) ?? printMap(map);
  prints.set(map, known);
  return known;
}

function findPattern(request: Request): Pattern {
  const { tiling, population, projection, operand, side, sender } = request;
  const node = tiling.populations[population]!;
  const cut = tiling.cuts[population]!;
  const indices = operandIndices(projection, tiling.network.constants)[operand]!;
  const width = widthOf(projection, tiling.network.constants);
  const locate = createLocator(sender);
  const known = new Map<string, Sent>();
  const numbers = new Map<string, number>();
  const windows: (readonly Intake[])[] = [];
  const windowOf = Int32Array.from({ length: tileCount(cut) }, (_, tile) => {
    const key = `${axesRead(projection, side, piecesOf(cut, tile))}`;
    const old = numbers.get(key);
    if (old !== undefined) return old;
    const positions = operandPositions(projection, side, width, tileOfPopulation(node, cut, tile));
    numbers.set(key, windows.length);
    return windows.push(intakesOf(positions, indices, locate, known)) - 1;
  });
  return { windows, windowOf };
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
