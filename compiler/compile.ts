import type { Target } from '../backends/target.ts';
import type { AnnGraph } from '../ir/ann.ts';
import type { Mode } from '../ir/chip.ts';
import { type AnnMacs, annMacs, countedPopulations } from '../ir/count/counts.ts';
import { type Diagnostics, fail, throwIfErrors } from '../ir/diagnostics/diagnostic.ts';
import type { ValueId } from '../ir/dialect.ts';
import { sizeOf } from '../ir/dialect.ts';
import type { IntGraph, IntNode } from '../ir/int.ts';
import type { Coding, SnnGraph, SnnNode } from '../ir/snn.ts';
import { CALIBRATE_DEFAULTS, type Calibration, calibrateAndAnswer } from './calibrate.ts';
import { inputFractionOf, type SomaArithmetic } from './integers/formats.ts';
import type { Favour } from './mapping/joint.ts';
import type { Strategy } from './mapping/strategy.ts';
import type { Stopping } from './margins.ts';
import { type ImportOptions, importOnnx } from './onnx/import.ts';
import type { ModelFile } from './onnx/source.ts';
import { canonicalize } from './passes/canonicalize.ts';
import { checkConvertible, convert } from './passes/convert.ts';
import { correctBias, replacedBiases } from './passes/correct-bias.ts';
import { dropUnread } from './passes/drop-unread.ts';
import { foldAttentionScale } from './passes/fold-attention-scale.ts';
import { foldNorms } from './passes/fold-norms.ts';
import { loadWeights } from './passes/load-weights.ts';
import { quantize } from './passes/quantize.ts';
import type { Pin } from './placement/pins.ts';
import type { Effort } from './placement/solve.ts';
import type { Profile } from './profile.ts';
import type { Progress } from './progress.ts';
import { measureRanges, type Ranges } from './ranges.ts';
import { type Answered, countMacs, judgedSample } from './samples.ts';
import type { SiteSettings } from './site-settings.ts';
import { findSites, type Sites } from './sites.ts';
import { emitsOf, isPaperRule, type ThresholdRule } from './thresholds.ts';

export interface CompileOptions {
  readonly coding: Coding;
  readonly steps: number;
  readonly thresholds: ThresholdRule;
  readonly profile: Profile;
  /** Site by site, instead of the profile. */
  readonly settings?: SiteSettings | undefined;
  readonly weightBits: number;
  readonly seed: number;
  /** Of placement. */
  readonly effort: Effort;
  /** Cores that have their place already. */
  readonly pins?: readonly Pin[] | undefined;
  readonly biasCorrection: boolean;
  /** When the host stops; undefined: all images take every step. */
  readonly anytime?: Stopping | undefined;
  /** How images pass through the chip; undefined: pipelined, or layerwise where the host may stop. */
  readonly mode?: Mode | undefined;
  readonly coarse?: number | undefined;
  /** Thresholds of every ladder, per sign; undefined: from calibration, of the paper's 8. */
  readonly levels?: number | undefined;
  readonly functions?: SomaArithmetic | undefined;
  /** Compute what nobody reads too. */
  readonly keepUnread: boolean;
  /** How populations are cut; undefined: `auto`. */
  readonly strategy?: Strategy | undefined;
  /** What a mapping is to have few of; undefined: a balance. */
  readonly favour?: Favour | undefined;
}

export interface Context extends Progress {
  readonly diagnostics: Diagnostics;
}

export interface Converted {
  readonly ann: AnnGraph;
  readonly snn: SnnGraph;
  readonly isBiasCorrected: boolean;
  /** What the corrected biases were before. */
  readonly biases: ReadonlyMap<ValueId, Float64Array>;
  /** The ANN side of Eq. 30: all of the network, what nobody reads included. */
  readonly annMacs: AnnMacs;
  /** Neurons that are left out because nobody reads them. */
  readonly unread: number;
}

/** ONNX → canonical `ann`; `late`: the same with its weights still in the file. Errors E01xx. */
export function readNetwork(
  onnx: Uint8Array | ModelFile,
  source: string,
  { diagnostics, step, found }: Context,
  options: Omit<ImportOptions, 'isLate'> = {},
) {
  step('import');
  const imported = importOnnx(onnx, source, diagnostics, { ...options, isLate: true });
  throwIfErrors(diagnostics);
  if (imported === undefined) throw new Error('import failed without a diagnostic');
  found?.(`${imported.graph.nodes.length} nodes`);
  step('canonicalize');
  const canonical = canonicalize.run(imported.graph, undefined, diagnostics.report);
  found?.(`${canonical.nodes.length} nodes`);
  step('load-weights');
  const ann = loadWeights.run(canonical, undefined, diagnostics.report);
  throwIfErrors(diagnostics);
  return { ann, late: canonical, metadata: imported.metadata };
}

/** What conversion needs of the float network and its calibration images, whatever the thresholds will be. */
export interface Prepared {
  readonly ann: AnnGraph;
  readonly sites: Sites;
  readonly calibration: Calibration;
  readonly images: readonly Float64Array[];
  /** The float network's logits for them. */
  readonly float: readonly Float64Array[];
  /** Those by which a conversion is judged. */
  readonly judged: Answered;
  /** Multiply-accumulates of one image. */
  readonly macs: number;
}

/** `ann` → `snn`. Errors E03xx. */
export const convertNetwork = (
  ann: AnnGraph,
  images: readonly Float64Array[],
  options: CompileOptions,
  context: Context,
): Converted => convertPrepared(prepareConversion(ann, images, options, context), options, context);

/** The float passes over the images, done once. Errors E03xx. */
export function prepareConversion(
  ann: AnnGraph,
  images: readonly Float64Array[],
  { thresholds }: Pick<CompileOptions, 'thresholds'>,
  { diagnostics, step, advance, found }: Context,
): Prepared {
  const { report } = diagnostics;
  checkConvertible(ann, report);
  throwIfErrors(diagnostics);
  const folded = isPaperRule(thresholds)
    ? ann
    : foldAttentionScale.run(foldNorms.run(ann, undefined, report), undefined, report);
  step('calibrate');
  const sites = findSites(folded);
  const { calibration, float } = calibrateAndAnswer(folded, sites, images, CALIBRATE_DEFAULTS, advance);
  found?.(`${images.length} images`);
  const macs = countMacs(folded);
  const judged = judgedSample({ images, float }, macs);
  return { ann: folded, sites, calibration, images, float, judged, macs };
}

/** Thresholds and the spiking network. Errors E03xx. */
export function convertPrepared(
  { ann, sites, calibration, judged }: Prepared,
  options: CompileOptions,
  { diagnostics, step, advance, found }: Context,
): Converted {
  const { report } = diagnostics;
  const { thresholds: rule, profile, settings, coarse, levels } = options;
  const rules = { rule, profile, settings, coarse, levels, maxLevels: MAX_LEVELS };
  const emits = emitsOf(sites, calibration, rules, report);
  step('convert');
  const { coding, steps } = options;
  const whole = convert.run(ann, { coding, steps, emits }, report);
  throwIfErrors(diagnostics);
  // The paper computes every token, in its last block too.
  const snn =
    options.keepUnread || isPaperRule(options.thresholds) ? whole : dropUnread.run(whole, undefined, report);
  const base = {
    ann,
    annMacs: annMacs(countedPopulations(whole)),
    unread: neuronCount(whole) - neuronCount(snn),
  };
  if (!options.biasCorrection || options.thresholds !== 'pow2')
    return { ...base, snn, isBiasCorrected: false, biases: new Map() };
  step('correct-bias');
  const corrected = correctBias(snn, judged.images, judged.float, advance);
  found?.(corrected === undefined ? 'does not help' : `kept, judged on ${judged.images.length} images`);
  if (corrected === undefined) return { ...base, snn, isBiasCorrected: false, biases: new Map() };
  return { ...base, snn: corrected, isBiasCorrected: true, biases: replacedBiases(snn, corrected) };
}

/** Of a ladder of thresholds: payload exponents have four bits. */
export const MAX_LEVELS = 16;

/** `snn` → `int`. Errors E04xx. */
export function quantizeNetwork(
  snn: SnnGraph,
  images: readonly Float64Array[],
  target: Target,
  weightBits: number,
  context: Context,
  /** The images are pixels: whole numbers. */
  isPixels = false,
  functions: SomaArithmetic = 'tables',
): IntGraph {
  return quantizeMeasured(snn, images, target, weightBits, context, isPixels, functions).int;
}

/** The same, with the ranges that the formats were made from. */
export function quantizeMeasured(
  snn: SnnGraph,
  images: readonly Float64Array[],
  target: Target,
  weightBits: number,
  { diagnostics, step, advance }: Context,
  isPixels: boolean,
  functions: SomaArithmetic = 'tables',
): { readonly int: IntGraph; readonly ranges: Ranges } {
  step('quantize');
  if (functions === 'multiply' && target.capabilities.stateMultiply?.value !== true)
    fail('E0420', { origin: '--functions' }, { target: target.name });
  const { accumulatorBits, stateBits } = target.arithmetic;
  const ranges = measureRanges(snn, images, advance);
  const widths = {
    functions,
    weightBits,
    accumulatorBits: accumulatorBits.value,
    stateBits: stateBits.value,
  };
  const inputFraction = inputFractionOf(images, isPixels, stateBits.value);
  const int = quantize.run(snn, { ranges, inputFraction, ...widths }, diagnostics.report);
  throwIfErrors(diagnostics);
  return { int, ranges };
}

/** Neurons of a network, all unrolled in space. */
export const neuronCount = ({ nodes }: { readonly nodes: readonly (SnnNode | IntNode)[] }): number =>
  nodes.reduce((sum, node) => sum + (node.kind === 'population' ? sizeOf(node.type.shape) : 0), 0);
