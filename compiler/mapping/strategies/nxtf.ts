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
import {
  type CoreNeeds,
  type CorePlan,
  type CoreUse,
  coreBoxes,
  coreShape,
  type OwnUse,
  ownUse,
  withAxons,
} from './nxtf-core.ts';

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
  /** Partitions kept from layer to layer, and grids taken of each layer. */
  readonly beam: number;
  /** What makes one better than another: NxTF's price, or the cores first and the price between equals. */
  readonly prefer: 'price' | 'cores';
}

export interface LayerPartition {
  readonly plan: CorePlan;
  readonly cores: number;
  /** Of each core. */
  readonly uses: readonly CoreUse[];
  /** Largest use of any core. */
  readonly fullest: CoreUse;
  /** Grids that were compiled before this one and did not fit. */
  readonly refused: number;
  /** In cores: of this layer and all that follow. */
  readonly price: number;
  readonly totalCores: number;
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
  const better = (a: LayerPartition, b: LayerPartition): number =>
    (options.prefer === 'cores' ? a.totalCores - b.totalCores : 0) || a.price - b.price;
  let kept: readonly (LayerPartition | undefined)[] = [undefined];
  for (let i = layers.length - 1; i >= 0; i--) {
    const inputs = layers[Math.max(0, i - 1)]!.shape;
    const grids = candidateGrids(layers[i]!, options.limits.compartments);
    const own = createOwnUses(layers[i]!, inputs, options);
    const found = kept.flatMap(next => fittingGrids(layers[i]!, inputs, grids, own, next, options));
    if (found.length === 0) return undefined;
    kept = found.sort(better).slice(0, options.beam);
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
  own: OwnUses,
  next: LayerPartition | undefined,
  options: NxtfOptions,
): readonly LayerPartition[] {
  const found: LayerPartition[] = [];
  const before = next === undefined ? 0 : next.plan.before + next.cores;
  let refused = 0;
  for (const grid of grids) {
    const core = coreShape(layer, grid);
    if (sizeOfShape(core) > options.limits.compartments) continue;
    const plan: CorePlan = { layer, inputs, grid, core, before, next: next?.plan };
    const uses = usesOf(plan, own, options);
    if (uses === undefined) {
      refused += 1;
      continue;
    }
    const price = priceOf(uses, options.limits) + (next?.price ?? 0);
    const totalCores = before + uses.length;
    found.push({
      plan,
      uses,
      cores: uses.length,
      fullest: fullestOf(uses),
      refused,
      price,
      totalCores,
      next,
    });
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

/** Own use of every core of a grid, looked at once whatever the layer after it; undefined as soon as one does not fit. */
type OwnUses = (grid: Shape) => readonly OwnUse[] | undefined;

function createOwnUses(layer: Layer, inputs: Shape, options: NxtfOptions): OwnUses {
  const known = new Map<string, readonly OwnUse[] | undefined>();
  const needs = needsOf(options);
  const look = (grid: Shape): readonly OwnUse[] | undefined => {
    const uses: OwnUse[] = [];
    for (const box of coreBoxes(layer, grid)) {
      const use = ownUse(layer, inputs, box, needs, options.limits);
      if (use === undefined || !isWithin(use, options.limits)) return undefined;
      uses.push(use);
    }
    return uses;
  };
  return grid => {
    const key = grid.join();
    if (!known.has(key)) known.set(key, look(grid));
    return known.get(key);
  };
}

const needsOf = ({ limits, weightBits, compression, reset }: NxtfOptions): CoreNeeds => ({
  weightBits,
  compression,
  formats: limits.formats,
  neuronSize: reset === 'subtract' ? 2 : 1,
  coresPerChip: limits.coresPerChip,
});

const isWithin = (use: Partial<CoreUse>, limits: NxtfLimits): boolean =>
  RESOURCES.every(resource => (use[resource] ?? 0) <= limits[resource]) &&
  (use.synapseWords ?? 0) < limits.synapseWords;

function usesOf(plan: CorePlan, own: OwnUses, options: NxtfOptions): readonly CoreUse[] | undefined {
  const needs = needsOf(options);
  const boxes = coreBoxes(plan.layer, plan.grid);
  const uses = own(plan.grid)?.map((use, number) => withAxons(use, plan, number, boxes[number]!, needs));
  return uses?.every(use => isWithin(use, options.limits)) ? uses : undefined;
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

/** The resource that is nearest to its limit on the fullest core. Formats are merged down to theirs and never bind. */
export function bindingOf(fullest: CoreUse, limits: NxtfLimits): keyof CoreUse {
  let binding: keyof CoreUse = 'compartments';
  for (const resource of RESOURCES) {
    if (resource === 'formats') continue;
    if (fullest[resource] / limits[resource] > fullest[binding] / limits[binding]) binding = resource;
  }
  return binding;
}
