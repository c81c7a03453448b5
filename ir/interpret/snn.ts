/**
 * What stage `snn` means: one image, T timesteps, everything in float64. Short and slow on purpose; every
 * faster implementation is measured against it.
 *
 * A population keeps its input sum S and what it has emitted, E. At step t
 *     U(t) = t · F(S/t)   (rate)      or   F(S)   (sum, differential)      ECMT Eqs. 15-18, telescoped
 *     x(t) = what the emit rule makes of U(t) − E,  E += x(t)      ECMT Eqs. 21-24
 * which is spike-identical to expectation compensation followed by a multi-threshold neuron. In `differential` a
 * spike of step t weighs 1/t, for who sends it and for who receives it: x(t) comes of t · (U(t) − E), E += x(t)/t.
 */
import type { ConstantPool } from '../constants.ts';
import { defect } from '../diagnostics/diagnostic.ts';
import { nodeMap, sizeOf, type ValueId } from '../dialect.ts';
import { scalarFunction } from '../scalar.ts';
import type { SnnEmit, SnnFunction, SnnGraph, SnnNode, SnnOf } from '../snn.ts';
import { lowestExponent, membraneFactor } from '../step-weights.ts';
import { emitRule, type Slot } from './emit.ts';
import { type GatherState, type PrepareProjection, prepareProjection } from './projections.ts';

/** What a population sent in one step; its arrays are written again in the next step and for the next image. */
export interface Emission {
  /** What the spikes stand for (Eq. 23), one number a neuron. */
  readonly values: Float64Array;
  /** Number of signed powers of two in each value; 0 for silence. Graded relays carry 1 where nonzero. */
  readonly terms: Uint8Array;
  /** Sum of all values so far, this step included; in `differential` of each over its step. */
  readonly sums: Float64Array;
  /** The target U(t) that the emission approximates. */
  readonly target: Float64Array;
  /** What each of the population's projections has gathered so far, in operand order. */
  readonly currents: readonly Float64Array[];
}
export type SnnObserver = (step: number, population: SnnOf<'population'>, emission: Emission) => void;

export interface SnnRunner {
  /** The readout after each step t = 1…T: the mean of the logits (rate) or their sum (sum, differential). */
  run(image: Float64Array, observe?: SnnObserver): readonly Float64Array[];
}

/** Expands maps and weights once, then runs any number of images. `gathering`: how projections gather. */
export function createSnnRunner(
  graph: SnnGraph,
  gathering: PrepareProjection = prepareProjection,
): SnnRunner {
  const steps = graph.nodes.map(node => prepare(node, graph, gathering));
  const { coding } = graph.attrs;
  const held = { slots: new Map(), currents: new Map() };
  const output = graph.outputs[0] ?? defect('a network without output');
  return {
    run(image, observe) {
      const state: SnnState = { coding, image, ...held };
      const readouts: Float64Array[] = [];
      for (let t = 1; t <= graph.attrs.steps; t++) {
        for (const step of steps) step(state, t, observe);
        const total = state.slots.get(output)!.target;
        readouts.push(total.map(u => (coding === 'rate' ? u / t : u)));
      }
      return readouts;
    },
  };
}

interface SnnState extends GatherState {
  readonly image: Float64Array;
  readonly slots: Map<ValueId, Slot>;
}
type Step = (state: SnnState, t: number, observe: SnnObserver | undefined) => void;

const newSlot = (size: number): Slot => ({
  values: new Float64Array(size),
  terms: new Uint8Array(size),
  sums: new Float64Array(size),
  target: new Float64Array(size),
});

function slotOf(state: SnnState, id: ValueId, size: number): Slot {
  const slot = state.slots.get(id) ?? newSlot(size);
  state.slots.set(id, slot);
  return slot;
}

function prepare(node: SnnNode, graph: SnnGraph, gathering: PrepareProjection): Step {
  switch (node.kind) {
    case 'input':
      return presentImage(node, sizeOf(node.type.shape));
    case 'population':
      return preparePopulation(node, graph);
    default:
      return gathering(node, graph);
  }
}

const sendsSpikes = (node: SnnNode | undefined): boolean =>
  node?.kind === 'population' && node.attrs.emit.kind === 'mt';

function presentImage(node: SnnOf<'input'>, size: number): Step {
  return (state, t) => {
    const slot = slotOf(state, node.id, size);
    const shown = state.coding === 'rate' || t === 1;
    for (let i = 0; i < size; i++) {
      slot.values[i] = shown ? state.image[i]! : 0;
      slot.terms[i] = slot.values[i] === 0 ? 0 : 1;
      slot.sums[i] = (t === 1 ? 0 : slot.sums[i]!) + slot.values[i]!;
    }
  };
}

function preparePopulation(node: SnnOf<'population'>, graph: SnnGraph): Step {
  const { nodes, constants } = graph;
  const size = sizeOf(node.type.shape);
  const channels = node.type.shape.at(-1)!;
  const apply = targetFunction(node.attrs.function, channels, constants);
  const { emit: spec } = node.attrs;
  const { coding, steps } = graph.attrs;
  const isWeighed = coding === 'differential' && sendsSpikes(node);
  const byId = nodeMap(nodes);
  const isProduct = new Set(node.operands.filter(id => isProductKind(byId.get(id)?.kind)));
  return (state, t, observe) => {
    const slot = slotOf(state, node.id, size);
    if (t === 1) slot.sums.fill(0);
    const mean = new Float64Array(size);
    for (const operand of node.operands) {
      const divisor = state.coding !== 'rate' ? 1 : isProduct.has(operand) ? t * t : t;
      const current = state.currents.get(operand)!;
      for (let i = 0; i < size; i++) mean[i]! += current[i]! / divisor;
    }
    apply(mean);
    const emit = emitRule(spec, membraneFactor(coding, t), lowestOf(spec, t, steps));
    for (let i = 0; i < size; i++) {
      slot.target[i] = state.coding === 'rate' ? t * mean[i]! : mean[i]!;
      emit(slot, i);
      slot.sums[i]! += isWeighed ? slot.values[i]! / t : slot.values[i]!;
    }
    observe?.(t, node, { ...slot, currents: node.operands.map(id => state.currents.get(id)!) });
  };
}

const lowestOf = (emit: SnnEmit, t: number, steps: number): number =>
  emit.kind === 'mt' ? lowestExponent(emit.coarse ?? 0, t, steps, emit.levels) : 0;

/** Products of two sums grow with t². */
const isProductKind = (kind: string | undefined): boolean => kind === 'product' || kind === 'hadamard';

/** F, in place. */
function targetFunction(
  fn: SnnFunction,
  channels: number,
  constants: ConstantPool,
): (x: Float64Array) => void {
  switch (fn.kind) {
    case 'identity':
      return () => {};
    case 'pointwise': {
      const f = scalarFunction(fn.name);
      return x => {
        for (let i = 0; i < x.length; i++) x[i] = f(x[i]!);
      };
    }
    case 'layernorm': {
      const gamma = fn.gamma === undefined ? undefined : constants.get(fn.gamma).data;
      const beta = fn.beta === undefined ? undefined : constants.get(fn.beta).data;
      return eachGroup(channels, group => {
        const mean = group.reduce((a, b) => a + b, 0) / channels;
        const variance = group.reduce((a, b) => a + (b - mean) ** 2, 0) / channels;
        const scale = 1 / Math.sqrt(variance + fn.epsilon);
        for (let c = 0; c < channels; c++) {
          group[c] = (group[c]! - mean) * scale * (gamma?.[c] ?? 1) + (beta?.[c] ?? 0);
        }
      });
    }
    case 'rmsnorm': {
      const gamma = fn.gamma === undefined ? undefined : constants.get(fn.gamma).data;
      return eachGroup(channels, group => {
        const squares = group.reduce((a, b) => a + b * b, 0) / channels;
        const scale = 1 / Math.sqrt(squares + fn.epsilon);
        for (let c = 0; c < channels; c++) group[c]! *= scale * (gamma?.[c] ?? 1);
      });
    }
    case 'softmax': {
      const factor = fn.base === 'e' ? fn.scale : fn.scale * Math.LN2;
      return eachGroup(channels, group => {
        const top = group.reduce((a, b) => Math.max(a, b * factor), Number.NEGATIVE_INFINITY);
        for (let c = 0; c < channels; c++) group[c] = Math.exp(group[c]! * factor - top);
        const sum = group.reduce((a, b) => a + b, 0);
        for (let c = 0; c < channels; c++) group[c]! /= sum;
      });
    }
    default:
      return fn satisfies never;
  }
}

function eachGroup(channels: number, apply: (group: Float64Array) => void): (x: Float64Array) => void {
  return x => {
    for (let at = 0; at < x.length; at += channels) apply(x.subarray(at, at + channels));
  };
}
