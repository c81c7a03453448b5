/** Rows that wait in a tile: so many slots as the program declares, each held by one row of one image. */
import { fail } from '../ir/diagnostics/diagnostic.ts';

/** Row `row` of image `image` is number image · rows + row, and lies in slot number mod slots. */
export interface Ring {
  readonly slots: number;
  /** Rows of one image. */
  readonly rows: number;
  /** Elements of a row. */
  readonly width: number;
  readonly data: Float64Array;
  /** Signed powers of two of what lies at each place. */
  readonly terms: Uint8Array;
  /** Number of the row in each slot; FREE: none. */
  readonly holders: Float64Array;
}

export const FREE = -1;

/** Elements that the rings of a machine may still take. */
export interface Room {
  left: number;
}
/** Most elements of all rings: what a simulator may have to allocate for them. */
export const MAX_ELEMENTS = 2 ** 26;

/** Errors E0703 */
export function createRing(slots: number, rows: number, width: number, room: Room): Ring {
  room.left -= slots * width;
  if (room.left < 0) {
    const problem = `rings of more than ${MAX_ELEMENTS} elements; no more are simulated`;
    fail('E0703', { origin: 'program' }, { problem });
  }
  return {
    ...{ slots, rows, width },
    data: new Float64Array(slots * width),
    terms: new Uint8Array(slots * width),
    holders: new Float64Array(slots).fill(FREE),
  };
}

/** Where a row begins that something arrives for. Errors E0703: the slot holds a row that is still needed. */
export function claim({ slots, width, holders }: Ring, number: number): number {
  const slot = number % slots;
  if (holders[slot] !== number) {
    const problem = `row ${number} arrives in slot ${slot} of ${slots}, which row ${holders[slot]} still needs`;
    if (holders[slot] !== FREE) fail('E0703', { origin: 'program' }, { problem });
    holders[slot] = number;
  }
  return slot * width;
}

/** Where a row lies; FREE: nothing has arrived for it. */
export function find({ slots, width, holders }: Ring, number: number): number {
  const slot = number % slots;
  return holders[slot] === number ? slot * width : FREE;
}

export function release(ring: Ring, number: number): void {
  const at = find(ring, number);
  if (at === FREE) return;
  ring.data.fill(0, at, at + ring.width);
  ring.terms.fill(0, at, at + ring.width);
  ring.holders[number % ring.slots] = FREE;
}
