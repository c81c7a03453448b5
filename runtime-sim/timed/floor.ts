/**
 * What a timestep takes beside its events. A clocked chip keeps its tick; others wait at a barrier, which grows linearly
 * with the routers in use on the fullest chip, or is that of the board where several chips are in use and the descriptor
 * knows it.
 */
import type { Target } from '../../backends/target.ts';
import { TICKS_PER_NS } from '../noc/create-mesh.ts';
import type { TimedCore } from './wiring.ts';

export interface StepEnd {
  readonly name: 'tick' | 'barrier';
  readonly ticks: number;
  readonly unknown: readonly string[];
}

export function stepEnd(
  { timing, topology }: Pick<Target, 'timing' | 'topology'>,
  cores: readonly TimedCore[],
): StepEnd {
  const end = (name: StepEnd['name'], ns: number | undefined): StepEnd => ({
    name,
    ticks: Math.round((ns ?? 0) * TICKS_PER_NS),
    unknown: ns === undefined ? [name] : [],
  });
  if (timing.tick !== undefined) return end('tick', timing.tick.value);
  const used = routersInUse(cores);
  if (used.length > 1 && timing.barrierAllChips !== undefined)
    return end('barrier', timing.barrierAllChips.value);
  const all = timing.barrierAllTiles?.value;
  const one = timing.barrierOneTile?.value ?? all;
  const routers = topology.routersX.value * topology.routersY.value;
  if (all === undefined || one === undefined || routers === 1) return end('barrier', all ?? one);
  return end('barrier', one + ((all - one) * (Math.max(1, ...used) - 1)) / (routers - 1));
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
