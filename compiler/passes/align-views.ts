/**
 * A function of a value that is seen through the same view as the value itself is computed behind the view: so the
 * squares of a head's channels are squares of what the head's norm reads, and rows stay rows.
 *
 *     %s = pointwise(%x) {square};  %a = view(%s) {map=M};  %b = view(%x) {map=M}
 *   becomes
 *     %b = view(%x) {map=M};  %a = pointwise(%b) {square}
 *
 * Needs      one number for all elements in every constant of the function; nothing else reads it
 * Preserves  exactly
 */
import type { AnnNode, AnnOf, ann } from '../../ir/ann.ts';
import type { ValueId } from '../../ir/dialect.ts';
import { sameMaps } from '../../ir/map.ts';
import { asNode, putBinary, putFields, putPointwise } from '../ann/draft.ts';
import { type Rewrite, rebuild } from '../ann/rebuild.ts';
import { type Selection, select, selectAll } from '../ann/selection.ts';
import { uniformConstant } from '../ann/values.ts';
import type { Pass } from '../pass.ts';

export const alignViews: Pass<typeof ann, typeof ann> = {
  name: 'align-views',
  summary: 'Compute functions of a value behind the view through which the value is seen too.',
  source: 'ECMT §5.1: query and key norms work on the channels of a head',

  run: graph =>
    rebuild(graph, (node, rewrite) => {
      if (node.kind !== 'view' || node.operands.length !== 1) return undefined;
      const fn = rewrite.node(node.operands[0]!);
      const of = functionOperand(fn);
      if (of === undefined || rewrite.readers(fn.id).length > 1 || !isSeenAlike(of, node, rewrite))
        return undefined;
      return applied(fn, seenThrough(of, node, rewrite), rewrite);
    }),
};

/** The one value of which the node is a function, element by element. */
function functionOperand({ kind, operands }: AnnNode): ValueId | undefined {
  const [first, second] = operands;
  if (kind === 'pointwise' || kind === 'affine') return first;
  return (kind === 'mul' || kind === 'add') && first === second ? first : undefined;
}

function isSeenAlike(id: ValueId, { id: own, attrs }: AnnOf<'view'>, { readers }: Rewrite): boolean {
  return readers(id).some(
    reader =>
      reader.kind === 'view' &&
      reader.id !== own &&
      reader.operands.length === 1 &&
      sameMaps(reader.attrs.map, attrs.map),
  );
}

/** The view as a node, so that what is computed with it stays behind it. */
function seenThrough(id: ValueId, view: AnnOf<'view'>, { draft, value }: Rewrite): Selection {
  const seen = select(value(id), { index: view.attrs.map, shape: view.type.shape });
  return selectAll(asNode(draft, seen, seen.shape, view.origin));
}

function applied(fn: AnnNode, x: Selection, { draft }: Rewrite): Selection | undefined {
  switch (fn.kind) {
    case 'pointwise':
      return putPointwise(draft, x, fn.attrs.function, fn.origin);
    case 'mul':
    case 'add':
      return putBinary(draft, fn.kind, x, x, fn.origin);
    case 'affine': {
      const scale = uniformConstant(draft.constants, fn.attrs.scale, 1);
      const shift = uniformConstant(draft.constants, fn.attrs.shift, 0);
      const isUniform = scale !== undefined && shift !== undefined;
      return isUniform ? putFields(draft, x, scale, shift, fn.origin) : undefined;
    }
    default:
      return undefined;
  }
}
