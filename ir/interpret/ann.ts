/**
 * What stage `ann` means, in double precision. Loops run in memory order, nothing is skipped, and nothing is
 * clever: every other form of the network is compared with this one.
 */
import type { AnnGraph, AnnNode, AnnOf } from '../ann.ts';
import type { ConstId, TensorData } from '../constants.ts';
import { defect } from '../diagnostics/diagnostic.ts';
import { sizeOf } from '../dialect.ts';
import { expandMap, HOLE } from '../map.ts';
import { scalarFunction } from '../scalar.ts';

export type WatchAnn = (node: AnnNode, value: Float64Array) => void;

/**
 * Values of the outputs for one image, by name. `watch` sees the value of every node, in order; a value is not
 * written again afterwards.
 * Needs  `image` in the order of the input's shape, after the user's preprocessing
 * Cost   one multiply-accumulate each, about 1 ns
 */
export function interpretAnn(
  graph: AnnGraph,
  image: Float64Array,
  watch?: WatchAnn,
): ReadonlyMap<string, Float64Array> {
  const values = new Map<string, Float64Array>();
  const outputs = new Map<string, Float64Array>();
  for (const node of graph.nodes) {
    const operands = node.operands.map(id => values.get(id) ?? defect(`${id} is read before it is made`));
    const value = evaluateNode(node, operands, image, id => graph.constants.get(id).data);
    values.set(node.id, value);
    if (node.kind === 'output') outputs.set(node.attrs.name, value);
    watch?.(node, value);
  }
  return outputs;
}

type Data = (id: ConstId) => TensorData;

/** The value of one node. */
export function evaluateNode(
  node: AnnNode,
  operands: readonly Float64Array[],
  image: Float64Array,
  data: Data,
): Float64Array {
  const [x, y] = operands;
  const size = sizeOf(node.type.shape);
  if (node.kind === 'input') {
    return image.length === size
      ? image
      : defect(`the image has ${image.length} numbers, the network wants ${size}`);
  }
  if (node.kind === 'view') return view(node, operands);
  if (x === undefined) return defect(`${node.id} has no operand`);
  if (node.kind === 'matmul' || node.kind === 'add' || node.kind === 'mul') {
    if (y === undefined) return defect(`${node.id} has no second operand`);
    if (node.kind === 'matmul') return matmul(node, x, y);
    return node.kind === 'add' ? x.map((a, i) => a + y[i]!) : x.map((a, i) => a * y[i]!);
  }
  switch (node.kind) {
    case 'linear':
      return linear(node, x, data);
    case 'affine':
      return affine(node, x, data);
    case 'reduce':
      return reduce(node, x, size);
    case 'pointwise':
      return x.map(scalarFunction(node.attrs.function));
    case 'layernorm':
      return layernorm(node, x, data);
    case 'rmsnorm':
      return rmsnorm(node, x, data);
    case 'softmax':
      return softmax(node, x);
    case 'output':
      return x;
    default:
      return node satisfies never;
  }
}

/** Shapes x [rows, K], weight [K, C], bias [C]. Four inputs at a time; the order of additions is that of one by one. */
function linear(node: AnnOf<'linear'>, x: Float64Array, data: Data): Float64Array {
  const weight = data(node.attrs.weight);
  const bias = node.attrs.bias === undefined ? undefined : data(node.attrs.bias);
  const channels = node.type.shape.at(-1)!;
  const inputs = weight.length / channels;
  const rows = x.length / inputs;
  const y = new Float64Array(rows * channels);
  for (let row = 0; row < rows; row++) {
    const out = y.subarray(row * channels, (row + 1) * channels);
    if (bias !== undefined) out.set(bias);
    let k = 0;
    for (; k + 3 < inputs; k += 4) {
      const at = row * inputs + k;
      const [x0, x1, x2, x3] = [x[at]!, x[at + 1]!, x[at + 2]!, x[at + 3]!];
      const w0 = k * channels;
      const [w1, w2, w3] = [w0 + channels, w0 + 2 * channels, w0 + 3 * channels];
      for (let c = 0; c < channels; c++) {
        out[c] =
          out[c]! + x0 * weight[w0 + c]! + x1 * weight[w1 + c]! + x2 * weight[w2 + c]! + x3 * weight[w3 + c]!;
      }
    }
    for (; k < inputs; k++) {
      const factor = x[row * inputs + k]!;
      for (let c = 0; c < channels; c++) out[c]! += factor * weight[k * channels + c]!;
    }
  }
  return y;
}

/** Shapes a [G, I, inner], b [G, J, inner]. */
function matmul(node: AnnOf<'matmul'>, a: Float64Array, b: Float64Array): Float64Array {
  const [groups, rows, columns] = node.type.shape as readonly [number, number, number];
  const inner = a.length / (groups * rows);
  const y = new Float64Array(groups * rows * columns);
  for (let g = 0; g < groups; g++) {
    for (let i = 0; i < rows; i++) {
      const firstA = (g * rows + i) * inner;
      for (let j = 0; j < columns; j++) {
        const firstB = (g * columns + j) * inner;
        let sum = 0;
        for (let c = 0; c < inner; c++) sum += a[firstA + c]! * b[firstB + c]!;
        y[(g * rows + i) * columns + j] = sum;
      }
    }
  }
  return y;
}

/** A constant that lacks leading axes repeats. */
function affine({ attrs }: AnnOf<'affine'>, x: Float64Array, data: Data): Float64Array {
  const scale = attrs.scale === undefined ? undefined : data(attrs.scale);
  const shift = attrs.shift === undefined ? undefined : data(attrs.shift);
  return x.map((value, i) => {
    const scaled = scale === undefined ? value : value * scale[i % scale.length]!;
    return shift === undefined ? scaled : scaled + shift[i % shift.length]!;
  });
}

function view(node: AnnOf<'view'>, operands: readonly Float64Array[]): Float64Array {
  const [first, ...others] = operands;
  const source = others.length === 0 && first !== undefined ? first : joined(operands);
  return Float64Array.from(expandMap(node.attrs.map), i => (i === HOLE ? 0 : source[i]!));
}

function joined(parts: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function reduce(node: AnnOf<'reduce'>, x: Float64Array, rows: number): Float64Array {
  const reducers = {
    sum,
    mean: (row: Float64Array) => sum(row) / row.length,
    max: (row: Float64Array) => row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY),
  } satisfies { readonly [Op in AnnOf<'reduce'>['attrs']['op']]: (row: Float64Array) => number };
  const y = new Float64Array(rows);
  const reducer = reducers[node.attrs.op];
  eachRow(x, x.length / rows, (row, i) => {
    y[i] = reducer(row);
  });
  return y;
}

function layernorm(node: AnnOf<'layernorm'>, x: Float64Array, data: Data): Float64Array {
  const { epsilon, gamma, beta } = node.attrs;
  const gain = gamma === undefined ? undefined : data(gamma);
  const offset = beta === undefined ? undefined : data(beta);
  const y = x.slice();
  eachRow(y, node.type.shape.at(-1)!, row => {
    const mean = sum(row) / row.length;
    for (let c = 0; c < row.length; c++) row[c]! -= mean;
    normalise(row, epsilon, gain, offset);
  });
  return y;
}

function rmsnorm(node: AnnOf<'rmsnorm'>, x: Float64Array, data: Data): Float64Array {
  const { epsilon, gamma } = node.attrs;
  const gain = gamma === undefined ? undefined : data(gamma);
  const y = x.slice();
  eachRow(y, node.type.shape.at(-1)!, row => normalise(row, epsilon, gain, undefined));
  return y;
}

/** row / √(mean of squares + ε) · gain + offset, in place. */
function normalise(
  row: Float64Array,
  epsilon: number,
  gain: TensorData | undefined,
  offset: TensorData | undefined,
): void {
  let squares = 0;
  for (const value of row) squares += value * value;
  const divisor = Math.sqrt(squares / row.length + epsilon);
  for (let c = 0; c < row.length; c++) row[c] = (row[c]! / divisor) * (gain?.[c] ?? 1) + (offset?.[c] ?? 0);
}

function softmax(node: AnnOf<'softmax'>, x: Float64Array): Float64Array {
  const { scale, base } = node.attrs;
  const factor = base === '2' ? scale * Math.LN2 : scale;
  const y = x.map(value => value * factor);
  eachRow(y, node.type.shape.at(-1)!, row => {
    const max = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    for (let c = 0; c < row.length; c++) row[c] = Math.exp(row[c]! - max);
    const total = sum(row);
    for (let c = 0; c < row.length; c++) row[c]! /= total;
  });
  return y;
}

function sum(row: Float64Array): number {
  let total = 0;
  for (const value of row) total += value;
  return total;
}

/** Rows are views on `data`: writing a row writes the tensor. */
function eachRow(data: Float64Array, width: number, visit: (row: Float64Array, i: number) => void): void {
  for (let i = 0; i * width < data.length; i++) visit(data.subarray(i * width, (i + 1) * width), i);
}
