/** Who feeds whom in circles: strongly connected parts of a graph. */

/**
 * Groups that feed each other have one number; `order`: each loop after those that feed it.
 * Source  Tarjan, Depth-first search and linear graph algorithms, SIAM J. Comput. 1(2), 1972; without recursion
 */
export function findLoops(next: readonly (readonly number[])[]): {
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
