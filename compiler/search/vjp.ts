/**
 * Vector-Jacobian products of the nodes of stage `ann`: from the gradient of what a node gives to the gradients of
 * what it reads, at the values of one image. Constants have no gradient: nothing is trained here.
 *
 * Source  the operators as interpret/ann.ts means them, differentiated by hand
 */
import type { AnnGraph, AnnNode, AnnOf } from '../../ir/ann.ts';
import type { ConstId, TensorData } from '../../ir/constants.ts';
import { HOLE, mapIndices } from '../../ir/map.ts';
import { scalarDerivative } from './derivatives.ts';

export interface VjpInput {
  /** Values of the operands, in order. */
  readonly operands: readonly Float64Array[];
  readonly value: Float64Array;
  /** Gradient of the value. */
  readonly gradient: Float64Array;
}
/** One gradient for each operand. */
export type Vjp = (input: VjpInput) => readonly Float64Array[];

/** Expands maps once; the result serves any number of images. */
export function prepareVjp(node: AnnNode, { constants }: AnnGraph): Vjp {
  const data = (id: ConstId): TensorData => constants.get(id).data;
  switch (node.kind) {
    case 'input':
      return () => [];
    case 'output':
      return ({ gradient }) => [gradient];
    case 'add':
      return ({ gradient }) => [gradient, gradient];
    case 'mul':
      return ({ operands: [a, b], gradient }) => [
        gradient.map((g, i) => g * b![i]!),
        gradient.map((g, i) => g * a![i]!),
      ];
    case 'linear':
      return ({ gradient }) => [linear(gradient, data(node.attrs.weight), node.type.shape.at(-1)!)];
    case 'matmul':
      return ({ operands, gradient }) => matmul(node, operands[0]!, operands[1]!, gradient);
    case 'affine': {
      const scale = node.attrs.scale === undefined ? undefined : data(node.attrs.scale);
      return ({ gradient }) => [
        scale === undefined ? gradient : gradient.map((g, i) => g * scale[i % scale.length]!),
      ];
    }
    case 'view':
      return view(node);
    case 'reduce':
      return reduce(node);
    case 'pointwise': {
      const slope = scalarDerivative(node.attrs.function);
      return ({ operands: [x], gradient }) => [gradient.map((g, i) => g * slope(x![i]!))];
    }
    case 'layernorm':
    case 'rmsnorm':
      return norm(node, node.attrs.gamma === undefined ? undefined : data(node.attrs.gamma));
    case 'softmax':
      return softmax(node);
    default:
      return node satisfies never;
  }
}

/** gradient [rows, C] · weightᵀ, weight [K, C]. Four inputs at a time share what is read of the gradient. */
function linear(gradient: Float64Array, weight: TensorData, channels: number): Float64Array {
  const inputs = weight.length / channels;
  const rows = gradient.length / channels;
  const out = new Float64Array(rows * inputs);
  for (let row = 0; row < rows; row++) {
    const from = row * channels;
    let k = 0;
    for (; k + 3 < inputs; k += 4) {
      const w0 = k * channels;
      const [w1, w2, w3] = [w0 + channels, w0 + 2 * channels, w0 + 3 * channels];
      let [s0, s1, s2, s3] = [0, 0, 0, 0];
      for (let c = 0; c < channels; c++) {
        const g = gradient[from + c]!;
        s0 += g * weight[w0 + c]!;
        s1 += g * weight[w1 + c]!;
        s2 += g * weight[w2 + c]!;
        s3 += g * weight[w3 + c]!;
      }
      const at = row * inputs + k;
      out[at] = s0;
      out[at + 1] = s1;
      out[at + 2] = s2;
      out[at + 3] = s3;
    }
    for (; k < inputs; k++) {
      let sum = 0;
      for (let c = 0; c < channels; c++) sum += gradient[from + c]! * weight[k * channels + c]!;
      out[row * inputs + k] = sum;
    }
  }
  return out;
}

/** Shapes a [G, I, inner], b [G, J, inner], gradient [G, I, J]. */
function matmul(node: AnnOf<'matmul'>, a: Float64Array, b: Float64Array, gradient: Float64Array) {
  const [groups, rows, columns] = node.type.shape as readonly [number, number, number];
  const inner = a.length / (groups * rows);
  const toA = new Float64Array(a.length);
  const toB = new Float64Array(b.length);
  for (let g = 0; g < groups; g++) {
    for (let i = 0; i < rows; i++) {
      const atA = (g * rows + i) * inner;
      for (let j = 0; j < columns; j++) {
        const atB = (g * columns + j) * inner;
        const slope = gradient[(g * rows + i) * columns + j]!;
        if (slope === 0) continue;
        for (let c = 0; c < inner; c++) {
          toA[atA + c]! += slope * b[atB + c]!;
          toB[atB + c]! += slope * a[atA + c]!;
        }
      }
    }
  }
  return [toA, toB];
}

/** An element that is shown more than once gathers all of its gradients. */
function view(node: AnnOf<'view'>): Vjp {
  const indices = mapIndices(node.attrs.map, node.attrs.map.length);
  return ({ operands, gradient }) => {
    const all = new Float64Array(operands.reduce((n, x) => n + x.length, 0));
    for (let i = 0; i < indices.length; i++) if (indices[i] !== HOLE) all[indices[i]!]! += gradient[i]!;
    let at = 0;
    return operands.map(({ length }) => {
      at += length;
      return all.subarray(at - length, at);
    });
  };
}

function reduce(node: AnnOf<'reduce'>): Vjp {
  const { op } = node.attrs;
  return ({ operands: [x], value, gradient }) => {
    const width = x!.length / gradient.length;
    const out = new Float64Array(x!.length);
    for (let row = 0; row < gradient.length; row++) {
      const from = row * width;
      if (op === 'max') {
        out[x!.indexOf(value[row]!, from)] = gradient[row]!;
        continue;
      }
      out.fill(op === 'mean' ? gradient[row]! / width : gradient[row]!, from, from + width);
    }
    return [out];
  };
}

/** y = ŷ·γ + β, ŷ = (x − μ)/σ:  gx = (gŷ − mean gŷ − ŷ · mean(gŷ·ŷ)) / σ; an RMS norm has no μ. */
function norm(node: AnnOf<'layernorm'> | AnnOf<'rmsnorm'>, gamma: TensorData | undefined): Vjp {
  const channels = node.type.shape.at(-1)!;
  const { epsilon } = node.attrs;
  const isCentred = node.kind === 'layernorm';
  return ({ operands: [x], gradient }) => {
    const out = new Float64Array(x!.length);
    const row = new Float64Array(channels);
    for (let at = 0; at < out.length; at += channels) {
      let mean = 0;
      if (isCentred) for (let c = 0; c < channels; c++) mean += x![at + c]! / channels;
      let squares = 0;
      for (let c = 0; c < channels; c++) squares += (x![at + c]! - mean) ** 2;
      const sigma = Math.sqrt(squares / channels + epsilon);
      let [meanG, meanGY] = [0, 0];
      for (let c = 0; c < channels; c++) {
        row[c] = gradient[at + c]! * (gamma?.[c] ?? 1);
        if (isCentred) meanG += row[c]! / channels;
        meanGY += (row[c]! * (x![at + c]! - mean)) / (sigma * channels);
      }
      for (let c = 0; c < channels; c++)
        out[at + c] = (row[c]! - meanG - ((x![at + c]! - mean) / sigma) * meanGY) / sigma;
    }
    return [out];
  };
}

function softmax(node: AnnOf<'softmax'>): Vjp {
  const channels = node.type.shape.at(-1)!;
  const factor = node.attrs.base === '2' ? node.attrs.scale * Math.LN2 : node.attrs.scale;
  return ({ value, gradient }) => {
    const out = new Float64Array(value.length);
    for (let at = 0; at < out.length; at += channels) {
      let mean = 0;
      for (let c = 0; c < channels; c++) mean += gradient[at + c]! * value[at + c]!;
      for (let c = 0; c < channels; c++) out[at + c] = factor * value[at + c]! * (gradient[at + c]! - mean);
    }
    return [out];
  };
}
