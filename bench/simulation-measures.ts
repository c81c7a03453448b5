/** Measures of simulation, each beside a peer or a limit of the same run. */
import type { Measure, MeasureOptions } from './measure.ts';
import { siliconMeasure } from './silicon.ts';

export const SIMULATION_MEASURES: Readonly<Record<string, (options: MeasureOptions) => Promise<Measure>>> = {
  silicon: siliconMeasure,
};
