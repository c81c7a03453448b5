/**
 * Takes the mean error of every emission, measured on calibration images, out of the layer behind it: the bias
 * of each linear grows by Σ_k weight[k, c] · mean(target − emitted)[k]; the error of values passes through
 * attention (whose rows add up to 1) to the projection behind it.
 *
 * Source     design 3 §4; facts: helps while the error is small, hurts when it is large
 * Preserves  nothing: kept only where it lowers the error of the logits on the same images
 */
import { nodeMap, type ValueId } from '../../ir/dialect.ts';
import { createFastSnnRunner } from '../../ir/fast/snn.ts';
import { HOLE, mapIndices } from '../../ir/map.ts';
import type { SnnGraph, SnnNode, SnnOf } from '../../ir/snn.ts';
import type { Advance } from '../progress.ts';

/** The corrected network, or undefined where correction does not lower the error on these images. */
export function correctBias(
  graph: SnnGraph,
  images: readonly Float64Array[],
  /** The float network's logits for them. */
  wanted: readonly Float64Array[],
  advance?: Advance,
): SnnGraph | undefined {
  const half = (from: number) => (done: number, all: number) => advance?.(from * all + done, 2 * all);
  const { errors, logitError: before } = measureErrors(graph, images, wanted, half(0));
  const byId = nodeMap(graph.nodes);
  const nodes = graph.nodes.map(
    (node): SnnNode => (node.kind === 'linear' ? corrected(node, graph, errors, byId) : node),
  );
  const candidate = { ...graph, nodes };
  return measureErrors(candidate, images, wanted, half(1)).logitError < before ? candidate : undefined;
}

/** The biases of `before`, per linear, that `after` has others for; zeros where there was none. */
export function replacedBiases(before: SnnGraph, after: SnnGraph): ReadonlyMap<ValueId, Float64Array> {
  const old = nodeMap(before.nodes);
  return new Map(
    after.nodes.flatMap(node => {
      const was = old.get(node.id);
      if (node.kind !== 'linear' || was?.kind !== 'linear' || node.attrs.bias === undefined) return [];
      if (node.attrs.bias === was.attrs.bias) return [];
      const { length } = after.constants.get(node.attrs.bias).data;
      const data = was.attrs.bias === undefined ? undefined : before.constants.get(was.attrs.bias).data;
      return [[node.id, data === undefined ? new Float64Array(length) : Float64Array.from(data)] as const];
    }),
  );
}

/** mean(target − emitted) of every neuron after the last step, and the squared error of the logits, over images. */
function measureErrors(
  graph: SnnGraph,
  images: readonly Float64Array[],
  wanted: readonly Float64Array[],
  advance: Advance,
) {
  const runner = createFastSnnRunner(graph);
  const errors = new Map<ValueId, Float64Array>();
  let logitError = 0;
  images.forEach((image, n) => {
    const readouts = runner.run(image, (step, node, { target, sums }) => {
      if (step !== graph.attrs.steps || node.attrs.emit.kind !== 'mt') return;
      const mean = errors.get(node.id) ?? new Float64Array(target.length);
      errors.set(node.id, mean);
      const scale = images.length * (graph.attrs.coding === 'rate' ? step : 1);
      for (let i = 0; i < target.length; i++) mean[i]! += (target[i]! - sums[i]!) / scale;
    });
    logitError += readouts.at(-1)!.reduce((sum, x, c) => sum + (x - wanted[n]![c]!) ** 2, 0);
    advance(n + 1, images.length);
  });
  return { errors, logitError };
}

/**
 * A bias of all rows takes the mean over all of them, where holes have no error. One that a row has for itself takes
 * the mean over the rows that read something, and stays where its row reads nothing; the errors of single rows follow
 * the images too closely to be of use to others.
 */
function corrected(
  node: SnnOf<'linear'>,
  graph: SnnGraph,
  errors: ReadonlyMap<ValueId, Float64Array>,
  byId: ReadonlyMap<ValueId, SnnNode>,
): SnnNode {
  const weight = graph.constants.get(node.attrs.weight);
  const [inputs, channels] = weight.shape as [number, number];
  const { rows } = node.attrs;
  const source = byId.get(node.operands[0]!)!;
  const own = readErrors(errors.get(source.id), node, inputs);
  const passed = readErrors(attentionErrors(source, errors, byId), node, inputs);
  if (own === undefined && passed === undefined) return node;
  const all =
    own === undefined || passed === undefined ? (own ?? passed)! : own.map((e, i) => e + passed[i]!);
  const old = node.attrs.bias === undefined ? undefined : graph.constants.get(node.attrs.bias);
  const bias = Float64Array.from({ length: old?.data.length ?? channels }, (_, i) => old?.data[i] ?? 0);
  const isShared = bias.length === channels;
  const indices = mapIndices(node.attrs.map, rows * inputs);
  for (let k = 0; k < inputs; k++) {
    const readers = Array.from({ length: rows }, (_, row) => row * inputs + k).filter(
      i => indices[i] !== HOLE,
    );
    const sum = readers.reduce((total, i) => total + all[i]!, 0);
    if (sum === 0) continue;
    const error = sum / (isShared ? rows : readers.length);
    for (let i = 0; i < bias.length; i++) {
      if (!isShared && indices[Math.floor(i / channels) * inputs + k] === HOLE) continue;
      bias[i]! += error * weight.data[k * channels + (i % channels)]!;
    }
  }
  const shape = old?.shape ?? [channels];
  return {
    ...node,
    attrs: { ...node.attrs, bias: graph.constants.add({ dtype: 'f64', shape, data: bias }) },
  };
}

/** The error of every number that a linear reads; 0 in holes. */
function readErrors(
  error: Float64Array | undefined,
  { attrs }: SnnOf<'linear'>,
  inputs: number,
): Float64Array | undefined {
  if (error === undefined) return undefined;
  const indices = mapIndices(attrs.map, attrs.rows * inputs);
  return Float64Array.from(indices, index => (index === HOLE ? 0 : error[index]!));
}

/** Errors of the values that an attention output is a mean of, in its shape. */
function attentionErrors(
  source: SnnNode,
  errors: ReadonlyMap<ValueId, Float64Array>,
  byId: ReadonlyMap<ValueId, SnnNode>,
): Float64Array | undefined {
  const product = source.kind === 'population' ? byId.get(source.operands[0]!) : undefined;
  if (product?.kind !== 'product') return undefined;
  const weights = byId.get(product.operands[0]!);
  if (weights?.kind !== 'population' || weights.attrs.function.kind !== 'softmax') return undefined;
  const error = errors.get(product.operands[1]!);
  if (error === undefined) return undefined;
  const [groups, rows, columns] = product.type.shape as [number, number, number];
  const { inner, mapB } = product.attrs;
  const values = mapIndices(mapB, groups * columns * inner);
  const mean = new Float64Array(groups * columns);
  values.forEach((index, i) => {
    if (index !== HOLE) mean[Math.floor(i / inner)]! += error[index]! / inner;
  });
  return Float64Array.from({ length: groups * rows * columns }, (_, i) => {
    const group = Math.floor(i / (rows * columns));
    return mean[group * columns + (i % columns)]!;
  });
}
