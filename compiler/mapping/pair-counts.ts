/** Small counts by pairs of numbers, of which almost all are 0: how many items of a net are in a bin. */

export interface PairCounts {
  get(row: number, column: number): number;
  /** Adds `by`; returns the new count. */
  add(row: number, column: number, by: number): number;
}

/** Cost: constant time per call; memory in the largest number of pairs that were ever above 0. */
export function createPairCounts(expected = 16): PairCounts {
  let bits = Math.max(4, Math.ceil(Math.log2(expected * 2 + 1)));
  let rows = new Int32Array(2 ** bits).fill(-1);
  let columns = new Int32Array(2 ** bits);
  let counts = new Int32Array(2 ** bits);
  let filled = 0;
  const slotOf = (row: number, column: number): number => {
    const mask = rows.length - 1;
    let hash = Math.imul(row, 0x9e3779b1) ^ Math.imul(column, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    let slot = (hash ^ (hash >>> 13)) & mask;
    while (rows[slot] !== -1 && (rows[slot] !== row || columns[slot] !== column)) slot = (slot + 1) & mask;
    return slot;
  };
  /** Pairs that are 0 again are left out. */
  const rebuild = () => {
    const old = { rows, columns, counts };
    let alive = 0;
    for (const count of counts) if (count !== 0) alive += 1;
    bits = Math.max(4, Math.ceil(Math.log2(alive * 4 + 1)));
    rows = new Int32Array(2 ** bits).fill(-1);
    columns = new Int32Array(2 ** bits);
    counts = new Int32Array(2 ** bits);
    filled = alive;
    for (let i = 0; i < old.counts.length; i++) {
      if (old.counts[i] === 0) continue;
      const slot = slotOf(old.rows[i]!, old.columns[i]!);
      rows[slot] = old.rows[i]!;
      columns[slot] = old.columns[i]!;
      counts[slot] = old.counts[i]!;
    }
  };
  return {
    get: (row, column) => {
      const slot = slotOf(row, column);
      return rows[slot] === -1 ? 0 : counts[slot]!;
    },
    add(row, column, by) {
      let slot = slotOf(row, column);
      if (rows[slot] === -1) {
        if (filled * 3 >= rows.length * 2) {
          rebuild();
          slot = slotOf(row, column);
        }
        rows[slot] = row;
        columns[slot] = column;
        counts[slot] = 0;
        filled += 1;
      }
      counts[slot]! += by;
      return counts[slot]!;
    },
  };
}
