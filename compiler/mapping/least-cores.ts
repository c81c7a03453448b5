/** A bound that no mapping goes below, whatever it cuts and packs. */
import { type Accounting, addCost, createCostSum } from '../../backends/accounting.ts';
import type { IntGraph } from '../../ir/int.ts';
import type { DemandModel } from './demand.ts';
import { tileOfPopulation } from './tiling.ts';

/** Of these a cut only takes more, and none of them is shared but by whoever counts them here once. */
const ADDITIVE = ['neurons', 'stateWords', 'synapseWords', 'groups'] as const;

/** Formula: max over resources of ⌈Σ over uncut populations / capacity⌉. Needs: the demand model of the mode. */
export function leastCores(
  graph: IntGraph,
  { capacity, weights }: Accounting,
  weightBits: number,
  demand: DemandModel,
): number {
  const total = createCostSum();
  const met = new Set<string>();
  for (const node of graph.nodes) {
    if (node.kind !== 'population') continue;
    const { box } = tileOfPopulation(node, { groups: 1, rows: 1, channels: 1 }, 0);
    addCost(total, demand.cost(node, box, { sources: [], destinations: 1 }));
  }
  // Populations with one weight may hold it together.
  for (const node of graph.nodes) {
    if (node.kind !== 'linear' && node.kind !== 'depthwise') continue;
    const [inputs, width] = graph.constants.get(node.attrs.weight).shape as [number, number];
    if (met.has(node.attrs.weight))
      total.synapseWords -= inputs * weights.get('')!.rowWords(width, weightBits);
    met.add(node.attrs.weight);
  }
  return Math.max(...ADDITIVE.map(resource => Math.ceil(total[resource] / capacity[resource])));
}
