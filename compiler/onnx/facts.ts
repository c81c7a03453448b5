/** What a file is, before anything is computed: who wrote it, how large it is, whether its weights are numbers. */
import type { AnnGraph } from '../../ir/ann.ts';
import type { Report } from '../../ir/diagnostics/diagnostic.ts';
import { sizeOf } from '../../ir/dialect.ts';
import type { OnnxModel } from './model.ts';
import { type ElementType, isFloat, type TensorSource } from './tensor.ts';

export interface ModelFacts {
  /** The exporter, as it calls itself. */
  readonly producer: string;
  readonly opset: number;
  readonly nodes: number;
  /** Real numbers in initializers. */
  readonly parameters: number;
  readonly weightBytes: number;
  /** Parameters of each number type. */
  readonly elements: Readonly<Partial<Record<ElementType, number>>>;
}

export function modelFacts({ producer, opsets, graph }: OnnxModel): ModelFacts {
  const elements: Partial<Record<ElementType, number>> = {};
  const weights = weightsOf(graph);
  for (const { element, shape } of weights) {
    if (element !== undefined) elements[element] = (elements[element] ?? 0) + sizeOf(shape);
  }
  return {
    producer,
    opset: opsets.get('') ?? 0,
    nodes: graph.nodes.length,
    parameters: weights.reduce((n, { shape }) => n + sizeOf(shape), 0),
    weightBytes: weights.reduce((n, { bytes }) => n + bytes, 0),
    elements,
  };
}

const weightsOf = ({ initializers }: OnnxModel['graph']): readonly TensorSource[] =>
  [...initializers.values()].filter(({ element, problem }) => isFloat(element) && problem === undefined);

/**
 * Looks at the weights of a network whose numbers have not been read, in pieces, without decoding them.
 * Errors E0104. Cost: the bytes of these weights, once
 */
export function scanWeights(model: OnnxModel, graph: AnnGraph, report: Report): void {
  const origins = graph.nodes.flatMap(node =>
    node.kind === 'linear' ? [graph.constants.originOf(node.attrs.weight)] : [],
  );
  for (const origin of new Set(origins)) {
    const tensor = origin === undefined ? undefined : model.graph.initializers.get(origin);
    if (tensor === undefined || tensor.problem !== undefined) continue;
    const { nans, infinities } = tensor.countNonFinite();
    const count = nans + infinities;
    if (count > 0) report('E0104', { origin: tensor.name }, { tensor: tensor.name, count });
  }
}
