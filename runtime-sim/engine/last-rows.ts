/**
 * Rows of the operand that was multiplied last, as kernels read them: stacks that read the same one follow each other, so that
 * it is surveyed and packed once for all of their weights.
 */
import type { EngineArena } from '../../ir/fast/operand-kernels.ts';
import { type Matrix, type PreparedRows, preparedRoom, prepareRows } from '../../ir/fast/panels.ts';
import type { OperandPlace } from './memory.ts';

export interface LastRows {
  /** While stacks are prepared: rows of such a size will come. */
  need(rows: number, inner: number): void;
  /** After that. */
  place(): void;
  /** All rows of an operand as it is now; `read` says where they lie in 16 bits. */
  of(place: OperandPlace, size: readonly [number, number], work: number, read: () => Matrix): PreparedRows;
}

export function createLastRows(arena: EngineArena): LastRows {
  let [room, at] = [0, 0];
  let last:
    | { readonly place: OperandPlace; readonly written: number; readonly rows: PreparedRows }
    | undefined;
  return {
    need(rows, inner) {
      room = Math.max(room, preparedRoom(rows, inner));
    },
    place() {
      at = arena.reserve(room);
    },
    of(place, [rows, inner], work, read) {
      const old = last?.place === place && last.written === place.written ? last.rows : undefined;
      if (old?.rows === rows && old.inner === inner) return old;
      const found = prepareRows(arena, read(), [rows, inner], [at, work]);
      last = { place, written: place.written, rows: found };
      return found;
    },
  };
}
