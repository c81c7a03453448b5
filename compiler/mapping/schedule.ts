/**
 * When every population runs. A message sent in chip timestep k is used in k + 1 at the earliest, so a
 * population is one deeper than the deepest of its sources; shallower sources wait in axon delays.
 *
 * Source  design 4 §3: population p executes step t of an image at chip timestep depth(p) + t − 1
 */
import type { ValueId } from '../../ir/dialect.ts';
import { nodeMap } from '../../ir/dialect.ts';
import type { IntGraph } from '../../ir/int.ts';

/** The input has depth 0: the host sends step t in chip timestep t − 1. */
export function findDepths(graph: IntGraph): ReadonlyMap<ValueId, number> {
  const byId = nodeMap(graph.nodes);
  const depths = new Map<ValueId, number>();
  for (const node of graph.nodes) {
    if (node.kind === 'input') depths.set(node.id, 0);
    if (node.kind !== 'population') continue;
    const sources = node.operands.flatMap(id => byId.get(id)!.operands);
    depths.set(node.id, 1 + Math.max(...sources.map(id => depths.get(id)!)));
  }
  return depths;
}

/** Steps that a message waits at its target so that operands of equal step meet. */
export const delayOf = (sourceDepth: number, targetDepth: number): number => targetDepth - sourceDepth - 1;
