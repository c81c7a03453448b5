/**
 * Anytime inference: after a step the host looks at the margin between the best two logits, and stops where it is
 * large enough. Which margin that is comes from calibration images (compiler/margins.ts); the last step has none.
 *
 * Source  design 3 §4
 */

/** Best minus second of the logits. */
export function marginOf(logits: ArrayLike<number>): number {
  let best = Number.NEGATIVE_INFINITY;
  let second = Number.NEGATIVE_INFINITY;
  for (let c = 0; c < logits.length; c++) {
    const logit = logits[c]!;
    if (logit > best) [best, second] = [logit, best];
    else if (logit > second) second = logit;
  }
  return best - second;
}

/** Is the answer of step t good enough to stop? `margins`: one for each step but the last. */
export const isSettled = (logits: ArrayLike<number>, t: number, margins: readonly number[]): boolean =>
  t <= margins.length && marginOf(logits) >= margins[t - 1]!;

/** The step after which an image stops, of the readouts of all steps. */
export function exitStep(readouts: readonly Float64Array[], margins: readonly number[]): number {
  const settled = readouts.findIndex((logits, i) => isSettled(logits, i + 1, margins));
  return settled < 0 ? readouts.length : settled + 1;
}
