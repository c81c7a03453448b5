/**
 * How to cut one population: of all regular grids whose tiles fit a core, the one that costs least in cores
 * and messages. Neighbours are not looked at yet; every population is cut for itself.
 */
import { type Accounting, fill, fits, type Overflow, RESOURCES } from '../../backends/accounting.ts';
import { functionWords } from '../../backends/tile-cost.ts';
import type { IntGraph, IntOf } from '../../ir/int.ts';
import { operandPositions, operandsOf } from './connections.ts';
import { type DemandModel, needsWholeGroups } from './demand.ts';
import { type Cut, pieces, type Tile } from './tiles.ts';

/** Messages that weigh as much as one core: a core's worth of neurons firing once more. */
const MESSAGES_PER_CORE = 4096;

export interface CutContext {
  readonly graph: IntGraph;
  readonly accounting: Accounting;
  readonly demand: DemandModel;
  /** Where rows pass through time they are not cut. */
  readonly cutsRows: boolean;
}

/** The cheapest cut, or what stands in the way of the smallest tile. */
export function chooseCut(population: IntOf<'population'>, context: CutContext): Cut | Overflow {
  const [groups, rows, channels] = population.type.shape as [number, number, number];
  const channelCounts = needsWholeGroups(population) ? [1] : pieceCounts(channels);
  const rowCounts = context.cutsRows ? pieceCounts(rows) : [1];
  let best: { cut: Cut; price: number } | undefined;
  let overflow: Overflow | undefined;
  for (const groupCount of pieceCounts(groups)) {
    for (const rowCount of rowCounts) {
      for (const channelCount of channelCounts) {
        const cut = { groups: groupCount, rows: rowCount, channels: channelCount };
        const offer = priceOf(population, cut, context);
        if (typeof offer !== 'number') overflow = offer;
        else if (best === undefined || offer < best.price) best = { cut, price: offer };
      }
    }
  }
  return best?.cut ?? overflow!;
}

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

/** Cores and messages of a cut, in cores; or the overflow of its largest tile. */
function priceOf(
  population: IntOf<'population'>,
  cut: Cut,
  { graph, accounting, demand }: CutContext,
): number | Overflow {
  const [groups, rows, channels] = population.type.shape as [number, number, number];
  const largest: Tile = {
    population,
    box: {
      group: pieces(groups, cut.groups)[0]!,
      row: pieces(rows, cut.rows)[0]!,
      channel: pieces(channels, cut.channels)[0]!,
    },
  };
  const cost = demand.cost(population, largest.box, { sources: [], destinations: 1 });
  const tables = functionWords(accounting, population.attrs.function);
  const charged = { ...cost, stateWords: cost.stateWords + tables };
  const overflow = fits(accounting.capacity, charged);
  if (overflow !== undefined) return overflow;
  const tiles = cut.groups * cut.rows * cut.channels;
  const shares = fill(accounting.capacity, { ...charged, groups: 0 });
  const share = Math.max(...RESOURCES.map(resource => shares[resource]));
  const messages = operandsOf(population, graph).reduce(
    (sum, operand) => sum + operandPositions(operand, largest).length,
    0,
  );
  return tiles * (share + messages / MESSAGES_PER_CORE);
}
