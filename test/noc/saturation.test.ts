/**
 * Uniform random traffic on 8 × 4 routers, the figure that every network is known by: latency stays near that of an
 * empty network until the load comes close to what the links between the halves of the mesh carry, and then grows.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simulateStep } from '../../runtime-sim/noc/engine.ts';
import type { Mesh } from '../../runtime-sim/noc/mesh.ts';

const WIDTH = 8;
const HEIGHT = 4;
const CORES = WIDTH * HEIGHT;
const SENDS = 400;
const HOP = 10;
/** Half of what 16 cores send crosses from one half to the other, over a link of each row. */
const MOST = HEIGHT / HOP / (CORES / 2 / 2);

const mesh: Mesh = {
  ...{ size: [WIDTH, HEIGHT, 1], chipSize: [WIDTH, HEIGHT], slots: 1 },
  ...{ router: Int32Array.from({ length: CORES }, (_, c) => c), slot: new Int32Array(CORES) },
  ticks: {
    ...{ local: 1, eastWest: HOP, northSouth: HOP, betweenChips: [0, 0, 0], localBusy: 1, linkBusy: HOP },
    ...{ chipLinkBusy: [0, 0, 0], axonOut: 0, credit: 1 },
  },
  buffers: { router: 8, core: 8 },
};

/** Messages a core and tick, asked for and taken, and the mean time from ready to arrived. */
function run(load: number) {
  let state = 7;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  const fanouts = {
    starts: Int32Array.from({ length: CORES + 1 }, (_, c) => c),
    target: Int32Array.from({ length: CORES }, (_, c) => c),
    service: new Float64Array(CORES),
  };
  const sends = CORES * SENDS;
  const traffic = {
    starts: Int32Array.from({ length: CORES + 1 }, (_, c) => c * SENDS),
    gap: Float64Array.from({ length: sends }, () => Math.round(-Math.log(random()) / load)),
    fanout: Int32Array.from({ length: sends }, (_, s) => {
      const other = Math.floor(random() * (CORES - 1));
      return other < Math.floor(s / SENDS) ? other : other + 1;
    }),
    tail: new Float64Array(CORES),
    host: new Int32Array(0),
  };
  const { ticks, messages } = simulateStep(mesh, fanouts, traffic, true);
  const { ready, arrived } = messages!;
  const latency = arrived.reduce((sum, at, i) => sum + at - ready[i]!, 0) / sends;
  return { taken: sends / ticks / CORES, latency };
}

test('latency over load: flat, then steep; no more is taken than the middle of the mesh carries', () => {
  // Mean distance of two different routers of a line of n is (n + 1) / 3; with the same one in, (n² − 1) / 3n.
  const hops = (((WIDTH ** 2 - 1) / (3 * WIDTH) + (HEIGHT ** 2 - 1) / (3 * HEIGHT)) * CORES) / (CORES - 1);
  const empty = 2 + hops * HOP;
  const curve = [0.02, 0.25, 0.5, 0.75, 1, 2].map(share => run(share * MOST));
  const [idle, quarter, half, , full, twice] = curve;
  assert.ok(Math.abs(idle!.latency / empty - 1) < 0.03, `${idle!.latency} of ${empty}`);
  assert.ok(quarter!.latency < 1.2 * empty && half!.latency < 1.6 * empty);
  assert.ok(full!.latency > 1.5 * half!.latency, `${full!.latency}`);
  for (const [i, { latency, taken }] of curve.entries()) {
    if (i > 0) assert.ok(latency > curve[i - 1]!.latency);
    assert.ok(taken < MOST);
  }
  assert.ok(twice!.taken < 1.15 * full!.taken, 'no more than the network carries');
});
