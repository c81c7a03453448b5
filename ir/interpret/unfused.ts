/**
 * A network of stage `snn` in the paper's own form: expectation compensation as modules that emit, neurons that
 * keep a membrane. Slower than snn.ts and with more state; the two send the same spikes.
 *
 *     module F    O(t) = t·F(S(t)/t) − (t−1)·F(S(t−1)/(t−1)), O(1) = F(S(1))               Eqs. 15, 17
 *     product     O(t) = K(t)/(t−1) − S_K(t)/(t(t−1)), O(1) = K(1),                        Eqs. 16, 18
 *                 K(t) = A(t)·S_B(t) + S_A(t)·B(t) − A(t)·B(t), S_K(t) = K(1) + … + K(t)
 *     neuron      m = v + O(t),  x = the thresholds that m crosses,  v = m − x,  v(0) = 0  Eqs. 21-25
 *
 * Eq. 16 divides by t − 1, so that t = 1 needs a definition: what is right on average, K(1).
 *
 * Source  ECMT Theorems 4.1 and 4.2, §4.3
 * Needs   coding `rate`; populations that send by multi-threshold neurons, relays or readouts
 */
import { defect } from '../diagnostics/diagnostic.ts';
import { sizeOf, type ValueId } from '../dialect.ts';
import type { SnnGraph, SnnNode, SnnOf, SnnProjection } from '../snn.ts';
import { emitRule } from './emit.ts';
import { type GatherState, prepareProjection } from './projections.ts';
import { targetFunction } from './snn.ts';

export type UnfusedObserver = (step: number, population: ValueId, sent: Float64Array) => void;

export interface UnfusedRunner {
  /** Mean of the logits after each step t = 1…T. */
  run(image: Float64Array, observe?: UnfusedObserver): readonly Float64Array[];
}

export function createUnfusedRunner(graph: SnnGraph): UnfusedRunner {
  if (graph.attrs.coding !== 'rate') defect('the paper knows no coding but rate');
  const modules = graph.nodes.map(node => ({ node, make: moduleOf(node, graph) }));
  const output = graph.outputs[0] ?? defect('a network without output');
  return {
    run(image, observe) {
      const sent: Sent = { image, now: new Map(), sums: new Map() };
      const steps = modules.map(({ node, make }) => ({ node, step: make() }));
      const total = new Float64Array(sizeOf(graph.nodes.find(n => n.id === output)!.type.shape));
      const readouts: Float64Array[] = [];
      for (let t = 1; t <= graph.attrs.steps; t++) {
        for (const { node, step } of steps) {
          const values = step(sent, t);
          sent.now.set(node.id, values);
          addInto(sumOf(sent, node.id, values.length), values);
          if (node.kind === 'population') observe?.(t, node.id, values);
        }
        addInto(total, sent.now.get(output)!);
        readouts.push(total.map(sum => sum / t));
      }
      return readouts;
    },
  };
}

/** What every node gave out in this step, and in all steps so far. */
interface Sent {
  readonly image: Float64Array;
  readonly now: Map<ValueId, Float64Array>;
  readonly sums: Map<ValueId, Float64Array>;
}
type Step = (sent: Sent, t: number) => Float64Array;

function sumOf(sent: Sent, id: ValueId, size: number): Float64Array {
  const sum = sent.sums.get(id) ?? new Float64Array(size);
  sent.sums.set(id, sum);
  return sum;
}

function addInto(sum: Float64Array, values: ArrayLike<number>): void {
  for (let i = 0; i < sum.length; i++) sum[i]! += values[i]!;
}

/** A maker of the node's module, its state that of one image. */
function moduleOf(node: SnnNode, graph: SnnGraph): () => Step {
  switch (node.kind) {
    case 'input':
      return () => sent => sent.image;
    case 'population': {
      const makeModule = functionModule(node, graph);
      const makeNeuron = neuron(node);
      return () => {
        const [module, fire] = [makeModule(), makeNeuron()];
        return (sent, t) => fire(module(sent, t));
      };
    }
    case 'product':
    case 'hadamard':
      return productModule(node, graph);
    case 'maximum':
      return maximumModule(node, graph);
    case 'linear':
    case 'depthwise':
    case 'relay':
    case 'bias': {
      const gather = oneStep(node, graph);
      return () => sent => gather(sent.now, sent.now);
    }
    default:
      return node satisfies never;
  }
}

/** What a projection gathers of one step's values and of given sums, as if nothing had been before. */
function oneStep(node: SnnProjection, graph: SnnGraph) {
  const gather = prepareProjection(node, graph);
  return (now: ReadonlyMap<ValueId, Float64Array>, sums: ReadonlyMap<ValueId, Float64Array>) => {
    const slots = new Map(
      node.operands.map(id => [id, { values: now.get(id)!, sums: sums.get(id)! }] as const),
    );
    const state: GatherState = { coding: 'rate', slots, currents: new Map() };
    gather(state, 1);
    return state.currents.get(node.id)!;
  };
}

/** Eqs. 16 and 18, in the paper's three products. */
function productModule(node: SnnOf<'product'> | SnnOf<'hadamard'>, graph: SnnGraph): () => Step {
  const [a, b] = node.operands as readonly [ValueId, ValueId];
  const [left, right]: readonly [ValueId, ValueId] = ['%a', '%b']; // apart even where a value meets itself
  const multiply = oneStep({ ...node, operands: [left, right] }, graph);
  const times = (x: Float64Array, y: Float64Array) => {
    const operands = new Map([[left, x] as const, [right, y] as const]);
    return multiply(operands, operands);
  };
  return () => {
    const total = new Float64Array(sizeOf(node.type.shape)); // S_K
    return (sent, t) => {
      const [x, y] = [sent.now.get(a)!, sent.now.get(b)!];
      const [sumA, sumB] = [sent.sums.get(a)!, sent.sums.get(b)!];
      const [withSum, ofSum, both] = [times(x, sumB), times(sumA, y), times(x, y)];
      const k = both.map((pair, i) => withSum[i]! + ofSum[i]! - pair);
      addInto(total, k);
      return t === 1 ? k : k.map((now, i) => now / (t - 1) - total[i]! / (t * (t - 1)));
    };
  };
}

/** Eq. 15 with F the largest of a group. */
function maximumModule(node: SnnOf<'maximum'>, graph: SnnGraph): () => Step {
  const largest = oneStep(node, graph);
  return () => {
    let before = new Float64Array(sizeOf(node.type.shape));
    return sent => {
      const now = largest(sent.sums, sent.sums); // t·max(S/t) = max S
      const out = now.map((value, i) => value - before[i]!);
      before = Float64Array.from(now);
      return out;
    };
  };
}

/** Eqs. 15 and 17: what comes in through the projections, made into t·F(S/t) on the whole. */
function functionModule({ operands, attrs, type }: SnnOf<'population'>, graph: SnnGraph): () => Step {
  const size = sizeOf(type.shape);
  const isLinear = attrs.function.kind === 'identity';
  const apply = targetFunction(attrs.function, type.shape.at(-1)!, graph.constants);
  return () => {
    const sum = new Float64Array(size);
    let before = new Float64Array(size);
    return (sent, t) => {
      const input = new Float64Array(size);
      for (const id of operands) addInto(input, sent.now.get(id)!);
      if (isLinear) return input;
      addInto(sum, input);
      const expected = sum.map(s => s / t);
      apply(expected);
      const now = expected.map(y => t * y);
      const out = now.map((y, i) => y - before[i]!);
      before = now;
      return out;
    };
  };
}

/** Eqs. 21-25: the membrane is what the neuron keeps. */
function neuron({
  attrs: { emit },
  type,
  id,
}: SnnOf<'population'>): () => (input: Float64Array) => Float64Array {
  if (emit.kind === 'relay' || emit.kind === 'readout') return () => input => input;
  if (emit.kind !== 'mt') return defect(`${id} sends by no multi-threshold neurons`);
  const fire = emitRule(emit);
  const size = sizeOf(type.shape);
  return () => {
    const membrane = new Float64Array(size);
    const nothing = new Float64Array(size);
    return input => {
      const values = new Float64Array(size);
      addInto(membrane, input);
      const slot = { values, terms: new Uint8Array(size), sums: nothing, target: membrane, step: 0 };
      for (let i = 0; i < size; i++) fire(slot, i);
      for (let i = 0; i < size; i++) membrane[i]! -= values[i]!;
      return values;
    };
  };
}
