/** One stack in one step: gathers, function, emission, block of rows by block of rows; then what it sent goes its ways. */
import type { ProgramHeader } from '../../backends/program/program.ts';
import type { EngineArena } from '../../ir/fast/operand-kernels.ts';
import type { EngineGather } from './gathers.ts';
import type { Stack } from './layout.ts';
import type { Memory, Tops } from './memory.ts';
import { preparePopulation, type Slot } from './population.ts';

/** Neurons that are worked on at a time: so many that what is computed of them stays in the cache. */
const AT_ONCE = 8192;
const ROWS = 4;

/** Rows of a stack that are worked on at a time. */
export const rowsAtOnce = ({ channels }: Stack): number =>
  ROWS * Math.max(1, Math.floor(AT_ONCE / channels / ROWS));

export interface StackRunner {
  readonly slot: Slot;
  /** false: not exact. */
  run(t: number, tops: Tops): boolean;
  send(t: number, tops: Tops): void;
  /** Writes y of the step just run, as real numbers, to where its neurons are in the population. */
  read(readout: Float64Array, t: number): void;
}

interface Parts {
  readonly header: ProgramHeader;
  readonly arena: EngineArena;
  readonly memory: Memory;
}

export function prepareStack(
  stack: Stack,
  gathers: readonly EngineGather[],
  slot: Slot,
  { header, arena, memory }: Parts,
): StackRunner {
  const { channels, size, number } = stack;
  const most = rowsAtOnce(stack);
  const blocks = blocksOf(stack, most);
  const population = preparePopulation(stack, gathers, header, arena, most);
  // Accumulators live on where an image has several steps; else they are made for a block at a time.
  const isKept = header.steps > 1;
  const accumulators = gathers.map(({ isRemade }) =>
    arena.reserve((isKept && !isRemade ? size : most * channels) * 8),
  );
  const places = stack.gathers.flatMap(({ operands }) => operands.map(o => memory.places[o.number]!));
  const y = stack.program.emit.kind === 'readout' ? new Float64Array(size) : undefined;
  const addRows = (from: number, to: number, t: number) => {
    gathers.forEach((gather, i) => {
      const stays = isKept && !gather.isRemade;
      const at = accumulators[i]! + (stays ? from * channels * 8 : 0);
      if (t === 1 || !stays) arena.views().f64.fill(0, at / 8, at / 8 + (to - from) * channels);
      gather.add(at, from, to, t);
      population.take(i, at, to - from, t);
    });
  };
  return {
    slot,
    run(t, tops) {
      for (const place of places) memory.settle(place, t, tops);
      if (!gathers.every(gather => gather.begin(t))) return false;
      if (t === 1) arena.views().i32.fill(0, slot.sums / 4, slot.sums / 4 + size);
      for (const [from, to] of blocks) {
        population.open(to - from);
        addRows(from, to, t);
        population.close(from * channels, to - from, t, slot);
        const { f64 } = arena.views();
        y?.set(f64.subarray(population.u / 8, population.u / 8 + (to - from) * channels), from * channels);
      }
      tops[number + 1] = arena.kernels.largest(slot.values, size) >>> 0;
      return true;
    },
    send(t, tops) {
      const { emit } = stack.program;
      if (emit.kind === 'mt' && emit.band < SILENT_BAND) silence(arena, slot, size);
      memory.send(number, slot.values, slot.terms, t, tops);
    },
    read(readout, t) {
      if (y === undefined) return;
      const unit = 2 ** -stack.program.outFraction;
      eachMember(stack, header, (neuron, member) => {
        readout[member] = (y[neuron]! * unit) / (header.coding === 'rate' ? t : 1);
      });
    },
  };
}

/** Below so many quarters of a threshold a neuron may take back what it sends: powers of two that add up to nothing. */
const SILENT_BAND = 2;

/** What is not sent has no powers of two where it would arrive. */
function silence(arena: EngineArena, { values, terms }: Slot, size: number): void {
  const { i32, u8 } = arena.views();
  for (let i = 0; i < size; i++) if (i32[values / 4 + i] === 0) u8[terms + i] = 0;
}

/** Ranges of rows; none reaches from one second operand of a product to another. */
function blocksOf({ size, channels, gathers }: Stack, most: number): readonly (readonly [number, number])[] {
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
