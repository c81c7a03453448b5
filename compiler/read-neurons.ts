/**
 * Which neurons of a spiking network are read by somebody whose own answer is read: followed back from the outputs
 * through the index maps. In the last block of a network with a class token only that token's row is; where tokens
 * are averaged, all are.
 *
 * Cost  linear in the neurons and in the elements of the maps in front of populations that are not read as a whole
 */
import type { ConstantPool } from '../ir/constants.ts';
import { defect } from '../ir/diagnostics/diagnostic.ts';
import { nodeMap, sizeOf, type ValueId } from '../ir/dialect.ts';
import { HOLE, mapIndices, type StridedMap } from '../ir/map.ts';
import type { SnnGraph, SnnNode, SnnOf, SnnProjection } from '../ir/snn.ts';

/** The groups, rows and channels of a population that are kept, ascending; undefined where all of it is. */
export type Kept = readonly [groups: Int32Array, rows: Int32Array, channels: Int32Array] | undefined;

/** Every node that is needed; of populations and of the projections that they gather, what of them. */
export type ReadNeurons = ReadonlyMap<ValueId, Kept>;

export function findRead(graph: SnnGraph): ReadNeurons {
  const byId = nodeMap(graph.nodes);
  const masks = new Map<ValueId, Mask>(graph.outputs.map(id => [id, 'all']));
  const read = new Map<ValueId, Kept>();
  for (const node of graph.nodes.toReversed()) {
    if (node.kind === 'input') read.set(node.id, undefined);
    const mask = masks.get(node.id);
    if (node.kind !== 'population' || mask === undefined) continue;
    const kept = keptOf(node, mask);
    read.set(node.id, kept);
    for (const projection of gathered(node, kept, byId, graph.constants)) {
      read.set(projection.id, kept);
      markSources(projection, kept, graph, byId, masks);
    }
  }
  return read;
}

/** 1 for each neuron that is read. */
type Mask = Uint8Array | 'all';

/** A population stays a box of groups, rows and channels; a norm and a softmax need their channels whole. */
function keptOf({ attrs, type }: SnnOf<'population'>, mask: Mask): Kept {
  if (mask === 'all') return undefined;
  const [groups, rows, channels] = type.shape as [number, number, number];
  const found = [new Uint8Array(groups), new Uint8Array(rows), new Uint8Array(channels)] as const;
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] === 0) continue;
    found[0][Math.floor(i / (rows * channels))] = 1;
    found[1][Math.floor(i / channels) % rows] = 1;
    found[2][i % channels] = 1;
  }
  // What is read through holes alone still has to be there: one neuron of it.
  for (const axis of found) if (!axis.includes(1)) axis[0] = 1;
  const { kind } = attrs.function;
  if (kind !== 'identity' && kind !== 'pointwise') found[2].fill(1);
  const [g, r, c] = found.map(placesOf) as [Int32Array, Int32Array, Int32Array];
  return g.length * r.length * c.length === mask.length ? undefined : [g, r, c];
}

const placesOf = (found: Uint8Array): Int32Array =>
  Int32Array.from(found.keys()).filter(place => found[place] === 1);

/** The projections that bring something to what is kept of a population; one at least. */
function gathered(
  population: SnnOf<'population'>,
  kept: Kept,
  byId: ReadonlyMap<ValueId, SnnNode>,
  constants: ConstantPool,
): readonly SnnProjection[] {
  const all = population.operands.map(id => byId.get(id) as SnnProjection);
  if (kept === undefined) return all;
  const speaking = all.filter(projection => !isSilent(projection, kept, constants));
  return speaking.length === 0 ? all.slice(0, 1) : speaking;
}

function isSilent(projection: SnnProjection, kept: Kept, constants: ConstantPool): boolean {
  if (projection.kind === 'linear' && projection.attrs.bias !== undefined) return false;
  return elementsRead(projection, kept, constants).some(list => list.every(index => index === HOLE));
}

function markSources(
  projection: SnnProjection,
  kept: Kept,
  { constants }: SnnGraph,
  byId: ReadonlyMap<ValueId, SnnNode>,
  masks: Map<ValueId, Mask>,
): void {
  const operands = operandsOf(projection, constants);
  projection.operands.forEach((id, i) => {
    const old = masks.get(id);
    if (old === 'all') return;
    if (kept === undefined && operands[i]!.map === undefined) {
      masks.set(id, 'all');
      return;
    }
    const source = byId.get(id) ?? defect(`${id} is not a node`);
    const mask = old ?? new Uint8Array(sizeOf(source.type.shape));
    for (const index of elementsOf(operands[i]!, projection, kept)) if (index !== HOLE) mask[index] = 1;
    masks.set(id, mask.every(bit => bit === 1) ? 'all' : mask);
  });
}

/** A place along groups, rows or channels of the population, or a whole axis of its own of that length. */
type OperandAxis = 0 | 1 | 2 | { readonly length: number };
interface OperandView {
  readonly map: StridedMap | undefined;
  readonly axes: readonly OperandAxis[];
}

/** How each operand of a projection is laid out behind its map. */
function operandsOf(node: SnnProjection, constants: ConstantPool): readonly OperandView[] {
  switch (node.kind) {
    case 'linear':
      return [{ map: node.attrs.map, axes: [1, { length: constants.get(node.attrs.weight).shape[0]! }] }];
    case 'product': {
      const inner = { length: node.attrs.inner };
      return [
        { map: node.attrs.mapA, axes: [0, 1, inner] },
        { map: node.attrs.mapB, axes: [0, 2, inner] },
      ];
    }
    case 'hadamard':
      return [node.attrs.mapA, node.attrs.mapB].map(map => ({ map, axes: [0, 1, 2] }));
    case 'depthwise': {
      const taps = { length: constants.get(node.attrs.weight).shape[0]! };
      return [{ map: node.attrs.map, axes: [0, 1, 2, taps] }];
    }
    case 'maximum':
      return [{ map: node.attrs.map, axes: [0, 1, 2, { length: node.attrs.taps }] }];
    case 'relay':
      return [{ map: node.attrs.map, axes: [0, 1, 2] }];
    case 'bias':
      return [];
    default:
      return node satisfies never;
  }
}

/** For each operand: the element of its source, or a hole, at every place of it that feeds what is kept. */
export const elementsRead = (
  projection: SnnProjection,
  kept: Kept,
  constants: ConstantPool,
): readonly Int32Array[] =>
  operandsOf(projection, constants).map(operand => elementsOf(operand, projection, kept));

function elementsOf({ map, axes }: OperandView, { type }: SnnProjection, kept: Kept): Int32Array {
  const lengths = axes.map(axis => (typeof axis === 'number' ? type.shape[axis]! : axis.length));
  const indices = mapIndices(map, sizeOf(lengths));
  if (kept === undefined) return indices;
  const places = axes.map((axis, i) => (typeof axis === 'number' ? kept[axis] : wholeAxis(lengths[i]!)));
  return placesIn(lengths, places).map(place => indices[place]!);
}

export const wholeAxis = (length: number): Int32Array => Int32Array.from({ length }, (_, i) => i);

/** The elements of a tensor of `lengths` whose every coordinate is among the kept ones, in order. */
export function placesIn(lengths: readonly number[], kept: readonly Int32Array[]): Int32Array {
  return lengths.reduce((places, length, axis) => {
    const own = kept[axis]!;
    const out = new Int32Array(places.length * own.length);
    places.forEach((place, i) => {
      for (let k = 0; k < own.length; k++) out[i * own.length + k] = place * length + own[k]!;
    });
    return out;
  }, Int32Array.of(0));
}
