/**
 * A sum or product of a tensor seen in another order (channels first) and of numbers spread over it is computed in
 * the order in which the tensor lies, and seen in the other order afterwards. So a norm over axis 1 and a norm over
 * the last axis are one graph.
 *
 *     %t = view(%x) {transposed}   %y = add(%t, view(%m) {spread})
 *   becomes
 *     %z = add(%x, view(%m) {spread the other way})   %y = view(%z) {transposed}
 *
 * Needs      one operand is a node in another order, whole; the other repeats its elements
 * Preserves  exactly
 */
import type { ann } from '../../ir/ann.ts';
import { sizeOf, type ValueId } from '../../ir/dialect.ts';
import { loopMap, type StridedMap } from '../../ir/map.ts';
import { putBinary } from '../ann/draft.ts';
import { rebuild } from '../ann/rebuild.ts';
import { type Selection, select } from '../ann/selection.ts';
import type { Pass } from '../pass.ts';

export const alignLayouts: Pass<typeof ann, typeof ann> = {
  name: 'align-layouts',
  summary: 'Compute sums and products in the order in which tensors lie.',
  source: 'design 1, Stages: views cost nothing where they stand last',

  run: graph =>
    rebuild(graph, ({ kind, operands, origin }, { draft, value }) => {
      if (kind !== 'add' && kind !== 'mul') return undefined;
      const [a, b] = (operands as readonly [ValueId, ValueId]).map(value) as [Selection, Selection];
      const [moved, spread] = isSpread(b) ? [a, b] : [b, a];
      const back = isSpread(spread) ? inverseOrder(moved) : undefined;
      const [source] = moved.sources;
      if (back === undefined || source === undefined) return undefined;
      const { shape } = source;
      const inner = putBinary(
        draft,
        kind,
        { sources: [source], index: undefined, shape },
        select(spread, { index: back, shape }),
        origin,
      );
      return select(inner, { index: moved.index, shape: moved.shape });
    }),
};

const isSpread = ({ sources, index }: Selection): boolean =>
  index !== undefined && sources.length === 1 && index.length > sizeOf(sources[0]!.shape);

/** Where each element of the source stands in a selection that is all of it in another order. */
function inverseOrder({ sources, index }: Selection): StridedMap | undefined {
  const [source, ...others] = sources;
  const [segment, ...more] = index?.segments ?? [];
  if (source === undefined || segment === undefined || others.length > 0 || more.length > 0) return undefined;
  if (segment.loops.length < 2) return undefined;
  let step = 1;
  const placed = segment.loops.toReversed().map(({ count, stride }) => {
    const loop = { count, stride, place: step };
    step *= count;
    return loop;
  });
  const bySource = placed.toSorted((x, y) => y.stride - x.stride);
  let reach = 1;
  for (const { count, stride } of bySource.toReversed()) {
    if (stride !== reach) return undefined;
    reach *= count;
  }
  if (segment.start !== 0 || reach !== sizeOf(source.shape)) return undefined;
  return loopMap(
    0,
    bySource.map(loop => loop.count),
    bySource.map(loop => loop.place),
  );
}
