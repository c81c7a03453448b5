/**
 * Axon tables: for every tile one route per destination core, for every core one in-axon per source tile, and
 * for every in-axon what it feeds and how many steps later.
 *
 * Source     design 4 §3: one message per destination core; axon delays make operands of equal step meet
 * Needs      tiles on cores
 * Preserves  exactly: only where numbers travel is added; check-delivery.ts proves it on the encoded tables
 * Errors     E0504 a delay longer than the target's axons can hold
 */
import { type ChipGraph, chip, networkOf } from '../../ir/chip.ts';
import { type Connection, connectTiles, HOST } from '../mapping/connections.ts';
import { outAxonEntries } from '../mapping/out-axons.ts';
import { delayOf } from '../mapping/schedule.ts';
import { makeTable, type PlacedTile, placedTiles } from '../mapping/tables.ts';
import type { Pass } from '../pass.ts';

export interface RouteNeeds {
  readonly delayMax: number;
  readonly target: string;
}

export const route: Pass<typeof chip, typeof chip, RouteNeeds> = {
  name: 'route',
  summary: 'Make axon tables with delays: one message per neuron and destination core.',
  source: 'Design 4 §3',

  run(graph, { delayMax, target }, report) {
    const tiles = placedTiles(graph);
    const connections = connectTiles(networkOf(graph), tiles);
    const byRoute = groupByRoute(connections, tiles);
    const isStreaming = graph.attrs.mode === 'streaming';
    const axons = new Map<number, number>();
    const routes: Record<(typeof chip.tables.routes)[number], number>[] = [];
    const targets: Record<(typeof chip.tables.targets)[number], number>[] = [];
    for (const group of byRoute) {
      const { source } = group[0]!;
      const { core } = tiles[group[0]!.target]!;
      const axon = axons.get(core) ?? 0;
      axons.set(core, axon + 1);
      for (const connection of group) {
        const tile = tiles[connection.target]!;
        // Where rows pass through time, what is early waits in a ring of its gather.
        const delay = isStreaming ? 0 : delayOf(source === HOST ? 0 : tiles[source]!.depth, tile.depth);
        if (delay > delayMax) {
          const facts = { population: tile.population.id, delay, target, limit: delayMax };
          report('E0504', { origin: tile.population.origin, pass: 'route' }, facts);
        }
        const { gather, side } = connection;
        targets.push({ route: routes.length, tile: connection.target, gather, side, delay });
      }
      routes.push({ tile: source, core, axon, entries: outAxonEntries(group, tiles, isStreaming) });
    }
    const tables = {
      ...graph.tables,
      routes: makeTable(chip.tables.routes, routes),
      targets: makeTable(chip.tables.targets, targets),
    };
    return { ...graph, tables } satisfies ChipGraph;
  },
};

/** Connections that share a source tile and a destination core, in order of source, then core. */
export function groupByRoute(
  connections: readonly Connection[],
  tiles: readonly PlacedTile[],
): readonly (readonly Connection[])[] {
  const groups = new Map<string, Connection[]>();
  for (const connection of connections) {
    const key = `${connection.source} ${tiles[connection.target]!.core}`;
    const group = groups.get(key);
    if (group) group.push(connection);
    else groups.set(key, [connection]);
  }
  const core = (group: readonly Connection[]) => tiles[group[0]!.target]!.core;
  return [...groups.values()].sort((a, b) => a[0]!.source - b[0]!.source || core(a) - core(b));
}
