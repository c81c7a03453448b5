/**
 * Sites: the places where a network fires. A site is a value that a linear or a product reads as spikes; its
 * kind decides the default profile's threshold. Kinds come from the structure around a value, never from names.
 */
import type { AnnGraph, AnnNode } from '../ir/ann.ts';
import { nodeMap, readersOf, type ValueId } from '../ir/dialect.ts';

export const SITE_KINDS = [
  ...['embedding', 'qkv', 'q', 'k', 'v', 'softmax', 'proj', 'fc1', 'fc2', 'linear', 'head'],
  /** Read by taps of its own (a scale, a rotation, a pool), and by an elementwise product: one synapse a spike. */
  ...['gain', 'gate'],
] as const;
export type SiteKind = (typeof SITE_KINDS)[number];

/** Site kind of every value that fires, keyed by the value behind all views. */
export type Sites = ReadonlyMap<ValueId, SiteKind>;

/** The value that a view chain looks at. */
export function behindViews(id: ValueId, byId: ReadonlyMap<ValueId, AnnNode>): ValueId {
  let node = byId.get(id);
  while (node?.kind === 'view' && node.operands.length === 1) node = byId.get(node.operands[0]!);
  return node?.id ?? id;
}

export function findSites(graph: AnnGraph): Sites {
  const byId = nodeMap(graph.nodes);
  const readers = readersOf(graph.nodes);
  const sites = new Map<ValueId, SiteKind>();
  for (const node of graph.nodes) {
    const kind = elementwiseSite(node);
    if (kind !== undefined) for (const id of node.operands) sites.set(behindViews(id, byId), kind);
  }
  for (const node of graph.nodes) {
    if (node.kind === 'linear') {
      const source = behindViews(node.operands[0]!, byId);
      sites.set(source, linearSite(node, byId.get(source), byId, readers));
    } else if (node.kind === 'matmul') {
      const [a, b] = node.operands.map(id => behindViews(id, byId)) as [ValueId, ValueId];
      const isAttentionOutput = byId.get(a)?.kind === 'softmax';
      sites.set(a, isAttentionOutput ? 'softmax' : 'q');
      sites.set(b, isAttentionOutput ? 'v' : 'k');
    }
  }
  return sites;
}

/** Where a scale folds into weights nothing fires after all; its site is then never asked for. */
function elementwiseSite(node: AnnNode): SiteKind | undefined {
  switch (node.kind) {
    case 'mul':
      return 'gate';
    case 'affine':
      return node.attrs.scale === undefined ? undefined : 'gain';
    case 'reduce':
      return node.attrs.op === 'max' ? undefined : 'gain';
    case 'pointwise':
      return node.attrs.function === 'square'
        ? 'gate'
        : node.attrs.function === 'negate'
          ? 'gain'
          : undefined;
    default:
      return undefined;
  }
}

function linearSite(
  linear: AnnNode,
  source: AnnNode | undefined,
  byId: ReadonlyMap<ValueId, AnnNode>,
  readers: ReadonlyMap<ValueId, readonly AnnNode[]>,
): SiteKind {
  const after = readersBehindViews(linear.id, byId, readers);
  if (source?.kind === 'input') return 'embedding';
  if (source?.kind === 'matmul') return 'proj';
  if (source?.kind === 'pointwise' || source?.kind === 'mul') return 'fc2';
  if (after.some(node => node.kind === 'output')) return 'head';
  if (after.some(node => node.kind === 'matmul')) return 'qkv';
  return after.some(node => node.kind === 'pointwise' || node.kind === 'mul') ? 'fc1' : 'linear';
}

function readersBehindViews(
  id: ValueId,
  byId: ReadonlyMap<ValueId, AnnNode>,
  readers: ReadonlyMap<ValueId, readonly AnnNode[]>,
): readonly AnnNode[] {
  return (readers.get(id) ?? []).flatMap(node =>
    node.kind === 'view' ? readersBehindViews(node.id, byId, readers) : [node],
  );
}
