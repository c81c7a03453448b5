/**
 * Formulas of descriptors: `ceil((n * weightBits + headerBits) / wordBits)`. The text is parsed by mathjs
 * (mathjs.ts), admitted node by node into the tree below, and compiled to a closure; mathjs itself never
 * evaluates anything, because one of its own functions can take the whole process down (`range(0, 1e9)`).
 *
 * The tree is plain data: a target can be sent to a worker or written to a file, and compiled there again.
 */

export const MAX_FORMULA_LENGTH = 500;
const MAX_NESTING = 64;

export const FUNCTIONS = ['ceil', 'floor', 'min', 'max', 'log2', 'sqrt', 'abs'] as const;
export type FunctionName = (typeof FUNCTIONS)[number];
export type Arithmetic = '+' | '-' | '*' | '/';
export type Comparator = 'smaller' | 'smallerEq' | 'larger' | 'largerEq' | 'equal' | 'unequal';

export type FormulaNode =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'negate'; readonly of: FormulaNode }
  | {
      readonly kind: 'binary';
      readonly op: Arithmetic;
      readonly left: FormulaNode;
      readonly right: FormulaNode;
    }
  | { readonly kind: 'call'; readonly fn: FunctionName; readonly args: readonly FormulaNode[] }
  | {
      readonly kind: 'choose';
      readonly when: Condition;
      readonly yes: FormulaNode;
      readonly no: FormulaNode;
    };

/** `a < b <= c`: one comparator between each two neighbours. */
export interface Condition {
  readonly kind: 'compare';
  readonly comparators: readonly Comparator[];
  readonly operands: readonly FormulaNode[];
}

export interface Vars {
  readonly [name: string]: number;
}
export type Evaluate = (vars: Vars) => number;
export type Admitted<T> =
  | { readonly ok: true; readonly node: T }
  | { readonly ok: false; readonly reason: string };

/** A node of mathjs' parse tree, as far as it is looked at. */
export interface ParseNode {
  readonly type: string;
  readonly op?: unknown;
  readonly fn?: unknown;
  readonly args?: unknown;
  readonly implicit?: unknown;
  readonly value?: unknown;
  readonly name?: unknown;
  readonly content?: unknown;
  readonly condition?: unknown;
  readonly trueExpr?: unknown;
  readonly falseExpr?: unknown;
  readonly conditionals?: unknown;
  readonly params?: unknown;
}
export type ParseText = (text: string) => ParseNode;

class Refusal extends Error {}
function refuse(reason: string): never {
  throw new Refusal(reason);
}

/** Text → tree of a number. `names` are the variables that the place of the formula declares. */
export function parseFormula(
  parse: ParseText,
  text: string,
  names: ReadonlySet<string>,
): Admitted<FormulaNode> {
  return admit(parse, text, root => admitNumber(root, names, 0));
}

/** Text → tree of a comparison, for assertions. */
export function parseCondition(
  parse: ParseText,
  text: string,
  names: ReadonlySet<string>,
): Admitted<Condition> {
  return admit(parse, text, root => admitCondition(root, names, 0));
}

function admit<T>(parse: ParseText, text: string, convert: (root: ParseNode) => T): Admitted<T> {
  if (text.trim() === '') return { ok: false, reason: 'it is empty' };
  if (text.length > MAX_FORMULA_LENGTH) {
    return { ok: false, reason: `${text.length} characters; the limit is ${MAX_FORMULA_LENGTH}` };
  }
  // Strings, indexes, blocks, units and transposes all need a character outside this set.
  const stray = /[^A-Za-z0-9_.,+\-*/()<>=!?: ]/.exec(text);
  if (stray !== null)
    return { ok: false, reason: `character ${JSON.stringify(stray[0])} at ${stray.index + 1}` };
  try {
    return { ok: true, node: convert(parse(text)) };
  } catch (error) {
    if (error instanceof RangeError) return { ok: false, reason: 'it nests too deeply' };
    return { ok: false, reason: error instanceof Error ? error.message : String(error) };
  }
}

const ARITHMETIC: ReadonlyMap<unknown, Arithmetic> = new Map<unknown, Arithmetic>([
  ['add', '+'],
  ['subtract', '-'],
  ['multiply', '*'],
  ['divide', '/'],
]);
const COMPARATORS: ReadonlyMap<unknown, Comparator> = new Map<unknown, Comparator>(
  (['smaller', 'smallerEq', 'larger', 'largerEq', 'equal', 'unequal'] as const).map(name => [name, name]),
);
const MANY_ARGUMENTS: ReadonlySet<FunctionName> = new Set(['min', 'max']);

function isParseNode(value: unknown): value is ParseNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

function nodeOf(value: unknown): ParseNode {
  return isParseNode(value) ? value : refuse('a part of it is not an expression');
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : refuse('a part of it is not a list of arguments');
}

function admitNumber(node: ParseNode, names: ReadonlySet<string>, depth: number): FormulaNode {
  if (depth > MAX_NESTING) refuse(`it nests deeper than ${MAX_NESTING}`);
  const inner = (part: unknown): FormulaNode => admitNumber(nodeOf(part), names, depth + 1);
  switch (node.type) {
    case 'ConstantNode':
      if (typeof node.value !== 'number' || !Number.isFinite(node.value))
        refuse(`${node.value} is not a finite number`);
      return { kind: 'number', value: node.value };
    case 'SymbolNode':
      if (typeof node.name !== 'string' || !names.has(node.name)) {
        refuse(`${node.name} is not known here; known: ${[...names].join(', ') || 'no names, only numbers'}`);
      }
      return { kind: 'variable', name: node.name };
    case 'ParenthesisNode':
      return inner(node.content);
    case 'OperatorNode':
      return admitOperator(node, inner);
    case 'FunctionNode':
      return admitCall(node, inner);
    case 'ConditionalNode':
      return {
        kind: 'choose',
        when: admitCondition(nodeOf(node.condition), names, depth + 1),
        yes: inner(node.trueExpr),
        no: inner(node.falseExpr),
      };
    default:
      return refuse(`${node.type} is not among what a formula may hold`);
  }
}

function admitOperator(node: ParseNode, inner: (part: unknown) => FormulaNode): FormulaNode {
  const args = listOf(node.args);
  if (node.fn === 'unaryMinus') return { kind: 'negate', of: inner(args[0]) };
  if (node.fn === 'unaryPlus') return inner(args[0]);
  const op = ARITHMETIC.get(node.fn);
  if (op === undefined) return refuse(`operator ${node.op} does not give a number here`);
  if (node.implicit === true) return refuse('write every multiplication with *');
  return { kind: 'binary', op, left: inner(args[0]), right: inner(args[1]) };
}

function admitCall(node: ParseNode, inner: (part: unknown) => FormulaNode): FormulaNode {
  const called = nodeOf(node.fn).name;
  const fn = FUNCTIONS.find(name => name === called);
  if (fn === undefined) return refuse(`function ${called} is not one of ${FUNCTIONS.join(', ')}`);
  const args = listOf(node.args);
  if (args.length === 0 || (args.length > 1 && !MANY_ARGUMENTS.has(fn))) {
    return refuse(`${fn} takes ${MANY_ARGUMENTS.has(fn) ? 'at least one argument' : 'one argument'}`);
  }
  return { kind: 'call', fn, args: args.map(inner) };
}

function admitCondition(node: ParseNode, names: ReadonlySet<string>, depth: number): Condition {
  if (depth > MAX_NESTING) refuse(`it nests deeper than ${MAX_NESTING}`);
  if (node.type === 'ParenthesisNode') return admitCondition(nodeOf(node.content), names, depth + 1);
  const isChain = node.type === 'RelationalNode';
  if (!isChain && node.type !== 'OperatorNode') return refuse('a condition is a comparison, such as n > 8');
  const operators = isChain ? listOf(node.conditionals) : [node.fn];
  const comparators = operators.map(
    name => COMPARATORS.get(name) ?? refuse(`${node.op} is not a comparison`),
  );
  const operands = listOf(isChain ? node.params : node.args).map(part =>
    admitNumber(nodeOf(part), names, depth + 1),
  );
  return { kind: 'compare', comparators, operands };
}

export function conditionVariables(condition: Condition): ReadonlySet<string> {
  return new Set(condition.operands.flatMap(operand => [...variablesOf(operand)]));
}

/** Names of the variables that a formula reads. */
export function variablesOf(node: FormulaNode): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (part: FormulaNode): void => {
    if (part.kind === 'variable') found.add(part.name);
    else if (part.kind === 'negate') visit(part.of);
    else if (part.kind === 'binary') [part.left, part.right].forEach(visit);
    else if (part.kind === 'call') part.args.forEach(visit);
    else if (part.kind === 'choose') [...part.when.operands, part.yes, part.no].forEach(visit);
    else part satisfies { kind: 'number' };
  };
  visit(node);
  return found;
}
