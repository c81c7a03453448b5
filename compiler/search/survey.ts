/**
 * One forward and one backward pass for each of some calibration images → what each way of firing would cost and
 * do, at every site.
 */
import type { AnnGraph } from '../../ir/ann.ts';
import { defect } from '../../ir/diagnostics/diagnostic.ts';
import type { ValueId } from '../../ir/dialect.ts';
import { createFastAnnRunner } from '../../ir/fast/ann.ts';
import { createRandom } from '../../ir/random/seeded.ts';
import type { Calibration } from '../calibrate.ts';
import type { SiteSetting } from '../profile.ts';
import { spread } from '../samples.ts';
import type { Sites } from '../sites.ts';
import type { Options } from './curve.ts';
import { createBackward } from './gradient.ts';
import type { Loads } from './load.ts';
import { firingOptions } from './options.ts';
import { createRecorder, type SiteRecorder } from './statistics.ts';

export interface SurveyNeeds {
  readonly graph: AnnGraph;
  readonly sites: Sites;
  readonly calibration: Calibration;
  readonly loads: Loads;
  readonly images: readonly Float64Array[];
  readonly settings: readonly SiteSetting[];
  /** Multiply-accumulates that the backward passes may take. */
  readonly work: number;
}

/** Random projections of the logits per image, at most. */
const MAX_PROJECTIONS = 4;

/**
 * Preserves  a fixed amount of work: fewer projections, then fewer images, where the network is large
 * Cost       `work` multiply-accumulates backward, and a float pass per image
 */
export function surveySites(needs: SurveyNeeds): Options {
  const { graph, sites, calibration, loads, settings } = needs;
  const { images, projections } = sampleOf(needs);
  const recorders = new Map<ValueId, SiteRecorder>();
  for (const site of sites.keys()) {
    const load = loads.sites.get(site) ?? defect(`${site} sends no spikes`);
    const statistics = calibration.get(site)!;
    recorders.set(site, createRecorder(statistics.max, load, firingOptions(statistics, settings)));
  }
  const forward = createFastAnnRunner(graph);
  const backward = createBackward(graph, sites);
  images.forEach((image, n) => {
    const values = new Map<ValueId, Float64Array>();
    forward.run(image, (node, value) => values.set(node.id, value));
    for (const [site, recorder] of recorders) recorder.see(values.get(site)!, projections);
    const random = createRandom(n);
    for (let r = 0; r < projections; r++) {
      const signs = values.get(graph.outputs[0]!)!.map(() => (random.chance(0.5) ? 1 : -1));
      backward.run(values, signs, (site, gradient) => recorders.get(site)!.weigh(gradient));
    }
  });
  return new Map([...recorders].map(([site, recorder]) => [site, recorder.judge()]));
}

function sampleOf({ images, work, loads }: SurveyNeeds) {
  const passes = Math.max(1, Math.floor(work / Math.max(1, loads.annMacs)));
  const count = Math.min(images.length, passes);
  const projections = Math.max(1, Math.min(MAX_PROJECTIONS, Math.floor(passes / count)));
  return { images: spread(images, count), projections };
}
