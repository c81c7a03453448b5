/** What is counted of one timestep, by core, beside its traffic. All counts are those of the functional simulators. */
import type { Lists } from './lists.ts';

const COLUMNS = [
  /** Ticks that updates and spikes take, and the products of rows that are executed. */
  'updateTicks',
  /** Ticks of what arrives, by synapses and by words. */
  'synopTicks',
  'wordTicks',
  'updates',
  'active',
  'spikes',
  /** Messages sent and taken in; the host's are none of the former. */
  'sent',
  'received',
  'synops',
  'words',
] as const;

export type CoreTally = { readonly [K in (typeof COLUMNS)[number]]: Float64Array };

export interface StepTally {
  readonly perCore: CoreTally;
  /** Of all cores, without the host's. */
  readonly hops: { eastWest: number; northSouth: number; chipMessages: number };
  /** By population: neurons that were executed, those that sent, their spikes. */
  readonly populations: {
    readonly updates: Float64Array;
    readonly active: Float64Array;
    readonly spikes: Float64Array;
  };
}

export function createTally(cores: number, populations: number): StepTally {
  const columns = COLUMNS.map(name => [name, new Float64Array(cores)] as const);
  const [updates, active, spikes] = [0, 0, 0].map(() => new Float64Array(populations));
  return {
    perCore: Object.fromEntries(columns) as unknown as CoreTally,
    hops: { eastWest: 0, northSouth: 0, chipMessages: 0 },
    populations: { updates: updates!, active: active!, spikes: spikes! },
  };
}

export function clearTally({ perCore, hops, populations }: StepTally): void {
  for (const name of COLUMNS) perCore[name].fill(0);
  for (const column of Object.values(populations)) column.fill(0);
  Object.assign(hops, { eastWest: 0, northSouth: 0, chipMessages: 0 });
}

/** Adds what the messages of `times` sends of a list do where they arrive. */
export function countArrivals({ perCore }: StepTally, lists: Lists, list: number, times: number): void {
  const { synopTicks, wordTicks, received, synops, words } = perCore;
  for (let m = lists.starts[list]!; m < lists.starts[list + 1]!; m++) {
    const core = lists.target[m]!;
    synopTicks[core]! += times * lists.synopTicks[m]!;
    wordTicks[core]! += times * lists.wordTicks[m]!;
    received[core]! += times;
    synops[core]! += times * lists.synops[m]!;
    words[core]! += times * lists.words[m]!;
  }
}

/** Adds the ways of the messages of `times` sends of a list. */
export function countHops({ hops }: StepTally, lists: Lists, list: number, times: number): void {
  for (let m = lists.starts[list]!; m < lists.starts[list + 1]!; m++) {
    hops.eastWest += times * lists.hopsEastWest[m]!;
    hops.northSouth += times * lists.hopsNorthSouth[m]!;
    hops.chipMessages += times * lists.crossesChips[m]!;
  }
}
