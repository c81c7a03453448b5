/**
 * Layernorm and rmsnorm spelled out in primitives become one node.
 *
 *     %m = reduce(%x) {mean}   %d = add(%x, −view(%m))   %v = reduce(square(%d)) {mean}
 *     %y = mul(%d, view(reciprocal(sqrt(%v + ε))))
 *   becomes
 *     %y = layernorm(%x) {epsilon=ε}          (rmsnorm(%d) where %d is no difference from a mean)
 *
 * Gain and offset behind it are merged by merge-affines.
 * Preserves  values up to floating-point rounding
 */
import type { AnnNode, AnnOf, ann } from '../../ir/ann.ts';
import type { ValueId } from '../../ir/dialect.ts';
import { expandMap, printMap } from '../../ir/map.ts';
import { putNorm } from '../ann/draft.ts';
import { type Rewrite, rebuild } from '../ann/rebuild.ts';
import { uniformConstant } from '../ann/values.ts';
import type { Pass } from '../pass.ts';

export const recogniseNorms: Pass<typeof ann, typeof ann> = {
  name: 'recognise-norms',
  summary: 'Find layernorm and rmsnorm in primitives.',
  source:
    'facts of eight exporters: mean, difference, square, mean, ε, root, quotient in any order of operands',

  run: graph =>
    rebuild(graph, (node, rewrite) => {
      if (node.kind !== 'mul') return undefined;
      const [a, b] = node.operands as readonly [ValueId, ValueId];
      const norm = normOver(a, b, rewrite) ?? normOver(b, a, rewrite);
      if (norm === undefined) return undefined;
      const { draft, value } = rewrite;
      return putNorm(draft, value(norm.operand), { kind: norm.kind, epsilon: norm.epsilon }, node.origin);
    }),
};

interface Norm {
  readonly kind: 'layernorm' | 'rmsnorm';
  readonly operand: ValueId;
  readonly epsilon: number;
}

/** `inverse` is one over the root of the mean square of `difference`, plus ε. */
function normOver(difference: ValueId, inverse: ValueId, rewrite: Rewrite): Norm | undefined {
  const { node } = rewrite;
  const channels = node(difference).type.shape.at(-1)!;
  const reciprocal = pointwise(behindBroadcast(inverse, channels, rewrite), 'reciprocal');
  const root = reciprocal && pointwise(behindBroadcast(reciprocal.operands[0]!, channels, rewrite), 'sqrt');
  const sum = root && node(root.operands[0]!);
  if (sum?.kind !== 'affine' || sum.attrs.scale !== undefined) return undefined;
  const epsilon = uniformConstant(rewrite.draft.constants, sum.attrs.shift, 0);
  const mean = node(sum.operands[0]!);
  if (epsilon === undefined || mean.kind !== 'reduce' || mean.attrs.op !== 'mean') return undefined;
  if (!isSquareOf(mean.operands[0]!, difference, rewrite)) return undefined;
  const centred = centredOperand(difference, channels, rewrite);
  return centred === undefined
    ? { kind: 'rmsnorm', operand: difference, epsilon }
    : { kind: 'layernorm', operand: centred, epsilon };
}

const pointwise = (node: AnnNode, name: AnnOf<'pointwise'>['attrs']['function']) =>
  node.kind === 'pointwise' && node.attrs.function === name ? node : undefined;

/** Squares of `id`, computed as they are or, where `id` is a view, before the same view. */
function isSquareOf(square: ValueId, id: ValueId, { node }: Rewrite): boolean {
  const [squares, values] = [node(square), node(id)];
  if (squares.kind === 'view' && values.kind === 'view' && squares.operands.length === 1) {
    const [inner, of] = [node(squares.operands[0]!), values.operands[0]!];
    return printMap(squares.attrs.map) === printMap(values.attrs.map) && squareOperand(inner) === of;
  }
  return squareOperand(squares) === id;
}

function squareOperand(node: AnnNode): ValueId | undefined {
  const [first, second] = node.operands;
  if (node.kind === 'mul') return first === second ? first : undefined;
  return pointwise(node, 'square') === undefined ? undefined : first;
}

/** x, where `id` is x minus the mean of its last axis. */
function centredOperand(id: ValueId, channels: number, rewrite: Rewrite): ValueId | undefined {
  const difference = rewrite.node(id);
  if (difference.kind !== 'add') return undefined;
  const [a, b] = difference.operands as readonly [ValueId, ValueId];
  return [
    [a, b],
    [b, a],
  ].find(([x, minus]) => isMinusMeanOf(x!, minus!, channels, rewrite))?.[0];
}

function isMinusMeanOf(x: ValueId, minus: ValueId, channels: number, rewrite: Rewrite): boolean {
  const negative = behindBroadcast(minus, channels, rewrite);
  if (negative.kind !== 'affine' || negative.attrs.shift !== undefined) return false;
  if (uniformConstant(rewrite.draft.constants, negative.attrs.scale, 1) !== -1) return false;
  const mean = behindBroadcast(negative.operands[0]!, channels, rewrite);
  return mean.kind === 'reduce' && mean.attrs.op === 'mean' && mean.operands[0] === x;
}

/** The node that a view spreads over the channels, or the node itself. */
function behindBroadcast(id: ValueId, channels: number, { node }: Rewrite): AnnNode {
  const view = node(id);
  if (view.kind !== 'view' || view.operands.length !== 1) return view;
  const spreads = expandMap(view.attrs.map).every((index, i) => index === Math.floor(i / channels));
  return spreads ? node(view.operands[0]!) : view;
}
