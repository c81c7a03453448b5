/** Measures of simulation, each beside a peer or a limit of the same run. */
import type { Measure, MeasureOptions } from './measure.ts';
import { measureNir } from './nir.ts';
import { siliconMeasure } from './silicon-page.ts';
import { measureFunctional } from './sim-functional.ts';
import { measureKernels } from './sim-kernels.ts';
import { measureLoad } from './sim-load.ts';
import { measureNoc } from './sim-noc.ts';
import { measureAgreement } from './sim-sanafe.ts';
import { measureTimed } from './sim-timed.ts';
import { measureVit } from './sim-vit.ts';

export const SIMULATION_MEASURES: Readonly<Record<string, (options: MeasureOptions) => Promise<Measure>>> = {
  /** What others measured on Loihi, beside our bound and energies of the same networks; --save FILE writes the page. */
  silicon: siliconMeasure,
  /** Plain neurons, R(4,1024,P): counts, energies and simple time, beside SANA-FE of --python PYTHON. */
  'sim-functional': measureFunctional,
  /** Integer products, path by path, and the machine's own limit: dense ones on one thread and on all. */
  'sim-kernels': measureKernels,
  /** The same network with every message timed, contention included, beside its detailed model. */
  'sim-timed': measureTimed,
  /** Seconds and bytes a synapse to load R(4,1024,10). */
  'sim-load': measureLoad,
  /** Agreement with SANA-FE of --python PYTHON, timestep by timestep; --only PART of a case's name. */
  'sim-sanafe': measureAgreement,
  /** Steps of R(4, 1024, 10) on the network between cores; --python PYTHON runs SANA-FE's `cycle` beside it. */
  'sim-noc': measureNoc,
  /** Images per second of --data MODEL.onnx, beside PyTorch of --python PYTHON on the same network; --only T. */
  'sim-vit': measureVit,
  /** Networks of NIR in --data FOLDER: equal spikes with Norse and snnTorch of --python PYTHON; --only PART of a name. */
  nir: measureNir,
};
