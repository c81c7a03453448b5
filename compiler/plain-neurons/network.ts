/**
 * A network of plain integrate-and-fire neurons as a description: groups, and edges between them. Numbers are whole; the
 * order of neurons in a group is the order in which a core works through them.
 */
import type { LifProgram } from '../../backends/program/program.ts';

export interface PlainGroup {
  readonly name: string;
  readonly size: number;
  /** Each list has one number, or one for each neuron of the group. */
  readonly neurons: Omit<LifProgram, 'kind'>;
}

/** Synapses in the order of their sources: those of source i at starts[i] … starts[i + 1]. */
export interface Synapses {
  readonly starts: Int32Array;
  readonly targets: Int32Array;
  readonly weights: Int16Array;
}

export interface PlainEdge {
  /** Number of a group, or the host, whose elements are spikes that it sends. */
  readonly from: number | 'host';
  readonly to: number;
  /** Timesteps beyond the next one. */
  readonly delay: number;
  /** Dense: weights [from, to]. */
  readonly synapses: Int8Array | Int16Array | Synapses;
}

export interface PlainNetwork {
  /** Elements that the host can send; 0: it sends nothing. */
  readonly hostSize: number;
  readonly groups: readonly PlainGroup[];
  readonly edges: readonly PlainEdge[];
}

export const isDense = (synapses: PlainEdge['synapses']): synapses is Int8Array | Int16Array =>
  !('starts' in synapses);

/** Rows and columns of pixels, channels innermost. */
type Image = readonly [height: number, width: number, channels: number];

export interface Convolution {
  readonly input: Image;
  /** [height, width, channels in, channels out]. */
  readonly kernel: readonly [number, number, number, number];
  readonly weights: ArrayLike<number>;
  readonly stride: readonly [vertical: number, horizontal: number];
}

/** Without padding. */
export const convolvedShape = ({ input, kernel, stride }: Convolution): Image => [
  Math.floor((input[0] - kernel[0]) / stride[0]) + 1,
  Math.floor((input[1] - kernel[1]) / stride[1]) + 1,
  kernel[3],
];

/** A convolution as synapses, each source's in the order of its targets. Cost: linear in the synapses */
export function convolve(convolution: Convolution): Synapses {
  const { input, kernel, weights, stride } = convolution;
  const [height, width, channels] = input;
  const [kernelHeight, kernelWidth, , outChannels] = kernel;
  const [outHeight, outWidth] = convolvedShape(convolution);
  const rows = offsetsOf(height, outHeight, kernelHeight, stride[0]);
  const columns = offsetsOf(width, outWidth, kernelWidth, stride[1]);
  const starts = new Int32Array(height * width * channels + 1);
  const pairs = (y: number, x: number) => rows[y]!.length * columns[x]!.length;
  for (let i = 0; i < starts.length - 1; i++) {
    const [y, x] = [Math.floor(i / channels / width), Math.floor(i / channels) % width];
    starts[i + 1] = starts[i]! + pairs(y, x) * outChannels;
  }
  const targets = new Int32Array(starts.at(-1)!);
  const values = new Int16Array(targets.length);
  let at = 0;
  for (let i = 0; i < starts.length - 1; i++) {
    const channel = i % channels;
    const [y, x] = [Math.floor(i / channels / width), Math.floor(i / channels) % width];
    for (const row of rows[y]!) {
      for (const column of columns[x]!) {
        const tap = ((y - row * stride[0]) * kernelWidth + (x - column * stride[1])) * channels + channel;
        for (let o = 0; o < outChannels; o++, at++) {
          targets[at] = (row * outWidth + column) * outChannels + o;
          values[at] = weights[tap * outChannels + o]!;
        }
      }
    }
  }
  return { starts, targets, weights: values };
}

/** For each place of the input, the places of the output that look at it. */
const offsetsOf = (size: number, outSize: number, kernel: number, stride: number): readonly number[][] =>
  Array.from({ length: size }, (_, at) =>
    Array.from({ length: outSize }, (_, out) => out).filter(
      out => at >= out * stride && at < out * stride + kernel,
    ),
  );
