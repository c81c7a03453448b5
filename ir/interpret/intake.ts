/**
 * How a projection takes in what is sent: what step t of each operand counts for, and how a step is rounded. Only
 * `differential` weighs anything, and only what comes as spikes (docs/rationale/differential.md).
 */
import type { IntGraph, IntProjection } from '../int.ts';
import { isSpiking, type SnnGraph, type SnnProjection } from '../snn.ts';
import { stepWeight, weightFraction } from '../step-weights.ts';

export interface Intake {
  readonly weights: readonly ((t: number) => number)[];
  /** What a step adds is rounded by 2^−shift; 0: nothing is. */
  readonly shift: number;
}

export function intakeOf(node: SnnProjection | IntProjection, graph: SnnGraph | IntGraph): Intake {
  const bits = weighedBits(node, graph);
  if (graph.dialect.stage === 'snn') {
    const weights = bits.map(b => (t: number) => (b === 0 ? 1 : 1 / t));
    return { weights, shift: 0 };
  }
  const weights = bits.map(b => (t: number) => stepWeight(t, b));
  // Both operands of a product are weighed; the sources of a relay are of one kind.
  const isProduct = node.kind === 'product' || node.kind === 'hadamard';
  const shift = isProduct ? bits.reduce((a, b) => a + b, 0) : Math.max(0, ...bits);
  return { weights, shift };
}

/**
 * Fraction bits that each operand's payloads are weighed with: those of spikes and of partial sums on their way out;
 * what a partial sum itself takes in is not weighed yet. 0: nothing is weighed.
 */
export function weighedBits(
  projection: SnnProjection | IntProjection,
  graph: SnnGraph | IntGraph,
): readonly number[] {
  const {
    attrs,
    nodes,
  }: { readonly attrs: SnnGraph['attrs']; readonly nodes: SnnGraph['nodes'] | IntGraph['nodes'] } = graph;
  const bits = weightFraction(attrs.coding, attrs.steps);
  if (bits === 0) return projection.operands.map(() => 0);
  const find = (isWanted: (node: (typeof nodes)[number]) => boolean) => {
    for (const node of nodes) if (isWanted(node)) return node.kind === 'population' ? node : undefined;
    return undefined;
  };
  const isPartial = (node: ReturnType<typeof find>) => node?.attrs.function.kind === 'partial';
  const reader = find(({ operands }) => operands.includes(projection.id));
  return projection.operands.map(id => {
    const source = find(node => node.id === id);
    const spikes = source !== undefined && isSpiking(source.attrs.emit);
    return isPartial(source) || (spikes && !isPartial(reader)) ? bits : 0;
  });
}
