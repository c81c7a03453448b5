/** Measures of simulation, each beside a peer or a limit of the same run. */
import type { Measure, MeasureOptions } from './measure.ts';
import { measureNoc } from './sim-noc.ts';

export const SIMULATION_MEASURES: Readonly<Record<string, (options: MeasureOptions) => Promise<Measure>>> = {
  /** Steps of R(4, 1024, 10) on the network between cores; --python PYTHON runs SANA-FE's `cycle` beside it. */
  'sim-noc': measureNoc,
};
