/**
 * Stage `snn`, fast: the interpreter with linears and products on the kernels and populations in loops over whole
 * arrays, bit for bit the same.
 */
import type { ConstantPool, TensorData } from '../constants.ts';
import { sizeOf, type ValueId } from '../dialect.ts';
import type { IntGraph } from '../int.ts';
import { intakeOf } from '../interpret/intake.ts';
import {
  closeStep,
  createProduct,
  currentOf,
  entersAt,
  type Gathering,
  type GatherState,
  openStep,
  type Projection,
  type ProjectionOf,
  prepareProjection,
} from '../interpret/projections.ts';
import { createSnnRunner, preparePopulation, type SnnParts, type SnnRunner } from '../interpret/snn.ts';
import { expandMap, HOLE, type StridedMap } from '../map.ts';
import type { SnnGraph } from '../snn.ts';
import { type Arena, createArena } from './arena.ts';
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
  if (node.kind === 'product') return gatherProduct(node, graph, productAdder(node, arena));
  if (node.kind === 'linear') {
    const { data } = graph.constants.get(node.attrs.weight);
    // The interpreter skips silent inputs; 0 · weight changes no sum either, unless the weight is no number.
    if (allFinite(data)) return gatherLinear(node, graph, linearAdder(node, graph, arena));
  }
  return prepareProjection(node, graph);
}

/** Adds what a step sends, each value times `weighed`, to `out`; of a product the product of the sums so far. */
export type Adder = (state: GatherState, out: Float64Array, weighed: number) => void;

export function gatherLinear(
  node: ProjectionOf<'linear'>,
  graph: SnnGraph | IntGraph,
  add: Adder,
): Gathering {
  const intake = intakeOf(node, graph);
  const addBias = biasAdder(node, graph.constants);
  const size = sizeOf(node.type.shape);
  return (state, t) => {
    const current = currentOf(state, node.id, size, t);
    const step = openStep(current, intake);
    add(state, step, intake.weights[0]!(t));
    closeStep(current, step, intake);
    if (entersAt(state.coding, t)) addBias(current);
  };
}

export function gatherProduct(
  node: ProjectionOf<'product'>,
  graph: SnnGraph | IntGraph,
  add: Adder,
): Gathering {
  const intake = intakeOf(node, graph);
  const size = sizeOf(node.type.shape);
  const settle = createProduct(intake, size);
  const exact = new Float64Array(intake.shift === 0 ? 0 : size);
  return (state, t) => {
    const current = currentOf(state, node.id, size, t);
    const out = intake.shift === 0 ? current : exact;
    out.fill(0);
    add(state, out, 1);
    if (out !== current) for (let i = 0; i < size; i++) settle(current, i, out[i]!, t);
  };
}

function allFinite(data: TensorData): boolean {
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i]!)) return false;
  return true;
}

export function linearAdder(node: ProjectionOf<'linear'>, graph: SnnGraph | IntGraph, arena: Arena): Adder {
  const { shape, data } = graph.constants.get(node.attrs.weight);
  const [inner, columns] = shape as [number, number];
  const { rows } = node.attrs;
  const multiply = prepareWeighted(arena, { rows, inner, columns }, data);
  const read = reader(node.attrs.map, rows * inner);
  const source = node.operands[0]!;
  return (state, out, weighed) => multiply(read(state.slots.get(source)!.values, 0, weighed), out);
}

/** Adds a bias of [C] or [rows, C]. */
function biasAdder(
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

export function productAdder(node: ProjectionOf<'product'>, arena: Arena): Adder {
  const [groups, rows, columns] = node.type.shape as [number, number, number];
  const { inner } = node.attrs;
  const multiply = prepareDynamic(arena, { rows, inner, columns });
  const [readA, readB] = [reader(node.attrs.mapA, rows * inner), reader(node.attrs.mapB, columns * inner)];
  const [a, b] = node.operands as readonly [ValueId, ValueId];
  const sumsOf = (state: GatherState, id: ValueId) => state.slots.get(id)!.sums;
  return (state, out) => {
    const [sumsA, sumsB] = [sumsOf(state, a), sumsOf(state, b)];
    for (let g = 0; g < groups; g++) {
      multiply(readA(sumsA, g, 1), readB(sumsB, g, 1), out, g * rows * columns);
    }
  };
}

/** Block `index` of `length` elements of a source seen through a map, each times `weighed`. */
function reader(
  map: StridedMap | undefined,
  length: number,
): (source: ArrayLike<number>, index: number, weighed: number) => Fill {
  const indices = map === undefined ? undefined : expandMap(map);
  return (source, index, weighed) => (out, at) => {
    const first = index * length;
    if (indices === undefined) for (let i = 0; i < length; i++) out[at + i] = source[first + i]! * weighed;
    else
      for (let i = 0; i < length; i++) {
        const from = indices[first + i]!;
        out[at + i] = from === HOLE ? 0 : source[from]! * weighed;
      }
  };
}
