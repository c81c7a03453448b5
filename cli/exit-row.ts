/** What anytime inference reaches: each image as far as the host lets it go. */
import { addOperations, type Counts, NO_OPERATIONS, type Operations } from '../ir/count/counts.ts';
import { energyRatio, INTEGER_COSTS_PJ } from '../ir/count/energy.ts';

export interface ExitResult {
  readonly margins: readonly number[];
  /** Share of images that go on after each step but the last. */
  readonly continued: readonly number[];
  readonly accuracy: number | null;
  readonly agreement: number;
  readonly logitMse: number;
  /** Means over images of what ran, all three counts of Eq. 30. */
  readonly eq30: { readonly paper: number; readonly performed: number; readonly integer: number };
  readonly paperAcs: number;
}

/** An image after its steps: its answers, and the squared errors of its logits summed over classes. */
export interface ExitImage {
  /** The step after which the host stops. */
  readonly taken: number;
  readonly label: number;
  /** The float network's answer. */
  readonly ann: number;
  readonly classes: ArrayLike<number>;
  readonly errors: ArrayLike<number>;
}

export function createExitTally(margins: readonly number[]) {
  const continued = margins.map(() => 0);
  let [right, agree, squares] = [0, 0, 0];
  let paper: Operations = NO_OPERATIONS;
  let performed: Operations = NO_OPERATIONS;
  return {
    /** `counts`: of this image alone, step by step. */
    add({ taken, label, ann, classes, errors }: ExitImage, counts: readonly Counts[]): void {
      for (let t = 1; t < taken; t++) continued[t - 1]! += 1;
      if (classes[taken - 1] === label) right += 1;
      if (classes[taken - 1] === ann) agree += 1;
      squares += errors[taken - 1]!;
      for (const step of counts.slice(0, taken)) {
        paper = addOperations(paper, step.paper);
        performed = addOperations(performed, step.performed);
      }
    },
    /** `spread`: squared deviation of all float logits from their mean. */
    summary(
      images: number,
      hasLabels: boolean,
      spread: number,
      macs: { readonly paper: number; readonly performed: number },
    ): ExitResult {
      const all = { paper: macs.paper * images, performed: macs.performed * images };
      return {
        margins,
        continued: continued.map(n => n / images),
        accuracy: hasLabels ? right / images : null,
        agreement: agree / images,
        logitMse: squares / spread,
        eq30: {
          paper: energyRatio(paper, all.paper),
          performed: energyRatio(performed, all.performed),
          integer: energyRatio(performed, all.performed, INTEGER_COSTS_PJ),
        },
        paperAcs: paper.acs / images,
      };
    },
  };
}
