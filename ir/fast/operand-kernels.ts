/** The kernels of kernels/operands.assembly.ts: places in bytes, sizes in elements. */
import { type Arena, hasAllKernels, type Kernels, type Numbers } from './arena.ts';

export interface OperandKernels {
  /** Place and bytes that become 0: in a shared memory several times as fast as `fill` of a view. */
  readonly clear: (...args: Numbers<2>) => void;
  /** values, feeds, count, out, adds. */
  readonly scatterNarrow: (...args: Numbers<5>) => void;
  readonly scatterShorts: (...args: Numbers<5>) => void;
  /** values, isShort, feeds, count, out, weight, adds. */
  readonly scatterWhole: (...args: Numbers<7>) => void;
  /** terms, feeds, count, out. */
  readonly scatterTerms: (...args: Numbers<4>) => void;
  /** values, size. The result is an unsigned integer in a signed one. */
  readonly largest: (...args: Numbers<2>) => number;
  readonly largestShort: (...args: Numbers<2>) => number;
  /** values, isShort, terms, tiles, count, counts, step. */
  readonly tallyTiles: (...args: Numbers<7>) => void;
  /** x, isShort, size, shift, mask, out. */
  readonly cutDigit: (...args: Numbers<6>) => void;
  /** x, y, rows, width, stride of x, factor. */
  readonly addWide: (...args: Numbers<6>) => void;
  /** sums, isShort, terms, rows, inner, nonzero, termSums, rowNonzero. */
  readonly countSums: (...args: Numbers<8>) => void;
  /** terms and nonzero of a, those of b, nonzero of b before, parts, inner, blocks, tiles, waits, out. */
  readonly sumProducts: (...args: Numbers<11>) => void;
}

export type EngineArena = Arena<Kernels & OperandKernels>;

/** undefined where WebAssembly is not to be had. */
export const engineArena = (arena: Arena): EngineArena | undefined =>
  // One module holds the kernels of both.
  hasAllKernels(arena) ? (arena as EngineArena) : undefined;
