/**
 * The binary layout of a chip program, table by table. encode.ts writes and decode.ts reads through the same
 * tables, and docs/deployment-folder.md prints them; a change of any of them is a new VERSION.
 */
import { HOLE, type MapSegment, type StridedMap } from '../../ir/map.ts';
import { CODINGS, SOMA_POINTWISE } from '../../ir/snn.ts';
import {
  type Codec,
  convert,
  fixed,
  int,
  integers,
  list,
  oneOf,
  optional,
  type RecordCodec,
  record,
  shared,
  shorts,
  text,
  uint,
  variant,
} from './codec.ts';
import {
  type AxonTarget,
  type Box,
  type ChipProgram,
  type CoreProgram,
  type EmitProgram,
  type Gather,
  type HostInput,
  type InAxon,
  LIF_RESETS,
  PROGRAM_MODES,
  type ProgramHeader,
  type Route,
  type SomaProgram,
  type TileProgram,
} from './program.ts';
import { weightBits, weightBlock } from './weights.ts';

export const MAGIC = 'SNNC';
export const VERSION = 5;
/** Sections begin at multiples of this many bytes, so that weight rows are aligned words of the file. */
export const SECTION_ALIGN = 8;
/** Entries of log2 and exp2. */
export const TABLE_ENTRIES = 64;
/** Most entries of a remainder table. */
export const MAX_REMAINDER_ENTRIES = 256;
/** Most elements of one map, tile or operand: what a reader may have to allocate for one of them. */
export const MAX_ELEMENTS = 2 ** 24;

const u16 = fixed(2);
const u32 = fixed(4);
const any = uint(0, 2 ** 32 - 1);
const elements = uint(1, MAX_ELEMENTS);
const fractionBits = int(-128, 127);
const weightShift = uint(0, 32);
const SHIFT = 'differential: payloads of step t count round(2^shift / t), a step is rounded by 2^−shift';
const ONE_OR_EACH = 'one number, or one a neuron';
const table = integers(4, TABLE_ENTRIES);

/** The first bytes of a file, after the magic. */
export interface Preamble {
  readonly version: number;
  readonly reserved: number;
  readonly bytes: number;
  readonly chip: number;
  readonly headerBytes: number;
  readonly cores: number;
}
export const preamble = record<Preamble>('preamble', {
  version: [u16, `format version, ${VERSION}`],
  reserved: [u16, '0'],
  bytes: [u32, 'length of the file'],
  chip: [u32, 'number of the chip'],
  headerBytes: [u32, 'length of the header section'],
  cores: [u32, 'entries of the core table'],
});

export interface CoreEntry {
  readonly x: number;
  readonly y: number;
  readonly slot: number;
  readonly reserved: number;
  readonly offset: number;
  readonly bytes: number;
}
/** Cores in the order in which routes number them. */
export const coreEntry = record<CoreEntry>('core table entry', {
  x: [u16, 'position on the mesh'],
  y: [u16, ''],
  slot: [u16, 'place at the router (x, y)'],
  reserved: [u16, '0'],
  offset: [u32, 'first byte of its section in the file'],
  bytes: [u32, 'length of its section'],
});

const segment = record<MapSegment>('segment', {
  start: [int(HOLE, 2 ** 31 - 1), 'first index; −1: a run of holes'],
  loops: [
    list(
      record<MapSegment['loops'][number]>('loop', {
        count: [elements, 'repetitions'],
        stride: [int(-(2 ** 31), 2 ** 31 - 1), 'distance between them'],
      }),
      32,
    ),
    'loops from the outermost inward; each: count, stride',
  ],
});

const lengthOf = (segments: readonly MapSegment[]): number =>
  segments.reduce((sum, { loops }) => sum + loops.reduce((n, { count }) => n * count, 1), 0);

/** The length is that of the segments and is not stored. */
const map: Codec<StridedMap> = shared(
  convert(
    list(segment),
    'map: varint count, each: segment',
    (segments): StridedMap | string => {
      const length = lengthOf(segments);
      return length > MAX_ELEMENTS
        ? `a map of ${length} elements; at most ${MAX_ELEMENTS}`
        : { length, segments };
    },
    ({ length, segments }) =>
      lengthOf(segments) === length && length <= MAX_ELEMENTS ? segments : `a map of ${length} elements`,
  ),
);

const range: Codec<readonly [number, number]> = convert(
  record<{ from: number; size: number }>('range', { from: [any, ''], size: [elements, ''] }),
  'from: varint, size: varint ≥ 1',
  ({ from, size }) => [from, from + size] as const,
  ([from, to]) => ({ from, size: to - from }),
);

const box = record<Box>('box', {
  group: [range, 'groups of the population'],
  row: [range, 'rows'],
  channel: [range, 'channels'],
});

const route = record<Route>('route', {
  chip: [any, 'destination chip'],
  core: [any, 'destination core, number within the chip'],
  axon: [any, 'in-axon there'],
  elements: [optional(map), 'numbers of the neurons that send here; absent: all'],
  entries: [any, 'out-axon entries that the target charges'],
});

const target = record<AxonTarget>('axon target', {
  tile: [any, 'tile of this core'],
  gather: [any, 'gather of that tile'],
  side: [oneOf([0, 1] as const), 'operand of a product: 0 rows, 1 columns; else 0'],
  delay: [uint(0, 2 ** 16 - 1), 'extra steps between arrival and use'],
  map: [map, 'neuron number in the message → position in the operand'],
});

const gather = variant<Gather>('gather', {
  linear: {
    rows: [elements, 'rows of the tile'],
    weights: [any, 'number of a weight block of this core'],
    scale: [integers(1), 'fraction bits of the accumulator, per channel of the tile'],
    bias: [optional(integers(4)), '[channels] or [rows, channels], in accumulator units'],
    graded: [oneOf([false, true]), 'payload is a graded value, not signed powers of two'],
    shift: [weightShift, SHIFT],
  },
  product: {
    groups: [elements, ''],
    rows: [elements, 'rows of operand 0'],
    columns: [elements, 'rows of operand 1'],
    inner: [elements, 'axis that is summed over'],
    fraction: [fractionBits, 'fraction bits of the accumulator'],
    shiftA: [weightShift, `operand 0; ${SHIFT}`],
    shiftB: [weightShift, 'operand 1; a step is rounded by both'],
  },
  hadamard: {
    size: [elements, 'neurons of the tile'],
    fraction: [fractionBits, 'fraction bits of the accumulator'],
    shiftA: [weightShift, `operand 0; ${SHIFT}`],
    shiftB: [weightShift, 'operand 1; a step is rounded by both'],
  },
  depthwise: {
    size: [elements, 'neurons of the tile'],
    weights: [any, 'number of a weight block [taps, P] of this core; neuron i reads column i mod P'],
    scale: [integers(1), 'fraction bits: one number, or one per channel of the tile'],
    graded: [oneOf([false, true]), 'payload is a graded value, not signed powers of two'],
    shift: [weightShift, SHIFT],
  },
  maximum: {
    size: [elements, 'neurons of the tile'],
    taps: [elements, 'positions that each neuron looks at'],
    fraction: [fractionBits, 'fraction bits of the accumulator'],
  },
  bias: {
    values: [integers(4), 'for the first neurons of the tile, repeated'],
    fraction: [fractionBits, 'fraction bits of the accumulator'],
  },
  relay: {
    size: [elements, 'elements of the operand'],
    scale: [integers(1), 'fraction bits: one number, or one per channel of the tile'],
    shift: [weightShift, SHIFT],
  },
  sparse: {
    starts: [integers(4), 'free: first synapse of each input, and their count'],
    targets: [integers(4), 'neuron of the tile, for each synapse'],
    weights: [shorts, 'for each synapse'],
    bits: [weightBits, 'of a weight'],
  },
});

const key = int(-(2 ** 31), 2 ** 31 - 1);
const norm = (epsilon: string) =>
  ({
    epsilonKey: [key, `lg(${epsilon}), 12 fraction bits`],
    channelKey: [key, 'lg C, 12 fraction bits'],
    gain: [optional(integers(4)), 'lg|γ| of every channel, 12 fraction bits, then sign(γ)'],
    offset: [optional(integers(4)), 'β of every channel, outFraction fraction bits'],
    multiplied: [oneOf([false, true]), 'by multiplication, division and root, not by tables'],
  }) as const;

const soma = variant<SomaProgram>('function', {
  identity: {},
  pointwise: {
    name: [oneOf(SOMA_POINTWISE), 'the ramp'],
    remainder: [
      optional(any),
      'number of a remainder table of this core; absent: the ramp alone, or multiplication',
    ],
    tableFraction: [uint(0, 31), 'fraction bits of that table'],
  },
  layernorm: norm('C³ · ε · 4^fraction'),
  rmsnorm: norm('C · ε · 4^fraction'),
  softmax: {
    scale: [int(-2048, 2048), 'scores become the log2 domain by · scale'],
    shift: [int(-128, 127), '· 2^−shift'],
    multiplied: [oneOf([false, true]), 'by multiplication and division, not by tables'],
  },
  partial: {},
});

const plain = {
  bias: [integers(4), `free: added at every timestep; ${ONE_OR_EACH}`],
  threshold: [integers(4), `fires above it; ${ONE_OR_EACH}`],
  leak: [integers(4), `of 4,096 parts of the potential, lost each timestep; ${ONE_OR_EACH}`],
  initial: [integers(4), `potential before the first timestep; ${ONE_OR_EACH}`],
  reset: [oneOf(LIF_RESETS), 'to resetTo, by the threshold, not at all'],
  resetTo: [integers(4), `${ONE_OR_EACH}`],
} as const;

const emit = variant<EmitProgram>('emit', {
  mt: {
    theta: [fractionBits, 'θ = 2^−theta'],
    levels: [uint(1, 32), 'thresholds θ, 2θ, … 2^(levels−1) θ'],
    terms: [uint(1, 32), 'signed powers of two in one payload, at most'],
    band: [uint(0, 255), 'silent below so many quarters of the lowest threshold of the step'],
    coarse: [uint(0, 31), 'at step t of T the lowest threshold is 2^(coarse · (T − t)) θ'],
  },
  relay: {},
  readout: {},
  lif: plain,
  cuba: {
    ...plain,
    currentLeak: [integers(4), `of 4,096 parts of the current, lost each timestep; ${ONE_OR_EACH}`],
    currentBias: [integers(4), `added to the current at every timestep; ${ONE_OR_EACH}`],
    gain: [integers(4), `what arrives is added to the current · 2^gain; ${ONE_OR_EACH}`],
  },
});

const slots = uint(1, MAX_ELEMENTS);
const tile = record<TileProgram>('tile', {
  population: [any, 'number of the population'],
  box: [box, 'part of the population'],
  depth: [
    any,
    'executes step t of an image at chip timestep depth + (t − 1) · period; streaming: row r at depth + r; free: from depth on',
  ],
  gathers: [list(gather), 'what is summed'],
  rings: [list(list(slots)), 'streaming: rows that each operand of each gather holds at once; else none'],
  fraction: [fractionBits, 'fraction bits of the sum'],
  outFraction: [fractionBits, 'fraction bits of the function’s result'],
  function: [soma, 'result of the sum'],
  emit: [emit, 'what is sent'],
  routes: [list(route), 'where it is sent'],
});

const axon = record<InAxon>('in-axon', { targets: [list(target), 'what a message here feeds'] });

type CoreSection = Omit<CoreProgram, 'x' | 'y' | 'slot'>;
/** Weight blocks first: their rows are the aligned words of the section. */
export const coreSection = record<CoreSection>('core section', {
  weights: [list(weightBlock), 'weight blocks [inputs, channels]'],
  log2: [optional(table), 'log2(1 + i/64), 12 fraction bits'],
  exp2: [optional(table), '2^(i/64), 12 fraction bits'],
  remainders: [list(integers(4)), 'remainder tables of pointwise functions, 16 entries a unit'],
  axons: [list(axon), 'in-axons'],
  tiles: [list(tile), 'tiles'],
});

const population = record<ProgramHeader['populations'][number]>('population', {
  name: [text, ''],
  shape: [list(uint(1, 2 ** 31 - 1), 3), 'groups, rows, channels'],
});

const header = record<ProgramHeader>('program header', {
  coding: [oneOf(CODINGS), ''],
  steps: [uint(1, 2 ** 16 - 1), 'timesteps of an image'],
  accumulatorBits: [uint(2, 53), 'width of the accumulators'],
  stateBits: [uint(2, 32), 'width of the state'],
  binary: [
    oneOf([false, true]),
    'a message is one signed power of two, on an axon of its own; else a payload',
  ],
  resetNeurons: [uint(1, 16), 'neurons of the chip that one with soft reset takes'],
  depth: [any, 'chip timesteps of one image, from the first message to the last readout'],
  period: [uint(1, 2 ** 16 - 1), 'chip timesteps from one step of an image to the next'],
  mode: [
    oneOf(PROGRAM_MODES),
    'streaming: rows pass through time, one a timestep; free: no images; else rows are unrolled in space',
  ],
  interval: [uint(1, 2 ** 24), 'chip timesteps from one image to the next'],
  populations: [list(population), 'the same on every chip'],
});

const hostInput = record<HostInput>('host input', {
  name: [text, ''],
  size: [elements, 'elements of an image'],
  fraction: [fractionBits, 'fraction bits to which the host rounds'],
  steps: [optional(map), 'streaming: timestep in which each element is sent, −1: never'],
  routes: [list(route), 'where it sends every nonzero element'],
});

export const headerSection = record<Pick<ChipProgram, 'header' | 'input'>>('header section', {
  header: [header, ''],
  input: [optional(hostInput), 'on the chip that the host is attached to'],
});

/** For the reference page, from the outside in. */
export const RECORDS = [
  ...[preamble, coreEntry, headerSection, header, population, hostInput, coreSection, axon, target, segment],
  ...[tile, box, gather, soma, emit, route],
] as const satisfies readonly Pick<RecordCodec<never>, 'says' | 'parts'>[];
