/**
 * Conversion methods that ECMT is compared with, and ours: one row each. Every method fires with soft reset, so
 * it is a threshold, a neuron and perhaps a first phase; softmax, LayerNorm and GELU, for which the older rules
 * know nothing, are expectation-compensated throughout. Signed values are sent by pairs (ir/interpret/pair.ts).
 *
 * Source  docs/methods.md says of each where it comes from and what was adapted
 */
import type { FirstPhase } from '../../ir/interpret/two-phase.ts';
import { CODINGS, type Coding, type EmitOf } from '../../ir/snn.ts';
import type { ThresholdRule } from '../thresholds.ts';

/** As in the authors' code, as their paper says, or carried over to Transformers by us. */
export type MethodStatus = 'as coded' | 'as published' | 'as adapted' | 'ours';

/** Where θ of a site comes from: a percentile of magnitudes, their maximum, or the least squared error at T steps. */
export type MethodThreshold =
  | { readonly kind: 'percentile'; readonly percent: number }
  | { readonly kind: 'max' }
  | { readonly kind: 'least-squares' };

export type PairNeuron = Omit<EmitOf<'pair'>, 'kind' | 'theta' | 'drift'> & {
  /** Drift per step times T: a current that depends on T has a network of its own for each T. */
  readonly drift: number;
};

export type MethodRule =
  | {
      readonly kind: 'pair';
      readonly threshold: MethodThreshold;
      readonly neuron: PairNeuron;
      readonly phase?: FirstPhase;
    }
  | { readonly kind: 'ladder'; readonly thresholds: ThresholdRule }
  | { readonly kind: 'profile'; readonly coding: Coding };

export interface Method {
  readonly id: string;
  readonly name: string;
  readonly status: MethodStatus;
  readonly source: string;
  /** What of it is not run here, or runs differently. */
  readonly note: string;
  readonly rule: MethodRule;
}

const PLAIN: PairNeuron = { start: 0, drift: 0, extra: 0, share: 1, correction: 'none' };
const HALF: PairNeuron = { ...PLAIN, start: 0.5 };
const MAX: MethodThreshold = { kind: 'max' };
const ROBUST: MethodThreshold = { kind: 'percentile', percent: 99.9 };
/** Steps of the first phase of SRP and COS: what their papers use on ImageNet lies between 4 and 14. */
const FIRST_STEPS = 4;

export const METHODS: readonly Method[] = [
  {
    id: 'rmp',
    name: 'RMP',
    status: 'as adapted',
    source: 'Han et al., CVPR 2020',
    note: 'θ = largest activation',
    rule: { kind: 'pair', threshold: MAX, neuron: PLAIN },
  },
  {
    id: 'rmp-robust',
    name: 'RMP, robust θ',
    status: 'as adapted',
    source: 'Han et al., CVPR 2020; Rueckauer et al., Front. Neurosci. 2017',
    note: 'θ = 99.9th percentile',
    rule: { kind: 'pair', threshold: ROBUST, neuron: PLAIN },
  },
  {
    id: 'ts',
    name: 'TS',
    status: 'as adapted',
    source: 'Deng & Gu, ICLR 2021',
    note: 'threshold ReLU not trained: θ = 99.9th percentile; shift θ/2T a step',
    rule: { kind: 'pair', threshold: ROBUST, neuron: { ...PLAIN, drift: 0.5 } },
  },
  {
    id: 'snm',
    name: 'SNM',
    status: 'as adapted',
    source: 'Wang et al., IJCAI 2022',
    note: 'negative spikes with memory; one θ per site, not per neuron',
    rule: { kind: 'pair', threshold: MAX, neuron: { ...PLAIN, correction: 'memory' } },
  },
  {
    id: 'qcfs',
    name: 'QCFS',
    status: 'as adapted',
    source: 'Bu et al., ICLR 2022',
    note: 'v(0) = θ/2; activation not retrained: θ = 99.9th percentile',
    rule: { kind: 'pair', threshold: ROBUST, neuron: HALF },
  },
  {
    id: 'burst',
    name: 'Burst spikes',
    status: 'as adapted',
    source: 'Li & Zeng, IJCAI 2022',
    note: 'Γ = 5; each spike of a burst is counted; no pooling to convert',
    rule: { kind: 'pair', threshold: ROBUST, neuron: { ...PLAIN, extra: 4 } },
  },
  {
    id: 'srp',
    name: 'SRP',
    status: 'as adapted',
    source: 'Hao et al., AAAI 2023',
    note: `τ = ${FIRST_STEPS} steps ahead, charged but not in T; activation not retrained`,
    rule: { kind: 'pair', threshold: ROBUST, neuron: HALF, phase: { kind: 'mute', steps: FIRST_STEPS } },
  },
  {
    id: 'cos',
    name: 'COS',
    status: 'as adapted',
    source: 'Hao et al., ICLR 2023',
    note: `ρ = ${FIRST_STEPS} steps ahead in each layer, which send nothing; activation not retrained`,
    rule: { kind: 'pair', threshold: ROBUST, neuron: HALF, phase: { kind: 'shift', steps: FIRST_STEPS } },
  },
  {
    id: 'sta',
    name: 'STA',
    status: 'as adapted',
    source: 'Jiang et al., ICLR 2024',
    note: 'its neuron on exact compensation in place of its distilled group operators; one θ per site',
    rule: {
      kind: 'pair',
      threshold: { kind: 'least-squares' },
      neuron: { ...PLAIN, extra: 2, share: 0.5, correction: 'memory' },
    },
  },
  {
    id: 'compensation',
    name: 'No neurons',
    status: 'as published',
    source: 'Huang et al., ACM MM 2024',
    note: 'expectation compensation alone, which is lossless; graded values multiply',
    rule: { kind: 'ladder', thresholds: 'off' },
  },
  {
    id: 'ecmt',
    name: 'ECMT',
    status: 'as published',
    source: 'Huang et al., ACM MM 2024',
    note: 'θ from percentiles of calibration images',
    rule: { kind: 'ladder', thresholds: 'paper' },
  },
  {
    id: 'ecmt-fixed',
    name: 'ECMT, fixed θ',
    status: 'as coded',
    source: 'Huang et al., ACM MM 2024',
    note: 'the authors’ constants at softmax and fc2',
    rule: { kind: 'ladder', thresholds: 'paper-fixed' },
  },
  ...CODINGS.map(
    (coding): Method => ({
      id: `ours-${coding}`,
      name: `Ours, ${coding}`,
      status: 'ours',
      source: 'docs/rationale',
      note: 'default profile, real-valued, before quantization',
      rule: { kind: 'profile', coding },
    }),
  ),
];
