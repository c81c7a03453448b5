/**
 * How far the logits of a converted network are from those of the float network, and what that is worth.
 *
 * Accuracy on some hundred images is coarse. How much of it an answer that changes costs is estimated with the errors
 * of all images on each of them; how many answers change is taken from the images as they are, because errors are
 * larger where an image is hard. The drop is the product, or what the errors of others alone make of it if that is
 * more.
 */
import { argMax } from '../../ir/logits.ts';
import { relativeError } from '../choose-shift.ts';

export interface Divergence {
  /** Mean squared distance of the logits over the variance of the float logits. */
  readonly mse: number;
  /** Share of images with the same arg max, and the same expected over the errors of all images. */
  readonly agreement: number;
  readonly expectedAgreement: number;
  /** With labels only. */
  readonly accuracy: Accuracy | undefined;
}

export interface Accuracy {
  readonly float: number;
  readonly spiking: number;
  /** Expected loss of accuracy, and the standard error of it over images. */
  readonly drop: number;
  readonly dropError: number;
}

export interface Answers {
  /** Logits of the float network and of the converted one, image by image. */
  readonly float: readonly Float64Array[];
  readonly spiking: readonly Float64Array[];
  readonly labels?: ArrayLike<number> | undefined;
}

/** Errors of other images that are tried on each image, at most. */
const TRIED = 64;

export function divergenceOf({ float, spiking, labels }: Answers): Divergence {
  const count = float.length;
  const best = float.map(argMax);
  const got = spiking.map(argMax);
  const errors = float.map((logits, n) => logits.map((x, c) => spiking[n]![c]! - x));
  const kept = new Float64Array(count);
  const drops = new Float64Array(count);
  const tried = Math.min(count, TRIED);
  for (let n = 0; n < count; n++) {
    for (let i = 0; i < tried; i++) {
      // Spread over all images, so that data sorted by class is no matter.
      const error = errors[(n + Math.floor((i * count) / tried)) % count]!;
      const answer = argMax(float[n]!.map((x, c) => x + error[c]!));
      if (answer === best[n]) kept[n]! += 1 / tried;
      if (labels !== undefined)
        drops[n]! += (isRight(best[n]!, labels[n]!) - isRight(answer, labels[n]!)) / tried;
    }
  }
  const agreement = mean(got.map((answer, n) => isRight(answer, best[n]!)));
  const expectedAgreement = mean(kept);
  const share = (answers: readonly number[]) =>
    mean(answers.map((answer, n) => isRight(answer, labels![n]!)));
  const accuracy = () => ({
    float: share(best),
    spiking: share(got),
    ...expectedDrop(drops, expectedAgreement, agreement),
  });
  return {
    mse: relativeError(float, spiking),
    agreement,
    expectedAgreement,
    accuracy: labels === undefined ? undefined : accuracy(),
  };
}

/** `drops`: of each image, under the errors of all. */
function expectedDrop(drops: Float64Array, expectedAgreement: number, agreement: number) {
  const expected = mean(drops);
  const perChange = expectedAgreement < 1 ? expected / (1 - expectedAgreement) : 1;
  const drop = Math.max(expected, perChange * (1 - agreement));
  const spread = Math.sqrt((agreement * (1 - agreement)) / Math.max(1, drops.length));
  return { drop, dropError: Math.hypot(standardError(drops), perChange * spread) };
}

const isRight = (answer: number, label: number): number => (answer === label ? 1 : 0);

/** Variance of all logits of all images about their common mean. */
export function varianceOf(logits: readonly Float64Array[]): number {
  const [total, count] = logits.reduce(([s, n], x) => [x.reduce((a, b) => a + b, s), n + x.length], [0, 0]);
  const centre = total / count;
  return logits.reduce((sum, x) => x.reduce((s, y) => s + (y - centre) ** 2, sum), 0) / count;
}

const mean = (list: ArrayLike<number>): number =>
  Array.from(list).reduce((sum, x) => sum + x, 0) / Math.max(1, list.length);

function standardError(list: Float64Array): number {
  const centre = mean(list);
  return Math.sqrt(mean(list.map(x => (x - centre) ** 2)) / Math.max(1, list.length - 1));
}
