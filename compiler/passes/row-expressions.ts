/**
 * Nodes as functions of one row of another node, by value: each is computed on a few test rows. So a pass asks what
 * an expression means instead of how it is spelled.
 */
import type { AnnNode, AnnOf } from '../../ir/ann.ts';
import type { ConstantPool, ConstId } from '../../ir/constants.ts';
import type { ValueId } from '../../ir/dialect.ts';
import type { StridedMap } from '../../ir/map.ts';
import { createRandom } from '../../ir/random/seeded.ts';
import { scalarFunction } from '../../ir/scalar.ts';

/** Elements and rows stand in the same order as in the root, whatever the shape of the node. */
export interface RowExpression {
  readonly root: ValueId;
  /** The test rows, and the value on each: one number per element of the row (`isWide`) or one for the row. */
  readonly rows: TestRows;
  readonly values: TestRows;
  readonly isWide: boolean;
  /** Is a row taken together anywhere in it? */
  readonly isReduced: boolean;
}

export interface TestRows {
  readonly zero: Float64Array;
  readonly first: Float64Array;
  /** `first` · SMALL: near the epsilon of a norm. */
  readonly small: Float64Array;
  readonly other: Float64Array;
}
export const SMALL = 1e-3;

export function testRows(width: number): TestRows {
  const random = createRandom(width);
  const first = Float64Array.from({ length: width }, () => random.normal());
  const other = Float64Array.from({ length: width }, () => 0.5 + 1.5 * random.normal());
  return { zero: new Float64Array(width), first, small: first.map(x => x * SMALL), other };
}

const mapRows = (
  rows: TestRows,
  apply: (row: Float64Array, at: keyof TestRows) => Float64Array,
): TestRows => ({
  zero: apply(rows.zero, 'zero'),
  first: apply(rows.first, 'first'),
  small: apply(rows.small, 'small'),
  other: apply(rows.other, 'other'),
});

/** Nodes between what is reduced and the row that it is a function of, at most. */
const REACH = 5;

type Lookup = (id: ValueId) => AnnNode;
const widthOf = (node: AnnNode): number => node.type.shape.at(-1)!;

const isElementwise = ({ kind }: AnnNode): boolean =>
  kind === 'affine' || kind === 'pointwise' || kind === 'add' || kind === 'mul';

/**
 * Nodes whose rows a reduction, perhaps behind elementwise nodes, takes together: what is worth following, with the
 * width of the rows. Elementwise nodes and views that change nothing but the shape keep the rows where they are.
 */
export function rowRoots(nodes: readonly AnnNode[], node: Lookup): ReadonlyMap<ValueId, number> {
  const found = new Map<ValueId, number>();
  const visit = (id: ValueId, width: number, reach: number): void => {
    const root = node(id);
    const keepsRows =
      root.kind === 'view' ? isInOrder(root.attrs.map) && root.operands.length === 1 : isElementwise(root);
    found.set(id, width);
    if (reach > 0 && keepsRows) for (const operand of root.operands) visit(operand, width, reach - 1);
  };
  for (const { kind, operands } of nodes) {
    const isWholeRow = kind === 'reduce' || kind === 'rmsnorm' || kind === 'softmax';
    const width = isWholeRow ? widthOf(node(operands[0]!)) : 1;
    if (width > 1) visit(operands[0]!, width, REACH);
  }
  return found;
}

export function rootExpression(root: ValueId, rows: TestRows): RowExpression {
  return { root, rows, values: rows, isWide: true, isReduced: false };
}

/** The node as a function of the rows of which its operands are functions. */
export function rowExpressions(
  node: AnnNode,
  known: ReadonlyMap<ValueId, readonly RowExpression[]>,
  lookup: Lookup,
  constants: ConstantPool,
): readonly RowExpression[] {
  const of = (at: number) => known.get(node.operands[at]!) ?? [];
  const map = (e: RowExpression, apply: (row: Float64Array) => Float64Array): RowExpression => ({
    ...e,
    values: mapRows(e.values, apply),
  });
  const wholeRows = () =>
    of(0).filter(e => e.isWide && e.rows.zero.length === widthOf(lookup(node.operands[0]!)));
  switch (node.kind) {
    case 'pointwise': {
      const apply = scalarFunction(node.attrs.function);
      return of(0).map(e => map(e, row => row.map(apply)));
    }
    case 'affine':
      return of(0).flatMap(e => affineRow(node, e, constants));
    case 'add':
    case 'mul':
      return of(0).flatMap(a => of(1).flatMap(b => combined(node.kind, a, b)));
    case 'reduce':
      return wholeRows().map(e => ({
        ...map(e, row => reduced(node.attrs.op, row)),
        isWide: false,
        isReduced: true,
      }));
    case 'softmax':
      return wholeRows().map(e => ({ ...map(e, row => softmax(row, node.attrs)), isReduced: true }));
    case 'rmsnorm':
      return wholeRows().map(e => ({ ...map(e, row => rmsnorm(row, node, constants)), isReduced: true }));
    case 'view':
      return node.operands.length === 1 ? of(0).flatMap(e => viewed(node.attrs.map, e)) : [];
    default:
      return [];
  }
}

/** Constants that are one number, or one for each element of the row. */
function affineRow(
  { attrs }: AnnOf<'affine'>,
  e: RowExpression,
  constants: ConstantPool,
): readonly RowExpression[] {
  const width = e.isWide ? e.rows.zero.length : 1;
  const [scale, shift] = [attrs.scale, attrs.shift].map(id => rowConstant(id, width, constants));
  if (scale === 'no' || shift === 'no') return [];
  const apply = (row: Float64Array) =>
    row.map((x, c) => {
      const scaled = scale === undefined ? x : x * scale[c % scale.length]!;
      return shift === undefined ? scaled : scaled + shift[c % shift.length]!;
    });
  return [{ ...e, values: mapRows(e.values, apply) }];
}

function rowConstant(id: ConstId | undefined, width: number, constants: ConstantPool) {
  if (id === undefined) return undefined;
  const { data } = constants.get(id);
  return width % data.length === 0 ? data : 'no';
}

function combined(kind: 'add' | 'mul', a: RowExpression, b: RowExpression): readonly RowExpression[] {
  if (a.root !== b.root || a.isWide !== b.isWide) return [];
  const values = mapRows(a.values, (row, at) =>
    row.map((x, c) => (kind === 'add' ? x + b.values[at][c]! : x * b.values[at][c]!)),
  );
  return [{ ...a, values, isReduced: a.isReduced || b.isReduced }];
}

function reduced(op: AnnOf<'reduce'>['attrs']['op'], row: Float64Array): Float64Array {
  if (op === 'max') return Float64Array.of(row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY));
  const sum = row.reduce((a, b) => a + b, 0);
  return Float64Array.of(op === 'mean' ? sum / row.length : sum);
}

export function softmax(row: Float64Array, { scale, base }: AnnOf<'softmax'>['attrs']): Float64Array {
  const factor = base === '2' ? scale * Math.LN2 : scale;
  const max = row.reduce((a, x) => Math.max(a, x * factor), Number.NEGATIVE_INFINITY);
  const powers = row.map(x => Math.exp(x * factor - max));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map(x => x / sum);
}

function rmsnorm(row: Float64Array, { attrs }: AnnOf<'rmsnorm'>, constants: ConstantPool): Float64Array {
  const gamma = attrs.gamma && constants.get(attrs.gamma).data;
  const divisor = Math.sqrt(meanSquare(row) + attrs.epsilon);
  return row.map((x, c) => (x / divisor) * (gamma?.[c] ?? 1));
}

export const meanSquare = (row: Float64Array): number => row.reduce((sum, x) => sum + x * x, 0) / row.length;

/** A view that keeps the order, or that spreads one number of a row over the row. */
function viewed(map: StridedMap, e: RowExpression): readonly RowExpression[] {
  if (isInOrder(map)) return [e];
  const width = e.rows.zero.length;
  if (e.isWide || !isSpread(map, width)) return [];
  return [{ ...e, values: mapRows(e.values, row => new Float64Array(width).fill(row[0]!)), isWide: true }];
}

function isInOrder({ length, segments }: StridedMap): boolean {
  const [segment, ...others] = segments;
  const isOne = segment?.start === 0 && others.length === 0 && segment.loops.length <= 1;
  return isOne && segment.loops.every(loop => loop.count === length && loop.stride === 1);
}

/** 0 `width` times, 1 `width` times, … */
function isSpread({ length, segments }: StridedMap, width: number): boolean {
  const [segment, ...others] = segments;
  if (segment?.start !== 0 || others.length > 0) return false;
  const [inner, outer, ...more] = segment.loops.toReversed();
  if (inner === undefined || inner.count !== width || inner.stride !== 0 || more.length > 0) return false;
  return outer === undefined ? length === width : outer.stride === 1;
}
