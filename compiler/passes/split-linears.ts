/**
 * A linear that makes several things at once (fused q, k, v) becomes one linear for each of them, so that fused
 * and separate exports are one graph and every part gets thresholds of its own.
 *
 *     %f = linear(%x) {weight[64, 192]};  views of columns 0…63, 64…127, 128…191
 *   becomes
 *     three linears with 64 columns each, each with its own view
 *
 * Needs      every reader is a view of a set of columns, sets that are equal or have nothing in common
 * Preserves  exactly
 */
import type { AnnNode, AnnOf, ann } from '../../ir/ann.ts';
import type { ConstantPool, ConstId } from '../../ir/constants.ts';
import { sizeOf, type ValueId } from '../../ir/dialect.ts';
import { moveRuns, type StridedMap } from '../../ir/map.ts';
import { putLinear } from '../ann/draft.ts';
import { type Rewrite, rebuild } from '../ann/rebuild.ts';
import { type Selection, select } from '../ann/selection.ts';
import { deriveConstant } from '../ann/values.ts';
import type { Pass } from '../pass.ts';

export const splitLinears: Pass<typeof ann, typeof ann> = {
  name: 'split-linears',
  summary: 'One linear for each of the things that a fused linear makes.',
  source: 'design 1, Stages; ECMT §5.1: q, k and v have thresholds of their own',

  run: graph =>
    rebuild(graph, (node, rewrite) => {
      if (node.kind !== 'view' || node.operands.length !== 1) return undefined;
      const linear = rewrite.node(node.operands[0]!);
      return linear.kind === 'linear' && isSeparable(linear, rewrite)
        ? part(node, linear, rewrite)
        : undefined;
    }),
};

function isSeparable(linear: AnnOf<'linear'>, { readers }: Rewrite): boolean {
  const channels = linear.type.shape.at(-1)!;
  const views = readers(linear.id);
  if (views.length < 2 || !views.every(isPlainView)) return false;
  const sets = [...new Set(views.map(view => columnsOf(view, channels).join()))].map(text => text.split(','));
  return sets.length > 1 && new Set(sets.flat()).size === sets.flat().length;
}

const isPlainView = (node: AnnNode): node is AnnOf<'view'> =>
  node.kind === 'view' && node.operands.length === 1;

/** Columns of the linear that a view shows, ascending. */
function columnsOf(view: AnnOf<'view'>, channels: number): readonly number[] {
  const seen = new Uint8Array(channels);
  const known = new Set<string>();
  moveRuns(view.attrs.map, (start, stride, count) => {
    const key = `${start % channels} ${stride} ${count}`;
    if (known.has(key)) return;
    known.add(key);
    for (let i = 0; i < count; i++) seen[(start + i * stride) % channels] = 1;
  });
  return [...seen.keys()].filter(column => seen[column] === 1);
}

function part(view: AnnOf<'view'>, linear: AnnOf<'linear'>, { draft, value }: Rewrite): Selection {
  const channels = linear.type.shape.at(-1)!;
  const columns = columnsOf(view, channels);
  const { weight, bias } = linear.attrs;
  const source: ValueId = linear.operands[0]!;
  const narrow = putLinear(
    draft,
    value(source),
    pickColumns(weight, columns, draft.constants),
    bias && pickColumns(bias, columns, draft.constants),
    linear.origin,
  );
  const place = new Int32Array(channels).fill(-1);
  columns.forEach((column, i) => {
    place[column] = i;
  });
  return select(narrow, {
    index: narrowed(view.attrs.map, channels, columns, place),
    shape: view.type.shape,
  });
}

/** The view's map over the narrow linear. A run along neighbouring columns stays a run. */
function narrowed(
  map: StridedMap,
  channels: number,
  columns: readonly number[],
  place: Int32Array,
): StridedMap {
  const move = (i: number) => Math.floor(i / channels) * columns.length + place[i % channels]!;
  return moveRuns(map, (start, stride, count, emit) => {
    const [first, last] = [start % channels, (start % channels) + (count - 1) * stride];
    const isRun = stride === 1 && last < channels && place[last]! - place[first]! === last - first;
    if (isRun) emit(move(start), 1, count);
    else for (let i = 0; i < count; i++) emit(move(start + i * stride), 0, 1);
  });
}

function pickColumns(id: ConstId, columns: readonly number[], constants: ConstantPool): ConstId {
  const { shape } = constants.get(id);
  const channels = shape.at(-1)!;
  const picked = [...shape.slice(0, -1), columns.length];
  return deriveConstant(constants, id, `columns ${columns}`, picked, data => {
    const out = new Float64Array(sizeOf(picked));
    for (let i = 0; i < out.length; i++) {
      const column = columns[i % columns.length]!;
      out[i] = data[Math.floor(i / columns.length) * channels + column]!;
    }
    return out;
  });
}
