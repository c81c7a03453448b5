/** Placement of core graphs on a square mesh, one core a router: our cost beside the baselines and the lower bound. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { EFFORTS } from '../compiler/choices.ts';
import type { Quality } from '../compiler/placement/measure.ts';
import { squareSeats } from '../compiler/placement/problem.ts';
import { type Effort, type Placement, solve } from '../compiler/placement/solve.ts';
import { type CoreGraph, readGraph, transformerGraph } from './core-graphs.ts';
import type { Measure, MeasureOptions } from './measure.ts';

/** The energy of a placement as the evaluator published with ASPLOS 2023 counts it: a router 1, a link 0.1. */
const energyOf = (cost: number, messages: number): number => 1.1 * cost + 0.1 * messages;

interface Row {
  readonly graph: CoreGraph;
  readonly effort: Effort;
  readonly seconds: number;
  readonly found: Placement;
}

/** What is not named is drawn: four blocks of a small Transformer. */
function graphsOf({ graph, data }: MeasureOptions): readonly CoreGraph[] {
  if (graph !== undefined) return [readGraph(graph)];
  if (data === undefined)
    return [transformerGraph({ blocks: 4, groups: 4, heads: 3, slices: 3, hidden: 12 })];
  return readdirSync(data)
    .filter(name => name.endsWith('.csv'))
    .sort()
    .map(name => readGraph(join(data, name)));
}

function placeGraph(graph: CoreGraph, effort: Effort, seed: number): Row {
  const { nodes, flows } = graph;
  const seats = squareSeats(Math.ceil(Math.sqrt(nodes)));
  const pins = new Int32Array(nodes).fill(-1);
  const start = performance.now();
  const found = solve({ nodes, flows, seats, pins }, { effort, seed });
  return { graph, effort, seconds: (performance.now() - start) / 1000, found };
}

const HEAD = [
  ...['graph', 'effort', 'cost', 'seconds', 'sequential', 'Hilbert', 'Hilbert + FD', 'lower bound', 'gap %'],
  ...['hottest link', 'of H + FD', 'average path', 'longest', 'of H + FD'],
];

function cellsOf({ graph, effort, seconds, found }: Row): readonly string[] {
  const messages = graph.flows.weight.reduce((sum, weight) => sum + weight, 0);
  const energy = (cost: number) => energyOf(cost, messages).toExponential(3);
  const { quality, baselines, lowerBound } = found;
  const { sequential, hilbert, hilbertForce } = baselines;
  const costs = [sequential, hilbert, hilbertForce].map(({ cost }: Quality) => energy(cost));
  const gap = energyOf(quality.cost, messages) / energyOf(lowerBound, messages) - 1;
  return [
    ...[graph.name, effort, energy(quality.cost), seconds.toFixed(1), ...costs, energy(lowerBound)],
    ...[
      (100 * gap).toFixed(1),
      `${Math.round(quality.hottestLink)}`,
      `${Math.round(hilbertForce.hottestLink)}`,
    ],
    ...[quality.averagePath.toFixed(2), `${quality.longestPath}`, `${hilbertForce.longestPath}`],
  ];
}

/** Of every graph with every effort; the value is how many times less ours costs than Hilbert + FD, over all of them. */
export function measurePlacement(options: MeasureOptions): Measure {
  const efforts = EFFORTS.filter(effort => options.effort === undefined || effort === options.effort);
  const seed = Number(options.seed ?? 1);
  const rows: Row[] = [];
  console.log(`| ${HEAD.join(' | ')} |\n|${HEAD.map(() => '---').join('|')}|`);
  for (const graph of graphsOf(options)) {
    for (const effort of efforts) {
      const row = placeGraph(graph, effort, seed);
      console.log(`| ${cellsOf(row).join(' | ')} |`);
      rows.push(row);
    }
  }
  const logs = rows.map(({ found }) => Math.log(found.baselines.hilbertForce.cost / found.quality.cost));
  const ratio = Math.exp(logs.reduce((sum, log) => sum + log, 0) / Math.max(1, logs.length));
  return { value: ratio, unit: 'times less traffic', anchor: 'Hilbert + forces', ratio };
}
