/** What a float run of the spiking network over calibration images needs room for, per population. */
import type { ValueId } from '../ir/dialect.ts';
import { createFastSnnRunner } from '../ir/fast/snn.ts';
import type { SnnGraph, SnnOf } from '../ir/snn.ts';
import { type Advance, counted } from './progress.ts';

export interface PopulationRange {
  /** Largest |Σ currents| (with coding `rate`: of its mean over the steps) and largest |U|, per step. */
  readonly input: number;
  readonly output: number;
  /** Largest |Σ currents| without constants. */
  readonly driven: number;
  /**
   * Largest magnitude of each projection's current, per channel; in `differential` also of what a step adds to it
   * before it is weighed.
   */
  readonly currents: ReadonlyMap<ValueId, Float64Array>;
}
export type Ranges = ReadonlyMap<ValueId, PopulationRange>;

/** Scores of a softmax so many powers of two below their largest make no difference, and no range. */
const LIVE_BITS = 64;

/** Cost: one float spiking run per image. */
export function measureRanges(graph: SnnGraph, images: readonly Float64Array[], advance?: Advance): Ranges {
  const runner = createFastSnnRunner(graph);
  const constants = new Set(graph.nodes.filter(n => n.kind === 'bias').map(n => n.id));
  const ranges = new Map<ValueId, Measured>();
  for (const image of counted(images, advance)) {
    const before = new Map<ValueId, Float64Array>();
    runner.run(image, (step, node, { currents, target }) => {
      const range = ranges.get(node.id) ?? { input: 0, output: 0, driven: 0, currents: new Map() };
      ranges.set(node.id, range);
      const mean = graph.attrs.coding === 'rate' ? step : 1;
      const driven = new Float64Array(target.length);
      const inputs = new Float64Array(target.length);
      node.operands.forEach((operand, i) => {
        const current = currents[i]!;
        raisePeaks(range, operand, current, node.type.shape.at(-1)!);
        if (graph.attrs.coding === 'differential') {
          const old = before.get(operand);
          const added = current.map((x, n) => step * (x - (old?.[n] ?? 0)));
          before.set(operand, current.slice());
          raisePeaks(range, operand, added, node.type.shape.at(-1)!);
        }
        for (let n = 0; n < inputs.length; n++) inputs[n]! += current[n]!;
        if (!constants.has(operand)) for (let n = 0; n < driven.length; n++) driven[n]! += current[n]!;
      });
      dropDead(inputs, node, mean ** 2);
      range.input = Math.max(range.input, largest(inputs) / mean);
      range.driven = Math.max(range.driven, largest(driven) / mean);
      range.output = Math.max(range.output, largest(target) / mean);
    });
  }
  return ranges;
}

interface Measured {
  input: number;
  output: number;
  driven: number;
  readonly currents: Map<ValueId, Float64Array>;
}

function raisePeaks(range: Measured, operand: ValueId, current: Float64Array, channels: number): void {
  const peaks = range.currents.get(operand) ?? new Float64Array(channels);
  range.currents.set(operand, peaks);
  for (let n = 0, c = 0; n < current.length; n++, c = c + 1 === channels ? 0 : c + 1) {
    const size = Math.abs(current[n]!);
    if (size > peaks[c]!) peaks[c] = size;
  }
}

/** Masked scores become 0, so that a mask of −1e9 asks for no bits. `growth`: what `rate` scales sums by. */
function dropDead(inputs: Float64Array, { attrs, type }: SnnOf<'population'>, growth: number): void {
  if (attrs.function.kind !== 'softmax' || attrs.function.scale <= 0) return;
  const channels = type.shape.at(-1)!;
  const window = (LIVE_BITS * growth) / attrs.function.scale;
  for (let at = 0; at < inputs.length; at += channels) {
    const group = inputs.subarray(at, at + channels);
    const top = group.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    for (let c = 0; c < channels; c++) if (!(group[c]! >= top - window)) group[c] = 0;
  }
}

function largest(values: Float64Array): number {
  let max = 0;
  for (const value of values) if (Math.abs(value) > max) max = Math.abs(value);
  return max;
}
