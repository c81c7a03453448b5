/**
 * Plain neurons → slices on cores → places on the mesh → programs.
 *
 * Needs       mean share of the neurons of each group that fire in a timestep, and of the host's elements
 * Preserves   every spike, bit for bit: where a neuron sits changes nothing
 * Errors      E0502 too few cores · E0504 a delay that axons do not have · E0512 a neuron that no core holds
 */
import {
  type Accounting,
  addCost,
  bindingResource,
  type CostSum,
  createAccounting,
  createCostSum,
  fits,
  type Resource,
} from '../../backends/accounting.ts';
import type { ChipProgram } from '../../backends/program/program.ts';
import type { Target } from '../../backends/target.ts';
import { defect, fail } from '../../ir/diagnostics/diagnostic.ts';
import { meshOf } from '../mapping/mesh.ts';
import type { PlacementSummary } from '../passes/place.ts';
import { boardOf } from '../placement/board.ts';
import { makeFlows } from '../placement/problem.ts';
import { type Effort, solve } from '../placement/solve.ts';
import { buildPrograms, type Widths } from './build.ts';
import { createPlainDemand, type PlainDemand } from './demand.ts';
import { isDense, type PlainNetwork } from './network.ts';
import type { CorePlace, PlainMapping, Slice } from './slices.ts';

export interface PlainMapOptions {
  readonly weightBits: number;
  readonly seed: number;
  readonly effort: Effort;
  /** Of each group, and of the host. */
  readonly rates: readonly number[];
}

export interface MappedPlain {
  readonly mapping: PlainMapping;
  readonly programs: readonly ChipProgram[];
  readonly accounting: Accounting;
  readonly placement: PlacementSummary;
  readonly usage: readonly { readonly used: CostSum; readonly binding: Resource; readonly tiles: number }[];
}

export function mapPlain(
  network: PlainNetwork,
  target: Target,
  widths: Widths,
  options: PlainMapOptions,
): MappedPlain {
  checkDelays(network, target);
  const accounting = createAccounting(target);
  const demand = createPlainDemand(network, accounting, options.weightBits);
  const slices = cutGroups(network, demand, accounting, target.name);
  const { packed, loads } = packSlices(network, slices, demand, accounting);
  if (loads.length > target.cores)
    fail(
      'E0502',
      { origin: '--target' },
      { needed: loads.length, target: target.spec, available: target.cores },
    );
  const { places, placement } = placeCores(network, packed, loads.length, target, options);
  const mapping = { cores: places, slices: packed };
  return {
    mapping,
    programs: buildPrograms(network, mapping, widths),
    accounting,
    placement,
    usage: loads.map((used, core) => ({
      used,
      binding: bindingResource(accounting.capacity, used),
      tiles: packed.filter(slice => slice.core === core).length,
    })),
  };
}

/** Errors: E0504 */
function checkDelays({ edges, groups }: PlainNetwork, { limits, name }: Target): void {
  const limit = limits.delayMax.value;
  for (const { to, delay } of edges) {
    const population = groups[to]!.name;
    if (delay > limit) fail('E0504', { origin: population }, { population, delay, target: name, limit });
  }
}

type Cut = Pick<Slice, 'group' | 'from' | 'to'>;

const piecesOf = (group: number, size: number, count: number): readonly Cut[] =>
  Array.from({ length: count }, (_, i) => ({
    group,
    from: Math.floor((i * size) / count),
    to: Math.floor(((i + 1) * size) / count),
  }));

/** As few equal pieces of each group as fit a core each. Errors: E0512 */
function cutGroups(
  network: PlainNetwork,
  demand: PlainDemand,
  { capacity }: Accounting,
  target: string,
): readonly Cut[] {
  const { groups } = network;
  let counts: readonly number[] = groups.map(() => 1);
  const costOf = (cut: Cut) => {
    const sum = demand.of(cut, counts);
    sum.outAxonEntries += outAxonsOf(network, demand, cut, counts);
    return sum;
  };
  // What a piece takes depends on how many pieces others have, which only grows.
  for (;;) {
    const next = groups.map(({ size, name }, group) => {
      let [low, high] = [counts[group]!, counts[group]!];
      const fit = (count: number) =>
        piecesOf(group, size, count).every(cut => fits(capacity, costOf(cut)) === undefined);
      while (!fit(high)) {
        low = high + 1;
        const overflow = high === size ? fits(capacity, costOf({ group, from: 0, to: 1 })) : undefined;
        if (high === size) {
          const { needed, resource, available } =
            overflow ?? worstOf(piecesOf(group, size, size).map(costOf), capacity);
          fail('E0512', { origin: name }, { population: name, needed, resource, target, available });
        }
        high = Math.min(size, 2 * high);
      }
      while (low < high) {
        const middle = (low + high) >> 1;
        if (fit(middle)) high = middle;
        else low = middle + 1;
      }
      return high;
    });
    if (next.every((count, group) => count === counts[group])) break;
    counts = next;
  }
  return groups.flatMap(({ size }, group) => piecesOf(group, size, counts[group]!));
}

function worstOf(costs: readonly CostSum[], capacity: Accounting['capacity']) {
  for (const cost of costs) {
    const overflow = fits(capacity, cost);
    if (overflow !== undefined) return overflow;
  }
  return defect('a piece that does not fit, and fits');
}

function outAxonsOf(
  { edges }: PlainNetwork,
  demand: PlainDemand,
  cut: Cut,
  counts: readonly number[],
): number {
  return edges.reduce(
    (sum, edge) => (edge.from === cut.group ? sum + counts[edge.to]! * demand.outAxons(edge, cut) : sum),
    0,
  );
}

/** First fit, in the order of the groups: layers that follow each other share cores. */
function packSlices(
  network: PlainNetwork,
  cuts: readonly Cut[],
  demand: PlainDemand,
  { capacity }: Accounting,
): { readonly packed: readonly Slice[]; readonly loads: readonly CostSum[] } {
  const counts = network.groups.map((_, group) => cuts.filter(cut => cut.group === group).length);
  const loads: CostSum[] = [];
  const packed = cuts.map((cut): Slice => {
    const cost = demand.of(cut, counts);
    cost.outAxonEntries += outAxonsOf(network, demand, cut, counts);
    const found = loads.findIndex(load => {
      addCost(load, cost);
      const isRoom = fits(capacity, load) === undefined;
      if (!isRoom) addCost(load, cost, -1);
      return isRoom;
    });
    if (found >= 0) return { ...cut, core: found };
    const load = createCostSum();
    addCost(load, cost);
    return { ...cut, core: loads.push(load) - 1 };
  });
  return { packed, loads };
}

function placeCores(
  network: PlainNetwork,
  slices: readonly Slice[],
  cores: number,
  target: Target,
  { seed, effort, rates }: PlainMapOptions,
): { readonly places: readonly CorePlace[]; readonly placement: PlacementSummary } {
  const flows = flowsOf(network, slices, rates);
  const { seats, positions } = boardOf(meshOf(target), cores, new Set());
  const problem = {
    nodes: cores,
    flows: makeFlows(cores, flows.from, flows.to, flows.messages),
    seats,
    pins: new Int32Array(cores).fill(-1),
  };
  const { seatOf, quality, baselines, lowerBound } = solve(problem, { effort, seed });
  const gap = lowerBound === 0 ? 0 : quality.cost / lowerBound - 1;
  return {
    places: Array.from(seatOf, seat => positions[seat]!),
    placement: { ...quality, baselines, lowerBound, gap },
  };
}

/** Messages a timestep from core to core: of each neuron that has synapses there, as often as its group fires. */
function flowsOf({ groups, edges }: PlainNetwork, slices: readonly Slice[], rates: readonly number[]) {
  const [from, to, messages]: [number[], number[], number[]] = [[], [], []];
  const reached = new Map<string, Set<number>>();
  for (const edge of edges) {
    if (edge.from === 'host') continue;
    const coreOf = new Int32Array(groups[edge.to]!.size);
    const targets = slices.filter(({ group }) => group === edge.to);
    for (const slice of targets) coreOf.fill(slice.core, slice.from, slice.to);
    for (const source of slices) {
      if (source.group !== edge.from) continue;
      const add = (core: number, neuron: number) => {
        const key = `${slices.indexOf(source)} ${core}`;
        reached.set(key, (reached.get(key) ?? new Set()).add(neuron));
      };
      for (let i = source.from; i < source.to; i++) {
        const { synapses } = edge;
        if (isDense(synapses)) for (const { core } of targets) add(core, i);
        else
          for (let s = synapses.starts[i]!; s < synapses.starts[i + 1]!; s++)
            add(coreOf[synapses.targets[s]!]!, i);
      }
    }
  }
  for (const [key, neurons] of reached) {
    const [source, core] = key.split(' ').map(Number) as [number, number];
    from.push(slices[source]!.core);
    to.push(core);
    messages.push(neurons.size * (rates[slices[source]!.group] ?? 0));
  }
  return { from, to, messages };
}
