/**
 * What a projection's accumulator can hold. `worst` bounds every partial sum, in whatever order events arrive and
 * constants enter; `box` bounds the sum itself, which is what the population reads.
 *
 * Cost  one pass over the weights of a linear; over groups · inner for a product: rows are taken together
 */
import type { ConstantPool } from '../../ir/constants.ts';
import { sizeOf, type ValueId } from '../../ir/dialect.ts';
import { pow2 } from '../../ir/fixed.ts';
import type { IntGraph, IntProjection } from '../../ir/int.ts';
import { biasOf } from '../../ir/interpret/projections.ts';
import { HOLE, mapIndices } from '../../ir/map.ts';
import { type Box, groupsOfRows, type Joint, pickBox, timesInterval, zeroBox } from './box.ts';
import { stretchBounds } from './spectral.ts';

/** What a sender has sent up to a step, in its payload's unit. */
export interface Sent {
  readonly box: Box;
  readonly joint: Joint;
}
export interface Gathered {
  readonly box: Box;
  readonly worst: number;
  /** Bound of √Σ x² over every run of `width` channels, in real numbers; absent where nothing is known. */
  readonly norm?: (width: number) => number;
}
/** Times that constants have entered by now. */
type Bounding = (sent: ReadonlyMap<ValueId, Sent>, entered: number) => Gathered;
type Of<K extends IntProjection['kind']> = Extract<IntProjection, { kind: K }>;

export function boundProjection(node: IntProjection, { constants }: IntGraph): Bounding {
  switch (node.kind) {
    case 'linear':
      return boundLinear(node, constants);
    case 'product':
      return boundProduct(node);
    case 'hadamard':
      return boundHadamard(node);
    case 'depthwise':
      return boundDepthwise(node, constants);
    case 'maximum':
      return boundMaximum(node);
    case 'relay':
      return boundRelay(node);
    case 'bias': {
      const { data } = constants.get(node.attrs.value);
      const size = sizeOf(node.type.shape);
      const values = Float64Array.from({ length: size }, (_, i) => data[i % data.length]!);
      return (_, entered) => {
        const value = values.map(v => v * entered);
        return { box: { low: value, high: value }, worst: largest(value) };
      };
    }
    default:
      return node satisfies never;
  }
}

const largest = (values: Float64Array): number => values.reduce((a, b) => Math.max(a, Math.abs(b)), 0);

function boundLinear(node: Of<'linear'>, constants: ConstantPool): Bounding {
  const { shape, data } = constants.get(node.attrs.weight);
  const [inputs, channels] = shape as [number, number];
  const { rows } = node.attrs;
  const indices = mapIndices(node.attrs.map, rows * inputs);
  const bias = biasOf(node.attrs.bias, rows, channels, constants);
  const source = node.operands[0]!;
  const widest = new Float64Array(channels);
  const squares = new Float64Array(channels);
  for (let i = 0; i < data.length; i++) {
    const c = i % channels;
    widest[c] = Math.max(widest[c]!, Math.abs(data[i]!));
    squares[c]! += data[i]! ** 2;
  }
  const stretch = stretchOf(node, constants);
  let groups: number | undefined;
  return (sent, entered) => {
    const { box, joint } = sent.get(source)!;
    groups ??= groupsOfRows(indices, inputs, joint.channels);
    const length = joint.norm * Math.sqrt(groups);
    const x = pickBox(box, indices, inputs);
    const low = new Float64Array(channels);
    const high = new Float64Array(channels);
    const down = new Float64Array(channels);
    const up = new Float64Array(channels);
    for (let k = 0; k < inputs; k++) {
      const [a, b] = [x.low[k]!, x.high[k]!];
      for (let c = 0; c < channels; c++) {
        const w = data[k * channels + c]!;
        const [p, q] = w < 0 ? [w * b, w * a] : [w * a, w * b];
        low[c]! += p;
        high[c]! += q;
        if (p < 0) down[c]! += p;
        if (q > 0) up[c]! += q;
      }
    }
    const out = zeroBox(rows * channels);
    let worst = 0;
    for (let i = 0; i < out.low.length; i++) {
      const c = i % channels;
      const b = bias[i]! * entered;
      // Cauchy-Schwarz and Hölder, which hold for every subset of the inputs too
      const cap = Math.min(
        Math.sqrt(squares[c]! * groups) * joint.norm || 0,
        widest[c]! * groups * joint.sum || 0,
      );
      const limit = squares[c] === 0 ? 0 : cap;
      out.low[i] = b + Math.max(low[c]!, -limit);
      out.high[i] = b + Math.min(high[c]!, limit);
      worst = Math.max(
        worst,
        Math.min(up[c]!, limit) + Math.max(0, b),
        Math.min(-down[c]!, limit) + Math.max(0, -b),
      );
    }
    if (!Number.isFinite(length)) return { box: out, worst };
    return { box: out, worst, norm: width => stretch(width, length, entered) };
  };
}

/** The longest that runs of a linear's outputs can be, from inputs of a length and constants that entered. */
function stretchOf(node: Of<'linear'>, constants: ConstantPool) {
  const { shape, data } = constants.get(node.attrs.weight);
  const channels = shape[1]!;
  const scale = constants.get(node.attrs.scale).data;
  const bias = biasOf(node.attrs.bias, node.attrs.rows, channels, constants);
  const known = new Map<number, readonly [number, number]>();
  const measure = (width: number): readonly [number, number] => {
    const real = Float64Array.from(data, (w, i) => w * pow2(-scale[i % channels]!));
    const most = largest(stretchBounds(real, channels, width));
    let shift = 0;
    for (let at = 0; at < bias.length; at += width) {
      let squares = 0;
      for (let i = at; i < at + width; i++) squares += (bias[i]! * pow2(-scale[i % channels]!)) ** 2;
      shift = Math.max(shift, squares);
    }
    return [most, Math.sqrt(shift)];
  };
  return (width: number, length: number, entered: number): number => {
    const [most, shift] = known.get(width) ?? measure(width);
    known.set(width, [most, shift]);
    return most * length + shift * entered;
  };
}

function boundProduct(node: Of<'product'>): Bounding {
  const [groups, rows, columns] = node.type.shape as [number, number, number];
  const { inner } = node.attrs;
  const [a, b] = node.operands as readonly [ValueId, ValueId];
  const indexA = mapIndices(node.attrs.mapA, groups * rows * inner);
  const indexB = mapIndices(node.attrs.mapB, groups * columns * inner);
  /** Row c of group g: what all columns read beside element c of A. */
  const beside = Int32Array.from(indexB, (_, i) => {
    const [g, c, j] = [Math.floor(i / (inner * columns)), Math.floor(i / columns) % inner, i % columns];
    return indexB[(g * columns + j) * inner + c]!;
  });
  let met: readonly [number, number, number] | undefined;
  return sent => {
    const [A, B] = [sent.get(a)!, sent.get(b)!];
    met ??= [
      groupsOfRows(indexA, inner, A.joint.channels),
      groupsOfRows(indexB, inner, B.joint.channels),
      groupsOfRows(beside, columns, B.joint.channels),
    ];
    const [groupsA, groupsB, groupsBeside] = met;
    // Σ_c a_c · b_c is no longer than Σ |a_c| times the longest of the b_c.
    const length =
      groupsA * A.joint.sum * Math.sqrt(groupsBeside) * B.joint.norm * pow2(-node.attrs.fraction);
    const out = zeroBox(groups * rows * columns);
    let worst = 0;
    for (let g = 0; g < groups; g++) {
      const x = pickBox(A.box, indexA.subarray(g * rows * inner, (g + 1) * rows * inner), inner);
      const y = pickBox(B.box, indexB.subarray(g * columns * inner, (g + 1) * columns * inner), inner);
      const sums = { low: 0, high: 0, down: 0, up: 0 };
      const reach = { a: 0, b: 0 };
      for (let c = 0; c < inner; c++) {
        const [p, q] = timesInterval(x.low[c]!, x.high[c]!, y.low[c]!, y.high[c]!);
        sums.low += p;
        sums.high += q;
        sums.down += Math.min(0, p);
        sums.up += Math.max(0, q);
        reach.a = Math.max(reach.a, -x.low[c]!, x.high[c]!);
        reach.b = Math.max(reach.b, -y.low[c]!, y.high[c]!);
      }
      const cap = Math.min(
        groupsA * A.joint.sum * reach.b || 0,
        groupsB * B.joint.sum * reach.a || 0,
        Math.sqrt(groupsA * groupsB) * A.joint.norm * B.joint.norm || 0,
      );
      const limit = reach.a === 0 || reach.b === 0 ? 0 : cap;
      const at = g * rows * columns;
      out.low.fill(Math.max(sums.low, -limit), at, at + rows * columns);
      out.high.fill(Math.min(sums.high, limit), at, at + rows * columns);
      worst = Math.max(worst, Math.min(sums.up, limit), Math.min(-sums.down, limit));
    }
    if (!Number.isFinite(length)) return { box: out, worst };
    return { box: out, worst, norm: width => length * Math.sqrt(Math.ceil(width / columns)) };
  };
}

function boundHadamard(node: Of<'hadamard'>): Bounding {
  const size = sizeOf(node.type.shape);
  const [a, b] = node.operands as readonly [ValueId, ValueId];
  const indexA = mapIndices(node.attrs.mapA, size);
  const indexB = mapIndices(node.attrs.mapB, size);
  return sent => {
    const [x, y] = [pickBox(sent.get(a)!.box, indexA, size), pickBox(sent.get(b)!.box, indexB, size)];
    const out = zeroBox(size);
    for (let i = 0; i < size; i++) {
      const [low, high] = timesInterval(x.low[i]!, x.high[i]!, y.low[i]!, y.high[i]!);
      out.low[i] = low;
      out.high[i] = high;
    }
    return { box: out, worst: Math.max(largest(out.low), largest(out.high)) };
  };
}

function boundDepthwise(node: Of<'depthwise'>, constants: ConstantPool): Bounding {
  const { shape, data } = constants.get(node.attrs.weight);
  const [taps, period] = shape as [number, number];
  const size = sizeOf(node.type.shape);
  const indices = mapIndices(node.attrs.map, size * taps);
  const source = node.operands[0]!;
  return sent => {
    const x = pickBox(sent.get(source)!.box, indices, size * taps);
    const out = zeroBox(size);
    let worst = 0;
    for (let i = 0; i < size; i++) {
      let [down, up] = [0, 0];
      for (let k = 0; k < taps; k++) {
        const w = data[k * period + (i % period)]!;
        const [p, q] = timesInterval(w, w, x.low[i * taps + k]!, x.high[i * taps + k]!);
        out.low[i]! += p;
        out.high[i]! += q;
        down += Math.min(0, p);
        up += Math.max(0, q);
      }
      worst = Math.max(worst, -down, up);
    }
    return { box: out, worst };
  };
}

function boundMaximum(node: Of<'maximum'>): Bounding {
  const { taps } = node.attrs;
  const size = sizeOf(node.type.shape);
  const indices = mapIndices(node.attrs.map, size * taps);
  const source = node.operands[0]!;
  return sent => {
    const x = pickBox(sent.get(source)!.box, indices, size * taps);
    const top = (ends: Float64Array) =>
      Float64Array.from({ length: size }, (_, i) =>
        ends.subarray(i * taps, (i + 1) * taps).reduce((a, b) => Math.max(a, b)),
      );
    const box = { low: top(x.low), high: top(x.high) };
    return { box, worst: Math.max(largest(x.low), largest(x.high)) };
  };
}

function boundRelay(node: Of<'relay'>): Bounding {
  const size = sizeOf(node.type.shape);
  const indices = mapIndices(node.attrs.map, size);
  return sent => {
    const out = zeroBox(size);
    const down = new Float64Array(size);
    const up = new Float64Array(size);
    for (const source of node.operands) {
      const { box } = sent.get(source)!;
      for (let i = 0; i < size; i++) {
        const index = indices[i]!;
        if (index === HOLE) continue;
        out.low[i]! += box.low[index]!;
        out.high[i]! += box.high[index]!;
        down[i]! += Math.min(0, box.low[index]!);
        up[i]! += Math.max(0, box.high[index]!);
      }
    }
    return { box: out, worst: Math.max(largest(down), largest(up)) };
  };
}
