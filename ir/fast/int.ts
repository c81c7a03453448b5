/**
 * Stage `int`, fast: bit for bit what interpret/int.ts says. Linears and products are integers of 16 bits where bounds
 * prove that they may be, doubles otherwise; populations run on the kernels too.
 */
import type { ValueId } from '../dialect.ts';
import type { IntGraph } from '../int.ts';
import { createIntRunner, createProbedRunner, type IntProbe, type IntRunner } from '../interpret/int.ts';
import type { Gathering, Projection, ProjectionOf } from '../interpret/projections.ts';
import { expandMap, HOLE, type StridedMap } from '../map.ts';
import { type Arena, createArena } from './arena.ts';
import { type FillIntegers, prepareDynamicIntegers, prepareWeightedIntegers } from './integer-product.ts';
import { createPlaces } from './places.ts';
import { prepareFastPopulation } from './population.ts';
import { type Adder, gatherFast, gatherLinear, gatherProduct, linearAdder, productAdder } from './snn.ts';

/** Packs weights and expands maps once, then runs any number of images. */
export function createFastIntRunner(graph: IntGraph): IntRunner {
  const arena = createArena();
  const places = createPlaces(arena);
  return createIntRunner(graph, {
    projection: node => gatherIntegers(node, graph, arena),
    population: (node, _, counter) => prepareFastPopulation(node, graph, counter, arena, places),
    memory: places.memory,
  });
}

/** Linears and products fast, populations as the interpreter runs them, seen by `probe`. */
export function createFastProbedRunner(graph: IntGraph, probe: IntProbe): IntRunner {
  const arena = createArena();
  return createProbedRunner(graph, probe, node => gatherIntegers(node, graph, arena));
}

function gatherIntegers(node: Projection, graph: IntGraph, arena: Arena): Gathering {
  if (node.kind === 'linear') {
    const add = integerLinear(node, graph, arena);
    if (add !== undefined) return gatherLinear(node, graph, add);
  }
  if (node.kind === 'product') return gatherProduct(node, graph, integerProduct(node, arena));
  return gatherFast(node, graph, arena);
}

/** Prepared when it is first needed, in memory of its own: most networks never do. */
function lazily(make: (arena: Arena) => Adder): Adder {
  let made: Adder | undefined;
  return (state, out, weighed) => {
    made ??= make(createArena());
    made(state, out, weighed);
  };
}

/** undefined where weights need more than 16 bits. */
function integerLinear(node: ProjectionOf<'linear'>, graph: IntGraph, arena: Arena): Adder | undefined {
  const { shape, data } = graph.constants.get(node.attrs.weight);
  const [inner, columns] = shape as [number, number];
  const { rows } = node.attrs;
  const multiply = prepareWeightedIntegers(arena, { rows, inner, columns }, data);
  if (multiply === undefined) return undefined;
  const inDoubles = lazily(own => linearAdder(node, graph, own));
  const read = reader(node.attrs.map, rows * inner);
  const source = node.operands[0]!;
  return (state, out, weighed) => {
    if (!multiply(read(state.slots.get(source)!.values, 0), out)) inDoubles(state, out, weighed);
    // What is weighed comes alone, to be rounded, so that the whole of it may be.
    else if (weighed !== 1) for (let i = 0; i < out.length; i++) out[i]! *= weighed;
  };
}

function integerProduct(node: ProjectionOf<'product'>, arena: Arena): Adder {
  const [groups, rows, columns] = node.type.shape as [number, number, number];
  const { inner } = node.attrs;
  const multiply = prepareDynamicIntegers(arena, { rows, inner, columns });
  const [readA, readB] = [reader(node.attrs.mapA, rows * inner), reader(node.attrs.mapB, columns * inner)];
  const [a, b] = node.operands as readonly [ValueId, ValueId];
  const inDoubles = lazily(own => productAdder(node, own));
  return (state, out, weighed) => {
    const [sumsA, sumsB] = [state.slots.get(a)!.sums, state.slots.get(b)!.sums];
    for (let g = 0; g < groups; g++) {
      if (multiply(readA(sumsA, g), readB(sumsB, g), out, g * rows * columns)) continue;
      out.fill(0);
      inDoubles(state, out, weighed);
      return;
    }
  };
}

/** Block `index` of `length` integers of a source seen through a map. */
function reader(
  map: StridedMap | undefined,
  length: number,
): (source: ArrayLike<number>, index: number) => FillIntegers {
  const indices = map === undefined ? undefined : expandMap(map);
  return (source, index) => (out, at, inner, stride) => {
    let largest = 0;
    for (let i = index * length, to = at; i < (index + 1) * length; i += inner, to += stride) {
      for (let k = 0; k < inner; k++) {
        const from = indices === undefined ? i + k : indices[i + k]!;
        const value = from === HOLE ? 0 : source[from]!;
        out[to + k] = value;
        const size = value < 0 ? -value : value;
        if (size > largest) largest = size;
      }
      if (stride > inner) out[to + inner] = 0;
    }
    return largest;
  };
}
