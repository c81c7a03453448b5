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
import {
  isSpiking,
  type SnnEmit,
  type SnnFunction,
  type SnnGraph,
  type SnnNode,
  type SnnOf,
  type SnnProjection,
} from '../snn.ts';
import { lowestExponent, membraneFactor } from '../step-weights.ts';
import { clearSlot, createSlot, emitRule, type Slot } from './emit.ts';
import type { Pair } from './pair.ts';
import { type Gathering, type GatherState, prepareProjection } from './projections.ts';

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
  /** Both halves of every neuron, where a population sends by pairs. */
  readonly pair?: Pair;
}
export type SnnObserver = (step: number, population: SnnOf<'population'>, emission: Emission) => void;

export interface SnnRunner {
  /** The readout after each step t = 1…T: the mean of the logits (rate) or their sum (sum, differential). */
  run(image: Float64Array, observe?: SnnObserver, begin?: Begin): readonly Float64Array[];
}

/** Sets what a population starts an image with, where that is not its resting state. */
export type Begin = (population: ValueId, slot: Slot) => void;

/** How the nodes of a network are made to run; ir/fast has quicker ways that come to the same. */
export interface SnnParts {
  projection(node: SnnProjection, graph: SnnGraph): Gathering;
  population(node: SnnOf<'population'>, graph: SnnGraph): SnnStep;
}
export const INTERPRETED: SnnParts = {
  projection: prepareProjection,
  population: (node, graph) => preparePopulation(node, graph),
};

/** Expands maps and weights once, then runs any number of images. */
export function createSnnRunner(graph: SnnGraph, parts: SnnParts = INTERPRETED): SnnRunner {
  const steps = prepareSteps(graph, parts);
  const { coding } = graph.attrs;
  const held = { slots: new Map(), currents: new Map() };
  const output = graph.outputs[0] ?? defect('a network without output');
  return {
    run(image, observe, begin) {
      const state: SnnState = { coding, image, ...held, begin };
      const readouts: Float64Array[] = [];
      for (let t = 1; t <= graph.attrs.steps; t++) {
        for (const { step } of steps) step(state, t, observe);
        const total = state.slots.get(output)!.target;
        readouts.push(total.map(u => (coding === 'rate' ? u / t : u)));
      }
      return readouts;
    },
  };
}

export interface SnnState extends GatherState {
  readonly image: Float64Array;
  readonly slots: Map<ValueId, Slot>;
  readonly begin: Begin | undefined;
}
export type SnnStep = (state: SnnState, t: number, observe: SnnObserver | undefined) => void;

/** Every node with what it does at step t, in order. */
export const prepareSteps = (
  graph: SnnGraph,
  parts: SnnParts,
): readonly { readonly node: SnnNode; readonly step: SnnStep }[] =>
  graph.nodes.map(node => ({ node, step: prepare(node, graph, parts) }));

const relayed: SnnEmit = { kind: 'relay' };

/** What a population holds. */
export function slotOf(state: SnnState, id: ValueId, neurons: number, emit: SnnEmit): Slot {
  const slot = state.slots.get(id) ?? createSlot(neurons, emit);
  state.slots.set(id, slot);
  return slot;
}

function prepare(node: SnnNode, graph: SnnGraph, parts: SnnParts): SnnStep {
  switch (node.kind) {
    case 'input':
      return presentImage(node, sizeOf(node.type.shape));
    case 'population':
      return parts.population(node, graph);
    default:
      return parts.projection(node, graph);
  }
}

const sendsSpikes = (node: SnnNode | undefined): boolean =>
  node?.kind === 'population' && isSpiking(node.attrs.emit);

function presentImage(node: SnnOf<'input'>, size: number): SnnStep {
  return (state, t) => {
    const slot = slotOf(state, node.id, size, relayed);
    const shown = state.coding === 'rate' || t === 1;
    for (let i = 0; i < size; i++) {
      slot.values[i] = shown ? state.image[i]! : 0;
      slot.terms[i] = slot.values[i] === 0 ? 0 : 1;
      slot.sums[i] = (t === 1 ? 0 : slot.sums[i]!) + slot.values[i]!;
    }
  };
}

/** The reference of every population; `soma`: F in place, where it is not what the function means exactly. */
export function preparePopulation(
  node: SnnOf<'population'>,
  graph: SnnGraph,
  soma?: (mean: Float64Array) => void,
): SnnStep {
  const { nodes, constants } = graph;
  const { coding, steps } = graph.attrs;
  const { emit: spec } = node.attrs;
  const isWeighed = coding === 'differential' && sendsSpikes(node);
  const size = sizeOf(node.attrs.axes.map(axis => axis.size));
  const channels = node.attrs.axes.at(-1)!.size;
  const apply = soma ?? targetFunction(node.attrs.function, channels, constants);
  const byId = nodeMap(nodes);
  const isProduct = new Set(node.operands.filter(id => isProductKind(byId.get(id)?.kind)));
  return (state, t, observe) => {
    const slot = slotOf(state, node.id, size, node.attrs.emit);
    if (t === 1) {
      clearSlot(slot, node.attrs.emit);
      state.begin?.(node.id, slot);
    }
    slot.step = t;
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
    }
    for (let i = 0; i < slot.values.length; i++)
      slot.sums[i]! += isWeighed ? slot.values[i]! / t : slot.values[i]!;
    observe?.(t, node, { ...slot, currents: node.operands.map(id => state.currents.get(id)!) });
  };
}

const lowestOf = (emit: SnnEmit, t: number, steps: number): number =>
  emit.kind === 'mt' ? lowestExponent(emit.coarse ?? 0, t, steps, emit.levels) : 0;

/** Products of two sums grow with t². */
export const isProductKind = (kind: string | undefined): boolean => kind === 'product' || kind === 'hadamard';

/** F, in place. */
export function targetFunction(
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
        const variance = group.reduce((a, b) => a + (b - mean) * (b - mean), 0) / channels;
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
