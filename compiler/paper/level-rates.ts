/**
 * How often neurons fire at each threshold of the ladder (ECMT Fig. 6), per kind of site and over all of them.
 */
import type { ValueId } from '../../ir/dialect.ts';
import type { SnnObserver } from '../../ir/interpret/snn.ts';
import type { EmitOf, SnnGraph } from '../../ir/snn.ts';

export interface LevelRates {
  readonly population: string;
  /** Share of neurons and steps: [p] of the threshold +2^p·θ1, and of −2^p·θ2. */
  readonly positive: readonly number[];
  readonly negative: readonly number[];
}

export interface LevelTally {
  readonly observe: SnnObserver;
  /** Every population that fires, in the order of the network. */
  rates(): readonly LevelRates[];
}

export function createLevelTally(graph: SnnGraph): LevelTally {
  const counts = new Map<
    ValueId,
    { readonly emit: EmitOf<'mt'>; readonly hits: Float64Array; total: number }
  >();
  for (const node of graph.nodes) {
    if (node.kind !== 'population' || node.attrs.emit.kind !== 'mt') continue;
    const { emit } = node.attrs;
    counts.set(node.id, { emit, hits: new Float64Array(2 * emit.levels), total: 0 });
  }
  return {
    observe(_, { id }, { values }) {
      const count = counts.get(id);
      if (count === undefined) return;
      const { emit, hits } = count;
      for (const x of values) {
        if (x === 0) continue;
        const p = Math.round(Math.log2(x > 0 ? x / emit.theta1 : -x / emit.theta2));
        hits[x > 0 ? p : emit.levels + p]! += 1;
      }
      count.total += values.length;
    },
    rates: () =>
      [...counts].map(([id, { emit, hits, total }]) => {
        const shares = [...hits].map(n => (total === 0 ? 0 : n / total));
        const [positive, negative] = [shares.slice(0, emit.levels), shares.slice(emit.levels)];
        return { population: id.slice(1), positive, negative };
      }),
  };
}
