/** A free-running chip from its programs alone, and what must hold before it can be simulated. */
import { isPlainEmit } from '../../backends/program/check-free.ts';
import type { ChipProgram, PlainEmit, SparseGather, WeightBlock } from '../../backends/program/program.ts';
import { defect, fail } from '../../ir/diagnostics/diagnostic.ts';
import { HOLE } from '../../ir/map.ts';
import { type Booted, boot, type TileState } from '../state.ts';

export type Synaptic = (SparseGather & { readonly neurons: number }) | DenseSynapses;
export interface DenseSynapses extends WeightBlock {
  readonly kind: 'dense';
}
export type LifTile = TileState<Synaptic>;

export interface LifNetwork extends Booted<Synaptic> {
  readonly hostSize: number;
  /** Sums of what arrives, and potentials, stay within ± this. */
  readonly sumTop: number;
  readonly stateTop: number;
  /** Neurons of each core. */
  readonly neurons: Float64Array;
  /** Timesteps of input that each tile holds at once: one more than its longest delay. */
  readonly slots: Int32Array;
}

/**
 * Errors: E0712 programs that take images, E0713 sums that 32 bits do not hold, E0714 more than is simulated, E0703 tables
 * that lead nowhere
 */
export function readNetwork(programs: readonly ChipProgram[]): LifNetwork {
  const header = programs[0]?.header ?? fail('E0703', { origin: 'program' }, { problem: 'no chip' });
  if (header.mode !== 'free') fail('E0712', { origin: 'program' }, { mode: header.mode });
  const booted = boot(programs, (gather, _, tile, core): Synaptic => {
    if (gather.kind === 'linear') return { kind: 'dense', ...core.weights[gather.weights]! };
    const [from, to] = tile.box.channel;
    const [groups, rows] = [tile.box.group[1] - tile.box.group[0], tile.box.row[1] - tile.box.row[0]];
    if (gather.kind === 'sparse') return { ...gather, neurons: groups * rows * (to - from) };
    return defect(`a ${gather.kind} in mode free`);
  });
  const neurons = new Float64Array(booted.cores.length);
  for (const tile of booted.tiles) neurons[tile.core.number]! += tile.size;
  const slots = slotsOf(booted);
  checkSums(booted);
  return {
    ...booted,
    hostSize: programs.find(({ input }) => input !== undefined)?.input?.size ?? 0,
    sumTop: 2 ** (header.accumulatorBits - 1) - 1,
    stateTop: 2 ** (header.stateBits - 1) - 1,
    neurons,
    slots,
  };
}

export const neuronsOf = ({ program }: LifTile): PlainEmit =>
  isPlainEmit(program.emit) ? program.emit : defect(`a ${program.emit.kind} in mode free`);

/** Targets and weights of what one input reaches. */
export function eachSynapse(
  synapses: Synaptic,
  input: number,
  visit: (target: number, weight: number) => void,
): void {
  if (synapses.kind === 'dense') {
    const { channels, data } = synapses;
    for (let target = 0; target < channels; target++) visit(target, data[input * channels + target]!);
  } else {
    const { starts, targets, weights } = synapses;
    for (let s = starts[input]!; s < starts[input + 1]!; s++) visit(targets[s]!, weights[s]!);
  }
}

/** Number i of a list of one number or one for each. */
export const at = (values: Int32Array, i: number): number => values[values.length === 1 ? 0 : i]!;

/** Bits of memory of a synapse that stands by itself: its weight and its neuron's number in the tile. */
export const synapseBits = ({ bits, neurons }: { readonly bits: number; readonly neurons: number }): number =>
  bits + Math.max(1, Math.ceil(Math.log2(neurons)));

/** 64-bit words of synaptic memory that a message reads. */
export const wordsOf = (synapses: Synaptic, input: number): number =>
  synapses.kind === 'dense'
    ? Math.ceil((synapses.channels * synapses.bits) / 64)
    : Math.ceil(((synapses.starts[input + 1]! - synapses.starts[input]!) * synapseBits(synapses)) / 64);

/** Sums of input of all tiles and timesteps to come, 4 bytes each. */
const MAX_SUMS = 2 ** 27;

function slotsOf({ tiles, cores }: Booted<Synaptic>): Int32Array {
  const slots = new Int32Array(tiles.length).fill(1);
  for (const { links } of cores) {
    for (const { tile, delay } of links.flat()) slots[tile.number] = Math.max(slots[tile.number]!, delay + 1);
  }
  const sums = tiles.reduce((n, { size, number }) => n + size * slots[number]!, 0);
  const problem = `${sums} sums of input wait for their timestep; at most ${MAX_SUMS} are simulated`;
  if (sums > MAX_SUMS) fail('E0714', { origin: 'program' }, { problem });
  return slots;
}

const MAX_INT = 2 ** 31 - 1;

/** Does every sum of a timestep fit 32 bits, whoever fires? Cost: linear in synapses that stand by themselves, and links */
function checkSums({ tiles, hostRoutes }: Booted<Synaptic>): void {
  const most = new Float64Array(tiles.length);
  const synops = new Float64Array(tiles.length);
  const largest = new Map<
    Synaptic,
    { readonly weights: Float64Array | number; readonly fans: Int32Array | number }
  >();
  const routes = [...tiles.flatMap(tile => tile.routes), ...hostRoutes];
  for (const { links, sends } of routes) {
    for (const { tile, gather, positions } of links) {
      const found = largest.get(gather) ?? largestOf(gather);
      largest.set(gather, found);
      const { weights, fans } = found;
      for (let i = 0; i < positions.length; i++) {
        const input = positions[i]!;
        if (input === HOLE || sends?.[i] === 0) continue;
        most[tile.number]! += typeof weights === 'number' ? weights : weights[input]!;
        synops[tile.number]! += typeof fans === 'number' ? fans : fans[input + 1]! - fans[input]!;
      }
    }
  }
  const wide = most.findIndex(sum => sum > MAX_INT);
  const busy = synops.findIndex(count => count > MAX_INT);
  const nameOf = (t: number) => `tile ${t} (core ${tiles[t]!.core.number})`;
  if (wide >= 0) fail('E0713', { origin: nameOf(wide) }, { sum: most[wide]! });
  const problem = `up to ${synops[busy]} synapses act in one timestep`;
  if (busy >= 0) fail('E0714', { origin: nameOf(busy) }, { problem });
}

/** The most that each input adds to any one sum, and where its synapses stand. */
function largestOf(synapses: Synaptic) {
  if (synapses.kind === 'dense') return { weights: 2 ** (synapses.bits - 1), fans: synapses.channels };
  const { starts, targets, weights, neurons } = synapses;
  const largest = new Float64Array(starts.length - 1);
  const seen = new Int32Array(neurons).fill(-1);
  for (let i = 0; i < largest.length; i++) {
    let [sum, peak, isOnce] = [0, 0, true];
    for (let s = starts[i]!; s < starts[i + 1]!; s++) {
      const weight = Math.abs(weights[s]!);
      sum += weight;
      peak = Math.max(peak, weight);
      isOnce &&= seen[targets[s]!] !== i;
      seen[targets[s]!] = i;
    }
    largest[i] = isOnce ? peak : sum;
  }
  return { weights: largest, fans: starts };
}
