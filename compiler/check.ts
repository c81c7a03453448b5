/**
 * `snnc check`: everything that stands in the way of a network, and how large it will be, without reading weights or
 * images. The same passes as compile, on the same graph; only numbers are missing, so thresholds are nominal.
 *
 * Errors  all of import, conversion and mapping that do not need numbers, in one run
 * Cost    linear in the nodes; weights are looked at only where that is asked for
 */
import { type Accounting, createAccounting } from '../backends/accounting.ts';
import type { Target } from '../backends/target.ts';
import type { AnnGraph } from '../ir/ann.ts';
import type { Report } from '../ir/diagnostics/diagnostic.ts';
import type { IntGraph } from '../ir/int.ts';
import type { SnnEmit } from '../ir/snn.ts';
import type { Context } from './compile.ts';
import { type Estimate, estimateCores, estimateTime, type TimeEstimate } from './estimate.ts';
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
import { refuseTarget } from './refuse-target.ts';
import { findSites } from './sites.ts';

export interface CheckOptions {
  readonly inputShape?: readonly number[] | undefined;
  readonly output?: string | undefined;
  readonly steps: number;
  readonly terms: number;
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
  readonly outline: IntGraph | undefined;
  readonly isScanned: boolean;
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
  const outline = outlineOf(ann, options, report);
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
    outlineOf(
      canonicalize.run(graph, undefined, () => undefined),
      options,
      report,
    );
  } catch {
    // The import has already said why there is no network.
  }
}

/** The integer network without its numbers. */
export function outlineOf(
  ann: AnnGraph,
  { steps, terms, keepUnread }: Pick<CheckOptions, 'steps' | 'terms' | 'keepUnread'>,
  report: Report,
): IntGraph {
  const folded = foldAttentionScale.run(foldNorms.run(ann, undefined, report), undefined, report);
  const nominal: SnnEmit = {
    ...{ kind: 'mt', theta1: 1, theta2: 1, levels: 8, terms, band: 0.75, rule: 'nearest' },
  };
  const emits = new Map([...findSites(folded).keys()].map(value => [value, nominal]));
  const snn = convert.run(folded, { coding: 'sum', steps, emits }, report);
  const read = keepUnread ? snn : dropUnread.run(snn, undefined, report);
  return outlineIntegers(read, { accumulatorBits: 0, stateBits: 0 });
}

/** How a network sits on a target under one reading of its neuron limit. */
export interface Reading {
  readonly name: 'neurons' | 'stateWords';
  readonly limit: number;
  readonly estimate: Estimate;
  readonly chips: number;
  readonly fits: boolean;
}

export interface TargetCheck {
  readonly target: Target;
  /** The stricter reading first: it is the one that compile goes by. One where the target caps no neurons. */
  readonly readings: readonly [Reading, ...Reading[]];
  readonly time: TimeEstimate;
  /** Several of a smaller board that hold it with fewer chips, as a target. */
  readonly instead: string | undefined;
}

/**
 * The first of several boards of one chip, fewest chips first, that has cores enough; the last where none has.
 * Errors E0501, E0502, E0510, E0511
 */
export function checkBoards(
  outline: IntGraph,
  boards: readonly Target[],
  { steps, weightBits }: { readonly steps: number; readonly weightBits: number },
  report: Report,
): TargetCheck | undefined {
  const chip = boards[0]!;
  const accounting = createAccounting(chip);
  if (!refuseTarget(outline, chip, accounting, weightBits, report)) return undefined;
  const strict = estimateCores(outline, accounting, weightBits);
  const loose = estimateCores(outline, withoutNeuronCap(accounting), weightBits);
  for (const { population, origin, resource, needed, available } of strict.misfits) {
    const facts = { population, needed, resource, target: chip.name, available };
    report('E0501', { origin, pass: 'partition' }, facts);
  }
  const checks = boards.map((target): TargetCheck => {
    const { neuronsPerCore, stateWords } = target.limits;
    const byState = readingOf('stateWords', stateWords.value, loose, target);
    const readings: TargetCheck['readings'] =
      neuronsPerCore === undefined
        ? [byState]
        : [readingOf('neurons', neuronsPerCore.value, strict, target), byState];
    const instead = severalOf(boards, strict, target);
    const time = estimateTime(strict, steps, target.timing, readings[0].chips);
    return { target, readings, time, instead };
  });
  const found = checks.find(({ readings: [first] }) => first.fits) ?? checks.at(-1)!;
  if (!found.readings[0].fits && strict.misfits.length === 0) reportTooLarge(found, report);
  return found;
}

/** More boards than this are not wired together by hand. */
const MOST_BOARDS = 16;

function severalOf(boards: readonly Target[], { cores }: Estimate, { chips }: Target): string | undefined {
  const offers = boards.map(board => ({ board, copies: Math.ceil(cores / board.cores) }));
  const fitting = offers.filter(
    ({ board, copies }) => copies > 1 && copies <= MOST_BOARDS && copies * board.chips < chips,
  );
  const [first] = fitting.toSorted((a, b) => a.copies * a.board.chips - b.copies * b.board.chips);
  return first && `${first.board.spec}*${first.copies}`;
}

const withoutNeuronCap = (accounting: Accounting): Accounting => ({
  ...accounting,
  capacity: { ...accounting.capacity, neurons: Number.POSITIVE_INFINITY },
});

function readingOf(name: Reading['name'], limit: number, estimate: Estimate, target: Target): Reading {
  const perChip = target.cores / target.chips;
  const fits = estimate.misfits.length === 0 && estimate.cores <= target.cores;
  return { name, limit, estimate, chips: Math.ceil(estimate.cores / perChip), fits };
}

function reportTooLarge({ target, readings }: TargetCheck, report: Report): void {
  const [strict, loose = strict] = readings;
  const facts = { target: target.spec, needed: strict.estimate.cores, available: target.cores };
  const { cores } = loose.estimate;
  const help = `With ${loose.limit} state words as the only limit of neurons it would take ${cores} cores and fit.`;
  report('E0502', { origin: target.spec, pass: 'check' }, facts, loose.fits ? help : undefined);
}
