/**
 * Finds GELU, SiLU and their kin by what they compute, not by how they are spelled: an elementwise expression of
 * one tensor is evaluated on a grid and compared with every function that a soma can hold.
 *
 *     %a = affine(%x) {1/√2}  %b = pointwise(%a) {erf}  %c = affine(%b) {+1}  %y = affine(mul(%x, %c)) {½}
 *   becomes
 *     %y = pointwise(%x) {gelu}
 *
 * Preserves  values within 1e-6 relative on [−8, 8] (files hold √2 and √(2/π) in single precision); within 1e-3
 *            where the file holds them in half precision
 * Cost       grid points × named functions per elementwise node
 */
import type { AnnNode, ann } from '../../ir/ann.ts';
import type { ConstantPool } from '../../ir/constants.ts';
import type { ValueId } from '../../ir/dialect.ts';
import { scalarFunction } from '../../ir/scalar.ts';
import { SOMA_POINTWISE, type SomaPointwise } from '../../ir/snn.ts';
import { putFields, putPointwise } from '../ann/draft.ts';
import { rebuild } from '../ann/rebuild.ts';
import { uniformConstant } from '../ann/values.ts';
import type { Pass } from '../pass.ts';

export const recogniseFunctions: Pass<typeof ann, typeof ann> = {
  name: 'recognise-functions',
  summary: 'Find GELU, SiLU, ReLU by value.',
  source: 'design 1, Stages: recognised from primitives',

  run(graph) {
    const expressions = new Map<ValueId, readonly Expression[]>();
    return rebuild(graph, (node, { draft, value }) => {
      const own = expressionsOf(node, expressions, graph.constants);
      expressions.set(node.id, own);
      for (const factor of FACTORS) {
        for (const { root, values, isCurved, isHalf } of own.toReversed()) {
          const plain = factor === 1 ? values : values.map(x => x / factor);
          const name = isCurved ? identify(plain, isHalf) : undefined;
          if (name === undefined) continue;
          const result = putPointwise(draft, value(root), name, node.origin);
          return putFields(draft, result, factor, undefined, node.origin);
        }
      }
      return undefined;
    });
  },
};

/** The node as a function of `root`, by its values on the grid. */
interface Expression {
  readonly root: ValueId;
  readonly values: Float64Array;
  /** Is anything but adding and scaling by constants in it? */
  readonly isCurved: boolean;
  /** Do its constants have no more digits than half precision holds? */
  readonly isHalf: boolean;
}

/** The half of a GELU may stand behind it, in the next weights. */
const FACTORS = [1, 2] as const;
const GRID = Float64Array.from({ length: 65 }, (_, i) => (i - 32) / 4 + 1 / 64);
const TOLERANCE = 1e-6;
/** √2 has an error of 1e-4 in half precision; erf and tanh GELU differ by 5e-4, so the nearest is taken. */
const HALF_TOLERANCE = 1e-3;
/** Values of the functions on the grid. */
const TARGETS = SOMA_POINTWISE.map(name => ({ name, wanted: GRID.map(scalarFunction(name)) }));
/** Elementwise nodes that one function is spelled with, at most. */
const LONGEST = 12;

/** Nearest root first: the node itself, then what its operands are functions of. */
function expressionsOf(
  node: AnnNode,
  known: ReadonlyMap<ValueId, readonly Expression[]>,
  constants: ConstantPool,
): readonly Expression[] {
  const self: Expression = { root: node.id, values: GRID, isCurved: false, isHalf: true };
  const of = (id: ValueId | undefined) => (id && known.get(id)) ?? [];
  const [first, second] = node.operands;
  const map = (f: (x: number) => number, isCurved: boolean, isHalf: boolean) =>
    of(first).map(e => ({
      root: e.root,
      values: e.values.map(f),
      isCurved: isCurved || e.isCurved,
      isHalf: isHalf && e.isHalf,
    }));
  const inner = (): readonly Expression[] => {
    switch (node.kind) {
      case 'pointwise':
        return map(scalarFunction(node.attrs.function), true, true);
      case 'affine': {
        const scale = uniformConstant(constants, node.attrs.scale, 1);
        const shift = uniformConstant(constants, node.attrs.shift, 0);
        return scale === undefined || shift === undefined
          ? []
          : map(x => x * scale + shift, false, fitsHalf(scale) && fitsHalf(shift));
      }
      case 'add':
      case 'mul':
        return of(first).flatMap(a =>
          of(second)
            .filter(b => b.root === a.root)
            .map(b => ({
              root: a.root,
              values: a.values.map((x, i) => (node.kind === 'add' ? x + b.values[i]! : x * b.values[i]!)),
              isCurved: a.isCurved || b.isCurved || node.kind === 'mul',
              isHalf: a.isHalf && b.isHalf,
            })),
        );
      default:
        return [];
    }
  };
  return [self, ...inner()].slice(0, LONGEST);
}

function identify(values: Float64Array, isHalf: boolean): SomaPointwise | undefined {
  const errors = TARGETS.map(({ name, wanted }) => ({ name, error: errorOf(values, wanted) }));
  const nearest = errors.reduce((a, b) => (b.error < a.error ? b : a));
  return nearest.error <= (isHalf ? HALF_TOLERANCE : TOLERANCE) ? nearest.name : undefined;
}

/** Infinite as soon as it is too large to matter. */
function errorOf(values: Float64Array, wanted: Float64Array): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) {
    const error = Math.abs(wanted[i]! - values[i]!) / (1 + Math.abs(GRID[i]!));
    if (!(error <= HALF_TOLERANCE)) return Number.POSITIVE_INFINITY;
    largest = Math.max(largest, error);
  }
  return largest;
}

/** Has the number, or its reciprocal (a divisor), at most the 11 significant bits of half precision? */
function fitsHalf(value: number): boolean {
  const fits = (x: number) =>
    x === 0 || Number.isInteger((x / 2 ** Math.floor(Math.log2(Math.abs(x)))) * 1024);
  return fits(value) || fits(Math.fround(1 / value));
}
