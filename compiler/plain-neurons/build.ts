/**
 * A network of plain neurons on its cores → chip programs of mode `free`. A neuron sends one message to each core that has
 * synapses of it. Cost: linear in the synapses, which are copied once
 */
import type {
  AxonTarget,
  ChipProgram,
  CoreProgram,
  Gather,
  InAxon,
  PlainEmit,
  ProgramHeader,
  Route,
  TileProgram,
  WeightBlock,
} from '../../backends/program/program.ts';
import {
  compressMap,
  expandMap,
  HOLE,
  hasHoles,
  identityMap,
  type StridedMap,
  shiftMap,
} from '../../ir/map.ts';
import { isDense, type PlainEdge, type PlainGroup, type PlainNetwork, type Synapses } from './network.ts';
import type { PlainMapping, Slice } from './slices.ts';

export interface Widths {
  readonly accumulatorBits: number;
  readonly stateBits: number;
}

/** What is growing of a core; of a tile, its gathers and routes. */
interface CoreDraft {
  readonly weights: WeightBlock[];
  readonly axons: InAxon[];
  readonly tiles: TileDraft[];
}
interface TileDraft {
  readonly slice: Slice;
  readonly number: number;
  readonly gathers: Gather[];
  readonly routes: Route[];
}

/** What a slice of an edge's target takes of it, and which source stands at which of its inputs. */
interface Piece {
  readonly target: Slice;
  readonly gather: number;
  /** Source of each input, ascending; undefined: every source has its own. */
  readonly inputs: Int32Array | undefined;
}

export function buildPrograms(
  network: PlainNetwork,
  mapping: PlainMapping,
  widths: Widths = { accumulatorBits: 30, stateBits: 31 },
): readonly ChipProgram[] {
  const cores: readonly CoreDraft[] = mapping.cores.map(() => ({ weights: [], axons: [], tiles: [] }));
  const drafts = new Map<Slice, TileDraft>();
  for (const slice of mapping.slices) {
    const { tiles } = cores[slice.core]!;
    const draft = { slice, number: tiles.length, gathers: [], routes: [] };
    tiles.push(draft);
    drafts.set(slice, draft);
  }
  const places = numberCores(mapping);
  const slicesOf = network.groups.map((_, group) => mapping.slices.filter(slice => slice.group === group));
  const pieces = network.edges.map(edge => cutEdge(edge, slicesOf[edge.to]!, drafts, cores));
  const connect = (from: number | 'host', [first, last]: readonly [number, number]): readonly Route[] => {
    const own = network.edges.flatMap((edge, e) =>
      edge.from === from ? [{ edge, pieces: pieces[e]! }] : [],
    );
    return routesOf(own, [first, last], drafts, places, cores);
  };
  for (const [slice, draft] of drafts) draft.routes.push(...connect(slice.group, [slice.from, slice.to]));
  const hostRoutes = network.hostSize > 0 ? connect('host', [0, network.hostSize]) : [];
  const header = headerOf(network, widths);
  const chips = [...new Set(mapping.cores.map(({ chip }) => chip))].sort((a, b) => a - b);
  const input = { name: 'host', size: network.hostSize, fraction: 0, routes: hostRoutes };
  return chips.map((chip, i) => ({
    header,
    chip,
    ...(i === 0 && network.hostSize > 0 && { input }),
    cores: mapping.cores.flatMap((place, core) =>
      place.chip === chip ? [finishCore(place, cores[core]!, network)] : [],
    ),
  }));
}

/** Number of each core within its chip. */
type ChipCore = Pick<Route, 'chip'> & { readonly number: number };

function numberCores({ cores }: PlainMapping): readonly ChipCore[] {
  const counts = new Map<number, number>();
  return cores.map(({ chip }) => {
    const number = counts.get(chip) ?? 0;
    counts.set(chip, number + 1);
    return { chip, number };
  });
}

function headerOf({ groups }: PlainNetwork, widths: Widths): ProgramHeader {
  return {
    coding: 'sum',
    steps: 1,
    ...widths,
    binary: true,
    resetNeurons: 1,
    depth: 0,
    period: 1,
    mode: 'free',
    interval: 1,
    populations: groups.map(({ name, size }) => ({ name, shape: [1, 1, size] })),
  };
}

function finishCore(
  { x, y, slot }: PlainMapping['cores'][number],
  { weights, axons, tiles }: CoreDraft,
  { groups }: PlainNetwork,
): CoreProgram {
  const finished = tiles.map(({ slice: { group, from, to }, gathers, routes }): TileProgram => {
    const box = { group: [0, 1], row: [0, 1], channel: [from, to] } as const;
    const emit = neuronsOf(groups[group]!, from, to);
    const fixed = {
      depth: groups[group]!.start ?? 0,
      rings: [],
      fraction: 0,
      outFraction: 0,
      function: { kind: 'identity' },
    } as const;
    return { population: group, box, ...fixed, gathers, emit, routes };
  });
  return { x, y, slot, remainders: [], weights, axons, tiles: finished };
}

function neuronsOf({ neurons, current }: PlainGroup, from: number, to: number): PlainEmit {
  const cut = (values: Int32Array) => (values.length === 1 ? values : values.slice(from, to));
  const plain = {
    bias: cut(neurons.bias),
    threshold: cut(neurons.threshold),
    leak: cut(neurons.leak),
    initial: cut(neurons.initial),
    reset: neurons.reset,
    resetTo: cut(neurons.resetTo),
  };
  if (current === undefined) return { kind: 'lif', ...plain };
  const { currentLeak, currentBias, gain } = current;
  return {
    ...{ kind: 'cuba', ...plain },
    ...{ currentLeak: cut(currentLeak), currentBias: cut(currentBias), gain: cut(gain) },
  };
}

/** Gives each target slice its part of the synapses. */
function cutEdge(
  { synapses }: PlainEdge,
  targets: readonly Slice[],
  drafts: ReadonlyMap<Slice, TileDraft>,
  cores: readonly CoreDraft[],
): readonly Piece[] {
  const bits = bitsOf(isDense(synapses) ? synapses : synapses.weights);
  const add = (target: Slice, gather: Gather, inputs?: Int32Array): Piece => {
    const { gathers } = drafts.get(target)!;
    gathers.push(gather);
    return { target, gather: gathers.length - 1, inputs };
  };
  if (!isDense(synapses))
    return cutSynapses(synapses, targets).map(({ target, inputs, ...own }) =>
      add(target, { kind: 'sparse', ...own, bits }, inputs),
    );
  const width = targets.reduce((n, { from, to }) => n + to - from, 0);
  return targets.map(target => {
    const { weights } = cores[target.core]!;
    weights.push(cutColumns(synapses, width, target, bits));
    const scale = new Int32Array(target.to - target.from);
    return add(target, {
      ...{ kind: 'linear', rows: 1, weights: weights.length - 1, scale, graded: false, shift: 0 },
    });
  });
}

/** Fewest bits that hold every weight, with its sign. */
function bitsOf(weights: Int8Array | Int16Array): number {
  let most = 0;
  for (let i = 0; i < weights.length; i++)
    most = Math.max(most, weights[i]! < 0 ? ~weights[i]! : weights[i]!);
  return Math.max(1, 33 - Math.clz32(most));
}

function cutColumns(
  weights: Int8Array | Int16Array,
  width: number,
  { from, to }: Slice,
  bits: number,
): WeightBlock {
  const inputs = weights.length / width;
  const channels = to - from;
  const data = bits > 8 ? new Int16Array(inputs * channels) : new Int8Array(inputs * channels);
  for (let i = 0; i < inputs; i++) data.set(weights.subarray(i * width + from, i * width + to), i * channels);
  return { inputs, channels, bits, data };
}

/** The synapses that lead into each target slice; an input for each source that has any. */
function cutSynapses({ starts, targets, weights }: Synapses, slices: readonly Slice[]) {
  const sources = starts.length - 1;
  const sliceOf = new Int32Array(slices.reduce((n, { to }) => Math.max(n, to), 0));
  slices.forEach(({ from, to }, s) => void sliceOf.fill(s, from, to));
  const counts = new Int32Array(slices.length);
  const rows = new Int32Array(slices.length);
  const seen = new Int32Array(slices.length).fill(-1);
  for (let i = 0; i < sources; i++) {
    for (let s = starts[i]!; s < starts[i + 1]!; s++) {
      const slice = sliceOf[targets[s]!]!;
      counts[slice]! += 1;
      if (seen[slice] !== i) rows[slice]! += 1;
      seen[slice] = i;
    }
  }
  const cut = slices.map((target, s) => ({
    target,
    inputs: new Int32Array(rows[s]!),
    starts: new Int32Array(rows[s]! + 1),
    targets: new Int32Array(counts[s]!),
    weights: new Int16Array(counts[s]!),
  }));
  counts.fill(0);
  rows.fill(0);
  seen.fill(-1);
  for (let i = 0; i < sources; i++) {
    for (let s = starts[i]!; s < starts[i + 1]!; s++) {
      const number = sliceOf[targets[s]!]!;
      const piece = cut[number]!;
      if (seen[number] !== i) piece.inputs[rows[number]!++] = i;
      seen[number] = i;
      const at = counts[number]!++;
      piece.targets[at] = targets[s]! - piece.target.from;
      piece.weights[at] = weights[s]!;
      piece.starts[rows[number]!] = at + 1;
    }
  }
  return cut.filter(({ inputs }) => inputs.length > 0);
}

/** Adds the in-axons of the cores that sources first … last − 1 reach. */
function routesOf(
  edges: readonly { readonly edge: PlainEdge; readonly pieces: readonly Piece[] }[],
  [first, last]: readonly [number, number],
  drafts: ReadonlyMap<Slice, TileDraft>,
  places: readonly ChipCore[],
  cores: readonly CoreDraft[],
): readonly Route[] {
  const byCore = new Map<number, AxonTarget[]>();
  for (const { edge, pieces } of edges) {
    for (const { target, gather, inputs } of pieces) {
      const map =
        inputs === undefined ? shiftMap(identityMap(last - first), first) : mapOf(inputs, first, last);
      if (map === undefined) continue;
      const targets = byCore.get(target.core) ?? [];
      byCore.set(target.core, targets);
      targets.push({ tile: drafts.get(target)!.number, gather, side: 0, delay: edge.delay, map });
    }
  }
  return [...byCore].map(([core, targets]) => {
    const { axons } = cores[core]!;
    axons.push({ targets });
    const { chip, number } = places[core]!;
    const elements = sendersOf(targets, last - first);
    return { chip, core: number, axon: axons.length - 1, ...(elements && { elements }), entries: 1 };
  });
}

/** Input of each source first … last − 1; undefined: none has one. */
function mapOf(inputs: Int32Array, first: number, last: number): StridedMap | undefined {
  const positions = new Int32Array(last - first).fill(HOLE);
  let isReached = false;
  for (let i = lowerBound(inputs, first); i < inputs.length && inputs[i]! < last; i++) {
    positions[inputs[i]! - first] = i;
    isReached = true;
  }
  return isReached ? compressMap(positions) : undefined;
}

/** Who sends to a core: those whom any target there reads; undefined: all. */
function sendersOf(targets: readonly AxonTarget[], size: number): StridedMap | undefined {
  if (targets.some(({ map }) => !hasHoles(map))) return undefined;
  const reads = new Uint8Array(size);
  for (const { map } of targets)
    expandMap(map).forEach((input, i) => {
      if (input !== HOLE) reads[i] = 1;
    });
  const senders = Array.from(reads.keys()).filter(i => reads[i] === 1);
  return senders.length === size ? undefined : compressMap(senders);
}

function lowerBound(sorted: Int32Array, value: number): number {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (sorted[middle]! < value) from = middle + 1;
    else to = middle;
  }
  return from;
}
