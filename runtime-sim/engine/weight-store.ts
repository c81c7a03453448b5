/** Weights as the kernels want them, once for each content, however many cores hold a copy. */
import type { EngineArena } from '../../ir/fast/operand-kernels.ts';
import type { Contents } from './contents.ts';

export interface StoredWeights {
  readonly at: number;
  /** Of eight columns each. */
  readonly panels: number;
  /** The largest sum of magnitudes of a column. */
  readonly bound: number;
}
/** Weights [inputs, channels], row by row. */
export type WeightStore = (data: Int8Array, inputs: number, channels: number) => StoredWeights;

const COLUMNS = 8;

export function createWeightStore(arena: EngineArena, contents: Contents): WeightStore {
  const known = new Map<string, StoredWeights>();
  return (data, inputs, channels) => {
    const key = `${contents(data)} ${channels}`;
    const old = known.get(key);
    if (old !== undefined) return old;
    const stored = store(arena, data, inputs, channels);
    known.set(key, stored);
    return stored;
  };
}

/** The largest sum of magnitudes of a column. */
export function columnBound(data: Int8Array, channels: number): number {
  const sums = new Float64Array(channels);
  for (let first = 0; first < data.length; first += channels)
    for (let c = 0; c < channels; c++) sums[c]! += Math.abs(data[first + c]!);
  return sums.reduce((a, b) => Math.max(a, b), 0);
}

/** Pairs of inputs: for each the two weights of column 0, of column 1, … of a panel. */
function store(arena: EngineArena, data: Int8Array, inputs: number, channels: number): StoredWeights {
  const panels = Math.ceil(channels / COLUMNS);
  const stride = 2 * Math.ceil(inputs / 2);
  const at = arena.reserve(panels * COLUMNS * stride * 2);
  const { i16 } = arena.views();
  for (let k = 0; k < inputs; k++) {
    const row = k * channels;
    const first = at / 2 + (k & ~1) * COLUMNS + (k & 1);
    for (let c = 0; c < channels; c++)
      i16[first + (c >> 3) * stride * COLUMNS + 2 * (c & 7)] = data[row + c]!;
  }
  return { at, panels, bound: columnBound(data, channels) };
}
