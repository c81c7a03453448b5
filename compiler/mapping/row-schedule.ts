/**
 * Rows in time: population p executes row r of an image at timestep start(p) + r, all groups and channels of the row at
 * once. A row waits until everything that it reads was sent:
 *
 *     start(p) + r ≥ start(q) + s + 1      for every row s of a source q that row r of p reads
 *
 * and start(p) is the least that keeps this for all of its rows, or a later one that makes nobody wait, where what waits
 * for its readers would not fit their cores (row-waits.ts). A new image begins every `interval` timesteps, as many as the
 * largest population has rows, or more. What arrives before its row executes waits in a ring: `slots` rows of an operand,
 * row r of image m in slot (m · rows + r) mod slots. Operands that every row of a product reads (keys, values) are kept by
 * the rows of their source, until the last row of their image has executed.
 *
 * Source  design 4 §3
 * Cost    runs of the views (row-pairs.ts), once for equal ones; positions only of what reads the image
 */
import { operandIndices } from '../../ir/count/counts.ts';
import { defect } from '../../ir/diagnostics/diagnostic.ts';
import { nodeMap, sizeOf, type ValueId } from '../../ir/dialect.ts';
import type { IntGraph, IntOf } from '../../ir/int.ts';
import { HOLE } from '../../ir/map.ts';
import { broadcastSlots, rowSlots } from './ring-slots.ts';
import { ahead, createReach, gathersOf, isBroadcast, type Reach, type RowOperand } from './row-operands.ts';
import { rowOf } from './row-pairs.ts';
import { chooseInterval, delaySenders, type HoldLimits } from './row-waits.ts';

export interface RowSchedule {
  readonly starts: ReadonlyMap<ValueId, number>;
  readonly depth: number;
  readonly interval: number;
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

/** Needs: one step. `limits` of a core; undefined: everything as soon as it can be. */
export function scheduleRows(graph: IntGraph, limits?: HoldLimits): RowSchedule {
  const byId = nodeMap(graph.nodes);
  const populations = graph.nodes.filter(node => node.kind === 'population');
  const reach = createReach();
  const gathers = new Map(populations.map(node => [node.id, gathersOf(node, graph, byId)]));
  const starts = earliestStarts(graph, gathers, reach);
  const network = { populations, gathers, reach };
  if (limits !== undefined) delaySenders(network, starts, limits);
  const most = populations.reduce((rows, node) => Math.max(rows, rowsOf(node)), 1);
  const interval = limits === undefined ? most : chooseInterval(network, starts, most, limits);
  const depth = populations.reduce(
    (last, node) => Math.max(last, starts.get(node.id)! + rowsOf(node) - 1),
    0,
  );
  const hostSteps = hostStepsOf(graph, starts, gathers);
  const rings = populations.map(node => {
    const times = { start: starts.get(node.id)!, starts, interval, hostSteps };
    return [node.id, gathers.get(node.id)!.map(own => ringsOf(own, node, times, reach, graph))] as const;
  });
  return { starts, depth, interval, rings: new Map(rings) };
}

const rowsOf = ({ type }: IntOf<'population'>): number => type.shape[1]!;

type Gathers = ReadonlyMap<ValueId, readonly (readonly RowOperand[])[]>;

function earliestStarts(
  { nodes }: IntGraph,
  gathers: Gathers,
  reach: (operand: RowOperand) => Reach,
): Map<ValueId, number> {
  const starts = new Map<ValueId, number>();
  for (const { kind, id } of nodes) {
    if (kind === 'input') starts.set(id, 0);
    if (kind !== 'population') continue;
    let start = 1;
    for (const operand of gathers.get(id)!.flat()) {
      const { source } = operand;
      if (source.kind === 'population')
        start = Math.max(start, starts.get(source.id)! + 1 + ahead(reach(operand).last));
    }
    starts.set(id, start);
  }
  return starts;
}

/** Timestep in which the host sends each element of the image, in time for the first row that reads it; HOLE: never. */
export function hostStepsOf(
  graph: IntGraph,
  starts: ReadonlyMap<ValueId, number>,
  gathers: Gathers = allGathers(graph),
): Int32Array {
  const input = graph.nodes.find(node => node.kind === 'input') ?? defect('a network without input');
  const steps = new Int32Array(sizeOf(input.type.shape)).fill(HOLE);
  for (const operand of [...gathers.values()].flat(2)) {
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

function allGathers(graph: IntGraph): Gathers {
  const byId = nodeMap(graph.nodes);
  return new Map(
    graph.nodes.flatMap(node =>
      node.kind === 'population' ? [[node.id, gathersOf(node, graph, byId)]] : [],
    ),
  );
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
