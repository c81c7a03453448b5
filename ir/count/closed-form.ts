/**
 * Counts of one step from popcounts and static tables: terms times fan-out for linears, sums over channels
 * for products. The fast way; events.ts counts the same event by event.
 */
import type { ValueId } from '../dialect.ts';
import { mapIndices } from '../map.ts';
import type { Coding } from '../snn.ts';
import {
  type Activity,
  addOperations,
  type CountedPopulation,
  type CountedProjection,
  type Counts,
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
  return { paper, performed: addOperations(performed, somaOperations(population, coding, soma, biasAdds)) };
}

const sum = (data: Uint8Array): number => data.reduce((a, b) => a + b, 0);
const sizeOfNode = ({ node }: CountedPopulation) => node.type.shape.reduce((a, b) => a * b, 1);
export const hasBias = ({ node }: CountedProjection): boolean =>
  node.kind === 'linear' && node.attrs.bias !== undefined;

function projectionCounts(projection: CountedProjection, activity: StepActivity): Counts {
  const { node } = projection;
  switch (node.kind) {
    case 'linear': {
      const fed =
        weighted(activity.of(node.operands[0]!).terms, projection.uses[0]!) * node.type.shape.at(-1)!;
      return linearCounts(projection, fed);
    }
    case 'relay': {
      const fed = node.operands.map((id, i) => weighted(activity.of(id).terms, projection.uses[i]!));
      const acs = fed.reduce((a, b) => a + b, 0);
      return { paper: NO_OPERATIONS, performed: { ...NO_OPERATIONS, acs } };
    }
    case 'product':
      return productCounts(node, activity);
    default:
      return node satisfies never;
  }
}

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
function productCounts(node: Product, activity: StepActivity): Counts {
  const [groups, rows, columns] = node.type.shape as [number, number, number];
  const { inner, mapA, mapB } = node.attrs;
  const [a, b] = node.operands as readonly [ValueId, ValueId];
  const left = channelCounts(activity.of(a), activity.before(a), mapA, groups, rows, inner);
  const right = channelCounts(activity.of(b), activity.before(b), mapB, groups, columns, inner);
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
  activity: Activity,
  before: Uint8Array,
  map: Product['attrs']['mapA'],
  groups: number,
  rows: number,
  inner: number,
) {
  const indices = mapIndices(map, groups * rows * inner);
  const out = {
    terms: new Float64Array(groups * inner),
    after: new Float64Array(groups * inner),
    before: new Float64Array(groups * inner),
  };
  for (let i = 0; i < indices.length; i++) {
    const channel = Math.floor(i / (rows * inner)) * inner + (i % inner);
    const source = indices[i]!;
    out.terms[channel]! += activity.terms[source]!;
    out.after[channel]! += activity.sums[source] === 0 ? 0 : 1;
    out.before[channel]! += before[source]!;
  }
  return out;
}
