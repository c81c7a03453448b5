/**
 * Gives every core a place on the mesh so that messages travel few hops, no link is much hotter than others and no path
 * much longer.
 *
 * Source     design 4 §3; how, in compiler/placement
 * Needs      routed traffic is not known yet: messages per step are counted from connections × measured rates
 * Preserves  exactly: where a core sits never changes a value
 * Errors     E0521–E0523 pins that cannot be
 * Cost       bounded by `effort`; deterministic for a seed, whatever the number of threads
 */
import { type ChipGraph, chip } from '../../ir/chip.ts';
import type { Report } from '../../ir/diagnostics/diagnostic.ts';
import type { ValueId } from '../../ir/dialect.ts';
import { wiringOf } from '../mapping/arrivals.ts';
import type { Mesh } from '../mapping/mesh.ts';
import { makeTable } from '../mapping/tables.ts';
import { trafficOf } from '../mapping/traffic.ts';
import type { Pass } from '../pass.ts';
import { boardOf } from '../placement/board.ts';
import type { Quality } from '../placement/measure.ts';
import { type Pin, resolvePins } from '../placement/pins.ts';
import { type Flows, makeFlows } from '../placement/problem.ts';
import { type Baselines, type Effort, solve } from '../placement/solve.ts';

export interface PlaceNeeds {
  readonly mesh: Mesh;
  /** Share of a population's neurons that send in a step; 1 where unknown. */
  readonly rates: ReadonlyMap<ValueId, number>;
  readonly seed: number;
  readonly effort: Effort;
  readonly pins?: readonly Pin[] | undefined;
  /** Threads beside this one; undefined: as many as the machine has cores to spare. */
  readonly workers?: number | undefined;
}

/** How good a placement is, and beside what. */
export interface PlacementSummary extends Quality {
  readonly baselines: Baselines;
  readonly lowerBound: number;
  /** Cost above the lower bound, as a share of it; 0 where nothing travels. */
  readonly gap: number;
}

export const place: Pass<typeof chip, typeof chip, PlaceNeeds> = {
  name: 'place',
  summary: 'Put cores on the mesh: few hops for many messages.',
  source: 'Design 4 §3',
  run: (graph, needs, report) => placeCores(graph, needs, report).graph,
};

/** The pass, and what it found out on the way. */
export function placeCores(
  graph: ChipGraph,
  { mesh, rates, seed, effort, pins = [], workers }: PlaceNeeds,
  report: Report,
): { readonly graph: ChipGraph; readonly placement: PlacementSummary } {
  const nodes = graph.tables.cores.rows;
  const coresOf = (name: string) => coresOfPopulation(graph, name);
  const wanted = resolvePins(pins, { cores: nodes, coresOf, positions: mesh.positions }, report);
  const pinned = [...wanted].filter(i => i >= 0).map(i => mesh.positions[i]!);
  const { seats, positions } = boardOf(mesh, nodes, new Set(pinned.map(position => position.chip)));
  const seatAt = new Map(positions.map((position, seat) => [position, seat]));
  const seatsOfPins = wanted.map(i => (i < 0 ? -1 : seatAt.get(mesh.positions[i]!)!));
  const problem = { nodes, flows: coreTraffic(graph, rates), seats, pins: seatsOfPins };
  const { seatOf, quality, baselines, lowerBound } = solve(problem, { effort, seed, workers });
  const cores = Array.from(seatOf, seat => positions[seat]!);
  const gap = lowerBound === 0 ? 0 : quality.cost / lowerBound - 1;
  return {
    graph: { ...graph, tables: { ...graph.tables, cores: makeTable(chip.tables.cores, cores) } },
    placement: { ...quality, baselines, lowerBound, gap },
  };
}

function coresOfPopulation({ nodes, tables }: ChipGraph, name: string): readonly number[] | undefined {
  const index = nodes.findIndex(node => node.kind === 'population' && node.id === `%${name}`);
  if (index < 0) return undefined;
  const { population, core } = tables.tiles.columns;
  const own = Array.from(core!.keys()).filter(i => population![i] === index);
  return [...new Set(own.map(i => core![i]!))].sort((a, b) => a - b);
}

/** Messages per step from core to core. The host's messages have no core at their other end. */
function coreTraffic(graph: ChipGraph, rates: ReadonlyMap<ValueId, number>): Flows {
  const { begins, from, messages } = trafficOf(wiringOf(graph), rates);
  const cores = graph.tables.cores.rows;
  const to = new Int32Array(from.length);
  for (let core = 0; core < cores; core++) to.fill(core, begins[core]!, begins[core + 1]!);
  return makeFlows(cores, from, to, messages);
}
