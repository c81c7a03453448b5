/**
 * Published measurements on Loihi whose networks can be built: shape, cores, steps; what is known of their activity, and
 * what was measured.
 *
 * Sources
 *   F20  Frady et al., nearest neighbours on Pohoiki Springs, arXiv 2004.12691 (counts second hand)
 *   QZ   biphasic/Quartz-on-Loihi a56d551: CNN/mnist_model.py, CNN/cifar_model.py, quartz/layers.py, power profiles in
 *        CNN/mnist-EDP-plot.ipynb and CNN/mnist-EDP-plot-CIFAR.ipynb
 *   ABR  abr/power_benchmarks fce95c8, arXiv 1812.01739
 *   NX   intel-nrc-ecosystem/models 3dc53bf; MNIST CNN: arXiv 2101.04261
 *   LDL  lava-nc/lava-dl d825ac5, netx/pilotnet_snn; LOPT lava-nc/lava-optimization 39ab701, tutorial 01
 */
import type { Layer } from '../compiler/mapping/strategies/layers.ts';
import { convolution, dense, NXTF_MNIST, NXTF_MOBILENET, PILOTNET_LIF } from './partition-tables.ts';
import { fullyConnected, pooling, quartz, recurrent, type Stage, stagesOf } from './silicon-stages.ts';

export interface SiliconRow {
  readonly name: string;
  readonly target: string;
  readonly chips: number;
  readonly cores: number;
  /** Timesteps of an inference. */
  readonly steps: number;
  readonly stages: readonly Stage[];
  /**
   * counted: synops and spikes of an inference, least and most · once: every neuron and input fires once in an inference ·
   * silent: none does · band: a share of all in each step, which nobody has logged.
   */
  readonly activity:
    | {
        readonly kind: 'counted';
        readonly synops: readonly [number, number];
        readonly spikes: readonly [number, number];
      }
    | { readonly kind: 'once' | 'silent' | 'band' };
  readonly measured: { readonly stepMicroseconds?: number; readonly microjoules?: number };
  /** A: time and energy of the cores themselves · B: one of them, or with a known foreign part · C: with an unknown one. */
  readonly grade: 'A' | 'B' | 'C';
  readonly source: string;
  /** What was measured with it, and what nobody says. */
  readonly unknown: string;
}

const QUARTZ_MNIST = quartz(
  [
    convolution('conv 1', [24, 24, 6], 5, 1, 0),
    pooling('pool 1', [12, 12, 6], 2),
    convolution('conv 2', [8, 8, 12], 5, 1, 0),
    pooling('pool 2', [4, 4, 12], 2),
    convolution('conv 3', [1, 1, 120], 4, 1, 0),
    dense('dense', 10),
  ],
  [28, 28, 1],
);

/** A bottleneck: widened by 2, depthwise with the stride, narrowed. */
const bottleneck = (size: number, inputs: number, channels: number, stride: number): readonly Layer[] => [
  convolution('widen', [size, size, 2 * inputs], 1, 1, 0),
  convolution('depthwise', [size / stride, size / stride, 2 * inputs], 3, stride, 1, 'depthwise'),
  convolution('narrow', [size / stride, size / stride, channels], 1, 1, 0),
];

const QUARTZ_CIFAR = quartz(
  [
    convolution('conv 1', [16, 16, 32], 3, 2, 1),
    ...bottleneck(16, 32, 64, 2),
    ...bottleneck(8, 64, 64, 1),
    ...bottleneck(8, 64, 128, 2),
    convolution('conv 2', [4, 4, 160], 1, 1, 0),
    pooling('pool', [1, 1, 160], 4),
    dense('dense', 10),
  ],
  [32, 32, 3],
);

/** Steps of an image, µs a step, mW of the cores, dynamic. */
const QUARTZ_RUNS = [
  [51, 96.0412, 6.89434],
  [91, 53.9251, 9.29118],
  [171, 28.81, 17.40879],
  [331, 17.44057, 24.13731],
  [651, 13.30133, 33.50266],
] as const;

/** mW · µs · 1e-3 = µJ. */
const microjoules = (milliwatts: number, microseconds: number): number => milliwatts * microseconds * 1e-3;
const [SHORT, LONG] = [QUARTZ_RUNS[0], QUARTZ_RUNS[4]].map(([steps, time, power]) => ({
  steps,
  microseconds: steps * time,
  energy: microjoules(power, steps * time),
})) as [Span, Span];
interface Span {
  readonly steps: number;
  readonly microseconds: number;
  readonly energy: number;
}

const QUARTZ = {
  ...{ target: 'loihi1:nahuku-32', chips: 1, cores: 11, stages: QUARTZ_MNIST, source: 'QZ' },
} as const;

const [KNN_INPUTS, KNN_PATTERNS] = [700, 76_800] as const;

export const SILICON_ROWS: readonly SiliconRow[] = [
  {
    name: 'kNN, 76,800 patterns',
    ...{ target: 'loihi1:nahuku-32', chips: 32, cores: 32 * 128, steps: 60, grade: 'A', source: 'F20' },
    // 700 inputs that fire once lie in the middle of what is said of the synops of a query.
    stages: [fullyConnected(KNN_INPUTS, KNN_PATTERNS)],
    activity: { kind: 'counted', synops: [5.12e7, 5.76e7], spikes: [0, KNN_PATTERNS] },
    measured: { stepMicroseconds: 5.8, microjoules: 1330 },
    unknown:
      'synops are given second hand, as a range; time of the barrier over 32 chips (one chip is taken; 256 chips take 14.3 µs); ' +
      'reset between queries and x86 measured apart and not in it',
  },
  {
    name: 'MNIST Quartz, each further step',
    ...QUARTZ,
    ...{ steps: 1, grade: 'A', activity: { kind: 'silent' } },
    measured: {
      stepMicroseconds: (LONG.microseconds - SHORT.microseconds) / (LONG.steps - SHORT.steps),
      microjoules: (LONG.energy - SHORT.energy) / (LONG.steps - SHORT.steps),
    },
    unknown:
      'spikes do not grow with the steps, so that the difference of 651 and 51 steps is updates alone; whether a neuron that ' +
      'only waits is active; what a barrier costs is in it; which neurons share a core (an equal share is taken)',
  },
  ...QUARTZ_RUNS.map(
    ([steps, time, power]): SiliconRow => ({
      name: `MNIST Quartz, ${steps} steps`,
      ...QUARTZ,
      ...{ steps, grade: 'B', activity: { kind: 'once' } },
      measured: { stepMicroseconds: time, microjoules: microjoules(power, steps * time) },
      unknown:
        'x86 resets every neuron after each image: its time is in the step time, its writes perhaps in the energy',
    }),
  ),
  {
    name: 'CIFAR-10 Quartz',
    ...{ target: 'loihi1:nahuku-32', chips: 14, cores: 1753, steps: 1314, grade: 'C', source: 'QZ' },
    stages: QUARTZ_CIFAR,
    activity: { kind: 'once' },
    measured: { stepMicroseconds: 278.043, microjoules: microjoules(11.09557, 1314 * 278.043) },
    unknown:
      'which version of the model ran (the last one is taken); 11 mW are told apart from 1,272 mW of leakage; x86 takes 97 % of the time',
  },
  {
    name: 'keyword spotter 390-256-256-29',
    ...{ target: 'loihi1:wolf-mountain', chips: 1, cores: 3, steps: 10, grade: 'C', source: 'ABR' },
    stages: [fullyConnected(390, 256, 1), fullyConnected(256, 256, 1), fullyConnected(256, 29, 1)],
    activity: { kind: 'band' },
    measured: { stepMicroseconds: 337, microjoules: 271.7 },
    unknown: 'activity; cores (one a layer is taken); x86, about 70 of the 81 mW; its I/O sets the time',
  },
  {
    name: 'ten layers of 256, each further copy',
    ...{ target: 'loihi1:wolf-mountain', chips: 1, cores: 10, steps: 10, grade: 'B', source: 'ABR' },
    stages: Array.from({ length: 10 }, () => fullyConnected(256, 256, 1)),
    activity: { kind: 'band' },
    measured: { microjoules: microjoules(1.9, 10 * 877) },
    unknown: 'activity; slope of power over copies, 1.9 mW, at the step time of ten copies; cores',
  },
  {
    name: 'NTIDIGITS 64-256-256-242',
    ...{ target: 'loihi1:nahuku-32', chips: 1, cores: 6, steps: 3000, grade: 'B', source: 'NX' },
    stages: [
      fullyConnected(0, 64),
      fullyConnected(64, 256),
      fullyConnected(256, 256),
      fullyConnected(256, 242),
    ],
    activity: { kind: 'band' },
    measured: { stepMicroseconds: 17.63, microjoules: 576 },
    unknown: 'activity; x86 in the time; 20 copies ran side by side, energy is that of one',
  },
  {
    name: 'braille 48-450 (recurrent)-28',
    ...{ target: 'loihi1:nahuku-32', chips: 1, cores: 53, steps: 270, grade: 'B', source: 'NX' },
    stages: [recurrent(48, 450), fullyConnected(450, 28)],
    activity: { kind: 'band' },
    measured: { stepMicroseconds: 6.64, microjoules: 132.4 },
    unknown: 'activity; x86 in time and energy; input neurons',
  },
  {
    name: 'MNIST CNN, NxTF',
    ...{ target: 'loihi1:nahuku-32', chips: 1, cores: 14, steps: 100, grade: 'C', source: 'NX' },
    stages: stagesOf(NXTF_MNIST, [28, 28, 1]),
    activity: { kind: 'band' },
    measured: { stepMicroseconds: 60.8, microjoules: 660 },
    unknown: 'activity; steps (about 100); whether the energy holds static power and x86; x86 in the time',
  },
  {
    name: 'CIFAR-10 pseudo-MobileNet, NxTF',
    ...{ target: 'loihi1:nahuku-32', chips: 2, cores: 157, steps: 512, grade: 'B', source: 'NX' },
    // Soft reset: two compartments a neuron.
    stages: stagesOf(NXTF_MOBILENET, [32, 32, 3], { copies: 2 }),
    activity: { kind: 'band' },
    measured: { stepMicroseconds: 137.3 },
    unknown: 'activity; energy; cores of each layer (an equal share is taken); x86 in the time',
  },
  {
    name: 'PilotNet LIF',
    ...{ target: 'loihi2:oheo-gulch', chips: 1, cores: 74, steps: 16, grade: 'B', source: 'LDL' },
    stages: stagesOf(
      PILOTNET_LIF.rows.map(row => row.layer),
      PILOTNET_LIF.inputs,
      { cores: PILOTNET_LIF.rows.map(row => row.cores) },
    ),
    activity: { kind: 'band' },
    measured: { stepMicroseconds: 152.8, microjoules: 1094 },
    unknown:
      'activity; I/O and x86 in time and energy; no energy per operation of Loihi 2 is public: the costs are Loihi 1’s',
  },
  {
    name: 'quadratic program 408→528',
    ...{ target: 'loihi2:oheo-gulch', chips: 1, cores: 2, steps: 600, grade: 'B', source: 'LOPT' },
    stages: [{ neurons: 528, synapses: 2400, cores: 1 }],
    activity: { kind: 'counted', synops: [600 * 240, 600 * 2400], spikes: [600 * 52.8, 600 * 528] },
    measured: { stepMicroseconds: 8.137 },
    unknown:
      'activity (10 to 100 %); synapses (at most 2,400); neurons run a longer program than the one that is timed; energy',
  },
];
