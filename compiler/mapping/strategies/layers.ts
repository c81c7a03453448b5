/**
 * Layers of convolutional networks as shapes: who reads whom along each axis. Published partitions are tables of
 * such layers; our own networks have populations instead.
 */

/** Rows, columns, channels. */
export type Shape = readonly [number, number, number];

export interface Layer {
  readonly name: string;
  readonly kind: 'input' | 'convolution' | 'depthwise' | 'pooling' | 'dense';
  readonly shape: Shape;
  /** Of rows and columns. */
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  /** Zeros before the first row and column. */
  readonly padding: readonly [number, number];
}

export type Range = readonly [number, number];

/** A tile of a layer. */
export interface LayerBox {
  readonly rows: Range;
  readonly columns: Range;
  readonly channels: Range;
}

/** Every channel reads its own alone. */
export const isChannelwise = ({ kind }: Layer): boolean => kind === 'depthwise' || kind === 'pooling';

/** One axis of a convolution. */
export interface Window {
  readonly inputs: number;
  readonly outputs: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
}

export function windowOf(layer: Layer, inputs: Shape, axis: 0 | 1): Window {
  return {
    inputs: inputs[axis],
    outputs: layer.shape[axis],
    kernel: layer.kernel[axis],
    stride: layer.stride[axis],
    padding: layer.padding[axis],
  };
}

/** First and last output that read an input; empty (last < first) where none does. */
export function readersOf({ outputs, kernel, stride, padding }: Window, input: number): Range {
  const first = Math.max(0, Math.ceil((input + padding - kernel + 1) / stride));
  return [first, Math.min(outputs - 1, Math.floor((input + padding) / stride))];
}

/** Inputs that outputs [from, to) read: a piece of the axis and its halo. */
export function halo({ inputs, kernel, stride, padding }: Window, [from, to]: Range): Range {
  const first = Math.max(0, from * stride - padding);
  return [first, Math.min(inputs, (to - 1) * stride - padding + kernel)];
}

export const sizeOfShape = ([rows, columns, channels]: Shape): number => rows * columns * channels;

/** Weights of a layer that reads a layer of this shape; those of pooling are there, though all equal. */
export function weightsOf(layer: Layer, inputs: Shape): number {
  const [rows, columns] = layer.kernel;
  switch (layer.kind) {
    case 'input':
      return 0;
    case 'convolution':
      return rows * columns * inputs[2] * layer.shape[2];
    case 'depthwise':
    case 'pooling':
      return rows * columns * layer.shape[2];
    case 'dense':
      return sizeOfShape(inputs) * layer.shape[2];
  }
}
