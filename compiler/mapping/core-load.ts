/**
 * Tiles on cores as a packing: what each tile takes by itself, what tiles of one core share (weights that several
 * rows read, in-axons from one source tile, tables of functions), and who sends how many messages to whom.
 */
import { type Accounting, LIMITS, type Resource, type TileCost, usedOf } from '../../backends/accounting.ts';
import type { Box } from '../../backends/program/program.ts';
import { functionWords } from '../../backends/tile-cost.ts';
import type { ValueId } from '../../ir/dialect.ts';
import { nodeMap } from '../../ir/dialect.ts';
import type { IntOf } from '../../ir/int.ts';
import { hasLogarithms } from '../../ir/interpret/soma.ts';
import { sharedBlock } from './blocks.ts';
import { createColumn } from './column.ts';
import { axonsOf, type DemandModel } from './demand.ts';
import type { Feed } from './feeds.ts';
import { type Links, linksOf, netsOfLinks } from './links.ts';
import { type PackProblem, type Rows, transpose } from './packing.ts';
import { boxShape } from './tiles.ts';
import { type Tiling, tileAt, tileOfPopulation } from './tiling.ts';

export interface LoadContext {
  readonly accounting: Accounting;
  readonly weightBits: number;
  readonly demand: DemandModel;
  /** Where rows pass through time they are not cut. */
  readonly cutsRows: boolean;
  /** Share of a population's neurons that send in a step; 1 where unknown. */
  readonly rates: ReadonlyMap<ValueId, number>;
}

const INDEX = Object.fromEntries(LIMITS.map((resource, i) => [resource, i])) as Readonly<
  Record<Resource, number>
>;

/**
 * In-axons are charged once for each source tile and core. They are left out where no core could run out of them,
 * however tiles are packed, unless they are asked for.
 * Cost: linear in tiles and in pairs of tiles of which one feeds the other.
 */
export function tileProblem(
  tiling: Tiling,
  feeds: readonly Feed[],
  context: LoadContext,
  withInAxons = false,
): PackProblem {
  const { accounting, cutsRows } = context;
  const items = tiling.first.at(-1)!;
  const capacity = Float64Array.from(LIMITS, resource => accounting.capacity[resource]);
  const links = linksOf(tiling, feeds, cutsRows);
  const axons = createAxonCosts(tiling, links, accounting);
  const demand = new Float64Array(items * LIMITS.length);
  const shares = createShares();
  const lists = createColumn();
  const begin = new Int32Array(items + 1);
  const isCounted = withInAxons || mayRunOut(links, accounting);
  const byTarget = isCounted ? transpose(links.targetsOf, items) : undefined;
  const own = ownDemands(tiling, context);
  for (let p = 0; p < tiling.populations.length; p++) {
    for (let tile = tiling.first[p]!; tile < tiling.first[p + 1]!; tile++) {
      const { cost, blocks } = own(p, tile - tiling.first[p]!);
      demand.set(cost, tile * LIMITS.length);
      demand[tile * LIMITS.length + INDEX.outAxonEntries]! += axons.entriesOf(tile);
      for (const { key, resource, amount } of blocks) lists.push(shares.number(key, resource, amount));
      if (byTarget !== undefined) {
        // Row 0 of the links is the host's: tile t is row t + 1.
        for (let i = byTarget.begin[tile]!; i < byTarget.begin[tile + 1]!; i++) {
          const source = byTarget.list[i]!;
          lists.push(shares.number(source, INDEX.inAxons, axons.inAxonsOf(source)));
        }
      }
      begin[tile + 1] = lists.length();
    }
  }
  const { itemsOf, netWeight, isOutside } = netsOfLinks(tiling, links, context.rates);
  return {
    items,
    capacity,
    demand,
    sharesOf: { begin, list: lists.done() },
    shareResource: Uint8Array.from(shares.resources),
    shareAmount: Float64Array.from(shares.amounts),
    netsOf: transpose(itemsOf, items),
    itemsOf,
    netWeight,
    isOutside,
  };
}

interface AxonCosts {
  /** Out-axon entries of a tile. */
  entriesOf(tile: number): number;
  /** In-axons of one source at a core; sources are numbered as in Links.targetsOf. */
  inAxonsOf(source: number): number;
}

/** By the token and source tile; by the neuron where the target counts those. The host has no axons in binary. */
function createAxonCosts(tiling: Tiling, links: Links, accounting: Accounting): AxonCosts {
  const { targetsOf, sent, sets, entries } = links;
  if (!accounting.countsNeuronsOfAxons) return { entriesOf: tile => entries[tile]!, inAxonsOf: () => 1 };
  const sharing = accounting.weights.get('')!.sharing;
  const read = (source: number, i: number) => {
    const { rows, count: neurons } = sets[sent[i]!]!;
    const axons = source === 0 ? 1 : axonsOf(tileAt(tiling, source - 1).population, accounting);
    return { rows, neurons, axons, readers: targetsOf.begin[source + 1]! - targetsOf.begin[source]! };
  };
  const over = (source: number, visit: (i: number) => number, join: (a: number, b: number) => number) => {
    let sum = 0;
    for (let i = targetsOf.begin[source]!; i < targetsOf.begin[source + 1]!; i++) sum = join(sum, visit(i));
    return sum;
  };
  return {
    entriesOf: tile =>
      over(
        tile + 1,
        i => accounting.outAxonEntries(read(tile + 1, i)),
        (a, b) => a + b,
      ),
    inAxonsOf: source =>
      source === 0 && accounting.isBinary
        ? 0
        : over(source, i => accounting.inAxons(read(source, i), sharing), Math.max),
  };
}

/** Could a core of as many tiles as its groups allow have more sources than in-axons? */
function mayRunOut({ targetsOf }: Links, { capacity, countsNeuronsOfAxons }: Accounting): boolean {
  if (capacity.inAxons === Number.POSITIVE_INFINITY) return false;
  if (countsNeuronsOfAxons) return true;
  const sources = new Int32Array(targetsOf.begin.length);
  let most = 0;
  for (const target of targetsOf.list) most = Math.max(most, ++sources[target]!);
  return most * capacity.groups > capacity.inAxons;
}

/** Numbers of things that a bin holds once. */
function createShares() {
  const numbers = new Map<string | number, number>();
  const resources: number[] = [];
  const amounts: number[] = [];
  return {
    resources,
    amounts,
    number(key: string | number, resource: number, amount: number): number {
      const known = numbers.get(key);
      if (known !== undefined) return known;
      numbers.set(key, resources.length);
      amounts.push(amount);
      return resources.push(resource) - 1;
    },
  };
}

interface Share {
  readonly key: string;
  readonly resource: number;
  readonly amount: number;
}

/** What a tile asks for, looked up for tiles of one population and shape. */
function ownDemands({ network, populations, cuts }: Tiling, { accounting, weightBits, demand }: LoadContext) {
  const byId = nodeMap(network.nodes);
  const known = populations.map(() => new Map<string, readonly number[]>());
  const tables = populations.map(population => tableShare(population, accounting));
  const weighted = populations.map(({ operands }) =>
    operands.flatMap(id => {
      const node = byId.get(id)!;
      return node.kind === 'linear' || node.kind === 'depthwise' ? [node] : [];
    }),
  );
  return (p: number, number: number): { cost: readonly number[]; blocks: readonly Share[] } => {
    const population = populations[p]!;
    const { box } = tileOfPopulation(population, cuts[p]!, number);
    const blocks = weighted[p]!.flatMap(node => {
      const block = sharedBlock(node, box, network, accounting, weightBits);
      return block ? shareOf(`weights ${block.key}`, 'synapseWords', block.words, accounting) : [];
    });
    const key = `${boxShape(box)}`;
    let cost = known[p]!.get(key);
    if (cost === undefined) {
      const readouts = network.outputs.includes(population.id) ? 1 : 0;
      const whole = demand.cost(population, box, { sources: [], destinations: readouts });
      const words = blocks.reduce((sum, { resource, amount }) => sum + (resource === WORDS ? amount : 0), 0);
      const loop = resetLoop(population, box, accounting);
      const asked: TileCost = { ...whole, synapseWords: whole.synapseWords - words, inAxons: loop };
      cost = LIMITS.map(resource => usedOf(accounting.capacity, asked, resource));
      known[p]!.set(key, cost);
    }
    return { cost, blocks: [...blocks, ...tables[p]!] };
  };
}

const WORDS = INDEX.synapseWords;

/** In-axons through which the neurons of a tile reset themselves. */
function resetLoop(population: IntOf<'population'>, box: Box, accounting: Accounting): number {
  if (accounting.softResetNeurons === 1 || population.attrs.emit.kind !== 'mt') return 0;
  const [groups, rows, channels] = boxShape(box);
  const loop = { rows: groups * rows, neurons: groups * rows * channels, axons: 1, readers: 1 };
  return accounting.inAxons(loop, accounting.weights.get('')!.sharing);
}

/** Words that tiles of a core share, and their bytes where state and synapses share a memory. */
function shareOf(
  key: string,
  resource: 'stateWords' | 'synapseWords',
  amount: number,
  { capacity }: Accounting,
): readonly Share[] {
  const words = { key, resource: INDEX[resource], amount };
  if (capacity.memoryBytes === Number.POSITIVE_INFINITY) return [words];
  const bytes = amount * (resource === 'stateWords' ? capacity.stateWordBytes : capacity.synapseWordBytes);
  return [words, { key: `${key} bytes`, resource: INDEX.memoryBytes, amount: bytes }];
}

/** Functions that read the same tables share them. */
function tableShare(
  { attrs: { function: fn } }: IntOf<'population'>,
  accounting: Accounting,
): readonly Share[] {
  const amount = functionWords(accounting, fn);
  if (amount === 0) return [];
  const key = hasLogarithms(fn) ? 'log' : fn.kind === 'pointwise' ? (fn.table ?? fn.name) : fn.kind;
  return shareOf(`table ${key}`, 'stateWords', amount, accounting);
}

/** Of every core: its tiles and what they take, in-axons included. */
export function loadsOf(problem: PackProblem, binOf: Int32Array, cores: number): Float64Array {
  const { capacity, demand, sharesOf, shareResource, shareAmount } = problem;
  const used = new Float64Array(cores * capacity.length);
  const tilesOf = transpose(pointers(binOf), cores);
  const seen = new Int32Array(shareResource.length).fill(-1);
  for (let core = 0; core < cores; core++) {
    for (let i = tilesOf.begin[core]!; i < tilesOf.begin[core + 1]!; i++) {
      const tile = tilesOf.list[i]!;
      for (let r = 0; r < capacity.length; r++)
        used[core * capacity.length + r]! += demand[tile * capacity.length + r]!;
      for (let j = sharesOf.begin[tile]!; j < sharesOf.begin[tile + 1]!; j++) {
        const share = sharesOf.list[j]!;
        if (seen[share] === core) continue;
        seen[share] = core;
        used[core * capacity.length + shareResource[share]!]! += shareAmount[share]!;
      }
    }
  }
  return used;
}

/** One number a row. */
const pointers = (list: Int32Array): Rows => ({
  begin: Int32Array.from({ length: list.length + 1 }, (_, i) => i),
  list,
});
