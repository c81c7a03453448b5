/** An estimate of a mode → its figures, by the same bound and the same costs as a simulation's counts. */
import type { Target } from '../backends/target.ts';
import { isRefused, type ModeEstimate, type Refused } from '../compiler/estimate/modes.ts';
import { bandOf } from '../report/energy.ts';
import type { ModeFigures } from '../report/mode-figures.ts';
import { energyOf } from '../runtime-sim/energy.ts';
import { boundOf } from '../runtime-sim/timing.ts';

const NOTHING = {
  ...{ board: null, fits: false, refused: null, cores: null, leastCores: null, chips: null },
  ...{ latency: null, interval: null, stepSeconds: null, throughput: null, energyPj: null },
} as const;

export function figuresOf(found: ModeEstimate | Refused): ModeFigures {
  const { mode } = found;
  if (isRefused(found)) return { ...NOTHING, mode, refused: found.because.map(d => d.message).join('; ') };
  const { target, fits, cores, least, chips, depth, interval } = found;
  const bound = boundOf(found.peaks, target.timing, chips);
  return {
    ...{ mode, board: target.spec, fits, refused: null, cores, leastCores: least, chips },
    latency: { steps: depth, seconds: bound.layerwiseSeconds },
    interval: { steps: interval, seconds: bound.intervalSeconds },
    stepSeconds: bound.pipelinedStepSeconds,
    throughput: 1 / bound.intervalSeconds,
    energyPj: energyBand(found, target),
  };
}

const energyBand = ({ totals }: ModeEstimate, { costSets }: Target): ModeFigures['energyPj'] =>
  bandOf(costSets.map(set => energyOf(totals, set)));
