/**
 * ONNX → raw `ann`. The network is evaluated once, at batch 1, with the image unknown: what does not depend on
 * the image is computed here and now (shapes, class token, positions), what does becomes nodes. So every spelling
 * of "the same shape as before" disappears without a single pattern.
 *
 * Shapes  inside a rule, ONNX's own with a batch axis of 1; in the graph, those of one image
 * Errors  E0102 … E0112, those of readModel; all unsupported operators are reported together
 * Cost    linear in the weights, which are read once
 */
import type { AnnGraph } from '../../ir/ann.ts';
import { createConstants } from '../../ir/constants.ts';
import type { Diagnostics, Report } from '../../ir/diagnostics/diagnostic.ts';
import { sizeOf } from '../../ir/dialect.ts';
import { createDraft, type Draft, finishDraft, putInput, putOutput } from '../ann/draft.ts';
import { reshape } from '../ann/selection.ts';
import { type ConstantValue, constantOf, dataOf, type OpContext, Refusal, type Value } from './context.ts';
import { type OnnxGraph, type OnnxModel, type OnnxNode, type OnnxValueInfo, readModel } from './model.ts';
import { movesNumbers, ruleOf } from './ops/table.ts';
import { checkGraph, orderNodes } from './order.ts';
import { type ModelFile, memoryFile } from './source.ts';
import { isFloat, type TensorSource } from './tensor.ts';

export interface ImportOptions {
  /** Shape of the input where the file leaves sizes open; with or without the batch axis. */
  readonly inputShape?: readonly number[] | undefined;
}

export interface Imported {
  readonly graph: AnnGraph;
  /** The file's metadata_props: preprocessing constants live there (compiler/preprocess.ts). */
  readonly metadata: Readonly<Record<string, string>>;
}

const OLDEST_OPSET = 7;

/** Undefined where it reported an error. `source` is the file as the user knows it; bytes have no folder around them. */
export function importOnnx(
  file: Uint8Array | ModelFile,
  source: string,
  diagnostics: Diagnostics,
  options: ImportOptions = {},
): Imported | undefined {
  const { report } = diagnostics;
  const before = diagnostics.list.length;
  const model = readModel(file instanceof Uint8Array ? memoryFile(file, source) : file, report);
  if (model === undefined) return undefined;
  const draft = createDraft(createConstants());
  evaluateModel(model, draft, source, options, report);
  const isSound = diagnostics.list.slice(before).every(d => d.severity !== 'error');
  if (!isSound) return undefined;
  const name = model.graph.name.replace(/[^\w.-]+/g, '_');
  return { graph: finishDraft(draft, name === '' ? 'network' : name), metadata: model.metadata };
}

function evaluateModel(
  { graph, opsets }: OnnxModel,
  draft: Draft,
  source: string,
  options: ImportOptions,
  report: Report,
): void {
  const opset = opsets.get('') ?? 0;
  if (opset < OLDEST_OPSET) report('E0111', { origin: source }, { opset, oldest: OLDEST_OPSET });
  const problems = checkGraph(graph);
  for (const problem of problems) report('E0107', { origin: source }, { problem });
  if (problems.length > 0) return;
  const order = orderNodes(graph);
  const inputs = graph.inputs.filter(info => !graph.initializers.has(info.name));
  const [image] = inputs;
  if (inputs.length !== 1 || image === undefined) {
    const names = inputs.length === 0 ? 'none' : inputs.map(info => info.name).join(', ');
    report('E0109', { origin: source }, { count: inputs.length, names });
    return;
  }
  const shape = inputShape(image, options.inputShape, report);
  if (shape === undefined) return;
  const evaluation = createEvaluation(graph, draft, opset, report);
  const input = putInput(draft, image.name, shape.slice(1), image.name);
  evaluation.values.set(image.name, dataOf({ ...input, shape }));
  for (const node of order) evaluateNode(node, evaluation);
  reportUnsupported(evaluation);
  if (graph.outputs.length === 0) report('E0107', { origin: source }, { problem: 'it has no outputs' });
  for (const { name } of graph.outputs) putResult(name, evaluation);
}

/** The input's shape with a batch of 1. */
function inputShape(
  { name, element, shape }: OnnxValueInfo,
  given: readonly number[] | undefined,
  report: Report,
): readonly number[] | undefined {
  const at = { origin: name };
  if (element !== undefined && !isFloat(element) && element !== 'uint8') {
    report('E0110', at, { input: name, problem: `holds ${element}, an image holds real numbers` });
    return undefined;
  }
  const rank = shape?.length ?? (given === undefined ? 0 : given.length + 1);
  const whole = given?.length === rank ? given : given === undefined ? undefined : [1, ...given];
  const sizes = Array.from({ length: rank }, (_, axis) => whole?.[axis] ?? shape?.[axis]);
  const printed = `[${sizes.map(size => size ?? '?').join(', ')}]`;
  const [batch, ...image] = sizes;
  if (rank < 2 || (whole !== undefined && whole.length !== rank)) {
    report('E0108', at, { input: name, shape: printed });
    return undefined;
  }
  if (typeof batch === 'number' && batch > 1) {
    report('E0110', at, { input: name, problem: `has a fixed batch of ${batch}` });
    return undefined;
  }
  const fixed = image.filter(
    size => typeof size === 'number' && Number.isInteger(size) && size > 0 && size < 2 ** 24,
  );
  if (fixed.length !== image.length) {
    report('E0108', at, { input: name, shape: printed });
    return undefined;
  }
  return [1, ...fixed.map(Number)];
}

interface Evaluation {
  readonly graph: OnnxGraph;
  readonly draft: Draft;
  readonly opset: number;
  readonly report: Report;
  /** Undefined: could not be computed, which has been reported. */
  readonly values: Map<string, Value | undefined>;
  /** How often each value is still to be read. */
  readonly uses: Map<string, number>;
  readonly unsupported: Map<string, { count: number; readonly first: string }>;
}

function createEvaluation(graph: OnnxGraph, draft: Draft, opset: number, report: Report): Evaluation {
  const uses = new Map<string, number>();
  const names = [...graph.nodes.flatMap(node => node.inputs), ...graph.outputs.map(info => info.name)];
  for (const name of names) uses.set(name, (uses.get(name) ?? 0) + 1);
  return { graph, draft, opset, report, values: new Map(), uses, unsupported: new Map() };
}

function evaluateNode(node: OnnxNode, evaluation: Evaluation): void {
  const rule = ruleOf(node.domain, node.operator);
  if (rule === undefined) {
    const operator = node.domain === '' ? node.operator : `${node.domain}.${node.operator}`;
    const seen = evaluation.unsupported.get(operator);
    if (seen) seen.count += 1;
    else evaluation.unsupported.set(operator, { count: 1, first: node.name });
  }
  const inputs = node.inputs.map(name => (name === '' ? undefined : readValue(name, evaluation)));
  const isKnown = node.inputs.every((name, at) => name === '' || inputs[at] !== undefined);
  const results = rule !== undefined && isKnown ? applyRule(rule, node, inputs, evaluation) : undefined;
  node.outputs.forEach((name, at) => {
    if (evaluation.uses.has(name)) evaluation.values.set(name, results?.[at]);
  });
  for (const name of node.inputs) release(name, evaluation);
}

/** Index lists of a large network are held only while somebody may still read them. */
function release(name: string, { uses, values }: Evaluation): void {
  const left = (uses.get(name) ?? 0) - 1;
  uses.set(name, left);
  if (left === 0) values.delete(name);
}

function applyRule(
  rule: (context: OpContext) => readonly Value[],
  node: OnnxNode,
  inputs: readonly (Value | undefined)[],
  evaluation: Evaluation,
): readonly Value[] | undefined {
  const { draft, opset, report, uses } = evaluation;
  try {
    if (!movesNumbers(node.operator) && inputs.some(isEmpty)) throw new Refusal('an operand has no elements');
    const results = rule({ node, opset: node.opset ?? opset, draft, inputs, load: loadTensor });
    const extra = node.outputs.findIndex((name, at) => at >= results.length && uses.has(name));
    if (extra >= 0) throw new Refusal(`its output ${extra} is read`);
    return results;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (error.tell !== undefined) error.tell(report);
    else report('E0106', { origin: node.name }, { operator: node.operator, reason: error.message });
    return undefined;
  }
}

const isEmpty = (value: Value | undefined): boolean => value?.kind === 'data' && sizeOf(value.shape) === 0;

/** Initializers are read when they are first wanted. */
function readValue(name: string, { values, graph, report }: Evaluation): Value | undefined {
  const tensor = graph.initializers.get(name);
  if (values.has(name) || tensor === undefined) return values.get(name);
  try {
    values.set(name, loadTensor(tensor));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    error.tell?.(report);
    values.set(name, undefined);
  }
  return values.get(name);
}

/** A single infinity is a bound or a mask; among weights it is a fault, and so is every NaN. */
function loadTensor(tensor: TensorSource): ConstantValue {
  const name = tensor.name === '' ? 'of a Constant node' : tensor.name;
  const at = { origin: name };
  const { problem } = tensor;
  if (problem?.kind === 'external') throw new Refusal('', () => undefined);
  if (problem?.kind === 'broken') {
    const { reason } = problem;
    throw new Refusal('', report => report('E0112', at, { tensor: name, reason }));
  }
  const { element, shape, data } = tensor.load();
  const isWeight = data.length > 1;
  let count = 0;
  if (isFloat(element))
    for (const x of data) if (Number.isNaN(x) || (isWeight && !Number.isFinite(x))) count++;
  if (count > 0) throw new Refusal('', report => report('E0104', at, { tensor: name, count }));
  return constantOf(element, shape, data);
}

function reportUnsupported({ unsupported, report }: Evaluation): void {
  for (const [operator, { count, first }] of unsupported)
    report('E0103', { origin: first }, { operator, count });
}

/** Results are those of one image: the batch axis goes. */
function putResult(name: string, evaluation: Evaluation): void {
  const { draft, report, graph } = evaluation;
  const value = readValue(name, evaluation);
  if (value === undefined) {
    const isMade = graph.nodes.some(node => node.outputs.includes(name));
    if (!isMade) report('E0107', { origin: name }, { problem: `output ${name} is never made` });
    return;
  }
  if (value.kind === 'constant' || isEmpty(value)) {
    const problem = value.kind === 'constant' ? 'does not depend on the image' : 'has no elements';
    report('E0107', { origin: name }, { problem: `output ${name} ${problem}` });
    return;
  }
  const shape = value.shape.length > 1 && value.shape[0] === 1 ? value.shape.slice(1) : value.shape;
  putOutput(draft, reshape(value, shape), name, name);
}
