/** What anytime inference reaches: each image as far as the host lets it go. */
import { addOperations, type Counts, NO_OPERATIONS, type Operations } from '../ir/count/counts.ts';
import { energyRatio, INTEGER_COSTS_PJ } from '../ir/count/energy.ts';
import { exitStep } from '../ir/exit.ts';

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

export function createExitTally(margins: readonly number[], argMax: (x: ArrayLike<number>) => number) {
  const continued = margins.map(() => 0);
  let [right, agree, squares] = [0, 0, 0];
  let paper: Operations = NO_OPERATIONS;
  let performed: Operations = NO_OPERATIONS;
  return {
    /** `counts`: of this image alone, step by step. */
    add(
      label: number | undefined,
      float: Float64Array,
      readouts: readonly Float64Array[],
      counts: readonly Counts[],
    ): void {
      const taken = exitStep(readouts, margins);
      for (let t = 1; t < taken; t++) continued[t - 1]! += 1;
      const logits = readouts[taken - 1]!;
      if (argMax(logits) === label) right += 1;
      if (argMax(logits) === argMax(float)) agree += 1;
      for (let c = 0; c < float.length; c++) squares += (logits[c]! - float[c]!) ** 2;
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
export type ExitTally = ReturnType<typeof createExitTally>;
