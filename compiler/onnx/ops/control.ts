/** Choices between graphs that constants make. */
import { constantAt, type OpRule, refuse } from '../context.ts';
import type { OpTable } from './entry.ts';

/** An `If` whose condition is known is the branch that it takes. */
const ifThenElse: OpRule = context => {
  const { data } = constantAt(context, 0, 'the condition');
  if (data.length !== 1) return refuse(`a condition of ${data.length} numbers`);
  const branch = context.node.attributes.get(data[0] === 0 ? 'else_branch' : 'then_branch');
  return branch?.kind === 'graph' ? context.run(branch.graph) : refuse('the branch that it takes is missing');
};

export const controlOps: OpTable = {
  If: { rule: ifThenElse, limits: 'the condition is a constant', movesNumbers: true },
};
