/**
 * Formula tree → closure over plain numbers.
 *
 * Preserves: what mathjs would compute for doubles, its rounding included. Ceil, floor and comparisons take
 * two numbers for equal that differ by less than 1e-12 of the larger one: 0.07 * 100 words are 7 words, not 8.
 */
import type { Comparator, Condition, Evaluate, FormulaNode, FunctionName, Vars } from './formula.ts';

export type Test = (vars: Vars) => boolean;

export function compileFormula(node: FormulaNode): Evaluate {
  switch (node.kind) {
    case 'number': {
      const { value } = node;
      return () => value;
    }
    case 'variable': {
      const { name } = node;
      return vars => vars[name] ?? Number.NaN;
    }
    case 'negate': {
      const of = compileFormula(node.of);
      return vars => -of(vars);
    }
    case 'binary':
      return compileBinary(node);
    case 'call':
      return compileCall(node.fn, node.args.map(compileFormula));
    case 'choose': {
      const when = compileCondition(node.when);
      const yes = compileFormula(node.yes);
      const no = compileFormula(node.no);
      return vars => (when(vars) ? yes(vars) : no(vars));
    }
    default:
      node satisfies never;
      return () => Number.NaN;
  }
}

export function compileCondition(condition: Condition): Test {
  const operands = condition.operands.map(compileFormula);
  const compare = condition.comparators.map(name => COMPARE[name]);
  return vars => {
    const values = operands.map(operand => operand(vars));
    return compare.every((holds, i) => holds(values[i] ?? Number.NaN, values[i + 1] ?? Number.NaN));
  };
}

function compileBinary(node: Extract<FormulaNode, { kind: 'binary' }>): Evaluate {
  const left = compileFormula(node.left);
  const right = compileFormula(node.right);
  switch (node.op) {
    case '+':
      return vars => left(vars) + right(vars);
    case '-':
      return vars => left(vars) - right(vars);
    case '*':
      return vars => left(vars) * right(vars);
    case '/':
      return vars => left(vars) / right(vars);
    default:
      node.op satisfies never;
      return () => Number.NaN;
  }
}

function compileCall(fn: FunctionName, args: readonly Evaluate[]): Evaluate {
  if (fn === 'min' || fn === 'max') {
    const isBetter = fn === 'min' ? isSmaller : isLarger;
    return vars => args.reduce((best, arg, i) => pick(best, arg(vars), i, isBetter), Number.NaN);
  }
  const of = args[0] ?? (() => Number.NaN);
  const apply = UNARY[fn];
  return vars => apply(of(vars));
}

function pick(
  best: number,
  value: number,
  index: number,
  isBetter: (a: number, b: number) => boolean,
): number {
  return index === 0 || Number.isNaN(value) || isBetter(value, best) ? value : best;
}

const UNARY: { readonly [F in Exclude<FunctionName, 'min' | 'max'>]: (x: number) => number } = {
  ceil: x => snap(x, Math.ceil(x)),
  floor: x => snap(x, Math.floor(x)),
  log2: Math.log2,
  sqrt: Math.sqrt,
  abs: Math.abs,
};

const COMPARE: { readonly [C in Comparator]: (a: number, b: number) => boolean } = {
  smaller: isSmaller,
  smallerEq: (a, b) => a <= b || isNear(a, b),
  larger: isLarger,
  largerEq: (a, b) => a >= b || isNear(a, b),
  equal: isNear,
  unequal: (a, b) => !isNear(a, b),
};

function isSmaller(a: number, b: number): boolean {
  return a < b && !isNear(a, b);
}

function isLarger(a: number, b: number): boolean {
  return a > b && !isNear(a, b);
}

function snap(x: number, rounded: number): number {
  const nearest = Math.round(x);
  return nearest !== rounded && isNear(x, nearest) && !isNear(x, rounded) ? nearest : rounded;
}

function isNear(a: number, b: number): boolean {
  if (a === b) return true;
  if (!Number.isFinite(a) || !Number.isFinite(b)) return false;
  return Math.abs(a - b) <= Math.max(1e-12 * Math.max(Math.abs(a), Math.abs(b)), 1e-15);
}
