/**
 * Gives every core a place on the mesh so that messages travel few hops: the snake of the partition's order,
 * then swaps kept when they shorten Σ messages × distance, a few others early on (annealing).
 *
 * Source     design 4 §3
 * Needs      routed traffic is not known yet: messages per step are counted from connections × measured rates
 * Preserves  exactly: where a core sits never changes a value
 * Cost       `moves` swaps, each linear in the traffic partners of two cores; deterministic for a seed
 */
import { type ChipGraph, chip } from '../../ir/chip.ts';
import type { ValueId } from '../../ir/dialect.ts';
import { createRandom } from '../../ir/random/seeded.ts';
import { wiringOf } from '../mapping/arrivals.ts';
import { CHIP_HOP, distance, type Mesh, type Position } from '../mapping/mesh.ts';
import { makeTable } from '../mapping/tables.ts';
import { trafficOf } from '../mapping/traffic.ts';
import type { Pass } from '../pass.ts';

export interface PlaceNeeds {
  readonly mesh: Mesh;
  /** Share of a population's neurons that send in a step; 1 where unknown. */
  readonly rates: ReadonlyMap<ValueId, number>;
  readonly seed: number;
  readonly moves: number;
}

export const place: Pass<typeof chip, typeof chip, PlaceNeeds> = {
  name: 'place',
  summary: 'Put cores on the mesh: few hops for many messages.',
  source: 'Design 4 §3',

  run(graph, needs) {
    const count = graph.tables.cores.rows;
    const traffic = coreTraffic(graph, needs.rates);
    const seats = anneal(count, traffic, needs);
    const cores = seats.map(seat => needs.mesh.positions[seat]!);
    return {
      ...graph,
      tables: { ...graph.tables, cores: makeTable(chip.tables.cores, cores) },
    } satisfies ChipGraph;
  },
};

/** Messages per step between two cores. */
export interface Flow {
  readonly to: number;
  readonly messages: number;
}

/** Both directions of every flow, by core. The host's messages have no core at their other end. */
export function coreTraffic(
  graph: ChipGraph,
  rates: ReadonlyMap<ValueId, number>,
): readonly (readonly Flow[])[] {
  const { begins, from, messages } = trafficOf(wiringOf(graph), rates);
  const flows = Array.from({ length: graph.tables.cores.rows }, () => new Map<number, number>());
  const add = (a: number, b: number, count: number) => flows[a]!.set(b, (flows[a]!.get(b) ?? 0) + count);
  flows.forEach((_, core) => {
    for (let i = begins[core]!; i < begins[core + 1]!; i++) {
      add(from[i]!, core, messages[i]!);
      add(core, from[i]!, messages[i]!);
    }
  });
  return flows.map(flow => [...flow].map(([to, count]) => ({ to, messages: count })));
}

/** Σ messages × distance over all flows, each counted once. */
export function placementCost(
  cores: readonly Position[],
  traffic: readonly (readonly Flow[])[],
  mesh: Mesh,
): number {
  let twice = 0;
  traffic.forEach((flows, core) => {
    for (const { to, messages } of flows) twice += messages * distance(cores[core]!, cores[to]!, mesh);
  });
  return twice / 2;
}

/** Seat of every core, by number of its position: the best that was met, the sequential one among them. */
function anneal(
  count: number,
  traffic: readonly (readonly Flow[])[],
  { mesh, seed, moves }: PlaceNeeds,
): readonly number[] {
  const { positions } = mesh;
  const seats = Array.from({ length: count }, (_, i) => i);
  const occupant = new Map(seats.map(seat => [seat, seat]));
  if (count < 2) return seats;
  const random = createRandom(seed);
  const chips = Math.ceil(count / (positions.length / (positions.at(-1)!.chip + 1)));
  const choices = positions.filter(position => position.chip < chips).length;
  const pull = (core: number, seat: number, other: number) =>
    traffic[core]!.reduce((sum, { to, messages }) => {
      const where = to === other ? seats[core]! : seats[to]!;
      return sum + messages * distance(positions[seat]!, positions[where]!, mesh);
    }, 0);
  let temperature = averageFlow(traffic) * (chips > 1 ? CHIP_HOP : 4);
  const cooling = 0.001 ** (1 / Math.max(1, moves));
  let best = { cost: 0, seats: [...seats] };
  let cost = 0;
  for (let move = 0; move < moves; move++, temperature *= cooling) {
    const core = random.int(0, count - 1);
    const from = seats[core]!;
    const to = random.int(0, choices - 1);
    if (to === from) continue;
    const other = occupant.get(to);
    const before = pull(core, from, -1) + (other === undefined ? 0 : pull(other, to, -1));
    const after = pull(core, to, other ?? -1) + (other === undefined ? 0 : pull(other, from, core));
    const worse = after - before;
    if (worse > 0 && random.next() >= Math.exp(-worse / temperature)) continue;
    seats[core] = to;
    occupant.set(to, core);
    if (other === undefined) occupant.delete(from);
    else {
      seats[other] = from;
      occupant.set(from, other);
    }
    cost += worse;
    if (cost < best.cost) best = { cost, seats: [...seats] };
  }
  return best.seats;
}

function averageFlow(traffic: readonly (readonly Flow[])[]): number {
  const flows = traffic.flat();
  return flows.length === 0 ? 1 : flows.reduce((sum, flow) => sum + flow.messages, 0) / flows.length;
}
