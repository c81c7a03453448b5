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

type Pair = readonly [number, number];

const input = (shape: Shape): Layer => layer('input', 'input', shape, [1, 1], [1, 1], [0, 0]);
const dense = (name: string, size: number): Layer => layer(name, 'dense', [1, 1, size], [1, 1], [1, 1], [0, 0]);

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
function convolution(
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
