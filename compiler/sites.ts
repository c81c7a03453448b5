/**
 * Sites: the places where a network fires. A site is a value that a linear or a product reads as spikes; its
 * kind decides the default profile's threshold. Kinds come from the structure around a value, never from names.
 */
import type { AnnGraph, AnnNode, AnnOf } from '../ir/ann.ts';
import { nodeMap, readersOf, type ValueId } from '../ir/dialect.ts';
import type { Term } from './gather.ts';
import { planPopulations } from './plan.ts';

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

/** A value that is read in several ways has the kind of its last linear or product, in the network's order. */
export function findSites(graph: AnnGraph): Sites {
  const byId = nodeMap(graph.nodes);
  const readers = readersOf(graph.nodes);
  const order = new Map(graph.nodes.map((node, i) => [node.id, i]));
  const found: { readonly value: ValueId; readonly kind: SiteKind; readonly at: number }[] = [];
  for (const { terms } of planPopulations(graph).populations.values()) {
    for (const term of terms) {
      const at = term.kind === 'linear' || term.kind === 'product' ? order.get(term.node)! : BEFORE_ALL;
      for (const [value, kind] of sitesOfTerm(term, byId, readers)) found.push({ value, kind, at });
    }
  }
  return new Map(found.sort((a, b) => a.at - b.at).map(({ value, kind }) => [value, kind]));
}

const BEFORE_ALL = -1;
type Nodes = ReadonlyMap<ValueId, AnnNode>;
type Readers = ReadonlyMap<ValueId, readonly AnnNode[]>;

function sitesOfTerm(term: Term, byId: Nodes, readers: Readers): readonly (readonly [ValueId, SiteKind])[] {
  switch (term.kind) {
    case 'linear': {
      const { value } = term.x;
      return [[value, linearSite(byId.get(term.node)!, byId.get(value), byId, readers)]];
    }
    case 'product': {
      const isAttentionOutput = byId.get(term.a.value)?.kind === 'softmax';
      return [
        [term.a.value, isAttentionOutput ? 'softmax' : 'q'],
        [term.b.value, isAttentionOutput ? 'v' : 'k'],
      ];
    }
    case 'hadamard':
      return [
        [term.a.value, 'gate'],
        [term.b.value, 'gate'],
      ];
    case 'depthwise':
      return [[term.x.value, 'gain']];
    case 'relay':
    case 'maximum':
    case 'bias':
      return [];
    default:
      return term satisfies never;
  }
}

/** What a linear is for in its network. */
export const linearKind = (linear: AnnOf<'linear'>, byId: Nodes, readers: Readers): SiteKind =>
  linearSite(linear, byId.get(behindViews(linear.operands[0]!, byId)), byId, readers);

function linearSite(linear: AnnNode, source: AnnNode | undefined, byId: Nodes, readers: Readers): SiteKind {
  const after = readersBehindViews(linear.id, byId, readers);
  if (source?.kind === 'input') return 'embedding';
  if (source?.kind === 'matmul') return 'proj';
  if (source?.kind === 'pointwise' || source?.kind === 'mul') return 'fc2';
  if (after.some(node => node.kind === 'output')) return 'head';
  if (after.some(node => node.kind === 'matmul')) return 'qkv';
  return after.some(node => node.kind === 'pointwise' || node.kind === 'mul') ? 'fc1' : 'linear';
}

function readersBehindViews(id: ValueId, byId: Nodes, readers: Readers): readonly AnnNode[] {
  return (readers.get(id) ?? []).flatMap(node =>
    node.kind === 'view' ? readersBehindViews(node.id, byId, readers) : [node],
  );
}
