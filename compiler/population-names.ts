/** Names for populations, from the structure around a value: `blocks.3.fc1`. They label; nothing depends on them. */
import type { AnnGraph, AnnNode } from '../ir/ann.ts';
import { nodeMap, type ValueId } from '../ir/dialect.ts';
import { behindViews, findSites, type SiteKind } from './sites.ts';

export function nameSites(graph: AnnGraph): ReadonlyMap<ValueId, string> {
  const sites = findSites(graph);
  const byId = nodeMap(graph.nodes);
  const names = new Map<ValueId, string>();
  let block = -1;
  for (const node of graph.nodes) {
    const site = sites.get(node.id);
    if (site === 'qkv') block += 1;
    const role = roleOf(node, site, byId, block);
    if (role === undefined) continue;
    names.set(node.id, OUTSIDE_BLOCKS.has(role) || block < 0 ? role : `blocks.${block}.${role}`);
  }
  return names;
}

const OUTSIDE_BLOCKS: ReadonlySet<string> = new Set(['image', 'embed', 'norm', 'head']);

function roleOf(
  node: AnnNode,
  site: SiteKind | undefined,
  byId: ReadonlyMap<ValueId, AnnNode>,
  block: number,
): string | undefined {
  if (site === 'q' || site === 'k' || site === 'v') return site;
  switch (node.kind) {
    case 'input':
      return 'image';
    case 'layernorm':
    case 'rmsnorm':
      return site === 'qkv' ? 'ln1' : site === 'fc1' ? 'ln2' : 'norm';
    case 'softmax':
      return 'scores';
    case 'pointwise':
      return 'fc1';
    case 'matmul':
      return site === 'proj' ? 'attention' : undefined;
    case 'linear':
      return isHead(node, byId) ? 'head' : undefined;
    case 'mul':
      return 'gate';
    case 'reduce':
      return 'pool';
    case 'add':
      return node.operands.some(id => isAfterAttention(id, byId)) ? 'res1' : 'res2';
    case 'affine':
    case 'view':
      return block < 0 ? 'embed' : undefined;
    default:
      return undefined;
  }
}

function isHead(node: AnnNode, byId: ReadonlyMap<ValueId, AnnNode>): boolean {
  return [...byId.values()].some(n => n.kind === 'output' && behindViews(n.operands[0]!, byId) === node.id);
}

function isAfterAttention(id: ValueId, byId: ReadonlyMap<ValueId, AnnNode>): boolean {
  const node = byId.get(id);
  return node?.kind === 'linear' && byId.get(behindViews(node.operands[0]!, byId))?.kind === 'matmul';
}
