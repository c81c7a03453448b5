/** What calibration images make the integer network do: rates for placement and report, ACs as prediction. */
import { type Advance, counted } from '../compiler/progress.ts';
import { createActivityLog } from '../ir/count/activity.ts';
import { closedFormCounts } from '../ir/count/closed-form.ts';
import {
  addOperations,
  type Counts,
  countedPopulations,
  NO_OPERATIONS,
  type Operations,
} from '../ir/count/counts.ts';
import { type SaturationSummary, summariseSaturations } from '../ir/count/saturations.ts';
import type { ValueId } from '../ir/dialect.ts';
import { exitStep } from '../ir/exit.ts';
import { createFastIntRunner } from '../ir/fast/int.ts';
import type { IntGraph } from '../ir/int.ts';
import type { Saturations } from '../ir/interpret/int.ts';

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
  /** The same, population by population. */
  readonly saturationsOf: ReadonlyMap<ValueId, Readonly<Saturations>>;
  /** Eq. 30 in both counts, per image, of the steps that it takes. */
  readonly counts: Counts;
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
  let sum = NOTHING;
  let firings = 0;
  const log = createActivityLog();
  for (const image of counted(images, advance)) {
    const ofSteps = Array.from({ length: graph.attrs.steps }, () => NOTHING);
    const readouts = runner.run(image, (step, node, emission) => {
      log.record(step, node.id, emission);
      if (node.kind === 'population' && node.attrs.emit.kind === 'mt') firings += emission.terms.length;
      const population = populations.get(node.id);
      if (population === undefined) return;
      const counts = closedFormCounts(population, graph.attrs.coding, step, log);
      ofSteps[step - 1] = addCounts(ofSteps[step - 1]!, counts);
      const total = totals.get(node.id) ?? { spikes: 0, terms: 0, neurons: 0 };
      totals.set(node.id, total);
      const { terms } = emission;
      for (let i = 0; i < terms.length; i++) {
        total.spikes += terms[i] === 0 ? 0 : 1;
        total.terms += terms[i]!;
      }
      total.neurons += emission.terms.length;
    });
    sum = ofSteps.slice(0, exitStep(readouts, margins)).reduce(addCounts, sum);
    answers.push(readouts.at(-1)!);
  }
  const share = ({ spikes, terms, neurons }: { spikes: number; terms: number; neurons: number }) => ({
    rate: spikes / neurons,
    terms: terms / neurons,
  });
  const rates = new Map([...totals].map(([id, t]) => [id, share(t)] as const));
  const saturations = summariseSaturations(runner.saturations);
  const counts = { paper: meanOf(sum.paper, images.length), performed: meanOf(sum.performed, images.length) };
  const saturationsOf = runner.saturations;
  return { firings, rates, paperAcs: counts.paper.acs, answers, saturations, saturationsOf, counts };
}

const NOTHING: Counts = { paper: NO_OPERATIONS, performed: NO_OPERATIONS };

const addCounts = (a: Counts, b: Counts): Counts => ({
  paper: addOperations(a.paper, b.paper),
  performed: addOperations(a.performed, b.performed),
});

const meanOf = ({ acs, macs, lookups }: Operations, images: number): Operations => ({
  acs: acs / images,
  macs: macs / images,
  lookups: lookups / images,
});
