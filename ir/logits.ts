/** What is read off the logits of an image. */

/** The class with the largest logit, the first of several. */
export function argMax(logits: ArrayLike<number>): number {
  let best = 0;
  for (let c = 1; c < logits.length; c++) if (logits[c]! > logits[best]!) best = c;
  return best;
}

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
