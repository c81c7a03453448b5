/** The network that the conformance suite brings: seven inputs, six spiking neurons, three that are read, on two cores. */
import { encodeChip } from '../../../backends/program/encode.ts';
import type { ChipProgram, TileProgram } from '../../../backends/program/program.ts';
import { identityMap } from '../../../ir/map.ts';

const INPUTS = 7;
const HIDDEN = 6;
const CLASSES = 3;
/** Fraction bits of input, sums and what is sent; weights have none of their own. */
const FRACTION = 4;

/** Small numbers of both signs, none of them in a pattern that a wrong stride would meet. */
const weightsOf = (inputs: number, channels: number): Int8Array =>
  Int8Array.from({ length: inputs * channels }, (_, i) => ((i * 37 + 11) % 31) - 15);

const tileOf = (
  population: number,
  channels: number,
  depth: number,
  rest: Pick<TileProgram, 'emit' | 'routes'>,
): TileProgram => ({
  population,
  box: { group: [0, 1], row: [0, 1], channel: [0, channels] },
  depth,
  gathers: [
    {
      kind: 'linear',
      rows: 1,
      weights: 0,
      scale: new Int32Array(channels).fill(FRACTION),
      bias: Int32Array.from({ length: channels }, (_, i) => 3 * i - 4),
      graded: population === 0,
      shift: 0,
    },
  ],
  rings: [],
  fraction: FRACTION,
  outFraction: FRACTION,
  function: { kind: 'identity' },
  ...rest,
});

const axonOf = (inputs: number) => ({
  targets: [{ tile: 0, gather: 0, side: 0 as const, delay: 0, map: identityMap(inputs) }],
});
const blockOf = (inputs: number, channels: number) => ({
  ...{ inputs, channels, bits: 5 },
  data: weightsOf(inputs, channels),
});
const routeTo = (core: number) => ({ chip: 0, core, axon: 0, entries: 1 });

export const NETWORK: ChipProgram = {
  header: {
    coding: 'sum',
    steps: 1,
    accumulatorBits: 24,
    stateBits: 24,
    binary: false,
    resetNeurons: 1,
    depth: 2,
    period: 1,
    mode: 'pipelined',
    interval: 1,
    populations: [
      { name: 'hidden', shape: [1, 1, HIDDEN] },
      { name: 'classes', shape: [1, 1, CLASSES] },
    ],
  },
  chip: 0,
  input: { name: 'input', size: INPUTS, fraction: FRACTION, routes: [routeTo(0)] },
  cores: [
    {
      ...{ x: 0, y: 0, slot: 0, remainders: [] },
      weights: [blockOf(INPUTS, HIDDEN)],
      axons: [axonOf(INPUTS)],
      tiles: [
        tileOf(0, HIDDEN, 1, {
          emit: { kind: 'mt', theta: 2, levels: 6, terms: 3, band: 3, coarse: 0 },
          routes: [routeTo(1)],
        }),
      ],
    },
    {
      ...{ x: 1, y: 0, slot: 0, remainders: [] },
      weights: [blockOf(HIDDEN, CLASSES)],
      axons: [axonOf(HIDDEN)],
      tiles: [tileOf(1, CLASSES, 2, { emit: { kind: 'readout' }, routes: [] })],
    },
  ],
};

export const networkBytes = (): Uint8Array => encodeChip(NETWORK);

/** Images with zeros, negative numbers and halves that must be rounded. */
export const IMAGES: readonly Float64Array[] = [
  [1, 0, -0.5, 2.25, 0.03125, -1.75, 3],
  [0, 0, 0, 0, 0, 0, 0],
  [-2, 1.5, 0.25, -0.75, 1, 0, -3.5],
  [0.5, -0.5, 0.5, -0.5, 0.5, -0.5, 0.5],
].map(numbers => Float64Array.from(numbers));
