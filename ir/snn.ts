/**
 * Stage `snn`: populations and projections with real values. What a step of each means is written in
 * interpret/snn.ts; why the expectation compensation and the neuron are one thing in docs/rationale.
 */
import type { Dialect, Graph, NodeOf } from './dialect.ts';

/** What the spikes of a site add up to after step t: t·F(S/t) or F(S). */
export const CODINGS = ['rate', 'sum'] as const;
export type Coding = (typeof CODINGS)[number];

/** Functions of one variable that a soma can hold: a ramp minus a small even remainder. */
export const SOMA_POINTWISE = ['relu', 'gelu', 'tanh-gelu', 'quick-gelu', 'silu'] as const;
export type SomaPointwise = (typeof SOMA_POINTWISE)[number];

export const snn = {
  stage: 'snn',
  version: 0,
  summary: 'Spiking populations and the projections between them, real-valued.',
  graph: { coding: { oneOf: CODINGS }, steps: 'int' },
  tables: {},
  ops: {
    input: {
      summary: 'The image as graded values: at every timestep (rate) or at the first (sum).',
      operands: [],
      attrs: { name: 'string' },
      result: 'the shape of one image',
    },
    linear: {
      summary:
        'What the source emits, seen through map as [rows, K], times weight[K, C]; bias[C] or bias[rows, C] enters every step (rate) or at the first (sum).',
      source: 'ECMT Eqs. 26-28',
      operands: ['source'],
      attrs: { weight: 'const', 'bias?': 'const', 'map?': 'map', rows: 'int' },
      result: '[1, rows, C]',
    },
    product: {
      summary:
        'Expectation-compensated product: a[g, i, c] · b[g, j, c] summed over c (inner), of everything that both have emitted so far.',
      source: 'ECMT Theorem 4.2, Eqs. 16-18, in the fused form',
      operands: ['a', 'b'],
      attrs: { 'mapA?': 'map', 'mapB?': 'map', inner: 'int' },
      result: '[G, I, J]',
    },
    relay: {
      summary: 'What the source emits, added one to one.',
      operands: ['source'],
      attrs: { 'map?': 'map' },
      result: 'the shape of the population',
    },
    population: {
      summary:
        'Gathers its projections into S, forms the target U = F(S), emits what is still missing of it.',
      source: 'ECMT Eqs. 15, 19-25, fused',
      operands: ['projections...'],
      attrs: {
        axes: 'axes',
        function: {
          variant: {
            identity: {},
            pointwise: { name: { oneOf: SOMA_POINTWISE } },
            layernorm: { epsilon: 'real', 'gamma?': 'const', 'beta?': 'const' },
            softmax: { scale: 'real', base: { oneOf: ['e', '2'] } },
          },
        },
        emit: {
          variant: {
            mt: {
              theta1: 'real',
              theta2: 'real',
              levels: 'int',
              terms: 'int',
              band: 'real',
              rule: { oneOf: ['paper', 'nearest'] },
            },
            relay: {},
            readout: {},
          },
        },
      },
      result: '[groups, rows, channels]',
    },
  },
} as const satisfies Dialect;

export type SnnNode = NodeOf<typeof snn>;
export type SnnGraph = Graph<typeof snn>;
export type SnnOf<K extends SnnNode['kind']> = Extract<SnnNode, { kind: K }>;
export type SnnFunction = SnnOf<'population'>['attrs']['function'];
export type SnnEmit = SnnOf<'population'>['attrs']['emit'];
