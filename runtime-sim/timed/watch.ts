/** One core, link or population, timestep by timestep. */
import { TICKS_PER_MICROSECOND } from './costs.ts';
import { turnOf } from './instances.ts';
import type { TimedStep } from './run.ts';
import type { Wiring } from './wiring.ts';

export const WATCHED = ['core', 'link', 'population'] as const;
export interface WatchSpec {
  readonly kind: (typeof WATCHED)[number];
  readonly name: string;
}

/** What stands in each row behind the timestep and its time. */
export interface Watch {
  readonly columns: readonly string[];
  row(step: TimedStep): readonly (string | number)[];
}

export interface Watchable {
  readonly wiring: Wiring;
  readonly coreNames: readonly string[];
  readonly linkNames: readonly (string | undefined)[];
}

const micro = (ticks: number): number => ticks / TICKS_PER_MICROSECOND;

/** Undefined: there is nothing of that name. */
export function createWatch({ kind, name }: WatchSpec, about: Watchable): Watch | undefined {
  const number = {
    core: about.coreNames.indexOf(name),
    link: about.linkNames.indexOf(name),
    population: about.wiring.header.populations.findIndex(p => p.name === name),
  }[kind];
  if (number < 0) return undefined;
  return { core: watchCore, link: watchLink, population: watchPopulation }[kind](number, about);
}

/** Names that there are, a few of them. */
export const namesOf = (kind: WatchSpec['kind'], about: Watchable): readonly string[] =>
  ({
    core: about.coreNames,
    link: about.linkNames.filter(name => name !== undefined),
    population: about.wiring.header.populations.map(({ name }) => name),
  })[kind];

const COUNTS = ['updates', 'active', 'spikes', 'sent', 'received', 'synops', 'words'] as const;

const watchCore = (core: number): Watch => ({
  columns: [...COUNTS, 'generatedUs', 'receivedUs', 'servingUs', 'blockedUs', 'stepUs'],
  row: ({ tally, times, total }) => [
    ...COUNTS.map(name => tally.perCore[name][core]!),
    ...(['generated', 'received', 'serving', 'blocked'] as const).map(name =>
      micro(times.perCore[name][core]!),
    ),
    micro(total),
  ],
});

const watchLink = (link: number): Watch => ({
  columns: ['messages', 'busyUs', 'stepUs'],
  row: ({ times, total }) => [times.perLink.messages[link]!, micro(times.perLink.busy[link]!), micro(total)],
});

/** An image and its step, or, where rows pass through time, its first row that is executed. */
function watchPopulation(population: number, { wiring }: Watchable): Watch {
  const tiles = wiring.cores.flatMap(core =>
    core.tiles.filter(tile => tile.program.population === population),
  );
  const passes = wiring.header.mode === 'streaming' ? 'row' : 'step';
  return {
    columns: ['image', passes, 'updates', 'active', 'spikes', 'stepUs'],
    row({ timestep, instances, tally: { populations }, total }) {
      const turn = tiles
        .map(({ program }) => turnOf(program, instances, timestep, wiring.header))
        .find(found => found !== undefined);
      return [
        turn?.instance.image ?? '-',
        turn === undefined ? '-' : (turn.row ?? turn.step),
        ...(['updates', 'active', 'spikes'] as const).map(name => populations[name][population]!),
        micro(total),
      ];
    },
  };
}
