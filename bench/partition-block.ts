/**
 * One Transformer block as a hypergraph of neurons, a hyperedge for each neuron that others read: the graph of which
 * the messages between cores are known from a general partitioner. Layer norms and softmax read whole rows.
 */
import type { PlainNet } from '../compiler/mapping/packing.ts';

export interface BlockShape {
  readonly tokens: number;
  readonly width: number;
  readonly heads: number;
  readonly hidden: number;
}

/** Neurons by number; `readers[n]` are those that neuron n sends to. */
export interface NeuronGraph {
  readonly neurons: number;
  readonly readers: readonly (readonly number[])[];
  /** A tile for each tensor, token and head; of tensors without heads for as large a part of the token. */
  readonly tiles: readonly (readonly number[])[];
}

type Name = (typeof TENSORS)[number];
const TENSORS = [
  ...(['x', 'ln1', 'q', 'k', 'v', 'scores', 'softmax', 'attention'] as const),
  ...(['projection', 'res1', 'ln2', 'fc1', 'fc2', 'res2'] as const),
];

/** Neuron by neuron, from what each tensor is; nothing is taken from the tiles. */
export function neuronGraph({ tokens, width, heads, hidden }: BlockShape): NeuronGraph {
  const widths: Partial<Record<Name, number>> = {
    scores: heads * tokens,
    softmax: heads * tokens,
    fc1: hidden,
  };
  const widthOf = (tensor: Name): number => widths[tensor] ?? width;
  const first = new Map<Name, number>();
  let neurons = 0;
  for (const tensor of TENSORS) {
    first.set(tensor, neurons);
    neurons += tokens * widthOf(tensor);
  }
  const at = (tensor: Name, token: number, channel: number): number =>
    first.get(tensor)! + token * widthOf(tensor) + channel;
  const readers: number[][] = Array.from({ length: neurons }, () => []);
  const feed = (source: number, target: number) => void readers[source]!.push(target);
  const whole = (from: Name, to: Name, token: number) => {
    for (let c = 0; c < widthOf(from); c++)
      for (let d = 0; d < widthOf(to); d++) feed(at(from, token, c), at(to, token, d));
  };
  const one = (from: Name, to: Name, token: number) => {
    for (let c = 0; c < width; c++) feed(at(from, token, c), at(to, token, c));
  };
  const head = width / heads;
  for (let token = 0; token < tokens; token++) {
    whole('x', 'ln1', token);
    for (const to of ['q', 'k', 'v'] as const) whole('ln1', to, token);
    for (let h = 0; h < heads; h++) {
      for (let other = 0; other < tokens; other++) {
        const key = h * tokens + other;
        for (let c = h * head; c < (h + 1) * head; c++) {
          feed(at('q', token, c), at('scores', token, key));
          feed(at('k', other, c), at('scores', token, key));
          feed(at('softmax', token, key), at('attention', token, c));
          feed(at('v', other, c), at('attention', token, c));
        }
        for (let t = 0; t < tokens; t++) feed(at('scores', token, key), at('softmax', token, h * tokens + t));
      }
    }
    whole('attention', 'projection', token);
    one('x', 'res1', token);
    one('projection', 'res1', token);
    whole('res1', 'ln2', token);
    whole('ln2', 'fc1', token);
    whole('fc1', 'fc2', token);
    one('res1', 'res2', token);
    one('fc2', 'res2', token);
  }
  // As large as other tiles.
  const partsOf = (tensor: Name): number => (tensor === 'fc1' ? hidden / width : heads);
  const unique = readers.map(list => [...new Set(list)]);
  const tiles = TENSORS.flatMap(tensor =>
    Array.from({ length: tokens * partsOf(tensor) }, (_, i) => {
      const parts = partsOf(tensor);
      const part = widthOf(tensor) / parts;
      return Array.from({ length: part }, (__, c) =>
        at(tensor, Math.floor(i / parts), (i % parts) * part + c),
      );
    }),
  );
  return { neurons, readers: unique, tiles };
}

/** Messages that leave a core when every neuron sends once, neuron by neuron: km1. */
export function countMessages({ readers }: NeuronGraph, coreOf: ArrayLike<number>): number {
  let messages = 0;
  readers.forEach((targets, neuron) => {
    const cores = new Set(targets.map(target => coreOf[target]!));
    cores.delete(coreOf[neuron]!);
    messages += cores.size;
  });
  return messages;
}

/** Tiles that a tile sends to; a net for each set of readers that neurons of it share. */
export function netsOfTiles({ readers, tiles, neurons }: NeuronGraph): readonly PlainNet[] {
  const tileOf = new Int32Array(neurons);
  tiles.forEach((list, tile) => {
    for (const neuron of list) tileOf[neuron] = tile;
  });
  return tiles.flatMap((list, source): readonly PlainNet[] => {
    const weights = new Map<string, { readonly targets: readonly number[]; weight: number }>();
    for (const neuron of list) {
      const targets = [...new Set(readers[neuron]!.map(target => tileOf[target]!))].sort((a, b) => a - b);
      if (targets.length === 0) continue;
      const known = weights.get(`${targets}`) ?? { targets, weight: 0 };
      weights.set(`${targets}`, known);
      known.weight += 1;
    }
    return [...weights.values()].map(({ targets, weight }) => ({ source, targets, weight }));
  });
}
