/**
 * Published rows beside ours: bound of the time of a step and energy of an inference, from shapes and what is known of
 * activity, with the same functions and descriptors as `snnc simulate`. Nothing is fitted.
 */
import { type CostSet, loadTarget, type Target } from '../backends/target.ts';
import { energyOf, type PricedEvents } from '../runtime-sim/energy.ts';
import { boundOf } from '../runtime-sim/timing.ts';
import { type Pass, runOnePass } from './silicon-net.ts';
import { SILICON_ROWS, type SiliconRow } from './silicon-rows.ts';
import type { Stage } from './silicon-stages.ts';

export type Range = readonly [low: number, high: number];

export interface SiliconResult {
  readonly row: SiliconRow;
  /** Of a step, seconds: no core less than this, all neurons inactive and least activity; and the other end. */
  readonly bound: Range;
  /** Of an inference, pJ, by cost set. */
  readonly energies: readonly { readonly costSet: string; readonly range: Range }[];
  /** What the network counted when it was built and run; undefined where it cannot be built. */
  readonly pass: Pass | undefined;
}

/** Share of neurons that fire in a step, where nobody has logged it. */
export const ACTIVITY: Range = [0.02, 0.2];

const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);

/** Synops and spikes of an inference. */
function trafficOf({ stages, steps, activity }: SiliconRow): {
  readonly synops: Range;
  readonly spikes: Range;
} {
  const [synapses, neurons] = [sum(stages.map(s => s.synapses)), sum(stages.map(s => s.neurons))];
  const share = (n: number): Range => [n * steps * ACTIVITY[0], n * steps * ACTIVITY[1]];
  switch (activity.kind) {
    case 'counted':
      return activity;
    case 'once':
      return { synops: [synapses, synapses], spikes: [neurons, neurons] };
    case 'silent':
      return { synops: [0, 0], spikes: [0, 0] };
    case 'band':
      return { synops: share(synapses), spikes: share(neurons) };
    default:
      return activity satisfies never;
  }
}

/** How many passes an inference is worth: every neuron and input fires once in each. */
function passesOf({ steps, activity }: SiliconRow, end: 0 | 1): number {
  return { band: steps * ACTIVITY[end], once: 1, silent: 0, counted: 0 }[activity.kind];
}

/** Messages and hops as the built network counts them; where it is not built, one message a spike and no hops. */
function eventsOf(row: SiliconRow, pass: Pass | undefined, end: 0 | 1): PricedEvents {
  const { synops, spikes } = trafficOf(row);
  const fired = spikes[end];
  const times = passesOf(row, end);
  return {
    ...{ synops: synops[end], relayAdds: 0, active: fired, spikes: fired },
    updates: sum(row.stages.map(stage => stage.neurons)) * row.steps,
    messages: pass === undefined ? fired : pass.messages * times,
    hopsEastWest: (pass?.hopsEastWest ?? 0) * times,
    hopsNorthSouth: (pass?.hopsNorthSouth ?? 0) * times,
    chipMessages: (pass?.chipMessages ?? 0) * times,
  };
}

/** Of an inference, pJ. */
export const energyRange = (row: SiliconRow, pass: Pass | undefined, set: CostSet): Range => [
  energyOf(eventsOf(row, pass, 0), set).totalPj,
  energyOf(eventsOf(row, pass, 1), set).highPj,
];

export function boundRange(row: SiliconRow, { timing }: Target): Range {
  const { synops } = trafficOf(row);
  const all = sum(row.stages.map(stage => stage.synapses));
  // What is known of no single stage is shared by all cores: the busiest has as much at least.
  const isSplit = row.stages.every(stage => stage.cores !== undefined);
  const groups: readonly Stage[] = isSplit
    ? row.stages
    : [{ neurons: sum(row.stages.map(s => s.neurons)), synapses: all, cores: row.cores }];
  const at = (end: 0 | 1) => {
    const updates = Math.max(...groups.map(({ neurons, cores }) => neurons / cores!));
    const share = ({ synapses }: Stage) => (all === 0 ? 1 : synapses / all);
    const work = Math.max(...groups.map(stage => (share(stage) * synops[end]) / stage.cores! / row.steps));
    const peak = { updates, active: end === 0 ? 0 : updates, synops: work, words: 0, link: 0, share: 1 };
    return boundOf({ image: [peak], stream: [peak] }, timing, row.chips).intervalSeconds;
  };
  return [at(0), at(1)];
}

/** `wanted`: which rows. Cost: the synapses of each network, built and run once */
export async function measureSilicon(
  wanted: (row: SiliconRow) => boolean = () => true,
): Promise<readonly SiliconResult[]> {
  const results: SiliconResult[] = [];
  const passes = new Map<SiliconRow['stages'], Pass | undefined>();
  for (const row of SILICON_ROWS.filter(wanted)) {
    const target = await loadTarget(row.target);
    if (!passes.has(row.stages)) passes.set(row.stages, runOnePass(row, target));
    const pass = passes.get(row.stages);
    const energies = target.costSets.map(set => ({ costSet: set.name, range: energyRange(row, pass, set) }));
    results.push({ row, bound: boundRange(row, target), energies, pass });
  }
  return results;
}

/** By how much a measured figure lies outside a range; 1: inside. */
export const outside = ([low, high]: Range, measured: number): number =>
  Math.max(1, low / measured, measured / high);
