/**
 * Where what waits would not fit the core of its reader. Rows of a product's first operand (queries) wait as they are, at
 * least one group of them on a core: their sender may run later, and then its own sums wait, which can be cut over
 * channels. Of its second operand (keys) the next image's rows come while this one's are read: images that follow each
 * other more slowly meet less.
 *
 * Source  ours
 */
import type { Accounting } from '../../backends/accounting.ts';
import type { ValueId } from '../../ir/dialect.ts';
import type { IntOf } from '../../ir/int.ts';
import { isGroupFunction } from '../../ir/interpret/soma.ts';
import { broadcastSlots } from './ring-slots.ts';
import { ahead, isBroadcast, type Reach, type RowOperand } from './row-operands.ts';

/** What a core can hold of the operands of one group of a product. */
export interface HoldLimits {
  /** Rows of `inner` elements. */
  readonly rowsHeld: (inner: number) => number;
  /** Is there room for so many times all of a second operand [columns, inner]? */
  readonly canKeep: (copies: number, inner: number, columns: number) => boolean;
}

/** Share of a core's state that waiting rows may take: neurons, tables and constants need the rest. */
const STATE_SHARE = 0.5;

export const holdLimitsOf = ({ capacity, operandWords, dynamicRowWords }: Accounting): HoldLimits => ({
  rowsHeld: inner => Math.max(1, Math.floor((STATE_SHARE * capacity.stateWords) / operandWords(inner))),
  canKeep: (copies, inner, columns) =>
    dynamicRowWords === undefined ||
    Math.ceil(copies * inner * dynamicRowWords(columns)) <= capacity.synapseWords,
});

export interface RowNetwork {
  readonly populations: readonly IntOf<'population'>[];
  readonly gathers: ReadonlyMap<ValueId, readonly (readonly RowOperand[])[]>;
  readonly reach: (operand: RowOperand) => Reach;
}

/** Timesteps by which a source could run later without its reader running later. */
function slackOf(operand: RowOperand, { reach }: RowNetwork, starts: ReadonlyMap<ValueId, number>): number {
  const needed = starts.get(operand.reader.id)! - 1 - ahead(reach(operand).last);
  return needed - starts.get(operand.source.id)!;
}

/** Moves the starts of populations whose rows would wait in too many slots of a product. */
export function delaySenders(network: RowNetwork, starts: Map<ValueId, number>, limits: HoldLimits): void {
  const operands = [...network.gathers.values()].flat(2);
  const readers = new Map<ValueId, RowOperand[]>();
  for (const operand of operands) {
    const { id } = operand.source;
    readers.set(id, [...(readers.get(id) ?? []), operand]);
  }
  // Last readers first: a sender that runs later lets its own operands wait longer.
  for (const operand of operands.toReversed()) {
    const { projection, source, number } = operand;
    if (projection.kind !== 'product' || number !== 0 || source.kind !== 'population') continue;
    const excess = slackOf(operand, network, starts) + 1 - limits.rowsHeld(projection.attrs.inner);
    if (excess <= 0) continue;
    const free = readers.get(source.id)!.map(reader => slackOf(reader, network, starts));
    starts.set(source.id, starts.get(source.id)! + Math.min(excess, ...free));
  }
}

/** The shortest interval, `least` or more, at which cores can keep the second operands of products. */
export function chooseInterval(
  { populations, gathers, reach }: RowNetwork,
  starts: ReadonlyMap<ValueId, number>,
  least: number,
  { canKeep }: HoldLimits,
): number {
  let interval = least;
  for (const { id, attrs, type } of populations) {
    for (const operand of gathers.get(id)!.flat()) {
      const { source, projection } = operand;
      const isPopulation = source.kind === 'population';
      if (!isBroadcast(operand) || !isPopulation || projection.kind !== 'product') continue;
      if (reach(operand).last[0]! < 0) continue;
      const [, rows, channels] = type.shape as [number, number, number];
      const columns = isGroupFunction(attrs.function.kind) ? channels : 1;
      const kept = source.type.shape[1]!;
      const [begin, end] = [starts.get(source.id)! + 1, starts.get(id)! + rows - 1];
      const fitsAt = (every: number) =>
        canKeep(broadcastSlots(kept, begin, end, every) / kept, projection.attrs.inner, columns);
      // After so many timesteps images no longer meet.
      const alone = end - begin + 1;
      if (fitsAt(interval) || alone <= interval || !fitsAt(alone)) continue;
      let [low, high] = [interval, alone];
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (fitsAt(middle)) high = middle;
        else low = middle;
      }
      interval = high;
    }
  }
  return interval;
}
