/** What reaches a node through linear maps: synapses from each source, composed map by map. */
import { sizeOf } from '../../ir/dialect.ts';
import type { RealSynapses } from './network.ts';
import type { LinearMap } from './operators.ts';

/** From a group or the host to the elements of a node. */
export interface Strand {
  readonly from: number | 'host';
  /** Timesteps. */
  readonly delay: number;
  readonly synapses: RealSynapses;
}

export interface Signal {
  readonly shape: readonly number[];
  readonly strands: readonly Strand[];
  /** Constant in every timestep. */
  readonly drive: Float64Array;
}

/** Every element to itself; those of the source from `first` of `sources`. */
export function identityStrand(from: number | 'host', size: number, sources = size, first = 0): Strand {
  const starts = Int32Array.from({ length: sources + 1 }, (_, i) => Math.min(Math.max(i - first, 0), size));
  const targets = Int32Array.from({ length: size }, (_, i) => i);
  return { from, delay: 0, synapses: { starts, targets, weights: new Float64Array(size).fill(1) } };
}

/** What several nodes give to one is added up. */
export function addSignals(signals: readonly Signal[]): Signal {
  const [first] = signals as readonly [Signal, ...Signal[]];
  const drive = new Float64Array(sizeOf(first.shape));
  for (const signal of signals) for (let i = 0; i < drive.length; i++) drive[i]! += signal.drive[i]!;
  return { shape: first.shape, strands: signals.flatMap(({ strands }) => strands), drive };
}

/** Cost: linear in the synapses before, times what each element of the map leads to. Undefined: more than `most` synapses. */
export function applyMap(signal: Signal, map: LinearMap, dt: number, most: number): Signal | undefined {
  const size = sizeOf(map.outShape);
  const drive = map.bias?.slice() ?? new Float64Array(size);
  signal.drive.forEach((value, i) => {
    if (value === 0) return;
    map.each(i, (to, weight) => {
      drive[to]! += value * weight;
    });
  });
  const strands: Strand[] = [];
  for (const strand of signal.strands) {
    const composed = compose(strand.synapses, map, size, most);
    if (composed === undefined) return undefined;
    strands.push(...splitByDelay({ ...strand, synapses: composed }, map.delay, dt));
  }
  return { shape: map.outShape, strands, drive };
}

function compose({ starts, targets, weights }: RealSynapses, map: LinearMap, size: number, most: number) {
  const sums = new Float64Array(size);
  const isReached = new Uint8Array(size);
  const reached: number[] = [];
  const out = createSynapses(starts.length - 1);
  for (let source = 0; source + 1 < starts.length; source++) {
    reached.length = 0;
    let isOrdered = true;
    for (let s = starts[source]!; s < starts[source + 1]!; s++) {
      const weight = weights[s]!;
      map.each(targets[s]!, (to, factor) => {
        sums[to]! += weight * factor;
        if (isReached[to] === 1) return;
        isReached[to] = 1;
        isOrdered &&= reached.length === 0 || reached.at(-1)! < to;
        reached.push(to);
      });
    }
    if (!isOrdered) reached.sort((a, b) => a - b);
    for (const to of reached) {
      if (sums[to] !== 0) out.add(to, sums[to]!);
      sums[to] = 0;
      isReached[to] = 0;
    }
    out.close(source);
    if (out.count() > most) return undefined;
  }
  return out.finish();
}

/** Growing lists of synapses, source by source. */
function createSynapses(sources: number) {
  const starts = new Int32Array(sources + 1);
  let targets = new Int32Array(1024);
  let weights = new Float64Array(1024);
  let count = 0;
  return {
    count: () => count,
    add(to: number, weight: number) {
      if (count === targets.length) {
        const [moreTargets, moreWeights] = [new Int32Array(2 * count), new Float64Array(2 * count)];
        moreTargets.set(targets);
        moreWeights.set(weights);
        [targets, weights] = [moreTargets, moreWeights];
      }
      targets[count] = to;
      weights[count++] = weight;
    },
    close(source: number) {
      starts[source + 1] = count;
    },
    finish: (): RealSynapses => ({
      starts,
      targets: targets.slice(0, count),
      weights: weights.slice(0, count),
    }),
  };
}

/** Elements that wait differently long are strands of their own. */
function splitByDelay(strand: Strand, delay: Float64Array | undefined, dt: number): readonly Strand[] {
  if (delay === undefined) return [strand];
  const steps = Float64Array.from(delay, seconds => Math.round(seconds / dt));
  const { starts, targets, weights } = strand.synapses;
  return [...new Set(steps)]
    .sort((a, b) => a - b)
    .map(own => {
      const out = createSynapses(starts.length - 1);
      for (let source = 0; source + 1 < starts.length; source++) {
        for (let s = starts[source]!; s < starts[source + 1]!; s++)
          if (steps[targets[s]!] === own) out.add(targets[s]!, weights[s]!);
        out.close(source);
      }
      return { from: strand.from, delay: strand.delay + own, synapses: out.finish() };
    })
    .filter(({ synapses }) => synapses.targets.length > 0);
}
