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
  const first = (bins: CountedBins['host'], place: number, t: number) =>
    place + (isStream ? 0 : (t - 1) * bins.classes * PER_BIN);
  const countBins = (
    bins: CountedBins['host'],
    place: number,
    slot: Slot,
    base: number,
    size: number,
    t: number,
  ) => {
    const values = slot.values + (slot.isShort ? 2 : 4) * base;
    const into = counts + 4 * first(bins, place, t);
    const { runs, count, list } = numbers.get(bins.ofNeuron)!;
    const what = [values, slot.isShort ? 1 : 0, slot.terms + base] as const;
    if (list === undefined) arena.kernels.tallyRuns(...what, runs, count, into);
    else arena.kernels.tally(...what, list, size, into);
  };
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
    const into = counts / 4 + first(bins, place, t) + SPLIT;
    for (let i = 0; i < size; i++) {
      const payload = list[from + i]!;
      if (payload === 0) continue;
      const { neurons } = splitTerms({ neurons: Int32Array.of(i), payloads: [payload] }, levels);
      i32[into + bins.ofNeuron[i]! * PER_BIN]! += neurons.length;
    }
  };
  return {
    clear: () => arena.kernels.clear(counts, places.length * 4),
    countHost: (slot, t) => countBins(table.host, places.host, slot, 0, input.size, t),
    countStack(number, slot, t) {
      const stack = stacks[number]!;
      const { emit } = stack.program;
      stack.tiles.forEach((tile, k) => {
        const bins = table.tiles[tile.number]!;
        const place = places.tiles[tile.number]!;
        const base = stack.bases[k]!;
        countBins(bins, place, slot, base, tile.size, t);
        if (header.binary && emit.kind === 'mt') split(bins, place, slot, base, tile.size, emit.levels, t);
      });
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
