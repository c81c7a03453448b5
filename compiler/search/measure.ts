/** What a converted network does on images: its distance to the float network, and what it accumulates. */
import { createActivityLog } from '../../ir/count/activity.ts';
import { closedFormCounts } from '../../ir/count/closed-form.ts';
import { countedPopulations } from '../../ir/count/counts.ts';
import { energyRatio } from '../../ir/count/energy.ts';
import { createFastIntRunner } from '../../ir/fast/int.ts';
import type { IntGraph } from '../../ir/int.ts';
import type { Answered } from '../samples.ts';
import { type Divergence, divergenceOf } from './divergence.ts';

export interface Sample extends Answered {
  readonly labels?: ArrayLike<number> | undefined;
}

export interface Outcome extends Divergence {
  readonly images: number;
  /** Accumulations of the paper's count per image, and Eq. 30. */
  readonly acs: number;
  readonly energy: number;
}

/** `annMacs`: the ANN side of Eq. 30. */
export function measure(graph: IntGraph, sample: Sample, annMacs: number): Outcome {
  const runner = createFastIntRunner(graph);
  const { coding } = graph.attrs;
  const populations = new Map(countedPopulations(graph).map(p => [p.node.id, p]));
  let acs = 0;
  const spiking = sample.images.map(image => {
    const log = createActivityLog();
    const readouts = runner.run(image, (step, node, emission) => {
      log.record(step, node.id, emission);
      const population = populations.get(node.id);
      if (population !== undefined) acs += closedFormCounts(population, coding, step, log).paper.acs;
    });
    return readouts.at(-1)!;
  });
  const perImage = acs / sample.images.length;
  const operations = { acs: perImage, macs: 0, lookups: 0 };
  return {
    ...divergenceOf({ float: sample.float, spiking, labels: sample.labels }),
    images: sample.images.length,
    acs: perImage,
    energy: energyRatio(operations, annMacs),
  };
}
