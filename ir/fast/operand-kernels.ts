/** The kernels of kernels/operands.assembly.ts: places in bytes, sizes in elements. */
import { type Arena, hasAllKernels, type Kernels } from './arena.ts';

export interface OperandKernels {
  readonly scatterNarrow: (values: number, runs: number, count: number, out: number) => void;
  readonly scatterWhole: (
    values: number,
    runs: number,
    count: number,
    out: number,
    weight: number,
    adds: number,
  ) => void;
  readonly scatterReal: (values: number, runs: number, count: number, out: number, weight: number) => void;
  readonly scatterTerms: (terms: number, runs: number, count: number, out: number) => void;
  /** As an unsigned integer, in a signed one. */
  readonly largest: (values: number, size: number) => number;
  readonly tally: (values: number, terms: number, bins: number, size: number, counts: number) => void;
  readonly cutDigit: (
    x: number,
    rows: number,
    width: number,
    stride: number,
    shift: number,
    mask: number,
    out: number,
  ) => void;
  readonly cutPanels: (
    x: number,
    columns: number,
    inner: number,
    shift: number,
    mask: number,
    out: number,
  ) => void;
  readonly addWide: (
    x: number,
    y: number,
    rows: number,
    width: number,
    stride: number,
    factor: number,
  ) => void;
  readonly countSums: (
    sums: number,
    terms: number,
    rows: number,
    inner: number,
    nonzero: number,
    termSums: number,
    rowNonzero: number,
  ) => void;
}

export type EngineArena = Arena<Kernels & OperandKernels>;

/** undefined where WebAssembly is not to be had. */
export const engineArena = (arena: Arena): EngineArena | undefined =>
  // One module holds the kernels of both.
  hasAllKernels(arena) ? (arena as EngineArena) : undefined;
