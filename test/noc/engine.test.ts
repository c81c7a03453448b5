/** The fast engine of the network on chip against the slow reference, event for event. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createStepEngine, simulateStep } from '../../runtime-sim/noc/engine.ts';
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
