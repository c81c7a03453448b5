/** Counts of the running image, and of all that are done. */
import type { EngineArena } from '../../ir/fast/operand-kernels.ts';
import { type BinCounter, createBinCounter } from './bin-counter.ts';
import type { ProductCounts } from './gathers.ts';
import type { EngineBasis } from './plan.ts';
import { createTally, type Tally } from './tally.ts';

export interface Ledger {
  readonly counter: BinCounter;
  readonly products: ProductCounts;
  /** Forgets the running image. */
  clear(): void;
  /** The running image is done: it was stopped after this timestep. */
  commit(lastStep: number): void;
  readonly tallies: readonly Tally[];
}

export function createLedger({ wiring, layout, bins, places }: EngineBasis, arena: EngineArena): Ledger {
  const counter = createBinCounter(wiring, layout, bins, places, arena);
  const { productAdds, productPaper, rowSynops } = createTally(0, { ...places, length: 0 }, wiring);
  const tallies = new Map<number, Tally>();
  return {
    counter,
    products: { adds: productAdds, paper: productPaper, rowSynops },
    clear() {
      counter.clear();
      for (const counts of [productAdds, productPaper, ...rowSynops.values()]) counts.fill(0);
    },
    commit(lastStep) {
      const tally = tallies.get(lastStep) ?? createTally(lastStep, places, wiring);
      tallies.set(lastStep, tally);
      tally.images += 1;
      counter.addTo(tally.bins);
      addAll(tally.productAdds, productAdds);
      addAll(tally.productPaper, productPaper);
      for (const [tile, synops] of rowSynops) addAll(tally.rowSynops.get(tile)!, synops);
    },
    get tallies() {
      return [...tallies.values()];
    },
  };
}

function addAll(into: Float64Array, more: Float64Array): void {
  for (let i = 0; i < into.length; i++) into[i]! += more[i]!;
}
