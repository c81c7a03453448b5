/**
 * Functional simulation of a booted chip, in chip timesteps, driven by its tables alone. A tile executes step t
 * of an image at timestep depth + (t − 1) · period; a message sent at k is used at k + 1 + delay. Values equal those of the
 * integer interpreter bit for bit.
 *
 * Cost  synops: one multiply-add in a typed array each
 */
import type { ChipProgram } from '../backends/program/program.ts';
import { fail } from '../ir/diagnostics/diagnostic.ts';
import { saturate } from '../ir/fixed.ts';
import { isProductKind } from '../ir/interpret/int.ts';
import { createCounts, type MachineCounts, type TileCounts } from './counts.ts';
import { createGather, type GatherState } from './gathers.ts';
import { apply, clear, closeStep, paperProducts, takeMaximum, weigh } from './kernels.ts';
import {
  type Batch,
  batchOf,
  checkTimesteps,
  countMessages,
  countUpdates,
  hostValue,
  mistimed,
} from './messages.ts';
import { addHeld, fireNeurons, holdState } from './neurons.ts';
import { messagesOf } from './spikes.ts';
import { boot, type Link, type RouteState, type TileState } from './state.ts';
import { createStreamingMachine } from './streaming.ts';

/** What a population sent in one step, in its own neuron order. */
export interface PopulationEmission {
  readonly values: Int32Array;
  readonly terms: Uint8Array;
  readonly sums: Int32Array;
}
export type MachineObserver = (step: number, population: number, emission: PopulationEmission) => void;

/** Has the host seen enough? It is asked after every step but the last. */
export type HostStop = (readout: Float64Array, step: number) => boolean;

export interface Machine {
  /**
   * The readout after each step t = 1…T, as real numbers; up to the first that makes the host `stop`. What is not run is
   * not counted.
   */
  run(image: Float64Array, observe?: MachineObserver, stop?: HostStop): readonly Float64Array[];
  readonly counts: MachineCounts;
  /** Population of every tile, by tile number. */
  readonly tilePopulations: readonly number[];
}

interface Delivery {
  readonly link: Link<GatherState>;
  readonly batch: Batch;
}

/** Errors: E0703 programs whose tables lead nowhere, or at the wrong time. */
export function createMachine(programs: readonly ChipProgram[]): Machine {
  const header = programs[0]?.header ?? fail('E0703', { origin: 'program' }, { problem: 'no chip' });
  if (header.mode === 'free') fail('E0711', { origin: 'program' }, {});
  if (header.mode === 'streaming') return createStreamingMachine(programs);
  const booted = boot(programs, createGather);
  const input = programs.find(p => p.input !== undefined)?.input;
  if (input === undefined)
    return fail('E0703', { origin: 'program' }, { problem: 'no chip takes the input' });
  const { steps, coding } = header;
  const timesteps = timestepsOf(booted.tiles, header);
  const counts = createCounts(timesteps, header.interval, booted.tiles.length, booted.cores.length);
  const readoutTiles = booted.tiles.filter(tile => tile.program.emit.kind === 'readout');

  function run(image: Float64Array, observe?: MachineObserver, stop?: HostStop): readonly Float64Array[] {
    counts.images += 1;
    for (const tile of booted.tiles) clear(tile);
    const mail: Delivery[][] = Array.from({ length: timesteps + 2 }, () => []);
    const readouts: Float64Array[] = [];
    for (let now = 0; now <= timesteps; now++) {
      counts.ran[now]! += 1;
      if (stepAt(0, now, header) !== undefined && (coding === 'rate' || now === 0)) {
        post(booted.hostRoutes, hostBatch(image, input!.fraction), now, mail, undefined, counts);
      }
      deliver(mail[now]!, now, header, counts);
      const ran = booted.tiles.filter(tile => stepAt(tile.program.depth, now, header) !== undefined);
      let read = 0;
      for (const tile of ran) {
        const t = stepAt(tile.program.depth, now, header)!;
        const y = execute(tile, t, header);
        countUpdates(tile, now, header, counts);
        for (const gather of tile.gathers) counts.tiles[tile.number]!.productPaper += paperProducts(gather);
        if (tile.program.emit.kind === 'readout') {
          keepReadout(readouts, tile, y, t, coding === 'rate');
          read = t;
        } else
          post(
            tile.routes,
            messagesOf(tile, batchOf(tile), header),
            now,
            mail,
            counts.tiles[tile.number],
            counts,
          );
      }
      if (observe !== undefined) report(ran, now, observe);
      if (read > 0 && read < steps && stop?.(readouts[read - 1]!, read)) break;
    }
    return readouts;
  }

  /** Assembles each population that ran from its tiles. */
  function report(ran: readonly TileState<GatherState>[], now: number, observe: MachineObserver): void {
    for (const population of new Set(ran.map(tile => tile.program.population))) {
      const tiles = ran.filter(tile => tile.program.population === population);
      const size = header.populations[population]!.shape.reduce((a, b) => a * b, 1);
      const emission = {
        values: new Int32Array(size),
        terms: new Uint8Array(size),
        sums: new Int32Array(size),
      };
      for (const { members, values, terms, sums } of tiles) {
        for (let i = 0; i < members.length; i++) {
          emission.values[members[i]!] = values[i]!;
          emission.terms[members[i]!] = terms[i]!;
          emission.sums[members[i]!] = sums[i]!;
        }
      }
      observe(stepAt(tiles[0]!.program.depth, now, header)!, population, emission);
    }
  }

  function keepReadout(
    readouts: Float64Array[],
    tile: TileState<GatherState>,
    y: Float64Array,
    t: number,
    rate: boolean,
  ): void {
    const size = readoutTiles.reduce((n, r) => n + r.size, 0);
    const out = readouts[t - 1] ?? new Float64Array(size);
    readouts[t - 1] = out;
    const unit = 2 ** -tile.program.outFraction;
    for (let i = 0; i < tile.size; i++) out[tile.members[i]!] = (y[i]! * unit) / (rate ? t : 1);
  }

  return { run, counts, tilePopulations: booted.tiles.map(tile => tile.program.population) };
}

export function timestepsOf(
  tiles: readonly TileState<GatherState>[],
  { steps, period }: ChipProgram['header'],
): number {
  const deepest = tiles.reduce((most, tile) => Math.max(most, tile.program.depth), 0);
  return checkTimesteps(deepest + (steps - 1) * period);
}

/** The step of an image that is executed at this depth now; undefined: none. */
export function stepAt(
  depth: number,
  now: number,
  { steps, period }: ChipProgram['header'],
): number | undefined {
  const t = (now - depth) / period + 1;
  return t >= 1 && t <= steps && Number.isInteger(t) ? t : undefined;
}

export function hostBatch(image: Float64Array, fraction: number): Batch {
  const values = Int32Array.from(image, x => hostValue(x, fraction));
  return batchOf({ values, terms: new Uint8Array(image.length).fill(1) });
}

function post(
  routes: readonly RouteState<GatherState>[],
  batch: Batch,
  now: number,
  mail: Delivery[][],
  own: TileCounts | undefined,
  counts: MachineCounts,
): void {
  for (const route of routes) {
    countMessages(route, batch, now, own, counts);
    for (const link of route.links) {
      const due = mail[now + 1 + link.delay];
      if (due === undefined) mistimed(link, now);
      due.push({ link, batch });
    }
  }
}

/** First operands of products before second ones; every other order gives the same sums. */
function deliver(
  due: readonly Delivery[],
  now: number,
  header: ChipProgram['header'],
  counts: MachineCounts,
): void {
  for (const side of [0, 1] as const) {
    for (const { link, batch } of due) {
      if (link.side !== side) continue;
      const t = stepAt(link.tile.program.depth, now, header) ?? mistimed(link, now);
      const own = counts.tiles[link.tile.number]!;
      const { synops, memoryWords } = own;
      apply(link, weigh(batch, link, t), own);
      const work = counts.work[now]!;
      work.synops[link.tile.core.number]! += own.synops - synops;
      work.words[link.tile.core.number]! += own.memoryWords - memoryWords;
    }
  }
}

/** Constants, U, F, emission of one step. Returns y. */
export function execute(
  tile: TileState<GatherState>,
  t: number,
  header: ChipProgram['header'],
): Float64Array {
  const { program, gathers } = tile;
  const rate = header.coding === 'rate';
  const u = new Float64Array(tile.size);
  for (const gather of gathers) {
    const { accumulator } = gather;
    if ('bias' in gather && gather.bias !== undefined && (rate || t === 1)) {
      const { bias } = gather;
      for (let i = 0; i < accumulator.length; i++) accumulator[i]! += bias[i % bias.length]!;
    }
    if (gather.kind === 'maximum') takeMaximum(gather);
    closeStep(gather);
    if (!isRemade(gather))
      for (let i = 0; i < accumulator.length; i++)
        accumulator[i] = saturate(accumulator[i]!, header.accumulatorBits);
    addHeld(u, gather, program, header, t);
  }
  holdState(u, program, header);
  const y = tile.soma(u, t);
  fireNeurons(y, program, tile, header, t);
  return y;
}

/** A product that is not rounded step by step stays exact, however often it is read. */
const isRemade = (gather: GatherState): boolean =>
  isProductKind(gather.kind) && 'step' in gather && gather.step === gather.accumulator;
