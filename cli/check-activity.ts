/**
 * How often neurons will send, as well as a check of seconds can know: from a few images in the float network, or, where
 * that would take too long or weights are not to be read, from what each neuron computes.
 */
import { createOutliner, type Outline, type OutlineOptions } from '../compiler/check.ts';
import { BY_IMAGES, BY_SYNTHETIC } from '../compiler/choose-shift.ts';
import type { Resolved } from '../compiler/preprocess/resolve.ts';
import { countMacs, spread } from '../compiler/samples.ts';
import type { AnnGraph } from '../ir/ann.ts';
import { createDiagnostics } from '../ir/diagnostics/diagnostic.ts';
import { calibrationSet } from './calibration.ts';
import type { Console } from './console.ts';
import type { DataOptions } from './options.ts';

/** Where the activity comes from; images are given or drawn. */
export interface Known extends Outline {
  readonly from: 'float network' | 'nominal';
  readonly images: number;
  readonly isSynthetic: boolean;
  readonly shift: number;
  /** The same with other options, from the same images. */
  again(options: OutlineOptions): Outline;
}

export interface ActivityOptions extends DataOptions {
  readonly model: string;
  readonly calibrate?: string | undefined;
  readonly check: OutlineOptions;
  /** May weights be read? */
  readonly isRead: boolean;
}

/** Multiply-accumulates of all images that are run in floats: some seconds. */
const FLOAT_WORK = 2e10;
const FLOAT_IMAGES = 16;

/** Errors: those of the images. */
export async function findActivity(
  ann: AnnGraph,
  resolved: Resolved,
  options: ActivityOptions,
  { step, advance, found }: Console,
): Promise<Known> {
  const most = Math.min(FLOAT_IMAGES, Math.floor(FLOAT_WORK / Math.max(1, countMacs(ann))));
  const count = options.isRead ? most : 0;
  const { shape } = ann.nodes.find(node => node.kind === 'input')!.type;
  if (count > 0) step('measure activity');
  // What is missing is no fault of a check: it says what its figures rest on.
  const unsaid = createDiagnostics();
  const needs = { shape, resolved, centre: null, most: count };
  const data =
    count === 0 ? NO_DATA : await calibrationSet(options, needs, { diagnostics: unsaid, advance, found });
  const images = spread(data.images, count);
  const again = createOutliner(ann, images, unsaid.report);
  const from = images.length === 0 ? 'nominal' : 'float network';
  const { isSynthetic } = data;
  // Where compile begins; it goes on to a finer one where the answers ask for it.
  const [shift] = options.check.shift === undefined ? rule(options).shifts : [options.check.shift];
  const check = { ...options.check, shift };
  return { ...again(check), from, images: images.length, isSynthetic, shift: shift!, again };
}

const NO_DATA = { images: [], isSynthetic: false };
const rule = ({ calibrate }: ActivityOptions) => (calibrate === undefined ? BY_SYNTHETIC : BY_IMAGES);

/** What the activity rests on, in words. */
export function describeActivity({ from, images, isSynthetic, shift }: Known): string {
  const kind = isSynthetic ? 'synthetic image(s)' : 'image(s)';
  return from === 'float network'
    ? `thresholds of shift ${shift} on the float network’s values for ${images} ${kind}`
    : `nominal, thresholds of shift ${shift} on normal numbers behind each function`;
}
