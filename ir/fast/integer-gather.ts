/**
 * Projections whose accumulators are doubles, gathered in integers of 16 and 32 bits where bounds prove that nothing overflows:
 * for populations that the interpreter runs, or those of population.ts.
 */
import type { ValueId } from '../dialect.ts';
import type { IntGraph } from '../int.ts';
import type { Gathering, Projection, ProjectionOf } from '../interpret/projections.ts';
import { expandMap, HOLE, type StridedMap } from '../map.ts';
import { type Arena, aligned, createArena, type ProductKernels } from './arena.ts';
import { dynamicRoom, multiplyDynamic, type Operand } from './dynamic-product.ts';
import { multiply, productRoom } from './panels.ts';
import type { IntPlaces } from './places.ts';
import { type Adder, gatherFast, gatherLinear, gatherProduct, linearAdder, productAdder } from './snn.ts';

const LARGEST_SHORT = 2 ** 15 - 1;

export function gatherIntegers(
  node: Projection,
  graph: IntGraph,
  arena: Arena<ProductKernels>,
  places: IntPlaces,
): Gathering {
  if (node.kind === 'linear') {
    const add = integerLinear(node, graph, arena, places);
    if (add !== undefined) return gatherLinear(node, graph, add);
  }
  if (node.kind === 'product') return gatherProduct(node, graph, integerProduct(node, arena));
  return gatherFast(node, graph, arena);
}

/** Prepared when it is first needed, in memory of its own: most networks never do. */
export function lazily(make: (arena: Arena) => Adder): Adder {
  let made: Adder | undefined;
  return (state, out, weighed) => {
    made ??= make(createArena());
    made(state, out, weighed);
  };
}

/** undefined where weights need more than 8 bits. */
function integerLinear(
  node: ProjectionOf<'linear'>,
  graph: IntGraph,
  arena: Arena<ProductKernels>,
  places: IntPlaces,
): Adder | undefined {
  const weights = places.weights(node.attrs.weight);
  if (weights === undefined) return undefined;
  const { inner, columns } = weights;
  const { rows } = node.attrs;
  const y = aligned(rows * inner * 2);
  const room = y + aligned(rows * columns * 4);
  arena.needScratch(room + productRoom(rows, inner));
  const inDoubles = lazily(own => linearAdder(node, graph, own));
  const read = reader(node.attrs.map, rows * inner);
  const source = node.operands[0]!;
  return (state, out, weighed) => {
    const base = arena.scratch();
    const { i16, i32 } = arena.views();
    const largest = read(state.slots.get(source)!.values, 0, i16, base / 2);
    i32.fill(0, (base + y) / 4, (base + room) / 4);
    const [from, to] = [
      { at: base, stride: inner * 2 },
      { at: base + y, stride: columns * 4 },
    ];
    const isShort = largest <= LARGEST_SHORT;
    if (!isShort || !multiply(arena, from, rows, weights, to, { room: base + room, held: 0 })) {
      inDoubles(state, out, weighed);
      return;
    }
    // What is weighed comes alone, to be rounded, and is added to nothing.
    for (let i = 0; i < out.length; i++) out[i]! += i32[to.at / 4 + i]! * weighed;
  };
}

function integerProduct(node: ProjectionOf<'product'>, arena: Arena<ProductKernels>): Adder {
  const [groups, rows, columns] = node.type.shape as [number, number, number];
  const { inner } = node.attrs;
  const shape = { rows, inner, columns };
  const b = aligned(rows * inner * 2);
  const y = b + aligned(columns * inner * 2);
  const room = y + aligned(rows * columns * 4);
  arena.needScratch(room + dynamicRoom(shape));
  const [readA, readB] = [reader(node.attrs.mapA, rows * inner), reader(node.attrs.mapB, columns * inner)];
  const [sourceA, sourceB] = node.operands as readonly [ValueId, ValueId];
  const inDoubles = lazily(own => productAdder(node, own));
  return (state, out, weighed) => {
    const [sumsA, sumsB] = [state.slots.get(sourceA)!.sums, state.slots.get(sourceB)!.sums];
    const base = arena.scratch();
    const { i16, i32 } = arena.views();
    const operand = (read: Reader, sums: ArrayLike<number>, g: number, at: number): Operand => ({
      at,
      stride: inner * 2,
      largest: read(sums, g, i16, at / 2),
    });
    for (let g = 0; g < groups; g++) {
      const both = [operand(readA, sumsA, g, base), operand(readB, sumsB, g, base + b)] as const;
      i32.fill(0, (base + y) / 4, (base + room) / 4);
      if (!multiplyDynamic(arena, both, shape, { at: base + y, stride: columns * 4 }, base + room)) {
        out.fill(0);
        inDoubles(state, out, weighed);
        return;
      }
      const first = g * rows * columns;
      for (let i = 0; i < rows * columns; i++) out[first + i]! += i32[(base + y) / 4 + i]!;
    }
  };
}

/** Writes block `index` of `length` integers of a source seen through a map; says the largest magnitude. */
type Reader = (source: ArrayLike<number>, index: number, out: Int16Array, at: number) => number;

function reader(map: StridedMap | undefined, length: number): Reader {
  const indices = map === undefined ? undefined : expandMap(map);
  return (source, index, out, at) => {
    let largest = 0;
    for (let i = 0; i < length; i++) {
      const from = indices === undefined ? index * length + i : indices[index * length + i]!;
      const value = from === HOLE ? 0 : source[from]!;
      out[at + i] = value;
      const size = value < 0 ? -value : value;
      if (size > largest) largest = size;
    }
    return largest;
  };
}
