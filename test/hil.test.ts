/** Hardware in the loop over gRPC: equal where nothing is broken, found and located where something is, mended where it breaks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cleanRun, FAULT_ROWS, runCase } from '../bench/hil-faults.ts';
import { createRandom } from '../ir/random/seeded.ts';
import { CODINGS } from '../ir/snn.ts';
import { RecordingError, recordDevice, replayRecording } from '../runtime-sim/hil/record.ts';
import { recordAll, runImages } from '../runtime-sim/hil/run.ts';
import { scheduleOf } from '../runtime-sim/hil/schedule.ts';
import { ownersOf } from '../runtime-sim/hil/spread.ts';
import { createTileBench } from '../runtime-sim/hil/tile-bench.ts';
import { slowSimulator } from '../runtime-sim/simulator.ts';
import { deploySmall } from './hil-kit.ts';
import { runHil, serve, withSession } from './hil-server.ts';

test('every mode and coding: all spikes equal, apart and together, whole and a timestep at a time', async () => {
  const cases = [
    ['pipelined', 'sum', 1] as const,
    ...CODINGS.map(coding => ['layerwise', coding, 2] as const),
    ['streaming', 'sum', 1] as const,
  ];
  const server = await serve();
  for (const [mode, coding, steps] of cases) {
    const { programs, images } = await deploySmall(mode, coding, steps);
    const turns = scheduleOf(programs).turns.length * images.length;
    for (const [together, stride] of [
      [3, 1],
      [2, 5],
    ] as const) {
      const { outcome, memory, faults, mended } = await runHil(server.port, programs, images, {
        together,
        ...(stride !== undefined && { stride }),
      });
      assert.equal(outcome.different, 0, `${mode} ${coding}`);
      assert.equal(outcome.compared, turns);
      assert.deepEqual([memory.different, faults.length, mended.connections], [0, 0, 0]);
    }
  }
  await server.close();
});

test('faults that change a spike are found and located, those of the line are mended', async () => {
  const deployments = await Promise.all([
    deploySmall('pipelined', 'sum', 1, { count: 2 }),
    deploySmall('layerwise', 'differential', 2, { count: 2 }),
    deploySmall('streaming', 'sum', 1, { count: 2 }),
  ]);
  let changing = 0;
  for (const [i, row] of FAULT_ROWS.entries()) {
    const { programs, images } = deployments[i % 3]!;
    const result = await runCase(programs, images, cleanRun(programs, images), row, 7 + i);
    const about = JSON.stringify(result);
    assert.equal(result.detected, result.changes, about);
    assert.equal(result.scrubbed, result.memoryDiffers, about);
    if (row.isLine) assert.ok(row.fault === 'slow-reply' || result.mended > 0, about);
    if (!result.changes) continue;
    assert.ok(result.located, about);
    changing += 1;
  }
  assert.ok(changing >= 8, `${changing}`);
});

test('disconnects and restarts at random places: nothing is lost, nothing is done twice', async () => {
  const { programs, images } = await deploySmall('pipelined', 'sum', 1, { count: 4 });
  const turns = scheduleOf(programs).turns.length * images.length;
  const random = createRandom(5);
  const at = (kind: string, count: number) =>
    Array.from({ length: count }, () => `${kind}:after=${1 + Math.floor(random.next() * 60)}`);
  for (const faults of [at('disconnect', 9), [...at('disconnect', 5), ...at('crash', 4)]]) {
    const server = await serve({ faults });
    const { outcome, mended, timesteps } = await runHil(server.port, programs, images, {
      together: 2,
      stride: 1,
    });
    await server.close();
    assert.deepEqual([outcome.different, outcome.compared], [0, turns]);
    assert.ok(mended.connections >= 4, JSON.stringify(mended));
    if (faults.some(fault => fault.startsWith('crash')))
      assert.ok(mended.sessions >= 2, JSON.stringify(mended));
    // A device that was never restarted has executed each timestep once.
    else assert.equal(timesteps, outcome.timesteps);
  }
});

test('a recording answers as the device did, and nothing else', async () => {
  const { programs, images } = await deploySmall('pipelined');
  const server = await serve({ faults: ['dead-core'], seed: 4 });
  const bench = createTileBench(programs);
  const { header } = programs[0]!;
  const run = (device: Parameters<typeof runImages>[0], stride?: number) =>
    runImages(device, programs, slowSimulator(programs), images, ownersOf(bench.tiles, header), {
      together: 2,
      stride,
    });
  const parts: Uint8Array[] = [];
  const head = {
    schema: 'snnc-hil-recording',
    tool: 't',
    device: 'd',
    manifest: 'm',
    images: 3,
    together: 2,
    stride: null,
  } as const;
  const first = await withSession(server.port, programs, async device => {
    const recorder = recordDevice(device, head, bytes => parts.push(Uint8Array.from(bytes)));
    await recorder.device.configure(recordAll(device, header));
    const outcome = await run(recorder.device);
    recorder.finish();
    return outcome;
  });
  await server.close();
  const bytes = Buffer.concat(parts);
  const replayed = replayRecording(bytes);
  assert.deepEqual(replayed.head, head);
  await replayed.device.configure(recordAll(replayed.device, header));
  const second = await run(replayed.device);
  assert.ok(first.different > 0);
  for (const key of ['compared', 'different', 'firstDifference', 'spread'] as const)
    assert.deepEqual(second[key], first[key]);
  await assert.rejects(run(replayRecording(bytes).device, 1), RecordingError);
  const damaged = Buffer.from(bytes);
  damaged[bytes.length >> 1]! ^= 1;
  for (const wrong of [
    damaged,
    bytes.subarray(0, bytes.length - 40),
    Buffer.alloc(0),
    Buffer.from('SNNCHIL\u0009'),
    bytes.subarray(0, 100),
  ])
    assert.throws(() => replayRecording(wrong), RecordingError);
});
