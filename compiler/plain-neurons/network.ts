/**
 * A network of plain integrate-and-fire neurons as a description: groups, and edges between them. Numbers are whole; the
 * order of neurons in a group is the order in which a core works through them.
 */
import type { CubaProgram, LifProgram } from '../../backends/program/program.ts';

export interface PlainGroup {
  readonly name: string;
  readonly size: number;
  /** Each list has one number, or one for each neuron of the group. */
  readonly neurons: Omit<LifProgram, 'kind'>;
  /** A current that what arrives goes to first; absent: it goes to the potential. */
  readonly current?: Pick<CubaProgram, 'currentLeak' | 'currentBias' | 'gain'>;
  /** First timestep in which its neurons run; absent: 0. */
  readonly start?: number;
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

/** Planes of pixels, one a channel; rows of each from top to bottom. */
type Image = readonly [channels: number, height: number, width: number];

export interface Convolution {
  readonly input: Image;
  /** [height, width, channels in, channels out]. */
  readonly kernel: readonly [number, number, number, number];
  readonly weights: ArrayLike<number>;
  readonly stride: readonly [vertical: number, horizontal: number];
}

/** Without padding. */
export const convolvedShape = ({ input, kernel, stride }: Convolution): Image => [
  kernel[3],
  Math.floor((input[1] - kernel[0]) / stride[0]) + 1,
  Math.floor((input[2] - kernel[1]) / stride[1]) + 1,
];

/** A convolution as synapses, each source's in the order of its targets. Cost: linear in the synapses */
export function convolve(convolution: Convolution): Synapses {
  const { input, kernel, weights, stride } = convolution;
  const [channels, height, width] = input;
  const [kernelHeight, kernelWidth] = kernel;
  const [outChannels, outHeight, outWidth] = convolvedShape(convolution);
  const rows = placesThatLookAt(height, outHeight, kernelHeight, stride[0]);
  const columns = placesThatLookAt(width, outWidth, kernelWidth, stride[1]);
  const starts = new Int32Array(channels * height * width + 1);
  const rowOf = (source: number) => Math.floor(source / width) % height;
  for (let i = 0; i < starts.length - 1; i++)
    starts[i + 1] = starts[i]! + outChannels * rows[rowOf(i)]!.length * columns[i % width]!.length;
  const targets = new Int32Array(starts.at(-1)!);
  const values = new Int16Array(targets.length);
  let at = 0;
  for (let i = 0; i < starts.length - 1; i++) {
    const channel = Math.floor(i / width / height);
    for (let o = 0; o < outChannels; o++) {
      for (const row of rows[rowOf(i)]!) {
        for (const column of columns[i % width]!) {
          const [y, x] = [rowOf(i) - row * stride[0], (i % width) - column * stride[1]];
          targets[at] = (o * outHeight + row) * outWidth + column;
          values[at++] = weights[((y * kernelWidth + x) * channels + channel) * outChannels + o]!;
        }
      }
    }
  }
  return { starts, targets, weights: values };
}

/** For each place of the input, the places of the output that look at it. */
const placesThatLookAt = (
  size: number,
  outSize: number,
  kernel: number,
  stride: number,
): readonly (readonly number[])[] =>
  Array.from({ length: size }, (_, at) =>
    Array.from({ length: outSize }, (_, out) => out).filter(
      out => at >= out * stride && at < out * stride + kernel,
    ),
  );
