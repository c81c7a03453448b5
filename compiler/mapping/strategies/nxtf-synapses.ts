/**
 * Synaptic memory of one Loihi 1 core under a tile of a layer, laid out as NxTF does it.
 *
 * A column of the input (all rows of one column and channel) is one axon group. Groups that meet the tile alike
 * share their synapses: targets are counted from a base that the axon brings along. Only the lowest compartments
 * can be a base, so compartments of neighbouring destination groups are interleaved.
 *
 * Source  NxTF (intel-nrc-ecosystem/models 3dc53bf) and arXiv 2101.04261, as read in docs/rationale/anchors.md
 */
import {
  axonWords,
  type Compression,
  encodeEntries,
  entryBits,
  type SynapseEntry,
} from '../../../backends/synaptic-words.ts';
import { defect } from '../../../ir/diagnostics/diagnostic.ts';
import { decodeFormat, encodeFormat, mergeFormats } from './formats.ts';
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

export interface Synapses {
  /** Of the whole core. */
  readonly words: number;
  /** Of the longest axon. */
  readonly longest: number;
  readonly formats: number;
}

export interface SynapseNeeds {
  readonly weightBits: number;
  /** Formats that a core holds. */
  readonly formats: number;
  /** Compartments of a neuron: 2 where the reset subtracts, for the reset is a synapse onto the first of them. */
  readonly neuronSize: 1 | 2;
  /** Of convolutions; dense layers are dense. */
  readonly compression: Compression;
}

/** Columns of a tile that share a base; sizes are in columns. */
export interface DestinationGroups {
  readonly sizes: readonly number[];
  /** Group from which a column of the input counts its targets; -1 before the first. */
  readonly baseOf: Int32Array;
}

export function destinationGroups(columns: Window, [from, to]: Range): DestinationGroups {
  const sizes: number[] = [];
  const baseOf = new Int32Array(columns.inputs);
  let covered = 0;
  let base = -1;
  for (let input = 0; input < columns.inputs; input++) {
    const [first, last] = readersOf(columns, input);
    const low = Math.max(first, from) - from;
    const high = Math.min(last, to - 1) - from;
    if (low <= high && low === covered) {
      sizes.push(high - low + 1);
      covered = high + 1;
      base += 1;
    } else if (low <= high && input === columns.inputs - 1 && high >= covered) {
      sizes.push(high - covered + 1);
    }
    baseOf[input] = base;
  }
  return { sizes, baseOf };
}

/** Slots of one channel of a tile once its groups are interleaved: gaps count. */
export const interleavedSlots = ({ sizes }: DestinationGroups, rows: number): number =>
  Math.max(...sizes) * rows * sizes.length;

/** An entry and the format that it asks for, before formats are merged. */
interface Draft {
  /** Code of the format; its own object would be one for every entry. */
  readonly format: number;
  readonly entry: SynapseEntry;
}

/** Entries of each source neuron of a group. */
type AxonGroup = readonly (readonly Draft[])[];

interface TileSynapses {
  readonly compression: Compression;
  readonly groups: readonly AxonGroup[];
}

/** Undefined where the formats of the tile cannot be merged down to what a core holds. */
export function synapsesOf(
  layer: Layer,
  inputs: Shape,
  box: LayerBox,
  groups: DestinationGroups,
  needs: SynapseNeeds,
): Synapses | undefined {
  const tile =
    layer.kind === 'dense'
      ? denseSynapses(layer, inputs, box, needs)
      : convolutionSynapses(layer, inputs, box, groups, needs);
  const resets = needs.neuronSize === 1 ? [] : resetSynapses(box, groups, tile.compression);
  return layOut({ ...tile, groups: [...tile.groups, ...resets] }, needs);
}

/** Every source of a dense layer is a group of its own. */
function denseSynapses(
  layer: Layer,
  inputs: Shape,
  box: LayerBox,
  { neuronSize }: SynapseNeeds,
): TileSynapses {
  const sign = signsOf(layer);
  const groups = Array.from({ length: sizeOfShape(inputs) }, (_, source): AxonGroup => {
    const lists: [number[], number[]] = [[], []];
    for (let channel = box.channels[0]; channel < box.channels[1]; channel++) {
      lists[sign(source, channel)].push((channel - box.channels[0]) * neuronSize);
    }
    return [draftsOf(lists, 0, 0, 'dense')];
  });
  return { compression: 'dense', groups };
}

/** The part of a tile that a column of the input reaches: its columns with the tap that reads the input. */
interface Reach {
  /** Group, counted from the base: 0 or 1. */
  readonly group: 0 | 1;
  /** Column within the group. */
  readonly column: number;
  readonly tap: number;
}

function convolutionSynapses(
  layer: Layer,
  inputs: Shape,
  box: LayerBox,
  groups: DestinationGroups,
  needs: SynapseNeeds,
): TileSynapses {
  const columns = windowOf(layer, inputs, 1);
  const reaches = new Map<string, readonly Reach[]>();
  for (let input = 0; input < columns.inputs; input++) {
    const reach = reachOf(columns, input, box, groups);
    if (reach.length > 0) reaches.set(JSON.stringify(reach), reach);
  }
  const [first, end] = isChannelwise(layer) ? box.channels : [0, inputs[2]];
  const sign = signsOf(layer);
  const found: AxonGroup[] = [];
  for (const reach of reaches.values()) {
    for (let channel = first; channel < end; channel++) {
      found.push(columnGroup({ layer, inputs, box, groups, sign, needs }, reach, channel));
    }
  }
  return { compression: needs.compression, groups: found };
}

function reachOf(
  columns: Window,
  input: number,
  { columns: [from, to] }: LayerBox,
  { sizes, baseOf }: DestinationGroups,
): readonly Reach[] {
  const [first, last] = readersOf(columns, input);
  const base = baseOf[input]!;
  const reach: Reach[] = [];
  for (let output = Math.max(first, from); output <= Math.min(last, to - 1); output++) {
    let group = 0;
    let column = output - from;
    for (; column >= sizes[group]!; group++) column -= sizes[group]!;
    if (group !== base && group !== base + 1) return defect('a column reaches beyond two groups');
    const tap = input + columns.padding - output * columns.stride;
    reach.push({ group: group === base ? 0 : 1, column, tap });
  }
  return reach;
}

interface ColumnContext {
  readonly layer: Layer;
  readonly inputs: Shape;
  readonly box: LayerBox;
  readonly groups: DestinationGroups;
  readonly sign: Sign;
  readonly needs: SynapseNeeds;
}

/** Synapses of all rows of one column and channel of the input. */
function columnGroup(context: ColumnContext, reach: readonly Reach[], input: number): AxonGroup {
  const { layer, inputs, box, groups, needs } = context;
  const rows = windowOf(layer, inputs, 0);
  const count = groups.sizes.length;
  const axons: (readonly Draft[])[] = [];
  for (let row = 0; row < rows.inputs; row++) {
    const [first, last] = readersOf(rows, row);
    const from = Math.max(first, box.rows[0]);
    const to = Math.min(last, box.rows[1] - 1);
    if (from > to) continue;
    // A grid of one group is not stepped through: indices then count compartments.
    const scale = count === 1 ? needs.neuronSize : 1;
    axons.push(
      ([0, 1] as const).flatMap(group => {
        const part = reach.filter(r => r.group === group);
        if (part.length === 0) return [];
        const lists = targetsOf(context, part, input, { row, from, to, scale });
        if (count === 1) return draftsOf(lists, 0, 0, needs.compression);
        return draftsOf(lists, group * needs.neuronSize, count * needs.neuronSize - 1, needs.compression);
      }),
    );
  }
  return axons;
}

/** Targets of one source in one group of the tile, by sign, ascending. */
function targetsOf(
  { layer, box, groups, sign }: ColumnContext,
  reach: readonly Reach[],
  input: number,
  { row, from, to, scale }: { row: number; from: number; to: number; scale: number },
): readonly [number[], number[]] {
  const height = box.rows[1] - box.rows[0];
  const stride = Math.max(...groups.sizes) * height;
  const [tapRows, tapColumns] = layer.kernel;
  const isOwn = isChannelwise(layer);
  const [first, end] = isOwn ? [input, input + 1] : box.channels;
  const lists: [number[], number[]] = [[], []];
  for (let channel = first; channel < end; channel++) {
    for (const { column, tap } of reach) {
      for (let output = from; output <= to; output++) {
        const tapRow = row + layer.padding[0] - output * layer.stride[0];
        const weight = ((isOwn ? 0 : input) * tapColumns + tap) * tapRows + tapRow;
        const slot = (channel - box.channels[0]) * stride + column * height + output - box.rows[0];
        lists[sign(weight, channel)].push(slot * scale);
      }
    }
  }
  return lists;
}

/** The reset of each neuron: one synapse of its own that takes the threshold off again. */
function resetSynapses(
  box: LayerBox,
  { sizes }: DestinationGroups,
  compression: Compression,
): readonly AxonGroup[] {
  const height = box.rows[1] - box.rows[0];
  const stride = Math.max(...sizes) * height;
  const found: AxonGroup[] = [];
  for (let channel = 0; channel < box.channels[1] - box.channels[0]; channel++) {
    sizes.forEach((size, group) => {
      for (let slot = 0; slot < size * height; slot++) {
        const neuron = group + sizes.length * (slot + channel * stride);
        const [entry] = encodeEntries([neuron * 2], compression);
        const { indexBits, skipBits } = entry!;
        const format = encodeFormat({ offset: 0, step: 0, indexBits, skipBits, sign: 1, isReset: 1 });
        found.push([[{ format, entry: entry! }]]);
      }
    });
  }
  return found;
}

function draftsOf(
  lists: readonly [readonly number[], readonly number[]],
  offset: number,
  step: number,
  compression: Compression,
): readonly Draft[] {
  return ([0, 1] as const).flatMap(sign =>
    encodeEntries(lists[sign], compression).map((entry): Draft => {
      const { indexBits, skipBits } = entry;
      const format = encodeFormat({ offset, step, indexBits, skipBits, sign, isReset: 0 });
      return { format, entry };
    }),
  );
}

/** 0 excites, 1 inhibits. */
export type Sign = (weight: number, channel: number) => 0 | 1;

/**
 * Published tables name no weights, and the signs of an axon's synapses part its entries: each weight gets one, as
 * if drawn. Pooling adds.
 */
export function signsOf({ kind }: Layer): Sign {
  if (kind === 'pooling') return () => 0;
  return (weight, channel) => {
    const mixed = Math.imul(weight ^ Math.imul(channel + 1, 0x9e3779b1), 0x85ebca6b);
    return ((Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae35) >>> 31) & 1) as 0 | 1;
  };
}

/** All sources of a group take as many words as its longest: they share one table. */
function layOut({ compression, groups }: TileSynapses, needs: SynapseNeeds): Synapses | undefined {
  const codes = [...new Set(groups.flatMap(group => group.flatMap(axon => axon.map(draft => draft.format))))];
  const merged = mergeFormats(codes.map(decodeFormat), needs.formats, needs.weightBits);
  if (merged === undefined) return undefined;
  const formatOf = new Map(codes.map((code, i) => [code, merged.formats[merged.formatOf[i]!]!]));
  const widths = { weightBits: needs.weightBits, delayBits: 0 };
  let words = 0;
  let longest = 0;
  for (const group of groups) {
    let most = 0;
    for (const axon of group) {
      let bits = 0;
      for (const { format, entry } of axon) {
        const { indexBits, skipBits } = formatOf.get(format)!;
        bits += entryBits({ synapses: entry.synapses, indexBits, skipBits }, compression, widths);
      }
      most = Math.max(most, axonWords(bits));
    }
    words += most * group.length;
    longest = Math.max(longest, most);
  }
  return { words, longest, formats: merged.formats.length };
}
