/**
 * `snnc check`: everything that stands in the way of a network, and how large it will be. The same passes as compile, on
 * the same graph; numbers are missing, so thresholds are nominal, or come from a few images in the float network.
 *
 * Errors  all of import and conversion that do not need numbers, in one run
 * Cost    linear in the nodes; weights are looked at only where that is asked for
 */
import type { AnnGraph } from '../ir/ann.ts';
import type { Report } from '../ir/diagnostics/diagnostic.ts';
import type { ValueId } from '../ir/dialect.ts';
import type { IntGraph } from '../ir/int.ts';
import type { SnnEmit, SnnGraph } from '../ir/snn.ts';
import { BY_SYNTHETIC } from './choose-shift.ts';
import { type Context, MAX_LEVELS } from './compile.ts';
import { activityOfSample, measureSites, nominalActivity, relayActivity } from './estimate/activity.ts';
import type { Activity } from './estimate/tile-work.ts';
import { outlineIntegers } from './integers/outline.ts';
import { type ModelFacts, modelFacts, scanWeights } from './onnx/facts.ts';
import { importModel } from './onnx/import.ts';
import { type OnnxModel, readModel } from './onnx/model.ts';
import type { ModelFile } from './onnx/source.ts';
import { canonicalize } from './passes/canonicalize.ts';
import { convert } from './passes/convert.ts';
import { dropUnread } from './passes/drop-unread.ts';
import { foldAttentionScale } from './passes/fold-attention-scale.ts';
import { foldNorms } from './passes/fold-norms.ts';
import { loadWeights } from './passes/load-weights.ts';
import { defaultProfile } from './profile.ts';
import { findSites } from './sites.ts';

export interface CheckOptions {
  readonly inputShape?: readonly number[] | undefined;
  readonly output?: string | undefined;
  readonly steps: number;
  readonly terms: number;
  /** θ from p99 / 2^shift; undefined: where compile begins without images. */
  readonly shift?: number | undefined;
  readonly keepUnread: boolean;
  /** Weights of at most so many bytes are looked at for numbers that are not finite. */
  readonly scanBytes: number;
}

export interface NetworkCheck {
  /** Undefined where the file could not be read at all. */
  readonly facts: ModelFacts | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  /** Undefined where there is no sound network. */
  readonly ann: AnnGraph | undefined;
  readonly outline: Outline | undefined;
  readonly isScanned: boolean;
}

/** An integer network without its numbers, and how often its neurons will send. */
export interface Outline {
  readonly network: IntGraph;
  readonly activity: ReadonlyMap<ValueId, Activity>;
}

const NOTHING: NetworkCheck = {
  facts: undefined,
  metadata: {},
  ann: undefined,
  outline: undefined,
  isScanned: false,
};

export function checkNetwork(file: ModelFile, options: CheckOptions, context: Context): NetworkCheck {
  const { diagnostics, step } = context;
  const { report } = diagnostics;
  step('import');
  const model = readModel(file, report);
  if (model === undefined) return NOTHING;
  const read = { ...NOTHING, facts: modelFacts(model), metadata: model.metadata };
  const { inputShape, output } = options;
  const imported = importModel(model, file.source, diagnostics, { inputShape, output, isLate: true });
  if (imported === undefined) return read;
  if (diagnostics.hasErrors()) {
    lookFurther(imported.graph, options, report);
    return read;
  }
  step('canonicalize');
  const ann = canonicalize.run(imported.graph, undefined, report);
  const isScanned = read.facts.weightBytes <= options.scanBytes;
  if (isScanned) look(model, ann, context);
  step('convert');
  const outline = outlineFolded(foldAll(ann, report), options, report);
  const isSound = !diagnostics.hasErrors();
  return { ...read, isScanned, ann: isSound ? ann : undefined, outline: isSound ? outline : undefined };
}

function look(model: OnnxModel, ann: AnnGraph, { diagnostics, step }: Context): void {
  step('look at weights');
  scanWeights(model, ann, diagnostics.report);
}

/**
 * What conversion would say of a graph that has holes already. Stand-ins are no network, so whatever a pass cannot
 * make of them says nothing.
 */
function lookFurther(graph: AnnGraph, options: CheckOptions, report: Report): void {
  try {
    const ann = canonicalize.run(graph, undefined, () => undefined);
    outlineFolded(foldAll(ann, report), options, report);
  } catch {
    // The import has already said why there is no network.
  }
}

/** What decides how neurons fire. */
export type OutlineOptions = Pick<CheckOptions, 'steps' | 'terms' | 'shift' | 'keepUnread'>;

/** The outline with one choice of options or another; activity comes from the images, or is nominal without any. */
export function createOutliner(
  ann: AnnGraph,
  images: readonly Float64Array[],
  report: Report,
): (options: OutlineOptions) => Outline {
  const folded = foldAll(images.length === 0 ? ann : loadWeights.run(ann, undefined, report), report);
  const samples = images.length === 0 ? undefined : measureSites(folded, findSites(folded), images);
  return options => outlineFolded(folded, options, report, samples);
}

/** The integer network without its numbers. */
export const outlineOf = (ann: AnnGraph, options: OutlineOptions, report: Report): IntGraph =>
  createOutliner(ann, [], report)(options).network;

const foldAll = (ann: AnnGraph, report: Report): AnnGraph =>
  foldAttentionScale.run(foldNorms.run(ann, undefined, report), undefined, report);

const NOMINAL = { kind: 'mt', theta1: 1, theta2: 1, levels: 8, band: 0.75, rule: 'nearest' } as const;

function outlineFolded(
  folded: AnnGraph,
  { steps, terms, shift = BY_SYNTHETIC.shifts[0]!, keepUnread }: OutlineOptions,
  report: Report,
  samples?: ReadonlyMap<ValueId, Float64Array>,
): Outline {
  const sites = findSites(folded);
  const profile = defaultProfile(shift, terms);
  const limits = { steps, maxLevels: MAX_LEVELS };
  const emits = new Map<ValueId, SnnEmit>();
  /** What stands behind each emit: conversion hands them on as they are. */
  const behind = new Map<SnnEmit, (population: Population) => Activity>();
  for (const [value, kind] of sites) {
    const sample = samples?.get(value);
    const found = sample && activityOfSample(sample, profile[kind], limits);
    const emit = found?.emit ?? { ...NOMINAL, terms };
    emits.set(value, emit);
    behind.set(emit, ({ attrs, type }) => {
      return found?.activity ?? nominalActivity(attrs.function, type.shape[2]!, profile[kind], limits);
    });
  }
  const snn = convert.run(folded, { coding: 'sum', steps, emits }, report);
  const read = keepUnread ? snn : dropUnread.run(snn, undefined, report);
  const activity = new Map(
    populationsOf(read).map(population => {
      const own = behind.get(population.attrs.emit);
      return [population.id, own === undefined ? relayActivity(steps) : own(population)];
    }),
  );
  return { network: outlineIntegers(read, { accumulatorBits: 0, stateBits: 0 }), activity };
}

type Population = Extract<SnnGraph['nodes'][number], { kind: 'population' }>;
const populationsOf = ({ nodes }: SnnGraph) => nodes.filter(node => node.kind === 'population');
