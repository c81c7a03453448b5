/**
 * Which neuron of which tile feeds which position of which tile: the views of the network, cut by boxes. Axons
 * are made from this and from nothing else.
 */

import { operandIndices } from '../../ir/count/counts.ts';
import { defect } from '../../ir/diagnostics/diagnostic.ts';
import { nodeMap, sizeOf, type ValueId } from '../../ir/dialect.ts';
import type { IntGraph, IntOf, IntProjection } from '../../ir/int.ts';
import { compressMap, HOLE, type StridedMap } from '../../ir/map.ts';
import { boxSize, findOwners, lengthOf, type Range, type Tile } from './tiles.ts';

/** The host sends the image: a source that is no tile. */
export const HOST = -1;

/** What one source tile sends into one operand of one gather of one target tile. */
export interface Connection {
  readonly source: number;
  readonly target: number;
  /** Number of the projection among the population's operands. */
  readonly gather: number;
  readonly side: 0 | 1;
  /** Neuron of the source tile → position in the operand; one map for each further use of the same neuron. */
  readonly maps: readonly StridedMap[];
}

/** One operand of a projection as a population's tiles read it. */
export interface Operand {
  readonly projection: IntProjection;
  readonly gather: number;
  readonly side: 0 | 1;
  readonly source: ValueId;
  /** Position in the whole operand → neuron of the source. */
  readonly indices: Int32Array;
}

/** Cost: linear in the positions of all operands of all tiles. */
export function connectTiles(graph: IntGraph, tiles: readonly Tile[]): readonly Connection[] {
  const owners = findOwners(graph, tiles);
  const sizes = new Map<ValueId, number>(graph.nodes.map(n => [n.id, sizeOf(n.type.shape)]));
  const operands = new Map<ValueId, readonly Operand[]>();
  return tiles.flatMap((tile, target) => {
    const known = operands.get(tile.population.id) ?? operandsOf(tile.population, graph);
    operands.set(tile.population.id, known);
    return known.flatMap(operand => {
      const owner = owners.get(operand.source);
      const positions = operandPositions(operand, tile);
      const bySource = new Map<number, number[]>();
      for (let position = 0; position < positions.length; position++) {
        const neuron = operand.indices[positions[position]!]!;
        if (neuron === HOLE) continue;
        const source = owner === undefined ? HOST : owner.tile[neuron]!;
        const pairs = bySource.get(source) ?? [];
        bySource.set(source, pairs);
        pairs.push(owner === undefined ? neuron : owner.local[neuron]!, position);
      }
      const { gather, side } = operand;
      return [...bySource].map(([source, pairs]): Connection => {
        const size = source === HOST ? sizes.get(operand.source)! : boxSize(tiles[source]!.box);
        return { source, target, gather, side, maps: layersOf(pairs, size) };
      });
    });
  });
}

/** Pairs (neuron, position) → injective maps: the k-th position of every neuron goes into the k-th map. */
function layersOf(pairs: readonly number[], size: number): readonly StridedMap[] {
  const layers: Int32Array[] = [];
  for (let i = 0; i < pairs.length; i += 2) {
    const neuron = pairs[i]!;
    let layer = layers.find(l => l[neuron] === HOLE);
    if (layer === undefined) {
      layer = new Int32Array(size).fill(HOLE);
      layers.push(layer);
    }
    layer[neuron] = pairs[i + 1]!;
  }
  return layers.map(compressMap);
}

/** Operands of a population's projections, with their views expanded. */
export function operandsOf(population: IntOf<'population'>, graph: IntGraph): readonly Operand[] {
  const byId = nodeMap(graph.nodes);
  return population.operands.flatMap((id, gather): readonly Operand[] => {
    const projection = byId.get(id);
    if (projection === undefined || projection.kind === 'population' || projection.kind === 'input') {
      return defect(`${id} is not a projection`);
    }
    // A relay adds its sources into one operand; the two of a product are sides of their own.
    const isRelay = projection.kind === 'relay';
    return operandIndices(projection, graph.constants).map((indices, i) => {
      const side = !isRelay && i === 1 ? 1 : 0;
      return { projection, gather, side, source: projection.operands[i]!, indices };
    });
  });
}

/** Positions of the whole operand that a tile reads, in the tile's own order (program.ts, AxonTarget.map). */
export function operandPositions(
  { projection, side, indices }: Operand,
  { population, box }: Tile,
): Int32Array {
  const [, rows, channels] = population.type.shape as [number, number, number];
  switch (projection.kind) {
    case 'linear': {
      const inputs = indices.length / rows;
      return gridPositions([0, 1], box.row, [0, inputs], rows, inputs);
    }
    case 'hadamard':
    case 'relay':
      return gridPositions(box.group, box.row, box.channel, rows, channels);
    case 'depthwise':
    case 'maximum': {
      const taps = indices.length / sizeOf(population.type.shape);
      const neurons = gridPositions(box.group, box.row, box.channel, rows, channels);
      return Int32Array.from(
        { length: neurons.length * taps },
        (_, i) => neurons[Math.floor(i / taps)]! * taps + (i % taps),
      );
    }
    case 'bias':
      return defect('a bias has no operand');
    case 'product': {
      const { inner } = projection.attrs;
      const [range, size] = side === 0 ? [box.row, rows] : [box.channel, channels];
      return gridPositions(box.group, range, [0, inner], size, inner);
    }
    default:
      return projection satisfies never;
  }
}

/** Flat positions of a box of a [·, rows, columns] grid, in order. */
function gridPositions(group: Range, row: Range, column: Range, rows: number, columns: number): Int32Array {
  const out = new Int32Array(lengthOf(group) * lengthOf(row) * lengthOf(column));
  let at = 0;
  for (let g = group[0]; g < group[1]; g++) {
    for (let r = row[0]; r < row[1]; r++) {
      for (let c = column[0]; c < column[1]; c++) out[at++] = (g * rows + r) * columns + c;
    }
  }
  return out;
}
