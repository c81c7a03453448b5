/** Windows that slide over the spatial axes of an image: what convolutions and poolings share. */
import { asNode } from '../../ann/draft.ts';
import { padPick } from '../../ann/indices.ts';
import { selectAll } from '../../ann/selection.ts';
import {
  checkShape,
  dataOf,
  entryOf,
  numberAttr,
  numbersAttr,
  type OpContext,
  pickValue,
  refuse,
  stringAttr,
  type Value,
} from '../context.ts';

/** Window o covers the coordinates o · stride − before + k · dilation for k < kernel. */
export interface WindowAxis {
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  readonly after: number;
  readonly out: number;
}

/** Coordinates, steps and paddings beyond are no network's, and would leave the range of indices. */
export const FARTHEST = 2 ** 24;

/** Coordinates that a kernel spans. */
export const reachOf = (kernel: number, dilation: number): number => dilation * (kernel - 1) + 1;

export function windowAxes(
  context: OpContext,
  spatial: readonly number[],
  kernel: readonly number[],
): readonly WindowAxis[] {
  const rank = kernel.length;
  const strides = numbersAttr(context, 'strides') ?? kernel.map(() => 1);
  const dilations = numbersAttr(context, 'dilations') ?? kernel.map(() => 1);
  const pads = numbersAttr(context, 'pads') ?? [...kernel, ...kernel].map(() => 0);
  const isCeil = numberAttr(context, 'ceil_mode', 0) === 1;
  return spatial.map((size, axis) => {
    const [window, stride, dilation] = [kernel[axis] ?? 0, strides[axis] ?? 0, dilations[axis] ?? 0];
    const isSound = [window, stride, dilation].every(n => Number.isInteger(n) && n > 0 && n < FARTHEST);
    if (!isSound) return refuse(`kernel ${window}, stride ${stride}, dilation ${dilation}`);
    const reach = reachOf(window, dilation);
    const given = [pads[axis] ?? 0, pads[axis + rank] ?? 0] as const;
    const [before, after] = padding(context, given, (Math.ceil(size / stride) - 1) * stride + reach - size);
    const steps = (size + before + after - reach) / stride;
    const whole = (isCeil ? Math.ceil(steps) : Math.floor(steps)) + 1;
    // A last window that would begin behind the image and its padding before it does not count.
    const out = isCeil && (whole - 1) * stride >= size + before ? whole - 1 : whole;
    if (!(before >= 0 && after >= 0 && before < FARTHEST && after < FARTHEST && out > 0))
      return refuse(`kernel ${window} over ${size}`);
    return { size, kernel: window, stride, dilation, before, after, out };
  });
}

/**
 * An image […, …spatial] with its padding as a tensor of its own, and the axes of windows that all lie inside:
 * windows over a border are millions of short runs, windows of a padded image are loops.
 */
export function padImage(
  context: OpContext,
  x: Value,
  axes: readonly WindowAxis[],
): { readonly image: Value; readonly axes: readonly WindowAxis[] } {
  const missing = axes.map(({ size, kernel, stride, dilation, before, out }) => ({
    before,
    after: Math.max(0, (out - 1) * stride + reachOf(kernel, dilation) - before - size),
  }));
  if (missing.every(({ before, after }) => before <= 0 && after === 0)) return { image: x, axes };
  const inside = axes.map((axis, i) => {
    const first = Math.max(0, axis.before);
    return { ...axis, size: axis.size + first + missing[i]!.after, before: axis.before - first };
  });
  checkShape([...x.shape.slice(0, x.shape.length - axes.length), ...inside.map(axis => axis.size)]);
  const lead = x.shape.slice(0, x.shape.length - axes.length).map(() => 0);
  const before = [...lead, ...missing.map(side => Math.max(0, side.before))];
  const after = [...lead, ...missing.map(side => side.after)];
  const padded = pickValue(x, padPick(x.shape, before, after));
  if (padded.kind === 'constant') return { image: padded, axes: inside };
  return {
    image: dataOf(selectAll(asNode(context.draft, padded, padded.shape, context.node.name))),
    axes: inside,
  };
}

/** `total`: what is missing for as many windows as there are strides. */
export function padding(
  context: OpContext,
  given: readonly [before: number, after: number],
  total: number,
): readonly [before: number, after: number] {
  const auto = stringAttr(context, 'auto_pad', 'NOTSET');
  const all = Math.max(0, total);
  const [small, large] = [Math.floor(all / 2), Math.ceil(all / 2)];
  const modes: { readonly [mode: string]: readonly [number, number] } = {
    NOTSET: given,
    VALID: [0, 0],
    SAME_UPPER: [small, large],
    SAME_LOWER: [large, small],
  };
  return entryOf(modes, auto) ?? refuse(`auto_pad ${auto}`);
}
