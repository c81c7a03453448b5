/**
 * Stage `snn`: populations and projections with real values. What a step of each means is written in
 * interpret/snn.ts; why the expectation compensation and the neuron are one thing in docs/rationale.
 */
import type { Dialect, Graph, NodeOf } from './dialect.ts';

/**
 * What the spikes of a site add up to after step t: t·F(S/t) (`rate`) or F(S); in `differential` a spike of step t
 * weighs 1/t (step-weights.ts).
 */
export const CODINGS = ['rate', 'sum', 'differential'] as const;
export type Coding = (typeof CODINGS)[number];

/** Functions of one variable that a soma can hold: a ramp minus a small remainder (soma-forms.ts). */
export const SOMA_POINTWISE = [
  ...['relu', 'gelu', 'tanh-gelu', 'quick-gelu', 'silu'],
  ...['relu6', 'hard-swish', 'hard-sigmoid', 'sigmoid', 'tanh', 'erf'],
] as const;
export type SomaPointwise = (typeof SOMA_POINTWISE)[number];

/** Which side an edge of the paper's rule belongs to: both fire (the authors' code), or Eq. 25's half-open edges. */
export const TIES = ['symmetric', 'paper'] as const;
export type Ties = (typeof TIES)[number];

/** What corrects a spike too many: nothing, or a negative spike while more has been sent than taken back. */
export const CORRECTIONS = ['none', 'memory'] as const;

export const snn = {
  stage: 'snn',
  version: 2,
  summary: 'Spiking populations and the projections between them, real-valued.',
  graph: { coding: { oneOf: CODINGS }, steps: 'int' },
  tables: {},
  ops: {
    input: {
      summary: 'The image as graded values: at every timestep (rate) or at the first (sum, differential).',
      operands: [],
      attrs: { name: 'string' },
      result: 'the shape of one image',
    },
    linear: {
      summary:
        'What the source emits, seen through map as [rows, K], times weight[K, C]; bias[C] or bias[rows, C] enters every step (rate) or at the first (sum, differential).',
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
    hadamard: {
      summary:
        'Expectation-compensated product, element by element, of everything that both have emitted so far.',
      source: 'ECMT Theorem 4.2, Eqs. 16-18, for one channel',
      operands: ['a', 'b'],
      attrs: { 'mapA?': 'map', 'mapB?': 'map' },
      result: 'the shape of the population',
    },
    depthwise: {
      summary:
        'Every neuron has taps of its own: y[i] = Σ_k source[map[i · taps + k]] · weight[k, i mod P], weight [taps, P].',
      operands: ['source'],
      attrs: { weight: 'const', 'map?': 'map' },
      result: 'the shape of the population',
    },
    maximum: {
      summary:
        'y[i] = max_k of everything that source[map[i · taps + k]] has emitted so far; a hole counts as 0.',
      source: 'ECMT Theorem 4.1, Eq. 15: a nonlinear module over a group',
      operands: ['source'],
      attrs: { 'map?': 'map', taps: 'int' },
      result: 'the shape of the population',
    },
    relay: {
      summary: 'What the source emits, added one to one.',
      operands: ['source'],
      attrs: { 'map?': 'map' },
      result: 'the shape of the population',
    },
    bias: {
      summary:
        'A constant that enters every step (rate) or at the first (sum, differential); repeated over leading axes.',
      operands: [],
      attrs: { value: 'const' },
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
            rmsnorm: { epsilon: 'real', 'gamma?': 'const' },
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
              /** At step t of T nothing below 2^(coarse · (T − t)) θ fires; absent: 0. */
              'coarse?': 'int',
              'ties?': { oneOf: TIES },
            },
            /** The multi-threshold neuron as 2n binary outputs (Eqs. 26-29), +λ_1, −λ_1, +λ_2, … of every neuron. */
            channels: { theta1: 'real', theta2: 'real', levels: 'int', 'ties?': { oneOf: TIES } },
            /**
             * A pair of single-threshold neurons with soft reset, one for each sign (compiler/methods). `start`,
             * `drift` and `share` in units of θ: potential before step 1, current of every step, size of each of
             * up to `extra` further spikes of a step.
             */
            pair: {
              theta: 'real',
              start: 'real',
              drift: 'real',
              extra: 'int',
              share: 'real',
              correction: { oneOf: CORRECTIONS },
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
export type SnnProjection = Exclude<SnnNode, { kind: 'input' | 'population' }>;
export type SnnEmit = SnnOf<'population'>['attrs']['emit'];
export type EmitOf<K extends SnnEmit['kind']> = Extract<SnnEmit, { kind: K }>;

/** Numbers that one neuron sends side by side. */
export const channelsPerNeuron = (emit: SnnEmit): number => (emit.kind === 'channels' ? 2 * emit.levels : 1);

/** Spikes, which meet a weight as additions; what is not is graded and multiplies. */
export const isSpiking = ({ kind }: { readonly kind: string }): boolean =>
  kind === 'mt' || kind === 'channels' || kind === 'pair';
