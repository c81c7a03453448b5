/** The mesh of a target, from its descriptor. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadTarget } from '../../backends/target.ts';
import { type CorePlace, coreTicks, createMesh } from '../../runtime-sim/noc/create-mesh.ts';
import { simulateStep } from '../../runtime-sim/noc/engine.ts';

const place = (chip: number, x: number, y: number, slot = 0): CorePlace => ({ chip, x, y, slot });

test('chips that nobody uses are not there; copies of a board are layers', async () => {
  const kapoho = await loadTarget('loihi2:kapoho-point*2');
  // Two chips to a row, four rows to a board: chip 3 at (1, 1), chip 6 at (0, 3), chip 11 at (1, 1) of the second board.
  const { mesh, unknown } = createMesh([place(3, 0, 0), place(6, 7, 3, 2), place(11, 5, 2)], kapoho, false);
  assert.deepEqual(mesh.size, [2 * 8, 3 * 4, 2]);
  assert.deepEqual(mesh.chipSize, [8, 4]);
  assert.deepEqual([...mesh.router], [8, (2 * 4 + 3) * 16 + 7, (12 + 2) * 16 + 8 + 5]);
  assert.deepEqual([...mesh.slot], [0, 2, 0]);
  assert.deepEqual(mesh.buffers, { router: 16, core: 16 });
  assert.deepEqual(unknown, ['hopBetweenChips', 'localLinkMessage', 'axonOut', 'credit']);
});

test('lanes between chips share what a chip sends off itself', async () => {
  const kapoho = await loadTarget('loihi2:kapoho-point');
  const { mesh } = createMesh([place(0, 0, 0), place(7, 0, 0)], kapoho, false);
  // Of a chip in the middle, one side faces another chip east or west, two do north or south: three sides.
  const side = 5e12 / 1152 / 3;
  const [x, y, z] = mesh.ticks.chipLinkBusy;
  assert.equal(x, Math.round((8 / (side / 4)) * 1e12));
  assert.equal(y, Math.round((8 / (side / 8)) * 1e12));
  assert.equal(z, Math.round((8 / (side / 32)) * 1e12));
  assert.deepEqual(mesh.ticks.betweenChips, mesh.ticks.chipLinkBusy);
  const binary = createMesh([place(0, 0, 0), place(7, 0, 0)], kapoho, true).mesh;
  assert.equal(binary.ticks.chipLinkBusy[0], Math.round(x / 2));
  const alone = createMesh([place(5, 0, 0), place(5, 1, 0)], kapoho, false);
  assert.deepEqual(alone.mesh.ticks.chipLinkBusy, [0, 0, 0]);
  assert.ok(!alone.unknown.includes('hopBetweenChips'));
});

test('every shipped target has a mesh; what its descriptor leaves out is named', async () => {
  for (const name of ['loihi1', 'loihi2', 'generic', 'spinnaker2', 'truenorth']) {
    const target = await loadTarget(name);
    const { mesh, unknown } = createMesh([place(0, 0, 0), place(0, 1, 1)], target, true);
    const costs = coreTicks(target.timing);
    for (const figure of [...unknown, ...costs.unknown])
      assert.ok(!(figure in target.timing) && !(figure in target.topology), `${name} ${figure}`);
    const step = simulateStep(
      mesh,
      { starts: Int32Array.of(0, 1), target: Int32Array.of(1), service: Float64Array.of(1000) },
      {
        starts: Int32Array.of(0, 1, 1),
        gap: Float64Array.of(costs.ticks.updateActive),
        fanout: Int32Array.of(0),
        tail: new Float64Array(2),
        host: new Int32Array(0),
      },
    );
    const way = [mesh.ticks.local, mesh.ticks.eastWest, mesh.ticks.northSouth, mesh.ticks.local];
    const sent = costs.ticks.updateActive + mesh.ticks.axonOut;
    assert.equal(step.ticks, way.reduce((sum, ticks) => sum + Math.max(1, ticks), sent) + 1000, name);
  }
  const { unknown } = createMesh([place(0, 0, 0)], await loadTarget('truenorth'), true);
  assert.ok(unknown.includes('hopEastWest') && unknown.includes('routerBuffer'));
  assert.deepEqual(createMesh([place(0, 0, 0)], await loadTarget('generic'), true).unknown, []);
});

test('E0732: cores off the target, and two on one seat', async () => {
  const target = await loadTarget('loihi2');
  for (const [places, found] of [
    [[place(0, 8, 0)], /router 8 0, slot 0 is off the target, which has 8 of x/],
    [[place(0, 0, 0, 4)], /4 of slot/],
    [[place(1, 0, 0)], /1 of chip/],
    [[place(0, 1, 1), place(0, 1, 1)], /where another one does/],
  ] as const)
    assert.throws(() => createMesh(places, target, false), found);
});
