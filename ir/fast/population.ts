/**
 * Populations of stage `int` on the kernels: the same doubles through the same operations as in interpret/int.ts and
 * interpret/soma.ts, in one memory with what they read and write.
 */
import { pow2 } from '../fixed.ts';
import type { IntGraph, IntOf } from '../int.ts';
import {
  gatherOf,
  type IntStep,
  preparePopulation,
  RECIPROCAL_FRACTION,
  reciprocal,
  type Saturations,
} from '../interpret/int.ts';
import { createMembrane } from '../interpret/membrane.ts';
import { isMultiplied } from '../interpret/soma.ts';
import { type Arena, aligned, hasAllKernels, type Kernels } from './arena.ts';
import { type IntPlaces, SLOT_BYTES, type SlotPlaces } from './places.ts';
import { prepareSoma, type Shift, shiftOf, topOf } from './soma.ts';

/** The limits within which integers of 64 bits hold everything that firing shifts. */
const MOST_SHIFT = 48;
const LEAST_SHIFT = 2;

/** Doubles, which the interpreter computes with, are whole numbers up to so many bits. */
const MOST_BITS = 53;

/** A neuron with an attribute that is not known here is left to the interpreter. */
const EMITS_KNOWN: ReadonlySet<string> = new Set(['kind', 'theta', 'levels', 'terms', 'band', 'coarse']);

export function prepareFastPopulation(
  node: IntOf<'population'>,
  graph: IntGraph,
  counter: Saturations,
  arena: Arena,
  places: IntPlaces,
): IntStep {
  if (!hasAllKernels(arena)) return preparePopulation(node, graph, counter);
  const channels = node.type.shape.at(-1)!;
  const scales = node.operands.map(id => gatherOf(id, node, graph));
  const isRegular = scales.every(({ shifts }) => channels % shifts.length === 0);
  const isKnown = !isMultiplied(node.attrs.function);
  const emit = prepareEmit(node, graph, arena, counter);
  if (!isRegular || !isKnown || emit === undefined) return preparePopulation(node, graph, counter);
  const soma = prepareSoma(node, graph, arena);
  const size = node.type.shape.reduce((a, b) => a * b, 1);
  const isPlaced = arena.fits(size * (8 * node.operands.length + SLOT_BYTES) + roomOf(size, soma.room));
  if (!isPlaced) return preparePopulation(node, graph, counter);
  arena.needScratch(roomOf(size, soma.room));
  const gather = prepareGather(node, graph, counter, arena, places);
  const own = places.slot(node.id, size);
  const isOutput = graph.outputs.includes(node.id);
  return (state, t, observe) => {
    const { views, scratch } = arena;
    const u = scratch();
    if (t === 1) state.slots.get(node.id)!.sums.fill(0);
    gather(u, t);
    soma.apply(u, size, t, u + 2 * aligned(size * 8));
    if (isOutput) state.outputs.set(node.id, views().f64.slice(u / 8, u / 8 + size));
    emit(u, own, size, t);
    observe?.(t, node, state.slots.get(node.id)!);
  };
}

/** u, a second one beside it, and what the soma needs. */
const roomOf = (size: number, soma: number): number => 2 * aligned(size * 8) + aligned(soma);

type Gather = (u: number, t: number) => void;

function prepareGather(
  node: IntOf<'population'>,
  graph: IntGraph,
  counter: Saturations,
  arena: Arena<Kernels>,
  places: IntPlaces,
): Gather {
  const { kernels } = arena;
  const { accumulatorBits, stateBits } = graph.attrs;
  const channels = node.type.shape.at(-1)!;
  const size = node.type.shape.reduce((a, b) => a * b, 1);
  const isPartial = node.attrs.function.kind === 'partial';
  const top = topOf(accumulatorBits);
  const inputs = node.operands.map(id => {
    const { shifts, of } = gatherOf(id, node, graph);
    const list = Array.from({ length: channels }, (_, c) =>
      shiftOf(isPartial ? 0 : shifts[c % shifts.length]! - node.attrs.fraction),
    );
    return { at: places.current(id, size), ...placeShifts(list, arena), of: isPartial ? undefined : of };
  });
  return (u, t) => {
    const second = u + aligned(size * 8);
    arena.views().f64.fill(0, u / 8, u / 8 + size);
    for (const { at, factors, halves, of } of inputs) {
      const into = of === undefined ? u : second;
      if (into === second) arena.views().f64.fill(0, second / 8, second / 8 + size);
      counter.accumulator += kernels.gather(at, into, size, factors, halves, channels, top);
      if (of === undefined) continue;
      kernels.scaleBy(second, size, reciprocal(t, of), pow2(-RECIPROCAL_FRACTION[of]));
      kernels.add(second, u, size);
    }
    if (!isPartial) counter.state += kernels.settle(u, size, 1, topOf(stateBits));
  };
}

function placeShifts(shifts: readonly Shift[], arena: Arena<Kernels>) {
  const bytes = shifts.length * 8;
  const [factors, halves] = [arena.reserve(bytes), arena.reserve(bytes)];
  const { f64 } = arena.views();
  shifts.forEach(({ factor, half }, c) => {
    f64[factors / 8 + c] = factor;
    f64[halves / 8 + c] = half;
  });
  return { factors, halves };
}

type Emit = (y: number, slot: SlotPlaces, size: number, t: number) => void;

/** undefined where integers of 64 bits might not hold everything. */
function prepareEmit(
  node: IntOf<'population'>,
  { attrs }: IntGraph,
  { kernels }: Arena<Kernels>,
  counter: Saturations,
): Emit | undefined {
  const { emit, outFraction } = node.attrs;
  if (emit.kind !== 'mt') {
    return (y, { values, terms, sums }, size) => kernels.relay(y, values, terms, sums, size);
  }
  if (!Object.entries(emit).every(([name, value]) => EMITS_KNOWN.has(name) || value === undefined)) {
    return undefined;
  }
  const { levels, terms: most, band } = emit;
  const membraneAt = createMembrane(emit, outFraction, attrs);
  const { shift, yShift } = membraneAt(1);
  const { factor } = membraneAt(attrs.steps);
  if (attrs.stateBits + yShift + Math.ceil(Math.log2(factor)) > MOST_BITS) return undefined;
  if (shift < LEAST_SHIFT || shift + levels > MOST_SHIFT || levels < 1 || band < 1) return undefined;
  const [top, edge] = [BigInt(levels), BigInt(band)];
  return (y, { values, terms, sums }, size, t) => {
    const at = membraneAt(t);
    const scales = [BigInt(at.yShift), BigInt(at.sumShift), BigInt(at.factor), BigInt(at.weight)] as const;
    const ladder = [BigInt(at.shift), BigInt(at.lowest), top] as const;
    counter.threshold += kernels.fire(y, values, terms, sums, size, ...scales, ...ladder, most, edge);
  };
}
