/**
 * Stage `int`: the same network in the chip's integers. The value of an integer q with f fraction bits is
 * q · 2^-f, and f is a constant of the network everywhere: scales are powers of two, nothing is ever
 * multiplied by one. interpret/int.ts is the one place that says what these nodes mean.
 */
import type { Dialect, Graph, NodeOf } from './dialect.ts';
import { CODINGS, SOMA_POINTWISE } from './snn.ts';

export const int = {
  stage: 'int',
  version: 0,
  summary: 'Spiking populations and projections in integers with power-of-two scales.',
  graph: { coding: { oneOf: CODINGS }, steps: 'int', accumulatorBits: 'int', stateBits: 'int' },
  tables: {},
  ops: {
    input: {
      summary: 'The image, rounded to `fraction` fraction bits.',
      operands: [],
      attrs: { name: 'string', fraction: 'int' },
      result: 'the shape of one image',
    },
    linear: {
      summary:
        'Accumulates payload · weight exactly; accumulator of channel c has scale[c] fraction bits, bias is in the same unit.',
      source: 'ECMT Eqs. 26-28',
      operands: ['source'],
      attrs: { weight: 'const', 'bias?': 'const', scale: 'const', 'map?': 'map', rows: 'int' },
      result: '[1, rows, C]',
    },
    product: {
      summary: 'S_A · S_B exactly, with `fraction` fraction bits; every event adds a shifted row.',
      source: 'ECMT Eqs. 16-18, fused',
      operands: ['a', 'b'],
      attrs: { 'mapA?': 'map', 'mapB?': 'map', inner: 'int', fraction: 'int' },
      result: '[G, I, J]',
    },
    relay: {
      summary:
        'Adds graded values of all its sources one to one; `scale` per channel where they are partial sums of a linear.',
      operands: ['sources...'],
      attrs: { 'map?': 'map', fraction: 'int', 'scale?': 'const' },
      result: 'the shape of the population',
    },
    population: {
      summary:
        'U = Σ rs(accumulator, scale − fraction), saturated to stateBits; y = F(U) with outFraction fraction bits; emits what is missing of y.',
      operands: ['projections...'],
      attrs: {
        axes: 'axes',
        fraction: 'int',
        outFraction: 'int',
        function: {
          variant: {
            identity: {},
            /** ramp(u) − table[|u| · 16], 64 entries with tableFraction fraction bits over [0, 4). */
            pointwise: { name: { oneOf: SOMA_POINTWISE }, table: 'const', tableFraction: 'int' },
            /** epsilonKey = lg(C³ · ε · 4^f), channelKey = lg C, both with 12 fraction bits. */
            layernorm: { epsilonKey: 'int', channelKey: 'int', log2: 'const', exp2: 'const' },
            softmax: { log2: 'const', exp2: 'const' },
            /** Unrounded partial sums of a fan-in split: the one accumulator passes as it is. */
            partial: { scale: 'const' },
          },
        },
        emit: {
          variant: {
            /** θ = 2^-theta; band counts quarters of θ. */
            mt: { theta: 'int', levels: 'int', terms: 'int', band: 'int' },
            relay: {},
            readout: {},
          },
        },
      },
      result: '[groups, rows, channels]',
    },
  },
} as const satisfies Dialect;

export type IntNode = NodeOf<typeof int>;
export type IntGraph = Graph<typeof int>;
export type IntOf<K extends IntNode['kind']> = Extract<IntNode, { kind: K }>;
export type IntFunction = IntOf<'population'>['attrs']['function'];
export type IntEmit = IntOf<'population'>['attrs']['emit'];
export type IntProjection = IntOf<'linear'> | IntOf<'product'> | IntOf<'relay'>;
