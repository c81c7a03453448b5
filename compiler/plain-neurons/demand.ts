/**
 * What a slice of a group takes of a core, in the target's own accounting: dense blocks as rows that the neurons of a source
 * tile share an axon for, synapses that stand by themselves with an axon and a row of their own for each source.
 *
 * Cost  linear in the synapses of the group
 */
import { type Accounting, type CostSum, createCostSum } from '../../backends/accounting.ts';
import { isDense, type PlainEdge, type PlainNetwork } from './network.ts';
import type { Slice } from './slices.ts';

/** Neurons of a group or the host that have synapses in a slice, and how many tiles they stand on. */
interface Arrivals {
  readonly edge: PlainEdge;
  readonly sources: number;
  readonly isDense: boolean;
}

export interface PlainDemand {
  /** All but what its own messages take, which depends on who reads it. `tiles`: slices of each group, as far as they are known. */
  of(slice: Pick<Slice, 'group' | 'from' | 'to'>, tiles: readonly number[]): CostSum;
  /** Out-axon entries that a slice takes for one slice that it reaches. */
  outAxons(edge: PlainEdge, from: Pick<Slice, 'from' | 'to'>): number;
}

export function createPlainDemand(
  network: PlainNetwork,
  accounting: Accounting,
  weightBits: number,
): PlainDemand {
  const shared = accounting.weights.get('')!;
  const alone = [...accounting.weights.values()].find(({ sharing }) => sharing === 'private') ?? shared;
  const into = network.groups.map((_, group) => network.edges.filter(({ to }) => to === group));

  function synapsesOf(edge: PlainEdge, { from, to }: { from: number; to: number }, width: number) {
    const { synapses, delay } = edge;
    if (isDense(synapses)) {
      const sources = synapses.length / width;
      return { words: sources * shared.rowWords(to - from, weightBits, delay), sources };
    }
    let [words, sources] = [0, 0];
    const { starts, targets } = synapses;
    for (let i = 0; i + 1 < starts.length; i++) {
      let count = 0;
      for (let s = starts[i]!; s < starts[i + 1]!; s++)
        if (targets[s]! >= from && targets[s]! < to) count += 1;
      if (count === 0) continue;
      words += alone.rowWords(count, weightBits, delay);
      sources += 1;
    }
    return { words, sources };
  }

  const axonsOf = ({ edge, sources, isDense: dense }: Arrivals, tiles: readonly number[]): number => {
    if (!dense) return accounting.inAxons({ rows: 1, neurons: sources, axons: 1, readers: 1 }, 'private');
    const senders = edge.from === 'host' ? 1 : (tiles[edge.from] ?? 1);
    const neurons = Math.ceil(sources / senders);
    return senders * accounting.inAxons({ rows: 1, neurons, axons: 1, readers: 1 });
  };

  return {
    of(slice, tiles) {
      const { size, neurons, current } = network.groups[slice.group]!;
      const count = slice.to - slice.from;
      const sum = createCostSum();
      sum.neurons = count;
      sum.groups = 1;
      const listed = [...Object.values(neurons), ...Object.values(current ?? {})].filter(
        list => list instanceof Int32Array && list.length > 1,
      ).length;
      const delay = into[slice.group]!.reduce((most, edge) => Math.max(most, edge.delay), 0);
      const words = accounting.neuronWords + accounting.delayWords(delay);
      const states = listed + (current === undefined ? 0 : 1);
      sum.stateWords = count * words + states * accounting.constantWords(count);
      for (const edge of into[slice.group]!) {
        const { words: own, sources } = synapsesOf(edge, slice, size);
        sum.synapseWords += own;
        sum.inAxons += axonsOf({ edge, sources, isDense: isDense(edge.synapses) }, tiles);
      }
      return sum;
    },
    outAxons(edge, { from, to }) {
      if (isDense(edge.synapses))
        return accounting.outAxonEntries({ rows: 1, neurons: to - from, axons: 1, readers: 1 });
      const { starts } = edge.synapses;
      let neurons = 0;
      for (let i = from; i < to; i++) if (starts[i + 1]! > starts[i]!) neurons += 1;
      return neurons === 0
        ? 0
        : neurons * accounting.outAxonEntries({ rows: 1, neurons: 1, axons: 1, readers: 1 });
    },
  };
}
