/** Neurons of a stack in one step: U, the function, what is sent, block by block so that a block stays in the cache. */
import type { ProgramHeader } from '../../backends/program/program.ts';
import type { EngineArena } from '../../ir/fast/operand-kernels.ts';
import { shiftOf, topOf } from '../../ir/fast/soma.ts';
import { pow2 } from '../../ir/fixed.ts';
import { RECIPROCAL_FRACTION, rateReciprocal, reciprocal } from '../../ir/interpret/int.ts';
import { createMembrane } from '../../ir/interpret/membrane.ts';
import { fireNeurons } from '../neurons.ts';
import { createSoma } from '../state.ts';
import { aligned, type EngineGather } from './gathers.ts';
import type { Stack } from './layout.ts';

/** Places of what a stack sends, in bytes. */
export interface Slot {
  readonly values: number;
  readonly terms: number;
  readonly sums: number;
}

export interface Population {
  /** Of `size` neurons from neuron `first` on: adds an accumulator, saturated, to U. */
  take(gather: number, accumulator: number, rows: number, t: number): void;
  /** Before the first accumulator. */
  open(rows: number): void;
  /** The function of U, and what the neurons send of it: U is y then. */
  close(first: number, rows: number, t: number, slot: Slot): void;
  /** Where U, or y, begins. */
  readonly u: number;
}

export function preparePopulation(
  stack: Stack,
  gathers: readonly EngineGather[],
  header: ProgramHeader,
  arena: EngineArena,
  most: number,
): Population {
  const { kernels } = arena;
  const { channels, program } = stack;
  const isPartial = program.function.kind === 'partial';
  const top = topOf(header.accumulatorBits);
  const held = topOf(header.stateBits);
  const room = aligned(most * channels * 8);
  const u = arena.reserve(2 * room);
  const inputs = gathers.map(({ kind, scale }) => ({
    ...placeShifts(scale, channels, isPartial ? undefined : program.fraction, arena),
    of: header.coding === 'rate' && !isPartial ? rateReciprocal(kind, program.function.kind) : undefined,
  }));
  const soma = prepareSoma(stack, header, arena);
  const fire = prepareFire(stack, header, arena);
  return {
    u,
    open(rows) {
      arena.views().f64.fill(0, u / 8, u / 8 + rows * channels);
    },
    take(gather, accumulator, rows, t) {
      const { factors, halves, of } = inputs[gather]!;
      const size = rows * channels;
      const into = of === undefined ? u : u + room;
      if (into !== u) arena.views().f64.fill(0, into / 8, into / 8 + size);
      kernels.gather(accumulator, into, size, factors, halves, channels, top);
      if (of === undefined) return;
      kernels.scaleBy(into, size, reciprocal(t, of), pow2(-RECIPROCAL_FRACTION[of]));
      kernels.add(into, u, size);
    },
    close(first, rows, t, slot) {
      const size = rows * channels;
      if (!isPartial) kernels.settle(u, size, 1, held);
      soma(u, size, t);
      fire(u, first, size, t, slot);
    },
  };
}

/** Factors and halves of every channel; no fraction: as it is. */
function placeShifts(scale: Int32Array, channels: number, fraction: number | undefined, arena: EngineArena) {
  const bytes = channels * 8;
  const [factors, halves] = [arena.reserve(bytes), arena.reserve(bytes)];
  const { f64 } = arena.views();
  for (let c = 0; c < channels; c++) {
    const { factor, half } = shiftOf(fraction === undefined ? 0 : scale[c % scale.length]! - fraction);
    f64[factors / 8 + c] = factor;
    f64[halves / 8 + c] = half;
  }
  return { factors, halves };
}

type Soma = (u: number, size: number, t: number) => void;

function prepareSoma(stack: Stack, header: ProgramHeader, arena: EngineArena): Soma {
  const { program, channels, tiles } = stack;
  const soma = createSoma(program, tiles[0]!.home, channels, header);
  return (u, size, t) => {
    const { f64 } = arena.views();
    f64.set(soma(f64.slice(u / 8, u / 8 + size), t), u / 8);
  };
}

type Fire = (y: number, first: number, size: number, t: number, slot: Slot) => void;

/** The limits within which integers of 64 bits hold everything that firing shifts. */
const MOST_SHIFT = 48;
const LEAST_SHIFT = 2;
const MOST_BITS = 53;

function prepareFire({ program }: Stack, header: ProgramHeader, arena: EngineArena): Fire {
  const { kernels } = arena;
  const { emit, outFraction } = program;
  if (emit.kind !== 'mt')
    return (y, first, size, _, { values, terms, sums }) =>
      kernels.relay(y, values + 4 * first, terms + first, sums + 4 * first, size);
  const { levels, terms: most, band } = emit;
  const membraneAt = createMembrane(emit, outFraction, header);
  const { shift, yShift } = membraneAt(1);
  const { factor } = membraneAt(header.steps);
  const isHeld =
    header.stateBits + yShift + Math.ceil(Math.log2(factor)) <= MOST_BITS &&
    shift >= LEAST_SHIFT &&
    shift + levels <= MOST_SHIFT &&
    band >= 1;
  if (!isHeld || program.function.kind === 'partial') return slowFire(program, header, arena);
  const [top, edge] = [BigInt(levels), BigInt(band)];
  return (y, first, size, t, { values, terms, sums }) => {
    const at = membraneAt(t);
    const scales = [BigInt(at.yShift), BigInt(at.sumShift), BigInt(at.factor), BigInt(at.weight)] as const;
    const ladder = [BigInt(at.shift), BigInt(at.lowest), top] as const;
    const places = [y, values + 4 * first, terms + first, sums + 4 * first] as const;
    kernels.fire(...places, size, ...scales, ...ladder, most, edge);
  };
}

const slowFire =
  (program: Stack['program'], header: ProgramHeader, arena: EngineArena): Fire =>
  (y, first, size, t, { values, terms, sums }) => {
    const { f64, i32, u8 } = arena.views();
    const part = (at: number) => i32.subarray(at / 4 + first, at / 4 + first + size);
    const arrays = {
      values: part(values),
      sums: part(sums),
      terms: u8.subarray(terms + first, terms + first + size),
    };
    fireNeurons(f64.subarray(y / 8, y / 8 + size), program, arrays, header, t);
  };
