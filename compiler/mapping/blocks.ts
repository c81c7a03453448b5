/** Which weights a tile holds: the block that its neurons share, and tiles with equal keys on one core with it. */
import type { Accounting } from '../../backends/accounting.ts';
import type { Box } from '../../backends/program/program.ts';
import type { IntGraph, IntOf } from '../../ir/int.ts';
import { boxSize, lengthOf } from './tiles.ts';

export interface Block {
  readonly key: string;
  readonly inputs: number;
  readonly width: number;
  /** Column of the whole weight that column i of the block is. */
  readonly columnOf: (i: number) => number;
}

export function blockOf(
  { kind, attrs, type }: IntOf<'linear'> | IntOf<'depthwise'>,
  box: Box,
  { constants }: IntGraph,
): Block {
  const [inputs, period] = constants.get(attrs.weight).shape as [number, number];
  const [first] = box.channel;
  const channels = lengthOf(box.channel);
  if (kind === 'linear' || period === type.shape[2]) {
    const key = `${attrs.weight} ${box.channel}`;
    return { key, inputs, width: channels, columnOf: i => first + i };
  }
  if (period === 1) return { key: attrs.weight, inputs, width: 1, columnOf: () => 0 };
  const [, rows, allChannels] = type.shape as [number, number, number];
  const [tileRows, firstRow] = [lengthOf(box.row), box.row[0]];
  const columnOf = (i: number) => {
    const group = box.group[0] + Math.floor(i / (tileRows * channels));
    const row = firstRow + (Math.floor(i / channels) % tileRows);
    return ((group * rows + row) * allChannels + first + (i % channels)) % period;
  };
  // Weights that repeat with the groups are held once for all groups of the tile.
  const isShared = (rows * allChannels) % period === 0;
  const width = isShared ? tileRows * channels : boxSize(box);
  const key = `${attrs.weight} ${box.channel} ${box.row} ${isShared ? '' : box.group}`;
  return { key, inputs, width, columnOf };
}

/** The block and its words where tiles of other rows read the same one; undefined where weights are private. */
export function sharedBlock(
  node: IntOf<'linear'> | IntOf<'depthwise'>,
  box: Box,
  graph: IntGraph,
  { weights }: Accounting,
  weightBits: number,
): { readonly key: string; readonly words: number } | undefined {
  const encoding = weights.get('')!;
  if (encoding.sharing === 'private') return undefined;
  const { key, inputs, width } = blockOf(node, box, graph);
  return { key, words: inputs * encoding.rowWords(width, weightBits) };
}

/** Numbers that a tile holds of a constant: those of its channels or rows where they repeat, else one a neuron. */
export function constantCount({ attrs, type }: IntOf<'bias'>, box: Box, { constants }: IntGraph): number {
  const period = constants.get(attrs.value).data.length;
  const [, rows, channels] = type.shape as [number, number, number];
  const width = lengthOf(box.channel);
  if (channels % period === 0) return width;
  return (rows * channels) % period === 0 ? lengthOf(box.row) * width : boxSize(box);
}

export function constantsOf(bias: IntOf<'bias'>, box: Box, graph: IntGraph): Int32Array {
  const { data } = graph.constants.get(bias.attrs.value);
  const [, rows, channels] = bias.type.shape as [number, number, number];
  const [tileRows, width] = [lengthOf(box.row), lengthOf(box.channel)];
  return Int32Array.from({ length: constantCount(bias, box, graph) }, (_, i) => {
    const group = box.group[0] + Math.floor(i / (tileRows * width));
    const row = box.row[0] + (Math.floor(i / width) % tileRows);
    return data[((group * rows + row) * channels + box.channel[0] + (i % width)) % data.length]!;
  });
}
