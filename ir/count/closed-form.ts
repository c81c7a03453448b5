/**
 * Counts of one step from popcounts and static tables: terms times fan-out for linears, sums over channels
 * for products. The fast way; events.ts counts the same event by event.
 */
import { sizeOf, type ValueId } from '../dialect.ts';
import { HOLE } from '../map.ts';
import type { Coding } from '../snn.ts';
import {
  type Activity,
  addOperations,
  type CountedPopulation,
  type CountedProjection,
  type Counts,
  type Hadamard,
  NO_OPERATIONS,
  type Operations,
  type Product,
} from './counts.ts';
import { somaOperations } from './soma-operations.ts';

/** Activity of every sender in one step; `before` says whether a sum was nonzero before the step. */
export interface StepActivity {
  of(id: ValueId): Activity;
  before(id: ValueId): Uint8Array;
}

export function closedFormCounts(
  population: CountedPopulation,
  coding: Coding,
  step: number,
  activity: StepActivity,
): Counts {
  let paper = NO_OPERATIONS;
  let performed = NO_OPERATIONS;
  let biasAdds = 0;
  for (const projection of population.projections) {
    const counts = projectionCounts(projection, activity);
    paper = addOperations(paper, counts.paper);
    performed = addOperations(performed, counts.performed);
    if (hasBias(projection) && (coding === 'rate' || step === 1)) biasAdds += sizeOfNode(population);
  }
  const { terms } = activity.of(population.node.id);
  const soma = { neurons: terms.length, terms: sum(terms) };
  return {
    paper,
    performed: addOperations(performed, somaOperations(population, coding, step, soma, biasAdds)),
  };
}

function sum(data: Uint8Array): number {
  let total = 0;
  for (let i = 0; i < data.length; i++) total += data[i]!;
  return total;
}

type Places = CountedProjection['places'];
const sizeOfNode = ({ node }: CountedPopulation) => node.type.shape.reduce((a, b) => a * b, 1);
export const hasBias = ({ node }: CountedProjection): boolean =>
  node.kind === 'bias' || (node.kind === 'linear' && node.attrs.bias !== undefined);

function projectionCounts(projection: CountedProjection, activity: StepActivity): Counts {
  const { node } = projection;
  switch (node.kind) {
    case 'linear':
      return linearCounts(projection, fedOf(projection, activity) * node.type.shape.at(-1)!);
    case 'depthwise':
      return linearCounts(projection, fedOf(projection, activity));
    case 'relay':
    case 'maximum':
      return addedCounts(fedOf(projection, activity));
    case 'bias':
      return addedCounts(0);
    case 'product':
      return productCounts(node, projection.places, activity);
    case 'hadamard':
      return hadamardCounts(node, projection.places, activity);
    default:
      return node satisfies never;
  }
}

/** Graded values that are added, one to one: free in the paper's count. */
export const addedCounts = (acs: number): Counts => ({
  paper: NO_OPERATIONS,
  performed: { ...NO_OPERATIONS, acs },
});

const fedOf = ({ node, uses }: CountedProjection, activity: StepActivity): number =>
  node.operands.reduce((fed, id, i) => fed + weighted(activity.of(id).terms, uses[i]!), 0);

/** `fed`: term–weight pairs. A graded value multiplies its weights; the paper's analog layers are free or dense. */
export function linearCounts(
  { isEmbedding, isHead, graded, annMacs }: CountedProjection,
  fed: number,
): Counts {
  const work: Operations = graded[0] ? { ...NO_OPERATIONS, macs: fed } : { ...NO_OPERATIONS, acs: fed };
  const paper = isEmbedding ? NO_OPERATIONS : isHead ? { ...NO_OPERATIONS, acs: annMacs } : work;
  return { paper, performed: work };
}

function weighted(terms: Uint8Array, uses: Int32Array): number {
  let total = 0;
  for (let i = 0; i < terms.length; i++) total += terms[i]! * uses[i]!;
  return total;
}

/**
 * Per channel, a and b the terms of this step, A and B the nonzero sums after it, B' before it:
 * paper a·b + a·B + A·b; performed a·B' + A·b (events of the first operand are worked off first).
 */
function productCounts(node: Product, places: Places, activity: StepActivity): Counts {
  const [groups, rows, columns] = node.type.shape as [number, number, number];
  const { inner } = node.attrs;
  const [a, b] = node.operands as readonly [ValueId, ValueId];
  const left = channelCounts(activity, a, places[0]!, { groups, rows, inner });
  const right = channelCounts(activity, b, places[1]!, { groups, rows: columns, inner });
  let paper = 0;
  let performed = 0;
  for (let i = 0; i < groups * inner; i++) {
    const [termsA, termsB] = [left.terms[i]!, right.terms[i]!];
    paper += termsA * termsB + termsA * right.after[i]! + left.after[i]! * termsB;
    performed += termsA * right.before[i]! + left.after[i]! * termsB;
  }
  return { paper: { ...NO_OPERATIONS, acs: paper }, performed: { ...NO_OPERATIONS, acs: performed } };
}

function channelCounts(
  activity: StepActivity,
  id: ValueId,
  indices: Int32Array,
  { groups, rows, inner }: { readonly groups: number; readonly rows: number; readonly inner: number },
) {
  const { terms, sums } = activity.of(id);
  const before = activity.before(id);
  const out = {
    terms: new Float64Array(groups * inner),
    after: new Float64Array(groups * inner),
    before: new Float64Array(groups * inner),
  };
  for (let at = 0; at < indices.length; at += inner) {
    const first = Math.floor(at / (rows * inner)) * inner;
    for (let c = 0; c < inner; c++) {
      const source = indices[at + c]!;
      if (source === HOLE) continue;
      out.terms[first + c]! += terms[source]!;
      out.after[first + c]! += sums[source] === 0 ? 0 : 1;
      out.before[first + c]! += before[source]!;
    }
  }
  return out;
}

/** As productCounts, every neuron by itself. */
function hadamardCounts(node: Hadamard, places: Places, activity: StepActivity): Counts {
  const [a, b] = node.operands as readonly [ValueId, ValueId];
  const size = sizeOf(node.type.shape);
  const [left, right] = places as readonly [Int32Array, Int32Array];
  const [now, other] = [activity.of(a), activity.of(b)];
  const beforeB = activity.before(b);
  let paper = 0;
  let performed = 0;
  for (let i = 0; i < size; i++) {
    const [p, q] = [left[i]!, right[i]!];
    if (p === HOLE || q === HOLE) continue;
    const [termsA, termsB] = [now.terms[p]!, other.terms[q]!];
    const fromB = now.sums[p] === 0 ? 0 : termsB;
    paper += termsA * termsB + (other.sums[q] === 0 ? 0 : termsA) + fromB;
    performed += termsA * beforeB[q]! + fromB;
  }
  return { paper: { ...NO_OPERATIONS, acs: paper }, performed: { ...NO_OPERATIONS, acs: performed } };
}
