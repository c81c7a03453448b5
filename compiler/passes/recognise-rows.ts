/**
 * Layernorm, rmsnorm, softmax and mean spelled out in primitives become one node, found by what they compute: an
 * expression of one row is evaluated on test rows and compared.
 *
 *     %m = reduce(%x) {mean}   %d = add(%x, −view(%m))   %v = reduce(square(%d)) {mean}
 *     %y = mul(%d, view(reciprocal(sqrt(%v + ε))))
 *   becomes
 *     %y = layernorm(%x) {epsilon=ε}
 *
 * So the order of operands, the way to the variance, the root (a power, a reciprocal), a maximum that is subtracted
 * or a gain inside make no difference.
 * Preserves  values up to floating-point rounding; a norm without epsilon gets one of 1e-24
 * Cost       test rows × width for each node between a row and its norm
 */
import type { AnnNode, ann } from '../../ir/ann.ts';
import { sizeOf, type ValueId } from '../../ir/dialect.ts';
import { type Draft, type Normalisation, putNorm, putReduce, putSoftmax } from '../ann/draft.ts';
import { type Rewrite, rebuild } from '../ann/rebuild.ts';
import { reshape, type Selection } from '../ann/selection.ts';
import type { Pass } from '../pass.ts';
import {
  meanSquare,
  type RowExpression,
  rootExpression,
  rowExpressions,
  rowRoots,
  SMALL,
  softmax,
  type TestRows,
  testRows,
} from './row-expressions.ts';

export const recogniseRows: Pass<typeof ann, typeof ann> = {
  name: 'recognise-rows',
  summary: 'Find layernorm, rmsnorm, softmax and mean by value.',
  source: 'ir/interpret/ann.ts: what they compute on a row',

  run(graph) {
    const known = new Map<ValueId, readonly RowExpression[]>();
    const made = new Map<number, TestRows>();
    const rowsOf = (width: number) => {
      const rows = made.get(width) ?? testRows(width);
      made.set(width, rows);
      return rows;
    };
    let roots: ReadonlyMap<ValueId, number> | undefined;
    return rebuild(graph, (node, rewrite) => {
      roots ??= rowRoots(graph.nodes, rewrite.node);
      const inner = rowExpressions(node, known, rewrite.node, graph.constants);
      const found = recognise(node, inner, rewrite);
      const width = roots.get(node.id);
      const self = width === undefined ? [] : [rootExpression(node.id, rowsOf(width))];
      const isModule = found !== undefined && inner.some(e => e.isWide);
      known.set(node.id, isModule ? self : [...self, ...inner].slice(0, MOST));
      return found;
    });
  },
};

/** Rows that one node is followed as a function of, at most. */
const MOST = 12;
/** Numbers of a file have single precision at best, and all is computed in double. */
const TOLERANCE = 1e-8;
/** A factor 1/n out of a file has this error in single precision. */
const ROUNDING = 1e-7;

/** What each kind of node can be the last step of. */
const LAST: { readonly [Kind in AnnNode['kind']]?: readonly (keyof typeof RECOGNISERS)[] } = {
  mul: ['layernorm', 'softmax', 'rmsnorm'],
  affine: ['mean', 'layernorm', 'softmax', 'rmsnorm'],
  add: ['layernorm'],
  pointwise: ['softmax'],
  softmax: ['softmax'],
  rmsnorm: ['layernorm'],
};

type Write = (draft: Draft, row: Selection, origin: string) => Selection;

const RECOGNISERS = {
  layernorm: asNorm('layernorm'),
  rmsnorm: asNorm('rmsnorm'),
  softmax: asSoftmax,
  mean: asMean,
} satisfies { readonly [name: string]: (e: RowExpression) => Write | undefined };

/**
 * A softmax is a function of the furthest row of which it is one (a maximum or an offset that is subtracted changes
 * nothing), a norm of the nearest.
 */
function recognise(
  node: AnnNode,
  expressions: readonly RowExpression[],
  { draft, value }: Rewrite,
): Selection | undefined {
  const candidates = expressions.filter(e => e.isReduced);
  for (const kind of LAST[node.kind] ?? []) {
    for (const e of kind === 'softmax' ? candidates.toReversed() : candidates) {
      const write = RECOGNISERS[kind](e);
      if (write === undefined) continue;
      const width = e.rows.zero.length;
      const root = value(e.root);
      const isRows = root.shape.at(-1) === width;
      return write(draft, isRows ? root : reshape(root, [sizeOf(root.shape) / width, width]), node.origin);
    }
  }
  return undefined;
}

/** A sum divided by the number of its terms. */
function asMean({ rows, values, isWide }: RowExpression): Write | undefined {
  const isSame = (at: keyof TestRows) =>
    Math.abs(values[at][0]! - meanOf(rows[at])) <= ROUNDING * Math.abs(meanOf(rows[at]));
  return !isWide && isSame('first') && isSame('other') && isSame('zero')
    ? (draft, row, origin) => putReduce(draft, row, 'mean', origin)
    : undefined;
}

/** log y is scale · x but for a number of the row. */
function asSoftmax({ rows, values, isWide }: RowExpression): Write | undefined {
  const [x, y] = [rows.first, values.first];
  const scale = isWide ? asSingle((Math.log(y[1]!) - Math.log(y[0]!)) / (x[1]! - x[0]!)) : 0;
  if (!Number.isFinite(scale) || scale === 0) return undefined;
  const isSame = (['first', 'small', 'other'] as const).every(at =>
    isNear(values[at], softmax(rows[at], { scale, base: 'e' })),
  );
  return isSame ? (draft, row, origin) => putSoftmax(draft, row, { scale, base: 'e' }, origin) : undefined;
}

function asNorm(kind: Normalisation['kind']): (e: RowExpression) => Write | undefined {
  return e => {
    const norm = e.isWide ? normOf(e, kind) : undefined;
    return norm && ((draft, row, origin) => putNorm(draft, row, norm, origin));
  };
}

/**
 * Epsilon and gain out of the test rows: on zeros only the offset is left; rows that differ by a factor alone tell
 * what is added to their mean square s, since gain² = (y/x)² · (s + ε) on both.
 */
function normOf({ rows, values }: RowExpression, kind: Normalisation['kind']): Normalisation | undefined {
  const centred = (row: Float64Array) => (kind === 'layernorm' ? minusMean(row) : row);
  const beta = values.zero;
  if (kind === 'rmsnorm' && beta.some(b => b !== 0)) return undefined;
  const first = centred(rows.first);
  const square = meanSquare(first);
  const widest = first.reduce((best, x, c) => (Math.abs(x) > Math.abs(first[best]!) ? c : best), 0);
  const quotient = (y: Float64Array, x: Float64Array, c: number) => (y[c]! - beta[c]!) / x[c]!;
  const ratio =
    (quotient(values.small, centred(rows.small), widest) / quotient(values.first, first, widest)) ** 2;
  const found = (square * (1 - SMALL ** 2 * ratio)) / (ratio - 1);
  if (!(found > -LEAST_EPSILON && found < MOST_EPSILON)) return undefined;
  const epsilon = found < LEAST_EPSILON ? NO_EPSILON : asSingle(found);
  const gamma = first.map((_, c) => asSingle(quotient(values.first, first, c) * Math.sqrt(square + epsilon)));
  const isSame = (['first', 'small', 'other'] as const).every(at => {
    const row = centred(rows[at]);
    const divisor = Math.sqrt(meanSquare(row) + epsilon);
    return isNear(
      values[at],
      row.map((x, c) => (x / divisor) * gamma[c]! + beta[c]!),
    );
  });
  if (!isSame) return undefined;
  return {
    kind,
    epsilon,
    gamma: gamma.every(g => g === 1) ? undefined : gamma,
    beta: beta.every(b => b === 0) ? undefined : beta,
  };
}

/** Below this an epsilon cannot be told from none: rows that small do not occur. */
const LEAST_EPSILON = 1e-18;
/** With a large one everything that is linear in its row looks like a norm. */
const MOST_EPSILON = 1;
const NO_EPSILON = Math.fround(1e-24);

const minusMean = (row: Float64Array): Float64Array => {
  const mean = meanOf(row);
  return row.map(x => x - mean);
};
const meanOf = (row: Float64Array): number => row.reduce((a, b) => a + b, 0) / row.length;

/** The number in single precision that it is up to rounding: what the file said. */
function asSingle(value: number): number {
  const single = Math.fround(value);
  return Math.abs(single - value) <= TOLERANCE * Math.abs(value) ? single : value;
}

function isNear(actual: Float64Array, wanted: Float64Array): boolean {
  const largest = wanted.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
  return actual.every((x, c) => Math.abs(x - wanted[c]!) <= TOLERANCE * largest);
}
