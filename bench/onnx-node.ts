/**
 * The node tests of the `onnx` package against the importer. Each float input in turn is the image and all others
 * are constants; once everything is constant. Every variant must give the right numbers or say with a diagnostic
 * why not: a wrong number or a crash counts as wrong.
 * Needs: a folder that bench/onnx-node-data.py has written.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createDraft, finishDraft, putInput, putOutput } from '../compiler/ann/draft.ts';
import { constantOf, dataOf, type Value } from '../compiler/onnx/context.ts';
import {
  createScope,
  createSession,
  evaluateGraph,
  readKnown,
  reportUnsupported,
} from '../compiler/onnx/evaluate.ts';
import { refuseMaskedOutputs } from '../compiler/onnx/masked.ts';
import { type OnnxModel, readModel } from '../compiler/onnx/model.ts';
import { fullName, ruleOf, supportedOperators } from '../compiler/onnx/ops/table.ts';
import { checkGraph } from '../compiler/onnx/order.ts';
import { memoryFile } from '../compiler/onnx/source.ts';
import { isFloat, type OnnxTensor, type TensorSource } from '../compiler/onnx/tensor.ts';
import { tensorOfFile } from '../compiler/onnx/tensor-source.ts';
import { createConstants } from '../ir/constants.ts';
import { createDiagnostics, type Diagnostics } from '../ir/diagnostics/diagnostic.ts';
import { sizeOf } from '../ir/dialect.ts';
import { interpretAnn } from '../ir/interpret/ann.ts';
import { verifyGraph } from '../ir/verify.ts';

type Kind = 'data' | 'constants';
/** `outside`: the test itself holds what no ONNX file here can (a type that is not read). */
type Outcome = 'passed' | 'refused' | 'wrong' | 'outside';

interface Result {
  readonly case: string;
  readonly operator: string;
  readonly kind: Kind;
  readonly outcome: Outcome;
  readonly reason: string;
}

interface Sample {
  readonly inputs: readonly TensorSource[];
  readonly outputs: readonly TensorSource[];
}

export interface NodeReport {
  readonly results: readonly Result[];
  readonly cases: number;
  /** Operators of the cases that the table does not have, with their number of cases. */
  readonly unclaimed: ReadonlyMap<string, number>;
}

export function runNodeTests(folder: string, only = ''): NodeReport {
  const unclaimed = new Map<string, number>();
  const names = readdirSync(folder).filter(
    name => name.includes(only) && existsSync(modelPath(folder, name)),
  );
  const results = names.toSorted().flatMap((name): readonly Result[] => {
    const diagnostics = createDiagnostics();
    const model = readModel(memoryFile(readFileSync(modelPath(folder, name)), name), diagnostics.report);
    if (model === undefined) {
      const reason = reasonOf(diagnostics);
      return [
        { case: name, operator: 'no standard operator', kind: 'constants', outcome: 'refused', reason },
      ];
    }
    const strangers = new Set(
      model.graph.nodes
        .filter(node => ruleOf(node.domain, node.operator) === undefined)
        .map(node => fullName(node.domain, node.operator)),
    );
    for (const operator of strangers) unclaimed.set(operator, (unclaimed.get(operator) ?? 0) + 1);
    return readSamples(join(folder, name)).flatMap(sample => runCase(name, model, sample));
  });
  return { results, cases: names.length, unclaimed };
}

const modelPath = (folder: string, name: string): string => join(folder, name, 'model.onnx');

function readSamples(folder: string): readonly Sample[] {
  const sets = readdirSync(folder).filter(name => name.startsWith('set_'));
  const read = (set: string, side: string) =>
    readdirSync(join(folder, set))
      .filter(name => name.startsWith(side))
      .toSorted((a, b) => numberIn(a) - numberIn(b))
      .map(name => tensorOfFile(readFileSync(join(folder, set, name)), name));
  return sets.map(set => ({ inputs: read(set, 'input'), outputs: read(set, 'output') }));
}

const numberIn = (name: string): number => Number(/\d+/.exec(name)?.[0] ?? 0);

/** A test of one node belongs to its operator; the written-out forms of functions have a row of their own. */
function operatorOf({ graph }: OnnxModel): string {
  const [node, ...others] = graph.nodes;
  return node !== undefined && others.length === 0 ? fullName(node.domain, node.operator) : 'several nodes';
}

const failure = (name: string, operator: string, kind: Kind, reason: string): Result => ({
  case: name,
  operator,
  kind,
  outcome: 'wrong',
  reason,
});

function runCase(name: string, model: OnnxModel, sample: Sample): readonly Result[] {
  const operator = operatorOf(model);
  const images = [undefined, ...sample.inputs.filter(mayBeImage)];
  return images.map((image): Result => {
    const kind = image === undefined ? 'constants' : 'data';
    const unread = [...sample.inputs, ...sample.outputs].find(source => source.problem !== undefined);
    if (unread !== undefined) {
      const reason = `${unread.name} has a type that is not read`;
      return { case: name, operator, kind, outcome: 'outside', reason };
    }
    try {
      return { case: name, operator, kind, ...runVariant(model, sample, image) };
    } catch (error) {
      const reason = error instanceof Error ? (error.stack ?? error.message) : `${error}`;
      return failure(name, operator, kind, `crash: ${reason.split('\n').slice(0, 3).join(' | ')}`);
    }
  });
}

/** An image holds finite numbers. */
const mayBeImage = (source: TensorSource): boolean => {
  const { element, shape, problem } = source;
  if (!isFloat(element) || sizeOf(shape) === 0 || problem !== undefined) return false;
  return source.load().data.every(x => Number.isFinite(x));
};

type Judgement = Pick<Result, 'outcome' | 'reason'>;

function runVariant(
  { graph, opsets }: OnnxModel,
  sample: Sample,
  image: TensorSource | undefined,
): Judgement {
  const diagnostics = createDiagnostics();
  const draft = createDraft(createConstants());
  const scope = createScope(graph, createSession(graph, draft, opsets.get('') ?? 0, diagnostics.report));
  for (const source of sample.inputs) {
    const { element, shape, data } = source.load();
    const value = source === image ? dataOf(putInput(draft, source.name, shape, 'image')) : undefined;
    scope.values.set(source.name, { value: value ?? constantOf(element, shape, data), isGuess: false });
  }
  const [problem] = checkGraph(graph);
  if (problem !== undefined) return { outcome: 'refused', reason: problem };
  evaluateGraph(scope);
  reportUnsupported(scope.session);
  const results = new Map(graph.outputs.map(({ name }) => [name, readKnown(name, scope)?.value]));
  if (diagnostics.list.length > 0) return { outcome: 'refused', reason: reasonOf(diagnostics) };
  const wanted = graph.outputs
    .map(({ name }, at) => ({ name, tensor: sample.outputs[at]?.load() }))
    .filter(({ name }) => name !== '');
  const made = wanted.filter(({ name }) => isData(results.get(name)));
  for (const { name } of made) {
    const value = results.get(name);
    if (value?.kind === 'data') putOutput(draft, value, name, name);
  }
  const network = finishDraft(draft, 'node');
  refuseMaskedOutputs(network, diagnostics.report);
  if (diagnostics.list.length > 0) return { outcome: 'refused', reason: reasonOf(diagnostics) };
  const [fault] = made.length === 0 ? [] : verifyGraph(network);
  if (fault !== undefined) return { outcome: 'wrong', reason: `verifier: ${fault.code} ${fault.message}` };
  const pixels = Float64Array.from(image?.load().data ?? []);
  const computed = made.length === 0 ? undefined : interpretAnn(network, pixels);
  for (const { name, tensor } of wanted) {
    const value = results.get(name);
    if (tensor === undefined || value === undefined)
      return { outcome: 'wrong', reason: `${name} is missing` };
    const difference = compare(value, computed?.get(name), tensor);
    if (difference !== undefined) return { outcome: 'wrong', reason: `${name}: ${difference}` };
  }
  return { outcome: 'passed', reason: '' };
}

/** A result without elements is right when its shape is. */
const isData = (value: Value | undefined): boolean => value?.kind === 'data' && sizeOf(value.shape) > 0;

const reasonOf = ({ list }: Diagnostics): string =>
  list.map(({ code, message }) => `${code} ${message}`).join('; ');

/** Relative and absolute; half precision has 11 and 8 bits. */
const TOLERANCES: { readonly [element: string]: readonly [relative: number, absolute: number] } = {
  float16: [5e-3, 2e-3],
  bfloat16: [2e-2, 1e-2],
};

function compare(value: Value, computed: Float64Array | undefined, wanted: OnnxTensor): string | undefined {
  if (`${value.shape}` !== `${wanted.shape}`) return `shape [${value.shape}] is not [${wanted.shape}]`;
  if (value.kind === 'constant' && value.element !== wanted.element) {
    return `it holds ${value.element}, not ${wanted.element}`;
  }
  const data = value.kind === 'constant' ? value.data : (computed ?? new Float64Array(0));
  const [relative, absolute] = TOLERANCES[wanted.element] ?? [1e-3, 1e-5];
  for (let i = 0; i < sizeOf(wanted.shape); i++) {
    const [is, should] = [data[i]!, wanted.data[i]!];
    if (Object.is(is, should) || is === should) continue;
    const isNear = Math.abs(is - should) <= absolute + relative * Math.abs(should);
    if (!isNear || !Number.isFinite(should)) return `element ${i} is ${is}, not ${should}`;
  }
  return undefined;
}

/** The table for people. */
export function printNodeReport({ results, cases, unclaimed }: NodeReport): string {
  const claimed = supportedOperators.map(({ domain, operator }) => fullName(domain, operator));
  const rows = [...claimed, 'several nodes'].map(operator => ({
    operator,
    own: results.filter(result => result.operator === operator),
  }));
  const count = (own: readonly Result[], outcome: Outcome, kind?: Kind) =>
    own.filter(r => r.outcome === outcome && (kind === undefined || r.kind === kind)).length;
  const line = (cells: readonly (string | number)[]) =>
    cells.map((cell, i) => (i === 0 ? `${cell}`.padEnd(36) : `${cell}`.padStart(11))).join('');
  const body = rows.map(({ operator, own }) =>
    own.length === 0
      ? line([operator, 'no tests'])
      : line([
          operator,
          count(own, 'passed', 'data'),
          count(own, 'passed', 'constants'),
          count(own, 'refused'),
          count(own, 'wrong'),
          rate(own),
        ]),
  );
  const refusals = groupBy(
    results.filter(r => r.outcome === 'refused' && claimed.includes(r.operator)),
    r => r.reason.replace(/\[[^\]]*\]|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/g, (n, at) => (at < 5 ? n : '…')),
  );
  return [
    line(['operator', 'as data', 'constant', 'refused', 'wrong', 'passed']),
    ...body,
    '',
    'Refused uses of operators that are read, with their number:',
    ...[...refusals].map(([reason, own]) => `  ${own.length} × ${reason}`).toSorted(),
    '',
    `Not read: ${[...unclaimed]
      .map(([name, n]) => `${name} (${n})`)
      .toSorted()
      .join(', ')}`,
    '',
    ...results.filter(r => r.outcome === 'wrong').map(r => `WRONG ${r.case} (${r.kind}): ${r.reason}`),
    `${cases} cases, ${results.length} variants: ${count(results, 'passed', 'data')} passed as data, ` +
      `${count(results, 'passed', 'constants')} passed as constants, ${count(results, 'refused')} refused, ` +
      `${count(results, 'outside')} of types that are not read, ${count(results, 'wrong')} wrong`,
  ].join('\n');
}

/** Of what is not refused. */
function rate(own: readonly Result[]): string {
  const passed = own.filter(r => r.outcome === 'passed').length;
  const judged = own.filter(r => r.outcome === 'passed' || r.outcome === 'wrong').length;
  return judged === 0 ? '–' : `${((100 * passed) / judged).toFixed(1)} %`;
}

function groupBy(list: readonly Result[], key: (result: Result) => string): Map<string, Result[]> {
  const groups = new Map<string, Result[]>();
  for (const result of list) {
    const group = groups.get(key(result));
    if (group) group.push(result);
    else groups.set(key(result), [result]);
  }
  return groups;
}

/** Share of the variants that are not refused which are right, in percent. */
export function nodePassRate({ results }: NodeReport): number {
  const judged = results.filter(r => r.outcome === 'passed' || r.outcome === 'wrong');
  return (100 * judged.filter(r => r.outcome === 'passed').length) / judged.length;
}
