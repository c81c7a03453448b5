/**
 * What a chip is loaded with, decoded: the memory images and tables of its cores. encode.ts and decode.ts turn
 * it into bytes and back; the simulator, `inspect` and an emulated device read nothing else of a network.
 *
 * One message leaves a tile for every neuron that fires and every destination core: it carries the in-axon
 * there, the neuron's number within the tile and the payload. The in-axon says what the message feeds.
 */
import { MODES } from '../../ir/chip.ts';
import type { StridedMap } from '../../ir/map.ts';
import type { Coding, SomaPointwise } from '../../ir/snn.ts';

/**
 * `free`: no images. Every tile executes every timestep from its depth on (what arrives before is lost), neurons are plain
 * integrate-and-fire (`lif`, `cuba`), and a message sent at k is used at k + 1 + delay. Input is what neurons have as bias, and what the host sends in each timestep.
 */
export const PROGRAM_MODES = [...MODES, 'free'] as const;
export type ProgramMode = (typeof PROGRAM_MODES)[number];

/** What every chip of a deployment knows alike. */
export interface ProgramHeader {
  readonly coding: Coding;
  readonly steps: number;
  readonly accumulatorBits: number;
  readonly stateBits: number;
  /** A message carries no payload: each signed power of two of one travels on an axon of its own. */
  readonly binary: boolean;
  /** Neurons of the chip that one with soft reset takes; more than 1: each spike also returns through a synapse. */
  readonly resetNeurons: number;
  /** Chip timesteps from the first input message to the last readout of one image (steps included). */
  readonly depth: number;
  /** Chip timesteps from one step of an image to the next: 1, or so many that a step begins when the last is read. */
  readonly period: number;
  /** With `streaming` a tile has the neurons of one row of its box, and rows pass through time, one a timestep. */
  readonly mode: ProgramMode;
  /** Chip timesteps from one image to the next. */
  readonly interval: number;
  /** Names and shapes, for read-back; a tile names its population by number. */
  readonly populations: readonly { readonly name: string; readonly shape: readonly number[] }[];
}

export interface ChipProgram {
  readonly header: ProgramHeader;
  readonly chip: number;
  /** Only on the chip that the host is attached to. */
  readonly input?: HostInput | undefined;
  readonly cores: readonly CoreProgram[];
}

/** The host rounds the image to `fraction` fraction bits and sends every nonzero element; mode `free`: any elements, any time. */
export interface HostInput {
  readonly name: string;
  readonly size: number;
  readonly fraction: number;
  /** Streaming: the timestep in which each element is sent, a hole: never; else undefined. */
  readonly steps?: StridedMap | undefined;
  readonly routes: readonly Route[];
}

/** Where a tile's (or the host's) messages go: one destination core. Core numbers count within a chip. */
export interface Route {
  readonly chip: number;
  readonly core: number;
  readonly axon: number;
  /** Which neurons of the tile send here, by number within the tile; undefined: all. */
  readonly elements?: StridedMap | undefined;
  /** Out-axon map entries that the target charges for this route. */
  readonly entries: number;
}

export interface CoreProgram {
  /** Position on the chip's mesh. */
  readonly x: number;
  readonly y: number;
  readonly slot: number;
  /** Function tables, each once a core: log2 and exp2 of 64 entries, remainders of 16 a unit. */
  readonly log2?: Int32Array | undefined;
  readonly exp2?: Int32Array | undefined;
  readonly remainders: readonly Int32Array[];
  /** Weight blocks [inputs, channels], source-major, stored once however many tiles and tokens share them. */
  readonly weights: readonly WeightBlock[];
  readonly axons: readonly InAxon[];
  readonly tiles: readonly TileProgram[];
}

export interface WeightBlock {
  readonly inputs: number;
  readonly channels: number;
  readonly bits: number;
  /** Int8Array up to 8 bits; wider ones stand only in mode `free`. */
  readonly data: Int8Array | Int16Array;
}

export interface InAxon {
  readonly targets: readonly AxonTarget[];
}

/** Neuron number in the message → position in an operand of a gather. */
export interface AxonTarget {
  readonly tile: number;
  readonly gather: number;
  /** Operand of a product: 0 the first, 1 the second; 0 for other gathers. */
  readonly side: 0 | 1;
  /** Extra steps between arrival and use, so that operands of equal step meet. */
  readonly delay: number;
  /**
   * linear: row · inputs + input; product side 0: (group · rows + row) · inner + c, side 1: (group · columns +
   * column) · inner + c; depthwise, maximum: neuron · taps + tap; hadamard, relay: neuron; sparse: input. All within the tile; a hole: not for this target. A neuron that feeds
   * several positions of one operand has several targets.
   */
  readonly map: StridedMap;
}

/** Half-open ranges of the three axes of a population. */
export interface Box {
  readonly group: readonly [number, number];
  readonly row: readonly [number, number];
  readonly channel: readonly [number, number];
}

export interface TileProgram {
  readonly population: number;
  readonly box: Box;
  /** The tile executes step t of an image at chip timestep depth + (t − 1) · period; streaming: row r at depth + r; free: from depth on. */
  readonly depth: number;
  readonly gathers: readonly Gather[];
  /**
   * Streaming: rows that each operand of each gather holds at once; else empty. Row r of image m lies in slot
   * (m · rows + r) mod slots: a row of the tile that waits to be executed, or, of the second operand of a product, a row
   * of its source that is kept until the tile's last row.
   */
  readonly rings: readonly (readonly number[])[];
  readonly fraction: number;
  readonly outFraction: number;
  readonly function: SomaProgram;
  readonly emit: EmitProgram;
  readonly routes: readonly Route[];
}

/**
 * `shift`, in coding `differential`: what arrives at step t counts round(2^shift / t) times, and the sum of the step is
 * added to the accumulator · 2^−shift, rounded. 0: as it is.
 */
export type Gather =
  | {
      readonly kind: 'linear';
      readonly rows: number;
      /** Number of a weight block of this core. */
      readonly weights: number;
      /** Fraction bits of the accumulator, per channel of the tile. */
      readonly scale: Int32Array;
      /** [channels] or [rows, channels] of the tile, in accumulator units. */
      readonly bias?: Int32Array | undefined;
      /** Does the payload hold a graded value (one multiplication a synapse) rather than signed powers of two? */
      readonly graded: boolean;
      readonly shift: number;
    }
  | {
      readonly kind: 'product';
      readonly groups: number;
      readonly rows: number;
      readonly columns: number;
      readonly inner: number;
      readonly fraction: number;
      readonly shiftA: number;
      readonly shiftB: number;
    }
  | {
      /** Two sums for each neuron, multiplied. */
      readonly kind: 'hadamard';
      readonly size: number;
      readonly fraction: number;
      readonly shiftA: number;
      readonly shiftB: number;
    }
  | {
      readonly kind: 'depthwise';
      readonly size: number;
      /** Number of a weight block [taps, P] of this core; neuron i of the tile reads column i mod P. */
      readonly weights: number;
      /** One number, or one per channel of the tile. */
      readonly scale: Int32Array;
      readonly graded: boolean;
      readonly shift: number;
    }
  | {
      readonly kind: 'maximum';
      readonly size: number;
      readonly taps: number;
      readonly fraction: number;
    }
  | {
      readonly kind: 'bias';
      /** One number for each neuron of the tile, or for its first ones, repeated. */
      readonly values: Int32Array;
      readonly fraction: number;
    }
  | {
      readonly kind: 'relay';
      readonly size: number;
      /** One number, or one per channel of the tile (partial sums). */
      readonly scale: Int32Array;
      readonly shift: number;
    }
  | SparseGather;

/** Mode `free`: synapses one by one, those of input i at starts[i] … starts[i + 1]. */
export interface SparseGather {
  readonly kind: 'sparse';
  readonly starts: Int32Array;
  /** Neuron of the tile. */
  readonly targets: Int32Array;
  readonly weights: Int16Array;
  readonly bits: number;
}

export type SomaProgram =
  | { readonly kind: 'identity' }
  | {
      readonly kind: 'pointwise';
      readonly name: SomaPointwise;
      /** Number of a remainder table of this core; absent where the ramp is the function, or where it multiplies. */
      readonly remainder?: number | undefined;
      readonly tableFraction: number;
    }
  | NormProgram
  | { readonly kind: 'softmax'; readonly scale: number; readonly shift: number; readonly multiplied: boolean }
  | { readonly kind: 'partial' };

export type NormProgram = Norm<'layernorm'> | Norm<'rmsnorm'>;
interface Norm<Kind> {
  readonly kind: Kind;
  readonly epsilonKey: number;
  readonly channelKey: number;
  readonly gain?: Int32Array | undefined;
  readonly offset?: Int32Array | undefined;
  /** By multiplication, division and root, not by the core's tables. */
  readonly multiplied: boolean;
}

export type EmitProgram =
  | {
      readonly kind: 'mt';
      readonly theta: number;
      readonly levels: number;
      readonly terms: number;
      readonly band: number;
      readonly coarse: number;
    }
  | { readonly kind: 'relay' }
  | { readonly kind: 'readout' }
  | PlainEmit;

export const LIF_RESETS = ['hard', 'soft', 'none'] as const;

/**
 * In each timestep: v ← trunc(v · (4096 − leak) / 4096), but not in the tile's first; v ← v + (sum of what arrived) + bias;
 * where v > threshold a message is sent to every route and v ← resetTo (hard), v − threshold (soft) or v (none). The sum
 * is first saturated to `accumulatorBits`, v at every step to `stateBits`. Each list has one number, or one a neuron.
 */
export interface LifProgram {
  readonly kind: 'lif';
  readonly bias: Int32Array;
  readonly threshold: Int32Array;
  readonly leak: Int32Array;
  readonly initial: Int32Array;
  readonly reset: (typeof LIF_RESETS)[number];
  readonly resetTo: Int32Array;
}

/**
 * The same behind a current that decays: i ← trunc(i · (4096 − currentLeak) / 4096) + (sum of what arrived) · 2^gain +
 * currentBias, saturated to `stateBits`, and i stands in the place of the sum. i begins at 0. A threshold of the most that
 * `stateBits` hold is never exceeded: the neuron is read, and sends nothing.
 */
export interface CubaProgram extends Omit<LifProgram, 'kind'> {
  readonly kind: 'cuba';
  readonly currentLeak: Int32Array;
  readonly currentBias: Int32Array;
  readonly gain: Int32Array;
}

/** What neurons of mode `free` do. */
export type PlainEmit = LifProgram | CubaProgram;
