/** What is added once an image, or in `rate` once a step: for each tile a number a channel, a neuron, or a few that repeat. */
import type { AddRows, Workshop } from './gathers.ts';
import type { Stack, StackGather } from './layout.ts';

export interface Constants {
  readonly largest: number;
  readonly addWords: AddRows;
  readonly addReals: AddRows;
}

export function constantsOf(
  { tiles, channels }: Stack,
  own: StackGather,
  { arena, header }: Workshop,
): Constants {
  const lists = own.gathers.map(g => (g.kind === 'bias' ? g.values : 'bias' in g ? g.bias : undefined));
  const tileRows = tiles[0]!.size / channels;
  const isNone = lists.every(list => list === undefined);
  const largest = lists.reduce((most, list) => Math.max(most, largestOf(list)), 0);
  const add = (into: Int32Array | Float64Array, first: number, from: number, to: number) => {
    let at = first;
    for (let row = from; row < to; row++, at += channels) {
      const list = lists[Math.floor(row / tileRows)];
      if (list === undefined) continue;
      const begin = list.length === channels ? 0 : (row % tileRows) * channels;
      for (let c = 0; c < channels; c++) into[at + c]! += list[(begin + c) % list.length]!;
    }
  };
  /** The same where nothing has been added yet. */
  const begin = (into: Int32Array, first: number, from: number, to: number) => {
    for (let row = from; row < to; ) {
      const tile = Math.floor(row / tileRows);
      const end = Math.min(to, (tile + 1) * tileRows);
      const list = lists[tile];
      const at = first + (row - from) * channels;
      if (list?.length === channels)
        for (let r = row; r < end; r++) into.set(list, at + (r - row) * channels);
      else if (list?.length === (end - row) * channels) into.set(list, at);
      else add(into, at, row, end);
      row = end;
    }
  };
  const enters = (t: number) => !isNone && (header.coding === 'rate' || t === 1);
  return {
    largest,
    addWords(accumulator, from, to, t) {
      if (!enters(t)) return;
      if (t === 1) begin(arena.views().i32, accumulator / 4, from, to);
      else add(arena.views().i32, accumulator / 4, from, to);
    },
    addReals(accumulator, from, to, t) {
      if (enters(t)) add(arena.views().f64, accumulator / 8, from, to);
    },
  };
}

const largestOf = (list: Int32Array | undefined): number =>
  list === undefined ? 0 : list.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
