/**
 * When each group runs, so that layers which NIR passes within a timestep answer alike though every message of the chip takes
 * one: a group of depth d works at k on what belongs to timestep k − d.
 *
 * Preserves  every spike, d timesteps later; in a loop over several groups each edge takes a timestep (W0136)
 */
import type { Report } from '../../ir/diagnostics/diagnostic.ts';
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

/**
 * Groups that feed each other have one number; `order`: each loop after those that feed it.
 * Source  Tarjan, Depth-first search and linear graph algorithms, SIAM J. Comput. 1(2), 1972; without recursion
 */
function findLoops(next: readonly (readonly number[])[]): {
  loopOf: readonly number[];
  order: readonly number[];
} {
  const loopOf = new Array<number>(next.length).fill(-1);
  const seen = new Int32Array(next.length).fill(-1);
  const low = new Int32Array(next.length);
  const stack: number[] = [];
  const order: number[] = [];
  let time = 0;
  for (let root = 0; root < next.length; root++) {
    if (seen[root] !== -1) continue;
    const path: { node: number; at: number }[] = [];
    const enter = (node: number) => {
      seen[node] = low[node] = time++;
      stack.push(node);
      path.push({ node, at: 0 });
    };
    enter(root);
    while (path.length > 0) {
      const top = path.at(-1)!;
      const { node } = top;
      const to = next[node]![top.at++];
      if (to === undefined) {
        path.pop();
        const above = path.at(-1);
        if (above !== undefined) low[above.node] = Math.min(low[above.node]!, low[node]!);
        if (low[node] !== seen[node]) continue;
        for (let member = -1; member !== node; ) {
          member = stack.pop()!;
          loopOf[member] = order.length;
        }
        order.push(order.length);
      } else if (seen[to] === -1) enter(to);
      else if (loopOf[to] === -1) low[node] = Math.min(low[node]!, seen[to]!);
    }
  }
  return { loopOf, order: order.reverse() };
}
