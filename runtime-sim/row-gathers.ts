/**
 * Gathers of a tile whose rows pass through time. What arrives for a row waits in a ring: sums are added up at once, the
 * row operand of a product waits as it is and meets the other operand, kept as dynamic weights, when its row executes.
 */
import type { CoreProgram, Gather, TileProgram } from '../backends/program/program.ts';
import { byteWeights } from '../backends/program/weights.ts';
import { defect } from '../ir/diagnostics/diagnostic.ts';
import { createRing, type Ring, type Room } from './rings.ts';
import { boxSizes } from './state.ts';

/** Groups, rows and channels of the tile. */
export type TileShape = readonly [number, number, number];

interface Held {
  readonly shape: TileShape;
  readonly scale: Int32Array;
}
export interface LinearRows extends Held {
  readonly kind: 'linear';
  readonly ring: Ring;
  readonly weights: Int8Array;
  readonly inputs: number;
  /** 64-bit words of one weight row. */
  readonly rowWords: number;
  readonly bias: Int32Array | undefined;
  readonly graded: boolean;
}
export interface DepthwiseRows extends Held {
  readonly kind: 'depthwise';
  readonly ring: Ring;
  readonly weights: Int8Array;
  readonly taps: number;
  /** Columns of the weights: neuron i reads column i mod this. */
  readonly period: number;
  readonly graded: boolean;
}
export interface RelayRows extends Held {
  readonly kind: 'relay';
  readonly ring: Ring;
}
export interface MaximumRows extends Held {
  readonly kind: 'maximum';
  readonly ring: Ring;
  readonly taps: number;
}
export interface HadamardRows extends Held {
  readonly kind: 'hadamard';
  readonly rings: readonly [Ring, Ring];
}
export interface ProductRows extends Held {
  readonly kind: 'product';
  readonly ring: Ring;
  readonly inner: number;
  readonly slots: number;
  /** Known once it is known who sends the second operand (kept.ts). */
  kept: Kept | undefined;
}
export interface ConstantRows extends Held {
  readonly kind: 'bias';
  readonly bias: Int32Array;
}
export type RowGather =
  | LinearRows
  | DepthwiseRows
  | RelayRows
  | MaximumRows
  | HadamardRows
  | ProductRows
  | ConstantRows;

/** The second operand of a product, kept row by row of its source. */
export interface Kept {
  readonly ring: Ring;
  /** Of every position: the source's row and the place within it; −1: nobody feeds it. */
  readonly rows: Int32Array;
  readonly places: Int32Array;
  /** By image: terms and nonzero values of every (group, inner). */
  readonly tallies: Map<number, { readonly terms: Int32Array; readonly nonzero: Int32Array }>;
}

export function createRowGather(
  gather: Gather,
  number: number,
  { box, rings }: TileProgram,
  core: CoreProgram,
  room: Room,
): RowGather {
  const shape = boxSizes(box);
  const [groups, rows, channels] = shape;
  const slots = rings[number]!;
  const ring = (width: number, side = 0) => createRing(slots[side]!, rows, groups * width, room);
  switch (gather.kind) {
    case 'linear': {
      const block = core.weights[gather.weights]!;
      const weights = byteWeights(block);
      const { inputs, channels: columns, bits } = block;
      const { scale, bias, graded } = gather;
      const rowWords = Math.ceil((columns * bits) / 64);
      return { kind: 'linear', shape, ring: ring(channels), scale, weights, inputs, rowWords, bias, graded };
    }
    case 'depthwise': {
      const block = core.weights[gather.weights]!;
      const weights = byteWeights(block);
      const { inputs: taps, channels: period } = block;
      const { scale, graded } = gather;
      return { kind: 'depthwise', shape, ring: ring(channels), scale, weights, taps, period, graded };
    }
    case 'relay':
      return { kind: 'relay', shape, ring: ring(channels), scale: gather.scale };
    case 'maximum': {
      const { taps, fraction } = gather;
      return { kind: 'maximum', shape, ring: ring(channels * taps), scale: Int32Array.of(fraction), taps };
    }
    case 'hadamard': {
      const scale = Int32Array.of(gather.fraction);
      return { kind: 'hadamard', shape, rings: [ring(channels), ring(channels, 1)], scale };
    }
    case 'product': {
      const { inner, fraction } = gather;
      const scale = Int32Array.of(fraction);
      return { kind: 'product', shape, ring: ring(inner), scale, inner, slots: slots[1]!, kept: undefined };
    }
    case 'bias':
      return { kind: 'bias', shape, bias: gather.values, scale: Int32Array.of(gather.fraction) };
    case 'sparse':
      return defect('synapses one by one in a program with images');
    default:
      return gather satisfies never;
  }
}
