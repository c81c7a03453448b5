/**
 * How few cores will do at the least: what all populations take uncut, by the fullest resource. No cut and no packing
 * takes fewer, so a board with fewer cores needs not be tried.
 */
import { type Accounting, addCost, createCostSum, type Resource, usedOf } from '../../backends/accounting.ts';
import type { Box } from '../../backends/program/program.ts';
import type { Mode } from '../../ir/chip.ts';
import { nodeMap, sizeOf } from '../../ir/dialect.ts';
import type { IntGraph, IntOf } from '../../ir/int.ts';
import { blockOf } from '../mapping/blocks.ts';
import { createDemandModel } from '../mapping/demand.ts';
import { scheduleOf } from '../mapping/schedule.ts';

/** Resources of which a cut only takes more, and none of which is shared but by whoever counts them here once. */
const ADDITIVE: readonly Resource[] = ['neurons', 'stateWords', 'synapseWords', 'groups', 'memoryBytes'];

/** Needs: of `streaming` that the network has one step. */
export function leastCores(
  graph: IntGraph,
  accounting: Accounting,
  weightBits: number,
  mode: Mode,
): { readonly cores: number; readonly resource: Resource } {
  const demand = createDemandModel(graph, accounting, weightBits, scheduleOf(graph, mode, accounting));
  const total = createCostSum();
  const byId = nodeMap(graph.nodes);
  const seen = new Set<string>();
  const rowWords = accounting.weights.get('')!.rowWords;
  /** Words of weights that an earlier population has brought already: on one core both would read the same. */
  const sharedWords = (population: IntOf<'population'>, whole: Box): number =>
    population.operands.reduce((sum, id) => {
      const node = byId.get(id);
      if (node?.kind !== 'linear' && node?.kind !== 'depthwise') return sum;
      const { key, inputs, width } = blockOf(node, whole, graph);
      const words = seen.has(key) ? inputs * rowWords(width, weightBits) : 0;
      seen.add(key);
      return sum + words;
    }, 0);
  for (const node of graph.nodes) {
    if (node.kind !== 'population') continue;
    const [groups, rows, channels] = node.type.shape as [number, number, number];
    const whole = { group: [0, groups], row: [0, rows], channel: [0, channels] } as const;
    addCost(total, demand.cost(node, whole, { sources: [], destinations: 1 }));
    total.synapseWords -= sharedWords(node, whole);
  }
  const needs = ADDITIVE.map(resource => ({
    cores: Math.ceil(usedOf(accounting.capacity, total, resource) / accounting.capacity[resource]),
    resource,
  }));
  return needs.reduce((most, need) => (need.cores > most.cores ? need : most));
}

/** Weights, each once. */
export function synapsesOf(graph: IntGraph): number {
  const weights = new Set(
    graph.nodes.flatMap(node =>
      node.kind === 'linear' || node.kind === 'depthwise' ? [node.attrs.weight] : [],
    ),
  );
  return [...weights].reduce((n, id) => n + sizeOf(graph.constants.get(id).shape), 0);
}
