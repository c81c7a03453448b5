/**
 * Published layer tables with the cores that their compilers gave each layer: what partitions are measured against.
 *
 * Sources
 *   lava-dl  reports of Lava's compiler printed in lava-nc/lava-dl, tutorials/lava/lib/dl/netx: mnist, oxford,
 *            pilotnet_snn, pilotnet_sdnn and yolo_kp; run on hardware. Shapes are those that the reports print.
 *   NxTF     intel-nrc-ecosystem/models 3dc53bf, nxsdk_modules_ncl/dnn/tutorials, and arXiv 2101.04261
 * Derived  bits of the weights of convolutions: the exporter trims them, the reports name the words
 */
import type { Layer, Shape } from '../compiler/mapping/strategies/layers.ts';

/** A layer with the cores that it was given. */
export interface LavaRow {
  readonly layer: Layer;
  readonly weightBits: number;
  readonly cores: number;
  /** Words of synaptic memory of a core, where the report prints them. */
  readonly words?: number;
}

export interface LavaTable {
  readonly name: string;
  /** Shape of what the first row reads where it is no input layer. */
  readonly inputs: Shape;
  readonly rows: readonly LavaRow[];
  readonly cores: number;
  /** Rule that the compiler of the day followed, and the words that it filled. */
  readonly rule: 2023 | 2024;
  readonly synapseWords: number;
}

type Pair = readonly [number, number];

export const input = (shape: Shape): Layer => layer('input', 'input', shape, [1, 1], [1, 1], [0, 0]);
export const dense = (name: string, size: number): Layer =>
  layer(name, 'dense', [1, 1, size], [1, 1], [1, 1], [0, 0]);

function layer(
  name: string,
  kind: Layer['kind'],
  shape: Shape,
  kernel: Pair,
  stride: Pair,
  padding: Pair,
): Layer {
  return { name, kind, shape, kernel, stride, padding };
}

const square = (n: number): Pair => [n, n];

/** Convolution with square kernel and stride; `padding` counts the zeros before the first row and column. */
export function convolution(
  name: string,
  shape: Shape,
  kernel: number,
  stride: number,
  padding: number,
  kind: Layer['kind'] = 'convolution',
): Layer {
  return layer(name, kind, shape, square(kernel), square(stride), square(padding));
}

/** MNIST CNN 16c5s2-32c3-64c3s2-10c4, 33,802 parameters with biases. */
export const NXTF_MNIST: readonly Layer[] = [
  input([28, 28, 1]),
  convolution('16c5s2', [12, 12, 16], 5, 2, 0),
  convolution('32c3', [10, 10, 32], 3, 1, 0),
  convolution('64c3s2', [4, 4, 64], 3, 2, 0),
  convolution('10c4', [1, 1, 10], 4, 1, 0),
];

/** CIFAR-10 pseudo-MobileNet: blocks of depthwise and pointwise convolutions, all padded to equal size. */
export const NXTF_MOBILENET: readonly Layer[] = [
  input([32, 32, 3]),
  convolution('conv 1', [16, 16, 32], 3, 2, 0),
  convolution('depthwise 1', [16, 16, 32], 3, 1, 1, 'depthwise'),
  convolution('pointwise 1', [16, 16, 64], 1, 1, 0),
  convolution('depthwise 2', [8, 8, 64], 3, 2, 0, 'depthwise'),
  convolution('pointwise 2', [8, 8, 128], 1, 1, 0),
  convolution('depthwise 3', [8, 8, 128], 3, 1, 1, 'depthwise'),
  convolution('pointwise 3', [8, 8, 128], 1, 1, 0),
  convolution('depthwise 4', [4, 4, 128], 3, 2, 0, 'depthwise'),
  convolution('pointwise 4', [4, 4, 256], 1, 1, 0),
  convolution('depthwise 5', [4, 4, 256], 3, 1, 1, 'depthwise'),
  convolution('pointwise 5', [4, 4, 256], 1, 1, 0),
  convolution('pooling', [2, 2, 256], 2, 2, 0, 'pooling'),
  dense('dense', 10),
];

const lava = (layer: Layer, weightBits: number, cores: number, words?: number): LavaRow => ({
  layer,
  weightBits,
  cores,
  ...(words === undefined ? {} : { words }),
});

/** Rows, columns and channels are the reports' H, W and C. */
export const YOLO_KP: LavaTable = {
  name: 'YOLO-KP SDNN',
  inputs: [448, 448, 3],
  rows: [
    lava(convolution('conv 1', [224, 224, 16], 3, 2, 1), 7, 224, 54),
    lava(convolution('conv 2', [112, 112, 32], 3, 2, 1), 6, 112, 576),
    lava(convolution('conv 3', [56, 56, 64], 3, 2, 1), 5, 56, 1728),
    lava(convolution('conv 4', [28, 28, 128], 3, 2, 1), 5, 28, 6336),
    lava(convolution('conv 5', [28, 28, 256], 3, 1, 1), 5, 56, 12672),
    lava(convolution('conv 6', [14, 14, 256], 3, 2, 1), 4, 16, 11520),
    lava(convolution('conv 7', [14, 14, 512], 3, 1, 1), 5, 32, 13824),
    lava(convolution('conv 8', [14, 14, 256], 1, 1, 0), 5, 14, 10752),
    lava(convolution('conv 9', [14, 14, 512], 3, 1, 1), 5, 32, 13824),
    lava(convolution('conv 10', [14, 14, 48], 1, 1, 0), 7, 4, 3072),
  ],
  cores: 574,
  rule: 2024,
  synapseWords: 16000,
};

export const LAVA_MNIST: LavaTable = {
  name: 'MNIST CUBA',
  inputs: [1, 1, 784],
  rows: [
    lava(dense('dense 1', 128), 20, 3),
    lava(dense('dense 2', 64), 20, 1, 2688),
    lava(dense('dense 3', 10), 20, 1, 256),
  ],
  cores: 5,
  rule: 2024,
  synapseWords: 16000,
};

/** The last convolutions differ in their weights only. */
function pilotNet(bits4: number, words4: number, bits50: number, words50: number): readonly LavaRow[] {
  return [
    lava(convolution('conv 1', [32, 99, 24], 3, 2, 0), 6, 25, 81),
    lava(convolution('conv 2', [15, 49, 36], 3, 2, 0), 6, 13, 864),
    lava(convolution('conv 3', [7, 24, 48], 3, 2, 0), 6, 3, 1620),
    lava(layer('conv 4', 'convolution', [4, 22, 64], square(3), [2, 1], [1, 0]), bits4, 3, words4),
    lava(convolution('conv 5', [2, 20, 64], 3, 1, 0), 4, 2, 2880),
    lava(dense('dense 1', 100), 15, 12),
    lava(dense('dense 2', 50), bits50, 1, words50),
    lava(dense('dense 3', 10), 16, 1, 150),
    lava(dense('dense 4', 1), 16, 1, 10),
  ];
}

export const PILOTNET_LIF: LavaTable = {
  name: 'PilotNet LIF',
  inputs: [66, 200, 3],
  rows: [lava(input([66, 200, 3]), 0, 13), ...pilotNet(4, 2160, 16, 1300)],
  cores: 74,
  rule: 2023,
  synapseWords: 12000,
};

export const PILOTNET_SDNN: LavaTable = {
  name: 'PilotNet SDNN',
  inputs: [66, 200, 3],
  rows: pilotNet(5, 2592, 18, 1500),
  cores: 61,
  rule: 2023,
  synapseWords: 12000,
};

export const OXFORD: LavaTable = {
  name: 'Oxford CUBA',
  inputs: [1, 1, 200],
  rows: [lava(dense('dense 1', 256), 20, 3), lava(dense('dense 2', 200), 20, 2)],
  cores: 5,
  rule: 2023,
  synapseWords: 12000,
};
