/**
 * Index arithmetic of tensors, row-major. Every operator that only moves numbers is one map: for each element of
 * the result, which element of the operand it is (or a hole). The importer applies such maps to constants and to
 * computed tensors alike; most are nested loops and cost nothing, whatever the size of the tensor.
 */
import { sizeOf } from '../../ir/dialect.ts';
import {
  composeMaps,
  compressMap,
  expandMap,
  holeMap,
  isIdentity,
  joinMaps,
  loopMap,
  type StridedMap,
} from '../../ir/map.ts';

/** `index` undefined: every element, in order. */
export interface Pick {
  readonly index: StridedMap | undefined;
  readonly shape: readonly number[];
}

export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= shape[axis]!;
  }
  return strides;
}

/** A map that changes nothing becomes undefined, so that a view that does nothing vanishes. */
export const pickMap = (map: StridedMap, shape: readonly number[], sourceLength: number): Pick => ({
  index: isIdentity(map, sourceLength) ? undefined : map,
  shape,
});

/** The same for a list of indices, for what no loop describes. Cost: linear in the list. */
export const pickOf = (index: ArrayLike<number>, shape: readonly number[], sourceLength: number): Pick =>
  pickMap(compressMap(index), shape, sourceLength);

/** The list of a pick, undefined for all in order. Cost: linear in the list. */
export const indicesOf = ({ index }: Pick): Int32Array | undefined =>
  index === undefined ? undefined : expandMap(index);

/** First `inner`, then `outer`; either may be undefined (all, in order). Holes stay holes. */
export function composeIndex(
  outer: StridedMap | undefined,
  inner: StridedMap | undefined,
): StridedMap | undefined {
  if (outer === undefined || inner === undefined) return outer ?? inner;
  return composeMaps(outer, inner);
}

export function transposePick(shape: readonly number[], axes: readonly number[]): Pick {
  const strides = stridesOf(shape);
  const counts = axes.map(axis => shape[axis]!);
  const map = loopMap(
    0,
    counts,
    axes.map(axis => strides[axis]!),
  );
  return pickMap(map, counts, sizeOf(shape));
}

/** From `first`, every `step`-th, `count` of them, along one axis. */
export function slicePick(
  shape: readonly number[],
  axis: number,
  first: number,
  step: number,
  count: number,
): Pick {
  const strides = stridesOf(shape);
  const counts = shape.with(axis, count);
  const map = loopMap(first * strides[axis]!, counts, strides.with(axis, step * strides[axis]!));
  return pickMap(map, counts, sizeOf(shape));
}

/** NumPy's rule; undefined where the shapes do not go together. */
export function broadcastShape(a: readonly number[], b: readonly number[]): readonly number[] | undefined {
  const rank = Math.max(a.length, b.length);
  const out: number[] = [];
  for (let i = 0; i < rank; i++) {
    const x = a[i - rank + a.length] ?? 1;
    const y = b[i - rank + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1) return undefined;
    out.push(x === 1 ? y : x);
  }
  return out;
}

/** Needs: `from` broadcasts to `to`. */
export function broadcastPick(from: readonly number[], to: readonly number[]): Pick {
  const missing = to.length - from.length;
  const strides = stridesOf(from);
  const steps = to.map((_, axis) => ((from[axis - missing] ?? 1) === 1 ? 0 : strides[axis - missing]!));
  return pickMap(loopMap(0, to, steps), to, sizeOf(from));
}

/** Rows of `axis` named by `indices` (each in range); the result has `indicesShape` in the axis' place. */
export function gatherPick(
  shape: readonly number[],
  axis: number,
  indices: ArrayLike<number>,
  indicesShape: readonly number[],
): Pick {
  const size = shape[axis]!;
  const inner = sizeOf(shape.slice(axis + 1));
  const outer = sizeOf(shape.slice(0, axis));
  const result = [...shape.slice(0, axis), ...indicesShape, ...shape.slice(axis + 1)];
  const rows = compressMap(indices);
  const [only, ...others] = rows.segments;
  if (only !== undefined && others.length === 0) {
    const loops = only.loops.map(({ count, stride }) => ({ count, stride: stride * inner }));
    const counts = [outer, ...loops.map(loop => loop.count), inner];
    const strides = [size * inner, ...loops.map(loop => loop.stride), 1];
    return pickMap(loopMap(only.start * inner, counts, strides), result, sizeOf(shape));
  }
  const parts: StridedMap[] = [];
  for (let o = 0; o < outer; o++) {
    for (const { start, loops } of rows.segments) {
      const counts = [...loops.map(loop => loop.count), inner];
      const strides = [...loops.map(loop => loop.stride * inner), 1];
      parts.push(loopMap((o * size + start) * inner, counts, strides));
    }
  }
  return pickMap(joinMaps(parts), result, sizeOf(shape));
}

/** Parts that are laid end to end, joined along an axis. Needs: their other axes agree. */
export function joinPick(shapes: readonly (readonly number[])[], axis: number): Pick {
  const total = shapes.reduce((n, shape) => n + shape[axis]!, 0);
  const shape = shapes[0]!.with(axis, total);
  const rows = sizeOf(shape.slice(0, axis));
  const blocks = shapes.map(part => sizeOf(part.slice(axis)));
  const begins = shapes.map((_, i) => rows * blocks.slice(0, i).reduce((a, b) => a + b, 0));
  const maps = Array.from({ length: rows }, (_, row) =>
    blocks.map((block, i) => loopMap(begins[i]! + row * block, [block], [1])),
  );
  return pickMap(joinMaps(maps.flat()), shape, sizeOf(shape));
}

/** `before` and `after` holes on each axis; a negative number cuts. */
export function padPick(shape: readonly number[], before: readonly number[], after: readonly number[]): Pick {
  const counts = shape.map((size, axis) => size + before[axis]! + after[axis]!);
  const walks = counts.map((_, axis) => ({ axis, step: 1, offset: -before[axis]! }));
  return pickMap(boundedMap(counts, walks, shape), counts, sizeOf(shape));
}

/**
 * Patches of an image as rows, holes where a patch reaches over the edge: [1, channels, …spatial] →
 * [positions, channels · kernel]. `axes[i]` describes spatial axis i.
 */
export function patchPick(
  channels: readonly [first: number, count: number],
  axes: readonly {
    size: number;
    kernel: number;
    stride: number;
    dilation: number;
    before: number;
    out: number;
  }[],
  allChannels: number,
): Pick {
  const rank = axes.length;
  const counts = [...axes.map(a => a.out), channels[1], ...axes.map(a => a.kernel)];
  const walks = counts.map((_, at): Walk => {
    if (at < rank) return { axis: at + 1, step: axes[at]!.stride, offset: -axes[at]!.before };
    if (at === rank) return { axis: 0, step: 1, offset: channels[0] };
    return { axis: at - rank, step: axes[at - rank - 1]!.dilation, offset: 0 };
  });
  const shape = [allChannels, ...axes.map(a => a.size)];
  const rows = sizeOf(counts.slice(0, rank));
  return pickMap(boundedMap(counts, walks, shape), [rows, sizeOf(counts) / rows], sizeOf(shape));
}

/** One loop that moves the coordinate of one axis. */
interface Walk {
  readonly axis: number;
  readonly step: number;
  readonly offset: number;
}

/**
 * For every position of `counts`: where its walkers stand in `shape`; a hole where one stands outside.
 * Cost: nothing to speak of where all stand inside, else the runs of the outer loops
 */
function boundedMap(counts: readonly number[], walks: readonly Walk[], shape: readonly number[]): StridedMap {
  if (counts.includes(0)) return loopMap(0, counts, counts);
  const strides = stridesOf(shape);
  const origins = shape.map((_, axis) =>
    walks.reduce((sum, walk) => sum + (walk.axis === axis ? walk.offset : 0), 0),
  );
  const lay = (level: number, places: readonly number[]): StridedMap => {
    const bounds = shape.map((_, axis) => {
      const reach = walks.reduce(
        (sum, walk, i) => sum + (i >= level && walk.axis === axis ? (counts[i]! - 1) * walk.step : 0),
        0,
      );
      return { low: places[axis]!, high: places[axis]! + reach };
    });
    const inner = counts.slice(level);
    if (bounds.every(({ low, high }, axis) => low >= 0 && high < shape[axis]!)) {
      const start = places.reduce((sum, place, axis) => sum + place * strides[axis]!, 0);
      const steps = walks.slice(level).map(({ axis, step }) => step * strides[axis]!);
      return loopMap(start, inner, steps);
    }
    const isOutside = bounds.some(({ low, high }, axis) => high < 0 || low >= shape[axis]!);
    const walk = walks[level];
    if (isOutside || walk === undefined) return holeMap(sizeOf(inner));
    return joinMaps(
      Array.from({ length: counts[level]! }, (_, i) =>
        lay(level + 1, places.with(walk.axis, places[walk.axis]! + i * walk.step)),
      ),
    );
  };
  return lay(0, origins);
}
