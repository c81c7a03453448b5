/**
 * What a core of an NxTF partition holds: compartments, synapses, and axons on both sides.
 *
 * Axons are discrete (one source neuron, one entry) or shared (a column of neurons that all reach this core alone,
 * one entry for all of them). Resets that subtract allow discrete axons only.
 *
 * Source  NxTF (intel-nrc-ecosystem/models 3dc53bf), as read in docs/rationale/anchors.md
 */
import {
  isChannelwise,
  type Layer,
  type LayerBox,
  type Range,
  readersOf,
  type Shape,
  sizeOfShape,
  type Window,
  windowOf,
} from './layers.ts';
import { destinationGroups, interleavedSlots, type SynapseNeeds, synapsesOf } from './nxtf-synapses.ts';

/** A layer cut into a grid of cores. */
export interface CorePlan {
  readonly layer: Layer;
  /** Shape of the layer before; its own for an input layer. */
  readonly inputs: Shape;
  readonly grid: Shape;
  /** Rows, columns and channels of a core; those at the end hold fewer. */
  readonly core: Shape;
  /** Cores of the layers that follow: cores are numbered from the last layer to the first. */
  readonly before: number;
  readonly next: CorePlan | undefined;
}

/** Units: see NxtfLimits. */
export interface CoreUse {
  readonly destinationGroups: number;
  readonly compartments: number;
  readonly outAxonEntries: number;
  readonly formats: number;
  readonly wordsPerAxon: number;
  readonly synapseWords: number;
  readonly inAxons: number;
}

/** Rows, columns and channels of all cores but the last along each axis. */
export const coreShape = ({ shape }: Layer, grid: Shape): Shape => [
  Math.ceil(shape[0] / grid[0]),
  Math.ceil(shape[1] / grid[1]),
  Math.ceil(shape[2] / grid[2]),
];

/** Boxes in the order in which cores are numbered. */
export function coreBoxes(layer: Layer, grid: Shape): readonly LayerBox[] {
  const core = coreShape(layer, grid);
  const range = (axis: 0 | 1 | 2, i: number): Range => [
    i * core[axis],
    Math.min((i + 1) * core[axis], layer.shape[axis]),
  ];
  return Array.from({ length: sizeOfShape(grid) }, (_, number) => ({
    rows: range(0, Math.floor(number / (grid[1] * grid[2]))),
    columns: range(1, Math.floor(number / grid[2]) % grid[1]),
    channels: range(2, number % grid[2]),
  }));
}

export interface CoreNeeds extends SynapseNeeds {
  readonly coresPerChip: number;
}

/** The part of a core's use that no other layer has a say in. */
export type OwnUse = Omit<CoreUse, 'outAxonEntries' | 'inAxons'>;

/** Undefined where the core cannot hold its compartments, destination groups or formats. */
export function ownUse(
  layer: Layer,
  inputs: Shape,
  box: LayerBox,
  needs: SynapseNeeds,
  limits: CoreUse,
): OwnUse | undefined {
  const hasColumns = layer.kind !== 'input' && layer.kind !== 'dense';
  const groups = hasColumns
    ? destinationGroups(windowOf(layer, inputs, 1), box.columns)
    : { sizes: [lengthOf(box.columns)], baseOf: new Int32Array() };
  const spanned = interleavedSlots(groups, lengthOf(box.rows)) * lengthOf(box.channels) * needs.neuronSize;
  // Where resets subtract, compartments come in fours.
  const compartments = spanned + (needs.neuronSize === 2 ? spanned % 4 : 0);
  const baseGroups = groups.sizes.length * needs.neuronSize;
  // Cheap questions first: most grids fail here.
  if (compartments > limits.compartments || baseGroups > limits.destinationGroups) return undefined;
  const synapses =
    layer.kind === 'input'
      ? { words: 0, longest: 0, formats: 0 }
      : synapsesOf(layer, inputs, box, groups, needs);
  if (synapses === undefined) return undefined;
  return {
    destinationGroups: baseGroups,
    compartments,
    formats: synapses.formats,
    wordsPerAxon: synapses.longest,
    synapseWords: synapses.words,
  };
}

/** With the axons, which depend on the grids of the layers around. */
export function withAxons(
  own: OwnUse,
  plan: CorePlan,
  number: number,
  box: LayerBox,
  needs: CoreNeeds,
): CoreUse {
  const isSubtracted = needs.neuronSize === 2;
  const resets = isSubtracted ? resetAxons(plan, box) : 0;
  const chip = Math.floor((plan.before + number) / needs.coresPerChip);
  return {
    ...own,
    // A reset of an input layer is the only synapse there.
    synapseWords: own.synapseWords + (plan.layer.kind === 'input' ? resets : 0),
    inAxons: inAxons(plan, box, isSubtracted) + resets,
    outAxonEntries: outAxonEntries(plan, box, isSubtracted, chip, needs.coresPerChip) + resets,
  };
}

const lengthOf = ([from, to]: Range): number => to - from;

/** First and last core along an axis that read an input. */
function cellsReading(window: Window, input: number, length: number): Range {
  const [first, last] = readersOf(window, input);
  return last < first ? [0, -1] : [Math.floor(first / length), Math.floor(last / length)];
}

const countOf = ([first, last]: Range): number => last - first + 1;

function inAxons({ layer, inputs, grid, core }: CorePlan, box: LayerBox, isSubtracted: boolean): number {
  if (layer.kind === 'input') return 0;
  if (layer.kind === 'dense') return sizeOfShape(inputs);
  const [rows, columns] = [windowOf(layer, inputs, 0), windowOf(layer, inputs, 1)];
  const copies = isChannelwise(layer) ? 1 : grid[2];
  const groups = isChannelwise(layer) ? lengthOf(box.channels) : inputs[2];
  const rowCells = readInputs(rows, box.rows).map(row => countOf(cellsReading(rows, row, core[0])));
  let axons = 0;
  for (const column of readInputs(columns, box.columns)) {
    const cores = copies * countOf(cellsReading(columns, column, core[1]));
    axons += axonCount(
      rowCells.map(cells => cells * cores),
      isSubtracted,
      1,
    );
  }
  return axons * groups;
}

/** Inputs that a piece of an axis reads. */
function readInputs(window: Window, [from, to]: Range): readonly number[] {
  return Array.from({ length: window.inputs }, (_, i) => i).filter(input => {
    const [first, last] = readersOf(window, input);
    return Math.max(first, from) <= Math.min(last, to - 1);
  });
}

/** Axons of one column of sources, given the number of cores that each source reaches. */
function axonCount(cores: readonly number[], isSubtracted: boolean, sharedEntries: number): number {
  if (isSubtracted) return cores.length;
  const discrete = cores.filter(count => count > 1).length;
  return discrete + (discrete < cores.length ? sharedEntries : 0);
}

/** An axon to another chip takes one entry more. */
function outAxonEntries(
  { next }: CorePlan,
  box: LayerBox,
  isSubtracted: boolean,
  chip: number,
  coresPerChip: number,
): number {
  if (next === undefined) return 0;
  const isFar = (core: number): boolean => Math.floor((next.before + core) / coresPerChip) !== chip;
  if (next.layer.kind === 'dense') {
    const cores = sizeOfShape(next.grid);
    const far = Array.from({ length: cores }, (_, core) => core).filter(isFar).length;
    const own = axonCount([cores], isSubtracted, 2);
    return boxSize(box) * (cores * own + far);
  }
  const rows = windowOf(next.layer, next.inputs, 0);
  const columns = windowOf(next.layer, next.inputs, 1);
  const isOwn = isChannelwise(next.layer);
  const copies = isOwn ? 1 : next.grid[2];
  const reached = cellRows(rows, box.rows, next.core[0]);
  let entries = 0;
  for (let column = box.columns[0]; column < box.columns[1]; column++) {
    const columnCells = cellsReading(columns, column, next.core[1]);
    for (let cell = columnCells[0]; cell <= columnCells[1]; cell++) {
      for (const [rowCell, cells] of reached) {
        const cores = cells.map(count => count * countOf(columnCells) * copies);
        const near = axonCount(cores, isSubtracted, 2);
        const far = near + axonCount(cores, isSubtracted, 1);
        const first = (rowCell * next.grid[1] + cell) * next.grid[2];
        for (let channel = box.channels[0]; channel < box.channels[1]; channel++) {
          const own = Math.floor(channel / next.core[2]);
          const [from, to] = isOwn ? [own, own + 1] : [0, next.grid[2]];
          for (let piece = from; piece < to; piece++) entries += isFar(first + piece) ? far : near;
        }
      }
    }
  }
  return entries;
}

/** For every core along the rows that reads rows of this piece: how many cores each of those rows reaches. */
function cellRows(rows: Window, [from, to]: Range, length: number): ReadonlyMap<number, readonly number[]> {
  const cells = new Map<number, number[]>();
  for (let row = from; row < to; row++) {
    const range = cellsReading(rows, row, length);
    for (let cell = range[0]; cell <= range[1]; cell++) {
      const known = cells.get(cell);
      if (known) known.push(countOf(range));
      else cells.set(cell, [countOf(range)]);
    }
  }
  return cells;
}

const boxSize = ({ rows, columns, channels }: LayerBox): number =>
  lengthOf(rows) * lengthOf(columns) * lengthOf(channels);

/** Axons of the resets: one a neuron; an input layer has one for each set of rows that leaves together. */
function resetAxons({ layer, next }: CorePlan, box: LayerBox): number {
  if (layer.kind !== 'input' || next === undefined || next.layer.kind === 'dense') return boxSize(box);
  const rows = windowOf(next.layer, next.inputs, 0);
  const columns = windowOf(next.layer, next.inputs, 1);
  const sets = new Map<string, number>();
  for (let cell = 0; cell < next.grid[0]; cell++) {
    const members: number[] = [];
    for (let row = box.rows[0]; row < box.rows[1]; row++) {
      const [first, last] = cellsReading(rows, row, next.core[0]);
      if (first <= cell && cell <= last) members.push(row);
    }
    if (members.length > 0) sets.set(members.join(), members.length);
  }
  const perColumn = [...sets.values()].reduce((sum, size) => sum + size, 0);
  let read = 0;
  for (let column = box.columns[0]; column < box.columns[1]; column++) {
    if (countOf(cellsReading(columns, column, 1)) > 0) read += 1;
  }
  return perColumn * read * lengthOf(box.channels);
}
