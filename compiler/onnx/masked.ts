/** Where a mask stands in for −∞, its finite number must not come out of the network: only a softmax makes it right. */
import type { AnnGraph, AnnNode } from '../../ir/ann.ts';
import type { Report } from '../../ir/diagnostics/diagnostic.ts';
import { nodeMap, type ValueId } from '../../ir/dialect.ts';
import { MASKED } from './context.ts';

const PASSED_ON: ReadonlySet<AnnNode['kind']> = new Set(['output', 'view', 'add', 'affine']);

/** Errors E0106 for an output that still holds masked scores. */
export function refuseMaskedOutputs({ nodes, outputs, constants }: AnnGraph, report: Report): void {
  const masks = (node: AnnNode): boolean =>
    node.kind === 'affine' &&
    node.attrs.shift !== undefined &&
    constants.get(node.attrs.shift).data.includes(MASKED);
  const holding = new Set<ValueId>();
  for (const node of nodes) {
    const isPassedOn = PASSED_ON.has(node.kind) && node.operands.some(id => holding.has(id));
    if (isPassedOn || masks(node)) holding.add(node.id);
  }
  const byId = nodeMap(nodes);
  for (const id of outputs) {
    const { origin } = byId.get(id)!;
    const reason = `output ${origin} holds masked scores, −∞ among them; read the network behind the softmax`;
    if (holding.has(id)) report('E0106', { origin }, { operator: 'output', reason });
  }
}
