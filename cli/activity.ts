/** What calibration images make the integer network do: rates for placement and report, ACs as prediction. */
import { type Advance, counted } from '../compiler/progress.ts';
import { createActivityLog } from '../ir/count/activity.ts';
import { closedFormCounts } from '../ir/count/closed-form.ts';
import { countedPopulations } from '../ir/count/counts.ts';
import { type SaturationSummary, summariseSaturations } from '../ir/count/saturations.ts';
import type { ValueId } from '../ir/dialect.ts';
import { exitStep } from '../ir/exit.ts';
import { createFastIntRunner } from '../ir/fast/int.ts';
import type { IntGraph } from '../ir/int.ts';

export interface MeasuredActivity {
  /** Neurons with thresholds, each image and step counted. */
  readonly firings: number;
  /** Share of neurons that send, and terms a neuron, per step. */
  readonly rates: ReadonlyMap<ValueId, { readonly rate: number; readonly terms: number }>;
  /** Eq. 30 ACs of the paper's count, per image, of the steps that it takes. */
  readonly paperAcs: number;
  /** The readout of each image after its last step. */
  readonly answers: readonly Float64Array[];
  readonly saturations: SaturationSummary;
}

/** `margins`: where the host stops (ir/exit.ts). */
export function measureActivity(
  graph: IntGraph,
  images: readonly Float64Array[],
  margins: readonly number[] = [],
  advance?: Advance,
): MeasuredActivity {
  const runner = createFastIntRunner(graph);
  const populations = new Map(countedPopulations(graph).map(p => [p.node.id, p]));
  const totals = new Map<ValueId, { spikes: number; terms: number; neurons: number }>();
  const answers: Float64Array[] = [];
  let acs = 0;
  let firings = 0;
  const log = createActivityLog();
  for (const image of counted(images, advance)) {
    const acsOf = new Float64Array(graph.attrs.steps);
    const readouts = runner.run(image, (step, node, emission) => {
      log.record(step, node.id, emission);
      if (node.kind === 'population' && node.attrs.emit.kind === 'mt') firings += emission.terms.length;
      const population = populations.get(node.id);
      if (population === undefined) return;
      acsOf[step - 1]! += closedFormCounts(population, graph.attrs.coding, step, log).paper.acs;
      const total = totals.get(node.id) ?? { spikes: 0, terms: 0, neurons: 0 };
      totals.set(node.id, total);
      const { terms } = emission;
      for (let i = 0; i < terms.length; i++) {
        total.spikes += terms[i] === 0 ? 0 : 1;
        total.terms += terms[i]!;
      }
      total.neurons += emission.terms.length;
    });
    acs += acsOf.subarray(0, exitStep(readouts, margins)).reduce((a, b) => a + b, 0);
    answers.push(readouts.at(-1)!);
  }
  const share = ({ spikes, terms, neurons }: { spikes: number; terms: number; neurons: number }) => ({
    rate: spikes / neurons,
    terms: terms / neurons,
  });
  const rates = new Map([...totals].map(([id, t]) => [id, share(t)] as const));
  const saturations = summariseSaturations(runner.saturations);
  return { firings, rates, paperAcs: acs / images.length, answers, saturations };
}
