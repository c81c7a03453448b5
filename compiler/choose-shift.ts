/**
 * The coarsest thresholds that answer well enough: the smallest shift D whose network is near the float network on
 * calibration images. Deep networks want finer thresholds than shallow ones, so D is measured, not a constant.
 *
 * Source  design 3 §4
 * Units   error: mean squared error of the logits ÷ their variance
 * Cost    one conversion for each shift tried, from the coarsest on; the one that is taken is not made again
 */
import { createDiagnostics, type Diagnostics, UserError } from '../ir/diagnostics/diagnostic.ts';

/** The shifts that are tried, coarsest first, and the error that is small enough. */
export interface ShiftRule {
  readonly shifts: readonly number[];
  readonly enough: number;
}
/**
 * Shifts coarser than the first lose accuracy on every network measured; finer than the last gain nothing. With an
 * error below this, accuracy and the float network's differ by less than a point.
 */
export const BY_IMAGES: ShiftRule = { shifts: [3, 4, 5, 6, 7], enough: 0.02 };
/**
 * On synthetic images the error is three to ten times that on real ones, by luck of the draw: too unsteady for
 * the coarsest shift, and no reason for a finer one where it is small.
 */
export const BY_SYNTHETIC: ShiftRule = { shifts: [4, 5, 6, 7], enough: 0.05 };

export interface Tried {
  readonly shift: number;
  readonly logitMse: number;
}
export interface Chosen<T> extends Tried {
  readonly made: T;
  readonly tried: readonly Tried[];
  /** Is its error small enough? Of several that are not, the best is taken. */
  readonly isEnough: boolean;
}

/**
 * `make`: a network with this shift; what it reports is kept of the one that is taken.
 * Errors  those of the coarsest; a finer one that does not fit its formats ends the search
 */
export function chooseShift<T extends { readonly logitMse: number }>(
  { shifts, enough }: ShiftRule,
  make: (shift: number, own: Diagnostics) => T,
  diagnostics: Diagnostics,
): Chosen<T> {
  const tried: Tried[] = [];
  let best: { shift: number; made: T; own: Diagnostics } | undefined;
  for (const shift of shifts) {
    const own = createDiagnostics();
    const made = attempt(() => make(shift, own), best !== undefined);
    if (made === undefined) break;
    tried.push({ shift, logitMse: made.logitMse });
    if (best === undefined || made.logitMse < best.made.logitMse) best = { shift, made, own };
    if (made.logitMse <= enough) break;
  }
  const { shift, made, own } = best!;
  diagnostics.take(own.list);
  return { shift, made, tried, logitMse: made.logitMse, isEnough: made.logitMse <= enough };
}

/** undefined where an optional network does not fit its formats. */
export function attempt<T>(make: () => T, isOptional: boolean): T | undefined {
  try {
    return make();
  } catch (error) {
    if (isOptional && error instanceof UserError) return undefined;
    throw error;
  }
}

/**
 * Mean squared error of answers against the wanted ones ÷ the variance of those; as it is where they are all one
 * number. Needs: as many of each.
 */
export function relativeError(wanted: readonly Float64Array[], got: readonly Float64Array[]): number {
  let [n, sum, squares, error] = [0, 0, 0, 0];
  wanted.forEach((logits, i) => {
    logits.forEach((x, c) => {
      n += 1;
      sum += x;
      squares += x * x;
      error += (got[i]![c]! - x) ** 2;
    });
  });
  const variance = squares / n - (sum / n) ** 2;
  return error / n / (variance > 0 ? variance : 1);
}
