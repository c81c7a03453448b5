/** Where a mask stands in for −∞, its finite number must not come out of the network: only a softmax makes it right. */
import type { AnnGraph } from '../../ir/ann.ts';
import type { Report } from '../../ir/diagnostics/diagnostic.ts';
import { nodeMap, type ValueId } from '../../ir/dialect.ts';
import { MASKED } from './context.ts';

/** Errors E0106 for an output that still holds masked scores. */
export function refuseMaskedOutputs(graph: AnnGraph, report: Report): void {
  const byId = nodeMap(graph.nodes);
  const seen = new Set<ValueId>();
  const holdsMask = (id: ValueId): boolean => {
    const node = byId.get(id)!;
    if (seen.has(id)) return false;
    seen.add(id);
    const { kind, operands } = node;
    if (kind === 'affine' && node.attrs.shift !== undefined) {
      if (graph.constants.get(node.attrs.shift).data.includes(MASKED)) return true;
    }
    const passes = kind === 'output' || kind === 'view' || kind === 'add' || kind === 'affine';
    return passes && operands.some(holdsMask);
  };
  for (const id of graph.outputs) {
    const { origin } = byId.get(id)!;
    const reason = `output ${origin} holds masked scores, −∞ among them; read the network behind the softmax`;
    seen.clear();
    if (holdsMask(id)) report('E0106', { origin }, { operator: 'output', reason });
  }
}
