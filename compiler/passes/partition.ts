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
import { type Accounting, fits } from '../../backends/accounting.ts';
import { type ChipGraph, chip, type Mode } from '../../ir/chip.ts';
import type { Report } from '../../ir/diagnostics/diagnostic.ts';
import type { Table, ValueId } from '../../ir/dialect.ts';
import type { IntGraph, IntOf, int } from '../../ir/int.ts';
import { loadsOf, tileProblem } from '../mapping/core-load.ts';
import { costAt } from '../mapping/core-usage.ts';
import { MESSAGES_PER_CORE } from '../mapping/cuts.ts';
import { createDemandModel } from '../mapping/demand.ts';
import { feedsOf } from '../mapping/feeds.ts';
import { leastCores } from '../mapping/least-cores.ts';
import { packItems } from '../mapping/pack.ts';
import type { Packing, PackProblem } from '../mapping/packing.ts';
import { type Schedule, scheduleOf } from '../mapping/schedule.ts';
import {
  axonSize,
  type CutWishes,
  chooseCuts,
  isOneTileACore,
  type Misfit,
  offerCuts,
} from '../mapping/strategy.ts';
import { makeTable } from '../mapping/tables.ts';
import type { Cut } from '../mapping/tiles.ts';
import { type Tiling, tileAt, tilingOf } from '../mapping/tiling.ts';
import type { Pass } from '../pass.ts';

export interface PartitionNeeds extends CutWishes {
  readonly accounting: Accounting;
  readonly weightBits: number;
  readonly target: string;
  readonly board: string;
  readonly chips: number;
  readonly mode: Mode;
  /** Share of a population's neurons that send in a step; 1 where unknown. */
  readonly rates: ReadonlyMap<ValueId, number>;
  /** Duration of an accumulation and of an update of a neuron, in any one unit. */
  readonly durations: { readonly synop: number; readonly update: number };
  readonly seed: number;
}

export const partition: Pass<typeof int, typeof chip, PartitionNeeds> = {
  name: 'partition',
  summary: 'Cut populations into tiles and pack tiles on cores, all limits charged.',
  source: 'Design 4 §2-3',

  run(graph, needs, report) {
    const schedule = scheduleOf(graph, needs.mode, needs.accounting);
    const found = tileAndPackTightly(graph, needs, schedule, report);
    const { tiling, packing } = found ?? { tiling: tilingOf(graph, () => WHOLE), packing: NOTHING };
    if (packing.bins > needs.cores) {
      const facts = { target: needs.target, needed: packing.bins, available: needs.cores };
      report('E0502', { origin: graph.name, pass: 'partition' }, facts);
    }
    return chipGraph(tiling, needs, schedule, packing);
  },
};

const WHOLE: Cut = { groups: 1, rows: 1, channels: 1 };
const NOTHING: Packing = { binOf: new Int32Array(0), bins: 0 };

interface Tiled {
  readonly tiling: Tiling;
  readonly problem: PackProblem;
}

/**
 * As wished; where cores are dear the other choice of cuts is packed too and the fewer cores are taken: what a choice
 * promises by kind and what its tiles then take differ.
 */
function tileAndPackTightly(graph: IntGraph, needs: PartitionNeeds, schedule: Schedule, report: Report) {
  const wished = tileAndPack(graph, needs, schedule, report);
  const { favour, strategy, cores } = needs;
  // A strategy of one tile a core has no choice.
  if (wished === undefined || isOneTileACore(strategy)) return wished;
  if (favour !== 'cores' && wished.packing.bins <= cores) return wished;
  const other = favour === 'cores' ? 'balance' : 'cores';
  const second = tileAndPack(graph, { ...needs, favour: other }, schedule, () => undefined);
  return second !== undefined && second.packing.bins < wished.packing.bins ? second : wished;
}

function tileAndPack(graph: IntGraph, needs: PartitionNeeds, schedule: Schedule, report: Report) {
  const tiled = tile(graph, needs, schedule, report);
  return tiled && { tiling: tiled.tiling, packing: pack(tiled.problem, needs) };
}

/** Axons depend on the cuts of both ends: where they run out, tiles get smaller, so many times at most. */
const MOST_TRIED = 6;

const WHOLE_ROWS =
  'Rows that pass through time are never cut; --mode pipelined cuts them, and takes more cores.';
const BINARY =
  'Each threshold has axons and weights of its own: fewer --levels or narrower layers need fewer.';

function tile(graph: IntGraph, needs: PartitionNeeds, schedule: Schedule, report: Report): Tiled | undefined {
  const { accounting, weightBits, rates, durations } = needs;
  const demand = createDemandModel(graph, accounting, weightBits, schedule);
  const cutsRows = schedule.rows === undefined;
  const context = { graph, accounting, weightBits, demand, cutsRows, rates, durations };
  const least = leastCores(graph, accounting, weightBits, demand);
  const bounds = new Map<IntOf<'population'>, number>();
  let misfits: readonly Misfit[] = [];
  for (let attempt = 0; attempt < MOST_TRIED; attempt++) {
    const offers = offerCuts(context, needs.strategy, bounds);
    if (offers.misfits.length > 0) {
      // Where a bound leaves no cut, what overflowed before is the reason.
      if (attempt === 0) misfits = offers.misfits;
      break;
    }
    if (least > needs.cores) {
      const facts = { target: needs.target, needed: `at least ${least}`, available: needs.cores };
      report('E0502', { origin: graph.name, pass: 'partition' }, facts);
      return undefined;
    }
    const cuts = chooseCuts(offers.classes, accounting, needs);
    const tiling = tilingOf(graph, population => cuts.get(population)!);
    const problem = tileProblem(tiling, feedsOf(tiling), context);
    misfits = misfitsOf(tiling, problem, accounting);
    if (misfits.length === 0) return { tiling, problem };
    for (const { population, needed, available } of misfits) {
      const size = axonSize(population, cuts.get(population)!, accounting);
      bounds.set(population, Math.min(size - 1, Math.floor((size * available) / needed)));
    }
    if ([...bounds.values()].some(size => size < 1)) break;
  }
  for (const { population, ...overflow } of misfits) {
    const facts = { population: population.id, ...overflow, target: needs.target };
    report(
      'E0501',
      { origin: population.origin, pass: 'partition' },
      facts,
      accounting.isBinary ? BINARY : needs.mode === 'streaming' ? WHOLE_ROWS : undefined,
    );
  }
  return undefined;
}

/** Moves of packing: so many in all, but for each tile at least and at most so many. */
const MOVES = 400_000;
const LEAST_MOVES = 10;
const MOST_MOVES = 2000;

function pack(problem: PackProblem, { seed, cores, strategy }: PartitionNeeds): Packing {
  if (isOneTileACore(strategy)) return { binOf: everyNumber(problem.items), bins: problem.items };
  const moves = Math.min(MOST_MOVES, Math.max(LEAST_MOVES, MOVES / problem.items));
  return packItems(problem, { seed, moves, bins: cores, messagesPerBin: MESSAGES_PER_CORE });
}

const everyNumber = (count: number): Int32Array => Int32Array.from({ length: count }, (_, i) => i);

/** Populations whose tiles do not fit a core even by themselves: axons are known only now. */
function misfitsOf(
  { populations, first }: Tiling,
  problem: PackProblem,
  { capacity }: Accounting,
): readonly Misfit[] {
  const alone = loadsOf(problem, everyNumber(problem.items), problem.items);
  return populations.flatMap((population, p) => {
    let worst: Misfit | undefined;
    for (let tile = first[p]!; tile < first[p + 1]!; tile++) {
      const overflow = fits(capacity, costAt(alone, tile));
      if (overflow !== undefined && overflow.needed > (worst?.needed ?? 0))
        worst = { population, ...overflow };
    }
    return worst === undefined ? [] : [worst];
  });
}

function chipGraph(
  tiling: Tiling,
  needs: PartitionNeeds,
  schedule: Schedule,
  { binOf, bins }: Packing,
): ChipGraph {
  const { network } = tiling;
  const nowhere = Array.from({ length: bins }, () => ({ chip: -1, x: -1, y: -1, slot: -1 }));
  return {
    dialect: chip,
    name: network.name,
    attrs: {
      ...network.attrs,
      target: needs.target,
      board: needs.board,
      chips: needs.chips,
      mode: needs.mode,
      depth: schedule.depth,
      interval: schedule.interval,
    },
    nodes: network.nodes,
    outputs: network.outputs,
    constants: network.constants,
    tables: {
      cores: makeTable(chip.tables.cores, nowhere),
      tiles: tilesTable(tiling, binOf, schedule),
      routes: makeTable(chip.tables.routes, []),
      targets: makeTable(chip.tables.targets, []),
      rings: makeTable(chip.tables.rings, [...ringRows(tiling, binOf.length, schedule)]),
    },
  };
}

function tilesTable(tiling: Tiling, core: Int32Array, { starts }: Schedule): Table {
  const rows = core.length;
  const index = new Map<ValueId, number>(tiling.network.nodes.map((node, i) => [node.id, i]));
  const columns = Object.fromEntries(chip.tables.tiles.map(name => [name, new Int32Array(rows)]));
  for (let tile = 0; tile < rows; tile++) {
    const { population, box } = tileAt(tiling, tile);
    columns.population![tile] = index.get(population.id)!;
    columns.core![tile] = core[tile]!;
    columns.depth![tile] = starts.get(population.id)!;
    for (const axis of ['group', 'row', 'channel'] as const) {
      columns[`${axis}0`]![tile] = box[axis][0];
      columns[`${axis}1`]![tile] = box[axis][1];
    }
  }
  return { rows, columns };
}

function* ringRows(tiling: Tiling, tiles: number, { rows }: Schedule) {
  if (rows === undefined) return;
  for (let tile = 0; tile < tiles; tile++) {
    const rings = rows.rings.get(tileAt(tiling, tile).population.id) ?? [];
    for (const [gather, ring] of rings.entries())
      for (const [side, slots] of ring.slots.entries()) yield { tile, gather, side, slots };
  }
}
