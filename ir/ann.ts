/** Stage `ann`: the user's network, one node per tensor, one image at a time (the batch axis is gone). */
import type { AttrsOf, Dialect, Graph, NodeOf } from './dialect.ts';

/** Scalar functions of one variable. Conversion has no place for those of the last line. */
export const POINTWISE = [
  ...['relu', 'gelu', 'tanh-gelu', 'quick-gelu', 'silu'],
  ...['relu6', 'hard-swish', 'hard-sigmoid', 'sigmoid', 'tanh', 'erf', 'negate', 'square'],
  ...['exp', 'log', 'sqrt', 'reciprocal', 'abs', 'cube'],
] as const;
export const REDUCTIONS = ['mean', 'sum', 'max'] as const;

export const ann = {
  stage: 'ann',
  version: 0,
  summary: 'Tensors and operators in floating point; shapes are those of one image.',
  graph: {},
  tables: {},
  ops: {
    input: {
      summary: 'The image, after the user’s preprocessing.',
      operands: [],
      attrs: { name: 'string' },
      result: 'the shape of one image',
    },
    linear: {
      summary: 'y[…, c] = Σ_k x[…, k] · weight[k, c] + bias[c].',
      operands: ['x'],
      attrs: { weight: 'const', 'bias?': 'const' },
      result: '[…, C]',
    },
    matmul: {
      summary: 'y[g, i, j] = Σ_c a[g, i, c] · b[g, j, c]; both operands carry their inner axis last.',
      operands: ['a', 'b'],
      attrs: {},
      result: '[G, I, J]',
    },
    add: {
      summary: 'a + b, element by element.',
      operands: ['a', 'b'],
      attrs: {},
      result: 'the common shape',
    },
    mul: {
      summary: 'a · b, element by element.',
      operands: ['a', 'b'],
      attrs: {},
      result: 'the common shape',
    },
    affine: {
      summary:
        'x · scale + shift with constants; a constant is broadcast over leading axes it does not have.',
      operands: ['x'],
      attrs: { 'scale?': 'const', 'shift?': 'const' },
      result: 'the shape of x',
    },
    view: {
      summary:
        'y[i] = x[map[i]] over the flattened operands laid end to end; a hole is 0. Reshape, transpose, slice, concat, pad, expand.',
      operands: ['x...'],
      attrs: { map: 'map' },
      result: 'any shape with as many elements as the map',
    },
    reduce: {
      summary: 'Reduces the last axis, which stays with size 1.',
      operands: ['x'],
      attrs: { op: { oneOf: REDUCTIONS } },
      result: '[…, 1]',
    },
    pointwise: {
      summary: 'A scalar function of every element.',
      operands: ['x'],
      attrs: { function: { oneOf: POINTWISE } },
      result: 'the shape of x',
    },
    layernorm: {
      summary: '(x − mean) / √(variance + epsilon) · gamma + beta over the last axis.',
      operands: ['x'],
      attrs: { epsilon: 'real', 'gamma?': 'const', 'beta?': 'const' },
      result: 'the shape of x',
    },
    rmsnorm: {
      summary: 'x / √(mean of squares + epsilon) · gamma over the last axis.',
      operands: ['x'],
      attrs: { epsilon: 'real', 'gamma?': 'const' },
      result: 'the shape of x',
    },
    softmax: {
      summary: 'Softmax of scale · x over the last axis; base 2 where log2(e) has been folded into x.',
      operands: ['x'],
      attrs: { scale: 'real', base: { oneOf: ['e', '2'] } },
      result: 'the shape of x',
    },
    output: {
      summary: 'A result of the network.',
      operands: ['x'],
      attrs: { name: 'string' },
      result: 'the shape of x',
    },
  },
} as const satisfies Dialect;

export type AnnNode = NodeOf<typeof ann>;
export type AnnGraph = Graph<typeof ann>;
export type AnnOf<K extends AnnNode['kind']> = Extract<AnnNode, { kind: K }>;
export type PointwiseName = AttrsOf<(typeof ann.ops.pointwise)['attrs']>['function'];
