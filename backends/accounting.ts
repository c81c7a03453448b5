/**
 * What a tile costs on a core of a target, in the resources that can run out.
 *
 * `createAccounting` compiles the target's encoding formulas once; what follows is arithmetic on plain
 * numbers, made to be called many times by a partitioner. What a resource is filled with is exact in words
 * and entries; which formulas and widths stand behind it is the target's to say (rests-on.ts).
 */
import { compileFormula } from './descriptor/closure.ts';
import type { Formula } from './descriptor/figure.ts';
import type { Evaluate, Vars } from './descriptor/formula.ts';
import type { Target } from './target.ts';

/** Resources of a core, in the order in which they are named when several are exceeded alike. */
export const RESOURCES = [
  'neurons',
  'stateWords',
  'synapseWords',
  'inAxons',
  'outAxonEntries',
  'groups',
] as const;
export type Resource = (typeof RESOURCES)[number];

/**
 * Units: neurons; words of state memory; words of synaptic memory; in-axons; out-axon entries; neuron groups.
 * `neurons` and `stateWords` are the two readings of the neuron limit: a core must satisfy both.
 */
export type TileCost = { readonly [R in Resource]: number };
export type CostSum = { [R in Resource]: number };

/** A target's formulas, ready to be called. */
export interface Accounting {
  readonly capacity: TileCost;
  readonly neuronWords: number;
  delayWords(delay: number): number;
  constantWords(n: number): number;
  operandWords(n: number): number;
  tableWords(entries: number): number;
  /** Absent where spikes cannot write weights. */
  dynamicRowWords?(n: number): number;
  /** By name of the encoding; the default one also under the empty name. */
  readonly weights: ReadonlyMap<string, WeightAccounting>;
}

export interface WeightAccounting {
  readonly sharing: 'shared' | 'private';
  rowWords(n: number, weightBits: number): number;
}

export function createAccounting(target: Target): Accounting {
  const { limits, encodings } = target;
  const fixed = {
    accumulatorBits: target.arithmetic.accumulatorBits.value,
    stateBits: target.arithmetic.stateBits.value,
    bookkeepingBits: target.arithmetic.bookkeepingBits.value,
    operandBits: target.arithmetic.operandBits.value,
    tableEntryBits: target.arithmetic.tableEntryBits.value,
  };
  // One scratch object for each memory: a call sets what it varies and allocates nothing.
  const state = { ...fixed, wordBits: limits.stateWordBits.value, n: 0, delay: 0 };
  const synapse = { ...fixed, wordBits: limits.synapseWordBits.value, n: 0, weightBits: 0 };
  const of = (formula: Formula): Evaluate => compileFormula(formula.tree);
  const ofCount = (formula: Formula, vars: { n: number } & Vars): ((n: number) => number) => {
    const evaluate = of(formula);
    return n => {
      vars.n = n;
      return evaluate(vars);
    };
  };
  const delayWords = of(encodings.state.delayWords);
  const weights = encodings.weights.map(
    ({ name, sharing, rowWords: formula }): [string, WeightAccounting] => {
      const evaluate = of(formula);
      const rowWords = (n: number, weightBits: number): number => {
        synapse.n = n;
        synapse.weightBits = weightBits;
        return evaluate(synapse);
      };
      return [name, { sharing, rowWords }];
    },
  );
  return {
    capacity: {
      neurons: limits.neuronsPerCore.value,
      stateWords: limits.stateWords.value,
      synapseWords: limits.synapseWords.value,
      inAxons: limits.inAxons.value,
      outAxonEntries: limits.outAxonEntries.value,
      groups: limits.neuronGroups.value,
    },
    neuronWords: of(encodings.state.neuronWords)(state),
    delayWords: delay => {
      state.delay = delay;
      return delayWords(state);
    },
    constantWords: ofCount(encodings.state.constantWords, state),
    operandWords: ofCount(encodings.state.operandWords, state),
    tableWords: ofCount(encodings.state.tableWords, state),
    ...(encodings.dynamic === undefined
      ? {}
      : { dynamicRowWords: ofCount(encodings.dynamic.rowWords, synapse) }),
    weights: new Map([
      ...weights,
      ...weights.slice(0, 1).map(([, w]): [string, WeightAccounting] => ['', w]),
    ]),
  };
}

export function createCostSum(): CostSum {
  return { neurons: 0, stateWords: 0, synapseWords: 0, inAxons: 0, outAxonEntries: 0, groups: 0 };
}

/** sum += sign · cost. */
export function addCost(sum: CostSum, cost: TileCost, sign: 1 | -1 = 1): void {
  for (const resource of RESOURCES) sum[resource] += sign * cost[resource];
}

export interface Overflow {
  readonly resource: Resource;
  readonly needed: number;
  readonly available: number;
}

/** The resource that overflows most, relative to what there is; undefined where all fits. */
export function fits(capacity: TileCost, sum: TileCost): Overflow | undefined {
  const resource = bindingResource(capacity, sum);
  const needed = sum[resource];
  const available = capacity[resource];
  return needed > available ? { resource, needed, available } : undefined;
}

/** Every resource that overflows: `check` prints both readings of the neuron limit. */
export function listOverflows(capacity: TileCost, sum: TileCost): readonly Overflow[] {
  return RESOURCES.filter(resource => sum[resource] > capacity[resource]).map(resource => ({
    resource,
    needed: sum[resource],
    available: capacity[resource],
  }));
}

/** The fullest resource, whether it overflows or not. */
export function bindingResource(capacity: TileCost, sum: TileCost): Resource {
  let binding: Resource = RESOURCES[0];
  for (const resource of RESOURCES) {
    if (sum[resource] / capacity[resource] > sum[binding] / capacity[binding]) binding = resource;
  }
  return binding;
}

/** How full each resource is: 1 is the limit. */
export function fill(capacity: TileCost, sum: TileCost): TileCost {
  const part = (resource: Resource): number => sum[resource] / capacity[resource];
  return {
    neurons: part('neurons'),
    stateWords: part('stateWords'),
    synapseWords: part('synapseWords'),
    inAxons: part('inAxons'),
    outAxonEntries: part('outAxonEntries'),
    groups: part('groups'),
  };
}
