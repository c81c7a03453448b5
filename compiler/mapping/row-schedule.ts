/**
 * Rows in time: population p executes row r of an image at timestep start(p) + r, all groups and channels of the row at
 * once. A row waits until everything that it reads was sent:
 *
 *     start(p) + r ≥ start(q) + s + 1      for every row s of a source q that row r of p reads
 *
 * and start(p) is the least that keeps this for all of its rows. A new image begins every `interval` timesteps, as many
 * as the largest population has rows. What arrives before its row executes waits in a ring: `slots` rows of an operand,
 * row r of image m in slot (m · rows + r) mod slots. Operands that every row of a product reads (keys, values) are kept by
 * the rows of their source, until the last row of their image has executed.
 *
 * Source  design 4 §3
 * Cost    runs of the views (row-pairs.ts), once for equal ones; positions only of what reads the image
 */
import { operandIndices } from '../../ir/count/counts.ts';
import { defect } from '../../ir/diagnostics/diagnostic.ts';
import { nodeMap, sizeOf, type ValueId } from '../../ir/dialect.ts';
import type { IntGraph, IntNode, IntOf, IntProjection } from '../../ir/int.ts';
import { HOLE, identityMap, printMap, type StridedMap } from '../../ir/map.ts';
import { broadcastSlots, rowSlots } from './ring-slots.ts';
import { eachRowPair, type RowAxis, rowOf } from './row-pairs.ts';

export interface RowSchedule {
  readonly starts: ReadonlyMap<ValueId, number>;
  readonly depth: number;
  readonly interval: number;
  /** Timestep in which the host sends each element of the image; HOLE: never. */
  readonly hostSteps: Int32Array;
  /** Of every gather of a population, in order. */
  readonly rings: ReadonlyMap<ValueId, readonly GatherRings[]>;
}

export interface GatherRings {
  /** Rows that each operand holds at once. */
  readonly slots: readonly number[];
  /** Slots of a broadcast operand, in rows of its source. */
  readonly copies: number | undefined;
  /** Is what arrives added up at once, in the state of the neurons? */
  readonly isSum: boolean;
}

/** Needs: one step. */
export function scheduleRows(graph: IntGraph): RowSchedule {
  const byId = nodeMap(graph.nodes);
  const input = graph.nodes.find(node => node.kind === 'input') ?? defect('a network without input');
  const populations = graph.nodes.filter(node => node.kind === 'population');
  const reach = createReach();
  const gathers = new Map(populations.map(node => [node.id, gathersOf(node, graph, byId)]));
  const starts = new Map<ValueId, number>([[input.id, 0]]);
  for (const { id } of populations) {
    const least = gathers
      .get(id)!
      .flat()
      .map(operand => {
        const { source } = operand;
        return source.kind === 'input' ? 1 : starts.get(source.id)! + 1 + ahead(reach(operand).last);
      });
    starts.set(id, Math.max(1, ...least));
  }
  const rowsOf = ({ type }: IntOf<'population'>) => type.shape[1]!;
  const interval = Math.max(1, ...populations.map(rowsOf));
  const depth = Math.max(0, ...populations.map(node => starts.get(node.id)! + rowsOf(node) - 1));
  const hostSteps = hostStepsOf(input, [...gathers.values()].flat(2), starts, graph);
  const rings = populations.map(node => {
    const times = { start: starts.get(node.id)!, starts, interval, hostSteps };
    return [node.id, gathers.get(node.id)!.map(own => ringsOf(own, node, times, reach, graph))] as const;
  });
  return { starts, depth, interval, hostSteps, rings: new Map(rings) };
}

/** By how much the rows that are read run ahead of the rows that read them, at most. */
function ahead(last: Int32Array): number {
  let most = Number.NEGATIVE_INFINITY;
  for (let r = 0; r < last.length; r++) if (last[r] !== HOLE) most = Math.max(most, last[r]! - r);
  return most;
}

/** One operand of a gather: where its rows come from and how its positions lie in rows. */
interface RowOperand {
  readonly reader: IntOf<'population'>;
  readonly projection: IntProjection;
  readonly source: IntOf<'population'> | IntOf<'input'>;
  /** Number among the projection's operands; the sources of a relay are added up in one. */
  readonly number: number;
  readonly map: StridedMap;
  /** One row where every row of the reader reads all of it. */
  readonly places: RowAxis;
}

function gathersOf(
  reader: IntOf<'population'>,
  graph: IntGraph,
  byId: ReadonlyMap<ValueId, IntNode>,
): readonly (readonly RowOperand[])[] {
  return reader.operands.map(id => {
    const projection = byId.get(id);
    if (projection === undefined || projection.kind === 'population' || projection.kind === 'input')
      return defect(`${id} is not a projection`);
    return projection.operands.map((from, number): RowOperand => {
      const source = byId.get(from);
      if (source?.kind !== 'population' && source?.kind !== 'input') return defect(`${from} sends nothing`);
      const places = placesOf(projection, number, reader, graph);
      const map = mapOf(projection, number) ?? identityMap(sizeOf(source.type.shape));
      return { reader, projection, source, number, map, places };
    });
  });
}

function mapOf({ attrs }: IntProjection, number: number): StridedMap | undefined {
  if ('map' in attrs) return attrs.map;
  if (number === 0) return 'mapA' in attrs ? attrs.mapA : undefined;
  return 'mapB' in attrs ? attrs.mapB : undefined;
}

const ONE_ROW: RowAxis = { width: Number.POSITIVE_INFINITY, rows: 1 };

/** How positions of an operand lie in rows of the population (program.ts, AxonTarget.map). */
function placesOf(
  projection: IntProjection,
  number: number,
  { type }: IntOf<'population'>,
  { constants }: IntGraph,
): RowAxis {
  const [, rows, channels] = type.shape as [number, number, number];
  switch (projection.kind) {
    case 'linear':
      return { width: constants.get(projection.attrs.weight).shape[0]!, rows };
    case 'product':
      return number === 1 ? ONE_ROW : { width: projection.attrs.inner, rows };
    case 'depthwise':
      return { width: channels * constants.get(projection.attrs.weight).shape[0]!, rows };
    case 'maximum':
      return { width: channels * projection.attrs.taps, rows };
    case 'hadamard':
    case 'relay':
    case 'bias':
      return { width: channels, rows };
    default:
      return projection satisfies never;
  }
}

const isBroadcast = ({ projection, number }: RowOperand): boolean =>
  projection.kind === 'product' && number === 1;

/** First and last source row that each row of an operand reads; HOLE: none. */
interface Reach {
  readonly first: Int32Array;
  readonly last: Int32Array;
}

/** Equal views are looked at once. */
function createReach(): (operand: RowOperand) => Reach {
  const known = new Map<string, Reach>();
  return ({ source, map, places }) => {
    const [, rows, channels] = source.type.shape as [number, number, number];
    const key = `${rows} ${channels} ${places.rows} ${places.width} ${printMap(map)}`;
    const old = known.get(key);
    if (old !== undefined) return old;
    const first = new Int32Array(places.rows).fill(HOLE);
    const last = new Int32Array(places.rows).fill(HOLE);
    eachRowPair(map, places, { width: channels, rows }, (r, s) => {
      if (first[r] === HOLE || s < first[r]!) first[r] = s;
      if (s > last[r]!) last[r] = s;
    });
    const found = { first, last };
    known.set(key, found);
    return found;
  };
}

/** Each element in time for the first row that reads it. */
function hostStepsOf(
  input: IntOf<'input'>,
  operands: readonly RowOperand[],
  starts: ReadonlyMap<ValueId, number>,
  graph: IntGraph,
): Int32Array {
  const steps = new Int32Array(sizeOf(input.type.shape)).fill(HOLE);
  for (const operand of operands) {
    if (operand.source.kind !== 'input') continue;
    const indices = operandIndices(operand.projection, graph.constants)[operand.number]!;
    const start = starts.get(operand.reader.id)!;
    indices.forEach((element, place) => {
      if (element === HOLE) return;
      const step = start + rowOf(place, operand.places) - 1;
      if (steps[element] === HOLE || step < steps[element]!) steps[element] = step;
    });
  }
  return steps;
}

interface Sent {
  readonly starts: ReadonlyMap<ValueId, number>;
  readonly hostSteps: Int32Array;
}
interface Times extends Sent {
  /** Of the reader. */
  readonly start: number;
  readonly interval: number;
}

function ringsOf(
  operands: readonly RowOperand[],
  reader: IntOf<'population'>,
  { start, interval, ...times }: Times,
  reach: (operand: RowOperand) => Reach,
  graph: IntGraph,
): GatherRings {
  const arrivals = operands.map(operand => arrivalsOf(operand, times, reach, graph));
  const kind = operands[0]?.projection.kind;
  const isSum = kind === 'linear' || kind === 'relay' || kind === 'depthwise';
  if (isSum) return { slots: [rowSlots(earliest(arrivals), start, interval)], copies: undefined, isSum };
  if (kind !== 'product')
    return { slots: arrivals.map(ring => rowSlots(ring, start, interval)), copies: undefined, isSum };
  const [a, b] = arrivals as [Float64Array, Float64Array];
  const end = start + reader.type.shape[1]! - 1;
  const kept = broadcastSlots(b.length, b[0]!, end, interval);
  return { slots: [rowSlots(a, start, interval), kept], copies: kept / b.length, isSum };
}

/** First arrival for each row of the operand; of a broadcast one for each row of its source. */
function arrivalsOf(
  operand: RowOperand,
  { starts, hostSteps }: Sent,
  reach: (operand: RowOperand) => Reach,
  { constants }: IntGraph,
): Float64Array {
  const { source, projection, number, places } = operand;
  const sent = source.kind === 'input' ? 0 : starts.get(source.id)!;
  if (isBroadcast(operand)) {
    const rows =
      source.kind === 'input' ? hostSteps.reduce((a, b) => Math.max(a, b + 1), 1) : source.type.shape[1]!;
    return Float64Array.from({ length: rows }, (_, s) => sent + s + 1);
  }
  const first = new Float64Array(places.rows).fill(Number.POSITIVE_INFINITY);
  if (source.kind === 'input') {
    operandIndices(projection, constants)[number]!.forEach((element, place) => {
      const row = rowOf(place, places);
      if (element !== HOLE) first[row] = Math.min(first[row]!, hostSteps[element]! + 1);
    });
  } else {
    const rows = reach(operand).first;
    for (let r = 0; r < rows.length; r++) if (rows[r] !== HOLE) first[r] = sent + rows[r]! + 1;
  }
  return first;
}

const earliest = (arrivals: readonly Float64Array[]): Float64Array =>
  arrivals.reduce((a, b) => a.map((time, r) => Math.min(time, b[r]!)));
