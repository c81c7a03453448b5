/**
 * Integer network → tiles on (not yet placed) cores: every population is cut over groups, rows and channels so
 * that its tiles fit, then tiles are packed, several to a core, under all limits of the target.
 *
 * Source     design 4 §2–3
 * Needs      the target's accounting; split-fan-in before, so that one row and channel of every linear fits
 * Preserves  exactly: a cut never changes a value
 * Errors     E0501 a population no cut of which fits · E0502 more cores than the target has
 * Cost       cuts: (distinct piece lengths)³ per population; packing: tiles × open cores
 */
import { type Accounting, bindingResource, fits, type TileCost } from '../../backends/accounting.ts';
import { type ChipGraph, chip, type Mode, networkOf } from '../../ir/chip.ts';
import type { Report } from '../../ir/diagnostics/diagnostic.ts';
import type { ValueId } from '../../ir/dialect.ts';
import type { IntGraph, IntOf, int } from '../../ir/int.ts';
import { type CoreLoad, createLoadModel, emptyCore } from '../mapping/core-load.ts';
import { chooseCut } from '../mapping/cuts.ts';
import { createDemandModel } from '../mapping/demand.ts';
import { type Schedule, scheduleOf } from '../mapping/schedule.ts';
import { makeTable, placedTiles } from '../mapping/tables.ts';
import { type Cut, type Tile, tilesOf } from '../mapping/tiles.ts';
import type { Pass } from '../pass.ts';

export interface PartitionNeeds {
  readonly accounting: Accounting;
  readonly weightBits: number;
  readonly target: string;
  readonly board: string;
  readonly chips: number;
  readonly cores: number;
  readonly mode: Mode;
}

export const partition: Pass<typeof int, typeof chip, PartitionNeeds> = {
  name: 'partition',
  summary: 'Cut populations into tiles and pack tiles on cores, all limits charged.',
  source: 'Design 4 §2-3',

  run(graph, needs, report) {
    const schedule = scheduleOf(graph, needs.mode, needs.accounting);
    const tiles = cutAll(graph, needs, schedule, report);
    const cores = tiles === undefined ? [] : pack(tiles, graph, needs, schedule, report);
    if (cores.length > needs.cores) {
      const facts = { target: needs.target, needed: cores.length, available: needs.cores };
      report('E0502', { origin: graph.name, pass: 'partition' }, facts);
    }
    return chipGraph(graph, needs, schedule, tiles ?? [], cores);
  },
};

function cutAll(
  graph: IntGraph,
  needs: PartitionNeeds,
  schedule: Schedule,
  report: Report,
): readonly Tile[] | undefined {
  const demand = createDemandModel(graph, needs.accounting, needs.weightBits, schedule);
  const context = { graph, accounting: needs.accounting, demand, cutsRows: schedule.rows === undefined };
  const cuts = new Map<IntOf<'population'>, Cut>();
  let fitting = true;
  for (const node of graph.nodes) {
    if (node.kind !== 'population') continue;
    const cut = chooseCut(node, context);
    if (!('resource' in cut)) cuts.set(node, cut);
    else {
      fitting = false;
      const { resource, needed, available } = cut;
      const facts = { population: node.id, needed, resource, target: needs.target, available };
      report('E0501', { origin: node.origin, pass: 'partition' }, facts);
    }
  }
  return fitting ? [...cuts].flatMap(([node, cut]) => tilesOf(node, cut)) : undefined;
}

/** Cores that packing looks back at: enough for the neighbours of a block, few enough to stay linear. */
const OPEN_CORES = 16;

/** Each tile goes to the open core that holds most of its sources and has room, else to a new one. */
function pack(
  tiles: readonly Tile[],
  graph: IntGraph,
  needs: PartitionNeeds,
  schedule: Schedule,
  report: Report,
): readonly CoreLoad[] {
  const { capacity } = needs.accounting;
  const model = createLoadModel(graph, tiles, needs.accounting, needs.weightBits, schedule);
  const cores: CoreLoad[] = [];
  const coreOf = new Map<number, CoreLoad>();
  tiles.forEach((tile, number) => {
    let home: CoreLoad | undefined;
    let most = -1;
    for (const core of cores.slice(-OPEN_CORES)) {
      const affinity = model.sourcesOf(number).filter(source => coreOf.get(source) === core).length;
      if (affinity <= most || fits(capacity, model.preview(core, number)) !== undefined) continue;
      home = core;
      most = affinity;
    }
    if (home === undefined) {
      home = emptyCore();
      cores.push(home);
      const overflow = fits(capacity, model.preview(home, number));
      if (overflow !== undefined) {
        const facts = { population: tile.population.id, ...overflow, target: needs.target };
        report('E0501', { origin: tile.population.origin, pass: 'partition' }, facts);
      }
    }
    model.add(home, number);
    coreOf.set(number, home);
  });
  return cores;
}

function chipGraph(
  graph: IntGraph,
  needs: PartitionNeeds,
  schedule: Schedule,
  tiles: readonly Tile[],
  cores: readonly CoreLoad[],
): ChipGraph {
  const core = new Int32Array(tiles.length);
  cores.forEach((c, number) => {
    for (const tile of c.tiles) core[tile] = number;
  });
  const index = new Map<ValueId, number>(graph.nodes.map((node, i) => [node.id, i]));
  const rows = tiles.map(({ population, box }, i) => ({
    population: index.get(population.id)!,
    core: core[i]!,
    group0: box.group[0],
    group1: box.group[1],
    row0: box.row[0],
    row1: box.row[1],
    channel0: box.channel[0],
    channel1: box.channel[1],
    depth: schedule.starts.get(population.id)!,
  }));
  return {
    dialect: chip,
    name: graph.name,
    attrs: {
      ...graph.attrs,
      target: needs.target,
      board: needs.board,
      chips: needs.chips,
      mode: needs.mode,
      depth: schedule.depth,
      interval: schedule.interval,
    },
    nodes: graph.nodes,
    outputs: graph.outputs,
    constants: graph.constants,
    tables: {
      cores: makeTable(
        chip.tables.cores,
        cores.map(() => ({ chip: -1, x: -1, y: -1, slot: -1 })),
      ),
      tiles: makeTable(chip.tables.tiles, rows),
      routes: makeTable(chip.tables.routes, []),
      targets: makeTable(chip.tables.targets, []),
      rings: makeTable(chip.tables.rings, ringRows(tiles, schedule)),
    },
  };
}

function ringRows(tiles: readonly Tile[], { rows }: Schedule) {
  return tiles.flatMap(({ population }, tile) =>
    (rows?.rings.get(population.id) ?? []).flatMap((ring, gather) =>
      ring.slots.map((slots, side) => ({ tile, gather, side, slots })),
    ),
  );
}

/** What every core of a mapped network holds, and which limit binds it. */
export function coreUsage(graph: ChipGraph, accounting: Accounting, weightBits: number) {
  const tiles = placedTiles(graph);
  const network = networkOf(graph);
  const schedule = scheduleOf(network, graph.attrs.mode, accounting);
  const model = createLoadModel(network, tiles, accounting, weightBits, schedule);
  const cores = Array.from({ length: graph.tables.cores.rows }, emptyCore);
  tiles.forEach((tile, number) => {
    model.add(cores[tile.core]!, number);
  });
  return cores.map(({ tiles: own, used }) => ({
    tiles: own,
    used: used as TileCost,
    binding: bindingResource(accounting.capacity, used),
  }));
}
