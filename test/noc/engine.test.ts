/** The fast engine of the network on chip against the slow reference, event for event. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { createStepEngine, simulateStep } from '../../runtime-sim/noc/engine.ts';
import type { Mesh } from '../../runtime-sim/noc/mesh.ts';
import { simulateStepSlowly } from '../../runtime-sim/noc/reference.ts';
import { meshes, trafficOn } from './random-traffic.ts';

const runs = Number(process.env.NOC_RUNS ?? 300);

test('every message enters, arrives and is worked off in the same tick as in the reference', () => {
  fc.assert(
    fc.property(
      meshes.chain(mesh => fc.tuple(fc.constant(mesh), trafficOn(mesh.router.length))),
      ([mesh, step]) => {
        assert.deepEqual(simulateStep(mesh, ...step, true), simulateStepSlowly(mesh, ...step, true));
      },
    ),
    { numRuns: runs },
  );
});

test('steps on one mesh do not know of each other, with records and without', () => {
  fc.assert(
    fc.property(
      meshes.chain(mesh => {
        const traffic = trafficOn(mesh.router.length);
        return fc.tuple(
          fc.constant(mesh),
          fc.array(fc.tuple(traffic, fc.boolean()), { minLength: 2, maxLength: 4 }),
        );
      }),
      ([mesh, steps]) => {
        const engine = createStepEngine(mesh);
        for (const [[fanouts, traffic], record] of [...steps, steps[0]!])
          assert.deepEqual(
            engine.run(fanouts, traffic, record),
            simulateStepSlowly(mesh, fanouts, traffic, record),
          );
      },
    ),
    { numRuns: runs / 10 },
  );
});

test('E0730 and E0731: buffers that hold nothing, and more than there is memory for', () => {
  const mesh: Mesh = {
    ...{ size: [64, 64, 4], chipSize: [64, 64], slots: 1 },
    ...{ router: Int32Array.of(0, 5), slot: new Int32Array(2), buffers: { router: 1, core: 0 } },
    ticks: {
      ...{ local: 1, eastWest: 1, northSouth: 1, betweenChips: [1, 1, 1], localBusy: 1, linkBusy: 1 },
      ...{ chipLinkBusy: [1, 1, 1], axonOut: 1, credit: 1 },
    },
  };
  const lists = { starts: Int32Array.of(0, 1), target: Int32Array.of(1), service: Float64Array.of(1) };
  const traffic = {
    starts: Int32Array.of(0, 1, 1),
    gap: Float64Array.of(1),
    fanout: Int32Array.of(0),
    tail: new Float64Array(2),
    host: new Int32Array(0),
  };
  assert.throws(() => simulateStep(mesh, lists, traffic), /E0730.*: 1 \(.*those of cores 0/);
  const none = { gap: new Float64Array(0), fanout: new Int32Array(0), starts: new Int32Array(3) };
  const silent = { ...traffic, ...none, host: Int32Array.of(0) };
  assert.equal(simulateStep(mesh, lists, silent).ticks, 1);
  const large = { ...mesh, buffers: { router: 4096, core: 1 } };
  assert.throws(() => simulateStep(large, lists, traffic), /E0731.*takes \d+\.\d\d GiB/);
  // Later versions of Node.js reserve less, and have the memory under this limit.
  if (process.platform !== 'linux' || Number.parseInt(process.versions.node, 10) >= 22) return;
  const limited = ['ulimit -v 2000000', `${process.execPath} build/test/noc/no-memory.js`].join('; ');
  const run = spawnSync('sh', ['-c', limited], { encoding: 'utf8' });
  assert.match(run.stdout, /E0731.*may not reserve/);
});
