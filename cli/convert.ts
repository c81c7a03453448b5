/** The float network → integers, with thresholds as fine as calibration images ask for, and what it does on them. */
import type { Target } from '../backends/target.ts';
import { type Chosen, chooseShift, ENOUGH, relativeError, SHIFTS } from '../compiler/choose-shift.ts';
import {
  type CompileOptions,
  type Converted,
  convertPrepared,
  prepareConversion,
  quantizeNetwork,
} from '../compiler/compile.ts';
import type { Profile } from '../compiler/profile.ts';
import type { AnnGraph } from '../ir/ann.ts';
import type { Diagnostics } from '../ir/diagnostics/diagnostic.ts';
import type { IntGraph } from '../ir/int.ts';
import { type MeasuredActivity, measureActivity } from './activity.ts';
import type { Console } from './console.ts';

export interface ConvertOptions extends Omit<CompileOptions, 'profile'> {
  readonly shift: number | 'auto';
  readonly profileOf: (shift: number) => Profile;
}

export interface MeasuredNetwork {
  readonly converted: Converted;
  readonly int: IntGraph;
  readonly activity: MeasuredActivity;
  /** Of the integer network's logits on the judged calibration images, ÷ the variance of the float network's. */
  readonly logitMse: number;
}

/** Stands where the shift means nothing: with the paper’s thresholds, and with none. */
const SHIFTLESS = 4;

/** Errors: those of conversion and quantisation · W0302 no shift is near enough. */
export function convertMeasured(
  ann: AnnGraph,
  images: readonly Float64Array[],
  options: ConvertOptions,
  /** `isPixels`: the images are whole numbers. */
  { target, isPixels, origin }: { target: Target; isPixels: boolean; origin: string },
  { diagnostics, step }: Pick<Console, 'diagnostics' | 'step'>,
): Chosen<MeasuredNetwork> {
  const prepared = prepareConversion(ann, images, options, { diagnostics, step });
  const judged = images.slice(0, prepared.wanted.length);
  const make = (shift: number, own: Diagnostics): MeasuredNetwork => {
    const context = { diagnostics: own, step };
    step(`thresholds, shift ${shift}`);
    const converted = convertPrepared(prepared, { ...options, profile: options.profileOf(shift) }, context);
    const int = quantizeNetwork(converted.snn, images, target, options.weightBits, context, isPixels);
    step('measure');
    const activity = measureActivity(int, judged);
    return { converted, int, activity, logitMse: relativeError(prepared.wanted, activity.answers) };
  };
  const isChosen = options.shift === 'auto' && options.thresholds === 'pow2';
  const fixed = options.shift === 'auto' ? SHIFTLESS : options.shift;
  const chosen = chooseShift(isChosen ? SHIFTS : [fixed], make, diagnostics);
  if (isChosen && !chosen.isEnough) {
    const facts = { shift: chosen.shift, error: chosen.logitMse, limit: ENOUGH };
    diagnostics.report('W0302', { origin, pass: 'choose-shift' }, facts);
  }
  return chosen;
}
