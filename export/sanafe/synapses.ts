/**
 * The synapses behind an axon, one by one: which neurons of the tile a message reaches, and with which weight. What a
 * synapse without payload cannot compute – products, maxima, weights of steps – has synapses of weight 0, as many as the
 * chip works off, so that traffic and time stay right.
 */
import type { Gather } from '../../backends/program/program.ts';
import { HOLE } from '../../ir/map.ts';
import { boxSizes, type Link, type TileState } from '../../runtime-sim/state.ts';
import { PARTS } from './free-run.ts';

export type Tile = TileState<Gather>;
export type Axon = Link<Gather>;
/** `line`: group · rows + row of the tile. `weight` in units of the tile's own sums, for a payload of 1. */
export type SynapseVisitor = (line: number, channel: number, weight: number) => void;

const blockOf = ({ core }: Tile, number: number) => core.program.weights[number]!;

/** Synapses that a message of this neuron meets at one target of its axon. */
export function fanOf({ tile, gather, side, positions }: Axon, neuron: number): number {
  const position = positions[neuron]!;
  if (position === HOLE) return 0;
  switch (gather.kind) {
    case 'linear':
      return blockOf(tile, gather.weights).channels;
    case 'product':
      return side === 0 ? gather.columns : gather.rows;
    case 'sparse':
      return gather.starts[position + 1]! - gather.starts[position]!;
    case 'relay':
    case 'hadamard':
    case 'depthwise':
    case 'maximum':
      return 1;
    case 'bias':
      return 0;
    default:
      return gather satisfies never;
  }
}

export function eachSynapse(axon: Axon, neuron: number, visit: SynapseVisitor): void {
  const { tile, gather, side, positions } = axon;
  const position = positions[neuron]!;
  if (position === HOLE) return;
  const [, , channels] = boxSizes(tile.program.box);
  const one = (target: number, weight: number) => {
    const channel = target % channels;
    visit((target - channel) / channels, channel, weight * unitOf(tile, gather, channel));
  };
  switch (gather.kind) {
    case 'linear': {
      const { inputs, data } = blockOf(tile, gather.weights);
      const line = Math.floor(position / inputs);
      const from = (position - line * inputs) * channels;
      for (let c = 0; c < channels; c++) visit(line, c, data[from + c]! * unitOf(tile, gather, c));
      break;
    }
    case 'relay':
      one(position, 1);
      break;
    case 'product':
      eachPartner(gather, side, position, visit);
      break;
    case 'depthwise': {
      const { inputs: taps, channels: period, data } = blockOf(tile, gather.weights);
      const target = Math.floor(position / taps);
      one(target, data[(position - target * taps) * period + (target % period)]!);
      break;
    }
    case 'sparse':
      for (let s = gather.starts[position]!; s < gather.starts[position + 1]!; s++)
        one(gather.targets[s]!, gather.weights[s]!);
      break;
    case 'hadamard':
      one(position, 0);
      break;
    case 'maximum':
      one(Math.floor(position / gather.taps), 0);
      break;
    case 'bias':
      break;
    default:
      gather satisfies never;
  }
}

function eachPartner(
  { rows, columns, inner }: Extract<Gather, { kind: 'product' }>,
  side: 0 | 1,
  position: number,
  visit: SynapseVisitor,
): void {
  const at = Math.floor(position / inner);
  if (side === 0) for (let j = 0; j < columns; j++) visit(at, j, 0);
  else {
    const group = Math.floor(at / columns);
    for (let i = 0; i < rows; i++) visit(group * rows + i, at - group * columns, 0);
  }
}

/** Fraction bits of a gather's sums at a channel; undefined where they are no plain sum of weights. */
function scaleOf(gather: Gather, channel: number): number | undefined {
  switch (gather.kind) {
    case 'linear':
    case 'depthwise':
    case 'relay':
      return gather.shift === 0 ? gather.scale[channel % gather.scale.length]! : undefined;
    case 'sparse':
      return 0;
    default:
      return undefined;
  }
}

/** Fraction bits of the sums of a tile's neurons: as many as its finest gather has, so that all weights stay whole. */
export const sumFraction = (tile: Tile, channel: number): number =>
  tile.program.gathers.reduce(
    (most, gather) => Math.max(most, scaleOf(gather, channel) ?? most),
    Number.NEGATIVE_INFINITY,
  );

function unitOf(tile: Tile, gather: Gather, channel: number): number {
  const scale = scaleOf(gather, channel);
  if (tile.program.emit.kind === 'lif') return 1 / PARTS;
  return scale === undefined ? 0 : 2 ** (sumFraction(tile, channel) - scale);
}

/** What of a tile's sums the synapses do not compute, by kind. */
export function lostOf(gather: Gather): string | undefined {
  switch (gather.kind) {
    case 'product':
    case 'hadamard':
      return 'products of two operands';
    case 'maximum':
      return 'maxima';
    case 'bias':
      return 'constants';
    case 'linear':
    case 'depthwise':
    case 'relay':
      if (gather.shift !== 0) return 'weights of steps';
      return gather.kind === 'linear' && gather.bias !== undefined ? 'constants' : undefined;
    case 'sparse':
      return undefined;
    default:
      return gather satisfies never;
  }
}
