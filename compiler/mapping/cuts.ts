/**
 * How a population can be cut: of all regular grids whose largest tile fits a core, those worth choosing from.
 * Populations that cost the same however they are cut are one class and are looked at once.
 */
import { type Accounting, type CostSum, fill, fits, type Overflow } from '../../backends/accounting.ts';
import { functionWords } from '../../backends/tile-cost.ts';
import { nodeMap, type ValueId } from '../../ir/dialect.ts';
import type { IntGraph, IntOf } from '../../ir/int.ts';
import { sharedBlock } from './blocks.ts';
import { type DemandModel, needsWholeGroups } from './demand.ts';
import { accumulationsOf, createReadings, messagesInto, type Reading } from './readings.ts';
import { boxSize, type Cut, lengthOf } from './tiles.ts';
import { tileCount, tileOfPopulation } from './tiling.ts';

export interface CutContext {
  readonly graph: IntGraph;
  readonly accounting: Accounting;
  readonly weightBits: number;
  readonly demand: DemandModel;
  /** Where rows pass through time they are not cut, and a tile runs one of them in a step. */
  readonly cutsRows: boolean;
  /** Share of a population's neurons that send in a step; 1 where unknown. */
  readonly rates: ReadonlyMap<ValueId, number>;
  /** Duration of an accumulation and of an update, in any one unit. */
  readonly durations: { readonly synop: number; readonly update: number };
}

/** One cut and what it costs. */
export interface Offer {
  readonly shape: readonly number[];
  readonly cut: Cut;
  readonly tiles: number;
  /** What the largest tile takes beside others like it, and what the first of them takes on top: weights, tables. */
  readonly own: CostSum;
  readonly once: { readonly synapseWords: number; readonly stateWords: number };
  /** Fill of the fullest resource with one tile on a core. */
  readonly share: number;
  readonly messages: number;
  /** Time of the largest tile in a step. */
  readonly time: number;
}

export interface CutClass {
  readonly members: readonly IntOf<'population'>[];
  readonly offers: readonly Offer[];
  /** Where no cut fits: what the smallest tile lacks. */
  readonly overflow: Overflow | undefined;
}

export type Candidates = (population: IntOf<'population'>) => Iterable<Cut>;

/** Every cut whose pieces differ in length, group functions whole; rows that pass through time are not cut. */
export function* everyCut(population: IntOf<'population'>, cutsRows: boolean): Generator<Cut> {
  const [groups, rows, channels] = population.type.shape as [number, number, number];
  const channelCounts = needsWholeGroups(population) ? [1] : pieceCounts(channels);
  for (const g of pieceCounts(groups)) {
    for (const r of cutsRows ? pieceCounts(rows) : [1]) {
      for (const c of channelCounts) yield { groups: g, rows: r, channels: c };
    }
  }
}

/**
 * Populations with different bounds are of different classes.
 * Cost: the cuts of one population of each class
 */
export function cutClasses(
  context: CutContext,
  candidates: Candidates,
  bounds: ReadonlyMap<IntOf<'population'>, number> = new Map(),
  choose: (offers: readonly Offer[]) => readonly Offer[] = worthChoosing,
): readonly CutClass[] {
  const groups = new Map<string, IntOf<'population'>[]>();
  const readings = new Map<string, readonly Reading[]>();
  const readingsOf = createReadings(context.graph);
  for (const node of context.graph.nodes) {
    if (node.kind !== 'population') continue;
    const own = readingsOf(node);
    const key = `${classKey(node, own, context)} ${bounds.get(node)}`;
    readings.set(key, own);
    groups.set(key, [...(groups.get(key) ?? []), node]);
  }
  return [...groups].map(([key, members]) => {
    const [first] = members as [IntOf<'population'>];
    const rateOf = averageRates(members, context);
    const known = new Map<string, number>();
    const all: Offer[] = [];
    let overflow: Overflow | undefined;
    for (const cut of candidates(first)) {
      const offer = offerOf(first, cut, readings.get(key)!, rateOf, known, context);
      if ('resource' in offer) overflow = offer;
      else all.push(offer);
    }
    return { members, offers: choose(all), overflow: all.length === 0 ? overflow : undefined };
  });
}

/** One cut of one population, or what its largest tile lacks. */
export function tryCut(population: IntOf<'population'>, cut: Cut, context: CutContext): Offer | Overflow {
  const readings = createReadings(context.graph)(population);
  const rateOf = averageRates([population], context);
  return offerOf(population, cut, readings, rateOf, new Map(), context);
}

/** Populations of one key cost the same however they are cut, but for their rates. */
function classKey(
  population: IntOf<'population'>,
  readings: readonly Reading[],
  { demand, graph }: CutContext,
): string {
  const { type, attrs, operands } = population;
  const whole = tileOfPopulation(population, { groups: 1, rows: 1, channels: 1 }, 0);
  const cost = demand.cost(population, whole.box, { sources: [], destinations: 1 });
  const byId = nodeMap(graph.nodes);
  const kinds = operands.map(id => byId.get(id)?.kind);
  const about = readings.map(({ side, width, present, repeats }) => [side, width, present, repeats]);
  return JSON.stringify([type.shape, attrs.function.kind, kinds, cost, about]);
}

/** Rate of a source of the first member: that of the sources in its place, averaged over the members. */
function averageRates(members: readonly IntOf<'population'>[], { graph, rates }: CutContext) {
  const byId = nodeMap(graph.nodes);
  const lists = members.map(member => member.operands.flatMap(id => byId.get(id)!.operands));
  const averages = new Map<ValueId, number>();
  lists[0]!.forEach((source, i) => {
    const sum = lists.reduce((total, list) => total + (rates.get(list[i]!) ?? 1), 0);
    averages.set(source, sum / lists.length);
  });
  return (source: ValueId): number => averages.get(source) ?? 1;
}

function offerOf(
  population: IntOf<'population'>,
  cut: Cut,
  readings: readonly Reading[],
  rateOf: (source: ValueId) => number,
  known: Map<string, number>,
  { graph, accounting, weightBits, demand, durations, cutsRows }: CutContext,
): Offer | Overflow {
  const { box } = tileOfPopulation(population, cut, 0);
  const cost = demand.cost(population, box, { sources: [], destinations: 1 });
  const tables = functionWords(accounting, population.attrs.function);
  const charged = { ...cost, stateWords: cost.stateWords + tables };
  const overflow = fits(accounting.capacity, charged);
  if (overflow !== undefined) return overflow;
  const shares = fill(accounting.capacity, charged);
  // Tiles of other rows read the same weights.
  const shared = cut.rows === 1 ? 0 : sharedWords(population, box, graph, accounting, weightBits);
  const neurons = cutsRows ? boxSize(box) : boxSize(box) / lengthOf(box.row);
  return {
    shape: population.type.shape,
    cut,
    tiles: tileCount(cut),
    own: { ...cost, synapseWords: cost.synapseWords - shared },
    once: { synapseWords: shared, stateWords: tables },
    share: Math.max(...Object.values(shares)),
    messages: messagesInto(population, cut, readings, rateOf, known, graph),
    time: neurons * durations.update + accumulationsOf(neurons, readings, rateOf) * durations.synop,
  };
}

function sharedWords(
  { operands }: IntOf<'population'>,
  box: Parameters<typeof sharedBlock>[1],
  graph: IntGraph,
  accounting: Accounting,
  weightBits: number,
): number {
  return graph.nodes.reduce((sum, node) => {
    if ((node.kind !== 'linear' && node.kind !== 'depthwise') || !operands.includes(node.id)) return sum;
    return sum + (sharedBlock(node, box, graph, accounting, weightBits)?.words ?? 0);
  }, 0);
}

/** Widths of the steps by which tiles of different size are told apart. */
const SIZES = 24;
/** Offers of one size. */
const PER_SIZE = 2;

/** Of tiles of about one size those with the fewest messages, then those that waste least of their cores. */
function worthChoosing(offers: readonly Offer[]): readonly Offer[] {
  const bySize = new Map<number, Offer[]>();
  for (const offer of offers) {
    const size = Math.ceil(offer.share * SIZES);
    bySize.set(size, [...(bySize.get(size) ?? []), offer]);
  }
  const waste = ({ tiles, share, messages }: Offer) => tiles * share + messages / MESSAGES_PER_CORE;
  return [...bySize.values()].flatMap(same => {
    const cheapest = same.toSorted((a, b) => waste(a) - waste(b) || a.tiles - b.tiles);
    const quietest = same.toSorted(
      (a, b) => a.messages - b.messages || a.tiles * a.share - b.tiles * b.share,
    );
    return [...new Set([...cheapest.slice(0, PER_SIZE), ...quietest.slice(0, 1)])];
  });
}

/** Messages that weigh as much as one core: a core's worth of neurons firing once more. */
export const MESSAGES_PER_CORE = 50_000;

/** Numbers of pieces that differ in the length of the longest piece. */
export function pieceCounts(size: number): readonly number[] {
  const counts: number[] = [];
  for (
    let length = size;
    length >= 1;
    length = Math.min(length - 1, Math.ceil(size / (counts.at(-1)! + 1)))
  ) {
    counts.push(Math.ceil(size / length));
  }
  return counts;
}
