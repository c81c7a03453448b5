/**
 * What arrives at a core: its tiles' windows, gathered by source tile. Axon tables, traffic and chip programs are all
 * made by walking destination core by destination core, so that no list of all connections is ever held.
 */
import type { ChipGraph } from '../../ir/chip.ts';
import { networkOf } from '../../ir/chip.ts';
import { defect } from '../../ir/diagnostics/diagnostic.ts';
import { type Feed, feedsOf, HOST, type Intake } from './feeds.ts';
import type { Sent, Unions } from './sent.ts';
import { type Tiling, tileAt, tilingOf } from './tiling.ts';

export interface Wiring {
  readonly tiling: Tiling;
  /** Feeds of each population, in order of its operands. */
  readonly feeds: readonly (readonly Feed[])[];
  /** Population and core of each tile. */
  readonly populationOf: Int32Array;
  readonly coreOf: Int32Array;
  readonly cores: number;
  /** Tiles of core c, ascending: tiles[begins[c]] … tiles[begins[c + 1]]. */
  readonly begins: Int32Array;
  readonly tiles: Int32Array;
}

/** The tiles of a chip graph, as cuts of its populations. */
export function tilingOfChip(graph: ChipGraph): Tiling {
  const { columns, rows } = graph.tables.tiles;
  const starts = new Map<number, readonly Set<number>[]>();
  for (let i = 0; i < rows; i++) {
    const node = columns.population![i]!;
    const found = starts.get(node) ?? [new Set<number>(), new Set<number>(), new Set<number>()];
    starts.set(node, found);
    found[0]!.add(columns.group0![i]!);
    found[1]!.add(columns.row0![i]!);
    found[2]!.add(columns.channel0![i]!);
  }
  const cuts = new Map(
    [...starts].map(([node, [groups, rows_, channels]]) => [
      graph.nodes[node]?.id,
      { groups: groups!.size, rows: rows_!.size, channels: channels!.size },
    ]),
  );
  const tiling = tilingOf(networkOf(graph), ({ id }) => cuts.get(id) ?? { groups: 0, rows: 0, channels: 0 });
  if (tiling.first.at(-1) !== rows) defect('the tiles of a population are no grid');
  return tiling;
}

export function wiringOf(graph: ChipGraph): Wiring {
  const tiling = tilingOfChip(graph);
  const { columns, rows } = graph.tables.tiles;
  checkOrder(graph, tiling);
  const feeds: Feed[][] = tiling.populations.map(() => []);
  for (const feed of feedsOf(tiling)) feeds[feed.population]!.push(feed);
  const populationOf = new Int32Array(rows);
  tiling.populations.forEach((_, p) => {
    populationOf.fill(p, tiling.first[p]!, tiling.first[p + 1]!);
  });
  const coreOf = columns.core!;
  const cores = graph.tables.cores.rows;
  return { tiling, feeds, populationOf, coreOf, cores, ...tilesByCore(coreOf, cores) };
}

/** Every row of the table is the tile of that number of the grid. */
function checkOrder(graph: ChipGraph, tiling: Tiling): void {
  const { columns, rows } = graph.tables.tiles;
  for (let i = 0; i < rows; i++) {
    const { population, box } = tileAt(tiling, i);
    const isIt =
      graph.nodes[columns.population![i]!]?.id === population.id &&
      columns.group0![i] === box.group[0] &&
      columns.group1![i] === box.group[1] &&
      columns.row0![i] === box.row[0] &&
      columns.row1![i] === box.row[1] &&
      columns.channel0![i] === box.channel[0] &&
      columns.channel1![i] === box.channel[1];
    if (!isIt) defect(`tile ${i} of ${population.id} does not lie on its grid`);
  }
}

function tilesByCore(
  coreOf: Int32Array,
  cores: number,
): { readonly begins: Int32Array; readonly tiles: Int32Array } {
  const begins = new Int32Array(cores + 1);
  for (const core of coreOf) begins[core + 1]! += 1;
  for (let c = 0; c < cores; c++) begins[c + 1]! += begins[c]!;
  const next = begins.slice(0, cores);
  const tiles = new Int32Array(coreOf.length);
  for (let i = 0; i < coreOf.length; i++) tiles[next[coreOf[i]!]!++] = i;
  return { begins, tiles };
}

/** What arrives at one core. The arrays are used again for the next core. */
export interface Arrivals {
  /** Source tiles, ascending; the host (−1) comes first. In-axon i of the core is that of source i. */
  readonly sources: readonly number[];
  /** Connections of source i: begins[i] … begins[i + 1], by tile, then operand. */
  readonly begins: readonly number[];
  readonly tile: readonly number[];
  readonly feed: readonly Feed[];
  readonly intake: readonly Intake[];
}

/** Cost: linear in the connections of the core. */
export function createArrivals(wiring: Wiring): (core: number) => Arrivals {
  const { tiling, feeds, populationOf } = wiring;
  const slots = populationOf.length + 1;
  const met = new Int32Array(slots);
  let turn = 0;
  const next = new Int32Array(slots);
  const tile: number[] = [];
  const feed: Feed[] = [];
  const intake: Intake[] = [];
  const sources: number[] = [];
  const begins: number[] = [];
  const visit = (core: number, take: (tile: number, feed: Feed, intake: Intake, slot: number) => void) => {
    for (let i = wiring.begins[core]!; i < wiring.begins[core + 1]!; i++) {
      const t = wiring.tiles[i]!;
      const p = populationOf[t]!;
      for (const f of feeds[p]!) {
        const first = f.source === HOST ? 0 : tiling.first[f.source]! + 1;
        for (const part of f.pattern.windows[f.pattern.windowOf[t - tiling.first[p]!]!]!)
          take(t, f, part, first + part.source);
      }
    }
  };
  return core => {
    sources.length = 0;
    turn += 1;
    visit(core, (_tile, _feed, _intake, slot) => {
      if (met[slot] !== turn) {
        met[slot] = turn;
        next[slot] = 0;
        sources.push(slot - 1);
      }
      next[slot]! += 1;
    });
    sources.sort((a, b) => a - b);
    begins.length = 0;
    let total = 0;
    for (const source of sources) {
      begins.push(total);
      const count = next[source + 1]!;
      next[source + 1] = total;
      total += count;
    }
    begins.push(total);
    tile.length = total;
    feed.length = total;
    intake.length = total;
    visit(core, (t, f, part, slot) => {
      const at = next[slot]!++;
      tile[at] = t;
      feed[at] = f;
      intake[at] = part;
    });
    return { sources, begins, tile, feed, intake };
  };
}

/** Neurons that connections `from` … `to` of one source send together. */
export function sentBy({ intake }: Arrivals, from: number, to: number, unions: Unions): Sent {
  let sent = unions.join(undefined, intake[from]!.sent);
  for (let i = from + 1; i < to; i++) sent = unions.join(sent, intake[i]!.sent);
  return sent;
}
