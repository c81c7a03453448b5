/**
 * What a network needs that a target's core does not have, whatever room there is: a table of capabilities, who needs
 * them and what to do. Everything is found at once, so that one message lists it all.
 *
 * Needs  an integer network or its outline: functions, projections, emits and shapes; no weights
 * Cost   linear in the nodes
 */
import type { Accounting } from '../backends/accounting.ts';
import type { Target } from '../backends/target.ts';
import { nodeMap, type ValueId } from '../ir/dialect.ts';
import type { IntGraph, IntNode, IntOf } from '../ir/int.ts';
import { hasLogarithms } from '../ir/interpret/soma.ts';
import type { Coding } from '../ir/snn.ts';
import { axonsOf } from './mapping/demand.ts';
import { delayOf, findDepths } from './mapping/schedule.ts';

/** One thing that one population needs and the target lacks. */
export interface Lack {
  readonly population: string;
  readonly origin: string;
  /** What the population computes: its function, or its product where that is missing. */
  readonly does: string;
  /** Capability or limit of the descriptor. */
  readonly needs: Rule['needs'];
  readonly missing: string;
}

interface Subject {
  readonly population: IntOf<'population'>;
  readonly gathers: readonly IntNode[];
  readonly sources: readonly IntNode[];
  readonly readers: readonly IntNode[];
  readonly coding: Coding;
  readonly target: Target;
  readonly accounting: Accounting;
  readonly axonsIn: (source: IntNode) => number;
  readonly inputsOf: (gather: IntNode) => number;
}

interface Rule {
  readonly needs: string;
  /** What is missing, in words; undefined where nothing is. */
  readonly find: (subject: Subject) => string | undefined;
  readonly instead: string;
}

/** A core with a fixed neuron adds up, compares and fires: this much of F it computes by itself. */
const FIRES_BY_ITSELF: readonly string[] = ['identity', 'relu', 'partial'];

const kindsOf = (nodes: readonly IntNode[]): readonly string[] => nodes.map(({ kind }) => kind);

const RULES: readonly Rule[] = [
  {
    needs: 'programmableNeuron',
    find: ({ population, gathers, coding, target }) => {
      if (target.capabilities.programmableNeuron.value) return undefined;
      if (coding === 'differential') return 'a soma that weighs steps';
      if (kindsOf(gathers).includes('maximum')) return 'a soma that compares its inputs';
      return FIRES_BY_ITSELF.includes(functionName(population)) ? undefined : 'a soma that runs a program';
    },
    instead:
      'a fixed neuron holds identity and relu: train with relu and without normalisation, or take a chip with programs (loihi2, spinnaker2)',
  },
  {
    needs: 'tableLookup',
    find: ({ population: { attrs }, target }) =>
      target.capabilities.tableLookup.value || !readsTables(attrs.function)
        ? undefined
        : 'tables in the soma',
    instead:
      'activations of other shape than relu, norms and softmax read tables; --functions multiply needs stateMultiply instead',
  },
  {
    needs: 'leadingZeros',
    find: ({ population: { attrs }, target }) =>
      target.capabilities.leadingZeros.value || !hasLogarithms(attrs.function)
        ? undefined
        : 'leading zeros of a word',
    instead: 'norms and softmax take logarithms that begin with the leading one',
  },
  {
    needs: 'dynamicWeights',
    find: ({ gathers, target }) =>
      target.capabilities.dynamicWeights.value || !kindsOf(gathers).some(isProduct)
        ? undefined
        : 'weights that spikes write',
    instead:
      'a product of two activations (attention, gates) keeps one of them as weights; no rewrite takes it away',
  },
  {
    needs: 'gradedSpikes',
    find: ({ population, readers, gathers, sources, target }) => {
      if (target.capabilities.gradedSpikes.value) return undefined;
      if (population.attrs.emit.kind === 'relay' && readers.length > 0)
        return 'graded spikes to send sums whole';
      const readsImage = gathers.some(
        ({ kind }, i) => kind !== 'relay' && kind !== 'bias' && sources[i]?.kind === 'input',
      );
      return readsImage ? 'graded spikes to read the image' : undefined;
    },
    instead:
      'residual streams, pools and split sums are relayed whole: a network without them, or a chip with graded spikes',
  },
  {
    needs: 'payloadBits',
    find: ({ population, target }) => {
      const { emit } = population.attrs;
      const { value } = target.limits.payloadBits;
      if (!target.capabilities.gradedSpikes.value || emit.kind !== 'mt' || emit.levels < value)
        return undefined;
      return `payloads of ${emit.levels + 1} bits, not ${value}`;
    },
    instead: 'fewer thresholds: --levels',
  },
  {
    needs: 'softResetNeurons',
    find: ({ population: { attrs }, target }) =>
      target.capabilities.softReset.value ||
      target.limits.softResetNeurons !== undefined ||
      attrs.emit.kind !== 'mt'
        ? undefined
        : 'soft reset, by itself or with more neurons',
    instead: 'the descriptor says what soft reset takes: softResetNeurons',
  },
  {
    needs: 'synapseFormats',
    find: ({ sources, target, accounting, axonsIn }) => {
      const formats = target.limits.synapseFormats?.value;
      if (formats === undefined || !accounting.isBinary) return undefined;
      const most = Math.max(0, ...sources.map(source => axonsIn(source) / 2));
      return most > formats ? `${most} exponents of weights, not ${formats}` : undefined;
    },
    instead: 'fewer thresholds: --levels',
  },
  {
    needs: 'axonTypes',
    find: ({ gathers, target }) => {
      const types = target.limits.axonTypes?.value;
      const weighted = kindsOf(gathers).some(kind => kind === 'linear' || kind === 'depthwise');
      return types === undefined || !weighted
        ? undefined
        : `a weight for every synapse, not ${types} a neuron`;
    },
    instead: 'a crossbar holds networks that were trained for it',
  },
  {
    needs: 'inAxons',
    find: ({ gathers, sources, accounting, axonsIn, inputsOf }) => {
      const limit = accounting.capacity.inAxons;
      const read = gathers.reduce(
        (sum, gather, i) =>
          sum +
          accounting.inAxons(
            { rows: 1, neurons: inputsOf(gather), axons: axonsIn(sources[i] ?? gather), readers: 1 },
            accounting.weights.get('')!.sharing,
          ),
        0,
      );
      return read > limit ? `${read} axons into a neuron, not ${limit}` : undefined;
    },
    instead: 'narrower layers, fewer thresholds (--levels)',
  },
];
const isProduct = (kind: string): boolean => kind === 'product' || kind === 'hadamard';

/** Longer waits than axons hold; alone they are route's to report, which knows the mode. */
const DELAYS: Omit<Rule, 'find'> = {
  needs: 'delayMax',
  instead: 'a shallower network, or --mode streaming, where operands wait in memory',
};

export const functionName = ({ attrs: { function: fn } }: IntOf<'population'>): string =>
  fn.kind === 'pointwise' ? fn.name : fn.kind;

function readsTables(fn: IntOf<'population'>['attrs']['function']): boolean {
  return hasLogarithms(fn) || (fn.kind === 'pointwise' && fn.table !== undefined);
}

/** What to do about a lack. */
export const insteadOf = (needs: string): string =>
  [...RULES, DELAYS].find(rule => rule.needs === needs)?.instead ?? '';

/** Empty where the target can do all that the network asks, room apart. */
export function lacksOf(network: IntGraph, target: Target, accounting: Accounting): readonly Lack[] {
  const byId = nodeMap(network.nodes);
  const nodesOf = (ids: readonly ValueId[]) => ids.flatMap(id => byId.get(id) ?? []);
  const readers = readersOf(network);
  const inputsOf = (gather: IntNode) =>
    gather.kind === 'linear' || gather.kind === 'depthwise'
      ? network.constants.get(gather.attrs.weight).shape[0]!
      : 1;
  const lacks = network.nodes.flatMap((population): readonly Lack[] => {
    if (population.kind !== 'population') return [];
    const gathers = nodesOf(population.operands);
    const sources = gathers.map(gather => nodesOf(gather.operands)[0] ?? gather);
    const reading = readers.get(population.id) ?? [];
    const axonsIn = (source: IntNode) => axonsOf(source, accounting);
    const { coding } = network.attrs;
    const subject = {
      population,
      coding,
      gathers,
      sources,
      readers: reading,
      target,
      accounting,
      axonsIn,
      inputsOf,
    };
    return RULES.flatMap((rule): readonly Lack[] => {
      const missing = rule.find(subject);
      return missing === undefined ? [] : [lackOf(population, gathers, rule.needs, missing)];
    });
  });
  return lacks.length === 0 ? [] : [...lacks, ...delays(network, target, nodesOf)];
}

function lackOf(
  population: IntOf<'population'>,
  gathers: readonly IntNode[],
  needs: string,
  missing: string,
): Lack {
  const product = gathers.find(({ kind }) => isProduct(kind))?.kind;
  const fn = functionName(population);
  const own = product === undefined ? fn : fn === 'identity' ? product : `${product}, ${fn}`;
  const does = own === 'identity' ? (gathers[0]?.kind ?? own) : own;
  return { population: population.id.slice(1), origin: population.origin, does, needs, missing };
}

function readersOf({ nodes }: IntGraph): ReadonlyMap<ValueId, readonly IntNode[]> {
  const readers = new Map<ValueId, IntNode[]>();
  for (const node of nodes) {
    for (const id of node.operands) {
      const known = readers.get(id);
      if (known === undefined) readers.set(id, [node]);
      else known.push(node);
    }
  }
  return readers;
}

function delays(
  network: IntGraph,
  { limits }: Target,
  nodesOf: (ids: readonly ValueId[]) => readonly IntNode[],
): readonly Lack[] {
  const depths = findDepths(network);
  return network.nodes.flatMap((node): readonly Lack[] => {
    if (node.kind !== 'population') return [];
    const gathers = nodesOf(node.operands);
    const sources = gathers.flatMap(gather => gather.operands);
    const longest = Math.max(0, ...sources.map(id => delayOf(depths.get(id)!, depths.get(node.id)!)));
    if (longest <= limits.delayMax.value) return [];
    return [lackOf(node, gathers, DELAYS.needs, `a delay of ${longest} steps, not ${limits.delayMax.value}`)];
  });
}
