/**
 * When every population runs. A message sent in chip timestep k is used in k + 1 at the earliest. With rows unrolled in
 * space a population is one deeper than the deepest of its sources, and shallower sources wait in axon delays; rows that
 * pass through time are scheduled in row-schedule.ts.
 *
 * Source  design 4 §3: population p executes step t of an image at chip timestep depth(p) + t − 1
 */
import type { Accounting } from '../../backends/accounting.ts';
import type { Mode } from '../../ir/chip.ts';
import type { ValueId } from '../../ir/dialect.ts';
import { nodeMap } from '../../ir/dialect.ts';
import type { IntGraph } from '../../ir/int.ts';
import { type RowSchedule, scheduleRows } from './row-schedule.ts';
import { holdLimitsOf } from './row-waits.ts';

export interface Schedule {
  /** First timestep of every population; the input has 0: the host sends step 1 in timestep 0. */
  readonly starts: ReadonlyMap<ValueId, number>;
  /** Timesteps from the first input message to the last readout of one image. */
  readonly depth: number;
  /** Timesteps from one image to the next. */
  readonly interval: number;
  /** Where rows pass through time; undefined: they are unrolled in space. */
  readonly rows: RowSchedule | undefined;
}

/** Needs: of `streaming` that the network has one step; its cores decide what may wait where. */
export function scheduleOf(graph: IntGraph, mode: Mode, accounting: Accounting): Schedule {
  if (mode === 'streaming') {
    const rows = scheduleRows(graph, holdLimitsOf(accounting));
    return { starts: rows.starts, depth: rows.depth, interval: rows.interval, rows };
  }
  const { steps } = graph.attrs;
  const starts = findDepths(graph);
  const deepest = Math.max(0, ...starts.values());
  const depth = mode === 'layerwise' ? deepest * steps : deepest + steps - 1;
  return { starts, depth, interval: mode === 'layerwise' ? depth : steps, rows: undefined };
}

/** The input has depth 0: the host sends step t in chip timestep t − 1. */
export function findDepths(graph: IntGraph): ReadonlyMap<ValueId, number> {
  const byId = nodeMap(graph.nodes);
  const depths = new Map<ValueId, number>();
  for (const node of graph.nodes) {
    if (node.kind === 'input') depths.set(node.id, 0);
    if (node.kind !== 'population') continue;
    const sources = node.operands.flatMap(id => byId.get(id)!.operands);
    depths.set(node.id, 1 + Math.max(0, ...sources.map(id => depths.get(id)!)));
  }
  return depths;
}

/** Steps that a message waits at its target so that operands of equal step meet. */
export const delayOf = (sourceDepth: number, targetDepth: number): number => targetDepth - sourceDepth - 1;
