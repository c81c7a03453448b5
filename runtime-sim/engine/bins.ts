/**
 * Neurons of a sender that are counted together: those whose messages go the same ways and are met by the same operands,
 * in one row where rows pass through time. What a run adds to is one bin each; everything else that is counted follows
 * from them and from the tables, once, when somebody asks.
 */
import { expandMap, HOLE, type StridedMap } from '../../ir/map.ts';
import type { WiredRoute, WiredTile, Wiring } from './wiring.ts';

export interface Bins {
  /** Of each neuron. Bin row · classes + class; without rows in time there is one row. */
  readonly ofNeuron: Uint16Array;
  readonly rows: number;
  readonly classes: number;
  /** Which classes does a map take to a place? 1 for each. */
  readonly takes: (map: number) => Uint8Array;
  /** Which classes does a list of senders name? */
  readonly sends: (elements: number) => Uint8Array;
}

/** What is counted in a bin, one behind the other: neurons that are not silent, the powers of two in them, all powers of two, messages of binary chips. */
export const PER_BIN = 4;
export const ACTIVE = 0;
export const ACTIVE_TERMS = 1;
export const TERMS = 2;
export const SPLIT = 3;

const MOST_BINS = 2 ** 16;

interface Sender {
  readonly size: number;
  readonly routes: readonly WiredRoute[];
  readonly rows: number;
  /** Equal keys: equal rows. */
  readonly rowKey: string;
  readonly rowOf: (neuron: number) => number;
}

/** What a run adds to. */
export interface CountedBins {
  readonly host: Pick<Bins, 'ofNeuron' | 'classes'>;
  readonly tiles: readonly Pick<Bins, 'ofNeuron' | 'classes'>[];
}

export interface BinTable extends CountedBins {
  readonly host: Bins;
  readonly tiles: readonly Bins[];
}

/** undefined where there are more than bins are numbered. */
export function createBins(wiring: Wiring): BinTable | undefined {
  const { tiles, input, hostRoutes, header } = wiring;
  const inRows = header.mode === 'streaming';
  const known = new Map<string, Bins | undefined>();
  const masks = createMasks(wiring.maps);
  const find = (sender: Sender): Bins | undefined => {
    const maps = [...new Set(sender.routes.flatMap(mapsOf))].sort();
    const key = `${sender.size} ${sender.rowKey} ${maps.join(' ')}`;
    if (!known.has(key)) known.set(key, makeBins(sender, maps, masks));
    return known.get(key);
  };
  const steps = input.steps === undefined ? undefined : expandMap(input.steps);
  const host = find({
    ...{ size: input.size, routes: hostRoutes, rowKey: 'host' },
    rows: steps?.reduce((most, step) => Math.max(most, step + 1), 1) ?? 1,
    // What is never sent is silent, whatever its row.
    rowOf: neuron => Math.max(0, steps?.[neuron] ?? 0),
  });
  const found = tiles.map(tile => find(senderOf(tile, inRows)));
  const isWhole = (list: readonly (Bins | undefined)[]): list is readonly Bins[] => !list.includes(undefined);
  return host !== undefined && isWhole(found) ? { host, tiles: found } : undefined;
}

function senderOf({ size, routes, shape: [, rows, channels] }: WiredTile, inRows: boolean): Sender {
  if (!inRows) return { size, routes, rows: 1, rowKey: '', rowOf: () => 0 };
  return { size, routes, rows, rowKey: `${rows} ${channels}`, rowOf: n => Math.floor(n / channels) % rows };
}

/** Names of what cuts the neurons of a sender into parts: lists of those that send, and maps with holes. */
const mapsOf = ({ elements, wires }: WiredRoute): readonly string[] => [
  ...(elements === undefined ? [] : [`e${elements}`]),
  ...wires.map(({ map }) => `m${map}`),
];

type Masks = (name: string, size: number) => Uint8Array | undefined;

/** undefined: all. */
function createMasks(maps: readonly StridedMap[]): Masks {
  const known = new Map<string, Uint8Array | undefined>();
  return (name, size) => {
    const key = `${name} ${size}`;
    if (known.has(key)) return known.get(key);
    const places = expandMap(maps[Number(name.slice(1))]!);
    const mask = new Uint8Array(size);
    places.forEach((place, neuron) => {
      if (place !== HOLE) mask[name[0] === 'e' ? place : neuron] = 1;
    });
    const found = mask.includes(0) ? mask : undefined;
    known.set(key, found);
    return found;
  };
}

function makeBins(sender: Sender, maps: readonly string[], masks: Masks): Bins | undefined {
  const { size, rows, rowOf } = sender;
  const classOf = new Uint16Array(size);
  let classes = 1;
  const cuts = maps.flatMap(name => masks(name, size) ?? []);
  for (const cut of new Set(cuts)) {
    const numbers = new Map<number, number>();
    for (let i = 0; i < size; i++) {
      const pair = classOf[i]! * 2 + cut[i]!;
      const number = numbers.get(pair) ?? numbers.size;
      if (number >= MOST_BINS) return undefined;
      numbers.set(pair, number);
      classOf[i] = number;
    }
    classes = numbers.size;
  }
  if (classes * rows > MOST_BINS) return undefined;
  const first = new Int32Array(classes).fill(HOLE);
  for (let i = size - 1; i >= 0; i--) first[classOf[i]!] = i;
  const taken = new Map(
    maps.map(name => {
      const mask = masks(name, size);
      return [name, Uint8Array.from(first, neuron => mask?.[neuron] ?? 1)] as const;
    }),
  );
  const ofNeuron = rows === 1 ? classOf : classOf.map((own, i) => rowOf(i) * classes + own);
  return {
    ofNeuron,
    rows,
    classes,
    takes: map => taken.get(`m${map}`)!,
    sends: map => taken.get(`e${map}`)!,
  };
}
