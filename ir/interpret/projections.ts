/**
 * What the projections of stages `snn` and `int` gather, step by step: the same sums, of real numbers there and
 * of integers here (doubles hold them exactly). Short and slow on purpose, as snn.ts and int.ts are.
 */
import type { ConstantPool, ConstId } from '../constants.ts';
import { sizeOf, type ValueId } from '../dialect.ts';
import type { IntGraph, IntProjection } from '../int.ts';
import { HOLE, mapIndices } from '../map.ts';
import type { Coding, SnnGraph, SnnProjection } from '../snn.ts';

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
  switch (node.kind) {
    case 'linear':
      return prepareLinear(node, constants);
    case 'product':
      return prepareProduct(node);
    case 'hadamard':
      return prepareHadamard(node);
    case 'depthwise':
      return prepareDepthwise(node, constants);
    case 'maximum':
      return prepareMaximum(node);
    case 'relay':
      return prepareRelay(node);
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

export const entersAt = (coding: Coding, t: number): boolean => coding === 'rate' || t === 1;

function prepareLinear(node: Of<'linear'>, constants: ConstantPool): Gathering {
  const weight = constants.get(node.attrs.weight);
  const [inputs, channels] = weight.shape as [number, number];
  const weights = Float64Array.from(weight.data);
  const { rows } = node.attrs;
  const indices = mapIndices(node.attrs.map, rows * inputs);
  const bias = biasOf(node.attrs.bias, rows, channels, constants);
  const source = node.operands[0]!;
  return (state, t) => {
    const current = currentOf(state, node.id, rows * channels, t);
    const { values } = state.slots.get(source)!;
    for (let row = 0; row < rows; row++) {
      for (let k = 0; k < inputs; k++) {
        const index = indices[row * inputs + k]!;
        const x = index === HOLE ? 0 : values[index]!;
        if (x === 0) continue;
        const [into, from] = [row * channels, k * channels];
        for (let c = 0; c < channels; c++) current[into + c]! += x * weights[from + c]!;
      }
    }
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

/** S_A · S_B of everything emitted so far: the recomputed form of Eq. 16's sum. */
function prepareProduct(node: Of<'product'>): Gathering {
  const [groups, rows, columns] = node.type.shape as [number, number, number];
  const { inner } = node.attrs;
  const [a, b] = node.operands as readonly [ValueId, ValueId];
  const indexA = mapIndices(node.attrs.mapA, groups * rows * inner);
  const indexB = mapIndices(node.attrs.mapB, groups * columns * inner);
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
          current[(g * rows + i) * columns + j] = sum;
        }
      }
    }
  };
}

function prepareHadamard(node: Of<'hadamard'>): Gathering {
  const size = sizeOf(node.type.shape);
  const [a, b] = node.operands as readonly [ValueId, ValueId];
  const indexA = mapIndices(node.attrs.mapA, size);
  const indexB = mapIndices(node.attrs.mapB, size);
  return (state, t) => {
    const current = currentOf(state, node.id, size, t);
    const sumA = state.slots.get(a)!.sums;
    const sumB = state.slots.get(b)!.sums;
    for (let i = 0; i < size; i++) {
      const [p, q] = [indexA[i]!, indexB[i]!];
      current[i] = p === HOLE || q === HOLE ? 0 : sumA[p]! * sumB[q]!;
    }
  };
}

function prepareDepthwise(node: Of<'depthwise'>, constants: ConstantPool): Gathering {
  const { shape, data } = constants.get(node.attrs.weight);
  const [taps, period] = shape as [number, number];
  const size = sizeOf(node.type.shape);
  const indices = mapIndices(node.attrs.map, size * taps);
  const source = node.operands[0]!;
  return (state, t) => {
    const current = currentOf(state, node.id, size, t);
    const { values } = state.slots.get(source)!;
    for (let i = 0; i < size; i++) {
      for (let k = 0; k < taps; k++) {
        const index = indices[i * taps + k]!;
        if (index !== HOLE) current[i]! += values[index]! * data[k * period + (i % period)]!;
      }
    }
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

function prepareRelay(node: Of<'relay'>): Gathering {
  const size = sizeOf(node.type.shape);
  const indices = mapIndices(node.attrs.map, size);
  return (state, t) => {
    const current = currentOf(state, node.id, size, t);
    for (const source of node.operands) {
      const { values } = state.slots.get(source)!;
      for (let i = 0; i < size; i++) if (indices[i] !== HOLE) current[i]! += values[indices[i]!]!;
    }
  };
}
