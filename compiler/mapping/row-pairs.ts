/** Which rows a view joins: found run by run, never element by element where rows are wide. */
import { HOLE, type StridedMap } from '../../ir/map.ts';
import { eachRun } from '../../ir/runs.ts';

/** Element x of an array [groups, rows, width] lies in row ⌊x / width⌋ mod rows. */
export interface RowAxis {
  readonly width: number;
  readonly rows: number;
}

export const rowOf = (x: number, { width, rows }: RowAxis): number => Math.floor(x / width) % rows;

/**
 * Visits every pair (row of a place in the map, row of the element that stands there) at least once; holes are left out.
 * Cost: runs of the map, each cut where it passes from one row into another
 */
export function eachRowPair(
  map: StridedMap,
  places: RowAxis,
  elements: RowAxis,
  visit: (placeRow: number, elementRow: number) => void,
): void {
  let begin = 0;
  for (const segment of map.segments) {
    eachRun(segment, (start, stride, count) => {
      for (let i = start === HOLE ? count : 0; i < count; ) {
        const [place, element] = [begin + i, start + i * stride];
        visit(rowOf(place, places), rowOf(element, elements));
        const left = places.width - (place % places.width);
        i += Math.min(left, stepsWithin(element % elements.width, stride, elements.width), count - i);
      }
      begin += count;
    });
  }
}

/** Steps of `stride` from `offset` of a row of `width` elements until the row is left. */
function stepsWithin(offset: number, stride: number, width: number): number {
  if (stride === 0) return Number.POSITIVE_INFINITY;
  return stride > 0 ? Math.ceil((width - offset) / stride) : Math.floor(offset / -stride) + 1;
}
