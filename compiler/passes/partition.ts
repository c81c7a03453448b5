/**
 * Integer network → tiles on (not yet placed) cores: every population is cut over groups, rows and channels so
 * that its tiles fit, then tiles are packed, several to a core, under all limits of the target.
 *
 * Source     design 4 §2–3
 * Needs      the target's accounting; split-fan-in before, so that one row and channel of every linear fits
 * Preserves  exactly: a cut never changes a value
 * Errors     E0501 a population no cut of which fits · E0502 more cores than the target has
 * Cost       cuts: (distinct piece lengths)³ per population of a new shape; packing: linear in pairs of tiles of
 *            which one feeds the other, times moves
 */
import {
  type Accounting,
  bindingResource,
  fits,
  RESOURCES,
  type Resource,
  type TileCost,
} from '../../backends/accounting.ts';
import { type ChipGraph, chip, networkOf } from '../../ir/chip.ts';
import type { Report } from '../../ir/diagnostics/diagnostic.ts';
import type { Table, ValueId } from '../../ir/dialect.ts';
import type { IntGraph, IntOf, int } from '../../ir/int.ts';
import { loadsOf, tileProblem } from '../mapping/core-load.ts';
import { cutClasses, MESSAGES_PER_CORE } from '../mapping/cuts.ts';
import { createDemandModel } from '../mapping/demand.ts';
import { feedsOf } from '../mapping/feeds.ts';
import { chooseJointly } from '../mapping/joint.ts';
import { packItems } from '../mapping/pack.ts';
import type { Packing, PackProblem } from '../mapping/packing.ts';
import { findDepths } from '../mapping/schedule.ts';
import { makeTable, placedTiles } from '../mapping/tables.ts';
import type { Cut } from '../mapping/tiles.ts';
import { type Tiling, tileAt, tilingOf, tilingOfTiles } from '../mapping/tiling.ts';
import type { Pass } from '../pass.ts';

export interface PartitionNeeds {
  readonly accounting: Accounting;
  readonly weightBits: number;
  readonly target: string;
  readonly board: string;
  readonly chips: number;
  readonly cores: number;
  readonly mode: 'pipelined' | 'layerwise';
  /** Share of a population's neurons that send in a step; 1 where unknown. */
  readonly rates: ReadonlyMap<ValueId, number>;
  /** Duration of an accumulation and of an update of a neuron, in any one unit. */
  readonly durations: { readonly synop: number; readonly update: number };
  readonly seed: number;
  /** Moves of packing, for each tile. */
  readonly moves: number;
}

export const partition: Pass<typeof int, typeof chip, PartitionNeeds> = {
  name: 'partition',
  summary: 'Cut populations into tiles and pack tiles on cores, all limits charged.',
  source: 'Design 4 §2-3',

  run(graph, needs, report) {
    const cuts = cutAll(graph, needs, report);
    const tiling = tilingOf(graph, population => cuts?.get(population) ?? WHOLE);
    const packing = cuts === undefined ? NOTHING : pack(tiling, needs, report);
    if (packing.bins > needs.cores) {
      const facts = { target: needs.target, needed: packing.bins, available: needs.cores };
      report('E0502', { origin: graph.name, pass: 'partition' }, facts);
    }
    return chipGraph(graph, needs, tiling, packing);
  },
};

const WHOLE: Cut = { groups: 1, rows: 1, channels: 1 };
const NOTHING: Packing = { binOf: new Int32Array(0), bins: 0 };

type Cuts = ReadonlyMap<IntOf<'population'>, Cut>;

function cutAll(graph: IntGraph, needs: PartitionNeeds, report: Report): Cuts | undefined {
  const { accounting, weightBits, rates, durations } = needs;
  const demand = createDemandModel(graph, accounting, weightBits);
  const classes = cutClasses({ graph, accounting, weightBits, demand, rates, durations });
  for (const { members, overflow } of classes) {
    if (overflow === undefined) continue;
    for (const { id, origin } of members) {
      const facts = { population: id, ...overflow, target: needs.target };
      report('E0501', { origin, pass: 'partition' }, facts);
    }
  }
  if (classes.some(({ overflow }) => overflow !== undefined)) return undefined;
  const chosen = chooseJointly(classes, accounting, needs.cores);
  return new Map(
    classes.flatMap(({ members }, i) => members.map(member => [member, chosen[i]!.cut] as const)),
  );
}

function pack(tiling: Tiling, needs: PartitionNeeds, report: Report): Packing {
  const { accounting, weightBits, rates, seed, moves, cores } = needs;
  const demand = createDemandModel(tiling.network, accounting, weightBits);
  const problem = tileProblem(tiling, feedsOf(tiling), { accounting, weightBits, demand, rates });
  if (reportMisfits(tiling, problem, needs, report)) return NOTHING;
  return packItems(problem, { seed, moves, bins: cores, messagesPerBin: MESSAGES_PER_CORE });
}

/** Tiles that do not fit a core even by themselves: in-axons and out-axon entries are known only now. */
function reportMisfits(
  { populations, first }: Tiling,
  problem: PackProblem,
  { accounting, target }: PartitionNeeds,
  report: Report,
): boolean {
  const alone = loadsOf(
    problem,
    Int32Array.from({ length: problem.items }, (_, i) => i),
    problem.items,
  );
  let isMisfit = false;
  populations.forEach((population, p) => {
    for (let tile = first[p]!; tile < first[p + 1]!; tile++) {
      const overflow = fits(accounting.capacity, costAt(alone, tile));
      if (overflow === undefined) continue;
      isMisfit = true;
      const facts = { population: population.id, ...overflow, target };
      report('E0501', { origin: population.origin, pass: 'partition' }, facts);
      return;
    }
  });
  return isMisfit;
}

const costAt = (loads: Float64Array, core: number): TileCost =>
  Object.fromEntries(
    RESOURCES.map((resource, r) => [resource, loads[core * RESOURCES.length + r]!]),
  ) as TileCost;

function chipGraph(
  graph: IntGraph,
  needs: PartitionNeeds,
  tiling: Tiling,
  { binOf, bins }: Packing,
): ChipGraph {
  const depths = findDepths(graph);
  const deepest = Math.max(0, ...tiling.populations.map(population => depths.get(population.id)!));
  const nowhere = Array.from({ length: bins }, () => ({ chip: -1, x: -1, y: -1, slot: -1 }));
  return {
    dialect: chip,
    name: graph.name,
    attrs: {
      ...graph.attrs,
      target: needs.target,
      board: needs.board,
      chips: needs.chips,
      mode: needs.mode,
      depth: needs.mode === 'layerwise' ? deepest * graph.attrs.steps : deepest + graph.attrs.steps - 1,
    },
    nodes: graph.nodes,
    outputs: graph.outputs,
    constants: graph.constants,
    tables: {
      cores: makeTable(chip.tables.cores, nowhere),
      tiles: tilesTable(tiling, binOf, depths),
      routes: makeTable(chip.tables.routes, []),
      targets: makeTable(chip.tables.targets, []),
    },
  };
}

function tilesTable(tiling: Tiling, core: Int32Array, depths: ReadonlyMap<ValueId, number>): Table {
  const rows = core.length;
  const index = new Map<ValueId, number>(tiling.network.nodes.map((node, i) => [node.id, i]));
  const columns = Object.fromEntries(chip.tables.tiles.map(name => [name, new Int32Array(rows)]));
  for (let tile = 0; tile < rows; tile++) {
    const { population, box } = tileAt(tiling, tile);
    columns.population![tile] = index.get(population.id)!;
    columns.core![tile] = core[tile]!;
    columns.depth![tile] = depths.get(population.id)!;
    for (const axis of ['group', 'row', 'channel'] as const) {
      columns[`${axis}0`]![tile] = box[axis][0];
      columns[`${axis}1`]![tile] = box[axis][1];
    }
  }
  return { rows, columns };
}

/** What a core holds, and which limit is nearest. */
export interface CoreUsage {
  readonly tiles: readonly number[];
  readonly used: TileCost;
  readonly binding: Resource;
}

/** Of every core of a mapped network. Cost: linear in pairs of tiles of which one feeds the other. */
export function coreUsage(
  graph: ChipGraph,
  accounting: Accounting,
  weightBits: number,
): readonly CoreUsage[] {
  const network = networkOf(graph);
  const tiling = tilingOfTiles(network, placedTiles(graph));
  const demand = createDemandModel(network, accounting, weightBits);
  const context = { accounting, weightBits, demand, rates: new Map() };
  const problem = tileProblem(tiling, feedsOf(tiling), context, true);
  const core = graph.tables.tiles.columns.core!;
  const loads = loadsOf(problem, core, graph.tables.cores.rows);
  const tiles = Array.from({ length: graph.tables.cores.rows }, (): number[] => []);
  core.forEach((own, tile) => void tiles[own]!.push(tile));
  return tiles.map((own, i) => {
    const used = costAt(loads, i);
    return { tiles: own, used, binding: bindingResource(accounting.capacity, used) };
  });
}
