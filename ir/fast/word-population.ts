/**
 * Populations of stage `int` in integers of 32 bits, with the projections that they read: gathered when their population runs,
 * so that accumulators stay near where nothing is kept of them.
 */
import { readersOf, sizeOf, type ValueId } from '../dialect.ts';
import type { IntGraph, IntOf, IntProjection } from '../int.ts';
import { gatherOf, type IntState, type IntStep, type Saturations } from '../interpret/int.ts';
import type { Gathering } from '../interpret/projections.ts';
import { somaSpecOf } from '../interpret/soma.ts';
import { type Arena, aligned, type Kernels } from './arena.ts';
import { prepareNeurons } from './neurons.ts';
import { type IntPlaces, SLOT_BYTES } from './places.ts';
import { prepareWordGather, type WordContext } from './word-gather.ts';

/** Populations that run so, by name, and the projections that they gather themselves. */
export interface WordPopulations {
  readonly steps: ReadonlyMap<ValueId, (counter: Saturations) => IntStep>;
  readonly gathered: ReadonlySet<ValueId>;
}

/** A neuron with an attribute that is not known here is left to others. */
const EMITS_KNOWN: ReadonlySet<string> = new Set(['kind', 'theta', 'levels', 'terms', 'band', 'coarse']);

type Population = IntOf<'population'>;

/** `gatherReals`: how a projection gathers in doubles what has no accumulators of 32 bits. */
export function prepareWordPopulations(
  graph: IntGraph,
  arena: Arena<Kernels>,
  places: IntPlaces,
  gatherReals: (node: IntProjection) => Gathering,
): WordPopulations {
  const readers = readersOf(graph.nodes);
  const byId = new Map(graph.nodes.map(node => [node.id, node]));
  const steps = new Map<ValueId, (counter: Saturations) => IntStep>();
  const gathered = new Set<ValueId>();
  const sourceOf = (id: ValueId) => {
    const node = byId.get(id)!;
    return {
      size: sizeOf(node.type.shape),
      largest: node.kind === 'population' ? largestSent(node, graph) : undefined,
    };
  };
  const context = { graph, arena, places, sourceOf };
  for (const node of graph.nodes) {
    if (node.kind !== 'population') continue;
    const projections = node.operands.map(id => byId.get(id) as IntProjection);
    if (projections.some(({ id }) => readers.get(id)!.length > 1)) continue;
    const make = prepareWordPopulation(node, projections, context, gatherReals);
    if (make === undefined) continue;
    steps.set(node.id, make);
    for (const { id } of projections) gathered.add(id);
  }
  return { steps, gathered };
}

/** The largest magnitude that one of its messages can have. */
function largestSent({ attrs: { emit, function: fn }, operands }: Population, { attrs }: IntGraph): number {
  if (emit.kind === 'mt') return emit.terms * 2 ** (emit.levels - 1);
  return fn.kind === 'partial' ? operands.length * 2 ** attrs.accumulatorBits : 2 ** attrs.stateBits;
}

function prepareWordPopulation(
  node: Population,
  projections: readonly IntProjection[],
  context: WordContext,
  gatherReals: (node: IntProjection) => Gathering,
): ((counter: Saturations) => IntStep) | undefined {
  const { graph, arena, places } = context;
  const { emit } = node.attrs;
  const isOutput = graph.outputs.includes(node.id);
  const isKnown = Object.entries(emit).every(([name, value]) => EMITS_KNOWN.has(name) || value === undefined);
  const size = sizeOf(node.type.shape);
  const bytes = aligned(size * 4);
  const isPlaced = arena.fits(size * (12 * projections.length + SLOT_BYTES));
  if (!isKnown || !isPlaced || (isOutput && emit.kind === 'mt')) return undefined;
  const neurons = prepareNeurons(specOf(node, graph), arena);
  if (neurons === undefined) return undefined;
  if (neurons.isShort) places.sendShorts(node.id);
  const gathers = projections.map(projection => prepareGather(projection, size, context, gatherReals));
  const room = Math.max(neurons.room, ...gathers.map(gather => gather.room));
  arena.needScratch(gathers.length * bytes + room);
  const own = places.slot(node.id, size);
  const { shorts, values, terms, sums } = own;
  const sent = { payloads: shorts ?? values, terms, sums };
  return counter => (state, t, observe) => {
    const scratch = arena.scratch();
    const behind = scratch + gathers.length * bytes;
    const slot = state.slots.get(node.id)!;
    for (const { prepare } of gathers) prepare?.(state, t);
    const accumulators = gathers.map((gather, i) => {
      const at = gather.kept ?? scratch + i * bytes;
      counter.accumulator += gather.run(state, t, at, behind);
      return at;
    });
    neurons.step(accumulators, sent, t, behind, counter);
    if (shorts !== undefined && (observe !== undefined || places.areValuesRead(node.id))) {
      arena.kernels.widenPayloads(shorts, values, size);
    }
    if (isOutput) state.outputs.set(node.id, Float64Array.from(slot.sums));
    observe?.(t, node, slot);
  };
}

const specOf = (node: Population, graph: IntGraph): Parameters<typeof prepareNeurons>[0] => ({
  size: sizeOf(node.type.shape),
  gathers: node.operands.map(id => {
    const { shifts, of } = gatherOf(id, node, graph);
    return { scale: shifts, of };
  }),
  accumulatorBits: graph.attrs.accumulatorBits,
  soma: somaSpecOf(node, graph),
  emit: node.attrs.emit,
  coding: graph.attrs.coding,
  steps: graph.attrs.steps,
});

/** Accumulators of one projection: where they are kept between steps, if they are. */
interface Gather {
  readonly room: number;
  readonly kept: number | undefined;
  /** What is gathered in doubles comes first: it needs the room of all. */
  readonly prepare?: (state: IntState, t: number) => void;
  /** Returns how many were saturated on the way. */
  readonly run: (state: IntState, t: number, at: number, room: number) => number;
}

function prepareGather(
  projection: IntProjection,
  size: number,
  context: WordContext,
  gatherReals: (node: IntProjection) => Gathering,
): Gather {
  const { graph, arena, places } = context;
  const words = prepareWordGather(projection, context);
  if (words !== undefined) {
    const isKept = graph.attrs.steps > 1 && !words.isRemade;
    const kept = isKept ? arena.reserve(aligned(size * 4)) : undefined;
    const run: Gather['run'] = (state, t, at, room) => {
      words.run(state, t, at, room);
      return 0;
    };
    return { room: words.room, kept, run };
  }
  for (const id of projection.operands) places.readValues(id);
  const gather = gatherReals(projection);
  const current = places.current(projection.id, size);
  const top = 2 ** (graph.attrs.accumulatorBits - 1) - 1;
  return {
    room: 0,
    kept: undefined,
    prepare: gather,
    run(_state, _t, at) {
      arena.views().i32.fill(0, at / 4 + size, at / 4 + aligned(size * 4) / 4);
      return arena.kernels.holdReals(current, at, size, top);
    },
  };
}
