/** Layers of published networks as stages: how many neurons and synapses, and which. */
import {
  type Layer,
  readersOf,
  type Shape,
  sizeOfShape,
  windowOf,
} from '../compiler/mapping/strategies/layers.ts';
import { convolution } from './partition-tables.ts';

/** Neurons on so many cores, and the synapses through which they are reached. */
export interface Stage {
  readonly neurons: number;
  readonly synapses: number;
  /** Undefined: the source names the cores of the whole network alone. */
  readonly cores?: number;
  /** What it takes to build it. Absent: the source says how many synapses there are, not which. */
  readonly edges?: readonly StageEdge[];
}

/** From the stage before, or the host where there is none, or the stage itself; lists of targets, one for each source. */
export interface StageEdge {
  readonly from: 'before' | 'self';
  readonly sources: number;
  readonly targetsOf: (source: number) => readonly number[];
}

const upTo = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);

/** Every source to every neuron. */
function all(from: StageEdge['from'], sources: number, neurons: number): StageEdge {
  const targets = upTo(neurons);
  return { from, sources, targetsOf: () => targets };
}

export const fullyConnected = (inputs: number, neurons: number, cores?: number): Stage => ({
  ...{ neurons, synapses: inputs * neurons },
  edges: inputs === 0 ? [] : [all('before', inputs, neurons)],
  ...(cores !== undefined && { cores }),
});

export const recurrent = (inputs: number, neurons: number): Stage => ({
  ...{ neurons, synapses: (inputs + neurons) * neurons },
  edges: [all('before', inputs, neurons), all('self', neurons, neurons)],
});

/** Pairs of input and output along an axis that a kernel connects; what lies beyond the border is not there. */
function taps(layer: Layer, inputs: Shape, axis: 0 | 1): number {
  const { inputs: size, outputs, kernel, stride, padding } = windowOf(layer, inputs, axis);
  let pairs = 0;
  for (let out = 0; out < outputs; out++) {
    const first = out * stride - padding;
    pairs += Math.min(size, first + kernel) - Math.max(0, first);
  }
  return pairs;
}

const isChannelwise = ({ kind }: Layer) => kind === 'depthwise' || kind === 'pooling';

function synapsesOf(layer: Layer, inputs: Shape): number {
  if (layer.kind === 'input') return 0;
  if (layer.kind === 'dense') return sizeOfShape(inputs) * sizeOfShape(layer.shape);
  return (
    taps(layer, inputs, 0) * taps(layer, inputs, 1) * layer.shape[2] * (isChannelwise(layer) ? 1 : inputs[2])
  );
}

/** Neurons that read element `source` of the layer before. */
function readersOfLayer(layer: Layer, inputs: Shape): (source: number) => readonly number[] {
  const [, columns, channels] = inputs;
  const [, width, depth] = layer.shape;
  if (layer.kind === 'dense') {
    const every = upTo(sizeOfShape(layer.shape));
    return () => every;
  }
  return source => {
    const channel = source % channels;
    const place = Math.floor(source / channels);
    const [firstRow, lastRow] = readersOf(windowOf(layer, inputs, 0), Math.floor(place / columns));
    const [firstColumn, lastColumn] = readersOf(windowOf(layer, inputs, 1), place % columns);
    const targets: number[] = [];
    for (let row = firstRow; row <= lastRow; row++) {
      for (let column = firstColumn; column <= lastColumn; column++) {
        const at = (row * width + column) * depth;
        if (isChannelwise(layer)) targets.push(at + channel);
        else for (let c = 0; c < depth; c++) targets.push(at + c);
      }
    }
    return targets;
  };
}

const edgesOf = (layer: Layer, inputs: Shape): readonly StageEdge[] =>
  layer.kind === 'input'
    ? []
    : [{ from: 'before', sources: sizeOfShape(inputs), targetsOf: readersOfLayer(layer, inputs) }];

/** `copies`: compartments of a neuron. `cores`: of each layer. */
export function stagesOf(
  layers: readonly Layer[],
  inputs: Shape,
  { copies = 1, cores }: { readonly copies?: number; readonly cores?: readonly number[] } = {},
): readonly Stage[] {
  return layers.map((layer, i) => {
    const from = i === 0 ? inputs : layers[i - 1]!.shape;
    return {
      neurons: sizeOfShape(layer.shape) * copies,
      synapses: synapsesOf(layer, from),
      edges: edgesOf(layer, from),
      ...(cores !== undefined && { cores: cores[i]! }),
    };
  });
}

/**
 * A Quartz network: each neuron holds itself down after its spike; conv and dense neurons hear a synchronising neuron twice,
 * a rectifier that makes them fire at the latest, and a bias of their channel. The input has no neurons on the chip.
 */
export const quartz = (layers: readonly Layer[], inputs: Shape): readonly Stage[] =>
  stagesOf(layers, inputs).map(({ neurons, synapses, edges }, i) => {
    const isPool = layers[i]!.kind === 'pooling';
    const biases = isPool ? 0 : layers[i]!.shape[2];
    return {
      neurons: neurons + 2 + biases,
      synapses: synapses + neurons * (isPool ? 1 : 5),
      edges: [...edges!, pacing(neurons, biases)],
    };
  });

/** Neurons; then the synchronising one, the rectifier and the biases of the channels, which change fastest. */
function pacing(neurons: number, biases: number): StageEdge {
  const every = upTo(neurons);
  const [synchronise, rectify, first] = [neurons, neurons + 1, neurons + 2];
  const targetsOf = (source: number) => {
    if (source < neurons) return [source];
    if (biases === 0) return [];
    if (source === synchronise) return every.flatMap(i => [i, i]);
    if (source === rectify) return every;
    return every.filter(i => i % biases === source - first);
  };
  return { from: 'self', sources: neurons + 2 + biases, targetsOf };
}

export const pooling = (name: string, shape: Shape, kernel: number): Layer =>
  convolution(name, shape, kernel, kernel, 0, 'pooling');
