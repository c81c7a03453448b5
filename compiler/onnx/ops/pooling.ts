/** Pooling: every window of an image laid out as a row, and rows reduced. */
import { sizeOf } from '../../../ir/dialect.ts';
import { gatherPick, transposePick } from '../../ann/indices.ts';
import {
  checkShape,
  inputAt,
  numberAttr,
  numbersAttr,
  type OpContext,
  type OpRule,
  pickValue,
  refuse,
  reshapeValue,
  type Value,
} from '../context.ts';
import { affine, makeConstant, multiply, pointwise } from './arithmetic.ts';
import type { OpTable } from './entry.ts';
import { reduceValue, rootOfSquares, sumOfMagnitudes } from './groups.ts';
import { padImage, type WindowAxis, windowAxes } from './windows.ts';

/** [N, C, …] with what `coordinate` says of each place of a window → [N, C, …out, kernel]. */
function windows(
  x: Value,
  axes: readonly WindowAxis[],
  coordinate: (axis: WindowAxis, o: number, k: number) => number,
): Value {
  for (const { out, kernel } of axes) checkShape([out * kernel]);
  checkShape([...x.shape.slice(0, 2), ...axes.map(a => a.out * a.kernel)]);
  const gathered = axes.reduce<Value>((y, axis, i) => {
    const places = Array.from({ length: axis.out * axis.kernel }, (_, at) =>
      coordinate(axis, Math.floor(at / axis.kernel), at % axis.kernel),
    );
    return pickValue(y, gatherPick(y.shape, 2 + i, places, [places.length]));
  }, x);
  const lead = x.shape.slice(0, 2);
  const split = reshapeValue(gathered, [...lead, ...axes.flatMap(axis => [axis.out, axis.kernel])]);
  const order = [0, 1, ...axes.map((_, i) => 2 + 2 * i), ...axes.map((_, i) => 3 + 2 * i)];
  const rows = pickValue(split, transposePick(split.shape, order));
  return reshapeValue(rows, [...lead, ...axes.map(axis => axis.out), sizeOf(axes.map(axis => axis.kernel))]);
}

const placeOf = ({ stride, before, dilation }: WindowAxis, o: number, k: number): number =>
  o * stride - before + k * dilation;

/** The coordinate itself, or, outside the image, the first one of the window that is inside: a maximum does not mind. */
function insidePlace(axis: WindowAxis, o: number, k: number): number {
  const at = placeOf(axis, o, k);
  if (at >= 0 && at < axis.size) return at;
  const first = Math.max(0, Math.ceil((axis.before - o * axis.stride) / axis.dilation));
  const inside = placeOf(axis, o, first);
  return first < axis.kernel && inside < axis.size ? inside : refuse('a window lies outside the image');
}

/** Windows with zeros where they reach over the edge. */
function borderedWindows(context: OpContext, x: Value, axes: readonly WindowAxis[]): Value {
  const whole = padImage(context, x, axes);
  return windows(whole.image, whole.axes, placeOf);
}

function operands(context: OpContext) {
  const x = inputAt(context, 0);
  const kernel = numbersAttr(context, 'kernel_shape') ?? refuse('it has no kernel_shape');
  const spatial = x.shape.slice(2);
  if (kernel.length !== spatial.length || kernel.length === 0) refuse(`kernel [${kernel}] over [${x.shape}]`);
  return { x, axes: windowAxes(context, spatial, kernel) };
}

const dropLast = (x: Value): Value => reshapeValue(x, x.shape.slice(0, -1));
const lastAxis = (x: Value): readonly number[] => [x.shape.length - 1];

const maxPool: OpRule = context => {
  const { x, axes } = operands(context);
  const rows = windows(x, axes, insidePlace);
  return [dropLast(reduceValue(context, rows, 'max', lastAxis(rows)))];
};

/** How many numbers of each window count: those of the image, and with `count_include_pad` those of its padding. */
function counts(axes: readonly WindowAxis[], includesPad: boolean) {
  const perAxis = axes.map(axis =>
    Array.from({ length: axis.out }, (_, o) => {
      const [low, high] = includesPad ? [-axis.before, axis.size + axis.after] : [0, axis.size];
      return Array.from({ length: axis.kernel }, (__, k) => placeOf(axis, o, k)).filter(
        at => at >= low && at < high,
      ).length;
    }),
  );
  const out = axes.map(axis => axis.out);
  return { out, at: (place: readonly number[]) => place.reduce((n, o, axis) => n * perAxis[axis]![o]!, 1) };
}

const averagePool: OpRule = context => {
  const { x, axes } = operands(context);
  const rows = borderedWindows(context, x, axes);
  const mean = dropLast(reduceValue(context, rows, 'mean', lastAxis(rows)));
  const { out, at } = counts(axes, numberAttr(context, 'count_include_pad', 0) === 1);
  const kernel = sizeOf(axes.map(axis => axis.kernel));
  const steps = out.map((_, axis) => sizeOf(out.slice(axis + 1)));
  const factors = makeConstant('float64', out, i => {
    const count = at(out.map((size, axis) => Math.floor(i / steps[axis]!) % size));
    return count === 0 ? refuse('a window lies outside the image') : kernel / count;
  });
  return [factors.data.every(factor => factor === 1) ? mean : multiply(context, mean, factors)];
};

/** (Σ |x|^p)^(1/p) over `axes`. */
function lpNorm(context: OpContext, x: Value, axes: readonly number[]): Value {
  const p = numberAttr(context, 'p', 2);
  if (p === 1) return sumOfMagnitudes(context, x, axes);
  return p === 2 ? rootOfSquares(context, x, axes) : refuse(`p = ${p}; 1 and 2 are supported`);
}

const lpPool: OpRule = context => {
  const { x, axes } = operands(context);
  const rows = borderedWindows(context, x, axes);
  return [dropLast(lpNorm(context, rows, lastAxis(rows)))];
};

const global =
  (apply: (context: OpContext, x: Value, axes: readonly number[]) => Value): OpRule =>
  context => {
    const x = inputAt(context, 0);
    const axes = x.shape.map((_, axis) => axis).slice(2);
    return [axes.length === 0 ? refuse('it has no spatial axes') : apply(context, x, axes)];
  };

/** x / (bias + alpha / size · Σ x²)^beta, the sum over neighbouring channels. */
const localResponse: OpRule = context => {
  const x = inputAt(context, 0);
  const [batch = 1, channels = 1, ...spatial] = x.shape;
  const size = numberAttr(context, 'size', 1);
  const [alpha, beta] = [numberAttr(context, 'alpha', 1e-4), numberAttr(context, 'beta', 0.75)];
  const before = Math.floor((size - 1) / 2);
  const axis = {
    size: channels,
    kernel: size,
    stride: 1,
    dilation: 1,
    before,
    after: size - 1 - before,
    out: channels,
  };
  if (!Number.isInteger(size) || size < 1 || size > 2 * channels || x.shape.length < 2)
    refuse(`${size} channels of [${x.shape}]`);
  const still = {
    size: sizeOf(spatial),
    kernel: 1,
    stride: 1,
    dilation: 1,
    before: 0,
    after: 0,
    out: sizeOf(spatial),
  };
  const squares = reshapeValue(pointwise(context, x, 'square'), [batch, 1, channels, sizeOf(spatial)]);
  const rows = borderedWindows(context, squares, [axis, still]);
  const sums = dropLast(reduceValue(context, rows, 'sum', lastAxis(rows)));
  const base = affine(context, sums, alpha / size, numberAttr(context, 'bias', 1));
  const factor = pointwise(context, affine(context, pointwise(context, base, 'log'), -beta), 'exp');
  return [multiply(context, x, reshapeValue(factor, x.shape))];
};

export const poolingOps: OpTable = {
  MaxPool: { rule: maxPool, limits: 'without indices' },
  AveragePool: { rule: averagePool },
  LpPool: { rule: lpPool, limits: 'p = 1 or 2' },
  GlobalMaxPool: { rule: global((context, x, axes) => reduceValue(context, x, 'max', axes)) },
  GlobalAveragePool: { rule: global((context, x, axes) => reduceValue(context, x, 'mean', axes)) },
  GlobalLpPool: { rule: global(lpNorm), limits: 'p = 1 or 2' },
  LRN: { rule: localResponse },
};
