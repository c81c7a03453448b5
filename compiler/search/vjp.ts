/**
 * Vector-Jacobian products of the nodes of stage `ann`: from the gradient of what a node gives to the gradients of
 * what it reads, at the values of one image. Constants have no gradient: nothing is trained here.
 *
 * Source  the operators as interpret/ann.ts means them, differentiated by hand
 */
import type { AnnGraph, AnnNode, AnnOf } from '../../ir/ann.ts';
import type { ConstId, TensorData } from '../../ir/constants.ts';
import { defect } from '../../ir/diagnostics/diagnostic.ts';
import type { Arena } from '../../ir/fast/arena.ts';
import { type Fill, prepareDynamic, prepareWeighted } from '../../ir/fast/real-product.ts';
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

/** Expands maps and packs weights once; the result serves any number of images. */
export function prepareVjp(node: AnnNode, { nodes, constants }: AnnGraph, arena: Arena): Vjp {
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
      return linear(node, data(node.attrs.weight), arena);
    case 'matmul': {
      const a = nodes.find(({ id }) => id === node.operands[0]) ?? defect(`${node.id} has no operand`);
      return matmul(node, a.type.shape.at(-1)!, arena);
    }
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

/** gradient [rows, C] · weightᵀ, weight [K, C]. */
function linear(node: AnnOf<'linear'>, weight: TensorData, arena: Arena): Vjp {
  const channels = node.type.shape.at(-1)!;
  const inputs = weight.length / channels;
  const rows = node.type.shape.slice(0, -1).reduce((a, b) => a * b, 1);
  const multiply = prepareWeighted(
    arena,
    { rows, inner: channels, columns: inputs },
    transposed(weight, inputs, channels),
  );
  return ({ gradient }) => {
    const out = new Float64Array(rows * inputs);
    multiply((into, at) => into.set(gradient, at), out);
    return [out];
  };
}

/** In the precision that it comes in. */
function transposed(weight: TensorData, inputs: number, channels: number): TensorData {
  const out =
    weight instanceof Float32Array ? new Float32Array(weight.length) : new Float64Array(weight.length);
  for (let k = 0; k < inputs; k++)
    for (let c = 0; c < channels; c++) out[c * inputs + k] = weight[k * channels + c]!;
  return out;
}

/** a [G, I, inner], b [G, J, inner], gradient [G, I, J]: to a gradient · b, to b gradientᵀ · a. */
function matmul(node: AnnOf<'matmul'>, inner: number, arena: Arena): Vjp {
  const [groups, rows, columns] = node.type.shape as readonly [number, number, number];
  const multiplyA = prepareDynamic(arena, { rows, inner: columns, columns: inner });
  const multiplyB = prepareDynamic(arena, { rows: columns, inner: rows, columns: inner });
  return ({ operands: [a, b], gradient }) => {
    const toA = new Float64Array(a!.length);
    const toB = new Float64Array(b!.length);
    for (let g = 0; g < groups; g++) {
      const [atA, atB] = [g * rows * inner, g * columns * inner];
      const own = gradient.subarray(g * rows * columns, (g + 1) * rows * columns);
      const ownA = a!.subarray(atA, atA + rows * inner);
      const ownB = b!.subarray(atB, atB + columns * inner);
      multiplyA((out, at) => out.set(own, at), turn(ownB, columns, inner), toA, atA);
      multiplyB(turn(own, rows, columns), turn(ownA, rows, inner), toB, atB);
    }
    return [toA, toB];
  };
}

/** Writes the transpose of a matrix [rows, columns]. */
const turn =
  (matrix: Float64Array, rows: number, columns: number): Fill =>
  (out, at) => {
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++) out[at + j * rows + i] = matrix[i * columns + j]!;
  };

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
