/**
 * What a tile costs on a core of a target, in the resources that can run out.
 *
 * `createAccounting` compiles the target's encoding formulas once; what follows is arithmetic on plain
 * numbers, made to be called many times by a partitioner. What a resource is filled with is exact in words
 * and entries; which formulas and widths stand behind it is the target's to say (rests-on.ts).
 */
import { compileFormula } from './descriptor/closure.ts';
import type { AxonEncoding, WeightEncoding } from './descriptor/document.ts';
import type { Formula } from './descriptor/figure.ts';
import type { Evaluate, Vars } from './descriptor/formula.ts';
import type { CoreLimits, Target } from './target.ts';

/** What tiles take of a core and what adds up, in the order in which they are named when several are exceeded alike. */
export const RESOURCES = [
  'neurons',
  'stateWords',
  'synapseWords',
  'inAxons',
  'outAxonEntries',
  'groups',
] as const;
/** What can run out: the same, and a memory that state and synapses share. */
export const LIMITS = [...RESOURCES, 'memoryBytes'] as const;
export type Resource = (typeof LIMITS)[number];

/**
 * Units: neurons; words of state memory; words of synaptic memory; in-axons; out-axon entries; neuron groups.
 * `neurons` and `stateWords` are the two readings of the neuron limit: a core must satisfy both.
 */
export type TileCost = { readonly [R in (typeof RESOURCES)[number]]: number };
export type CostSum = { [R in (typeof RESOURCES)[number]]: number };

/** What a core has; infinite where the target sets no limit. */
export interface Capacity extends TileCost {
  readonly memoryBytes: number;
  readonly stateWordBytes: number;
  readonly synapseWordBytes: number;
}

/** What is read of a source tile at one place, and by whom. */
export interface AxonDemand {
  /** Rows and neurons of the source tile that are read there. */
  readonly rows: number;
  readonly neurons: number;
  /** Of each neuron: 1, or one for each threshold and sign where spikes are binary (axonsPerNeuron). */
  readonly axons: number;
  /** Tiles that read the source tile, all in all. */
  readonly readers: number;
}

/** A target's formulas, ready to be called. */
export interface Accounting {
  readonly capacity: Capacity;
  /** A message carries no payload: it stands for one threshold of one sign. */
  readonly isBinary: boolean;
  /** Neurons of the core that one with soft reset takes; its own way back counts as one synapse more. */
  readonly softResetNeurons: number;
  /** Synaptic words of that way back. */
  readonly resetWords: number;
  readonly neuronWords: number;
  delayWords(delay: number): number;
  constantWords(n: number): number;
  operandWords(n: number): number;
  tableWords(entries: number): number;
  /** Axons go by the neurons behind them: rules of the target, private weights, or an axon for each threshold. */
  readonly countsNeuronsOfAxons: boolean;
  /** In-axons that one source tile takes at a core that reads it. */
  inAxons(demand: AxonDemand, sharing?: WeightAccounting['sharing']): number;
  /** Out-axon entries that a source tile takes for one tile that reads it. */
  outAxonEntries(demand: AxonDemand): number;
  /** Absent where spikes cannot write weights. */
  dynamicRowWords?(n: number): number;
  /** By name of the encoding; the default one also under the empty name. */
  readonly weights: ReadonlyMap<string, WeightAccounting>;
}

export interface WeightAccounting {
  readonly sharing: 'shared' | 'private';
  rowWords(n: number, weightBits: number, delay?: number): number;
}

export function createAccounting(target: Target): Accounting {
  const { limits, encodings, capabilities } = target;
  const fixed = {
    accumulatorBits: target.arithmetic.accumulatorBits.value,
    stateBits: target.arithmetic.stateBits.value,
    bookkeepingBits: target.arithmetic.bookkeepingBits.value,
    operandBits: target.arithmetic.operandBits.value,
    tableEntryBits: target.arithmetic.tableEntryBits.value,
  };
  // One scratch object for each memory: a call sets what it varies and allocates nothing.
  const state = { ...fixed, wordBits: limits.stateWordBits.value, n: 0, delay: 0 };
  const synapse = { ...fixed, wordBits: limits.synapseWordBits.value, n: 0 };
  const of = (formula: Formula): Evaluate => compileFormula(formula.tree);
  const ofCount = (formula: Formula, vars: { n: number } & Vars): ((n: number) => number) => {
    const evaluate = of(formula);
    return n => {
      vars.n = n;
      return evaluate(vars);
    };
  };
  const delayWords = of(encodings.state.delayWords);
  const weights = encodings.weights.map((encoding): [string, WeightAccounting] => [
    encoding.name,
    weightAccounting(encoding, limits),
  ]);
  const resets = weights[0]![1].rowWords(1, limits.weightBitsMax.value);
  return {
    capacity: capacityOf(limits),
    isBinary: !capabilities.gradedSpikes.value,
    softResetNeurons: capabilities.softReset.value ? 1 : (limits.softResetNeurons?.value ?? 1),
    resetWords: resets,
    neuronWords: of(encodings.state.neuronWords)(state),
    delayWords: delay => {
      state.delay = delay;
      return delayWords(state);
    },
    constantWords: ofCount(encodings.state.constantWords, state),
    operandWords: ofCount(encodings.state.operandWords, state),
    tableWords: ofCount(encodings.state.tableWords, state),
    countsNeuronsOfAxons:
      encodings.axons !== undefined ||
      encodings.weights[0]?.sharing === 'private' ||
      !capabilities.gradedSpikes.value,
    ...axonAccounting(encodings.axons, target.chips),
    ...(encodings.dynamic === undefined
      ? {}
      : { dynamicRowWords: ofCount(encodings.dynamic.rowWords, synapse) }),
    weights: new Map([
      ...weights,
      ...weights.slice(0, 1).map(([, w]): [string, WeightAccounting] => ['', w]),
    ]),
  };
}

/** A row that one axon cannot lead to fits nowhere. */
function weightAccounting({ sharing, rowWords }: WeightEncoding, limits: CoreLimits): WeightAccounting {
  const evaluate = compileFormula(rowWords.tree);
  const vars = { wordBits: limits.synapseWordBits.value, n: 0, weightBits: 0, delay: 0 };
  const most = limits.axonWords?.value ?? Number.POSITIVE_INFINITY;
  return {
    sharing,
    rowWords: (n, weightBits, delay = 0) => {
      vars.n = n;
      vars.weightBits = weightBits;
      vars.delay = delay;
      const words = evaluate(vars);
      return words > most ? Number.POSITIVE_INFINITY : words;
    },
  };
}

function axonAccounting(
  encoding: AxonEncoding | undefined,
  chips: number,
): Pick<Accounting, 'inAxons' | 'outAxonEntries'> {
  if (encoding === undefined) {
    return {
      inAxons: ({ neurons, axons }, sharing = 'shared') => (sharing === 'shared' ? axons : neurons * axons),
      outAxonEntries: ({ rows, axons }) => rows * axons,
    };
  }
  const [into, out] = [compileFormula(encoding.inAxons.tree), compileFormula(encoding.outAxonEntries.tree)];
  return {
    inAxons: demand => into({ ...demand, chips }),
    outAxonEntries: demand => out({ ...demand, chips }),
  };
}

function capacityOf(limits: CoreLimits): Capacity {
  const orAny = (figure: { readonly value: number } | undefined) => figure?.value ?? Number.POSITIVE_INFINITY;
  return {
    neurons: orAny(limits.neuronsPerCore),
    stateWords: limits.stateWords.value,
    synapseWords: limits.synapseWords.value,
    inAxons: orAny(limits.inAxons),
    outAxonEntries: orAny(limits.outAxonEntries),
    groups: orAny(limits.neuronGroups),
    memoryBytes: orAny(limits.dataBytes),
    stateWordBytes: limits.stateWordBits.value / 8,
    synapseWordBytes: limits.synapseWordBits.value / 8,
  };
}

/** Axons of a neuron that tells so many powers of two of either sign apart. */
export const axonsPerNeuron = ({ isBinary }: Pick<Accounting, 'isBinary'>, levels: number): number =>
  isBinary ? 2 * levels : 1;

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

/** How much of a resource is taken. */
export const usedOf = (capacity: Capacity, sum: TileCost, resource: Resource): number =>
  resource === 'memoryBytes'
    ? sum.stateWords * capacity.stateWordBytes + sum.synapseWords * capacity.synapseWordBytes
    : sum[resource];

/** The resource that overflows most, relative to what there is; undefined where all fits. */
export function fits(capacity: Capacity, sum: TileCost): Overflow | undefined {
  const resource = bindingResource(capacity, sum);
  const needed = usedOf(capacity, sum, resource);
  const available = capacity[resource];
  return needed > available ? { resource, needed, available } : undefined;
}

/** Every resource that overflows: `check` prints both readings of the neuron limit. */
export function listOverflows(capacity: Capacity, sum: TileCost): readonly Overflow[] {
  return LIMITS.map(resource => ({
    resource,
    needed: usedOf(capacity, sum, resource),
    available: capacity[resource],
  })).filter(({ needed, available }) => needed > available);
}

/** The fullest resource, whether it overflows or not. */
export function bindingResource(capacity: Capacity, sum: TileCost): Resource {
  let binding: Resource = RESOURCES[0];
  let fullest = 0;
  for (const resource of LIMITS) {
    const part = usedOf(capacity, sum, resource) / capacity[resource];
    if (part > fullest) {
      binding = resource;
      fullest = part;
    }
  }
  return binding;
}

/** How full each resource is: 1 is the limit. */
export function fill(capacity: Capacity, sum: TileCost): { readonly [R in Resource]: number } {
  const part = (resource: Resource): number => usedOf(capacity, sum, resource) / capacity[resource];
  return {
    neurons: part('neurons'),
    stateWords: part('stateWords'),
    synapseWords: part('synapseWords'),
    inAxons: part('inAxons'),
    outAxonEntries: part('outAxonEntries'),
    groups: part('groups'),
    memoryBytes: part('memoryBytes'),
  };
}

/** What is set of a capacity, for people: limits that the target does not have are not named. */
export const namedLimits = (capacity: Capacity): Readonly<Record<string, number>> =>
  Object.fromEntries(
    LIMITS.filter(resource => Number.isFinite(capacity[resource])).map(name => [name, capacity[name]]),
  );

/** The same of what is used. */
export const usedOfAll = (capacity: Capacity, sum: TileCost): Record<string, number> =>
  Object.fromEntries(
    LIMITS.filter(name => Number.isFinite(capacity[name])).map(name => [name, usedOf(capacity, sum, name)]),
  );
