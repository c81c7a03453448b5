/**
 * ONNX bytes → a mapped spiking network. Read this first: every stage of the compiler is one line here.
 * Each stage is returned too, so that a caller can run any of them against the one above.
 */
import { type Accounting, createAccounting } from '../backends/accounting.ts';
import type { ChipProgram } from '../backends/program/program.ts';
import type { Target } from '../backends/target.ts';
import type { AnnGraph } from '../ir/ann.ts';
import type { ChipGraph } from '../ir/chip.ts';
import { type Diagnostics, fail, throwIfErrors } from '../ir/diagnostics/diagnostic.ts';
import type { ValueId } from '../ir/dialect.ts';
import { sizeOf } from '../ir/dialect.ts';
import type { IntGraph } from '../ir/int.ts';
import type { Coding, SnnGraph } from '../ir/snn.ts';
import { assemble } from './assemble.ts';
import { calibrate } from './calibrate.ts';
import { checkDelivery, type DeliveryProof } from './check-delivery.ts';
import { inputFractionOf, type SomaArithmetic } from './integers/formats.ts';
import { meshOf } from './mapping/mesh.ts';
import { type ImportOptions, importOnnx } from './onnx/import.ts';
import type { ModelFile } from './onnx/source.ts';
import { canonicalize } from './passes/canonicalize.ts';
import { checkConvertible, convert } from './passes/convert.ts';
import { correctBias } from './passes/correct-bias.ts';
import { foldAttentionScale } from './passes/fold-attention-scale.ts';
import { foldNorms } from './passes/fold-norms.ts';
import { loadWeights } from './passes/load-weights.ts';
import { partition } from './passes/partition.ts';
import { coreTraffic, place, placementCost } from './passes/place.ts';
import { quantize } from './passes/quantize.ts';
import { route } from './passes/route.ts';
import { splitFanIn } from './passes/split-fan-in.ts';
import type { Profile } from './profile.ts';
import { measureRanges } from './ranges.ts';
import { findSites } from './sites.ts';
import { emitsOf, type ThresholdRule } from './thresholds.ts';

export interface CompileOptions {
  readonly coding: Coding;
  readonly steps: number;
  readonly thresholds: ThresholdRule;
  readonly profile: Profile;
  readonly weightBits: number;
  readonly seed: number;
  /** Swaps that placement tries, per core. */
  readonly effort: number;
  readonly biasCorrection: boolean;
  /** Of the images that a step could answer, the share that goes on to the next; undefined: all take every step. */
  readonly anytime?: number | undefined;
}

export interface Context {
  readonly diagnostics: Diagnostics;
  /** Called before each step, for progress. */
  readonly step: (name: string) => void;
}

export interface Converted {
  readonly ann: AnnGraph;
  readonly snn: SnnGraph;
  /** Share of neurons that send, and terms per neuron, in a step: from calibration. */
  readonly isBiasCorrected: boolean;
}

/** ONNX → canonical `ann`. Errors E01xx. */
export function readNetwork(
  onnx: Uint8Array | ModelFile,
  source: string,
  { diagnostics, step }: Context,
  options: Omit<ImportOptions, 'isLate'> = {},
) {
  step('import');
  const imported = importOnnx(onnx, source, diagnostics, { ...options, isLate: true });
  throwIfErrors(diagnostics);
  if (imported === undefined) throw new Error('import failed without a diagnostic');
  step('canonicalize');
  const canonical = canonicalize.run(imported.graph, undefined, diagnostics.report);
  step('load-weights');
  const ann = loadWeights.run(canonical, undefined, diagnostics.report);
  throwIfErrors(diagnostics);
  return { ann, metadata: imported.metadata };
}

/** `ann` → `snn`. Errors E03xx. */
export function convertNetwork(
  ann: AnnGraph,
  images: readonly Float64Array[],
  options: CompileOptions,
  { diagnostics, step }: Context,
): Converted {
  const { report } = diagnostics;
  checkConvertible(ann, report);
  throwIfErrors(diagnostics);
  const isPaper = options.thresholds === 'paper';
  const folded = isPaper
    ? ann
    : foldAttentionScale.run(foldNorms.run(ann, undefined, report), undefined, report);
  step('calibrate');
  const sites = findSites(folded);
  const calibration = calibrate(folded, sites, images);
  const rules = { rule: options.thresholds, profile: options.profile, paperLevels: 8, maxLevels: 16 };
  const emits = emitsOf(sites, calibration, rules, report);
  step('convert');
  const { coding, steps } = options;
  const snn = convert.run(folded, { coding, steps, emits }, report);
  throwIfErrors(diagnostics);
  if (!options.biasCorrection || options.thresholds !== 'pow2')
    return { ann: folded, snn, isBiasCorrected: false };
  step('correct-bias');
  const corrected = correctBias(snn, folded, images.slice(0, BIAS_IMAGES));
  return { ann: folded, snn: corrected ?? snn, isBiasCorrected: corrected !== undefined };
}

const BIAS_IMAGES = 64;

/** `snn` → `int`. Errors E04xx. */
export function quantizeNetwork(
  snn: SnnGraph,
  images: readonly Float64Array[],
  target: Target,
  weightBits: number,
  { diagnostics, step }: Context,
  /** The images are pixels: whole numbers. */
  isPixels = false,
  functions: SomaArithmetic = 'tables',
): IntGraph {
  step('quantize');
  if (functions === 'multiply' && target.capabilities.stateMultiply?.value !== true)
    fail('E0420', { origin: '--functions' }, { target: target.name });
  const { accumulatorBits, stateBits } = target.arithmetic;
  const ranges = measureRanges(snn, images);
  const widths = {
    functions,
    weightBits,
    accumulatorBits: accumulatorBits.value,
    stateBits: stateBits.value,
  };
  const inputFraction = inputFractionOf(images, isPixels, stateBits.value);
  const int = quantize.run(snn, { ranges, inputFraction, ...widths }, diagnostics.report);
  throwIfErrors(diagnostics);
  return int;
}

export interface Mapped {
  /** The integer network that was mapped, fan-in splits included. */
  readonly int: IntGraph;
  readonly chip: ChipGraph;
  readonly programs: readonly ChipProgram[];
  readonly accounting: Accounting;
  readonly placement: { readonly cost: number; readonly baseline: number };
  readonly proof: DeliveryProof;
}

/** `int` → `chip` → programs. Errors E05xx. */
export function mapNetwork(
  network: IntGraph,
  target: Target,
  rates: ReadonlyMap<ValueId, number>,
  options: Pick<CompileOptions, 'weightBits' | 'seed' | 'effort' | 'anytime'>,
  { diagnostics, step }: Context,
): Mapped {
  const { report } = diagnostics;
  const { weightBits, seed } = options;
  const accounting = createAccounting(target);
  step('partition');
  const weights = accounting.weights.get('')!;
  const int = splitFanIn.run(
    network,
    {
      piecesOf: ({ attrs }) => {
        const inputs = network.constants.get(attrs.weight).shape[0]!;
        return Math.ceil((inputs * weights.rowWords(1, weightBits)) / accounting.capacity.synapseWords);
      },
    },
    report,
  );
  const board = target.board?.name ?? '';
  const { name, chips, cores } = target;
  const mode = options.anytime === undefined ? 'pipelined' : 'layerwise';
  const needs = { accounting, weightBits, target: name, board, chips, cores, mode } as const;
  const tiled = partition.run(int, needs, report);
  throwIfErrors(diagnostics);
  step('place');
  const mesh = meshOf(target);
  const moves = options.effort * tiled.tables.cores.rows;
  const placed = place.run(tiled, { mesh, rates, seed, moves }, report);
  const traffic = coreTraffic(placed, rates);
  const positionsOf = (graph: ChipGraph) =>
    Array.from({ length: graph.tables.cores.rows }, (_, i) => {
      const { chip, x, y, slot } = graph.tables.cores.columns;
      return { chip: chip![i]!, x: x![i]!, y: y![i]!, slot: slot![i]! };
    });
  const placement = {
    cost: placementCost(positionsOf(placed), traffic, mesh),
    baseline: placementCost(mesh.positions.slice(0, traffic.length), traffic, mesh),
  };
  step('route');
  const routed = route.run(placed, { delayMax: target.limits.delayMax.value, target: name }, report);
  throwIfErrors(diagnostics);
  step('encode');
  const programs = assemble(routed, { weightBits });
  return { int, chip: routed, programs, accounting, placement, proof: checkDelivery(programs, int) };
}

/** Neurons of a network, all unrolled in space. */
export const neuronCount = (graph: IntGraph): number =>
  graph.nodes.reduce((sum, node) => sum + (node.kind === 'population' ? sizeOf(node.type.shape) : 0), 0);
