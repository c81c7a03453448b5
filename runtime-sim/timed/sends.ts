/** What the cores of a step send, core by core: columns that grow, and how often each list was sent. */

export interface Sends {
  clear(): void;
  /** Ticks before the next send. */
  spend(ticks: number): void;
  send(list: number): void;
  count(): number;
  /** Ticks behind the last send; the next core begins without any. */
  rest(): number;
  /** Messages since the last call. */
  messages(starts: Int32Array): number;
  eachList(visit: (list: number, times: number) => void): void;
  columns(): { readonly gap: Float64Array; readonly fanout: Int32Array };
}

export function createSends(lists: number): Sends {
  const times = new Int32Array(lists);
  let gap = new Float64Array(1024);
  let fanout = new Int32Array(1024);
  let [count, spent, counted] = [0, 0, 0];
  return {
    clear() {
      times.fill(0);
      [count, spent, counted] = [0, 0, 0];
    },
    spend(ticks) {
      spent += ticks;
    },
    send(list) {
      if (count === gap.length) {
        gap = grown(gap, new Float64Array(2 * count));
        fanout = grown(fanout, new Int32Array(2 * count));
      }
      gap[count] = spent;
      spent = 0;
      fanout[count] = list;
      times[list]! += 1;
      count += 1;
    },
    count: () => count,
    rest() {
      const rest = spent;
      spent = 0;
      return rest;
    },
    messages(starts) {
      let sum = 0;
      for (; counted < count; counted++) sum += starts[fanout[counted]! + 1]! - starts[fanout[counted]!]!;
      return sum;
    },
    eachList(visit) {
      for (let list = 0; list < times.length; list++) if (times[list]! > 0) visit(list, times[list]!);
    },
    columns: () => ({ gap: gap.subarray(0, count), fanout: fanout.subarray(0, count) }),
  };
}

function grown<A extends Float64Array | Int32Array>(from: A, to: A): A {
  to.set(from);
  return to;
}
