/** The slow reference of the network on chip, against times worked out by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mesh } from '../../runtime-sim/noc/mesh.ts';
import { simulateStepSlowly } from '../../runtime-sim/noc/reference.ts';
import type { Fanouts, StepTraffic } from '../../runtime-sim/noc/traffic.ts';

const TICKS: Mesh['ticks'] = {
  ...{ local: 2, eastWest: 5, northSouth: 7, betweenChips: [50, 60, 70] },
  ...{ localBusy: 1, linkBusy: 3, chipLinkBusy: [20, 30, 40], axonOut: 4, credit: 1 },
};

/** Cores one after the other, one at each router, on two chips side by side of two routers each. */
const row = (buffers: Mesh['buffers'], cores = 4): Mesh => ({
  ...{ size: [4, 1, 1], chipSize: [2, 1], slots: 1, ticks: TICKS, buffers },
  ...{ router: Int32Array.from({ length: cores }, (_, c) => c), slot: new Int32Array(cores) },
});

/** One list for each target and service; sends of core c: [gap, list]. */
function traffic(
  lists: readonly (readonly [target: number, service: number][])[],
  sends: readonly (readonly [gap: number, list: number])[][],
  host: readonly number[] = [],
): readonly [Fanouts, StepTraffic] {
  const all = lists.flat();
  const startsOf = (parts: readonly (readonly unknown[])[]) =>
    Int32Array.from([0, ...parts].map((_, i) => parts.slice(0, i).reduce((n, part) => n + part.length, 0)));
  return [
    {
      starts: startsOf(lists),
      target: Int32Array.from(all, ([target]) => target),
      service: Float64Array.from(all, ([, service]) => service),
    },
    {
      starts: startsOf(sends),
      gap: Float64Array.from(sends.flat(), ([gap]) => gap),
      fanout: Int32Array.from(sends.flat(), ([, list]) => list),
      tail: new Float64Array(sends.length).fill(10),
      host: Int32Array.from(host),
    },
  ];
}

test('one message across a border: every part of its way', () => {
  const step = traffic([[[2, 100]]], [[[6, 0]], [], [], []]);
  const { ticks, perCore, perLink, messages } = simulateStepSlowly(
    row({ router: 2, core: 2 }),
    ...step,
    true,
  );
  const ready = 6 + 4;
  const arrived = ready + 2 + 5 + 50 + 2;
  assert.deepEqual(messages, {
    ready: Float64Array.of(ready),
    entered: Float64Array.of(ready),
    arrived: Float64Array.of(arrived),
    processed: Float64Array.of(arrived + 100),
  });
  assert.equal(ticks, arrived + 100);
  assert.deepEqual([...perCore.generated], [ready + 10, 10, 10, 10]);
  assert.deepEqual([...perCore.received], [0, 0, arrived + 100, 0]);
  // Seven ports a router, the core's first, then east: of router 0 and 1, then the core's of router 2.
  assert.deepEqual(
    [...perLink.busy].flatMap((busy, i) => (busy > 0 ? [[i, busy]] : [])),
    [
      [1, 3],
      [8, 20],
      [14, 1],
    ],
  );
});

test('a slow core holds back what is sent to it, link by link, to the sender', () => {
  const step = traffic([[[1, 1000]]], [Array.from({ length: 8 }, () => [0, 0] as const), [], [], []]);
  const { messages, perCore } = simulateStepSlowly(row({ router: 1, core: 1 }), ...step, true);
  const { ready, entered, processed } = messages!;
  const first = 4 + 2 + 5 + 2;
  assert.deepEqual(
    [...processed],
    Array.from({ length: 8 }, (_, k) => first + 1000 * (k + 1)),
  );
  // One is worked on, one waits before the core and one in each of two routers: the fifth waits for the first.
  assert.ok(entered[4]! > processed[0]! && entered[4]! < processed[0]! + 10, `${entered[4]}`);
  assert.equal(
    perCore.blocked[0],
    entered.reduce((sum, at, k) => sum + at - ready[k]!, 0),
  );
});

test('the host stands first in line, in no buffer', () => {
  const step = traffic([[[1, 100]], [[1, 7]]], [[[0, 1]], [], [], []], [0, 0]);
  const { messages, ticks } = simulateStepSlowly(row({ router: 1, core: 1 }), ...step, true);
  assert.deepEqual([...messages!.processed], [207, 100, 200]);
  assert.equal(ticks, 207);
});

test('two senders take turns at a link', () => {
  const many = Array.from({ length: 5 }, () => [0, 0] as const);
  const mesh = { ...row({ router: 4, core: 4 }, 3), slots: 2, router: Int32Array.of(0, 0, 1) };
  const step = traffic([[[2, 1]]], [many, many, []]);
  const sent = simulateStepSlowly({ ...mesh, slot: Int32Array.of(0, 1, 0) }, ...step, true);
  const order = [...sent.messages!.arrived].map((at, id) => ({ at, id })).sort((a, b) => a.at - b.at);
  assert.deepEqual(
    order.map(({ id }) => (id < 5 ? 0 : 1)),
    [0, 1, 0, 1, 0, 1, 0, 1, 0, 1],
  );
});

test('E0730: buffers that hold nothing', () => {
  const step = traffic([[[2, 1]]], [[[0, 0]], [], [], []]);
  for (const buffers of [
    { router: 0, core: 1 },
    { router: 1, core: 0 },
  ])
    assert.throws(() => simulateStepSlowly(row(buffers), ...step), /E0730/);
});
