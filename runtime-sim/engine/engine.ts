/**
 * The functional engine of one thread: a compiled network whose messages all meet their steps, executed population by
 * population on integer kernels. What it cannot say exactly it does not say: the image is left to the slow machine.
 */
import type { ChipProgram } from '../../backends/program/program.ts';
import { byteWeights } from '../../backends/program/weights.ts';
import { createArena } from '../../ir/fast/arena.ts';
import { type EngineArena, engineArena } from '../../ir/fast/operand-kernels.ts';
import { expandMap, HOLE } from '../../ir/map.ts';
import type { HostStop, PopulationEmission } from '../chip.ts';
import { hostValue } from '../messages.ts';
import { createBinCounter } from './bin-counter.ts';
import { type BinTable, createBins } from './bins.ts';
import { createContents } from './contents.ts';
import { type ProductCounts, prepareGather } from './gathers.ts';
import { HOST, type Layout, layOut, type Operand, type Stack } from './layout.ts';
import { createMemory, type Memory } from './memory.ts';
import { isRegular, timestepsOf } from './regular.ts';
import { prepareStack, rowsAtOnce, type StackRunner } from './stack-runner.ts';
import { createTally, placeTallies, type Tally, type TallyPlaces } from './tally.ts';
import { columnBound, createWeightStore } from './weight-store.ts';
import { type Wiring, wire } from './wiring.ts';

export type EngineObserver = (step: number, population: number, emission: PopulationEmission) => void;

/** What one image did. */
export interface Outcome {
  readonly readouts: readonly Float64Array[];
  readonly lastStep: number;
}

export interface Engine {
  readonly wiring: Wiring;
  readonly bins: BinTable;
  readonly places: TallyPlaces;
  /** undefined: not exact in the kernels' integers; nothing is counted then. */
  run(image: Float64Array, observe?: EngineObserver, stop?: HostStop): Outcome | undefined;
  /** Of all images so far. */
  readonly tallies: readonly Tally[];
}

/** undefined: for the slow machine, be it to say what is wrong with these programs. */
export function createEngine(programs: readonly ChipProgram[]): Engine | undefined {
  const arena = engineArena(createArena());
  const wiring = arena && wire(programs);
  if (arena === undefined || wiring === undefined) return undefined;
  const contents = createContents();
  const layout = layOut(wiring, contents);
  if (layout === undefined || !isRegular(wiring, layout) || !isKnown(wiring)) return undefined;
  const bins = createBins(wiring);
  return bins && assemble(wiring, layout, bins, createWeightStore(arena, contents), arena);
}

/** Messages of binary chips are one power of two each, which sums of several steps do not count. */
const isKnown = ({ header, tiles }: Wiring): boolean =>
  !header.binary || tiles.every(({ program }) => program.gathers.every(({ kind }) => SINGLE.has(kind)));
const SINGLE: ReadonlySet<string> = new Set(['linear', 'depthwise', 'relay', 'bias']);

function assemble(
  wiring: Wiring,
  layout: Layout,
  bins: BinTable,
  weights: ReturnType<typeof createWeightStore>,
  arena: EngineArena,
): Engine {
  const { header, input, tiles } = wiring;
  const memory = createMemory(layout, wiring.maps, arena, columnBounds(layout));
  const places = placeTallies(bins, wiring);
  const current = createTally(0, places, wiring);
  const products: ProductCounts = {
    ...{ adds: current.productAdds, paper: current.productPaper, rowSynops: current.rowSynops },
  };
  const shared = { header, arena, weights, memory, products };
  const runners = prepareStacks(layout, shared);
  const counter = createBinCounter(wiring, layout, bins, places, arena);
  const hostValues = arena.reserve(input.size * 4);
  const hostTerms = arena.reserve(input.size);
  const tops = new Float64Array(layout.stacks.length + 1);
  const steps = input.steps === undefined ? undefined : expandMap(input.steps);
  const send = (image: Float64Array | undefined, t: number) => {
    const { i32, u8 } = arena.views();
    for (let i = 0; i < input.size; i++) {
      const isSent = image !== undefined && steps?.[i] !== HOLE;
      const value = isSent ? hostValue(image[i]!, input.fraction) : 0;
      i32[hostValues / 4 + i] = value;
      u8[hostTerms + i] = i32[hostValues / 4 + i] === 0 ? 0 : 1;
    }
    tops[0] = arena.kernels.largest(hostValues, input.size) >>> 0;
    memory.send(HOST, hostValues, hostTerms, t, tops);
    if (image !== undefined) counter.countHost(hostValues, hostTerms, t);
  };
  const deepest = timestepsOf(wiring);
  const readers = tiles.filter(({ program }) => program.emit.kind === 'readout');
  const classes = readers.reduce((n, { size }) => n + size, 0);
  const tallies = new Map<number, Tally>();
  const watch = createWatch(wiring, layout);

  function runStep(run: Run, t: number, lastStep: number): boolean {
    const isSending = header.coding === 'rate' || t === 1;
    if (isSending) send(run.image, t);
    else if (t === 2) send(undefined, t);
    for (const number of layout.order) {
      const { program } = layout.stacks[number]!;
      if (header.mode !== 'streaming' && program.depth + (t - 1) * header.period > lastStep) continue;
      const runner = runners[number]!;
      if (!runner.run(t, tops)) return false;
      counter.countStack(number, runner.slot, t);
      if (run.observe !== undefined) watch.show(number, runner.slot, t, arena, run.observe);
      runner.send(t, tops);
      if (program.emit.kind === 'readout') runner.read(run.readoutOf(t), t);
    }
    return true;
  }

  function commit(lastStep: number): void {
    const tally = tallies.get(lastStep) ?? createTally(lastStep, places, wiring);
    tallies.set(lastStep, tally);
    tally.images += 1;
    counter.addTo(tally.bins);
    addAll(tally.productAdds, current.productAdds);
    addAll(tally.productPaper, current.productPaper);
    for (const [tile, synops] of current.rowSynops) addAll(tally.rowSynops.get(tile)!, synops);
  }

  function clear(): void {
    counter.clear();
    watch.clear();
    for (const counts of [current.productAdds, current.productPaper, ...current.rowSynops.values()])
      counts.fill(0);
  }

  return {
    ...{ wiring, bins, places },
    get tallies() {
      return [...tallies.values()];
    },
    run(image, observe, stop) {
      clear();
      const run = createRun(image, classes, observe);
      let lastStep = deepest;
      for (let t = 1; t <= header.steps; t++) {
        // What runs beside the step that the host stopped at has been sent on its way already.
        if (!runStep(run, t, lastStep)) return undefined;
        const isOver = lastStep < deepest;
        const readout = run.readouts[t - 1];
        if (isOver || t === header.steps || readout === undefined || stop?.(readout, t) !== true) continue;
        lastStep = readers[0]!.program.depth + (t - 1) * header.period;
      }
      const readouts = run.readouts.filter((_, i) => isRead(i, lastStep));
      commit(lastStep);
      return { readouts, lastStep };
    },
  };

  function isRead(i: number, lastStep: number): boolean {
    return header.mode === 'streaming' || readers[0]!.program.depth + i * header.period <= lastStep;
  }
}

/** An image on its way. */
interface Run {
  readonly image: Float64Array;
  readonly observe: EngineObserver | undefined;
  readonly readouts: Float64Array[];
  readoutOf(t: number): Float64Array;
}

function createRun(image: Float64Array, classes: number, observe: EngineObserver | undefined): Run {
  const readouts: Float64Array[] = [];
  return {
    ...{ image, observe, readouts },
    readoutOf(t) {
      readouts[t - 1] ??= new Float64Array(classes);
      return readouts[t - 1]!;
    },
  };
}

function addAll(into: Float64Array, more: Float64Array): void {
  for (let i = 0; i < into.length; i++) into[i]! += more[i]!;
}

interface Shared {
  readonly header: Wiring['header'];
  readonly arena: EngineArena;
  readonly weights: ReturnType<typeof createWeightStore>;
  readonly memory: Memory;
  readonly products: ProductCounts;
}

function prepareStacks(layout: Layout, shared: Shared): readonly StackRunner[] {
  const { arena, memory, header } = shared;
  let room = 0;
  let work = 0;
  const shop = {
    ...shared,
    placeOf: (operand: Operand) => memory.places[operand.number]!,
    room: (bytes: number) => {
      room = Math.max(room, bytes);
    },
    work: () => work,
    rowsAtOnce,
  };
  const largest = layout.stacks.reduce((most, { size }) => Math.max(most, size), 0);
  // Where an image is one step nothing is kept from one stack to the next.
  const common = { values: arena.reserve(largest * 4), terms: arena.reserve(largest), sums: 0 };
  const sums = header.steps === 1 ? arena.reserve(largest * 4) : undefined;
  const runners = layout.stacks.map(stack =>
    prepareStack(
      stack,
      stack.gathers.map(own => prepareGather(stack, own, shop)),
      { ...common, sums: sums ?? arena.reserve(stack.size * 4) },
      shared,
    ),
  );
  work = arena.reserve(room);
  return runners;
}

/** Of operands that weights alone read: the largest sum of magnitudes of a column of them. */
function columnBounds({ stacks }: Layout): ReadonlyMap<number, number> {
  const bounds = new Map<number, number>();
  for (const { gathers, tiles } of stacks) {
    for (const { gather, operands } of gathers) {
      for (const { number } of operands) {
        const block = gather.kind === 'linear' ? tiles[0]!.home.weights[gather.weights] : undefined;
        const bound = block ? columnBound(byteWeights(block), block.channels) : Number.POSITIVE_INFINITY;
        bounds.set(number, Math.max(bounds.get(number) ?? 0, bound));
      }
    }
  }
  return bounds;
}

/** Puts together what the stacks of a population sent, and shows it when the last of them has. */
function createWatch({ header, tiles }: Wiring, { stacks }: Layout) {
  const tilesOf = new Map<number, number>();
  for (const { program } of tiles)
    tilesOf.set(program.population, (tilesOf.get(program.population) ?? 0) + 1);
  const open = new Map<string, { readonly emission: PopulationEmission; left: number }>();
  return {
    clear: () => open.clear(),
    show(
      number: number,
      slot: StackRunner['slot'],
      t: number,
      arena: EngineArena,
      observe: EngineObserver,
    ): void {
      const stack = stacks[number]!;
      const { population } = stack.program;
      const key = `${t} ${population}`;
      const entry = open.get(key) ?? {
        emission: emptyEmission(header.populations[population]!.shape),
        left: tilesOf.get(population)!,
      };
      open.set(key, entry);
      copyEmission(stack, header.populations[population]!.shape, slot, arena, entry.emission);
      entry.left -= stack.tiles.length;
      if (entry.left > 0) return;
      open.delete(key);
      observe(t, population, entry.emission);
    },
  };
}

function emptyEmission(shape: readonly number[]): PopulationEmission {
  const size = shape.reduce((a, b) => a * b, 1);
  return { values: new Int32Array(size), terms: new Uint8Array(size), sums: new Int32Array(size) };
}

function copyEmission(
  { tiles, bases }: Stack,
  shape: readonly number[],
  slot: StackRunner['slot'],
  arena: EngineArena,
  { values, terms, sums }: PopulationEmission,
): void {
  const { i32, u8 } = arena.views();
  const [, allRows, allChannels] = shape as [number, number, number];
  tiles.forEach(({ program: { box }, shape: [groups, rows, channels] }, k) => {
    for (let g = 0; g < groups; g++) {
      for (let r = 0; r < rows; r++) {
        const from = bases[k]! + (g * rows + r) * channels;
        const to = ((box.group[0] + g) * allRows + box.row[0] + r) * allChannels + box.channel[0];
        values.set(i32.subarray(slot.values / 4 + from, slot.values / 4 + from + channels), to);
        terms.set(u8.subarray(slot.terms + from, slot.terms + from + channels), to);
        sums.set(i32.subarray(slot.sums / 4 + from, slot.sums / 4 + from + channels), to);
      }
    }
  });
}
