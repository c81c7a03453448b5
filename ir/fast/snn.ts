/**
 * Stage `snn`, fast: the interpreter with linears and products on the kernels and populations in loops over whole
 * arrays, bit for bit the same.
 */
import type { ConstantPool, TensorData } from '../constants.ts';
import type { ValueId } from '../dialect.ts';
import type { IntGraph } from '../int.ts';
import {
  currentOf,
  entersAt,
  type Gathering,
  type GatherState,
  type Projection,
  type ProjectionOf,
  prepareProjection,
} from '../interpret/projections.ts';
import { createSnnRunner, preparePopulation, type SnnParts, type SnnRunner } from '../interpret/snn.ts';
import { expandMap, HOLE, type StridedMap } from '../map.ts';
import type { SnnGraph } from '../snn.ts';
import { type Arena, createArena } from './arena.ts';
import { CODINGS_KNOWN } from './population.ts';
import { prepareRealPopulation } from './real-population.ts';
import { type Fill, prepareDynamic, prepareWeighted } from './real-product.ts';

/** Packs weights and expands maps once, then runs any number of images. */
export const createFastSnnRunner = (graph: SnnGraph): SnnRunner => createSnnRunner(graph, fastParts(graph));

/** The nodes of one network, on kernels of their own. */
export function fastParts(graph: SnnGraph): SnnParts {
  const arena = createArena();
  return {
    projection: node => gatherFast(node, graph, arena),
    population: node => prepareRealPopulation(node, graph) ?? preparePopulation(node, graph),
  };
}

export function gatherFast(node: Projection, graph: SnnGraph | IntGraph, arena: Arena): Gathering {
  if (!CODINGS_KNOWN.has(graph.attrs.coding)) return prepareProjection(node, graph);
  if (node.kind === 'product') return prepareProduct(node, arena);
  if (node.kind === 'linear') {
    const { data } = graph.constants.get(node.attrs.weight);
    // The interpreter skips silent inputs; 0 · weight changes no sum either, unless the weight is no number.
    if (allFinite(data)) return prepareLinear(node, graph, arena);
  }
  return prepareProjection(node, graph);
}

function allFinite(data: TensorData): boolean {
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i]!)) return false;
  return true;
}

function prepareLinear(node: ProjectionOf<'linear'>, graph: SnnGraph | IntGraph, arena: Arena): Gathering {
  const { shape, data } = graph.constants.get(node.attrs.weight);
  const [inner, columns] = shape as [number, number];
  const { rows } = node.attrs;
  const multiply = prepareWeighted(arena, { rows, inner, columns }, data);
  const addBias = biasAdder(node, graph.constants);
  const read = reader(node.attrs.map, rows * inner);
  const source = node.operands[0]!;
  return (state, t) => {
    const current = currentOf(state, node.id, rows * columns, t);
    multiply(read(state.slots.get(source)!.values, 0), current);
    if (entersAt(state.coding, t)) addBias(current);
  };
}

/** Adds a bias of [C] or [rows, C]. */
export function biasAdder(
  { attrs }: ProjectionOf<'linear'>,
  constants: ConstantPool,
): (current: Float64Array) => void {
  if (attrs.bias === undefined) return () => {};
  const { data } = constants.get(attrs.bias);
  return current => {
    for (let first = 0; first < current.length; first += data.length) {
      for (let i = 0; i < data.length; i++) current[first + i]! += data[i]!;
    }
  };
}

function prepareProduct(node: ProjectionOf<'product'>, arena: Arena): Gathering {
  const [groups, rows, columns] = node.type.shape as [number, number, number];
  const { inner } = node.attrs;
  const multiply = prepareDynamic(arena, { rows, inner, columns });
  const [readA, readB] = [reader(node.attrs.mapA, rows * inner), reader(node.attrs.mapB, columns * inner)];
  const [a, b] = node.operands as readonly [ValueId, ValueId];
  const size = groups * rows * columns;
  const sumsOf = (state: GatherState, id: ValueId) => state.slots.get(id)!.sums;
  return (state, t) => {
    const current = currentOf(state, node.id, size, t);
    current.fill(0);
    const [sumsA, sumsB] = [sumsOf(state, a), sumsOf(state, b)];
    for (let g = 0; g < groups; g++) {
      multiply(readA(sumsA, g), readB(sumsB, g), current, g * rows * columns);
    }
  };
}

/** Block `index` of `length` elements of a source seen through a map. */
function reader(
  map: StridedMap | undefined,
  length: number,
): (source: ArrayLike<number>, index: number) => Fill {
  const indices = map === undefined ? undefined : expandMap(map);
  return (source, index) => (out, at) => {
    const first = index * length;
    if (indices === undefined) for (let i = 0; i < length; i++) out[at + i] = source[first + i]!;
    else
      for (let i = 0; i < length; i++) {
        const from = indices[first + i]!;
        out[at + i] = from === HOLE ? 0 : source[from]!;
      }
  };
}
