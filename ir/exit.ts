/**
 * Anytime inference: after a step the host looks at the margin between the best two logits, and stops where it is
 * large enough. Which margin that is comes from calibration images (compiler/margins.ts); the last step has none.
 *
 * Source  design 3 §4
 */
import { marginOf } from './logits.ts';

/** Is the answer of step t good enough to stop? `margins`: one for each step but the last. */
export const isSettled = (logits: ArrayLike<number>, t: number, margins: readonly number[]): boolean =>
  t <= margins.length && marginOf(logits) >= margins[t - 1]!;

/** The step after which an image stops, of the readouts of all steps. */
export function exitStep(readouts: readonly Float64Array[], margins: readonly number[]): number {
  const settled = readouts.findIndex((logits, i) => isSettled(logits, i + 1, margins));
  return settled < 0 ? readouts.length : settled + 1;
}
