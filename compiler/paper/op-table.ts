/**
 * Operations of every kind of layer, from shapes alone: the paper's Table 3 for any network. No weight is read.
 *
 * Source  ECMT Table 3: linears and products in multiply-accumulates, functions in elements. Its row of q·k has
 *         the formula Nh·N·(C/Nh)²; q·kᵀ takes Nh·N·N·(C/Nh), and `printed` keeps the former beside it
 */
import type { AnnGraph, AnnNode, AnnOf } from '../../ir/ann.ts';
import { nodeMap, readersOf, sizeOf, type ValueId } from '../../ir/dialect.ts';
import { behindViews, linearKind } from '../sites.ts';

export type OpKind = 'linear' | 'product' | 'function' | 'elementwise';

export interface OpRow {
  readonly label: string;
  readonly kind: OpKind;
  /** Nodes of the network that do it. */
  readonly nodes: number;
  /** Multiply-accumulates (linear, product) or elements of all of them, per image. */
  readonly total: number;
  /** The total by the formula that the paper prints, where that is another. */
  readonly printed?: number;
}

export interface OpTable {
  readonly rows: readonly OpRow[];
  /** Attention blocks. */
  readonly blocks: number;
  /** Multiply-accumulates as Eq. 30 wants them: `embedding` is left out of the paper's ratio. */
  readonly macs: {
    readonly linear: number;
    readonly product: number;
    readonly head: number;
    readonly embedding: number;
  };
}

export function opTable(graph: AnnGraph): OpTable {
  const byId = nodeMap(graph.nodes);
  const readers = readersOf(graph.nodes);
  const rows = new Map<string, OpRow>();
  for (const node of graph.nodes) {
    const op = operationOf(node, graph, byId, readers);
    if (op === undefined) continue;
    const known = rows.get(op.label);
    rows.set(op.label, {
      ...op,
      nodes: 1 + (known?.nodes ?? 0),
      total: op.total + (known?.total ?? 0),
      ...(op.printed === undefined ? {} : { printed: op.printed + (known?.printed ?? 0) }),
    });
  }
  const list = [...rows.values()];
  const sum = (wanted: (row: OpRow) => boolean) =>
    list.reduce((n, row) => n + (wanted(row) ? row.total : 0), 0);
  const special = new Set(['head', 'embedding']);
  return {
    rows: list,
    blocks: rows.get(SCORES)?.nodes ?? 0,
    macs: {
      linear: sum(({ kind, label }) => kind === 'linear' && !special.has(label)),
      product: sum(({ kind }) => kind === 'product'),
      head: sum(({ label }) => label === 'head'),
      embedding: sum(({ label }) => label === 'embedding'),
    },
  };
}

const SCORES = 'q·k';
const ATTENDED = 's·v';
type Nodes = ReadonlyMap<ValueId, AnnNode>;
type Readers = ReadonlyMap<ValueId, readonly AnnNode[]>;
type Operation = Omit<OpRow, 'nodes'>;

function operationOf(node: AnnNode, graph: AnnGraph, byId: Nodes, readers: Readers): Operation | undefined {
  const elements = sizeOf(node.type.shape);
  switch (node.kind) {
    case 'input':
    case 'output':
    case 'view':
      return undefined;
    case 'linear': {
      const inputs = graph.constants.get(node.attrs.weight).shape[0]!;
      return { label: linearKind(node, byId, readers), kind: 'linear', total: elements * inputs };
    }
    case 'matmul':
      return productOf(node, byId);
    case 'layernorm':
    case 'rmsnorm':
    case 'softmax':
      return { label: node.kind, kind: 'function', total: elements };
    case 'pointwise':
      return { label: node.attrs.function, kind: 'function', total: elements };
    case 'reduce':
      return {
        label: node.attrs.op,
        kind: 'elementwise',
        total: sizeOf(byId.get(node.operands[0]!)!.type.shape),
      };
    case 'add':
    case 'mul':
    case 'affine':
      return { label: node.kind, kind: 'elementwise', total: elements };
    default:
      return node satisfies never;
  }
}

function productOf(node: AnnOf<'matmul'>, byId: Nodes): Operation {
  const [groups, rows] = node.type.shape as readonly [number, number, number];
  const left = byId.get(node.operands[0]!)!;
  const inner = left.type.shape.at(-1)!;
  const total = sizeOf(node.type.shape) * inner;
  const isAttended = node.operands.some(id => byId.get(behindViews(id, byId))?.kind === 'softmax');
  if (isAttended) return { label: ATTENDED, kind: 'product', total };
  return { label: SCORES, kind: 'product', total, printed: groups * rows * inner ** 2 };
}
