/**
 * Index arithmetic of tensors, row-major. Every operator that only moves numbers is one list: for each element
 * of the result, which element of the operand it is (or HOLE). The importer applies such lists to constants and
 * to computed tensors alike.
 */
import { sizeOf } from '../../ir/dialect.ts';
import { HOLE } from '../../ir/map.ts';

/** `index` undefined: every element, in order. */
export interface Pick {
  readonly index: Int32Array | undefined;
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

/** start + Σ i_axis · stride_axis for every i in `counts`. Cost: linear in the result. */
export function stridedIndex(
  start: number,
  counts: readonly number[],
  strides: readonly number[],
): Int32Array {
  const out = new Int32Array(sizeOf(counts));
  if (out.length === 0) return out;
  out[0] = start;
  let block = 1;
  for (let axis = counts.length - 1; axis >= 0; axis--) {
    const count = counts[axis]!;
    for (let i = 1; i < count; i++) {
      const shift = i * strides[axis]!;
      for (let j = 0; j < block; j++) out[i * block + j] = out[j]! + shift;
    }
    block *= count;
  }
  return out;
}

export const iota = (length: number): Int32Array => stridedIndex(0, [length], [1]);

const isIota = (index: Int32Array, length: number): boolean =>
  index.length === length && index.every((value, i) => value === i);

/** A list that changes nothing becomes undefined, so that a view that does nothing vanishes. */
export const pickOf = (index: Int32Array, shape: readonly number[], sourceLength: number): Pick => ({
  index: isIota(index, sourceLength) ? undefined : index,
  shape,
});

/** First `inner`, then `outer`; either may be undefined (all, in order). Holes stay holes. */
export function composeIndex(
  outer: Int32Array | undefined,
  inner: Int32Array | undefined,
): Int32Array | undefined {
  if (outer === undefined || inner === undefined) return outer ?? inner;
  return outer.map(i => (i === HOLE ? HOLE : inner[i]!));
}

export function transposePick(shape: readonly number[], axes: readonly number[]): Pick {
  const strides = stridesOf(shape);
  const counts = axes.map(axis => shape[axis]!);
  const index = stridedIndex(
    0,
    counts,
    axes.map(axis => strides[axis]!),
  );
  return pickOf(index, counts, sizeOf(shape));
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
  const index = stridedIndex(first * strides[axis]!, counts, strides.with(axis, step * strides[axis]!));
  return pickOf(index, counts, sizeOf(shape));
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
  return pickOf(stridedIndex(0, to, steps), to, sizeOf(from));
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
  const index = new Int32Array(outer * indices.length * inner);
  let at = 0;
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < indices.length; i++) {
      const first = (o * size + indices[i]!) * inner;
      for (let j = 0; j < inner; j++) index[at++] = first + j;
    }
  }
  return pickOf(index, [...shape.slice(0, axis), ...indicesShape, ...shape.slice(axis + 1)], sizeOf(shape));
}

/** `before` and `after` holes on each axis; a negative number cuts. */
export function padPick(shape: readonly number[], before: readonly number[], after: readonly number[]): Pick {
  const counts = shape.map((size, axis) => size + before[axis]! + after[axis]!);
  return pickOf(
    boundedIndex(
      counts,
      counts.map((_, axis) => [axis, 1, -before[axis]!] as const),
      shape,
    ),
    counts,
    sizeOf(shape),
  );
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
  const walks = counts.map((_, at): readonly [number, number, number] => {
    if (at < rank) return [at + 1, axes[at]!.stride, -axes[at]!.before];
    return at === rank ? [0, 1, channels[0]] : [at - rank, axes[at - rank - 1]!.dilation, 0];
  });
  const shape = [allChannels, ...axes.map(a => a.size)];
  const rows = sizeOf(counts.slice(0, rank));
  const index = boundedIndex(counts, walks, shape);
  return pickOf(index, [rows, index.length / rows], sizeOf(shape));
}

/**
 * For every position of `counts`: where its walkers stand in `shape`; HOLE if outside. A walker moves the
 * coordinate of one axis of `shape`: [axis, step, offset].
 */
function boundedIndex(
  counts: readonly number[],
  walks: readonly (readonly [axis: number, step: number, offset: number])[],
  shape: readonly number[],
): Int32Array {
  const strides = stridesOf(shape);
  const places = shape.map((_, axis) => {
    const start = walks.reduce((sum, [a, , offset]) => sum + (a === axis ? offset : 0), 0);
    return stridedIndex(
      start,
      counts,
      walks.map(([a, step]) => (a === axis ? step : 0)),
    );
  });
  return new Int32Array(sizeOf(counts)).map((_, i) => {
    let index = 0;
    for (let axis = 0; axis < shape.length; axis++) {
      const place = places[axis]![i]!;
      if (place < 0 || place >= shape[axis]!) return HOLE;
      index += place * strides[axis]!;
    }
    return index;
  });
}
