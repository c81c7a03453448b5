/** How long each core works for an image by the three terms of the bound that are a core's own. */
import type { Timing } from '../../backends/target.ts';
import { sumEvents } from '../../runtime-sim/tile-events.ts';
import type { Facts } from '../facts.ts';

/** Seconds of each core; a term without a published duration is null. */
export interface CoreTimes {
  readonly updates: readonly number[] | null;
  readonly synops: readonly number[] | null;
  readonly memory: readonly number[] | null;
}

const NS = 1e-9;

export function coreTimes({ manifest, tallied, target, words }: Facts): CoreTimes {
  const events = sumEvents(tallied.tiles.events, tallied.tiles.core, manifest.cores.length);
  const { updateActive, updateInactive, synop, memoryRead }: Timing = target.timing;
  const idle = updateInactive?.value ?? 0;
  return {
    updates:
      updateActive === undefined
        ? null
        : events.map(e => NS * (e.active * updateActive.value + (e.updates - e.active) * idle)),
    synops: synop === undefined ? null : events.map(e => NS * e.synops * synop.value),
    memory: memoryRead === undefined ? null : Array.from(words, n => NS * n * memoryRead.value),
  };
}

/** The longest of the three: they go on side by side. */
export const coreSeconds = ({ updates, synops, memory }: CoreTimes, core: number): number =>
  Math.max(updates?.[core] ?? 0, synops?.[core] ?? 0, memory?.[core] ?? 0);
