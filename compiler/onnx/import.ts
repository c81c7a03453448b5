/**
 * ONNX → raw `ann`. The network is evaluated once, at batch 1, with the image unknown: what does not depend on
 * the image is computed here and now (shapes, class token, positions), what does becomes nodes. So every spelling
 * of "the same shape as before" disappears without a single pattern.
 *
 * Shapes  inside a rule, ONNX's own with a batch axis of 1; in the graph, those of one image
 * Errors  E0102 … E0112, those of readModel; all unsupported operators are reported together
 * Cost    linear in the nodes; weights are not read (passes/load-weights.ts)
 */
import type { AnnGraph } from '../../ir/ann.ts';
import { createConstants } from '../../ir/constants.ts';
import type { Diagnostics, Report } from '../../ir/diagnostics/diagnostic.ts';
import { createDraft, type Draft, finishDraft, putInput, putOutput } from '../ann/draft.ts';
import { reshape } from '../ann/selection.ts';
import { loadWeights } from '../passes/load-weights.ts';
import { dataOf } from './context.ts';
import {
  createScope,
  createSession,
  evaluateGraph,
  isEmpty,
  readKnown,
  reportUnsupported,
  type Scope,
} from './evaluate.ts';
import { refuseMaskedOutputs } from './masked.ts';
import { type OnnxGraph, type OnnxModel, type OnnxValueInfo, readModel } from './model.ts';
import { checkGraph } from './order.ts';
import { type ModelFile, memoryFile } from './source.ts';
import { isFloat } from './tensor.ts';

export interface ImportOptions {
  /** Shape of the input where the file leaves sizes open; with or without the batch axis. */
  readonly inputShape?: readonly number[] | undefined;
  /** Of several results, the one that is the answer. */
  readonly output?: string | undefined;
  /** Leave the weights in the file: passes/load-weights.ts reads them when the network is recognised. */
  readonly isLate?: boolean | undefined;
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
  const before = diagnostics.list.length;
  const model = readModel(file instanceof Uint8Array ? memoryFile(file, source) : file, diagnostics.report);
  const imported = model && importModel(model, source, diagnostics, options);
  return hasErrorsSince(diagnostics, before) ? undefined : imported;
}

/** The same for a model that has been read; a graph that is returned in spite of errors is full of stand-ins. */
export function importModel(
  model: OnnxModel,
  source: string,
  diagnostics: Diagnostics,
  options: ImportOptions = {},
): Imported | undefined {
  const { report } = diagnostics;
  const before = diagnostics.list.length;
  const draft = createDraft(createConstants());
  evaluateModel(model, draft, source, options, report);
  if (draft.nodes.every(node => node.kind !== 'output')) return undefined;
  const name = model.graph.name.replace(/[^\w.-]+/g, '_');
  const late = finishDraft(draft, name === '' ? 'network' : name);
  refuseMaskedOutputs(late, report);
  const { metadata } = model;
  if (options.isLate === true || hasErrorsSince(diagnostics, before)) return { graph: late, metadata };
  return { graph: loadWeights.run(late, undefined, report), metadata };
}

const hasErrorsSince = ({ list }: Diagnostics, before: number): boolean =>
  list.slice(before).some(d => d.severity === 'error');

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
  const inputs = graph.inputs.filter(info => !graph.initializers.has(info.name));
  const [image] = inputs;
  if (inputs.length !== 1 || image === undefined) {
    const names = inputs.length === 0 ? 'none' : inputs.map(info => info.name).join(', ');
    report('E0109', { origin: source }, { count: inputs.length, names });
    return;
  }
  const shape = inputShape(image, options.inputShape, report);
  if (shape === undefined) return;
  const session = createSession(graph, draft, opset, report);
  const scope = createScope(graph, session);
  const input = putInput(draft, image.name, shape.slice(1), image.name);
  scope.values.set(image.name, { value: dataOf({ ...input, shape }), isGuess: false });
  evaluateGraph(scope);
  reportUnsupported(session);
  if (graph.outputs.length === 0) report('E0107', { origin: source }, { problem: 'it has no outputs' });
  for (const name of wantedOutputs(graph, options.output, report)) putResult(name, scope);
}

/** Errors E0118 a name that is no output. */
function wantedOutputs(
  { outputs }: OnnxGraph,
  wanted: string | undefined,
  report: Report,
): readonly string[] {
  const names = outputs.map(info => info.name);
  if (wanted === undefined) return names;
  if (names.includes(wanted)) return [wanted];
  report('E0118', { origin: '--output' }, { output: wanted, names: names.join(', ') });
  return [];
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

/** Results are those of one image: the batch axis goes. */
function putResult(name: string, scope: Scope): void {
  const { draft, report } = scope.session;
  const known = readKnown(name, scope);
  if (known === undefined) {
    report('E0107', { origin: name === '' ? 'outputs' : name }, { problem: `output ${name} is never made` });
    return;
  }
  const { value, isGuess } = known;
  if (value === undefined) return;
  if (value.kind === 'constant' || isEmpty(value)) {
    if (isGuess) return;
    const problem = value.kind === 'constant' ? 'does not depend on the image' : 'has no elements';
    report('E0107', { origin: name }, { problem: `output ${name} ${problem}` });
    return;
  }
  const shape = value.shape.length > 1 && value.shape[0] === 1 ? value.shape.slice(1) : value.shape;
  putOutput(draft, reshape(value, shape), name, name);
}
