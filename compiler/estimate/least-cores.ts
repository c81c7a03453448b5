/** How few cores will do at the least in a mode, so that boards with fewer need not be tried; and how many weights there are. */
import type { Accounting } from '../../backends/accounting.ts';
import type { Mode } from '../../ir/chip.ts';
import { sizeOf } from '../../ir/dialect.ts';
import type { IntGraph } from '../../ir/int.ts';
import { createDemandModel } from '../mapping/demand.ts';
import { leastCores } from '../mapping/least-cores.ts';
import { scheduleOf } from '../mapping/schedule.ts';

/** Needs: of `streaming` that the network has one step. */
export const leastCoresIn = (
  graph: IntGraph,
  accounting: Accounting,
  weightBits: number,
  mode: Mode,
): number => {
  const demand = createDemandModel(graph, accounting, weightBits, scheduleOf(graph, mode, accounting));
  return leastCores(graph, accounting, weightBits, demand);
};

/** Weights, each once. */
export function synapsesOf(graph: IntGraph): number {
  const weights = new Set(
    graph.nodes.flatMap(node =>
      node.kind === 'linear' || node.kind === 'depthwise' ? [node.attrs.weight] : [],
    ),
  );
  return [...weights].reduce((n, id) => n + sizeOf(graph.constants.get(id).shape), 0);
}
