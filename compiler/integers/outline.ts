/**
 * The outline of an integer network: its populations and projections without their numbers, for whoever asks how
 * large things are before anything is calibrated. No weight is read; formats are 0 and thresholds 1.
 */
import type { ConstId } from '../../ir/constants.ts';
import { type IntEmit, type IntGraph, type IntNode, int } from '../../ir/int.ts';
import type { SnnEmit, SnnGraph, SnnNode } from '../../ir/snn.ts';
import { integerFunction } from './functions.ts';

export interface Widths {
  readonly accumulatorBits: number;
  readonly stateBits: number;
}

export function outlineIntegers(graph: SnnGraph, { accumulatorBits, stateBits }: Widths): IntGraph {
  const none = graph.constants.add({ dtype: 'i32', shape: [], data: Int32Array.of(0) });
  const { coding, steps } = graph.attrs;
  return {
    ...graph,
    dialect: int,
    attrs: { coding, steps, accumulatorBits, stateBits },
    nodes: graph.nodes.map(node => outlineNode(node, graph, none)),
  };
}

const FORMAT = { fraction: 0, outFraction: 0 };

function outlineNode(node: SnnNode, { constants }: SnnGraph, none: ConstId): IntNode {
  const { fraction } = FORMAT;
  switch (node.kind) {
    case 'input':
      return { ...node, attrs: { ...node.attrs, fraction } };
    case 'linear':
      return { ...node, attrs: { ...node.attrs, scale: none } };
    case 'depthwise':
      return { ...node, attrs: { ...node.attrs, scale: none } };
    case 'product':
      return { ...node, attrs: { ...node.attrs, fraction } };
    case 'hadamard':
      return { ...node, attrs: { ...node.attrs, fraction } };
    case 'maximum':
      return { ...node, attrs: { ...node.attrs, fraction } };
    case 'relay':
      return { ...node, attrs: { ...node.attrs, fraction } };
    case 'bias':
      return { ...node, attrs: { ...node.attrs, fraction } };
    case 'population': {
      const { axes, emit } = node.attrs;
      const fn = integerFunction(node, { ...FORMAT, tables: { log2: none, exp2: none } }, constants);
      const sent = outlineEmit(emit);
      return { ...node, attrs: { ...FORMAT, axes, function: fn, emit: sent } };
    }
    default:
      return node satisfies never;
  }
}

/** Emits that stage `int` does not have stand as relays, which cost no less. */
function outlineEmit(emit: SnnEmit): IntEmit {
  if (emit.kind === 'mt') return { ...emit, theta: 0 };
  return emit.kind === 'readout' ? emit : { kind: 'relay' };
}
