/**
 * Neurons that nobody reads who is read are not computed: populations become as small as the box of groups, rows
 * and channels that is read, maps are numbered anew, constants are cut.
 *
 *     %fc1.linear = linear(%ln2) {weight, rows=197}        %fc1 = population … [1, 197, 768]
 *   becomes, where only the class token's row of the block is read,
 *     %fc1.linear = linear(%ln2) {weight, rows=1}          %fc1 = population … [1, 1, 768]
 *
 * Source     design 3 §4; dead-code elimination, element by element
 * Preserves  exact: what is kept computes what it did, from the same numbers in the same order
 * Cost       nothing where all is read; else linear in the maps of what shrinks; weights are cut when they are read
 */
import type { ConstantPool, ConstId } from '../../ir/constants.ts';
import { nodeMap, sizeOf, type ValueId } from '../../ir/dialect.ts';
import { compressMap, HOLE, isIdentity, type StridedMap } from '../../ir/map.ts';
import { type SnnGraph, type SnnNode, type SnnProjection, snn } from '../../ir/snn.ts';
import { deriveConstant } from '../ann/values.ts';
import type { Pass } from '../pass.ts';
import { elementsRead, findRead, type Kept, placesIn, type ReadNeurons, wholeAxis } from '../read-neurons.ts';
import { axesOf } from './convert.ts';

export const dropUnread: Pass<typeof snn, typeof snn> = {
  name: 'drop-unread',
  summary: 'Leave out every neuron that reaches no output.',
  source: 'Design 3 §4',

  run(graph) {
    const read = findRead(graph);
    const numberings = createNumberings(graph, read);
    const nodes = graph.nodes.flatMap((node): readonly SnnNode[] => {
      if (!read.has(node.id)) return [];
      const kept = read.get(node.id);
      if (node.kind === 'input') return [node];
      if (node.kind !== 'population') return [shrink(node, kept, numberings, graph.constants)];
      if (kept === undefined) return [node];
      const shape = kept.map(places => places.length);
      const operands = node.operands.filter(id => read.has(id));
      const attrs = { ...node.attrs, axes: axesOf(shape) };
      return [{ ...node, operands, attrs, type: { ...node.type, shape } }];
    });
    return { ...graph, dialect: snn, nodes } satisfies SnnGraph;
  },
};

/** Old element → new one of a sender, and how many there are; undefined where all of it is kept. */
interface Numbering {
  readonly places: Int32Array;
  readonly size: number;
}
interface Numberings {
  of(id: ValueId): Numbering | undefined;
  sizeOf(id: ValueId): number;
}

function createNumberings({ nodes }: SnnGraph, read: ReadNeurons): Numberings {
  const byId = nodeMap(nodes);
  const made = new Map<ValueId, Numbering>();
  const of = (id: ValueId): Numbering | undefined => {
    const kept = read.get(id);
    if (kept === undefined) return undefined;
    const known = made.get(id);
    if (known !== undefined) return known;
    const { shape } = byId.get(id)!.type;
    const places = new Int32Array(sizeOf(shape)).fill(HOLE);
    const old = placesIn(shape, kept);
    old.forEach((place, i) => {
      places[place] = i;
    });
    const numbering = { places, size: old.length };
    made.set(id, numbering);
    return numbering;
  };
  return { of, sizeOf: id => of(id)?.size ?? sizeOf(byId.get(id)!.type.shape) };
}

function shrink(
  node: SnnProjection,
  kept: Kept,
  numberings: Numberings,
  constants: ConstantPool,
): SnnProjection {
  if (kept === undefined && node.operands.every(id => numberings.of(id) === undefined)) return node;
  const [map, mapB] = elementsRead(node, kept, constants).map((elements, i) =>
    renumbered(elements, node.operands[i]!, numberings),
  );
  const shape = kept?.map(places => places.length) ?? node.type.shape;
  const base = { ...node, type: { ...node.type, shape } };
  const cut = (id: ConstId, taps?: number) => cutConstant(id, node.type.shape, kept, taps, constants);
  switch (base.kind) {
    case 'linear': {
      const { weight, bias } = base.attrs;
      const attrs = { weight: cut(weight, constants.get(weight).shape[0]!), bias: bias && cut(bias) };
      return { ...base, attrs: { ...attrs, map, rows: shape[1]! } };
    }
    case 'product':
      return { ...base, attrs: { ...base.attrs, mapA: map, mapB } };
    case 'hadamard':
      return { ...base, attrs: { mapA: map, mapB } };
    case 'depthwise': {
      const { weight } = base.attrs;
      return { ...base, attrs: { weight: cut(weight, constants.get(weight).shape[0]!), map } };
    }
    case 'maximum':
      return { ...base, attrs: { ...base.attrs, map } };
    case 'relay':
      return { ...base, attrs: { map } };
    case 'bias':
      return { ...base, attrs: { value: cut(base.attrs.value) } };
    default:
      return base satisfies never;
  }
}

function renumbered(elements: Int32Array, source: ValueId, numberings: Numberings): StridedMap | undefined {
  const places = numberings.of(source)?.places;
  const indices =
    places === undefined ? elements : elements.map(index => (index === HOLE ? HOLE : places[index]!));
  const map = compressMap(indices);
  return isIdentity(map, numberings.sizeOf(source)) ? undefined : map;
}

/**
 * A constant that repeats over leading axes of a population, or [taps, period] of which every tap does, cut to what
 * is kept. It stays as it is where the axes that it covers are whole.
 */
function cutConstant(
  id: ConstId,
  shape: readonly number[],
  kept: Kept,
  taps: number | undefined,
  constants: ConstantPool,
): ConstId {
  if (kept === undefined) return id;
  const period = sizeOf(constants.get(id).shape) / (taps ?? 1);
  const first = [2, 1, 0].find(axis => sizeOf(shape.slice(axis)) % period === 0)!;
  const lengths = shape.slice(first);
  const own = kept.slice(first) as Int32Array[];
  if (own.every((places, axis) => places.length === lengths[axis])) return id;
  const size = own.map(list => list.length);
  const what = `cut to ${own.map(list => `[${list}]`)} of ${shape}`;
  const result = taps === undefined ? size : [taps, sizeOf(size)];
  return deriveConstant(constants, id, what, result, data => {
    const places = placesIn(lengths, own).map(place => place % period);
    const wanted = placesIn([taps ?? 1, period], [wholeAxis(taps ?? 1), places]);
    return Float64Array.from(wanted, place => data[place]!);
  });
}
