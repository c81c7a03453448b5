/**
 * Stage `int`: the same network in the chip's integers. The value of an integer q with f fraction bits is
 * q · 2^-f, and f is a constant of the network everywhere: scales are powers of two, nothing is ever
 * multiplied by one. interpret/int.ts is the one place that says what these nodes mean.
 */
import type { Dialect, Graph, NodeOf } from './dialect.ts';
import { CODINGS, SOMA_POINTWISE } from './snn.ts';

/** gain: lg|γ| of every channel with 12 fraction bits, then sign(γ); offset: β with outFraction fraction bits. */
const GAIN = { 'gain?': 'const', 'offset?': 'const' } as const;

/** Tables; without them the function multiplies, divides and takes roots (exact-functions.ts). */
const LOGS = { 'log2?': 'const', 'exp2?': 'const' } as const;

export const int = {
  stage: 'int',
  version: 2,
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
    hadamard: {
      summary: 'S_A · S_B element by element, exactly, with `fraction` fraction bits.',
      source: 'ECMT Eqs. 16-18, fused',
      operands: ['a', 'b'],
      attrs: { 'mapA?': 'map', 'mapB?': 'map', fraction: 'int' },
      result: 'the shape of the population',
    },
    depthwise: {
      summary:
        'Accumulates payload · weight[k, i mod P] for each of its taps; `scale`: fraction bits, one number or one a channel.',
      operands: ['source'],
      attrs: { weight: 'const', scale: 'const', 'map?': 'map' },
      result: 'the shape of the population',
    },
    maximum: {
      summary: 'The largest of the sums of its taps, with `fraction` fraction bits; a hole counts as 0.',
      source: 'ECMT Eq. 15, fused',
      operands: ['source'],
      attrs: { 'map?': 'map', taps: 'int', fraction: 'int' },
      result: 'the shape of the population',
    },
    relay: {
      summary:
        'Adds graded values of all its sources one to one; `scale` per channel where they are partial sums of a linear.',
      operands: ['sources...'],
      attrs: { 'map?': 'map', fraction: 'int', 'scale?': 'const' },
      result: 'the shape of the population',
    },
    bias: {
      summary: 'A constant with `fraction` fraction bits, repeated over leading axes.',
      operands: [],
      attrs: { value: 'const', fraction: 'int' },
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
            /**
             * ramp(u) − table[|u| · 16], entries with tableFraction fraction bits (soma-forms.ts); without a table
             * where the ramp is not all of it: by multiplication (exact-functions.ts).
             */
            pointwise: { name: { oneOf: SOMA_POINTWISE }, 'table?': 'const', tableFraction: 'int' },
            /** epsilonKey = lg(C³ · ε · 4^f), channelKey = lg C, both with 12 fraction bits. */
            layernorm: { epsilonKey: 'int', channelKey: 'int', ...GAIN, ...LOGS },
            /** epsilonKey = lg(C · ε · 4^f). */
            rmsnorm: { epsilonKey: 'int', channelKey: 'int', ...GAIN, ...LOGS },
            /** Scores become the log2 domain by · scale · 2^−shift, constant shift-adds. */
            softmax: { scale: 'int', shift: 'int', ...LOGS },
            /** Unrounded partial sums of a fan-in split: the one accumulator passes as it is. */
            partial: { scale: 'const' },
          },
        },
        emit: {
          variant: {
            /** θ = 2^-theta; band counts quarters of the lowest threshold of the step (coarse: see stage snn). */
            mt: { theta: 'int', levels: 'int', terms: 'int', band: 'int', 'coarse?': 'int' },
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
export type IntProjection = Exclude<IntNode, { kind: 'input' | 'population' }>;
