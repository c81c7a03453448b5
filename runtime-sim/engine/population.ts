/** Neurons of a stack in doubles, where ir/fast/neurons.ts does not prove that 32 bits hold them. */
import type { ProgramHeader } from '../../backends/program/program.ts';
import { aligned } from '../../ir/fast/arena.ts';
import type { EngineArena } from '../../ir/fast/operand-kernels.ts';
import { shiftOf, topOf } from '../../ir/fast/soma.ts';
import { pow2 } from '../../ir/fixed.ts';
import { RECIPROCAL_FRACTION, rateReciprocal, reciprocal } from '../../ir/interpret/int.ts';
import { somaFunction } from '../../ir/interpret/soma.ts';
import { fireNeurons } from '../neurons.ts';
import { somaSpec } from '../state.ts';
import type { EngineGather } from './gathers.ts';
import type { Stack } from './layout.ts';
import type { Slot } from './memory.ts';

export interface RealPopulation {
  /** Before the first accumulator of some rows. */
  open(rows: number): void;
  /** Adds an accumulator in doubles, saturated in place, to U. */
  take(gather: number, accumulator: number, rows: number, t: number): void;
  /** The function of U, and what the neurons send of it: U is y then. */
  close(firstRow: number, rows: number, t: number, slot: Slot): void;
  /** Where U, or y, begins. */
  readonly u: number;
}

export function prepareReals(
  { channels, program, tiles }: Stack,
  gathers: readonly EngineGather[],
  header: ProgramHeader,
  arena: EngineArena,
  most: number,
): RealPopulation {
  const { kernels } = arena;
  const isPartial = program.function.kind === 'partial';
  const top = topOf(header.accumulatorBits);
  const held = topOf(header.stateBits);
  const room = aligned(most * channels * 8);
  const u = arena.reserve(2 * room);
  const inputs = gathers.map(({ kind, scale }) => ({
    ...placeShifts(scale, channels, isPartial ? undefined : program.fraction, arena),
    of: header.coding === 'rate' && !isPartial ? rateReciprocal(kind, program.function.kind) : undefined,
  }));
  const soma = somaFunction(somaSpec(program, tiles[0]!.home, channels, header));
  return {
    u,
    open(rows) {
      kernels.clear(u, rows * channels * 8);
    },
    take(gather, accumulator, rows, t) {
      const { factors, halves, of } = inputs[gather]!;
      const size = rows * channels;
      const into = of === undefined ? u : u + room;
      if (into !== u) kernels.clear(into, size * 8);
      kernels.gather(accumulator, into, size, factors, halves, channels, top);
      if (of === undefined) return;
      kernels.scaleBy(into, size, reciprocal(t, of), pow2(-RECIPROCAL_FRACTION[of]));
      kernels.add(into, u, size);
    },
    close(firstRow, rows, t, { values, terms, sums }) {
      const size = rows * channels;
      const first = firstRow * channels;
      if (!isPartial) kernels.settle(u, size, 1, held);
      const { f64, i32, u8 } = arena.views();
      const y = soma(f64.slice(u / 8, u / 8 + size), t);
      const part = (at: number) => i32.subarray(at / 4 + first, at / 4 + first + size);
      const own = {
        values: part(values),
        sums: part(sums),
        terms: u8.subarray(terms + first, terms + first + size),
      };
      fireNeurons(y, program, own, header, t);
      f64.set(y, u / 8);
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
