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
import { stepWeight, weightFraction } from '../step-weights.ts';
import { createMembrane } from './membrane.ts';
import { type GatherState, type Intake, prepareProjection } from './projections.ts';
import { makeSomaFunction } from './soma.ts';

/** What a population sent in one step; payloads in units of θ (mt) or 2^-outFraction (relay). */
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

interface State extends GatherState {
  readonly image: Float64Array;
  readonly slots: Map<ValueId, { values: Int32Array; terms: Uint8Array; sums: Int32Array }>;
  readonly outputs: Map<ValueId, Float64Array>;
}
type Step = (state: State, t: number, observe: IntObserver | undefined) => void;

/** Expands maps and weights once, then runs any number of images. */
export function createIntRunner(graph: IntGraph): IntRunner {
  const saturations = new Map<ValueId, Saturations>();
  const steps = graph.nodes.map(node => prepare(node, graph, saturations));
  const output = nodeMap(graph.nodes).get(graph.outputs[0]!);
  if (output?.kind !== 'population') defect('the output of a network is a population');
  const unit = 2 ** -output.attrs.outFraction;
  const { coding } = graph.attrs;
  return {
    saturations,
    run(image, observe) {
      const state: State = { coding, image, slots: new Map(), currents: new Map(), outputs: new Map() };
      const readouts: Float64Array[] = [];
      for (let t = 1; t <= graph.attrs.steps; t++) {
        for (const step of steps) step(state, t, observe);
        readouts.push(state.outputs.get(output.id)!.map(y => (y * unit) / (coding === 'rate' ? t : 1)));
      }
      return readouts;
    },
  };
}

function prepare(node: IntNode, graph: IntGraph, saturations: Map<ValueId, Saturations>): Step {
  switch (node.kind) {
    case 'input':
      return presentImage(node);
    case 'population': {
      const counter: Saturations = { accumulator: 0, state: 0, threshold: 0 };
      saturations.set(node.id, counter);
      return preparePopulation(node, graph, counter);
    }
    default:
      return prepareProjection(node, graph, intakeOf(node, graph));
  }
}

/**
 * Fraction bits that each operand's payloads are weighed with: those of spikes and of partial sums on their way out;
 * what a partial sum itself takes in is not weighed yet.
 */
export function weighedBits(projection: IntProjection, { attrs, nodes }: IntGraph): readonly number[] {
  const bits = weightFraction(attrs.coding, attrs.steps);
  const byId = nodeMap(nodes);
  const isPartial = (node: IntNode | undefined) =>
    node?.kind === 'population' && node.attrs.function.kind === 'partial';
  const reader = bits === 0 ? undefined : nodes.find(node => node.operands.includes(projection.id));
  return projection.operands.map(id => {
    const source = byId.get(id);
    const isSpiking = source?.kind === 'population' && source.attrs.emit.kind === 'mt';
    return isPartial(source) || (isSpiking && !isPartial(reader)) ? bits : 0;
  });
}

function intakeOf(node: IntProjection, graph: IntGraph): Intake {
  const bits = weighedBits(node, graph);
  const weights = bits.map(b => (t: number) => stepWeight(t, b));
  // Operands of a product are weighed both; the sources of a relay are of one kind.
  const shift = isProductKind(node.kind) ? bits.reduce((a, b) => a + b, 0) : Math.max(0, ...bits);
  return { weights, shift };
}

function slotOf(state: State, id: ValueId, size: number, t: number) {
  const slot = state.slots.get(id) ?? {
    values: new Int32Array(size),
    terms: new Uint8Array(size),
    sums: new Int32Array(size),
  };
  state.slots.set(id, slot);
  if (t === 1) slot.sums.fill(0);
  return slot;
}

function presentImage(node: IntOf<'input'>): Step {
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

function preparePopulation(node: IntOf<'population'>, graph: IntGraph, counter: Saturations): Step {
  const { fraction, emit } = node.attrs;
  const { accumulatorBits, stateBits } = graph.attrs;
  const size = sizeOf(node.type.shape);
  const inputs = node.operands.map(id => gatherOf(id, node, graph));
  const soma = makeSomaFunction(node, graph);
  const firing: Firing = { payload: 0, terms: 0, clipped: false };
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
    const membrane = membraneAt?.(t);
    for (let i = 0; i < size; i++) {
      if (membrane !== undefined) {
        membrane.fire(y[i]!, slot.sums[i]!, firing);
        slot.values[i] = firing.payload;
        slot.terms[i] = firing.terms;
        slot.sums[i]! += firing.payload * membrane.weight;
        if (firing.clipped) counter.threshold += 1;
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
function gatherOf(id: ValueId, population: IntOf<'population'>, graph: IntGraph) {
  const node = nodeMap(graph.nodes).get(id) ?? defect(`${id} is not a node`);
  if (node.kind === 'population' || node.kind === 'input') return defect(`${id} is not a projection`);
  const shifts = projectionScale(node, graph.constants);
  const of =
    graph.attrs.coding === 'rate' ? rateReciprocal(node.kind, population.attrs.function.kind) : undefined;
  return { id, shifts, factor: rateFactor(of) };
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
