/**
 * NxTF's partition of a convolutional network on Loihi 1: every layer is cut into a grid of equal cores, from the
 * last layer to the first, because what a core sends depends on the cores that read it. Grids are tried in
 * ascending number of cores; of those that fit, the cheapest are kept and taken into the layer below.
 *
 * Source  arXiv 2101.04261 and intel-nrc-ecosystem/models 3dc53bf, as read in docs/rationale/anchors.md
 * Cost    grids tried × synapses of a layer
 */
import type { Compression } from '../../../backends/synaptic-words.ts';
import { type Layer, type Shape, sizeOfShape } from './layers.ts';
import { type CorePlan, type CoreUse, coreBoxes, coreUse } from './nxtf-core.ts';

/** What a core holds; synaptic words must stay below their number, all others may reach it. */
export interface NxtfLimits extends CoreUse {
  readonly coresPerChip: number;
}

export interface NxtfOptions {
  readonly limits: NxtfLimits;
  readonly weightBits: number;
  /** A reset that subtracts the threshold takes a second compartment. */
  readonly reset: 'to-zero' | 'subtract';
  readonly compression: Compression;
  /** Partitions kept from layer to layer. */
  readonly beam: number;
}

export interface LayerPartition {
  readonly plan: CorePlan;
  readonly cores: number;
  /** Largest use of any core. */
  readonly fullest: CoreUse;
  /** Grids that were compiled before this one and did not fit. */
  readonly refused: number;
  /** In cores: of this layer and all that follow. */
  readonly price: number;
  readonly next: LayerPartition | undefined;
}

export const LOIHI1: NxtfLimits = {
  destinationGroups: 16,
  compartments: 1024,
  outAxonEntries: 4096,
  formats: 7,
  wordsPerAxon: 256,
  synapseWords: 16384,
  inAxons: 4096,
  coresPerChip: 128,
};

/** Partitions of all layers, the first layer first; undefined where some layer has no grid that fits. */
export function partitionNxtf(
  layers: readonly Layer[],
  options: NxtfOptions,
): readonly LayerPartition[] | undefined {
  let kept: readonly (LayerPartition | undefined)[] = [undefined];
  for (let i = layers.length - 1; i >= 0; i--) {
    const inputs = layers[Math.max(0, i - 1)]!.shape;
    const grids = candidateGrids(layers[i]!, options.limits.compartments);
    const found = kept.flatMap(next => fittingGrids(layers[i]!, inputs, grids, next, options));
    if (found.length === 0) return undefined;
    kept = found.sort((a, b) => a.price - b.price).slice(0, options.beam);
  }
  const partitions: LayerPartition[] = [];
  for (let at = kept[0]; at !== undefined; at = at.next) partitions.push(at);
  return partitions;
}

/**
 * Grids by ascending number of cores. Where two have as many, convolutions are cut along columns before rows before
 * channels, for channels copy all inputs; other layers the other way round.
 */
export function candidateGrids({ kind, shape }: Layer, compartments: number): readonly Shape[] {
  const least = Math.ceil(sizeOfShape(shape) / compartments);
  const axes = kind === 'convolution' ? ([2, 0, 1] as const) : ([0, 1, 2] as const);
  const grids: Shape[] = [];
  const [outer, middle, inner] = axes;
  for (let a = 1; a <= shape[outer]; a++) {
    for (let b = 1; b <= shape[middle]; b++) {
      for (let c = 1; c <= shape[inner]; c++) {
        const grid: [number, number, number] = [0, 0, 0];
        grid[outer] = a;
        grid[middle] = b;
        grid[inner] = c;
        const isTight = grid.every((count, axis) => {
          const length = Math.ceil(shape[axis]! / count);
          return Math.ceil(shape[axis]! / length) === count;
        });
        if (a * b * c >= least && isTight) grids.push(grid);
      }
    }
  }
  return grids.sort((a, b) => sizeOfShape(a) - sizeOfShape(b));
}

/** The first `beam` grids that fit. */
function fittingGrids(
  layer: Layer,
  inputs: Shape,
  grids: readonly Shape[],
  next: LayerPartition | undefined,
  options: NxtfOptions,
): readonly LayerPartition[] {
  const found: LayerPartition[] = [];
  const before = next === undefined ? 0 : next.plan.before + next.cores;
  let refused = 0;
  for (const grid of grids) {
    const core = layer.shape.map((size, axis) => Math.ceil(size / grid[axis]!)) as unknown as Shape;
    if (sizeOfShape(core) > options.limits.compartments) continue;
    const plan: CorePlan = { layer, inputs, grid, core, before, next: next?.plan };
    const uses = usesOf(plan, options);
    if (uses === undefined) {
      refused += 1;
      continue;
    }
    const price = priceOf(uses, options.limits) + (next?.price ?? 0);
    found.push({ plan, cores: uses.length, fullest: fullestOf(uses), refused, price, next });
    if (found.length === options.beam) break;
  }
  return found;
}

const RESOURCES = [
  'destinationGroups',
  'compartments',
  'outAxonEntries',
  'formats',
  'wordsPerAxon',
  'synapseWords',
  'inAxons',
] as const satisfies readonly (keyof CoreUse)[];

/** Use of every core; undefined as soon as one does not fit. */
function usesOf(plan: CorePlan, options: NxtfOptions): readonly CoreUse[] | undefined {
  const { limits, weightBits, compression } = options;
  const neuronSize = options.reset === 'subtract' ? 2 : 1;
  const { formats, coresPerChip } = limits;
  const needs = { weightBits, compression, formats, neuronSize, coresPerChip } as const;
  const uses: CoreUse[] = [];
  for (const [number, box] of coreBoxes(plan).entries()) {
    const use = coreUse(plan, number, box, needs, limits);
    if (use === undefined || use.synapseWords >= limits.synapseWords) return undefined;
    if (RESOURCES.some(resource => use[resource] > limits[resource])) return undefined;
    uses.push(use);
  }
  return uses;
}

const fullestOf = (uses: readonly CoreUse[]): CoreUse =>
  Object.fromEntries(
    RESOURCES.map(resource => [resource, Math.max(...uses.map(use => use[resource]))]),
  ) as unknown as CoreUse;

/** Cores, and the shares of cores that axons and synapses take. */
function priceOf(uses: readonly CoreUse[], limits: NxtfLimits): number {
  const share = (resource: keyof CoreUse): number =>
    uses.reduce((sum, use) => sum + use[resource], 0) / limits[resource];
  return uses.length + share('inAxons') + share('outAxonEntries') + share('synapseWords');
}

/** The resource that is nearest to its limit on the fullest core. */
export function bindingOf(fullest: CoreUse, limits: NxtfLimits): keyof CoreUse {
  let binding: keyof CoreUse = 'compartments';
  for (const resource of RESOURCES) {
    if (fullest[resource] / limits[resource] > fullest[binding] / limits[binding]) binding = resource;
  }
  return binding;
}
