/**
 * What a core spends on its events, in ticks of 1 ps. A figure that the descriptor lacks counts as 0 and is listed.
 *
 * Source  timing of the target's descriptor, each figure with its status
 */
import type { Timing } from '../../backends/target.ts';
import { TICKS_PER_NS } from '../noc/create-mesh.ts';

export const TICKS_PER_MICROSECOND = 1e6;
export const TICKS_PER_SECOND = 1e12;

const CORE_COSTS = [
  'updateActive',
  'updateInactive',
  'spikeOut',
  'axonIn',
  'axonOut',
  'synop',
  'memoryRead',
] as const;
export type CoreCosts = { readonly [K in (typeof CORE_COSTS)[number]]: number };

/** Spent many times for one message, and rounded there: a word may take a part of a tick. */
const OF_MANY: ReadonlySet<string> = new Set(['synop', 'memoryRead']);

export interface Priced {
  readonly costs: CoreCosts;
  readonly unknown: readonly string[];
}

export function coreCosts(timing: Timing): Priced {
  const ticks = CORE_COSTS.map(name => {
    const exact = (timing[name]?.value ?? 0) * TICKS_PER_NS;
    return [name, OF_MANY.has(name) ? exact : Math.round(exact)] as const;
  });
  return {
    costs: Object.fromEntries(ticks) as CoreCosts,
    unknown: CORE_COSTS.filter(name => timing[name] === undefined),
  };
}

/** What a message does where it arrives. */
export interface Met {
  readonly synops: number;
  readonly words: number;
}

/** Synapses are worked off while the next words of them are read: the longer of both counts. */
export function serviceOf({ synops, words }: Met, { axonIn, synop, memoryRead }: CoreCosts) {
  const synopTicks = Math.round(synops * synop);
  const wordTicks = Math.round(words * memoryRead);
  return { synopTicks, wordTicks, service: axonIn + Math.max(synopTicks, wordTicks) };
}
