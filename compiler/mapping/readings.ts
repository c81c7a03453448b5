/**
 * What the tiles of one population read, by numbers alone: how many messages reach them when it is cut so and so.
 * A message is one neuron of a source that one tile needs; tiles that will share a core are not known yet.
 */
import { operandIndices } from '../../ir/count/counts.ts';
import { nodeMap, sizeOf, type ValueId } from '../../ir/dialect.ts';
import type { IntGraph, IntOf, IntProjection } from '../../ir/int.ts';
import { HOLE, printMap } from '../../ir/map.ts';
import { axesRead, operandPositions, type Side, sideOf, viewOf, widthOf } from './operands.ts';
import type { Cut } from './tiles.ts';
import { tileCount, tileOfPopulation } from './tiling.ts';

/** One operand of a population. */
export interface Reading extends Facts {
  readonly source: ValueId;
  readonly projection: IntProjection;
  readonly operand: number;
  readonly side: Side;
  /** Inputs of a row or taps of a neuron. */
  readonly width: number;
}

interface Facts {
  /** Positions that are no holes. */
  readonly present: number;
  /** Does it read a neuron more than once? */
  readonly repeats: boolean;
}

/** Readings of the populations of a network; views that are equal are looked through once. */
export function createReadings(graph: IntGraph): (population: IntOf<'population'>) => readonly Reading[] {
  const byId = nodeMap(graph.nodes);
  const known = new Map<string, Facts>();
  return ({ operands }) =>
    operands.flatMap((id): readonly Reading[] => {
      const projection = byId.get(id) as IntProjection;
      if (projection.kind === 'bias') return [];
      const width = widthOf(projection, graph.constants);
      return projection.operands.map((source, i): Reading => {
        const side = sideOf(projection, i);
        const size = sizeOf(byId.get(source)!.type.shape);
        const map = viewOf(projection, side);
        const positions = [projection.kind, projection.type.shape, width, side, size];
        const key = `${JSON.stringify(positions)} ${map === undefined ? '' : printMap(map)}`;
        const facts = known.get(key) ?? lookThrough(operandIndices(projection, graph.constants)[i]!, size);
        known.set(key, facts);
        return { source, projection, operand: i, side, width, ...facts };
      });
    });
}

function lookThrough(indices: Int32Array, size: number): Facts {
  const seen = new Uint8Array(size);
  let present = 0;
  let repeats = false;
  for (const index of indices) {
    if (index === HOLE) continue;
    present += 1;
    if (seen[index] === 1) repeats = true;
    seen[index] = 1;
  }
  return { present, repeats };
}

/** Pieces along each axis of a cut that tells parts of the operand apart. */
const piecesRead = ({ projection, side }: Reading, { groups, rows, channels }: Cut): readonly number[] =>
  axesRead(projection, side, [groups, rows, channels]);

/**
 * Messages into the tiles of a population, each neuron of each source sending once.
 * Exact where no neuron is read twice; else as many to each part as to the one in the middle.
 */
export function messagesInto(
  population: IntOf<'population'>,
  cut: Cut,
  readings: readonly Reading[],
  rateOf: (source: ValueId) => number,
  known: Map<string, number>,
  graph: IntGraph,
): number {
  let sum = 0;
  readings.forEach((reading, i) => {
    const pieces = piecesRead(reading, cut);
    const parts = pieces.reduce((a, b) => a * b, 1);
    const sharers = tileCount(cut) / parts;
    const key = `${i} ${reading.repeats ? pieces : ''}`;
    let part = known.get(key);
    if (part === undefined) {
      part = reading.repeats ? middlePart(population, cut, reading, graph) : reading.present;
      known.set(key, part);
    }
    sum += rateOf(reading.source) * sharers * (reading.repeats ? part * parts : part);
  });
  return sum;
}

function middlePart(
  population: IntOf<'population'>,
  cut: Cut,
  { projection, operand, side, width }: Reading,
  { constants }: IntGraph,
): number {
  const half = (count: number) => Math.floor(count / 2);
  const middle = (half(cut.groups) * cut.rows + half(cut.rows)) * cut.channels + half(cut.channels);
  const tile = tileOfPopulation(population, cut, middle);
  const indices = operandIndices(projection, constants)[operand]!;
  const seen = new Set<number>();
  for (const position of operandPositions(projection, side, width, tile)) {
    const index = indices[position]!;
    if (index !== HOLE) seen.add(index);
  }
  return seen.size;
}

/** Accumulations of one step in a tile of so many rows and channels, each source neuron sending at its rate. */
export function accumulationsOf(
  neurons: number,
  readings: readonly Reading[],
  rateOf: (source: ValueId) => number,
): number {
  return readings.reduce((sum, { source, width }) => sum + neurons * width * rateOf(source), 0);
}
