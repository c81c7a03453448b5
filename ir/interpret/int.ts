/**
 * What stage `int` means: the one integer semantics. Every faster implementation – the chip simulator, its
 * kernels, an emulated device – is compared with this file bit for bit.
 *
 *   accumulator  += payload · weight           exact, then saturated to accumulatorBits once a step
 *   U            =  Σ rs(accumulator, scale − fraction)        saturated to stateBits
 *   y            =  F(U)                        tables and shifts (soma.ts)
 *   payload      =  terms nearest to y − E,     E += payload
 *
 * In the `rate` coding U and y carry the factors t and 1/t of the paper, by multiplications that are counted. In
 * `differential` a payload of step t counts round(2^b / t) · 2^−b times: E and the operand sums of a product hold b
 * more fraction bits and are exact, what a step adds to an accumulator is rounded once (step-weights.ts).
 */
import type { ConstantPool } from '../constants.ts';
import { defect } from '../diagnostics/diagnostic.ts';
import { nodeMap, sizeOf, type ValueId } from '../dialect.ts';
import { type Firing, rs, saturate } from '../fixed.ts';
import type { IntFunction, IntGraph, IntNode, IntOf, IntProjection } from '../int.ts';
import { createMembrane, firing } from './membrane.ts';
import { type Gathering, type GatherState, prepareProjection } from './projections.ts';
import { makeSomaFunction } from './soma.ts';

/**
 * What a population sent in one step; payloads in units of θ (mt) or 2^-outFraction (relay). The arrays are written
 * again in the next step and for the next image.
 */
export interface IntEmission {
  readonly values: Int32Array;
  /** Signed powers of two in each payload; 1 for a nonzero graded value. */
  readonly terms: Uint8Array;
  /** Sum of all payloads so far, this step included, each times the weight of its step. */
  readonly sums: Int32Array;
}
export type IntObserver = (
  step: number,
  node: IntOf<'population'> | IntOf<'input'>,
  emission: IntEmission,
) => void;

/** A population's own numbers in one step, after its function and before it fires. */
export interface IntInside {
  /** U with `fraction` fraction bits and y = F(U) with `outFraction`. */
  readonly state: Float64Array;
  readonly target: Float64Array;
  /** What the accumulator of each of its projections holds, in operand order. */
  readonly accumulators: readonly Float64Array[];
  /** Sum of all payloads of the steps before. */
  readonly sums: Int32Array;
}
export type IntProbe = (step: number, node: IntOf<'population'>, inside: IntInside) => void;

/** How often a width was too small, per population: each is a place where accuracy may have gone. */
export interface Saturations {
  accumulator: number;
  state: number;
  threshold: number;
}

export interface IntRunner {
  /** The readout after each step t = 1…T, as real numbers: q · 2^-f, in `rate` q · 2^-f / t. */
  run(image: Float64Array, observe?: IntObserver): readonly Float64Array[];
  readonly saturations: ReadonlyMap<ValueId, Saturations>;
}

/** What a network holds while it runs. */
export interface IntMemory {
  readonly slots: Map<ValueId, { values: Int32Array; terms: Uint8Array; sums: Int32Array }>;
  readonly currents: Map<ValueId, Float64Array>;
  readonly outputs: Map<ValueId, Float64Array>;
}
export type IntState = IntMemory & GatherState & { readonly image: Float64Array };
export type IntStep = (state: IntState, t: number, observe: IntObserver | undefined) => void;

/** How the nodes of a network are made to run; ir/fast has quicker ways that come to the same. */
export interface IntParts {
  projection(node: IntProjection, graph: IntGraph): Gathering;
  population(node: IntOf<'population'>, graph: IntGraph, counter: Saturations): IntStep;
  /** Asked for once, after all nodes. */
  memory(): IntMemory;
}
const INTERPRETED: IntParts = {
  projection: prepareProjection,
  population: (node, graph, counter) => preparePopulation(node, graph, counter),
  memory: () => ({ slots: new Map(), currents: new Map(), outputs: new Map() }),
};

/** The same, and `probe` sees every population's numbers; `projection`: how projections gather. */
export const createProbedRunner = (
  graph: IntGraph,
  probe: IntProbe,
  projection: IntParts['projection'] = prepareProjection,
): IntRunner =>
  createIntRunner(graph, {
    ...INTERPRETED,
    projection,
    population: (node, network, counter) => preparePopulation(node, network, counter, probe),
  });

/** Expands maps and weights once, then runs any number of images. */
export function createIntRunner(graph: IntGraph, parts: IntParts = INTERPRETED): IntRunner {
  const saturations = new Map<ValueId, Saturations>();
  const steps = graph.nodes.map(node => prepare(node, graph, saturations, parts));
  const output = nodeMap(graph.nodes).get(graph.outputs[0]!);
  if (output?.kind !== 'population') defect('the output of a network is a population');
  const unit = 2 ** -output.attrs.outFraction;
  const { coding } = graph.attrs;
  const memory = parts.memory();
  return {
    saturations,
    run(image, observe) {
      const state: IntState = { coding, image, ...memory };
      const readouts: Float64Array[] = [];
      for (let t = 1; t <= graph.attrs.steps; t++) {
        for (const step of steps) step(state, t, observe);
        readouts.push(state.outputs.get(output.id)!.map(y => (y * unit) / (coding === 'rate' ? t : 1)));
      }
      return readouts;
    },
  };
}

function prepare(
  node: IntNode,
  graph: IntGraph,
  saturations: Map<ValueId, Saturations>,
  parts: IntParts,
): IntStep {
  switch (node.kind) {
    case 'input':
      return presentImage(node);
    case 'population': {
      const counter: Saturations = { accumulator: 0, state: 0, threshold: 0 };
      saturations.set(node.id, counter);
      return parts.population(node, graph, counter);
    }
    default:
      return parts.projection(node, graph);
  }
}

function slotOf(state: IntState, id: ValueId, size: number, t: number) {
  const slot = state.slots.get(id) ?? {
    values: new Int32Array(size),
    terms: new Uint8Array(size),
    sums: new Int32Array(size),
  };
  state.slots.set(id, slot);
  if (t === 1) slot.sums.fill(0);
  return slot;
}

function presentImage(node: IntOf<'input'>): IntStep {
  const size = sizeOf(node.type.shape);
  return (state, t, observe) => {
    const slot = slotOf(state, node.id, size, t);
    const shown = state.coding === 'rate' || t === 1;
    for (let i = 0; i < size; i++) {
      slot.values[i] = shown ? Math.floor(state.image[i]! * 2 ** node.attrs.fraction + 0.5) : 0;
      slot.terms[i] = slot.values[i] === 0 ? 0 : 1;
      slot.sums[i]! += slot.values[i]!;
    }
    observe?.(t, node, slot);
  };
}

/** 1/t and 1/t² as integers: the two reciprocals that the `rate` coding multiplies by. */
export const RECIPROCAL_FRACTION = { linear: 16, product: 24 } as const;
export const reciprocal = (t: number, of: 'linear' | 'product'): number =>
  Math.round(2 ** RECIPROCAL_FRACTION[of] / (of === 'linear' ? t : t * t));

/** The reference of every population; `probe` sees its numbers. */
export function preparePopulation(
  node: IntOf<'population'>,
  graph: IntGraph,
  counter: Saturations,
  probe?: IntProbe,
): IntStep {
  const { fraction, emit } = node.attrs;
  const { accumulatorBits, stateBits } = graph.attrs;
  const size = sizeOf(node.type.shape);
  const inputs = node.operands.map(id => gatherOf(id, node, graph));
  const soma = makeSomaFunction(node, graph);
  const answer: Firing = { payload: 0, terms: 0, clipped: false };
  const membraneAt =
    emit.kind === 'mt' ? createMembrane(emit, node.attrs.outFraction, graph.attrs) : undefined;
  const partial = node.attrs.function.kind === 'partial';
  return (state, t, observe) => {
    const slot = slotOf(state, node.id, size, t);
    const u = new Float64Array(size);
    for (const { id, shifts, factor } of inputs) {
      const accumulator = state.currents.get(id)!;
      for (let i = 0; i < size; i++) {
        const held = saturate(accumulator[i]!, accumulatorBits);
        if (held !== accumulator[i]) counter.accumulator += 1;
        accumulator[i] = held;
        u[i]! += partial ? held : factor(rs(held, shifts[i % shifts.length]! - fraction), t);
      }
    }
    for (let i = 0; i < size; i++) {
      const held = partial ? u[i]! : saturate(u[i]!, stateBits);
      if (held !== u[i]) counter.state += 1;
      u[i] = held;
    }
    const y = soma(u, t);
    state.outputs.set(node.id, y);
    if (probe !== undefined) {
      const accumulators = inputs.map(({ id }) => state.currents.get(id)!);
      probe(t, node, { state: u, target: y, accumulators, sums: slot.sums });
    }
    const membrane = membraneAt?.(t);
    const fire = membrane !== undefined && emit.kind === 'mt' ? firing(membrane, emit) : undefined;
    for (let i = 0; i < size; i++) {
      if (fire !== undefined) {
        fire(y[i]!, slot.sums[i]!, answer);
        slot.values[i] = answer.payload;
        slot.terms[i] = answer.terms;
        slot.sums[i]! += answer.payload * membrane!.weight;
        if (answer.clipped) counter.threshold += 1;
      } else {
        slot.values[i] = y[i]! - slot.sums[i]!;
        slot.terms[i] = slot.values[i] === 0 ? 0 : 1;
        slot.sums[i]! += slot.values[i]!;
      }
    }
    observe?.(t, node, slot);
  };
}

/** Scale and `rate` factor of one projection as a population reads it. */
export function gatherOf(id: ValueId, population: IntOf<'population'>, graph: IntGraph) {
  const node = nodeMap(graph.nodes).get(id) ?? defect(`${id} is not a node`);
  if (node.kind === 'population' || node.kind === 'input') return defect(`${id} is not a projection`);
  const shifts = projectionScale(node, graph.constants);
  const of =
    graph.attrs.coding === 'rate' ? rateReciprocal(node.kind, population.attrs.function.kind) : undefined;
  return { id, origin: node.origin, shifts, of, factor: rateFactor(of) };
}

/** Products of two sums grow with t², all others with t. */
export const isProductKind = (kind: IntProjection['kind']): boolean =>
  kind === 'product' || kind === 'hadamard';

/**
 * By which reciprocal a projection's sum is multiplied before F: identities and norms take t times the mean as
 * it is (a norm scales its ε instead), functions want the mean.
 */
export function rateReciprocal(
  projection: IntProjection['kind'],
  fn: IntFunction['kind'],
): 'linear' | 'product' | undefined {
  const wantsMean = fn === 'pointwise' || fn === 'softmax';
  if (isProductKind(projection)) return wantsMean ? 'product' : 'linear';
  return wantsMean ? 'linear' : undefined;
}

export function rateFactor(of: 'linear' | 'product' | undefined): (u: number, t: number) => number {
  return of === undefined ? u => u : (u, t) => rs(u * reciprocal(t, of), RECIPROCAL_FRACTION[of]);
}

/** Fraction bits of the accumulator, one number or one a channel. */
export function projectionScale(node: IntProjection, pool: ConstantPool): readonly number[] {
  const scale = 'scale' in node.attrs ? node.attrs.scale : undefined;
  if (scale !== undefined) return Array.from(pool.get(scale).data);
  return 'fraction' in node.attrs ? [node.attrs.fraction] : defect(`${node.id} has no scale`);
}
