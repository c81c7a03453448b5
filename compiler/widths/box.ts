/** Boxes: what every number of a tensor lies between, whatever the image; in integers of the tensor's own unit. */
import { saturate } from '../../ir/fixed.ts';
import { HOLE } from '../../ir/map.ts';

export interface Box {
  readonly low: Float64Array;
  readonly high: Float64Array;
}

/**
 * What neurons of a group (the last axis) can only do together: a bound of Σ |x| (softmax) and of √Σ x² (norms)
 * over a group, in the box's unit; infinite where nothing is known.
 */
export interface Joint {
  readonly channels: number;
  readonly sum: number;
  readonly norm: number;
}

export const openJoint = (channels: number): Joint => ({
  channels,
  sum: Number.POSITIVE_INFINITY,
  norm: Number.POSITIVE_INFINITY,
});

export const zeroBox = (size: number): Box => ({
  low: new Float64Array(size),
  high: new Float64Array(size),
});

export const constantBox = (size: number, low: number, high: number): Box => ({
  low: new Float64Array(size).fill(low),
  high: new Float64Array(size).fill(high),
});

/** Applies a rising function to both ends. */
export const mapBox = ({ low, high }: Box, f: (x: number, i: number) => number): Box => ({
  low: low.map(f),
  high: high.map(f),
});

export function addBox(into: Box, { low, high }: Box): void {
  for (let i = 0; i < low.length; i++) {
    into.low[i]! += low[i]!;
    into.high[i]! += high[i]!;
  }
}

export const saturateBox = (box: Box, bits: number): Box => mapBox(box, x => saturate(x, bits));

/** Largest magnitude in a box. */
export function reachOf({ low, high }: Box): number {
  let reach = 0;
  for (let i = 0; i < low.length; i++) reach = Math.max(reach, -low[i]!, high[i]!);
  return reach;
}

/** The box of what a map picks: element k of every period stands for all of them; a hole is 0. */
export function pickBox(box: Box, indices: Int32Array, period: number): Box {
  const low = new Float64Array(period).fill(Number.POSITIVE_INFINITY);
  const high = new Float64Array(period).fill(Number.NEGATIVE_INFINITY);
  for (let i = 0, k = 0; i < indices.length; i++, k = k + 1 === period ? 0 : k + 1) {
    const index = indices[i]!;
    const [a, b] = index === HOLE ? [0, 0] : [box.low[index]!, box.high[index]!];
    if (a < low[k]!) low[k] = a;
    if (b > high[k]!) high[k] = b;
  }
  return { low, high };
}

/** The ends of x · y. */
export function timesInterval(a: number, b: number, c: number, d: number): readonly [number, number] {
  const [p, q, r, s] = [a * c, a * d, b * c, b * d];
  return [Math.min(p, q, r, s), Math.max(p, q, r, s)];
}

/** In how many groups the elements of one row lie, at most; infinite where a row reads an element twice. */
export function groupsOfRows(indices: Int32Array, inputs: number, channels: number): number {
  let most = 0;
  for (let at = 0; at < indices.length; at += inputs) {
    const row = indices.subarray(at, at + inputs).filter(index => index !== HOLE);
    if (new Set(row).size !== row.length) return Number.POSITIVE_INFINITY;
    most = Math.max(most, new Set(row.map(index => Math.floor(index / channels))).size);
  }
  return most;
}
