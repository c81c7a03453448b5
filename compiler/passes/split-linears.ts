/**
 * A linear that makes several things at once (fused q, k, v) becomes one linear for each of them, so that fused
 * and separate exports are one graph and every part gets thresholds of its own.
 *
 *     %f = linear(%x) {weight[64, 192]};  views of columns 0…63, 64…127, 128…191
 *   becomes
 *     three linears with 64 columns each, each with its own view
 *
 * Needs      every reader is a view of a set of columns; sets that have columns in common are one thing
 * Preserves  exactly
 */
import type { AnnNode, AnnOf, ann } from '../../ir/ann.ts';
import type { ConstantPool, ConstId } from '../../ir/constants.ts';
import { sizeOf, type ValueId } from '../../ir/dialect.ts';
import { HOLE, joinMaps, loopMap, moveRuns, type StridedMap } from '../../ir/map.ts';
import { eachRun, runsOfList } from '../../ir/runs.ts';
import { putLinear } from '../ann/draft.ts';
import { type Rewrite, rebuild } from '../ann/rebuild.ts';
import { type Selection, select } from '../ann/selection.ts';
import { deriveConstant } from '../ann/values.ts';
import type { Pass } from '../pass.ts';

export const splitLinears: Pass<typeof ann, typeof ann> = {
  name: 'split-linears',
  summary: 'One linear for each of the things that a fused linear makes.',
  source: 'design 1, Stages; ECMT §5.1: q, k and v have thresholds of their own',

  run(graph) {
    const columns = new Map<ValueId, readonly number[]>();
    return rebuild(graph, (node, rewrite) => {
      if (node.kind === 'linear') {
        for (const [view, seen] of separateColumns(node, rewrite)) columns.set(view, seen);
      }
      const own = columns.get(node.id);
      if (node.kind !== 'view' || own === undefined || own.length === 0) return undefined;
      const linear = rewrite.node(node.operands[0]!);
      return linear.kind === 'linear' ? part(node, linear, own, rewrite) : undefined;
    });
  },
};

/** Columns that each view of a linear shows, where these are things of their own; else nothing. */
function separateColumns(
  linear: AnnOf<'linear'>,
  { readers }: Rewrite,
): ReadonlyMap<ValueId, readonly number[]> {
  const channels = linear.type.shape.at(-1)!;
  const views = readers(linear.id);
  if (views.length < 2 || !views.every(isPlainView)) return new Map();
  const columns = new Map(views.map(view => [view.id, columnsOf(view, channels)]));
  const things = joinOverlapping([...columns.values()]);
  if (things.length < 2) return new Map();
  return new Map(views.map(view => [view.id, thingWith(columns.get(view.id)?.[0], things)]));
}

const thingWith = (column: number | undefined, things: readonly (readonly number[])[]): readonly number[] =>
  things.find(thing => column !== undefined && thing.includes(column)) ?? [];

/** Sets that share a column become one (a key and the half of it that is rotated); ascending. */
function joinOverlapping(sets: readonly (readonly number[])[]): readonly (readonly number[])[] {
  const distinct = new Map(sets.filter(set => set.length > 0).map(set => [set.join(), set]));
  return [...distinct.values()].reduce<readonly (readonly number[])[]>((things, set) => {
    const own = new Set(set);
    const touching = things.filter(thing => thing.some(column => own.has(column)));
    const joined = [...new Set([...set, ...touching.flat()])].toSorted((a, b) => a - b);
    return [...things.filter(thing => !touching.includes(thing)), joined];
  }, []);
}

const isPlainView = (node: AnnNode): node is AnnOf<'view'> =>
  node.kind === 'view' && node.operands.length === 1;

/** Columns of the linear that a view shows, ascending. Loops over whole rows show no other ones. */
function columnsOf(view: AnnOf<'view'>, channels: number): readonly number[] {
  const seen = new Uint8Array(channels);
  for (const { start, loops } of view.attrs.map.segments) {
    if (start === HOLE) continue;
    const across = loops.filter(loop => loop.stride % channels !== 0);
    eachRun({ start: start % channels, loops: across }, (first, stride, count) => {
      for (let i = 0; i < count; i++) {
        const column = (first + i * stride) % channels;
        seen[column < 0 ? column + channels : column] = 1;
      }
    });
  }
  return [...seen.keys()].filter(column => seen[column] === 1);
}

function part(
  view: AnnOf<'view'>,
  linear: AnnOf<'linear'>,
  columns: readonly number[],
  { draft, value }: Rewrite,
): Selection {
  const channels = linear.type.shape.at(-1)!;
  const { weight, bias } = linear.attrs;
  const source: ValueId = linear.operands[0]!;
  const narrow = putLinear(
    draft,
    value(source),
    pickColumns(weight, columns, draft.constants),
    bias && pickColumns(bias, columns, draft.constants),
    linear.origin,
  );
  const { map } = view.attrs;
  const index = shiftedColumns(map, channels, columns) ?? movedColumns(map, channels, columns);
  return select(narrow, { index, shape: view.type.shape });
}

/** The view's map over the narrow linear, where its columns are neighbours and every loop keeps to rows or columns. */
function shiftedColumns(
  { segments }: StridedMap,
  channels: number,
  columns: readonly number[],
): StridedMap | undefined {
  const [first, width] = [columns[0]!, columns.length];
  if (columns.at(-1)! - first !== width - 1) return undefined;
  const maps: StridedMap[] = [];
  for (const { start, loops } of segments) {
    const across = loops.filter(loop => loop.stride % channels !== 0);
    const last = across.reduce((sum, { count, stride }) => sum + (count - 1) * stride, start % channels);
    if (start === HOLE || last >= channels || across.some(loop => loop.stride < 0)) return undefined;
    const strides = loops.map(({ stride }) =>
      stride % channels === 0 ? (stride / channels) * width : stride,
    );
    const begin = Math.floor(start / channels) * width + (start % channels) - first;
    maps.push(
      loopMap(
        begin,
        loops.map(loop => loop.count),
        strides,
      ),
    );
  }
  return joinMaps(maps);
}

/** The same run by run, for columns anywhere. A run along neighbouring columns stays a run. */
function movedColumns(map: StridedMap, channels: number, columns: readonly number[]): StridedMap {
  const place = new Int32Array(channels).fill(-1);
  columns.forEach((column, i) => {
    place[column] = i;
  });
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
  const rows = sizeOf(shape) / channels;
  const width = columns.length;
  const runs = runsOfList(columns);
  return deriveConstant(constants, id, `columns ${columns}`, [...shape.slice(0, -1), width], data => {
    const out =
      data instanceof Float32Array ? new Float32Array(rows * width) : new Float64Array(rows * width);
    for (let row = 0; row < rows; row++) {
      let at = row * width;
      runs.starts.forEach((start, i) => {
        const [from, count, stride] = [row * channels + start, runs.counts[i]!, runs.strides[i]!];
        if (stride === 1) out.set(data.subarray(from, from + count), at);
        else for (let k = 0; k < count; k++) out[at + k] = data[from + k * stride]!;
        at += count;
      });
    }
    return out;
  });
}
