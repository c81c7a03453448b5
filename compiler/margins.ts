/**
 * How sure a step must be for the host to stop: the margin between the best two logits from which on an image goes no
 * further, one for each step but the last.
 *
 *     share    a given share of the images that reach a step goes on
 *     change   of all images, at most a given share is expected to be answered otherwise than the last step would; a
 *              tenth goes on all the same, since calibration images are often easier than those to come
 *
 * Some hundred images hold few answers that stopping changes. So what a step's logits miss is tried on other images
 * too: an error that turns the answer of an image and leaves a margin is a change that every margin below lets
 * through. The images as they are bound it as well, since errors are larger where an image is hard.
 *
 * Needs   readouts of every step for every calibration image, of the network that will be deployed
 */
import { argMax, marginOf } from '../ir/logits.ts';

export interface Stopping {
  readonly by: 'share' | 'change';
  readonly value: number;
}
/** Without a wish: one answer in two hundred, of which about a third costs accuracy. */
export const DEFAULT_STOPPING: Stopping = { by: 'change', value: 0.005 };
/** With a bound on changes: the share of images that goes on at least. */
const LEAST_SHARE = 0.1;

/** Readouts of one image, step by step. */
type Run = readonly Float64Array[];

/** A step that no image reaches lets everything stop. */
export function calibrateMargins(runs: readonly Run[], { by, value }: Stopping): readonly number[] {
  const last = (runs[0]?.length ?? 1) - 1;
  const margins: number[] = [];
  let running = runs;
  for (let step = 0; step < last; step++) {
    const margin =
      by === 'share'
        ? quantile(running, step, value)
        : Math.max(
            quantile(running, step, LEAST_SHARE),
            marginOfChanges(changesAsMet(running, step), (runs.length * value) / last),
            marginOfChanges(changesExpected(running, step), (runs.length * value) / last),
          );
    margins.push(margin);
    running = running.filter(run => marginOf(run[step]!) < margin);
  }
  return margins;
}

function quantile(runs: readonly Run[], step: number, share: number): number {
  const sorted = Float64Array.from(runs, run => marginOf(run[step]!)).sort();
  return sorted[Math.floor(share * sorted.length)] ?? 0;
}

/** An answer that this step would change, the margin that it would show, and how many images it stands for. */
interface Change {
  readonly margin: number;
  readonly weight: number;
}

/** The lowest margin above which the changes weigh no more than allowed. */
function marginOfChanges(changes: readonly Change[], allowed: number): number {
  let weight = 0;
  for (const change of changes.toSorted((a, b) => b.margin - a.margin)) {
    weight += change.weight;
    if (weight > allowed) return justAbove(change.margin);
  }
  return 0;
}

const justAbove = (margin: number): number =>
  margin === 0 ? Number.MIN_VALUE : margin * (1 + Number.EPSILON);

const changesAsMet = (runs: readonly Run[], step: number): readonly Change[] =>
  runs.flatMap(run =>
    argMax(run[step]!) === argMax(run.at(-1)!) ? [] : [{ margin: marginOf(run[step]!), weight: 1 }],
  );

/** Errors of other images that are tried on each, at most. */
const TRIED = 64;

function changesExpected(runs: readonly Run[], step: number): readonly Change[] {
  const errors = runs.map(run => run[step]!.map((x, c) => x - run.at(-1)![c]!));
  const tried = Math.min(runs.length, TRIED);
  return runs.flatMap((run, n) => {
    const final = run.at(-1)!;
    const answer = argMax(final);
    return Array.from({ length: tried }, (_, i) => {
      // Spread over all images, so that data sorted by class is no matter.
      const error = errors[(n + Math.floor((i * runs.length) / tried)) % runs.length]!;
      return final.map((x, c) => x + error[c]!);
    }).flatMap(logits =>
      argMax(logits) === answer ? [] : [{ margin: marginOf(logits), weight: 1 / tried }],
    );
  });
}
