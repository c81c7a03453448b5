/** What one tile of the integer network is loaded with: its gathers, its function, its neurons' thresholds. */
import type { Box, EmitProgram, Gather, SomaProgram, WeightBlock } from '../backends/program/program.ts';
import type { ConstId, Tensor } from '../ir/constants.ts';
import { defect } from '../ir/diagnostics/diagnostic.ts';
import { nodeMap } from '../ir/dialect.ts';
import type { IntGraph, IntOf, IntProjection } from '../ir/int.ts';
import { projectionScale } from '../ir/interpret/int.ts';
import { weighedBits } from '../ir/interpret/intake.ts';
import { hasLogarithms, isMultiplied } from '../ir/interpret/soma.ts';
import { blockOf, constantsOf } from './mapping/blocks.ts';
import { lengthOf } from './mapping/tiles.ts';

function cutColumns(
  { shape, data }: Tensor,
  inputs: number,
  width: number,
  columnOf: (c: number) => number,
): Int8Array {
  const columns = shape[1]!;
  const block = new Int8Array(inputs * width);
  const own = Int32Array.from({ length: width }, (_, c) => columnOf(c));
  for (let k = 0; k < inputs; k++) {
    for (let c = 0; c < width; c++) block[k * width + c] = data[k * columns + own[c]!]!;
  }
  return block;
}

export interface SharedOptions {
  readonly weightBits: number;
  readonly isOutline?: boolean | undefined;
}

/** Weight blocks and function tables of one core: whatever tiles ask for twice is stored once. */
export function createShared(network: IntGraph, { weightBits, isOutline = false }: SharedOptions) {
  const weights: WeightBlock[] = [];
  const numbers = new Map<string, number>();
  const remainders: Int32Array[] = [];
  const remainderNumbers = new Map<ConstId, number>();
  let log2: Int32Array | undefined;
  let exp2: Int32Array | undefined;
  const table = (id: ConstId) => Int32Array.from(network.constants.get(id).data);
  return {
    contents: () => ({ weights, remainders, log2, exp2 }),
    weights(projection: IntOf<'linear'> | IntOf<'depthwise'>, box: Box): number {
      const { key, inputs, width, columnOf } = blockOf(projection, box, network);
      const known = numbers.get(key);
      if (known !== undefined) return known;
      const weight = network.constants.get(projection.attrs.weight);
      const data = isOutline ? new Int8Array(0) : cutColumns(weight, inputs, width, columnOf);
      numbers.set(key, weights.length);
      return weights.push({ inputs, channels: width, bits: weightBits, data }) - 1;
    },
    logarithms(log2Id: ConstId, exp2Id: ConstId): void {
      log2 ??= table(log2Id);
      exp2 ??= table(exp2Id);
    },
    remainder(id: ConstId): number {
      const known = remainderNumbers.get(id);
      if (known !== undefined) return known;
      remainderNumbers.set(id, remainders.length);
      return remainders.push(table(id)) - 1;
    },
  };
}
export type Shared = ReturnType<typeof createShared>;

/** A projection as all tiles of its population read it. */
export interface Reading {
  readonly projection: IntProjection;
  readonly scale: readonly number[];
  readonly isGraded: boolean;
  readonly shifts: readonly number[];
  /** [rows, channels] of the population where rows differ, else [channels]. */
  readonly bias: ArrayLike<number> | undefined;
}

export function readingsOf(
  population: IntOf<'population'>,
  network: IntGraph,
  isOutline: boolean,
): readonly Reading[] {
  const byId = nodeMap(network.nodes);
  return population.operands.map(id => {
    const projection = byId.get(id);
    if (projection === undefined || projection.kind === 'population' || projection.kind === 'input') {
      return defect(`${id} is not a projection`);
    }
    const source = byId.get(projection.operands[0]!);
    return {
      projection,
      scale: projection.kind === 'bias' ? [] : projectionScale(projection, network.constants),
      isGraded: source?.kind !== 'population' || source.attrs.emit.kind !== 'mt',
      shifts: weighedBits(projection, network),
      bias: isOutline ? undefined : biasesOf(projection, network),
    };
  });
}

export function gatherProgram(
  { projection, scale, isGraded, shifts, bias }: Reading,
  box: Box,
  network: IntGraph,
  shared: Shared,
): Gather {
  const channels = lengthOf(box.channel);
  const size = lengthOf(box.group) * lengthOf(box.row) * channels;
  const ownScale = () =>
    Int32Array.from(scale.length === 1 ? scale : scale.slice(box.channel[0], box.channel[1]));
  const [shift = 0, shiftB = 0] = shifts;
  switch (projection.kind) {
    case 'linear':
      return {
        kind: 'linear',
        rows: lengthOf(box.row),
        weights: shared.weights(projection, box),
        scale: ownScale(),
        bias: bias && biasProgram(projection, box, bias),
        graded: isGraded,
        shift,
      };
    case 'depthwise':
      return {
        kind: 'depthwise',
        size,
        weights: shared.weights(projection, box),
        scale: ownScale(),
        graded: isGraded,
        shift,
      };
    case 'hadamard':
      return { kind: 'hadamard', size, fraction: projection.attrs.fraction, shiftA: shift, shiftB };
    case 'maximum':
      return { kind: 'maximum', size, taps: projection.attrs.taps, fraction: projection.attrs.fraction };
    case 'bias':
      return {
        kind: 'bias',
        values: constantsOf(projection, box, network),
        fraction: projection.attrs.fraction,
      };
    case 'product':
      return {
        kind: 'product',
        groups: lengthOf(box.group),
        rows: lengthOf(box.row),
        columns: channels,
        inner: projection.attrs.inner,
        fraction: projection.attrs.fraction,
        shiftA: shift,
        shiftB,
      };
    case 'relay':
      return {
        kind: 'relay',
        size,
        scale: ownScale(),
        shift,
      };
    default:
      return projection satisfies never;
  }
}

const biasesOf = ({ kind, attrs }: IntProjection, { constants }: IntGraph) =>
  kind === 'linear' && attrs.bias !== undefined ? constants.get(attrs.bias).data : undefined;

/** [channels] where the constants are the same for all rows, else [rows, channels] of the tile. */
function biasProgram({ type }: IntOf<'linear'>, box: Box, bias: ArrayLike<number>): Int32Array {
  const channels = type.shape.at(-1)!;
  const [first, end] = box.channel;
  const width = end - first;
  const [row0, row1] = bias.length === channels ? [0, 1] : box.row;
  const out = new Int32Array((row1 - row0) * width);
  for (let row = row0; row < row1; row++) {
    for (let c = 0; c < width; c++) out[(row - row0) * width + c] = bias[row * channels + first + c]!;
  }
  return out;
}

export function somaProgram(
  { attrs }: IntOf<'population'>,
  { constants }: IntGraph,
  shared: Shared,
): SomaProgram {
  const fn = attrs.function;
  const multiplied = isMultiplied(fn);
  const vector = (id: ConstId | undefined) =>
    id === undefined ? undefined : Int32Array.from(constants.get(id).data);
  switch (fn.kind) {
    case 'identity':
    case 'partial':
      return { kind: fn.kind };
    case 'pointwise':
      return {
        kind: 'pointwise',
        name: fn.name,
        remainder: fn.table === undefined ? undefined : shared.remainder(fn.table),
        tableFraction: fn.tableFraction,
      };
    case 'layernorm':
    case 'rmsnorm': {
      if (hasLogarithms(fn)) shared.logarithms(fn.log2, fn.exp2);
      const { kind, epsilonKey, channelKey } = fn;
      return { kind, epsilonKey, channelKey, gain: vector(fn.gain), offset: vector(fn.offset), multiplied };
    }
    case 'softmax':
      if (hasLogarithms(fn)) shared.logarithms(fn.log2, fn.exp2);
      return { kind: 'softmax', scale: fn.scale, shift: fn.shift, multiplied };
    default:
      return fn satisfies never;
  }
}

export function emitProgram({ attrs }: IntOf<'population'>): EmitProgram {
  const { emit } = attrs;
  if (emit.kind !== 'mt') return { kind: emit.kind };
  const { theta, levels, terms, band, coarse = 0 } = emit;
  return { kind: 'mt', theta, levels, terms, band, coarse };
}
