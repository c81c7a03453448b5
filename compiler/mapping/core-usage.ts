/** What cores hold of each resource, counted from the tiles that sit on them. */
import {
  type Accounting,
  bindingResource,
  fill as fillOf,
  LIMITS,
  RESOURCES,
  type Resource,
  type TileCost,
} from '../../backends/accounting.ts';
import type { ChipGraph } from '../../ir/chip.ts';
import { tilingOfChip } from './arrivals.ts';
import { loadsOf, tileProblem } from './core-load.ts';
import { createDemandModel } from './demand.ts';
import { feedsOf } from './feeds.ts';
import { scheduleOf } from './schedule.ts';

/** What a core holds, and which limit is nearest. */
export interface CoreUsage {
  readonly tiles: readonly number[];
  readonly used: TileCost;
  readonly binding: Resource;
  /** Of the binding limit: 1 is all of it. */
  readonly fill: number;
}

/** Of every core of a mapped network. Cost: linear in pairs of tiles of which one feeds the other. */
export function coreUsage(
  graph: ChipGraph,
  accounting: Accounting,
  weightBits: number,
): readonly CoreUsage[] {
  const tiling = tilingOfChip(graph);
  const { network } = tiling;
  const schedule = scheduleOf(network, graph.attrs.mode, accounting);
  const demand = createDemandModel(network, accounting, weightBits, schedule);
  const context = { accounting, weightBits, demand, cutsRows: schedule.rows === undefined, rates: new Map() };
  const problem = tileProblem(tiling, feedsOf(tiling), context, true);
  const core = graph.tables.tiles.columns.core!;
  const loads = loadsOf(problem, core, graph.tables.cores.rows);
  const tiles = Array.from({ length: graph.tables.cores.rows }, (): number[] => []);
  core.forEach((own, tile) => void tiles[own]!.push(tile));
  return tiles.map((own, i) => {
    const used = costAt(loads, i);
    const binding = bindingResource(accounting.capacity, used);
    return { tiles: own, used, binding, fill: fillOf(accounting.capacity, used)[binding] };
  });
}

/** Of one core, of the loads of all. */
export const costAt = (loads: Float64Array, core: number): TileCost =>
  Object.fromEntries(
    RESOURCES.map(resource => [resource, loads[core * LIMITS.length + LIMITS.indexOf(resource)]!]),
  ) as TileCost;
