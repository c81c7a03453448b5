/**
 * Additions, multiplications and table reads of a soma, per step. An addition is an add, a subtraction, a
 * comparison or the rounding add of a shift; shifts, sign changes and leading-one counts are free, as in
 * Eq. 30, which prices additions and multiplications only.
 */
import { EXP_TERMS } from '../exact-functions.ts';
import type { IntFunction } from '../int.ts';
import { rateReciprocal } from '../interpret/int.ts';
import { isMultiplied } from '../interpret/soma.ts';
import { type Coding, isSpiking, type SnnFunction, type SomaPointwise } from '../snn.ts';
import { SOMA_FORMS, type SomaForm } from '../soma-forms.ts';
import type { CountedPopulation, Operations } from './counts.ts';

/** Per neuron and per group (a token's channels, a row of keys) of each function. */
interface FunctionCost {
  readonly addsPerNeuron: number;
  readonly addsPerGroup: number;
  readonly lookupsPerNeuron: number;
  readonly lookupsPerGroup: number;
  readonly macsPerNeuron: number;
  readonly macsPerGroup: number;
}
const FREE: FunctionCost = {
  ...{ addsPerNeuron: 0, addsPerGroup: 0 },
  ...{ lookupsPerNeuron: 0, lookupsPerGroup: 0 },
  ...{ macsPerNeuron: 0, macsPerGroup: 0 },
};

const bitsSet = (n: number): number => n.toString(2).replaceAll('0', '').length;

function functionCost({ node }: CountedPopulation): FunctionCost {
  const fn = node.attrs.function;
  if (isInteger(fn) && isMultiplied(fn)) return multipliedCost(fn);
  switch (fn.kind) {
    case 'identity':
    case 'partial':
      return FREE;
    case 'pointwise':
      return POINTWISE_COSTS[SOMA_FORMS[fn.name].kind];
    case 'layernorm': {
      // ΣS 1 · C·S by shift-adds · minus ΣS 1
      const centring = 2 + bitsSet(node.type.shape.at(-1)!) - 1;
      const norm = 'epsilonKey' in fn ? normCost(fn.gain, fn.offset) : normCost(fn.gamma, fn.beta);
      return { ...norm, addsPerNeuron: norm.addsPerNeuron + centring };
    }
    case 'rmsnorm':
      return 'epsilonKey' in fn ? normCost(fn.gain, fn.offset) : normCost(fn.gamma, undefined);
    case 'softmax': {
      // · scale by shift-adds · largest 1 · minus it 1 · Σ 1 · minus log Σ 1
      const scaling = 'shift' in fn ? bitsSet(Math.abs(fn.scale)) - 1 : 0;
      return {
        ...FREE,
        addsPerNeuron: 4 + scaling,
        addsPerGroup: 1,
        lookupsPerNeuron: 2,
        lookupsPerGroup: 1,
      };
    }
    default:
      return fn satisfies never;
  }
}

/** The ramp's comparison and rounding; minus the remainder; an odd ramp is stopped and has a centre. */
const POINTWISE_COSTS: { readonly [K in SomaForm['kind']]: FunctionCost } = {
  clip: { ...FREE, addsPerNeuron: 1 },
  even: { ...FREE, addsPerNeuron: 2, lookupsPerNeuron: 1 },
  odd: { ...FREE, addsPerNeuron: 3, lookupsPerNeuron: 1 },
};

/** largest key 1 · key − largest 1 · Σ 1 · lg|d| − norm 1 · lg|γ| 1 · β 1 */
const normCost = (gain: unknown, offset: unknown): FunctionCost => ({
  ...FREE,
  addsPerNeuron: 4 + (gain === undefined ? 0 : 1) + (offset === undefined ? 0 : 1),
  addsPerGroup: 5,
  lookupsPerNeuron: 3,
  lookupsPerGroup: 2,
});

/** Stage `snn` has real numbers and no tables: it is counted as if it had. */
const isInteger = (fn: IntFunction | SnnFunction): fn is IntFunction =>
  'epsilonKey' in fn || 'shift' in fn || 'tableFraction' in fn;

/** Multiplications of a quotient and of an inverse root: two steps of Newton's from a good guess. */
const [QUOTIENT, ROOT] = [4, 6];
/** 2^x: one multiplication a term. */
const POWER = EXP_TERMS;

/** Multiplications and additions of exact-functions.ts; an addition that follows a multiplication is part of it. */
const MULTIPLIED_POINTWISE: { readonly [F in SomaPointwise]: number } = {
  ...{ relu: 0, relu6: 0, 'hard-swish': 2, 'hard-sigmoid': 1 },
  erf: 2 + QUOTIENT + 5 + POWER,
  gelu: 3 + 2 + QUOTIENT + 5 + POWER,
  'tanh-gelu': 5 + 1 + POWER + QUOTIENT,
  'quick-gelu': 2 + POWER + QUOTIENT,
  silu: 1 + POWER + QUOTIENT,
  sigmoid: 1 + POWER + QUOTIENT,
  tanh: 2 + POWER + QUOTIENT,
};

function multipliedCost(fn: IntFunction): FunctionCost {
  switch (fn.kind) {
    case 'pointwise':
      return { ...FREE, addsPerNeuron: 1, macsPerNeuron: MULTIPLIED_POINTWISE[fn.name] };
    case 'layernorm':
    case 'rmsnorm': {
      // Square, · 1/√, · γ; a LayerNorm sums up and takes the mean away; β. A group: mean, ε, 1/√.
      const centring = fn.kind === 'layernorm' ? 2 : 0;
      const gain = fn.gain === undefined ? 0 : 1;
      const offset = fn.offset === undefined ? 0 : 1;
      const macsPerGroup = (centring === 0 ? 1 : 2) + ROOT;
      return { ...FREE, addsPerNeuron: centring + offset, macsPerNeuron: 2 + gain, macsPerGroup };
    }
    case 'softmax':
      // · scale, 2^x, · 1/Σ; largest, minus it, Σ. A group: 1/Σ.
      return { ...FREE, addsPerNeuron: 3, macsPerNeuron: 2 + POWER, macsPerGroup: QUOTIENT };
    case 'identity':
    case 'partial':
      return FREE;
    default:
      return fn satisfies never;
  }
}

/** The rounding add and the nearest-power decision of one term, its subtraction from m, its addition to E. */
const ADDS_PER_TERM = 3;

export interface SomaActivity {
  readonly neurons: number;
  readonly terms: number;
}

/** Everything between the accumulators and the messages of one population in one step. */
export function somaOperations(
  population: CountedPopulation,
  coding: Coding,
  step: number,
  { neurons, terms }: SomaActivity,
  biasAdds: number,
): Operations {
  const cost = functionCost(population);
  const { node, projections } = population;
  const groups = neurons / node.type.shape.at(-1)!;
  const rescale = neurons * projections.length;
  const difference = neurons; // m = y − E
  const firing = isSpiking(node.attrs.emit) ? terms * ADDS_PER_TERM : neurons;
  const acs =
    cost.addsPerNeuron * neurons +
    cost.addsPerGroup * groups +
    comparisons(population, neurons) +
    rescale +
    difference +
    firing +
    biasAdds;
  const lookups = cost.lookupsPerNeuron * neurons + cost.lookupsPerGroup * groups;
  const macs = cost.macsPerNeuron * neurons + cost.macsPerGroup * groups;
  return { acs, macs: macs + MULTIPLICATIONS[coding](population, neurons, step), lookups };
}

const MULTIPLICATIONS: {
  readonly [C in Coding]: (population: CountedPopulation, neurons: number, step: number) => number;
} = {
  sum: () => 0,
  rate: rateMultiplications,
  differential: weighings,
};

/**
 * `differential` weighs the sum of a step once for each projection that reads spikes and brings a spiking neuron's
 * membrane to the scale of the step; a step that is a power of two is a shift. Operand sums of a product take shifted
 * weights in, one addition a term as in every coding.
 */
function weighings({ node, projections }: CountedPopulation, neurons: number, step: number): number {
  if (Number.isInteger(Math.log2(step))) return 0;
  const fn = node.attrs.function.kind;
  const weighed = projections.filter(({ node: { kind }, graded, partial }) =>
    graded.some((isGraded, i) => kind !== 'maximum' && (partial[i] || (!isGraded && fn !== 'partial'))),
  ).length;
  return neurons * (weighed + (node.attrs.emit.kind === 'mt' ? 1 : 0));
}

/** `rate` scales by 1/t or 1/t² before F and by t behind it; a linear identity needs neither. */
function rateMultiplications({ node, projections }: CountedPopulation, neurons: number): number {
  const fn = node.attrs.function.kind;
  const before = projections.filter(p => rateReciprocal(p.node.kind, fn) !== undefined).length;
  const behind = fn === 'identity' || fn === 'partial' ? 0 : 1;
  return neurons * (before + behind);
}

/** A maximum compares the sums of its taps anew in every step. */
function comparisons({ projections }: CountedPopulation, neurons: number): number {
  return projections.reduce(
    (sum, { node }) => sum + (node.kind === 'maximum' ? (node.attrs.taps - 1) * neurons : 0),
    0,
  );
}
