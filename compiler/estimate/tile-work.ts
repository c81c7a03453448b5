/**
 * What every tile of a mapped network does in one step, from the tables alone: expected events, given which share of each
 * population's neurons sends. The same events as runtime-sim/kernels.ts counts where something runs, so that one cost
 * model serves both.
 *
 * Cost  linear in the connections of all cores
 */
import type { ChipGraph } from '../../ir/chip.ts';
import { defect } from '../../ir/diagnostics/diagnostic.ts';
import { nodeMap, type ValueId } from '../../ir/dialect.ts';
import type { IntProjection } from '../../ir/int.ts';
import { expandMap, HOLE } from '../../ir/map.ts';
import { createArrivals, sentBy, type Wiring, wiringOf } from '../mapping/arrivals.ts';
import { type Feed, HOST, type Intake } from '../mapping/feeds.ts';
import { createUnions } from '../mapping/sent.ts';
import { boxShape } from '../mapping/tiles.ts';
import { tileAt } from '../mapping/tiling.ts';

/** Of a population in one step: share of its neurons that send, and terms of all its neurons ÷ their number. */
export interface Activity {
  readonly rate: number;
  readonly terms: number;
}

const EVENTS = [
  'updates',
  'active',
  'spikes',
  'terms',
  'messages',
  'hopsEastWest',
  'hopsNorthSouth',
  'chipMessages',
  'synops',
  'memoryWords',
  'relayAdds',
] as const;
type Event = (typeof EVENTS)[number];

/** Of all tiles. */
export type EventTotals = { readonly [E in Event]: number };

/** Messages of one tile to one core that is not its own. */
export interface Flows {
  readonly tile: Int32Array;
  readonly core: Int32Array;
  readonly messages: Float64Array;
}

export interface TileWork {
  /** One number for each tile. */
  readonly events: { readonly [E in Event]: Float64Array };
  readonly flows: Flows;
  readonly wiring: Wiring;
}

/**
 * What the same cores move and multiply as an ordinary network: every neuron sends once, each pair of a product is
 * multiplied once. The same as runtime-sim/dense-events.ts tells from the programs.
 */
export const denseWork = (graph: ChipGraph, weightBits: number): TileWork =>
  tileWork(graph, new Map(), weightBits, true);

/**
 * Needs: cores placed. `activity`: every neuron sends where it says nothing of a population. `isOnce`: the second operand of
 * a product is only kept.
 */
export function tileWork(
  graph: ChipGraph,
  activity: ReadonlyMap<ValueId, Activity>,
  weightBits: number,
  isOnce = false,
): TileWork {
  const wiring = wiringOf(graph);
  const events = Object.fromEntries(
    EVENTS.map(event => [event, new Float64Array(wiring.coreOf.length)]),
  ) as Record<Event, Float64Array>;
  const active = activityOf(wiring, activity);
  countNeurons(wiring, active, events);
  const flows = countMessages(graph, wiring, active, events);
  const isStreaming = graph.attrs.mode === 'streaming';
  countSynops(wiring, active, { weightBits, isOnce, isKept: isOnce || isStreaming }, events);
  return { events, flows, wiring };
}

/** Per image of so many steps. */
export const totalsOf = ({ events }: TileWork, steps: number): EventTotals =>
  Object.fromEntries(
    EVENTS.map(event => [event, steps * events[event].reduce((a, b) => a + b, 0)]),
  ) as EventTotals;

interface Shares {
  /** Of the sender of each tile; the host, which sends what it has, is all there is. */
  readonly rate: (tile: number) => number;
  readonly terms: (tile: number) => number;
}

function activityOf({ tiling, populationOf }: Wiring, activity: ReadonlyMap<ValueId, Activity>): Shares {
  const of = (pick: (a: Activity) => number) => {
    const shares = Float64Array.from(tiling.populations, ({ id }) => {
      const own = activity.get(id);
      return own === undefined ? 1 : pick(own);
    });
    return (tile: number) => (tile === HOST ? 1 : shares[populationOf[tile]!]!);
  };
  return { rate: of(a => a.rate), terms: of(a => a.terms) };
}

type Counted = Readonly<Record<Event, Float64Array>>;

function countNeurons({ tiling, coreOf }: Wiring, { rate, terms }: Shares, events: Counted): void {
  for (let tile = 0; tile < coreOf.length; tile++) {
    const [groups, rows, channels] = boxShape(tileAt(tiling, tile).box);
    const neurons = groups * rows * channels;
    events.updates[tile] = neurons;
    events.active[tile] = neurons * rate(tile);
    events.spikes[tile] = events.active[tile]!;
    events.terms[tile] = neurons * terms(tile);
  }
}

function countMessages(graph: ChipGraph, wiring: Wiring, { rate }: Shares, events: Counted): Flows {
  const { coreOf, cores, tiling } = wiring;
  const { chip, x, y } = graph.tables.cores.columns;
  const arrive = createArrivals(wiring);
  const unions = createUnions();
  const readouts = new Set<string>(tiling.network.outputs);
  const [tile, core, sent]: [number[], number[], number[]] = [[], [], []];
  for (let to = 0; to < cores; to++) {
    const arrivals = arrive(to);
    arrivals.sources.forEach((source, i) => {
      if (source === HOST || readouts.has(tiling.populations[wiring.populationOf[source]!]!.id)) return;
      const from = coreOf[source]!;
      const { count } = sentBy(arrivals, arrivals.begins[i]!, arrivals.begins[i + 1]!, unions);
      const messages = count * rate(source);
      events.messages[source]! += messages;
      if (from === to) return;
      if (chip![from] !== chip![to]) events.chipMessages[source]! += messages;
      else {
        events.hopsEastWest[source]! += messages * Math.abs(x![to]! - x![from]!);
        events.hopsNorthSouth[source]! += messages * Math.abs(y![to]! - y![from]!);
      }
      tile.push(source);
      core.push(to);
      sent.push(messages);
    });
  }
  return { tile: Int32Array.from(tile), core: Int32Array.from(core), messages: Float64Array.from(sent) };
}

const WORD_BITS = 64;

interface Streams {
  readonly weightBits: number;
  /** The second operand of a product is kept and meets nothing on its arrival. */
  readonly isKept: boolean;
  readonly isOnce: boolean;
}

function countSynops(
  wiring: Wiring,
  shares: Shares,
  { weightBits, isKept, isOnce }: Streams,
  events: Counted,
): void {
  const { tiling, feeds, populationOf, coreOf } = wiring;
  const byId = nodeMap(tiling.network.nodes);
  const usesOf = createUses();
  const projectionOf = ({ population, gather }: Feed): IntProjection => {
    const node = byId.get(tiling.populations[population]!.operands[gather]!);
    if (node === undefined || node.kind === 'population' || node.kind === 'input')
      return defect('a feed of no projection');
    return node;
  };
  for (let tile = 0; tile < coreOf.length; tile++) {
    const p = populationOf[tile]!;
    const shape = boxShape(tileAt(tiling, tile).box);
    for (const feed of feeds[p]!) {
      const { kind } = projectionOf(feed);
      const first = feed.source === HOST ? 0 : tiling.first[feed.source]!;
      for (const intake of feed.pattern.windows[feed.pattern.windowOf[tile - tiling.first[p]!]!]!) {
        const source = feed.source === HOST ? HOST : first + intake.source;
        const uses = usesOf(intake);
        const met = uses * shares.rate(source);
        const [, rows, channels] = shape;
        switch (kind) {
          case 'linear':
            events.synops[tile]! += met * channels;
            events.memoryWords[tile]! += met * Math.ceil((channels * weightBits) / WORD_BITS);
            break;
          case 'product':
            events.synops[tile]! += met * (feed.side === 0 ? channels : isKept ? 0 : rows);
            break;
          case 'hadamard':
            events.synops[tile]! += isOnce && feed.side === 1 ? 0 : met;
            break;
          case 'depthwise':
            events.synops[tile]! += met;
            events.memoryWords[tile]! += met;
            break;
          case 'relay':
            events.relayAdds[tile]! += met;
            break;
          case 'maximum':
            events.relayAdds[tile]! += uses * shares.terms(source);
            break;
          case 'bias':
            break;
          default:
            kind satisfies never;
        }
      }
    }
  }
}

/** Positions that the neurons of an intake feed, counted once for each intake: patterns are shared by equal blocks. */
function createUses(): (intake: Intake) => number {
  const known = new Map<Intake, number>();
  return intake => {
    const old = known.get(intake);
    if (old !== undefined) return old;
    const [, ...further] = intake.maps;
    let uses = intake.sent.count;
    for (const map of further) for (const position of expandMap(map)) uses += position === HOLE ? 0 : 1;
    known.set(intake, uses);
    return uses;
  };
}
