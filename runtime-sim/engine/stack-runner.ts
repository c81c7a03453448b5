/** One stack in one step: gathers, function, emission; then what it sent goes its ways. */
import type { ProgramHeader } from '../../backends/program/program.ts';
import { type Neurons, prepareNeurons } from '../../ir/fast/neurons.ts';
import type { EngineArena } from '../../ir/fast/operand-kernels.ts';
import { makeExp2Table, makeLog2Table } from '../../ir/fixed.ts';
import { rateReciprocal } from '../../ir/interpret/int.ts';
import { somaSpec } from '../state.ts';
import type { EngineGather, Way } from './gathers.ts';
import type { Stack } from './layout.ts';
import type { Memory, Slot, Tops } from './memory.ts';
import { prepareReals } from './population.ts';

export interface StackRunner {
  readonly slot: Slot;
  /** false: not exact. */
  run(t: number, tops: Tops): boolean;
  send(t: number, tops: Tops): void;
  /** Writes y of the step just run, as real numbers, to where its neurons are in the population. */
  read(readout: Float64Array, t: number): void;
}

/** Neurons that are worked on in doubles at a time. */
const AT_ONCE = 8192;
const ROWS = 4;
/** Whole vectors are read and written. */
const VECTOR = 8;

/** Rows of a stack that are worked on in doubles at a time. */
export const rowsAtOnce = ({ channels }: Stack): number =>
  ROWS * Math.max(1, Math.floor(AT_ONCE / channels / ROWS));

/** What stacks share, each using it in turn. */
export interface SharedRooms {
  readonly values: number;
  readonly terms: number;
  /** Where an image has one step. */
  readonly sums: number;
  /** Accumulators of 32 bits, of the largest stack. */
  readonly accumulators: readonly number[];
  /** One in doubles, of the most rows at a time. */
  readonly reals: number;
  /** Where the room for the work of a moment begins, and what it must hold. */
  readonly work: () => number;
  readonly room: (bytes: number) => void;
}

export function createRooms(
  stacks: readonly Stack[],
  { steps }: ProgramHeader,
  arena: EngineArena,
  work: Pick<SharedRooms, 'work' | 'room'>,
): SharedRooms {
  const largest = stacks.reduce((most, { size }) => Math.max(most, size), 0) + VECTOR;
  const gathers = stacks.reduce((most, { gathers }) => Math.max(most, gathers.length), 0);
  const rows = stacks.reduce((most, stack) => Math.max(most, rowsAtOnce(stack) * stack.channels), 0);
  return {
    values: arena.reserve(largest * 4),
    terms: arena.reserve(largest),
    sums: arena.reserve(steps === 1 ? largest * 4 : 0),
    accumulators: Array.from({ length: gathers }, () => arena.reserve(largest * 4)),
    reals: arena.reserve(rows * 8),
    ...work,
  };
}

interface Parts {
  readonly header: ProgramHeader;
  readonly arena: EngineArena;
  readonly memory: Memory;
  readonly rooms: SharedRooms;
}

export function prepareStack(stack: Stack, gathers: readonly EngineGather[], parts: Parts): StackRunner {
  const { header, arena, memory, rooms } = parts;
  const { size, number, program } = stack;
  const neurons = prepareWords(stack, gathers, header, arena);
  const sums = header.steps === 1 ? rooms.sums : arena.reserve((size + VECTOR) * 4);
  const slot = { values: rooms.values, isShort: neurons?.isShort ?? false, terms: rooms.terms, sums };
  const places = stack.gathers.flatMap(({ operands }) => operands.map(o => memory.places[o.number]!));
  const execute =
    neurons === undefined
      ? inReals(stack, gathers, slot, parts)
      : inWords(stack, gathers, neurons, slot, parts);
  return {
    slot,
    run(t, tops) {
      for (const place of places) memory.settle(place, t, tops);
      const ways = gathers.map(gather => gather.begin(t));
      if (!isKnown(ways)) return false;
      if (t === 1) arena.kernels.clear(sums, size * 4);
      execute.run(t, ways);
      const { largest, largestShort } = arena.kernels;
      tops[number + 1] = (slot.isShort ? largestShort : largest)(slot.values, size) >>> 0;
      return true;
    },
    send(t, tops) {
      if (program.emit.kind === 'mt' && program.emit.band < SILENT_BAND) silence(arena, slot, size);
      memory.send(number, slot, t, tops);
    },
    read(readout, t) {
      const y = execute.read();
      const unit = 2 ** -program.outFraction;
      eachMember(stack, header, (neuron, member) => {
        readout[member] = (y[neuron]! * unit) / (header.coding === 'rate' ? t : 1);
      });
    },
  };
}

const isKnown = (ways: readonly (Way | undefined)[]): ways is readonly Way[] => !ways.includes(undefined);

interface Execution {
  readonly run: (t: number, ways: readonly Way[]) => void;
  /** y of the step just run. */
  readonly read: () => ArrayLike<number>;
}

/** undefined: not proved to fit 32 bits. */
function prepareWords(
  { size, channels, program, tiles }: Stack,
  gathers: readonly EngineGather[],
  header: ProgramHeader,
  arena: EngineArena,
): Neurons | undefined {
  const { emit, function: fn } = program;
  const { home } = tiles[0]!;
  const isTabled = 'multiplied' in fn && !fn.multiplied;
  if (isTabled && !(isEqual(home.log2!, makeLog2Table()) && isEqual(home.exp2!, makeExp2Table())))
    return undefined;
  if (emit.kind === 'lif' || emit.kind === 'cuba') return undefined;
  const { accumulatorBits, coding, steps } = header;
  const spec = {
    ...{ size, accumulatorBits, emit, coding, steps },
    gathers: gathers.map(({ kind, scale }) => ({
      scale,
      of: coding === 'rate' && fn.kind !== 'partial' ? rateReciprocal(kind, fn.kind) : undefined,
    })),
    soma: somaSpec(program, home, channels, header),
  };
  return prepareNeurons(spec, arena);
}

const isEqual = (a: Int32Array, b: Int32Array): boolean =>
  a.length === b.length && a.every((x, i) => x === b[i]);

function inWords(
  stack: Stack,
  gathers: readonly EngineGather[],
  neurons: Neurons,
  slot: Slot,
  { header, arena, rooms }: Parts,
): Execution {
  const { channels, size } = stack;
  const rows = size / channels;
  const padded = Math.ceil(size / VECTOR) * VECTOR;
  const blocks = blocksOf(stack);
  const top = 2 ** (header.accumulatorBits - 1) - 1;
  // Accumulators live on where an image has several steps.
  const stays = gathers.map(({ isRemade }) => header.steps > 1 && !isRemade);
  const accumulators = stays.map((isKept, i) =>
    isKept ? arena.reserve(padded * 4) : rooms.accumulators[i]!,
  );
  rooms.room(neurons.room);
  const counter = { accumulator: 0, state: 0, threshold: 0 };
  const sent = { payloads: slot.values, terms: slot.terms, sums: slot.sums };
  /** Accumulators are held between steps as 32 bits hold them. */
  const addReals = (gather: EngineGather, accumulator: number, t: number) => {
    const { reals } = rooms;
    for (const [from, to] of blocks) {
      const [first, count] = [accumulator / 4 + from * channels, (to - from) * channels];
      const { f64, i32 } = arena.views();
      f64.set(i32.subarray(first, first + count), reals / 8);
      gather.addReals(reals, from, to, t);
      arena.kernels.holdReals(reals, 4 * first, count, top);
    }
  };
  return {
    run(t, ways) {
      gathers.forEach((gather, i) => {
        const at = accumulators[i]!;
        if (t === 1 || !stays[i]) arena.kernels.clear(at, padded * 4);
        if (ways[i] === 'words' && gather.addWords !== undefined) gather.addWords(at, 0, rows, t);
        else addReals(gather, at, t);
      });
      neurons.step(accumulators, sent, t, rooms.work(), counter);
    },
    // What is read out has been sent whole.
    read: () => arena.views().i32.slice(slot.sums / 4, slot.sums / 4 + size),
  };
}

function inReals(
  stack: Stack,
  gathers: readonly EngineGather[],
  slot: Slot,
  { header, arena }: Parts,
): Execution {
  const { channels, size, program } = stack;
  const most = rowsAtOnce(stack);
  const population = prepareReals(stack, gathers, header, arena, most);
  const stays = gathers.map(({ isRemade }) => header.steps > 1 && !isRemade);
  const accumulators = stays.map(isKept => arena.reserve((isKept ? size : most * channels) * 8));
  const blocks = blocksOf(stack);
  const y = new Float64Array(program.emit.kind === 'readout' ? size : 0);
  return {
    run(t) {
      for (const [from, to] of blocks) {
        population.open(to - from);
        gathers.forEach((gather, i) => {
          const at = accumulators[i]! + (stays[i] ? from * channels * 8 : 0);
          if (t === 1 || !stays[i]) arena.kernels.clear(at, (to - from) * channels * 8);
          gather.addReals(at, from, to, t);
          population.take(i, at, to - from, t);
        });
        population.close(from, to - from, t, slot);
        const first = population.u / 8;
        if (y.length > 0)
          y.set(arena.views().f64.subarray(first, first + (to - from) * channels), from * channels);
      }
    },
    read: () => y,
  };
}

/** Below so many quarters of a threshold a neuron may take back what it sends: powers of two that add up to nothing. */
const SILENT_BAND = 2;

/** What is not sent has no powers of two where it would arrive. */
function silence(arena: EngineArena, { values, isShort, terms }: Slot, size: number): void {
  const { i32, i16, u8 } = arena.views();
  const [list, first] = isShort ? [i16, values / 2] : [i32, values / 4];
  for (let i = 0; i < size; i++) if (list[first + i] === 0) u8[terms + i] = 0;
}

/** Ranges of rows; none reaches from one second operand of a product to another. */
function blocksOf(stack: Stack): readonly (readonly [number, number])[] {
  const { size, channels, gathers } = stack;
  const most = rowsAtOnce(stack);
  const rows = size / channels;
  const product = gathers.find(({ gather }) => gather.kind === 'product')?.gather;
  const span = product?.kind === 'product' ? product.rows : rows;
  const blocks: [number, number][] = [];
  for (let first = 0; first < rows; first += span)
    for (let from = first; from < first + span; from += most)
      blocks.push([from, Math.min(from + most, first + span)]);
  return blocks;
}

/** Neurons of a stack and where they are in their population. */
function eachMember(
  { tiles, bases }: Stack,
  { populations }: ProgramHeader,
  visit: (neuron: number, member: number) => void,
): void {
  tiles.forEach(({ program: { box, population }, shape: [groups, rows, channels] }, k) => {
    const [, allRows, allChannels] = populations[population]!.shape as [number, number, number];
    let neuron = bases[k]!;
    for (let g = 0; g < groups; g++)
      for (let r = 0; r < rows; r++)
        for (let c = 0; c < channels; c++) {
          const row = (box.group[0] + g) * allRows + box.row[0] + r;
          visit(neuron++, row * allChannels + box.channel[0] + c);
        }
  });
}
