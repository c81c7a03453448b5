/** What a float run of the spiking network over calibration images needs room for, per population. */
import type { ValueId } from '../ir/dialect.ts';
import { createSnnRunner } from '../ir/interpret/snn.ts';
import type { SnnGraph } from '../ir/snn.ts';

export interface PopulationRange {
  /** Largest |Σ currents| (with coding `rate`: of its mean over the steps) and largest |U|, per step. */
  readonly input: number;
  readonly output: number;
  /** Largest magnitude of each projection's current, per channel. */
  readonly currents: ReadonlyMap<ValueId, Float64Array>;
}
export type Ranges = ReadonlyMap<ValueId, PopulationRange>;

/** Cost: one float spiking run per image. */
export function measureRanges(graph: SnnGraph, images: readonly Float64Array[]): Ranges {
  const runner = createSnnRunner(graph);
  const ranges = new Map<ValueId, { input: number; output: number; currents: Map<ValueId, Float64Array> }>();
  for (const image of images) {
    runner.run(image, (step, node, { currents, target }) => {
      const range = ranges.get(node.id) ?? { input: 0, output: 0, currents: new Map() };
      ranges.set(node.id, range);
      const mean = graph.attrs.coding === 'rate' ? step : 1;
      const channels = node.type.shape.at(-1)!;
      node.operands.forEach((operand, i) => {
        const peaks = range.currents.get(operand) ?? new Float64Array(channels);
        range.currents.set(operand, peaks);
        const current = currents[i]!;
        for (let n = 0, c = 0; n < current.length; n++, c = c + 1 === channels ? 0 : c + 1) {
          const size = Math.abs(current[n]!);
          if (size > peaks[c]!) peaks[c] = size;
        }
      });
      const inputs = new Float64Array(target.length);
      for (const current of currents) for (let n = 0; n < current.length; n++) inputs[n]! += current[n]!;
      range.input = Math.max(range.input, largest(inputs) / mean);
      range.output = Math.max(range.output, largest(target) / mean);
    });
  }
  return ranges;
}

function largest(values: Float64Array): number {
  let max = 0;
  for (const value of values) if (Math.abs(value) > max) max = Math.abs(value);
  return max;
}
