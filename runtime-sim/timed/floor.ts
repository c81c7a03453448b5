/** What a timestep takes beside its events, in ticks of the simulation. */
import { stepEndOf, type Target } from '../../backends/target.ts';
import { TICKS_PER_NS } from '../noc/create-mesh.ts';
import type { TimedCore } from './wiring.ts';

export interface StepEnd {
  readonly name: 'tick' | 'barrier';
  readonly ticks: number;
  readonly unknown: readonly string[];
}

export function stepEnd(target: Pick<Target, 'timing' | 'topology'>, cores: readonly TimedCore[]): StepEnd {
  const { name, ns } = stepEndOf(target, routersInUse(cores));
  return { name, ticks: Math.round((ns ?? 0) * TICKS_PER_NS), unknown: ns === undefined ? [name] : [] };
}

/** Of each chip. */
function routersInUse(cores: readonly TimedCore[]): readonly number[] {
  const chips = new Map<number, Set<string>>();
  for (const { chip, program } of cores) {
    const routers = chips.get(chip) ?? new Set();
    chips.set(chip, routers.add(`${program.x} ${program.y}`));
  }
  return [...chips.values()].map(routers => routers.size);
}

/** Events, then the barrier; or the tick, if the events are done by then. */
export const withEnd = (events: number, { name, ticks }: StepEnd): number =>
  name === 'tick' ? Math.max(events, ticks) : events + ticks;
