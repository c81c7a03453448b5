/** Counts what stacks sent into the bins of their tiles: in integers on kernels, for one image. */
import type { EngineArena } from '../../ir/fast/operand-kernels.ts';
import { splitTerms } from '../spikes.ts';
import { type CountedBins, PER_BIN, SPLIT } from './bins.ts';
import type { Layout } from './layout.ts';
import type { Slot } from './memory.ts';
import type { TallyPlaces } from './tally.ts';
import type { Wiring } from './wiring.ts';

export interface BinCounter {
  clear(): void;
  countHost(slot: Slot, t: number): void;
  countStack(number: number, slot: Slot, t: number): void;
  addTo(bins: Float64Array): void;
}

/** What kernels read of a tile: first neuron, runs or numbers of bins, how many, are they runs?, its bins, those of a step. */
const TILE_WORDS = 6;

export function createBinCounter(
  { header, input }: Wiring,
  { stacks }: Layout,
  table: CountedBins,
  places: TallyPlaces,
  arena: EngineArena,
): BinCounter {
  const counts = arena.reserve(places.length * 4);
  const numbers = placeNumbers([table.host, ...table.tiles], arena);
  const isStream = header.mode === 'streaming';
  const perStep = (bins: CountedBins['host']) => (isStream ? 0 : bins.classes * PER_BIN);
  /** As kernels read it. */
  const wordsOf = (
    bins: CountedBins['host'],
    place: number,
    base: number,
    size: number,
  ): readonly number[] => {
    const { runs, count, list } = numbers.get(bins.ofNeuron)!;
    const own = list === undefined ? [runs, count, 1] : [list, size, 0];
    return [base, ...own, place, perStep(bins)];
  };
  const placeTiles = (words: readonly number[]) => {
    const at = arena.reserve(words.length * 4);
    arena.views().i32.set(words, at / 4);
    return { at, count: words.length / TILE_WORDS };
  };
  const host = placeTiles(wordsOf(table.host, places.host, 0, input.size));
  const ofStacks = stacks.map(({ tiles, bases }) =>
    placeTiles(
      tiles.flatMap(({ number, size }, k) =>
        wordsOf(table.tiles[number]!, places.tiles[number]!, bases[k]!, size),
      ),
    ),
  );
  const count = ({ values, isShort, terms }: Slot, { at, count }: typeof host, t: number) =>
    arena.kernels.tallyTiles(values, isShort ? 1 : 0, terms, at, count, counts, t - 1);
  const split = (
    bins: CountedBins['host'],
    place: number,
    { values, isShort }: Slot,
    base: number,
    size: number,
    levels: number,
    t: number,
  ) => {
    const { i32, i16 } = arena.views();
    const [list, from] = isShort ? [i16, values / 2 + base] : [i32, values / 4 + base];
    const into = counts / 4 + place + (t - 1) * perStep(bins) + SPLIT;
    for (let i = 0; i < size; i++) {
      const payload = list[from + i]!;
      if (payload === 0) continue;
      const { neurons } = splitTerms({ neurons: Int32Array.of(i), payloads: [payload] }, levels);
      i32[into + bins.ofNeuron[i]! * PER_BIN]! += neurons.length;
    }
  };
  return {
    clear: () => arena.kernels.clear(counts, places.length * 4),
    countHost: (slot, t) => count(slot, host, t),
    countStack(number, slot, t) {
      count(slot, ofStacks[number]!, t);
      const { program, tiles, bases } = stacks[number]!;
      const { emit } = program;
      if (!header.binary || emit.kind !== 'mt') return;
      for (const [k, tile] of tiles.entries()) {
        const [bins, place] = [table.tiles[tile.number]!, places.tiles[tile.number]!];
        split(bins, place, slot, bases[k]!, tile.size, emit.levels, t);
      }
    },
    addTo(bins) {
      const { i32 } = arena.views();
      for (let i = 0; i < places.length; i++) bins[i]! += i32[counts / 4 + i]!;
    },
  };
}

/** Bins as kernels read them: runs of one bin, or, where those are short, a list. */
interface BinNumbers {
  readonly runs: number;
  readonly count: number;
  readonly list: number | undefined;
}
/** Below so many neurons a run is not worth its making. */
const SHORT_RUN = 8;

function placeNumbers(all: CountedBins['tiles'], arena: EngineArena): ReadonlyMap<Uint16Array, BinNumbers> {
  const places = new Map<Uint16Array, BinNumbers>();
  for (const { ofNeuron } of all) if (!places.has(ofNeuron)) places.set(ofNeuron, placeBins(ofNeuron, arena));
  return places;
}

function placeBins(ofNeuron: Uint16Array, arena: EngineArena): BinNumbers {
  let count = 0;
  for (let i = 0; i < ofNeuron.length; i++) if (ofNeuron[i] !== ofNeuron[i - 1]) count += 1;
  if (count * SHORT_RUN > ofNeuron.length) {
    const list = arena.keep(ofNeuron.length * 2, at => arena.views().u16.set(ofNeuron, at / 2));
    return { runs: 0, count: 0, list };
  }
  const runs = arena.keep(count * 8, place => {
    const { i32 } = arena.views();
    let at = place / 4 - 2;
    for (let i = 0; i < ofNeuron.length; i++) {
      if (ofNeuron[i] !== ofNeuron[i - 1]) {
        at += 2;
        i32.set([ofNeuron[i]!, 0], at);
      }
      i32[at + 1]! += 1;
    }
  });
  return { runs, count, list: undefined };
}
