/**
 * How sure a step must be for the host to stop: the margin that a given share of calibration images does not reach.
 *
 * Needs   readouts of every step for every calibration image, of the network that will be deployed
 */
import { marginOf } from '../ir/exit.ts';

/**
 * One margin for each step but the last: of the images that reach a step, `share` fall below its margin and go on.
 * A step that no image reaches lets everything stop.
 */
export function calibrateMargins(
  readouts: readonly (readonly Float64Array[])[],
  share: number,
): readonly number[] {
  const margins: number[] = [];
  const last = (readouts[0]?.length ?? 1) - 1;
  let running = readouts;
  for (let step = 0; step < last; step++) {
    const sorted = Float64Array.from(running, run => marginOf(run[step]!)).sort();
    const margin = sorted[Math.floor(share * sorted.length)] ?? 0;
    margins.push(margin);
    running = running.filter(run => marginOf(run[step]!) < margin);
  }
  return margins;
}
