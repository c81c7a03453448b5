/** Times of the images that a compile simulates, where that takes no more than a few seconds. */
import type { ChipProgram } from '../backends/program/program.ts';
import type { Target } from '../backends/target.ts';
import { UserError } from '../ir/diagnostics/diagnostic.ts';
import { exitStep } from '../ir/exit.ts';
import { type MachineCounts, totalOf } from '../runtime-sim/counts.ts';
import { createTimedMachine, type TimedReport, timeImages } from '../runtime-sim/timed/machine.ts';
import type { ImageSent } from '../runtime-sim/timed/sent.ts';

/** Messages of all images together: each is timed twice, alone and in a stream. */
const TIMED_MESSAGES = 2e6;

/** Undefined: it would take longer, or cannot be timed. `margins`: where the host stops. */
export async function timeSample(
  programs: readonly ChipProgram[],
  target: Pick<Target, 'timing' | 'topology' | 'chips'>,
  {
    sent,
    readouts,
    margins,
  }: {
    readonly sent: readonly ImageSent[];
    readonly readouts: readonly (readonly Float64Array[])[];
    readonly margins: readonly number[] | undefined;
  },
  counts: MachineCounts,
): Promise<TimedReport | undefined> {
  if (totalOf(counts.tiles).messages > TIMED_MESSAGES) return undefined;
  const images = sent.map((image, i) =>
    margins === undefined ? image : { ...image, steps: exitStep(readouts[i]!, margins) },
  );
  try {
    return await timeImages(createTimedMachine(programs, target), images);
  } catch (error) {
    // What cannot be timed is a deployment all the same; `snnc simulate --timed` says why.
    if (error instanceof UserError) return undefined;
    throw error;
  }
}
