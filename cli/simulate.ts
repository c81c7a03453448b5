/** `snnc simulate`: boots from the folder alone and runs images: counts, time bound, energy. */
import { openFolder } from '../backends/folder.ts';
import { fail } from '../ir/diagnostics/diagnostic.ts';
import { createConsole } from './console.ts';
import { openImages } from './images.ts';
import type { DataOptions, Shared } from './options.ts';
import { takerOf } from './preprocess.ts';
import { createTimedSimulation, isTimed, type TimedArguments } from './simulate-timed.ts';
import { simulateRange } from './simulation-part.ts';
import { concludeSimulation, createSimulationSum } from './simulation-summary.ts';

export interface SimulateArguments extends Shared, DataOptions, TimedArguments {
  readonly folder: string;
  readonly input: string;
  readonly limit: number;
  readonly workers: number | undefined;
  /** Plain neurons: a file for what the outputs did, and populations beside them. */
  readonly save?: string | undefined;
  readonly record?: readonly string[] | undefined;
}

export async function simulateCommand(args: SimulateArguments): Promise<number> {
  const out = createConsole(args, ['boot', 'run', ...(isTimed(args) ? ['time'] : [])]);
  out.step('boot');
  const folder = openFolder(args.folder);
  const { manifest } = folder;
  if (manifest.network.mode === 'free')
    return (await import('./simulate-free.ts')).simulateFree(folder, args, out);
  const given = args.save !== undefined ? '--save' : args.record !== undefined ? '--record' : undefined;
  if (given !== undefined) fail('E0715', { origin: args.folder }, { option: given });
  const programs = folder.programs();
  const timing = isTimed(args) ? createTimedSimulation(programs, manifest, args, out) : undefined;
  const set = await openImages(args.input, takerOf(manifest), args, out.diagnostics.report);
  out.step('run');
  const images = Math.min(args.limit, set.count);
  const sum = createSimulationSum();
  const job = { folder, programs, set, images, workers: args.workers };
  sum.add(await simulateRange(job, { first: 0, end: images }, { recorder: timing, advance: out.advance }));
  if (timing !== undefined) out.step('time');
  const timed = (await timing?.finish()) ?? null;
  return concludeSimulation(sum.finish(), folder, programs, timed, out);
}
