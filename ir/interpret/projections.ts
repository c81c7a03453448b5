/**
 * What the projections of stages `snn` and `int` gather, step by step: the same sums, of real numbers there and
 * of integers here (doubles hold them exactly). Short and slow on purpose, as snn.ts and int.ts are.
 */
import type { ConstantPool, ConstId } from '../constants.ts';
import { sizeOf, type ValueId } from '../dialect.ts';
import { rs } from '../fixed.ts';
import type { IntGraph, IntProjection } from '../int.ts';
import { HOLE, mapIndices } from '../map.ts';
import type { Coding, SnnGraph, SnnProjection } from '../snn.ts';
import { type Intake, intakeOf } from './intake.ts';

export type Projection = SnnProjection | IntProjection;
type Of<K extends Projection['kind']> = Extract<Projection, { kind: K }>;
export type ProjectionOf<K extends Projection['kind']> = Of<K>;

export interface GatherState {
  readonly coding: Coding;
  /** What every sender sent in this step, and all it has sent so far, this step included. */
  readonly slots: ReadonlyMap<
    ValueId,
    { readonly values: ArrayLike<number>; readonly sums: ArrayLike<number> }
  >;
  /** What every projection has gathered so far. */
  readonly currents: Map<ValueId, Float64Array>;
}
/** Brings the current of a projection up to step t. */
export type Gathering = (state: GatherState, t: number) => void;

export function prepareProjection(node: Projection, graph: SnnGraph | IntGraph): Gathering {
  const { constants } = graph;
  const intake = intakeOf(node, graph);
  switch (node.kind) {
    case 'linear':
      return prepareLinear(node, constants, intake);
    case 'product':
      return prepareProduct(node, intake);
    case 'hadamard':
      return prepareHadamard(node, intake);
    case 'depthwise':
      return prepareDepthwise(node, constants, intake);
    case 'maximum':
      return prepareMaximum(node);
    case 'relay':
      return prepareRelay(node, intake);
    case 'bias':
      return prepareBias(node, constants);
    default:
      return node satisfies never;
  }
}

/** The current of a projection, emptied before the first step. */
export function currentOf(state: GatherState, id: ValueId, size: number, t: number): Float64Array {
  const current = state.currents.get(id) ?? new Float64Array(size);
  if (t === 1) current.fill(0);
  state.currents.set(id, current);
  return current;
}

/** Where a step is summed up: beside the current if it must be rounded first, else in place. */
export function openStep(current: Float64Array, { shift }: Intake): Float64Array {
  return shift === 0 ? current : new Float64Array(current.length);
}

export function closeStep(current: Float64Array, step: Float64Array, { shift }: Intake): void {
  if (step !== current) for (let i = 0; i < current.length; i++) current[i]! += rs(step[i]!, shift);
}

export const entersAt = (coding: Coding, t: number): boolean => coding === 'rate' || t === 1;

function prepareLinear(node: Of<'linear'>, constants: ConstantPool, intake: Intake): Gathering {
  const weight = constants.get(node.attrs.weight);
  const [inputs, channels] = weight.shape as [number, number];
  const weights = Float64Array.from(weight.data);
  const { rows } = node.attrs;
  const indices = mapIndices(node.attrs.map, rows * inputs);
  const bias = biasOf(node.attrs.bias, rows, channels, constants);
  const source = node.operands[0]!;
  return (state, t) => {
    const current = currentOf(state, node.id, rows * channels, t);
    const step = openStep(current, intake);
    const { values } = state.slots.get(source)!;
    const weighed = intake.weights[0]!(t);
    for (let row = 0; row < rows; row++) {
      for (let k = 0; k < inputs; k++) {
        const index = indices[row * inputs + k]!;
        const x = index === HOLE ? 0 : values[index]! * weighed;
        if (x === 0) continue;
        const [into, from] = [row * channels, k * channels];
        for (let c = 0; c < channels; c++) step[into + c]! += x * weights[from + c]!;
      }
    }
    closeStep(current, step, intake);
    if (entersAt(state.coding, t)) for (let i = 0; i < current.length; i++) current[i]! += bias[i]!;
  };
}

/** [C] or [rows, C] → one number a neuron. */
export function biasOf(
  id: ConstId | undefined,
  rows: number,
  channels: number,
  pool: ConstantPool,
): Float64Array {
  const out = new Float64Array(rows * channels);
  if (id === undefined) return out;
  const { data } = pool.get(id);
  for (let i = 0; i < out.length; i++) out[i] = data[data.length === channels ? i % channels : i]!;
  return out;
}

/**
 * A product of sums is made anew in every step. Where steps are rounded, what this one adds to the exact product is
 * what counts.
 */
export function createProduct(intake: Intake, size: number) {
  const before = new Float64Array(size);
  return (current: Float64Array, i: number, exact: number, t: number) => {
    if (intake.shift === 0) {
      current[i] = exact;
      return;
    }
    current[i]! += rs(exact - (t === 1 ? 0 : before[i]!), intake.shift);
    before[i] = exact;
  };
}

/** S_A · S_B of everything emitted so far: the recomputed form of Eq. 16's sum. */
function prepareProduct(node: Of<'product'>, intake: Intake): Gathering {
  const [groups, rows, columns] = node.type.shape as [number, number, number];
  const { inner } = node.attrs;
  const [a, b] = node.operands as readonly [ValueId, ValueId];
  const indexA = mapIndices(node.attrs.mapA, groups * rows * inner);
  const indexB = mapIndices(node.attrs.mapB, groups * columns * inner);
  const settle = createProduct(intake, groups * rows * columns);
  return (state, t) => {
    const current = currentOf(state, node.id, groups * rows * columns, t);
    const sumA = state.slots.get(a)!.sums;
    const sumB = state.slots.get(b)!.sums;
    for (let g = 0; g < groups; g++) {
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++) {
          let sum = 0;
          for (let c = 0; c < inner; c++) {
            const [p, q] = [indexA[(g * rows + i) * inner + c]!, indexB[(g * columns + j) * inner + c]!];
            if (p !== HOLE && q !== HOLE) sum += sumA[p]! * sumB[q]!;
          }
          settle(current, (g * rows + i) * columns + j, sum, t);
        }
      }
    }
  };
}

function prepareHadamard(node: Of<'hadamard'>, intake: Intake): Gathering {
  const size = sizeOf(node.type.shape);
  const [a, b] = node.operands as readonly [ValueId, ValueId];
  const indexA = mapIndices(node.attrs.mapA, size);
  const indexB = mapIndices(node.attrs.mapB, size);
  const settle = createProduct(intake, size);
  return (state, t) => {
    const current = currentOf(state, node.id, size, t);
    const sumA = state.slots.get(a)!.sums;
    const sumB = state.slots.get(b)!.sums;
    for (let i = 0; i < size; i++) {
      const [p, q] = [indexA[i]!, indexB[i]!];
      settle(current, i, p === HOLE || q === HOLE ? 0 : sumA[p]! * sumB[q]!, t);
    }
  };
}

function prepareDepthwise(node: Of<'depthwise'>, constants: ConstantPool, intake: Intake): Gathering {
  const { shape, data } = constants.get(node.attrs.weight);
  const [taps, period] = shape as [number, number];
  const size = sizeOf(node.type.shape);
  const indices = mapIndices(node.attrs.map, size * taps);
  const source = node.operands[0]!;
  return (state, t) => {
    const current = currentOf(state, node.id, size, t);
    const step = openStep(current, intake);
    const { values } = state.slots.get(source)!;
    const weighed = intake.weights[0]!(t);
    for (let i = 0; i < size; i++) {
      for (let k = 0; k < taps; k++) {
        const index = indices[i * taps + k]!;
        if (index !== HOLE) step[i]! += values[index]! * weighed * data[k * period + (i % period)]!;
      }
    }
    closeStep(current, step, intake);
  };
}

function prepareMaximum(node: Of<'maximum'>): Gathering {
  const { taps } = node.attrs;
  const size = sizeOf(node.type.shape);
  const indices = mapIndices(node.attrs.map, size * taps);
  const source = node.operands[0]!;
  return (state, t) => {
    const current = currentOf(state, node.id, size, t);
    const { sums } = state.slots.get(source)!;
    for (let i = 0; i < size; i++) {
      let largest = Number.NEGATIVE_INFINITY;
      for (let k = 0; k < taps; k++) {
        const index = indices[i * taps + k]!;
        largest = Math.max(largest, index === HOLE ? 0 : sums[index]!);
      }
      current[i] = largest;
    }
  };
}

function prepareBias(node: Of<'bias'>, constants: ConstantPool): Gathering {
  const size = sizeOf(node.type.shape);
  const { data } = constants.get(node.attrs.value);
  return (state, t) => {
    const current = currentOf(state, node.id, size, t);
    if (entersAt(state.coding, t)) for (let i = 0; i < size; i++) current[i]! += data[i % data.length]!;
  };
}

function prepareRelay(node: Of<'relay'>, intake: Intake): Gathering {
  const size = sizeOf(node.type.shape);
  const indices = mapIndices(node.attrs.map, size);
  return (state, t) => {
    const current = currentOf(state, node.id, size, t);
    const step = openStep(current, intake);
    const weighed = intake.weights[0]!(t);
    for (const source of node.operands) {
      const { values } = state.slots.get(source)!;
      for (let i = 0; i < size; i++) if (indices[i] !== HOLE) step[i]! += values[indices[i]!]! * weighed;
    }
    closeStep(current, step, intake);
  };
}
