/** A long run during which the line is cut and the device is killed, at random places. */
import type { ChipProgram } from '../backends/program/program.ts';
import { createRandom } from '../ir/random/seeded.ts';
import { recordAll, runImages } from '../runtime-sim/hil/run.ts';
import { scheduleOf } from '../runtime-sim/hil/schedule.ts';
import type { HilDevice, Mended } from '../runtime-sim/hil/session.ts';
import { ownersOf } from '../runtime-sim/hil/spread.ts';
import { createTileBench } from '../runtime-sim/hil/tile-bench.ts';
import { createSimulator } from '../runtime-sim/simulator.ts';
import { withSession } from '../test/hil-server.ts';
import { openLine, startProcess } from './hil-process.ts';

export interface RestartResult {
  /** Commands whose replies were taken, and how many of them more than once or out of order. */
  readonly commands: number;
  readonly doubled: number;
  readonly cuts: number;
  readonly kills: number;
  readonly mended: Mended;
  readonly compared: number;
  readonly due: number;
  readonly different: number;
  readonly seconds: number;
}

export async function runThroughRestarts(
  programs: readonly ChipProgram[],
  images: readonly Float64Array[],
  { events, seed }: { readonly events: number; readonly seed: number },
): Promise<RestartResult> {
  const { header } = programs[0]!;
  const schedule = scheduleOf(programs);
  const all = images.length * (schedule.timesteps + 1);
  const random = createRandom(seed);
  const places = new Map<number, 'cut' | 'kill'>();
  while (places.size < events)
    places.set(Math.floor(random.next() * all), places.size % 2 === 0 ? 'cut' : 'kill');
  let device = await startProcess();
  const line = await openLine(() => device.port);
  let restarting: Promise<void> = Promise.resolve();
  const done = { cuts: 0, kills: 0 };
  const strike = (kind: 'cut' | 'kill') => {
    if (kind === 'cut') {
      done.cuts += 1;
      line.cut();
      return;
    }
    done.kills += 1;
    restarting = restarting.then(async () => {
      const { port } = device;
      await device.kill();
      device = await startProcess(port);
    });
  };
  const bench = createTileBench(programs);
  const simulator = createSimulator(programs, { workers: 1 });
  const start = performance.now();
  let taken = 0;
  let doubled = 0;
  try {
    return await withSession(
      line.port,
      programs,
      async real => {
        const watched: HilDevice = {
          ...real,
          run(commands, take) {
            let next = 0;
            return real.run(commands, async (reply, index) => {
              await take(reply, index);
              if (index !== next++) doubled += 1;
              const kind = places.get(taken++);
              if (kind !== undefined) strike(kind);
            });
          },
        };
        await watched.configure(recordAll(real, header));
        const owner = ownersOf(bench.tiles, header);
        const outcome = await runImages(watched, programs, simulator, images, owner, {
          together: 1,
          stride: 1,
        });
        await restarting;
        return {
          ...{ commands: taken, doubled, ...done, mended: { ...real.mended } },
          ...{ compared: outcome.compared, different: outcome.different },
          due: schedule.turns.length * images.length,
          seconds: (performance.now() - start) / 1000,
        };
      },
      { patience: 120_000, timeout: 20_000 },
    );
  } finally {
    await restarting;
    await line.close();
    await device.kill();
  }
}
