/** Campaigns of hardware in the loop: `--data FOLDER` is a deployment (default: the digits, compiled here). */
import { openFolder } from '../backends/folder.ts';
import type { ChipProgram } from '../backends/program/program.ts';
import { loadTarget } from '../backends/target.ts';
import { goldenImages } from '../cli/hil.ts';
import { bootDevice } from '../runtime-sim/device/boot.ts';
import { createMachine } from '../runtime-sim/device/machine.ts';
import { createSimulator } from '../runtime-sim/simulator.ts';
import { bytesOf, inputsOf } from '../test/device-kit.ts';
import { readDigits } from '../test/digits.ts';
import { runHil, serve } from '../test/hil-server.ts';
import { descend, mapTo } from '../test/kit.ts';
import { cleanRun, FAULT_ROWS, faultTable, runCase } from './hil-faults.ts';
import { fuzz } from './hil-fuzz.ts';
import { startProcess } from './hil-process.ts';
import { runThroughRestarts } from './hil-restarts.ts';
import type { Measure, MeasureOptions } from './measure.ts';

export interface Deployed {
  readonly programs: readonly ChipProgram[];
  readonly images: readonly Float64Array[];
}

/** A folder with its golden inputs, or the digits with test images. */
export async function deployed(data: string | undefined, images: number): Promise<Deployed> {
  if (data !== undefined) {
    const folder = openFolder(data);
    const golden = goldenImages(folder);
    return {
      programs: folder.programs(),
      images: Array.from({ length: images }, (_, i) => golden[i % golden.length]!),
    };
  }
  const digits = readDigits(images);
  const { int } = descend(digits.ann, digits.calibration.slice(0, 40), {
    coding: 'sum',
    steps: 1,
    shift: 4,
    terms: 3,
  });
  const mapped = mapTo(int, await loadTarget('loihi2'), { mode: 'pipelined' });
  return { programs: mapped, images: digits.images };
}

/** Seeds of each fault; `--seed N` gives another number. */
const SEEDS = 20;
const CLEAN_RUNS = 100;

export const HIL_MEASURES: Readonly<Record<string, (options: MeasureOptions) => Promise<Measure>>> = {
  /** Each fault at random places; --only PART of its name, --seed HOW_MANY. Then runs without a fault. */
  async 'hil-faults'({ data, only = '', seed }) {
    const { programs, images } = await deployed(data, 2);
    const clean = cleanRun(programs, images);
    const seeds = seed === undefined ? SEEDS : Number(seed);
    const results = [];
    for (const row of FAULT_ROWS.filter(({ fault }) => fault.includes(only))) {
      for (let n = 1; n <= seeds; n++) {
        const result = await runCase(programs, images, clean, row, n);
        results.push(result);
        console.log(JSON.stringify(result));
      }
    }
    for (const line of faultTable(results)) console.log(line);
    let alarms = 0;
    const runs = only === '' || only === 'clean' ? Math.round((CLEAN_RUNS * seeds) / SEEDS) : 0;
    for (let n = 0; n < runs; n++) {
      const row = { fault: 'none', specs: () => [] };
      const { detected, scrubbed, verdicts, mended } = await runCase(programs, images, clean, row, n);
      if (detected || scrubbed || verdicts.length > 0 || mended > 0) alarms += 1;
    }
    console.log(`${alarms} false alarms in ${runs} runs without a fault`);
    const changing = results.filter(({ changes }) => changes);
    const found = changing.filter(({ detected, located }) => detected && located).length;
    const share = changing.length === 0 ? 1 : found / changing.length;
    return {
      value: found,
      unit: 'faults found and located',
      anchor: 'faults that change a spike',
      ratio: share,
    };
  },
  /** 100 cuts of the line and kills of the device in a run of 1,000 steps; --seed. */
  async 'hil-restarts'({ data, seed = '1' }) {
    const { programs, images } = await deployed(data, 27);
    const result = await runThroughRestarts(programs, images, { events: 100, seed: Number(seed) });
    console.log(JSON.stringify(result, null, 2));
    const isWhole = result.compared === result.due && result.different === 0 && result.doubled === 0;
    return {
      value: result.commands,
      unit: `steps through ${result.cuts} cuts and ${result.kills} kills`,
      anchor: 'comparisons that are due',
      ratio: isWhole ? result.compared / result.due : 0,
    };
  },
  /** 10,000 messages that are none, to a device of its own process; --seed. */
  async 'hil-fuzz'({ seed = '1' }) {
    const device = await startProcess();
    try {
      await fuzz(device.port, 500, 99);
      const before = device.memory();
      const result = await fuzz(device.port, 10_000, Number(seed));
      const after = device.memory();
      console.log(JSON.stringify(result, null, 2));
      const mebi = (bytes: number) => (bytes / 2 ** 20).toFixed(0);
      console.log(
        `memory ${mebi(before.now)} → ${mebi(after.now)} MiB, peak ${mebi(after.peak)} MiB; alive: ${device.isAlive()}`,
      );
      if (device.said() !== '') console.log(device.said());
      const faults = result.hangs + result.defects + (result.isSound && device.isAlive() ? 0 : 1);
      return {
        value: faults,
        unit: 'crashes, hangs or defects',
        anchor: 'messages',
        ratio: faults === 0 ? 1 : 0,
      };
    } finally {
      await device.kill();
    }
  },
  /** 100 images of the digits over gRPC: equal, and what that costs beside the executor and the simulator alone. */
  async 'hil-overhead'({ data }) {
    const { programs, images } = await deployed(data, 100);
    const server = await serve();
    const times: Record<string, number> = {};
    const timed = async (name: string, work: () => Promise<unknown>) => {
      const start = process.cpuUsage();
      const wall = performance.now();
      await work();
      const { user, system } = process.cpuUsage(start);
      times[name] = (user + system) / 1e6;
      console.log(
        `${name.padEnd(32)} ${times[name].toFixed(2)} s of processor, ${((performance.now() - wall) / 1000).toFixed(2)} s`,
      );
    };
    await timed('simulator alone', async () => {
      const simulator = createSimulator(programs, { workers: 1 });
      simulator.run(images);
      simulator.close();
    });
    await timed('device alone', async () => {
      const machine = createMachine(bootDevice(bytesOf(programs)));
      const inputs = inputsOf(programs, images);
      const { interval, depth } = programs[0]!.header;
      for (let now = 0; now <= (images.length - 1) * interval + depth; now++)
        machine.advance(inputs.get(now));
    });
    await timed('device over gRPC, compared', async () => {
      const { outcome } = await runHil(server.port, programs, images, { together: 8 });
      console.log(
        `${outcome.compared} comparisons, ${outcome.different} different, ${outcome.spread.turns} turns`,
      );
    });
    await server.close();
    const [alone, whole] = [times['device alone']!, times['device over gRPC, compared']!];
    return {
      value: (whole / alone - 1) * 100,
      unit: '% over the device alone',
      anchor: 'simulator alone',
      ratio: times['simulator alone']! / whole,
    };
  },
};
