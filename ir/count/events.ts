/**
 * The slow, obviously right counter: walks every term of every spike to every weight or partner it meets and
 * adds one for each. Its totals and those of closed-form.ts must be equal as integers.
 */
import type { ValueId } from '../dialect.ts';
import { HOLE, mapIndices } from '../map.ts';
import type { Coding } from '../snn.ts';
import { addedCounts, hasBias, linearCounts, type StepActivity } from './closed-form.ts';
import {
  addOperations,
  type CountedPopulation,
  type CountedProjection,
  type Counts,
  type Hadamard,
  NO_OPERATIONS,
  type Product,
} from './counts.ts';
import { somaOperations } from './soma-operations.ts';

export function eventCounts(
  population: CountedPopulation,
  coding: Coding,
  step: number,
  activity: StepActivity,
): Counts {
  let total: Counts = { paper: NO_OPERATIONS, performed: NO_OPERATIONS };
  let biasAdds = 0;
  for (const projection of population.projections) {
    const counts = walk(projection, activity);
    total = {
      paper: addOperations(total.paper, counts.paper),
      performed: addOperations(total.performed, counts.performed),
    };
    const enters = hasBias(projection) && (coding === 'rate' || step === 1);
    if (enters) for (let i = 0; i < activity.of(population.node.id).terms.length; i++) biasAdds += 1;
  }
  let neurons = 0;
  let terms = 0;
  for (const count of activity.of(population.node.id).terms) {
    neurons += 1;
    for (let term = 0; term < count; term++) terms += 1;
  }
  const soma = somaOperations(population, coding, step, { neurons, terms }, biasAdds);
  return { paper: total.paper, performed: addOperations(total.performed, soma) };
}

function walk(projection: CountedProjection, activity: StepActivity): Counts {
  const { node, uses } = projection;
  if (node.kind === 'product') return walkProduct(node, activity);
  if (node.kind === 'hadamard') return walkHadamard(node, activity);
  const channels = node.kind === 'linear' ? node.type.shape.at(-1)! : 1;
  let events = 0;
  node.operands.forEach((id, operand) => {
    const { terms } = activity.of(id);
    for (let i = 0; i < terms.length; i++) {
      for (let term = 0; term < terms[i]!; term++) {
        for (let use = 0; use < uses[operand]![i]!; use++) for (let c = 0; c < channels; c++) events += 1;
      }
    }
  });
  const isWeighted = node.kind === 'linear' || node.kind === 'depthwise';
  return isWeighted ? linearCounts(projection, events) : addedCounts(events);
}

function walkProduct(node: Product, activity: StepActivity): Counts {
  const [groups, rows, columns] = node.type.shape as [number, number, number];
  const { inner } = node.attrs;
  const [a, b] = node.operands as readonly [ValueId, ValueId];
  const left = mapIndices(node.attrs.mapA, groups * rows * inner);
  const right = mapIndices(node.attrs.mapB, groups * columns * inner);
  const tally = { paper: 0, performed: 0 };
  for (let g = 0; g < groups; g++) {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        for (let c = 0; c < inner; c++) {
          const p = left[(g * rows + i) * inner + c]!;
          const q = right[(g * columns + j) * inner + c]!;
          addPair(p, q, a, b, activity, tally);
        }
      }
    }
  }
  return tallied(tally);
}

function walkHadamard(node: Hadamard, activity: StepActivity): Counts {
  const size = node.type.shape.reduce((n, length) => n * length, 1);
  const [a, b] = node.operands as readonly [ValueId, ValueId];
  const left = mapIndices(node.attrs.mapA, size);
  const right = mapIndices(node.attrs.mapB, size);
  const tally = { paper: 0, performed: 0 };
  for (let i = 0; i < size; i++) addPair(left[i]!, right[i]!, a, b, activity, tally);
  return tallied(tally);
}

interface Tally {
  paper: number;
  performed: number;
}
const tallied = ({ paper, performed }: Tally): Counts => ({
  paper: { ...NO_OPERATIONS, acs: paper },
  performed: { ...NO_OPERATIONS, acs: performed },
});

/** Every term of element p of a that meets element q of b, and the other way round. */
function addPair(p: number, q: number, a: ValueId, b: ValueId, activity: StepActivity, tally: Tally): void {
  if (p === HOLE || q === HOLE) return;
  const [left, right] = [activity.of(a), activity.of(b)];
  const beforeB = activity.before(b);
  const [x, y] = [left.terms[p]!, right.terms[q]!];
  for (let term = 0; term < x; term++) {
    for (let other = 0; other < y; other++) tally.paper += 1;
    if (right.sums[q] !== 0) tally.paper += 1;
    if (beforeB[q] !== 0) tally.performed += 1;
  }
  for (let term = 0; term < y; term++) {
    if (left.sums[p] === 0) continue;
    tally.paper += 1;
    tally.performed += 1;
  }
}
