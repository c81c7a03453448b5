/**
 * Functional simulation of a chip through which rows pass: a tile executes row r of image m at timestep depth + r +
 * m · interval, with all that has arrived for it; a message of a row sent at k is there at k + 1. What waits lies in rings
 * of exactly the declared slots, so that a row that is overwritten while it is needed is found here too. Values equal
 * those of the integer interpreter bit for bit, however many images are on their way.
 */
import type { ChipProgram, TileProgram } from '../backends/program/program.ts';
import { fail } from '../ir/diagnostics/diagnostic.ts';
import { expandMap, HOLE } from '../ir/map.ts';
import type { Machine, MachineObserver, PopulationEmission } from './chip.ts';
import { createCounts, type TileCounts } from './counts.ts';
import { findKept } from './kept.ts';
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
import { MAX_ELEMENTS } from './rings.ts';
import { createRowGather, type RowGather } from './row-gathers.ts';
import { arrive, type RowBatch, takeRow } from './row-kernels.ts';
import { messagesOf } from './spikes.ts';
import { boot, boxSizes, type Link, type RouteState, type TileState } from './state.ts';

export interface StreamingMachine extends Machine {
  /** The readout of each of several images that follow each other as closely as they may. */
  runStream(images: readonly Float64Array[], observe?: StreamObserver): readonly Float64Array[];
}
export type StreamObserver = (image: number, population: number, emission: PopulationEmission) => void;

interface Delivery {
  readonly link: Link<RowGather>;
  readonly batch: RowBatch;
}
type Mail = Map<number, Delivery[]>;

/** Errors: E0703 programs whose tables lead nowhere, or at the wrong time, or that overwrite what is needed. */
export function createStreamingMachine(programs: readonly ChipProgram[]): StreamingMachine {
  const header = programs[0]?.header ?? fail('E0703', { origin: 'program' }, { problem: 'no chip' });
  const input = programs.find(p => p.input !== undefined)?.input;
  if (input?.steps === undefined)
    return fail('E0703', { origin: 'program' }, { problem: 'no chip takes the input row by row' });
  const room = { left: MAX_ELEMENTS };
  const booted = boot(programs, (...about) => createRowGather(...about, room));
  const { tiles } = booted;
  const rowsOf = ({ box }: TileProgram) => boxSizes(box)[1];
  const timesteps = checkTimesteps(
    tiles.reduce((most, { program }) => Math.max(most, program.depth + rowsOf(program) - 1), 0),
  );
  const hostSteps = expandMap(input.steps);
  const late = hostSteps.find(step => step > timesteps);
  if (late !== undefined)
    fail(
      'E0703',
      { origin: 'input' },
      { problem: `sends at timestep ${late}, after the last of ${timesteps}` },
    );
  const sentAt = elementsByStep(hostSteps);
  findKept(booted, { rows: sentAt.length, rowOf: element => hostSteps[element]! }, room);
  const counts = createCounts(timesteps, header.interval, tiles.length, booted.cores.length);
  const readouts = tiles.filter(tile => tile.program.emit.kind === 'readout');
  const classes = readouts.reduce((n, tile) => n + tile.size, 0);

  function runStream(images: readonly Float64Array[], observe?: StreamObserver): readonly Float64Array[] {
    const mail: Mail = new Map();
    const answers = images.map(() => new Float64Array(classes));
    const watch = observe && createWatch(header, tiles, observe);
    counts.images += images.length;
    for (let step = 0; step <= timesteps; step++) counts.ran[step]! += images.length;
    const last = timesteps + (images.length - 1) * header.interval;
    for (let now = 0; now <= last; now++) {
      images.forEach((image, number) => {
        const step = now - number * header.interval;
        if (step < 0 || step >= sentAt.length) return;
        const batch = rowOfHost(image, sentAt[step]!, input!.fraction);
        post(booted.hostRoutes, { ...batch, image: number, row: step }, now, undefined, mail);
      });
      for (const { link, batch } of mail.get(now) ?? []) deliver(link, batch, now);
      mail.delete(now);
      for (const tile of tiles) {
        const since = now - tile.program.depth;
        const image = Math.floor(since / header.interval);
        const row = since - image * header.interval;
        if (image < 0 || image >= images.length || row >= rowsOf(tile.program)) continue;
        const y = executeRow(tile, image, row, now);
        if (tile.program.emit.kind === 'readout') keepReadout(answers[image]!, tile, y, row);
        else {
          const batch = { ...messagesOf(tile, batchOf(tile, numbersOf(tile, row)), header), image, row };
          post(tile.routes, batch, now, counts.tiles[tile.number], mail);
        }
        watch?.(tile, image, row);
      }
    }
    return answers;
  }

  function post(
    routes: readonly RouteState<RowGather>[],
    batch: RowBatch,
    now: number,
    own: TileCounts | undefined,
    mail: Mail,
  ): void {
    for (const route of routes) {
      countMessages(route, batch, now - batch.image * header.interval, own, counts);
      const due = mail.get(now + 1) ?? [];
      mail.set(now + 1, due);
      for (const link of route.links) due.push({ link, batch });
    }
  }

  function deliver(link: Link<RowGather>, batch: RowBatch, now: number): void {
    const { tile, gather, side, positions } = link;
    const own = counts.tiles[tile.number]!;
    const { synops, memoryWords } = own;
    const step = now - batch.image * header.interval;
    const isOnTime = (row: number) => {
      if (step > tile.program.depth + row) mistimed(link, now);
    };
    arrive(gather, side, positions, batch, isOnTime, own);
    countWork(tile, step, own.synops - synops, own.memoryWords - memoryWords);
  }

  function executeRow(tile: TileState<RowGather>, image: number, row: number, now: number): Float64Array {
    const own = counts.tiles[tile.number]!;
    const step = now - image * header.interval;
    const { synops } = own;
    const y = fireRow(tile, image, row, header, own);
    countWork(tile, step, own.synops - synops, 0);
    countUpdates(tile, step, header, counts);
    return y;
  }

  function countWork(tile: TileState<RowGather>, step: number, synops: number, words: number): void {
    // After the last row nothing is left to arrive, so that nothing is counted there.
    const work = counts.work[step];
    if (work === undefined) return;
    work.synops[tile.core.number]! += synops;
    work.words[tile.core.number]! += words;
  }

  const run = (image: Float64Array, observe?: MachineObserver): readonly Float64Array[] =>
    runStream([image], observe && ((_, population, emission) => observe(1, population, emission)));
  return { run, runStream, counts, tilePopulations: tiles.map(tile => tile.program.population) };
}

/** U, F, emission of a row, with all that has arrived for it. Returns y. */
export function fireRow(
  tile: TileState<RowGather>,
  image: number,
  row: number,
  header: ChipProgram['header'],
  counts: TileCounts,
): Float64Array {
  const { program } = tile;
  const u = new Float64Array(tile.values.length);
  for (const gather of tile.gathers) {
    const accumulator = takeRow(gather, image, row, counts);
    addHeld(u, { kind: gather.kind, accumulator, scale: gather.scale }, program, header, 1);
  }
  holdState(u, program, header);
  const y = tile.soma(u, 1);
  tile.sums.fill(0);
  fireNeurons(y, program, tile, header, 1);
  return y;
}

/** Elements of the image that the host sends in each timestep. */
export function elementsByStep(steps: Int32Array): readonly Int32Array[] {
  const lists: number[][] = Array.from({ length: steps.reduce((a, b) => Math.max(a, b + 1), 0) }, () => []);
  steps.forEach((step, element) => {
    if (step !== HOLE) lists[step]!.push(element);
  });
  return lists.map(list => Int32Array.from(list));
}

export function rowOfHost(image: Float64Array, elements: Int32Array, fraction: number): Batch {
  const values = elements.map(element => hostValue(image[element]!, fraction));
  return batchOf({ values, terms: new Uint8Array(values.length).fill(1) }, i => elements[i]!);
}

/** Neuron of a row → its number in the tile, all rows counted. */
export function numbersOf({ program }: TileState<RowGather>, row: number): (i: number) => number {
  const [, rows, channels] = boxSizes(program.box);
  return i => (Math.floor(i / channels) * rows + row) * channels + (i % channels);
}

function keepReadout(answer: Float64Array, tile: TileState<RowGather>, y: Float64Array, row: number): void {
  const unit = 2 ** -tile.program.outFraction;
  const numberOf = numbersOf(tile, row);
  for (let i = 0; i < y.length; i++) answer[tile.members[numberOf(i)]!] = y[i]! * unit;
}

/** Puts what the tiles of a population send together, row by row, and shows it when its last row has run. */
function createWatch(
  header: ChipProgram['header'],
  tiles: readonly TileState<RowGather>[],
  observe: StreamObserver,
) {
  const seen = new Map<string, { emission: PopulationEmission; left: number }>();
  const tilesOf = new Map<number, number>();
  for (const { program } of tiles)
    tilesOf.set(program.population, (tilesOf.get(program.population) ?? 0) + 1);
  return (tile: TileState<RowGather>, image: number, row: number): void => {
    const { population } = tile.program;
    const [groups, rows, channels] = header.populations[population]!.shape as [number, number, number];
    const size = groups * rows * channels;
    const entry = seen.get(`${image} ${population}`) ?? {
      emission: { values: new Int32Array(size), terms: new Uint8Array(size), sums: new Int32Array(size) },
      left: rows * tilesOf.get(population)!,
    };
    seen.set(`${image} ${population}`, entry);
    const numberOf = numbersOf(tile, row);
    for (let i = 0; i < tile.values.length; i++) {
      const neuron = tile.members[numberOf(i)]!;
      entry.emission.values[neuron] = tile.values[i]!;
      entry.emission.terms[neuron] = tile.terms[i]!;
      entry.emission.sums[neuron] = tile.sums[i]!;
    }
    entry.left -= 1;
    if (entry.left > 0) return;
    seen.delete(`${image} ${population}`);
    observe(image, population, entry.emission);
  };
}
