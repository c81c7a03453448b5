/**
 * Axon tables: for every tile one route per destination core, for every core one in-axon per source tile, and
 * for every in-axon what it feeds and how many steps later.
 *
 * Source     design 4 §3: one message per destination core; axon delays make operands of equal step meet
 * Needs      tiles on cores
 * Preserves  exactly: only where numbers travel is added; check-delivery.ts proves it on the encoded tables
 * Errors     E0504 a delay longer than the target's axons can hold
 * Cost       linear in the connections of all cores, twice: rows are counted, then written
 */
import type { Accounting } from '../../backends/accounting.ts';
import { type ChipGraph, chip } from '../../ir/chip.ts';
import type { Report } from '../../ir/diagnostics/diagnostic.ts';
import type { Table } from '../../ir/dialect.ts';
import { type Arrivals, createArrivals, sentBy, type Wiring, wiringOf } from '../mapping/arrivals.ts';
import { axonsOf } from '../mapping/demand.ts';
import { HOST } from '../mapping/feeds.ts';
import { delayOf } from '../mapping/schedule.ts';
import { createUnions, type Sent } from '../mapping/sent.ts';
import { emptyTable } from '../mapping/tables.ts';
import { boxShape } from '../mapping/tiles.ts';
import { tileAt } from '../mapping/tiling.ts';
import type { Pass } from '../pass.ts';

export interface RouteNeeds {
  readonly accounting: Accounting;
  readonly delayMax: number;
  readonly target: string;
}

export const route: Pass<typeof chip, typeof chip, RouteNeeds> = {
  name: 'route',
  summary: 'Make axon tables with delays: one message per neuron and destination core.',
  source: 'Design 4 §3',

  run(graph, needs, report) {
    const wiring = wiringOf(graph);
    const depths = graph.tables.tiles.columns.depth!;
    const isStreaming = graph.attrs.mode === 'streaming';
    const { routes, targets } = routeTables(wiring, depths, isStreaming, needs.accounting);
    reportDelays(wiring, targets, needs, report);
    return { ...graph, tables: { ...graph.tables, routes, targets } } satisfies ChipGraph;
  },
};

/** Rows in order of source tile, then core; targets of a route by tile, then operand. */
function routeTables(
  wiring: Wiring,
  depths: Int32Array,
  isStreaming: boolean,
  accounting: Accounting,
): { routes: Table; targets: Table } {
  const arrive = createArrivals(wiring);
  const sources = wiring.coreOf.length + 1;
  const nextRoute = new Int32Array(sources + 1);
  const nextTarget = new Int32Array(sources + 1);
  const readers = new Int32Array(sources);
  for (let core = 0; core < wiring.cores; core++) {
    const { sources: senders, begins, tile } = arrive(core);
    for (let i = 0; i < senders.length; i++) {
      nextRoute[senders[i]! + 2]! += 1;
      nextTarget[senders[i]! + 2]! += begins[i + 1]! - begins[i]!;
      readers[senders[i]! + 1]! += new Set(tile.slice(begins[i]!, begins[i + 1]!)).size;
    }
  }
  for (let s = 0; s < sources; s++) {
    nextRoute[s + 1]! += nextRoute[s]!;
    nextTarget[s + 1]! += nextTarget[s]!;
  }
  const routes = emptyTable(chip.tables.routes, nextRoute[sources]!);
  const targets = emptyTable(chip.tables.targets, nextTarget[sources]!);
  const countEntries = createEntries(wiring, isStreaming, accounting, readers);
  for (let core = 0; core < wiring.cores; core++) {
    const arrivals = arrive(core);
    arrivals.sources.forEach((source, axon) => {
      const row = nextRoute[source + 1]!++;
      const entries = countEntries(arrivals, axon);
      routes.columns.tile![row] = source;
      routes.columns.core![row] = core;
      routes.columns.axon![row] = axon;
      routes.columns.entries![row] = entries;
      const depth = source === HOST ? 0 : depths[source]!;
      for (let i = arrivals.begins[axon]!; i < arrivals.begins[axon + 1]!; i++) {
        const tile = arrivals.tile[i]!;
        const at = nextTarget[source + 1]!++;
        const { gather, side } = arrivals.feed[i]!;
        // Where rows pass through time, what is early waits in a ring of its gather.
        targets.columns.route![at] = row;
        targets.columns.tile![at] = tile;
        targets.columns.gather![at] = gather;
        targets.columns.side![at] = side;
        targets.columns.delay![at] = isStreaming ? 0 : delayOf(depth, depths[tile]!);
      }
    });
  }
  return { routes, targets };
}

/**
 * Out-axon entries of an in-axon: one for every token (row of the source tile) and destination tile that needs it; where
 * tokens pass through time, one for every group. A target that counts neurons says how many they take.
 */
function createEntries(
  wiring: Wiring,
  isStreaming: boolean,
  accounting: Accounting,
  readers: Int32Array,
): (arrivals: Arrivals, axon: number) => number {
  const unions = createUnions();
  const entriesOf = (sent: Sent, source: number): number => {
    if (accounting.countsNeuronsOfAxons) {
      const axons = axonsOf(tileAt(wiring.tiling, source).population, accounting);
      const { rows, count: neurons } = sent;
      return accounting.outAxonEntries({ rows, neurons, axons, readers: readers[source + 1]! });
    }
    if (!isStreaming) return sent.rows;
    const [groups, rows, channels] = boxShape(tileAt(wiring.tiling, source).box);
    if (sent.neurons === undefined) return groups;
    return new Set(sent.neurons.map(neuron => Math.floor(neuron / (rows * channels)))).size;
  };
  return (arrivals, axon) => {
    const source = arrivals.sources[axon]!;
    if (source === HOST) return 0;
    const { begins, tile } = arrivals;
    let entries = 0;
    for (let from = begins[axon]!; from < begins[axon + 1]!; ) {
      let to = from + 1;
      while (to < begins[axon + 1]! && tile[to] === tile[from]) to += 1;
      entries += entriesOf(sentBy(arrivals, from, to, unions), source);
      from = to;
    }
    return entries;
  };
}

/** Each population once for each delay that is too long. */
function reportDelays(
  { tiling, populationOf }: Wiring,
  targets: Table,
  { delayMax, target }: RouteNeeds,
  report: Report,
): void {
  const said = new Set<string>();
  const { delay: delays, tile } = targets.columns;
  for (let i = 0; i < targets.rows; i++) {
    const delay = delays![i]!;
    if (delay <= delayMax) continue;
    const p = populationOf[tile![i]!]!;
    const key = `${p} ${delay}`;
    if (said.has(key)) continue;
    said.add(key);
    const { id, origin } = tiling.populations[p]!;
    const facts = { population: id, delay, target, limit: delayMax };
    report('E0504', { origin, pass: 'route' }, facts);
  }
}
