/** Sets of neurons of a tile that go somewhere: what is sent to a tile, a core, or several of them. */
import { compressMap, HOLE, printMap } from '../../ir/map.ts';

/** Neurons of a tile that a destination needs. Equal sets of one pattern are one object. */
export interface Sent {
  readonly count: number;
  /** Their numbers within the tile, ascending; undefined: all of it. */
  readonly neurons: Int32Array | undefined;
  /** Rows (tokens, in all groups of the tile) that hold at least one of them. */
  readonly rows: number;
  /** Neurons of the tile, and channels of its rows. */
  readonly size: number;
  readonly channels: number;
  /** Equal sets of tiles of equal shape have equal keys. */
  readonly key: string;
}

/** Neurons that a layer of positions has a place for. Equal sets are one object of `known`. */
export function sentOf(layer: Int32Array, channels: number, known: Map<string, Sent>): Sent {
  let count = 0;
  for (const position of layer) if (position !== HOLE) count += 1;
  const neurons = new Int32Array(count);
  let rows = 0;
  let last = -1;
  let at = 0;
  for (let neuron = 0; neuron < layer.length; neuron++) {
    if (layer[neuron] === HOLE) continue;
    neurons[at++] = neuron;
    const row = Math.floor(neuron / channels);
    if (row !== last) rows += 1;
    last = row;
  }
  const isAll = count === layer.length;
  const key = `${layer.length} ${channels} ${isAll ? 'all' : printMap(compressMap(neurons))}`;
  const found = known.get(key) ?? {
    ...{ count, rows, channels, key },
    neurons: isAll ? undefined : neurons,
    size: layer.length,
  };
  known.set(key, found);
  return found;
}

export interface Unions {
  /** Neurons that are in `a` or `b`, sets of one tile; of no set and `b`: those of `b`. Equal sets are one object. */
  join(a: Sent | undefined, b: Sent): Sent;
}

/** Each union is found once. */
export function createUnions(): Unions {
  const byKey = new Map<string, Sent>();
  const own = new Map<Sent, Sent>();
  const unions = new Map<Sent, Map<Sent, Sent>>();
  const unique = (sent: Sent): Sent => {
    const known = own.get(sent);
    if (known !== undefined) return known;
    const found = byKey.get(sent.key) ?? sent;
    byKey.set(sent.key, found);
    own.set(sent, found);
    return found;
  };
  return {
    join(first, second) {
      const b = unique(second);
      if (first === undefined) return b;
      const a = unique(first);
      if (a === b || a.neurons === undefined) return a;
      if (b.neurons === undefined) return b;
      const row = unions.get(a) ?? new Map<Sent, Sent>();
      unions.set(a, row);
      const union = row.get(b) ?? unique(unite(a, b));
      row.set(b, union);
      return union;
    },
  };
}

function unite({ neurons, size, channels }: Sent, other: Sent): Sent {
  const layer = new Int32Array(size).fill(HOLE);
  for (const list of [neurons!, other.neurons!]) for (const neuron of list) layer[neuron] = neuron;
  return sentOf(layer, channels, new Map());
}
