/**
 * A graph of the file, evaluated once: what does not depend on the image is computed here and now (shapes, class
 * token, positions), what does becomes nodes of the draft. Everything that stands in the way is reported; behind
 * it the walk goes on with a stand-in, so that one run tells all.
 */
import type { Report } from '../../ir/diagnostics/diagnostic.ts';
import { sizeOf } from '../../ir/dialect.ts';
import { type Draft, putInput } from '../ann/draft.ts';
import {
  type ConstantValue,
  constantOf,
  dataOf,
  lazyConstant,
  type OpContext,
  Refusal,
  refuseNumbers,
  type Value,
} from './context.ts';
import { clip } from './limits.ts';
import type { OnnxGraph, OnnxNode } from './model.ts';
import { fullName, movesNumbers, ruleOf, schemaOf, wayOut } from './ops/table.ts';
import { orderNodes, readsOf } from './order.ts';
import { isFloat, type Numbers, type TensorSource } from './tensor.ts';

/** What all graphs of a file share. */
export interface Session {
  readonly draft: Draft;
  readonly opset: number;
  readonly report: Report;
  readonly unsupported: Map<string, { readonly nodes: string[] }>;
  /** Stand-ins made so far. */
  guesses: number;
  /** Steps of arithmetic on constants that are still granted. */
  stepsLeft: number;
}

/** Positions, masks and shapes of the largest networks take a tenth of it; a few bytes of a file can ask for more. */
const GRANTED_STEPS = 2 ** 26;
/** What is done to each number of the file's own weights, at most. */
const STEPS_PER_WEIGHT = 8;

export function createSession(graph: OnnxGraph, draft: Draft, opset: number, report: Report): Session {
  const stored = [...graph.initializers.values()].reduce(
    (sum, { problem, shape }) => sum + (problem === undefined ? sizeOf(shape) : 0),
    0,
  );
  const stepsLeft = GRANTED_STEPS + STEPS_PER_WEIGHT * stored;
  return { draft, opset, report, unsupported: new Map(), guesses: 0, stepsLeft };
}

function spend(session: Session, steps: number): void {
  session.stepsLeft -= steps;
  if (session.stepsLeft < 0)
    throw new Refusal('by here the file asks for more arithmetic on constants than its weights can need');
}

/** The values of one graph; a subgraph reads those of the graphs around it too. */
export interface Scope {
  readonly graph: OnnxGraph;
  readonly around: Scope | undefined;
  readonly values: Map<string, Known>;
  /** How often each value is still to be read. */
  readonly uses: Map<string, number>;
  readonly session: Session;
}

/** `isGuess`: stands in for something that could not be computed; what comes of it is not reported. */
interface Known {
  readonly value: Value | undefined;
  readonly isGuess: boolean;
}

export function createScope(graph: OnnxGraph, session: Session, around?: Scope): Scope {
  const uses = new Map<string, number>();
  const reads = graph.nodes.flatMap(readsOf);
  for (const name of [...reads, ...graph.outputs.map(info => info.name)]) {
    uses.set(name, (uses.get(name) ?? 0) + 1);
  }
  return { graph, around, values: new Map(), uses, session };
}

/** Walks all nodes. Needs: a sound graph (order.ts). Errors E0104, E0106 and those of tensors. */
export function evaluateGraph(scope: Scope): void {
  for (const node of orderNodes(scope.graph)) evaluateNode(node, scope);
}

function evaluateNode(node: OnnxNode, scope: Scope): void {
  const { values, uses, session } = scope;
  const rule = ruleOf(node.domain, node.operator);
  if (rule === undefined) noteUnsupported(node, session);
  const known = node.inputs.map(name => (name === '' ? undefined : readKnown(name, scope)));
  const inputs = known.map(input => input?.value);
  const isKnown = node.inputs.every((name, at) => name === '' || inputs[at] !== undefined);
  const isGuess = known.some(input => input?.isGuess === true);
  const results = isKnown ? compute(node, rule, inputs, isGuess, scope) : undefined;
  node.outputs.forEach((name, at) => {
    if (!uses.has(name)) return;
    const value = results?.[at];
    values.set(name, value === undefined ? standIn(name, inputs, scope) : { value, isGuess });
  });
  for (const name of node.inputs) release(name, scope);
}

function noteUnsupported(node: OnnxNode, { unsupported }: Session): void {
  const operator = fullName(node.domain, node.operator);
  const seen = unsupported.get(operator);
  if (seen === undefined) unsupported.set(operator, { nodes: [originOf(node)] });
  else seen.nodes.push(originOf(node));
}

/** Node names that a message gives before it counts the rest. */
const NAMED = 5;
/** Operators that have a message of their own; a file can name any number of them. */
const OPERATORS = 50;

/** Errors E0103, one for each operator. */
export function reportUnsupported({ unsupported, report }: Session): void {
  const list = [...unsupported].map(([operator, { nodes }]) => ({ operator, nodes }));
  const others = list.slice(OPERATORS);
  for (const { operator, nodes } of list.slice(0, OPERATORS)) tell(operator, nodes);
  if (others.length > 0)
    tell(
      `${others[0]!.operator} and ${others.length - 1} more`,
      others.flatMap(({ nodes }) => nodes),
    );

  function tell(operator: string, nodes: readonly string[]): void {
    const rest = nodes.length > NAMED ? ` and ${nodes.length - NAMED} more` : '';
    const names = `${nodes.slice(0, NAMED).join(', ')}${rest}`;
    const facts = { operator, count: nodes.length, nodes: names };
    report('E0103', { origin: nodes[0] ?? operator }, facts, wayOut(operator));
  }
}

/** Large constants are held only while somebody may still read them. */
function release(name: string, { uses, values }: Scope): void {
  const left = (uses.get(name) ?? 0) - 1;
  uses.set(name, left);
  if (left === 0) values.delete(name);
}

function compute(
  node: OnnxNode,
  rule: ((context: OpContext) => readonly Value[]) | undefined,
  inputs: readonly (Value | undefined)[],
  isGuess: boolean,
  scope: Scope,
): readonly Value[] | undefined {
  const { draft, opset, report } = scope.session;
  try {
    // It has been told; to go on would take the time that was refused.
    if (scope.session.stepsLeft < 0) return undefined;
    if (rule === undefined) return undefined;
    refuseStrange(node);
    if (!movesNumbers(node.domain, node.operator) && inputs.some(isEmpty))
      throw new Refusal('an operand has no elements');
    const run = (graph: OnnxGraph) => runInner(graph, scope);
    const results = rule({
      ...{ node, opset: node.opset ?? opset, draft, inputs, load: loadTensor },
      run,
      spend: steps => spend(scope.session, steps),
    });
    spend(scope.session, stepsOf(inputs, results));
    const extra = node.outputs.findIndex((name, at) => at >= results.length && scope.uses.has(name));
    if (extra >= 0) throw new Refusal(`its output ${extra} is read`);
    return results;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (isGuess) return undefined;
    if (error.tell) error.tell(report);
    else
      report(
        'E0106',
        { origin: originOf(node) },
        { operator: fullName(node.domain, node.operator), reason: error.message },
      );
    return undefined;
  }
}

/** What an operator does not have would be passed over, and mean something to whoever wrote it. */
function refuseStrange({ domain, operator, inputs, outputs, attributes }: OnnxNode): void {
  const schema = schemaOf(domain, operator);
  if (schema === undefined) return;
  const strange = [...attributes.keys()].find(name => !schema.attributes.has(name));
  if (strange !== undefined) throw new Refusal(`it has no attribute ${clip(strange)}`);
  if (inputs.length > schema.inputs)
    throw new Refusal(`${inputs.length} inputs, where it has ${schema.inputs}`);
  if (outputs.length > schema.outputs)
    throw new Refusal(`${outputs.length} outputs, where it has ${schema.outputs}`);
}

/** The node's name; with its scope in the exported module where the exporter wrote one. */
const originOf = ({ name, scope }: OnnxNode): string => (scope === undefined ? name : `${name} (${scope})`);

/** A picture of numbers that follow no pattern costs this much for each piece that does. */
const STEPS_PER_SEGMENT = 128;

/** Numbers that went into constants and came out, and pieces of views; what stays in the file costs nothing. */
function stepsOf(inputs: readonly (Value | undefined)[], results: readonly Value[]): number {
  const isFolded = results.some(result => result.kind === 'constant' && result.lazy === undefined);
  const numbers = isFolded ? [...inputs, ...results] : [];
  const pieces = results.map(result => (result.kind === 'data' ? (result.index?.segments.length ?? 0) : 0));
  return (
    numbers.reduce((sum, value) => sum + (value === undefined ? 0 : sizeOf(value.shape)), 0) +
    pieces.reduce((sum, count) => sum + count, 0) * STEPS_PER_SEGMENT
  );
}

export const isEmpty = (value: Value | undefined): boolean =>
  value?.kind === 'data' && sizeOf(value.shape) === 0;

/** Results of a graph inside this one. */
function runInner(graph: OnnxGraph, scope: Scope): readonly Value[] {
  const inner = createScope(graph, scope.session, scope);
  evaluateGraph(inner);
  return graph.outputs.map(({ name }) => {
    const value = readKnown(name, inner)?.value;
    if (value === undefined) throw new Refusal('', () => undefined);
    return value;
  });
}

/** Larger stand-ins would cost time for nothing: what comes of them is thrown away. */
const LARGEST_GUESS = 2 ** 21;

/**
 * In place of a value that could not be computed: a tensor of the shape that the file claims for it, else of the
 * shape of the node's first data operand. Undefined where neither is known.
 */
function standIn(name: string, inputs: readonly (Value | undefined)[], { graph, session }: Scope): Known {
  const claimed = graph.shapes
    .get(name)
    ?.map((size, axis) => (axis === 0 && typeof size !== 'number' ? 1 : size));
  const sizes = claimed?.filter(size => typeof size === 'number' && size >= 0);
  const isWhole = sizes !== undefined && sizes.length === claimed?.length;
  const shape = isWhole ? sizes.map(Number) : inputs.find(input => input?.kind === 'data')?.shape;
  if (shape === undefined || sizeOf(shape) > LARGEST_GUESS) return { value: undefined, isGuess: true };
  const standing = putInput(session.draft, `guess ${session.guesses++}`, shape, name);
  return { value: dataOf(standing), isGuess: true };
}

/** Initializers are read when they are first wanted. Undefined: never made here or around. */
export function readKnown(name: string, scope: Scope): Known | undefined {
  const { values, graph, session, around } = scope;
  const known = values.get(name);
  if (known !== undefined) return known;
  const tensor = graph.initializers.get(name);
  if (tensor === undefined) return around === undefined ? undefined : readKnown(name, around);
  const made = readInitializer(tensor, session);
  values.set(name, made);
  return made;
}

function readInitializer(tensor: TensorSource, { report }: Session): Known {
  try {
    return { value: loadTensor(tensor), isGuess: false };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    error.tell?.(report);
    return { value: undefined, isGuess: true };
  }
}

/** Tensors with fewer numbers are read at once. */
const LAZY_FROM = 1024;

/** Weights stay in the file; what is small is read, since shapes and scalars decide what the network is. */
function loadTensor(tensor: TensorSource): ConstantValue {
  const name = tensor.name === '' ? 'of a Constant node' : tensor.name;
  const at = { origin: name };
  const { problem, element, shape } = tensor;
  if (problem?.kind === 'external') throw new Refusal('', () => undefined);
  if (problem?.kind === 'broken' || element === undefined) {
    const reason = problem?.kind === 'broken' ? problem.reason : 'its element type is not known here';
    throw new Refusal('', report => report('E0112', at, { tensor: name, reason }));
  }
  const read = () => {
    const { data } = tensor.load();
    return isFloat(element) ? withoutNan(data, name) : data;
  };
  const isWeight = isFloat(element) && sizeOf(shape) >= LAZY_FROM;
  return isWeight
    ? lazyConstant(element, shape, { key: `tensor ${tensor.name}`, origin: tensor.name, read })
    : constantOf(element, shape, read());
}

/** An infinity may be a bound or a mask; where it becomes a weight it is refused there. */
function withoutNan(data: Numbers, name: string): Numbers {
  let nans = 0;
  let infinities = 0;
  for (let i = 0; i < data.length; i++) {
    if (Number.isFinite(data[i])) continue;
    if (Number.isNaN(data[i])) nans += 1;
    else infinities += 1;
  }
  return nans === 0 ? data : refuseNumbers(name, nans + infinities);
}
