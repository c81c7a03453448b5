/**
 * The neurons of NIR in timesteps: what is kept of a value, what is added to it.
 *
 *     i ← keepCurrent · i + gain · (Σ weights of spikes + biases)
 *     v ← keep · v + i + bias;  v > threshold: a spike, and the reset
 *
 * Source  NIR 1.0 (nir/ir/neuron.py) for the equations. Euler keeps 1 − dt/τ, as Norse, snnTorch's files and Lava's loader do;
 *         exponential keeps exp(−dt/τ), exact between spikes for an input that is constant in a timestep, as Sinabs and Rockpool
 *         do. An IF adds R · w for a spike whatever dt is: a spike is an impulse to it, as all simulators have it
 * Units   seconds
 */
import type { NirNode } from './graph.ts';
import { numbersOf } from './graph.ts';
import { type Made, spread } from './operators.ts';

export const DECAYS = ['euler', 'exponential'] as const;
export type Decay = (typeof DECAYS)[number];
/** NIR's own is to v_reset; networks that were trained with the other one do not say so in their file. */
export const RESETS = ['zero', 'subtract'] as const;

export interface TimeOptions {
  /** Undefined: not chosen. */
  readonly dt: number | undefined;
  readonly decay: Decay;
  readonly reset: (typeof RESETS)[number];
}

/** A number for each neuron of each; real. */
export interface RealNeurons {
  readonly keepCurrent: Float64Array;
  readonly gain: Float64Array;
  readonly keep: Float64Array;
  readonly bias: Float64Array;
  /** Infinity: it never fires. */
  readonly threshold: Float64Array;
  readonly reset: 'hard' | 'soft' | 'none';
  readonly resetTo: Float64Array;
}

/** Fields that a type needs, and which of them are time constants. */
const TYPES: {
  readonly [type: string]: { readonly times: readonly string[]; readonly others: readonly string[] };
} = {
  LIF: { times: ['tau'], others: ['r', 'v_leak', 'v_threshold'] },
  LI: { times: ['tau'], others: ['r', 'v_leak'] },
  CubaLIF: { times: ['tau_mem', 'tau_syn'], others: ['r', 'v_leak', 'v_threshold'] },
  CubaLI: { times: ['tau_mem', 'tau_syn'], others: ['r', 'v_leak'] },
  IF: { times: [], others: ['r', 'v_threshold'] },
  I: { times: [], others: ['r'] },
  Threshold: { times: [], others: ['threshold'] },
};

export const isNeuron = ({ type }: NirNode): boolean => Object.hasOwn(TYPES, type);
export const NEURON_TYPES = Object.keys(TYPES);

/** What has a value that is read, and sends no spikes by itself. */
export const isSilent = ({ type }: NirNode): boolean => type === 'LI' || type === 'CubaLI' || type === 'I';

/** Shape that its own numbers have; undefined where one number stands for all. */
export function ownShape(node: NirNode): readonly number[] | undefined {
  const { times, others } = TYPES[node.type]!;
  const shapes = [...times, ...others].map(field => numbersOf(node, field)?.shape ?? []);
  return shapes.find(shape => shape.some(size => size > 1));
}

/** Time constants of a node. */
export const timesOf = (node: NirNode): readonly number[] =>
  (TYPES[node.type]?.times ?? []).flatMap(field => Array.from(numbersOf(node, field)?.data ?? []));

/** Needs: dt where there are time constants, and with Euler none shorter than dt. */
export function neuronsOf(node: NirNode, size: number, { dt, decay, reset }: TimeOptions): Made<RealNeurons> {
  const { times, others } = TYPES[node.type]!;
  const values = new Map<string, Float64Array>();
  for (const field of [...times, ...others]) {
    const found = spread(numbersOf(node, field), size);
    if (found === undefined) return `${field} is not one number, or one for each of ${size} neurons`;
    if (found.some(x => !Number.isFinite(x))) return `${field} has numbers that are not finite`;
    if (times.includes(field) && found.some(x => x <= 0)) return `${field} is not above 0`;
    values.set(field, found);
  }
  const of = (field: string, otherwise: number) =>
    values.get(field) ?? spread(numbersOf(node, field), size) ?? new Float64Array(size).fill(otherwise);
  const kept = (tau: number) => (decay === 'euler' ? 1 - dt! / tau : Math.exp(-dt! / tau));
  const make = (each: (i: number) => number) => Float64Array.from({ length: size }, (_, i) => each(i));
  const membrane = of(node.type.startsWith('Cuba') ? 'tau_mem' : 'tau', 1);
  const hasLeak = times.length > 0;
  const keep = make(i => (node.type === 'Threshold' ? 0 : hasLeak ? kept(membrane[i]!) : 1));
  const share = make(i => (hasLeak ? 1 - keep[i]! : 1));
  const isCuba = times.length === 2;
  const synapse = of('tau_syn', 1);
  const keepCurrent = make(i => (isCuba ? kept(synapse[i]!) : 0));
  const [r, leak, into] = [of('r', 1), of('v_leak', 0), of('w_in', 1)];
  const fires = !isSilent(node);
  return {
    keepCurrent,
    keep,
    gain: make(i => share[i]! * r[i]! * (isCuba ? (1 - keepCurrent[i]!) * into[i]! : 1)),
    bias: make(i => (hasLeak ? share[i]! * leak[i]! : 0)),
    threshold: fires
      ? of(node.type === 'Threshold' ? 'threshold' : 'v_threshold', 0)
      : new Float64Array(size).fill(Number.POSITIVE_INFINITY),
    reset: !fires || node.type === 'Threshold' ? 'none' : isSoft(node, reset) ? 'soft' : 'hard',
    resetTo: of('v_reset', 0),
  };
}

/** Files that we wrote say it of themselves. */
const isSoft = (node: NirNode, reset: TimeOptions['reset']): boolean => {
  const metadata = node.fields.get('metadata');
  const said = metadata?.kind === 'group' ? metadata.entries.get('snnc_reset') : undefined;
  return said?.kind === 'text' ? said.text === 'soft' : reset === 'subtract';
};

/** What only adds up what arrives now, and is read. */
export const readers = (size: number): RealNeurons => {
  const all = (value: number) => new Float64Array(size).fill(value);
  return {
    ...{ keepCurrent: all(0), keep: all(0), gain: all(1), bias: all(0), resetTo: all(0) },
    ...{ threshold: all(Number.POSITIVE_INFINITY), reset: 'none' },
  };
};
