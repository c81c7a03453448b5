/**
 * When each group runs, so that layers which NIR passes within a timestep answer alike though every message of the chip takes
 * one: a group of depth d works at k on what belongs to timestep k − d.
 *
 * Preserves  every spike, d timesteps later; in a loop over several groups each edge takes a timestep (W0136)
 */
import type { Report } from '../../ir/diagnostics/diagnostic.ts';
import { findLoops } from '../../ir/loops.ts';
import type { RealNetwork } from './network.ts';

export interface Schedule {
  /** Of each group. */
  readonly depths: readonly number[];
  /** Of each edge: timesteps between spike and effect, in the network's own time. */
  readonly lags: readonly number[];
  /** Of each edge: timesteps that the chip adds to the one that a message takes. */
  readonly delays: readonly number[];
}

export function scheduleGroups({ groups, edges }: RealNetwork, origin: string, report: Report): Schedule {
  const next = groups.map((): number[] => []);
  for (const { from, to } of edges) if (from !== 'host') next[from]!.push(to);
  const { loopOf, order } = findLoops(next);
  const members = new Map<number, number[]>();
  loopOf.forEach((loop, group) => void members.set(loop, [...(members.get(loop) ?? []), group]));
  for (const own of members.values()) {
    const names = own.map(group => groups[group]!.name).join(', ');
    if (own.length > 1) report('W0136', { origin }, { count: own.length, names });
  }
  const lags = edges.map(({ from, to, delay }) =>
    from !== 'host' && loopOf[from] === loopOf[to] ? Math.max(1, delay) : delay,
  );
  const depthOf = new Map<number, number>();
  const entering = new Map<number, number[]>();
  edges.forEach(({ to }, e) => {
    const loop = loopOf[to]!;
    const own = entering.get(loop) ?? [];
    entering.set(loop, own);
    own.push(e);
  });
  for (const loop of order) {
    let depth = 0;
    for (const e of entering.get(loop) ?? []) {
      const { from } = edges[e]!;
      if (from !== 'host' && loopOf[from] === loop) continue;
      depth = Math.max(depth, (from === 'host' ? 0 : depthOf.get(loopOf[from]!)!) + 1 - lags[e]!);
    }
    depthOf.set(loop, depth);
  }
  const depths = loopOf.map(loop => depthOf.get(loop)!);
  const delays = edges.map(
    ({ from, to }, e) => depths[to]! + lags[e]! - 1 - (from === 'host' ? 0 : depths[from]!),
  );
  return { depths, lags, delays };
}
