/**
 * How many cores a network will take, before anything is calibrated, cut or placed: every population is cut so that
 * it takes the fewest cores by itself, in the target's own accounting. What packing, messages and placement add is
 * not in it, so the figures are estimates, and the report calls them so.
 *
 * Formula  cores = ⌈Σ over populations⌉ of tiles where a tile fills more than half a core, else of tiles · fill
 *          least = max over resources of ⌈Σ over uncut populations / capacity⌉: no cut and no packing takes fewer
 * Cost     (distinct piece lengths)³ per population of a new shape; nothing by the neuron
 */
import {
  type Accounting,
  addCost,
  bindingResource,
  createCostSum,
  fill,
  fits,
  type Overflow,
  type Resource,
  type TileCost,
} from '../backends/accounting.ts';
import type { Box } from '../backends/program/program.ts';
import { stepFloor, type Timing } from '../backends/target.ts';
import { functionWords } from '../backends/tile-cost.ts';
import { nodeMap, sizeOf, type ValueId } from '../ir/dialect.ts';
import type { IntGraph, IntNode, IntOf } from '../ir/int.ts';
import { pieceCounts } from './mapping/cuts.ts';
import { createDemandModel, type DemandModel, needsWholeGroups } from './mapping/demand.ts';
import { scheduleOf } from './mapping/schedule.ts';

export interface PopulationEstimate {
  readonly name: string;
  readonly origin: string;
  readonly shape: readonly number[];
  readonly tiles: number;
  /** Cores that it fills; a fraction where tiles of other populations may share one with its own. */
  readonly cores: number;
  readonly binding: Resource;
  readonly fill: number;
  /** Accumulations of the busiest core in one step in which every neuron sends. */
  readonly synops: number;
  readonly updates: number;
}

export interface Misfit extends Overflow {
  readonly population: string;
  readonly origin: string;
}

export interface Estimate {
  readonly populations: readonly PopulationEstimate[];
  /** Populations no cut of which fits a core. */
  readonly misfits: readonly Misfit[];
  readonly neurons: number;
  readonly synapses: number;
  readonly cores: number;
  /** No cut and no packing takes fewer. */
  readonly leastCores: number;
  /** Timesteps from the image to the answer, at T = 1. */
  readonly depth: number;
}

export function estimateCores(graph: IntGraph, accounting: Accounting, weightBits: number): Estimate {
  const schedule = scheduleOf(graph, 'pipelined', accounting);
  const demand = createDemandModel(graph, accounting, weightBits, schedule);
  const context = { graph, accounting, demand, byId: nodeMap(graph.nodes) };
  const populations: PopulationEstimate[] = [];
  const misfits: Misfit[] = [];
  const known = new Map<string, Fit | Overflow>();
  for (const node of graph.nodes) {
    if (node.kind !== 'population') continue;
    const key = shapeKey(node, context);
    const best = known.get(key) ?? bestFit(node, context);
    known.set(key, best);
    const about = { name: node.id.slice(1), origin: node.origin, shape: node.type.shape };
    if ('resource' in best) misfits.push({ ...best, population: node.id, origin: node.origin });
    else populations.push({ ...about, ...best });
  }
  const sum = (of: (p: PopulationEstimate) => number) => populations.reduce((n, p) => n + of(p), 0);
  return {
    populations,
    misfits,
    neurons: graph.nodes.reduce(
      (n, node) => n + (node.kind === 'population' ? sizeOf(node.type.shape) : 0),
      0,
    ),
    synapses: synapsesOf(graph),
    cores: Math.ceil(sum(p => p.cores)),
    leastCores: leastCores(context),
    depth: Math.max(0, ...schedule.starts.values()),
  };
}

interface Context {
  readonly graph: IntGraph;
  readonly accounting: Accounting;
  readonly demand: DemandModel;
  readonly byId: ReadonlyMap<ValueId, IntNode>;
}

/** Resources of which a cut only takes more, and none of which is shared but by whoever counts them here once. */
const ADDITIVE = ['neurons', 'stateWords', 'synapseWords', 'groups'] as const satisfies readonly Resource[];

function leastCores({ graph, accounting, demand }: Context): number {
  const total = createCostSum();
  for (const node of graph.nodes) {
    if (node.kind !== 'population') continue;
    const whole = firstBox(node.type.shape, [1, 1, 1]);
    addCost(total, demand.cost(node, whole, { sources: [], destinations: 1 }));
  }
  return Math.max(...ADDITIVE.map(resource => Math.ceil(total[resource] / accounting.capacity[resource])));
}

type Fit = Omit<PopulationEstimate, 'name' | 'origin' | 'shape'>;

/** The first and largest tile of a cut. */
function firstBox([groups, rows, channels]: readonly number[], cut: readonly [number, number, number]): Box {
  const piece = (size: number, count: number): readonly [number, number] => [0, Math.ceil(size / count)];
  return { group: piece(groups!, cut[0]), row: piece(rows!, cut[1]), channel: piece(channels!, cut[2]) };
}

/** Populations of one key cost the same however they are cut. */
function shapeKey(population: IntOf<'population'>, { demand, byId }: Context): string {
  const { function: fn } = population.attrs;
  const whole = demand.cost(population, firstBox(population.type.shape, [1, 1, 1]), {
    sources: [],
    destinations: 1,
  });
  const kinds = population.operands.map(id => byId.get(id)?.kind);
  return JSON.stringify([population.type.shape, fn.kind, kinds, whole]);
}

/** The cut that takes the fewest cores, then the fewest tiles; or what stands in the way of the smallest tile. */
function bestFit(population: IntOf<'population'>, context: Context): Fit | Overflow {
  const { accounting, demand } = context;
  const [groups, rows, channels] = population.type.shape as [number, number, number];
  const channelCounts = needsWholeGroups(population) ? [1] : pieceCounts(channels);
  const tables = functionWords(accounting, population.attrs.function);
  const work = workOf(population, context);
  let best: Fit | undefined;
  let overflow: Overflow | undefined;
  for (const groupCount of pieceCounts(groups)) {
    for (const rowCount of pieceCounts(rows)) {
      for (const channelCount of channelCounts) {
        const box = firstBox(population.type.shape, [groupCount, rowCount, channelCount]);
        const cost = demand.cost(population, box, { sources: [], destinations: 1 });
        const charged = { ...cost, stateWords: cost.stateWords + tables };
        const problem = fits(accounting.capacity, charged);
        if (problem !== undefined) {
          overflow = problem;
          continue;
        }
        const offer = fitOf(groupCount * rowCount * channelCount, charged, work, accounting);
        if (best === undefined || offer.cores < best.cores) best = offer;
      }
    }
  }
  return best ?? overflow!;
}

function fitOf(tiles: number, cost: TileCost, work: number, { capacity }: Accounting): Fit {
  const binding = bindingResource(capacity, cost);
  const share = fill(capacity, cost)[binding];
  const perCore = Math.max(1, Math.min(tiles, Math.floor(1 / share)));
  const updates = cost.neurons * perCore;
  const cores = share > 0.5 ? tiles : tiles * share;
  return { tiles, cores, binding, fill: share, synops: updates * work, updates };
}

/** Accumulations that one neuron does in a step in which all its sources send. */
const workOf = (population: IntOf<'population'>, { byId, graph }: Context): number =>
  population.operands.reduce((sum, id) => sum + fanInOf(byId.get(id), graph), 0);

function fanInOf(node: IntNode | undefined, { constants }: IntGraph): number {
  switch (node?.kind) {
    case 'linear':
    case 'depthwise':
      return constants.get(node.attrs.weight).shape[0]!;
    case 'product':
      return 2 * node.attrs.inner;
    case 'hadamard':
      return 2;
    case 'maximum':
      return node.attrs.taps;
    case 'relay':
      return 1;
    default:
      return 0;
  }
}

/** Weights, each once. */
function synapsesOf(graph: IntGraph): number {
  const weights = new Set(
    graph.nodes.flatMap(node =>
      node.kind === 'linear' || node.kind === 'depthwise' ? [node.attrs.weight] : [],
    ),
  );
  return [...weights].reduce((n, id) => n + sizeOf(graph.constants.get(id).shape), 0);
}

export interface TimeEstimate {
  /** Of the busiest core, every neuron sending: updates and accumulations one after another. */
  readonly stepSeconds: number;
  readonly latencySeconds: number;
  /** Images a second of a full pipeline. */
  readonly throughput: number;
}

/**
 * Formula: step = max over populations (updates · updateActive + synops · synop) + barrier; on a clocked chip the tick,
 * unless the work takes longer. What the target gives no time for counts nothing.
 */
export function estimateTime(
  { populations, depth }: Estimate,
  steps: number,
  timing: Timing,
  chips: number,
): TimeEstimate {
  const NS = 1e-9;
  const [update, synop] = [timing.updateActive?.value ?? 0, timing.synop?.value ?? 0];
  const busiest = populations.reduce((most, p) => Math.max(most, p.updates * update + p.synops * synop), 0);
  const floor = stepFloor(timing, chips).figure?.value ?? 0;
  const stepSeconds = (timing.tick === undefined ? busiest + floor : Math.max(busiest, floor)) * NS;
  const latencySeconds = (depth + steps - 1) * stepSeconds;
  return { stepSeconds, latencySeconds, throughput: 1 / (stepSeconds * steps) };
}
