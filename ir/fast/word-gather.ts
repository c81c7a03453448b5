/**
 * Projections whose accumulators are integers of 32 bits, read by a population of neurons.ts. An accumulator that does not fit
 * them is cut to what does, which is beyond what a population saturates it to.
 */
import { sizeOf, type ValueId } from '../dialect.ts';
import type { IntGraph, IntOf, IntProjection } from '../int.ts';
import type { IntState } from '../interpret/int.ts';
import { intakeOf } from '../interpret/intake.ts';
import { entersAt } from '../interpret/projections.ts';
import { type Arena, aligned, type Kernels } from './arena.ts';
import { dynamicRoom, multiplyDynamic, type Operand } from './dynamic-product.ts';
import { lazily } from './integer-gather.ts';
import { multiply, productRoom } from './panels.ts';
import type { IntPlaces, SlotPlaces } from './places.ts';
import { type Adder, linearAdder, productAdder } from './snn.ts';

export interface WordGather {
  /** Bytes that it needs for itself. */
  readonly room: number;
  /** Is what it holds made anew in every step, so that its accumulators may be anywhere? */
  readonly isRemade: boolean;
  /** Brings the accumulators at `at`, which no one else has touched since the step before, up to step t. */
  readonly run: (state: IntState, t: number, at: number, room: number) => void;
}

/** What a network's word gathers have in common. */
export interface WordContext {
  readonly graph: IntGraph;
  readonly arena: Arena<Kernels>;
  readonly places: IntPlaces;
  /** Neurons of a source, and how large what it sends may be; undefined: nothing is known. */
  readonly sourceOf: (id: ValueId) => { readonly size: number; readonly largest: number | undefined };
}

const LARGEST_SHORT = 2 ** 15 - 1;
const WORD_LIMIT = 2 ** 31;

/** undefined: in doubles, by another. */
export function prepareWordGather(node: IntProjection, context: WordContext): WordGather | undefined {
  if (intakeOf(node, context.graph).shift !== 0) return undefined;
  switch (node.kind) {
    case 'linear':
      return prepareLinear(node, context);
    case 'product':
      return prepareProduct(node, context);
    case 'relay':
      return prepareRelay(node, context);
    case 'bias':
      return prepareBias(node, context);
    default:
      return undefined;
  }
}

const slotOf = ({ places, sourceOf }: WordContext, id: ValueId): SlotPlaces =>
  places.slot(id, sourceOf(id).size);

function prepareLinear(node: IntOf<'linear'>, context: WordContext): WordGather | undefined {
  const { graph, arena, places } = context;
  const weights = places.weights(node.attrs.weight);
  if (weights === undefined) return undefined;
  const { inner, columns } = weights;
  const { rows, map } = node.attrs;
  const [source] = node.operands as readonly [ValueId];
  const indices = places.indices(map);
  const bias =
    node.attrs.bias === undefined ? undefined : Int32Array.from(graph.constants.get(node.attrs.bias).data);
  const held = 2 ** (graph.attrs.accumulatorBits - 1) + largestOf(bias);
  const packed = aligned(rows * inner * 2);
  const inDoubles = lazily(own => linearAdder(node, graph, own));
  const size = rows * columns;
  const read = readerOf(slotOf(context, source), indices, rows * inner, context);
  return {
    room: packed + productRoom(rows, inner),
    isRemade: false,
    run(state, t, at, room) {
      begin(arena, at, size, t, entersAt(state.coding, t) ? bias : undefined);
      const x = read(room);
      const operand = { at: x.at, stride: inner * 2 };
      const y = { at, stride: columns * 4 };
      const isShort = x.largest <= LARGEST_SHORT;
      if (isShort && multiply(arena, operand, rows, weights, y, { room: room + packed, held })) return;
      widen(context, source);
      addReals(state, size, inDoubles, arena, at);
    },
  };
}

function prepareProduct(node: IntOf<'product'>, context: WordContext): WordGather {
  const { arena, places } = context;
  const [groups, rows, columns] = node.type.shape as [number, number, number];
  const { inner, mapA, mapB } = node.attrs;
  const [sumsA, sumsB] = node.operands.map(id => slotOf(context, id).sums) as [number, number];
  const [indicesA, indicesB] = [places.indices(mapA), places.indices(mapB)];
  const shape = { rows, inner, columns };
  const [bytesA, bytesB] = [aligned(rows * inner * 2), aligned(columns * inner * 2)];
  const size = groups * rows * columns;
  const inDoubles = lazily(own => productAdder(node, own));
  const block = (sums: number, indices: number, group: number, count: number, to: number): Operand => {
    const first = group * count * 4;
    const [from, index] = indices === 0 ? [sums + first, 0] : [sums, indices + first];
    return { at: to, stride: inner * 2, largest: arena.kernels.narrowWords(from, index, count, to) };
  };
  return {
    room: bytesA + bytesB + dynamicRoom(shape),
    isRemade: true,
    run(state, _, at, room) {
      begin(arena, at, size, 1, undefined);
      for (let g = 0; g < groups; g++) {
        const a = block(sumsA, indicesA, g, rows * inner, room);
        const b = block(sumsB, indicesB, g, columns * inner, room + bytesA);
        const y = { at: at + g * rows * columns * 4, stride: columns * 4 };
        if (multiplyDynamic(arena, [a, b], shape, y, room + bytesA + bytesB)) continue;
        begin(arena, at, size, 1, undefined);
        addReals(state, size, inDoubles, arena, at);
        return;
      }
    },
  };
}

/** undefined where sources may send more than 32 bits hold together. */
function prepareRelay(node: IntOf<'relay'>, context: WordContext): WordGather | undefined {
  const { arena, places, graph, sourceOf } = context;
  const largest = node.operands.map(id => sourceOf(id).largest ?? WORD_LIMIT);
  const reach = largest.reduce((a, b) => a + b, 2 ** (graph.attrs.accumulatorBits - 1));
  if (reach >= WORD_LIMIT) return undefined;
  const size = sizeOf(node.type.shape);
  const indices = places.indices(node.attrs.map);
  const sources = node.operands.map(id => slotOf(context, id));
  return {
    room: 0,
    isRemade: false,
    run(_, t, at) {
      begin(arena, at, size, t, undefined);
      for (const { values, shorts } of sources) {
        if (shorts === undefined) arena.kernels.addWords(values, indices, size, at);
        else arena.kernels.addShorts(shorts, indices, size, at);
      }
    },
  };
}

/** Of a constant, once or, in `rate`, in every step. */
function prepareBias(node: IntOf<'bias'>, { arena, graph }: WordContext): WordGather | undefined {
  const bias = Int32Array.from(graph.constants.get(node.attrs.value).data);
  if (2 ** (graph.attrs.accumulatorBits - 1) + largestOf(bias) >= WORD_LIMIT) return undefined;
  const size = sizeOf(node.type.shape);
  return {
    room: 0,
    isRemade: false,
    run: ({ coding }, t, at) => begin(arena, at, size, t, entersAt(coding, t) ? bias : undefined),
  };
}

/** Before the first step accumulators are empty, those behind the last too; then the bias enters. */
function begin({ views }: Arena, at: number, size: number, t: number, bias: Int32Array | undefined): void {
  const { i32 } = views();
  const first = at / 4;
  if (t > 1) {
    for (let i = 0; bias !== undefined && i < size; i++) i32[first + i]! += bias[i % bias.length]!;
    return;
  }
  i32.fill(0, bias === undefined ? first : first + size, first + aligned(size * 4) / 4);
  if (bias === undefined) return;
  i32.set(bias, first);
  for (let done = bias.length; done < size; done *= 2) {
    i32.copyWithin(first + done, first, first + Math.min(done, size - done));
  }
}

/** What a source sent as 16 bits, through a map, and the largest where they may not hold it. */
function readerOf(
  { shorts, values }: SlotPlaces,
  indices: number,
  count: number,
  { arena: { kernels } }: WordContext,
): (room: number) => { readonly at: number; readonly largest: number } {
  if (shorts === undefined) {
    return room => ({ at: room, largest: kernels.narrowWords(values, indices, count, room) });
  }
  if (indices === 0) return () => ({ at: shorts, largest: 0 });
  return room => {
    kernels.pickShorts(shorts, indices, count, room);
    return { at: room, largest: 0 };
  };
}

/** Doubles read what was sent as numbers of 32 bits. */
function widen(context: WordContext, source: ValueId): void {
  const { shorts, values, size } = slotOf(context, source);
  if (shorts !== undefined) context.arena.kernels.widenPayloads(shorts, values, size);
}

const largestOf = (list: Int32Array | undefined): number =>
  list === undefined ? 0 : list.reduce((most, x) => Math.max(most, Math.abs(x)), 0);

/** Adds what doubles say, cut to 32 bits. */
function addReals(state: IntState, size: number, inDoubles: Adder, { views }: Arena, at: number): void {
  const reals = new Float64Array(size);
  inDoubles(state, reals, 1);
  const { i32 } = views();
  for (let i = 0; i < size; i++) {
    i32[at / 4 + i] = Math.max(-WORD_LIMIT, Math.min(WORD_LIMIT - 1, i32[at / 4 + i]! + reals[i]!));
  }
}
