/** How deep a network is, and how deep one may be that is walked from its outputs. */
import type { AnnGraph } from '../ir/ann.ts';
import { fail } from '../ir/diagnostics/diagnostic.ts';
import type { ValueId } from '../ir/dialect.ts';

/** Twice the depth of the deepest Vision Transformers. What is deeper no axon delays reach, nor does the stack. */
const DEEPEST = 1000;

/** Errors E0302. */
export function checkDepth(graph: AnnGraph): void {
  const depth = depthOf(graph);
  if (depth <= DEEPEST) return;
  const what = `a chain of ${depth} operations, each of the result before it (${DEEPEST} at most),`;
  fail('E0302', { origin: graph.name }, { what }, 'Take a model with fewer layers.');
}

/** Operations on the longest way from the image to a result; views cost nothing. */
function depthOf(graph: AnnGraph): number {
  const depths = new Map<ValueId, number>();
  let deepest = 0;
  for (const node of graph.nodes) {
    const before = node.operands.reduce((max, id) => Math.max(max, depths.get(id) ?? 0), 0);
    const depth = before + (node.kind === 'view' ? 0 : 1);
    depths.set(node.id, depth);
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}
