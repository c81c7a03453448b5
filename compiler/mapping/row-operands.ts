/** Operands of gathers as rows: which rows of its source each row of a population reads. */
import { defect } from '../../ir/diagnostics/diagnostic.ts';
import { sizeOf, type ValueId } from '../../ir/dialect.ts';
import type { IntGraph, IntNode, IntOf, IntProjection } from '../../ir/int.ts';
import { HOLE, identityMap, printMap, type StridedMap } from '../../ir/map.ts';
import { sideOf, viewOf, widthOf } from './operands.ts';
import { eachRowPair, type RowAxis } from './row-pairs.ts';

/** By how much the rows that are read run ahead of the rows that read them, at most. */
export function ahead(last: Int32Array): number {
  let most = Number.NEGATIVE_INFINITY;
  for (let r = 0; r < last.length; r++) if (last[r] !== HOLE) most = Math.max(most, last[r]! - r);
  return most;
}

/** One operand of a gather: where its rows come from and how its positions lie in rows. */
export interface RowOperand {
  readonly reader: IntOf<'population'>;
  readonly projection: IntProjection;
  readonly source: IntOf<'population'> | IntOf<'input'>;
  /** Number among the projection's operands; the sources of a relay are added up in one. */
  readonly number: number;
  readonly map: StridedMap;
  /** One row where every row of the reader reads all of it. */
  readonly places: RowAxis;
}

export function gathersOf(
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
      const map = viewOf(projection, sideOf(projection, number)) ?? identityMap(sizeOf(source.type.shape));
      return { reader, projection, source, number, map, places };
    });
  });
}

const ONE_ROW: RowAxis = { width: Number.POSITIVE_INFINITY, rows: 1 };

/** How positions of an operand lie in rows of the population (program.ts, AxonTarget.map). */
function placesOf(
  projection: IntProjection,
  number: number,
  { type }: IntOf<'population'>,
  { constants }: IntGraph,
): RowAxis {
  if (projection.kind === 'product' && number === 1) return ONE_ROW;
  const [, rows, channels] = type.shape as [number, number, number];
  const width = widthOf(projection, constants);
  const isOfRow = projection.kind === 'linear' || projection.kind === 'product';
  return { width: isOfRow ? width : channels * width, rows };
}

export const isBroadcast = ({ projection, number }: RowOperand): boolean =>
  projection.kind === 'product' && number === 1;

/** First and last source row that each row of an operand reads; HOLE: none. */
export interface Reach {
  readonly first: Int32Array;
  readonly last: Int32Array;
}

/** Equal views are looked at once. */
export function createReach(): (operand: RowOperand) => Reach {
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
