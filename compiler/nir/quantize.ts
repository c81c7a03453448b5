/**
 * Real neurons and weights → the chip's integers: a power-of-two unit for the state of each group, and one, coarser, for the
 * weights of each neuron.
 *
 * Source      decays of 12 bits and a weight exponent are Loihi's; units are chosen here
 * Preserves   exactly where weights, thresholds and biases are whole in these units and decays in 1/4096; else rounded, and measured
 *             by the caller
 */
import type { Widths } from '../plain-neurons/build.ts';
import type { PlainEdge, PlainGroup, PlainNetwork, Synapses } from '../plain-neurons/network.ts';
import type { RealEdge, RealGroup, RealNetwork, RealSynapses } from './network.ts';
import type { Schedule } from './schedule.ts';

export interface QuantizeOptions {
  readonly weightBits: number;
  /** Of a sum of what arrives, and of a state, at most. */
  readonly accumulatorBits: number;
  readonly stateBits: number;
}

export interface Quantized {
  readonly network: PlainNetwork;
  readonly widths: Widths;
  /** Of each group: bits of its potentials behind the point. */
  readonly fractions: readonly number[];
}

const DECAY_PARTS = 4096;
/** A sum and the gain behind it. */
const MOST_BITS = 30;
const MOST_STATE_BITS = 30;
/** How far above what was seen of a state it may go: 4 times. */
const HEADROOM = 4;

/** `seen`: the largest current or potential of each group, in a typical run. */
export function quantizeNetwork(
  network: RealNetwork,
  { depths, delays }: Schedule,
  seen: readonly number[],
  options: QuantizeOptions,
): Quantized {
  const stateBits = Math.min(MOST_STATE_BITS, options.stateBits);
  const { groups, edges } = network;
  const most = 2 ** (options.weightBits - 1) - 1;
  const largest = groups.map(({ size }) => new Float64Array(size));
  for (const { to, synapses } of edges) {
    const { gain } = groups[to]!.neurons;
    eachSynapse(synapses, (target, weight) => {
      largest[to]![target] = Math.max(largest[to]![target]!, Math.abs(weight * gain[target]!));
    });
  }
  const finest = largest.map(own => own.map(weight => exponentOf(weight, most)));
  const accumulatorBits = Math.min(options.accumulatorBits, bitsOfSums(network, finest));
  const fractions = groups.map((group, g) => {
    const coarsest = finest[g]!.reduce(
      (a, b, i) => (largest[g]![i]! > 0 ? Math.max(a, b) : a),
      Number.NEGATIVE_INFINITY,
    );
    const mostGain = MOST_BITS - accumulatorBits;
    return Math.min(fractionOf(group, seen[g]!, stateBits), mostGain - Math.max(coarsest, -MOST_FRACTION));
  });
  // A weight has no unit finer than its neuron's state.
  const exponents = finest.map((own, g) => own.map(exponent => Math.max(exponent, -fractions[g]!)));
  return {
    widths: { accumulatorBits, stateBits },
    fractions,
    network: {
      hostSize: network.hostSize,
      groups: groups.map((group, g) =>
        quantizeGroup(group, fractions[g]!, exponents[g]!, depths[g]!, stateBits),
      ),
      edges: edges.map((edge, e) =>
        quantizeEdge(edge, groups[edge.to]!, exponents[edge.to]!, delays[e]!, most),
      ),
    },
  };
}

const MOST_FRACTION = 28;

function eachSynapse(
  { targets, weights }: RealSynapses,
  visit: (target: number, weight: number) => void,
): void {
  for (let s = 0; s < targets.length; s++) visit(targets[s]!, weights[s]!);
}

/** Smallest e for which the number, in units of 2^e, rounds to no more than `most`. */
function exponentOf(weight: number, most: number): number {
  if (weight === 0) return -MOST_FRACTION;
  let exponent = Math.ceil(Math.log2(weight / most)) - 1;
  while (Math.round(weight * 2 ** -exponent) > most) exponent += 1;
  return Math.max(exponent, -MOST_FRACTION);
}

/** Bits that hold every sum, whoever fires. */
function bitsOfSums({ groups, edges }: RealNetwork, exponents: readonly Float64Array[]): number {
  const sums = groups.map(({ size }) => new Float64Array(size));
  for (const { to, synapses } of edges) {
    const { gain } = groups[to]!.neurons;
    eachSynapse(synapses, (target, weight) => {
      sums[to]![target]! += Math.abs(Math.round(weight * gain[target]! * 2 ** -exponents[to]![target]!));
    });
  }
  const most = sums.reduce((a, own) => own.reduce((b, sum) => Math.max(b, sum), a), 1);
  return Math.min(MOST_BITS, Math.ceil(Math.log2(most + 1)) + 1);
}

/** The finest unit in which the state holds all that it may have to. */
function fractionOf({ neurons, drive, fraction }: RealGroup, seen: number, stateBits: number): number {
  const { threshold, resetTo, bias, gain } = neurons;
  let reach = HEADROOM * seen;
  for (let i = 0; i < threshold.length; i++) {
    if (threshold[i] !== Number.POSITIVE_INFINITY) reach = Math.max(reach, 2 * Math.abs(threshold[i]!));
    reach = Math.max(
      reach,
      2 * Math.abs(resetTo[i]!),
      2 * Math.abs(bias[i]!),
      2 * Math.abs(gain[i]! * drive[i]!),
    );
  }
  const top = 2 ** (stateBits - 1) - 1;
  const own = reach === 0 ? 0 : Math.floor(Math.log2(top / reach));
  const bounded = Math.min(MOST_FRACTION, own);
  return fraction !== undefined && Number.isInteger(fraction) ? Math.min(fraction, bounded + 2) : bounded;
}

function quantizeGroup(
  { name, size, neurons, drive }: RealGroup,
  fraction: number,
  exponents: Float64Array,
  start: number,
  stateBits: number,
): PlainGroup {
  const top = 2 ** (stateBits - 1) - 1;
  const unit = 2 ** fraction;
  const within = (x: number) => Math.min(Math.max(x, -top), top) + 0;
  const make = (each: (i: number) => number) =>
    shorten(Int32Array.from({ length: size }, (_, i) => within(each(i))));
  const lost = (keep: Float64Array) => make(i => Math.round((1 - keep[i]!) * DECAY_PARTS));
  const { keepCurrent, gain, keep, bias, threshold, reset, resetTo } = neurons;
  // A whole potential exceeds a threshold just where it exceeds the whole number below it; what is subtracted is rounded.
  const below = reset === 'soft' ? Math.round : Math.floor;
  return {
    name,
    size,
    start,
    neurons: {
      bias: make(i => Math.round(bias[i]! * unit)),
      threshold: make(i => (threshold[i] === Number.POSITIVE_INFINITY ? top : below(threshold[i]! * unit))),
      leak: lost(keep),
      initial: Int32Array.of(0),
      reset,
      resetTo: reset === 'hard' ? make(i => Math.round(resetTo[i]! * unit)) : Int32Array.of(0),
    },
    current: {
      currentLeak: lost(keepCurrent),
      currentBias: make(i => Math.round(gain[i]! * drive[i]! * unit)),
      gain: make(i => exponents[i]! + fraction),
    },
  };
}

/** One number where all are alike. */
const shorten = (values: Int32Array): Int32Array =>
  values.every(value => value === values[0]) ? values.slice(0, 1) : values;

/** Of the synapses that a dense block has room for, the share above which it is one. */
const DENSE = 0.5;

function quantizeEdge(
  { from, to, synapses }: RealEdge,
  { size, neurons }: RealGroup,
  exponents: Float64Array,
  delay: number,
  most: number,
): PlainEdge {
  const { starts, targets, weights } = synapses;
  const whole = (s: number) => {
    const target = targets[s]!;
    const weight = Math.round(weights[s]! * neurons.gain[target]! * 2 ** -exponents[target]!);
    return Math.min(Math.max(weight, -most), most);
  };
  const sources = starts.length - 1;
  let acting = 0;
  for (let s = 0; s < targets.length; s++) if (whole(s) !== 0) acting += 1;
  if (acting >= DENSE * sources * size) {
    const block = new (most > 127 ? Int16Array : Int8Array)(sources * size);
    for (let i = 0; i < sources; i++)
      for (let s = starts[i]!; s < starts[i + 1]!; s++) block[i * size + targets[s]!] = whole(s);
    return { from, to, delay, synapses: block };
  }
  const sparse = {
    starts: new Int32Array(sources + 1),
    targets: new Int32Array(acting),
    weights: new Int16Array(acting),
  } satisfies Synapses;
  let at = 0;
  for (let i = 0; i < sources; i++) {
    for (let s = starts[i]!; s < starts[i + 1]!; s++) {
      const weight = whole(s);
      if (weight === 0) continue;
      sparse.targets[at] = targets[s]!;
      sparse.weights[at++] = weight;
    }
    sparse.starts[i + 1] = at;
  }
  return { from, to, delay, synapses: sparse };
}
