/**
 * Published tables of Lava's compiler under its own accounting, and the cuts that its rules give.
 *
 * A convolution holds a row of weights for each tap and input channel, whole words for its channels; a dense layer
 * one for each input. Convolutions have one neuron more on every core.
 *
 * Source  docs/rationale/anchors.md
 */
import { lavaChunk2023, lavaPieces, lavaPieces2023 } from '../compiler/mapping/strategies/lava.ts';
import { type Layer, type Shape, sizeOfShape } from '../compiler/mapping/strategies/layers.ts';
import type { LavaRow, LavaTable } from './partition-tables.ts';

/** Capacities that the utilisation printed in the reports solves for. */
export const LAVA_CORE = { neurons: 4096, inAxons: 16000, outAxonEntries: 16000, groups: 8 };
const WORD_BITS = 64;
/** Anywhere in 1 to 24 fits the reports. */
const HEADER_BITS = 10;

/** Words of the weights of `channels` channels. Published shapes come with the bits that their exporter left. */
export function weightWords({ layer, weightBits }: LavaRow, inputs: Shape, channels: number): number {
  const row = Math.ceil((channels * weightBits + HEADER_BITS) / WORD_BITS);
  return weightRows(layer, inputs) * row;
}

function weightRows({ kind, kernel }: Layer, inputs: Shape): number {
  if (kind === 'input') return 0;
  return kind === 'dense' ? sizeOfShape(inputs) : kernel[0] * kernel[1] * inputs[2];
}

export const neuronsOf = ({ kind }: Layer, size: number): number => (kind === 'dense' ? size : size + 1);

/** What the row reads. */
export const inputsOf = (table: LavaTable, row: number): Shape =>
  table.rows[row - 1]?.layer.shape ?? table.inputs;

/** Cores that the rule of the day gives a row; undefined where it finds no cut. */
export function lavaCores(table: LavaTable, number: number): number | undefined {
  const row = table.rows[number]!;
  const inputs = inputsOf(table, number);
  const { layer } = row;
  const [rows, columns, channels] = layer.shape;
  const fits = (height: number, width: number, depth: number): boolean =>
    neuronsOf(layer, height * width * depth) <= LAVA_CORE.neurons &&
    weightWords(row, inputs, depth) <= table.synapseWords;
  if (table.rule === 2024) {
    const pieces = lavaPieces(layer.shape, [true, true, true], ([r, c, d]) =>
      fits(Math.ceil(rows / r!), Math.ceil(columns / c!), Math.ceil(channels / d!)),
    );
    return pieces?.reduce((product, count) => product * count, 1);
  }
  if (layer.kind === 'dense') {
    return lavaPieces2023(channels, n => weightWords(row, inputs, n), table.synapseWords);
  }
  const chunk = lavaChunk2023(columns, length => fits(rows, length, channels));
  return chunk === undefined ? undefined : Math.ceil(columns / chunk);
}

/** Cores that no packing goes below: all neurons, or all bits of weights held once, fill so many. */
export function leastCores({ rows, inputs, synapseWords }: LavaTable): number {
  let neurons = 0;
  let words = 0;
  rows.forEach(({ layer, weightBits }, i) => {
    const size = sizeOfShape(layer.shape);
    neurons += neuronsOf(layer, size);
    words +=
      (weightRows(layer, rows[i - 1]?.layer.shape ?? inputs) * layer.shape[2] * weightBits) / WORD_BITS;
  });
  return Math.ceil(Math.max(neurons / LAVA_CORE.neurons, words / synapseWords));
}
