/**
 * Resampling of images (and of position embeddings): along each axis a linear map, whose matrix constants alone
 * decide. Nearest neighbours only move numbers.
 */
import { sizeOf } from '../../../ir/dialect.ts';
import { gatherPick } from '../../ann/indices.ts';
import {
  axesIn,
  checkShape,
  constantAt,
  entryOf,
  inputAt,
  numberAttr,
  numbersAttr,
  type OpContext,
  type OpRule,
  pickValue,
  refuse,
  reshapeValue,
  stringAttr,
  type Value,
} from '../context.ts';
import { add, makeConstant, multiply } from './arithmetic.ts';
import type { OpTable } from './entry.ts';
import { axesLast } from './groups.ts';
import { matrixProduct } from './linear.ts';

interface Axis {
  readonly axis: number;
  readonly size: number;
  readonly out: number;
  readonly scale: number;
  /** Part of the axis that is seen, in [0, 1]; for crops. */
  readonly roi: readonly [start: number, end: number];
}

interface Style {
  readonly mode: string;
  readonly coordinates: string;
  readonly nearest: string;
  readonly cubic: number;
  readonly isAntialiased: boolean;
  readonly excludesOutside: boolean;
  readonly extrapolation: number;
}

/** Place in the input that place `x` of the output stands for. */
const COORDINATES: { readonly [mode: string]: (x: number, axis: Axis) => number } = {
  half_pixel: (x, { scale }) => (x + 0.5) / scale - 0.5,
  pytorch_half_pixel: (x, { scale, out }) => (out > 1 ? (x + 0.5) / scale - 0.5 : 0),
  asymmetric: (x, { scale }) => x / scale,
  align_corners: (x, { size, scale }) => (size * scale === 1 ? 0 : (x * (size - 1)) / (size * scale - 1)),
  half_pixel_symmetric: (x, { size, out, scale }) =>
    (size / 2) * (1 - out / (size * scale)) + (x + 0.5) / scale - 0.5,
  tf_crop_and_resize: (x, { size, out, roi: [start, end] }) =>
    out > 1
      ? start * (size - 1) + (x * (end - start) * (size - 1)) / (out - 1)
      : 0.5 * (start + end) * (size - 1),
};

const NEAREST: { readonly [mode: string]: (x: number) => number } = {
  round_prefer_floor: x => Math.ceil(x - 0.5),
  round_prefer_ceil: x => Math.floor(x + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};
/** Before opset 11 nothing was said; this is what onnxruntime does: above when shrinking, else below. */
const NEAREST_OLD = 'old';

/** Weight of a neighbour at distance x, and how far neighbours reach. */
const KERNELS: {
  readonly [mode: string]: { readonly radius: number; weight(x: number, a: number): number };
} = {
  linear: { radius: 1, weight: x => Math.max(0, 1 - Math.abs(x)) },
  /** Source: R. Keys, Cubic convolution interpolation, 1981, eq. 4. */
  cubic: {
    radius: 2,
    weight: (signed, a) => {
      const x = Math.abs(signed);
      if (x >= 2) return 0;
      return x <= 1 ? ((a + 2) * x - (a + 3)) * x * x + 1 : ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
    },
  },
};

/** Weights of the inputs for the output that lies at `center`; outside the input its edge repeats. */
function weightsAt(center: number, { size, scale }: Axis, style: Style): Float64Array {
  const { radius, weight } = entryOf(KERNELS, style.mode) ?? refuse(`mode ${style.mode}`);
  const shrink = style.isAntialiased ? Math.min(1, scale) : 1;
  const reach = Math.ceil(radius / shrink);
  const row = new Float64Array(size);
  let total = 0;
  for (let i = Math.floor(center) - reach; i <= Math.floor(center) + reach + 1; i++) {
    const isOutside = i < 0 || i >= size;
    const w = weight((i - center) * shrink, style.cubic);
    if (w === 0 || (isOutside && style.excludesOutside)) continue;
    row[Math.min(Math.max(i, 0), size - 1)]! += w;
    total += w;
  }
  return total === 0 ? row : row.map(w => w / total);
}

function resizeAxis(context: OpContext, x: Value, axis: Axis, style: Style): Value {
  const coordinate = entryOf(COORDINATES, style.coordinates) ?? refuse(`coordinates ${style.coordinates}`);
  const isCrop = style.coordinates === 'tf_crop_and_resize';
  if (axis.out === axis.size && axis.scale === 1 && !isCrop) return x;
  checkShape(x.shape.with(axis.axis, axis.out));
  if (style.coordinates === 'align_corners' && Math.abs(axis.out - axis.size * axis.scale) > 1e-3)
    refuse(
      `runtimes differ in where the corners of ${axis.size * axis.scale} pixels are; give sizes, not scales`,
    );
  const centers = Array.from({ length: axis.out }, (_, at) => coordinate(at, axis));
  const outside = centers.map(center => isCrop && (center < 0 || center > axis.size - 1));
  const y =
    style.mode === 'nearest'
      ? nearest(x, axis, centers, style)
      : interpolate(context, x, axis, centers, style);
  if (!outside.includes(true)) return y;
  const along = (at: (i: number) => number) =>
    makeConstant('float32', [axis.out, ...x.shape.slice(axis.axis + 1).map(() => 1)], at);
  const inside = multiply(
    context,
    y,
    along(i => (outside[i] === true ? 0 : 1)),
  );
  return add(
    context,
    inside,
    along(i => (outside[i] === true ? style.extrapolation : 0)),
  );
}

function nearest(x: Value, { axis, size, scale }: Axis, centers: readonly number[], style: Style): Value {
  const mode = style.nearest === NEAREST_OLD ? (scale < 1 ? 'ceil' : 'floor') : style.nearest;
  const round = entryOf(NEAREST, mode) ?? refuse(`nearest mode ${mode}`);
  const places = centers.map(center => Math.min(Math.max(round(center), 0), size - 1));
  return pickValue(x, gatherPick(x.shape, axis, places, [places.length]));
}

function interpolate(
  context: OpContext,
  x: Value,
  axis: Axis,
  centers: readonly number[],
  style: Style,
): Value {
  const rows = centers.map(center => weightsAt(center, axis, style));
  const { out, size } = axis;
  checkShape([size, out]);
  const matrix = makeConstant('float64', [size, out], i => rows[i % out]![Math.floor(i / out)]!);
  const { value, restore } = axesLast(x, [axis.axis]);
  return restore(applyMatrix(context, value, matrix));
}

/** Along the last axis. */
function applyMatrix(context: OpContext, x: Value, matrix: Value): Value {
  const width = x.shape.at(-1)!;
  const rows = reshapeValue(x, [sizeOf(x.shape) / width, width]);
  return reshapeValue(matrixProduct(context, rows, matrix), x.shape.with(-1, matrix.shape[1]!));
}

function list(context: OpContext, at: number, name: string): readonly number[] | undefined {
  if (context.inputs[at] === undefined) return undefined;
  const { data } = constantAt(context, at, name);
  return data.length === 0 ? undefined : Array.from(data);
}

/** What happens along each axis; `scales` or `sizes` is there. */
function resizedAxes(
  context: OpContext,
  x: Value,
  scales: readonly number[] | undefined,
  sizes: readonly number[] | undefined,
  roi: readonly number[] | undefined,
): readonly Axis[] {
  const axes = axesIn(numbersAttr(context, 'axes') ?? x.shape.map((_, axis) => axis), x.shape.length);
  const given = scales ?? sizes ?? refuse('it has neither scales nor sizes');
  if (given.length !== axes.length) refuse(`${given.length} scales or sizes for ${axes.length} axes`);
  const factors = axes.map((axis, i) => scales?.[i] ?? sizes![i]! / x.shape[axis]!);
  const policy = stringAttr(context, 'keep_aspect_ratio_policy', 'stretch');
  const common = policy === 'not_larger' ? Math.min(...factors) : Math.max(...factors);
  const keepsRatio = scales === undefined && policy !== 'stretch';
  return axes.map((axis, i) => {
    const size = x.shape[axis]!;
    const scale = keepsRatio ? common : factors[i]!;
    const [start, end] = [roi?.[i] ?? 0, roi?.[i + axes.length] ?? 1];
    const isCrop = stringAttr(context, 'coordinate_transformation_mode', '') === 'tf_crop_and_resize';
    const seen = isCrop && scales !== undefined ? end - start : 1;
    const out = keepsRatio ? Math.floor(scale * size + 0.5) : (sizes?.[i] ?? Math.floor(size * seen * scale));
    if (!(scale > 0) || !Number.isFinite(scale) || !(out > 0)) return refuse(`axis ${axis}: scale ${scale}`);
    return { axis, size, out, scale, roi: [start, end] };
  });
}

const resize: OpRule = context => {
  const x = inputAt(context, 0);
  if (context.opset < 11) return upsample(context);
  const style: Style = {
    mode: stringAttr(context, 'mode', 'nearest'),
    coordinates: stringAttr(context, 'coordinate_transformation_mode', 'half_pixel'),
    nearest: stringAttr(context, 'nearest_mode', 'round_prefer_floor'),
    cubic: numberAttr(context, 'cubic_coeff_a', -0.75),
    isAntialiased: numberAttr(context, 'antialias', 0) === 1,
    excludesOutside: numberAttr(context, 'exclude_outside', 0) === 1,
    extrapolation: numberAttr(context, 'extrapolation_value', 0),
  };
  const axes = resizedAxes(
    context,
    x,
    list(context, 2, 'the scales'),
    list(context, 3, 'the sizes'),
    list(context, 1, 'the region'),
  );
  return [axes.reduce((y, axis) => resizeAxis(context, y, axis, style), x)];
};

/** Before opset 11: from the corner. */
const upsample: OpRule = context => {
  const x = inputAt(context, 0);
  const mode = stringAttr(context, 'mode', 'nearest');
  const style: Style = {
    mode: mode === 'bilinear' ? 'linear' : mode,
    coordinates: 'asymmetric',
    nearest: NEAREST_OLD,
    cubic: -0.75,
    isAntialiased: false,
    excludesOutside: false,
    extrapolation: 0,
  };
  const scales = list(context, 1, 'the scales') ?? numbersAttr(context, 'scales');
  return [
    resizedAxes(context, x, scales, undefined, undefined).reduce(
      (y, axis) => resizeAxis(context, y, axis, style),
      x,
    ),
  ];
};

const limits = 'scales and sizes are constants';

export const resizeOps: OpTable = { Resize: { rule: resize, limits }, Upsample: { rule: upsample, limits } };
